"""A request from its arrival to its answer, and what goes wrong with it on demand."""

import json
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.bitrix24.batch import methods_of, run_batch
from sandbox.bitrix24.faults import Fault, refusal
from sandbox.bitrix24.ledger import Call
from sandbox.bitrix24.methods import BATCH
from sandbox.bitrix24.php import shaped
from sandbox.bitrix24.portal import Portal
from sandbox.bitrix24.running import Broken, Run, Skipped
from sandbox.bitrix24.timing import timing
from sandbox.bitrix24.wire import Json, RestError, query_limit
from sandbox.telegram.bell import Traffic

_JSON = "application/json; charset=utf-8"
_PAGE = "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center></body></html>"
_PAGES = {
    "html": (502, "502 Bad Gateway"),
    "html_applied": (502, "502 Bad Gateway"),
    "cut": (504, "504 Gateway Time-out"),
}
_HALF_AN_ANSWER = b'{"result":{"result":[],"result_error'


@dataclass(frozen=True, slots=True)
class Visit:
    """A request as it came. `domain` is the one it was sent to, `url` the whole address."""

    caller: str
    domain: str
    url: str
    user_id: str
    code: str
    method: str
    params: Json


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; with status 0 the connection is closed, or (`held`) nothing comes at all."""

    status: int
    body: bytes = b""
    media_type: str = _JSON
    headers: dict[str, str] = field(default_factory=dict)
    held: bool = False


class _Moved(Exception):
    """The portal has another name now."""


async def answer(portal: Portal, traffic: Traffic, visit: Visit) -> Reply:
    """Work a request and write it down. Half of the latency passes before it arrives, half afterwards."""
    began = portal.clock.now()
    call = portal.ledger.new(began.timestamp(), visit.caller, visit.method, visit.params)
    with traffic.request():
        run = Run(portal, portal.webhooks[0], call, traffic)
        await run.pause(portal.latency / 2)
        with portal.events.hit():
            reply = await _settled(run, visit)
        await run.pause(portal.latency / 2)
        call.status = reply.status
        call.seconds = (portal.clock.now() - began).total_seconds()
        portal.ledger.add(call)
    return reply


async def _settled(run: Run, visit: Visit) -> Reply:
    methods = [visit.method, *(methods_of(visit.params) if visit.method == BATCH else [])]
    fault = run.portal.faults.take(methods)
    if fault is None:
        return await _worked(run, visit)
    run.call.fault = fault.kind
    if not fault.applies:
        return _failed(run, visit, fault)
    reply = await _worked(run, visit)
    if fault.kind == "slow":
        await run.pause(fault.delay)
        return reply
    return _failed(run, visit, fault)


def _failed(run: Run, visit: Visit, fault: Fault) -> Reply:
    if fault.kind == "renamed":
        return _moved(visit, run.portal)
    error = refusal(fault.kind)
    return _broken(fault.kind) if error is None else _refused(run.call, error)


async def _worked(run: Run, visit: Visit) -> Reply:
    began = run.portal.clock.now()
    try:
        return _json(200, await _body(run, visit, began))
    except RestError as error:
        return _refused(run.call, error)
    except _Moved:
        return _moved(visit, run.portal)
    except Broken as broken:
        run.call.fault = run.call.fault or broken.kind
        return _broken(broken.kind)
    except Skipped:
        return _broken("empty")


async def _body(run: Run, visit: Visit, began: datetime) -> Json:
    """The whole answer of what is allowed and works. Raises RestError, Broken and _Moved."""
    portal = run.portal
    if not portal.bucket.admits(visit.caller):
        raise query_limit()
    if portal.renamed_to and visit.domain == portal.domain:
        raise _Moved
    hook = portal.webhook(visit.user_id, visit.code)
    if hook is None:
        raise RestError("INVALID_CREDENTIALS", "Invalid request credentials", 401)
    run.webhook = hook
    if visit.method == BATCH:
        body: Json = {"result": await run_batch(run, visit.params)}
    else:
        done = await run.command("", visit.method, visit.params)
        lists = {"total": done.total, "next": done.next}
        body = {"result": done.result} | {name: one for name, one in lists.items() if one is not None}
    return body | {"time": timing(portal, began, run.processing, (hook.code, visit.method))}


def _json(status: int, body: Json) -> Reply:
    content = {name: shaped(value) for name, value in body.items()}
    return Reply(status, json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode())


def _refused(call: Call, error: RestError) -> Reply:
    call.code = error.code
    return _json(error.status, error.body())


def _moved(visit: Visit, portal: Portal) -> Reply:
    location = visit.url.replace(visit.domain, portal.renamed_to or f"new-{portal.domain}", 1)
    return Reply(302, media_type="text/html", headers={"Location": location})


def _broken(kind: str) -> Reply:
    """What a caller sees of a request that ended without an answer of its own."""
    if kind in _PAGES:
        status, title = _PAGES[kind]
        return Reply(status, _PAGE.format(title).encode(), "text/html")
    if kind == "malformed":
        return Reply(200, _HALF_AN_ANSWER)
    if kind == "empty":
        return Reply(200)
    return Reply(0, held=kind.startswith("timeout"))
