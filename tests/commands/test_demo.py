"""`run.py demo` as somebody meets it who tries it: it tells where to look and what to type."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from tests.commands.test_run import ROOT


class Demo:
    """A demo in a process of its own, with what it printed."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        lines = []
        assert process.stdout
        for line in process.stdout:
            lines.append(line)
            if line.startswith("Ctrl-C"):
                break
        self.greeting = "".join(lines)

    def address(self, what: str) -> str:
        """Where one of its parts is."""
        found = re.search(rf"^  {what} +(http\S+)$", self.greeting, re.MULTILINE)
        assert found, self.greeting
        return found[1]

    def command(self, route: str) -> tuple[str, dict[str, str], str]:
        """The curl command for a route: address, headers, and the body, empty for a question."""
        commands = re.findall(r"curl (?:.*\\\n)*.*", self.greeting)
        words = shlex.split(next(each for each in commands if route in each))
        headers = [words[place + 1].split(": ") for place, word in enumerate(words) if word == "-H"]
        body = words[words.index("-d") + 1] if "-d" in words else ""
        return next(word for word in words if word.startswith("http")), dict(headers), body


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    environment = {"PATH": os.environ["PATH"], "DEMO_PORT": "0", "SANDBOX_PORT": "0", "PYTHONUTF8": "1"}
    with subprocess.Popen(
        [sys.executable, str(ROOT / "run.py"), "demo"],
        cwd=tmp_path_factory.mktemp("demo"),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        try:
            yield Demo(process)
        finally:
            process.kill()


@pytest.mark.parametrize("part", ["Chat with the bot", "The portal", "The hub", "Its health"])
def test_every_address_it_prints_answers(demo: Demo, part: str) -> None:
    assert httpx.get(demo.address(part)).status_code == 200


def test_its_question_about_the_gallery_is_answered(demo: Demo) -> None:
    address, headers, _ = demo.command("/gallery/sets")
    assert httpx.get(address, headers=headers).json()["total"] == 2


def test_its_poll_form_becomes_a_contact_and_a_deal_for_each_programme(demo: Demo) -> None:
    address, headers, body = demo.command("/poll-form")
    answer = httpx.post(address, headers=headers, content=body.encode(), timeout=60).json()
    while answer["status"] == "accepted":  # on a slow machine the answer comes before the result
        answer = httpx.post(address, headers=headers, content=body.encode(), timeout=60).json()
    assert answer["status"] in {"success", "duplicate"}
    assert answer["contact_id"]
    assert list(answer["deal_ids"]) == json.loads(body)["programs"]
    assert answer["unknown_programs"] == []


def test_all_is_healthy_and_ctrl_c_ends_it_without_a_word(demo: Demo) -> None:
    assert httpx.get(demo.address("Its health")).json()["status"] == "healthy"
    demo.process.send_signal(signal.SIGINT)
    _, complaints = demo.process.communicate(timeout=60)
    assert (demo.process.returncode, complaints) == (0, "")
