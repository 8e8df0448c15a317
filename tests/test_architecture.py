"""The house keeps its own rules: who knows whom, what a name may be, what an import may do."""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.version import VERSION

ROOT = Path(__file__).parents[1]
FOLDERS = ("bot", "commands", "sandbox", "services", "settings", "storage", "web")
MIGRATIONS = ROOT / "storage" / "migrations"
LONGEST = 40  # lines of a function

Function = ast.FunctionDef | ast.AsyncFunctionDef


def product_files() -> list[Path]:
    found = [*ROOT.glob("*.py"), *(file for name in FOLDERS for file in (ROOT / name).rglob("*.py"))]
    assert len(found) > 50
    return sorted(found)


def named(file: Path, line: int, name: str = "") -> str:
    return f"{file.relative_to(ROOT)}:{line} {name}".rstrip()


def lint_imports(config: Path) -> subprocess.CompletedProcess[str]:
    """In a process of its own: the linter switches off every logger there is."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()"]
    return subprocess.run(
        [*command, "--config", str(config), "--no-cache"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_floors_hold() -> None:
    linted = lint_imports(ROOT / "pyproject.toml")
    assert linted.returncode == 0, linted.stdout


def test_the_linter_would_notice_a_wrong_import(tmp_path: Path) -> None:
    contract = tmp_path / "wrong.toml"
    contract.write_text(
        '[tool.importlinter]\nroot_packages = ["bot", "services", "storage"]\n'
        '[[tool.importlinter.contracts]]\nname = "upside down"\ntype = "layers"\n'
        'layers = ["storage", "services", "bot"]\n'
    )
    linted = lint_imports(contract)
    assert linted.returncode == 1
    assert "upside down BROKEN" in linted.stdout


def test_the_contracts_cover_every_folder_of_the_product() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    covered = set(project["tool"]["importlinter"]["root_packages"])
    # settings knows nobody by nature: a contract of its own would have nothing to forbid downwards.
    assert set(FOLDERS) - covered <= {"settings"}


def test_settings_and_storage_know_nobody_above_them() -> None:
    above = {"bot", "commands", "run", "sandbox", "services", "web"}
    for folder in ("settings", "storage"):
        for file in (ROOT / folder).rglob("*.py"):
            assert not above & set(_imported(file)), file


def _imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("name", ["utils", "util", "helpers", "common", "manager", "base", "misc"])
def test_no_module_has_a_name_that_says_nothing(name: str) -> None:
    everything = [file for folder in (*FOLDERS, "tests") for file in (ROOT / folder).rglob("*")]
    found = [file for file in everything if file.stem == name or re.fullmatch(rf".*_{name}", file.stem)]
    assert found == []


def test_functions_are_short() -> None:
    long = [
        named(file, node.lineno, f"{node.name}: {length} lines")
        for file in product_files()
        if MIGRATIONS not in file.parents
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, Function) and (length := _length(node)) > LONGEST
    ]
    assert long == []


def _length(node: Function) -> int:
    """Lines of code: what it tells a reader first does not count."""
    body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
    return (node.end_lineno or node.lineno) - body[0].lineno + 1


ENVIRONMENT = {"environ", "environb", "getenv", "getenvb", "putenv"}


def _reads_environment(source: str) -> list[int]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in ENVIRONMENT and ast.unparse(node.value) == "os":
            found.append(node.lineno)
        if isinstance(node, ast.ImportFrom) and node.module == "os":
            found += [node.lineno for alias in node.names if alias.name in ENVIRONMENT]
    return found


def test_only_the_roof_reads_the_environment() -> None:
    found = {file.name for file in product_files() if _reads_environment(file.read_text("utf-8"))}
    assert found == {"run.py"}


def test_the_search_for_the_environment_sees_every_way_to_it() -> None:
    for source in ("import os\nos.environ['A']", "import os\nos.getenv('A')", "from os import environ"):
        assert _reads_environment(source), source


IMPORT_EVERYTHING = """
import importlib, json, os, sys

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC
seen = []

def watch(event, args):
    if event == "open" and isinstance(args[2], int) and args[2] & WRITING:
        seen.append(f"{event} {args[0]}")
    elif event in {"sqlite3.connect", "subprocess.Popen", "os.mkdir", "os.remove", "os.rename"}:
        seen.append(f"{event} {args[0]}")
    elif event.startswith("socket.") and event != "socket.gethostname":
        seen.append(event)

sys.addaudithook(watch)
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
    if seen:
        sys.exit(f"importing {name}: {seen}")
