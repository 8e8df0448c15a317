"""Reading settings: the environment over a file over the defaults, all faults together."""

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from dotenv.parser import parse_stream
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from settings.declaring import Fault, Group, SettingsError
from settings.every import Settings, groups, rows, rows_of
from settings.groups import DemoPorts, Gallery, Telegram
from settings.portals import Bitrix24, Programmes

G = TypeVar("G", bound=Group)


def load_settings(environ: Mapping[str, str], env_file: Path | None, *, serving: bool = False) -> Settings:
    """Settings from `environ` over `env_file` (which may be absent) over the defaults.

    An empty value means the default, also where it hides one of the file. `NAME_FILE` names a file
    that holds the secret NAME. With `serving`, what only serving needs must be there too.
    Raises SettingsError with every fault found.
    """
    written, faults = _read_env_file(env_file)
    given, unread = _with_secret_files({**written, **environ})
    made: dict[str, Group] = {}
    for name, group in groups():
        built, found = _build(group, given)
        made |= {name: built} if built else {}
        faults += found
    if serving:
        faults += [
            Fault(r.variable, "is needed to serve") for r in rows() if r.required and r.variable not in given
        ]
        faults += _nobody_decides(made)
    faults += _no_portal(made)
    blamed = {fault.variable.removesuffix("_FILE") for fault in unread}
    if faults := unread + [fault for fault in faults if fault.variable not in blamed]:
        raise SettingsError(faults)
    return Settings.model_validate(made)


def load_demo_ports(environ: Mapping[str, str]) -> DemoPorts:
    """The demo's ports; raises SettingsError with every fault found."""
    ports, faults = _build(DemoPorts, _given(environ))
    if not ports:
        raise SettingsError(faults)
    return ports


def _given(texts: Mapping[str, str]) -> dict[str, str]:
    return {name: text.strip() for name, text in texts.items() if text.strip()}


def _build(group: type[G], given: Mapping[str, str]) -> tuple[G | None, list[Fault]]:
    own = {row.variable: given[row.variable] for row in rows_of("", group) if row.variable in given}
    try:
        return group.model_validate(own), []
    except ValidationError as error:
        return None, [
            _fault(group, details) for details in error.errors(include_input=False, include_url=False)
        ]


def _nobody_decides(made: Mapping[str, Group]) -> list[Fault]:
    telegram, gallery = made.get("telegram"), made.get("gallery")
    if not isinstance(telegram, Telegram) or not isinstance(gallery, Gallery):
        return []
    if gallery.approval != "review" or telegram.admin_ids or telegram.admin_chat_id:
        return []
    return [Fault("GALLERY_APPROVAL", "is review, so somebody has to decide: set ADMIN_IDS or ADMIN_CHAT_ID")]


def _no_portal(made: Mapping[str, Group]) -> list[Fault]:
    portal, programmes = made.get("bitrix24"), made.get("programmes")
    if not isinstance(portal, Bitrix24) or portal.url:
        return []
    if portal.sources:
        return [Fault("BITRIX24_URL", "is needed for deals: BITRIX24_SOURCES is set")]
    if isinstance(programmes, Programmes) and programmes.is_on:
        return [Fault("BITRIX24_URL", "is needed for poll forms: POLL_FORM_ENTITY_TYPE_ID is set")]
    return []


def _fault(group: type[Group], details: ErrorDetails) -> Fault:
    name, *inside = details["loc"]
    field = group.model_fields.get(str(name))  # a default at fault is named by its attribute
    place = "".join(f"item {part + 1} " if isinstance(part, int) else f"{part} " for part in inside)
    message = re.sub(r"^(Value error, |Input (?=should)|Value (?=should))", "", details["msg"])
    return Fault(str(field.alias if field else name), place + message)


def _read_env_file(path: Path | None) -> tuple[dict[str, str], list[Fault]]:
    try:
        text = path.read_text("utf-8-sig") if path else ""
    except FileNotFoundError:
        return {}, []
    except (OSError, UnicodeDecodeError) as error:
        return {}, [Fault(str(path), _unreadable(error))]
    # python-dotenv's own loader would put ${NAME} of the process environment into values.
    lines = list(parse_stream(io.StringIO(text)))
    faults = [
        Fault(str(path), f"line {line.original.line} is not NAME=value") for line in lines if line.error
    ]
    return {line.key: line.value or "" for line in lines if line.key}, faults


def _with_secret_files(texts: Mapping[str, str]) -> tuple[dict[str, str], list[Fault]]:
    given, faults = _given(texts), []
    for name in (row.variable for row in rows() if row.secret or row.credential):
        path = given.get(f"{name}_FILE")
        if path and name in given:
            del given[name]
            faults.append(Fault(name, f"and {name}_FILE are both set; keep one"))
        elif path:
            try:
                given[name] = _secret_in(Path(path))
            except (OSError, ValueError) as error:
                faults.append(Fault(f"{name}_FILE", _unreadable(error)))
    return given, faults


def _secret_in(path: Path) -> str:
    secret = path.read_text("utf-8").rstrip("\r\n")
    if not secret:
        raise ValueError("holds nothing")
    return secret


def _unreadable(error: OSError | ValueError) -> str:
    # Of a system error only its reason: the path itself may be a secret put into the wrong variable.
    if isinstance(error, UnicodeDecodeError):
        return "cannot be read: it is not UTF-8 text"
    return f"cannot be read: {error.strerror}" if isinstance(error, OSError) else str(error)
