"""`batch`: up to fifty methods in one request, and how their results are told apart."""

from typing import Any

from sandbox.bitrix24.params import param
from sandbox.bitrix24.php import as_map, is_true, parse_str, shaped, split_command
from sandbox.bitrix24.references import resolved
from sandbox.bitrix24.running import Run, Skipped
from sandbox.bitrix24.timing import timing
from sandbox.bitrix24.wire import Json, RestError

MOST_COMMANDS = 50
_SECTIONS = ("result", "error", "total", "next", "time")
_NOT_INSIDE = frozenset({"batch", "upload", "download"})


def commands_of(params: Json) -> dict[str, Any]:
    """What was asked, by name; some may be no text."""
    return as_map(param(params, "cmd"))


def methods_of(params: Json) -> list[str]:
    """The methods in it, in small letters."""
    return [split_command(one)[0].lower() for one in commands_of(params).values() if isinstance(one, str)]


async def run_batch(run: Run, params: Json) -> Json:
    """The sections of the answer. A failed command undoes none before it. Raises Broken."""
    known: dict[str, Json] = {name: {} for name in _SECTIONS}
    halts = is_true(param(params, "halt"))
    for place, (name, command) in enumerate(commands_of(params).items()):
        if place < MOST_COMMANDS and not isinstance(command, str):
            continue
        try:
            await _one(run, known, name, str(command), place)
        except Skipped:
            continue
        except RestError as error:
            known["error"][name] = _told(error)
            if halts:
                break
    return {"result" if name == "result" else f"result_{name}": known[name] for name in _SECTIONS}


async def _one(run: Run, known: dict[str, Json], name: str, command: str, place: int) -> None:
    if place >= MOST_COMMANDS:
        raise RestError("ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded")
    path, query = split_command(command)
    method = path.lower()
    if method in _NOT_INSIDE:
        raise RestError("ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch usage")
    params = resolved(as_map(parse_str(query)), known)
    began, before = run.portal.clock.now(), run.processing
    answer = await run.command(name, method, params)
    known["result"][name] = shaped(answer.result)
    known["time"][name] = timing(run.portal, began, run.processing - before, (run.webhook.code, method))
    for section, value in (("total", answer.total), ("next", answer.next)):
        if value is not None:
            known[section][name] = value


def _told(error: RestError) -> Json:
    body = error.body()
    return body | {"error_description": ""} if error.code == "insufficient_scope" else body