"""


def _module(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported_in_a_new_process(modules: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    # From another folder and without -B the interpreter itself would write its caches.
    command = [sys.executable, "-B", "-c", IMPORT_EVERYTHING, json.dumps(modules)]
    environment = {"PYTHONPATH": f"{ROOT}:{folder}", "PATH": "/usr/bin:/bin"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=100
    )


def test_importing_opens_no_file_for_writing_no_socket_and_no_database(tmp_path: Path) -> None:
    # Alembic loads its files itself, in the middle of a migration; __main__ is a command.
    modules = [_module(f) for f in product_files() if MIGRATIONS not in f.parents and f.stem != "__main__"]
    done = _imported_in_a_new_process(modules, tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize(
    "source",
    [
        "open('left.txt', 'w')",
        "import sqlite3; sqlite3.connect('left.db')",
        "import socket; socket.socket().bind(('127.0.0.1', 0))",
        "from pathlib import Path; Path('left').mkdir()",
    ],
)
def test_an_import_that_did_would_be_caught(tmp_path: Path, source: str) -> None:
    (tmp_path / "guilty.py").write_text(source)
    done = _imported_in_a_new_process(["guilty"], tmp_path)
    assert done.returncode == 1
    assert "importing guilty" in done.stderr


def test_everything_public_says_what_a_reader_cannot_see() -> None:
    """What implements a port or overrides a library's method is described there."""
    trees = {
        file: ast.parse(file.read_text("utf-8")) for file in product_files() if MIGRATIONS not in file.parents
    }
    ports = {method.name for tree in trees.values() for method in _described_in_ports(tree)}
    silent = [
        named(file, node.lineno, node.name)
        for file, tree in trees.items()
        for node in [*_public(tree.body), *_own_methods(tree)]
        if not ast.get_docstring(node) and node.name not in ports
    ]
    assert silent == []


def _public(body: list[ast.stmt]) -> Iterator[Function | ast.ClassDef]:
    for node in body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield node


def _bases(node: ast.ClassDef) -> set[str]:
    return {ast.unparse(base).split("[")[0] for base in node.bases}


def _described_in_ports(tree: ast.Module) -> Iterator[Function | ast.ClassDef]:
    for node in _public(tree.body):
        if isinstance(node, ast.ClassDef) and "Protocol" in _bases(node):
            yield from (method for method in _public(node.body) if ast.get_docstring(method))


def _own_methods(tree: ast.Module) -> Iterator[Function | ast.ClassDef]:
    for node in _public(tree.body):
        if isinstance(node, ast.ClassDef) and _bases(node) <= {"Generic", "Protocol"}:
            for method in _public(node.body):
                if "overload" not in {ast.unparse(each) for each in method.decorator_list}:
                    yield method


def test_every_module_with_code_says_what_it_is_for() -> None:
    silent = [
        named(file, 1)
        for file in product_files()
        if (tree := ast.parse(file.read_text("utf-8"))).body and not ast.get_docstring(tree)
    ]
    assert silent == []


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert project["project"]["version"] == VERSION


REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]+\])?==([^\s;\\]+)")


def _pinned(name: str) -> dict[str, tuple[str, int]]:
    """Version and number of hashes by package of a requirements file."""
    found: dict[str, tuple[str, int]] = {}
    joined = (ROOT / name).read_text("utf-8").replace("\\\n", " ")
    for line in joined.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = REQUIREMENT.match(line)
        assert match, f"{name}: not pinned: {line[:80]}"
        found[match.group(1).lower()] = (match.group(2), len(re.findall(r"--hash=sha256:[0-9a-f]{64}", line)))
    return found


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "requirements-bench.txt"])
def test_every_requirement_is_pinned_with_its_hashes_and_no_index_is_named(name: str) -> None:
    pinned = _pinned(name)
    assert len(pinned) > 20
    assert [package for package, (_, hashes) in pinned.items() if not hashes] == []
    text = (ROOT / name).read_text("utf-8")
    assert not re.search(r"index-url|find-links|trusted-host|://|^\s*-i\b|^\s*-f\b", text, re.MULTILINE)


def test_what_is_tested_is_what_is_shipped() -> None:
    shipped, tested = _pinned("requirements.txt"), _pinned("requirements-dev.txt")
    assert {package: version for package, version in shipped.items() if tested.get(package) != version} == {}


@pytest.mark.parametrize("name", ["requirements.in", "requirements-dev.in", "requirements-bench.in"])
def test_the_wishes_behind_the_pins_name_no_index_either(name: str) -> None:
    assert not re.search(r"index-url|find-links|://", (ROOT / name).read_text("utf-8"))
