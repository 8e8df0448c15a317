"""What the mapping lacks at either portal, for the doctor: a line each, with what helps."""

from collections.abc import Iterable, Iterator

from services.deals.mapping.checking import Finding, Lack
from services.deals.validation import Validation
from services.engine.clock import Clock
from services.engine.errors import HubError
from services.engine.health import Told

HINT = "See MAPPING_FILE; docs/mapping.md tells what a field may be made of."
OFFER = "fields"  # what the hub itself can do: make the fields
PATIENCE = 9.0  # seconds for everything, the database too; each portal has fewer of its own
NAMED = 5  # stages, or choices, in one line
_MAKE = "make it with the button below /doctor, or with run.py mapping create-fields"
_BY_HAND = "Make it in the portal, or name another one in MAPPING_FILE."
_OF_HOME: frozenset[Lack] = frozenset({"no_field", "read_only", "home_stage"})
_MANY: frozenset[Lack] = frozenset({"home_stage", "stage", "choice"})
_WHAT: dict[Lack, str] = {
    "no_field": "has no field {field}: it is left out",
    "read_only": "lets nobody write the field {field}: it is left out",
    "home_stage": "has no stage {values}, where the mapping leads to",
    "no_source_field": "has no field {values}: {field} stays as it is",
    "link": "knows {values} by numbers of its own: {field} is left out",
    "stage": "has stages that the mapping does not name: {values}",
    "choice": "has choices for {field} that the home portal lacks: {values}",
}
_HELPS: dict[Lack, str] = {
    "read_only": "Take it out of MAPPING_FILE.",
    "home_stage": "Name another one in [[funnels]], or make it in the portal.",
    "no_source_field": "Name another one in MAPPING_FILE.",
    "link": "List them in its `values`, number by number.",
    "stage": "Name them in [[funnels]]; else admins are asked when a deal comes to one.",
    "choice": "Add them at home, or list them in its `values`; else admins are asked when a deal has one.",
}


class MappingProbe:
    """Reads the portals' fields and stages anew."""

    def __init__(self, validation: Validation, home: str, clock: Clock) -> None:
        """`home`: the home portal's domain."""
        self._validation = validation
        self._home = home
        self._clock = clock

    async def probe(self) -> list[Told]:
        """Raises why the home portal cannot be asked."""
        async with self._clock.timeout(PATIENCE):
            found = await self._validation.every(within=0)
        told = list(self._lines(found))
        label = self._validation.label
        return told or [Told("ok", f"mapping {label} fits {self._home} and {len(found)} source portals")]

    def _lines(self, found: dict[str, tuple[Finding, ...] | HubError]) -> Iterator[Told]:
        """What is wrong at home once, and then by source."""
        known = {domain: each for domain, each in found.items() if not isinstance(each, HubError)}
        every = [one for each in known.values() for one in each if one.kind in _OF_HOME]
        yield from _told(self._home, {(one.field, one.kind, one.value): one for one in every}.values())
        for domain, each in found.items():
            if isinstance(each, HubError):
                yield Told("warning", f"{domain} cannot be asked now: {each}", "Ask again later.")
            else:
                yield from _told(domain, [one for one in each if one.kind not in _OF_HOME])


def _told(domain: str, found: Iterable[Finding]) -> Iterator[Told]:
    """Stages, and choices of one field, share a line."""
    lines: dict[tuple[str, Lack, str], list[Finding]] = {}
    for one in found:
        lines.setdefault((one.field, one.kind, "" if one.kind in _MANY else one.value), []).append(one)
    for (field, kind, _), ones in lines.items():
        what = _WHAT[kind].format(field=field, values=_named([one.value for one in ones]))
        if kind != "no_field":
            yield Told("warning", f"{domain} {what}", _HELPS[kind])
        elif ones[0].create:
            yield Told("warning", f"{domain} {what}", _MAKE, OFFER)
        else:
            yield Told("warning", f"{domain} {what}", _BY_HAND)


def _named(values: list[str]) -> str:
    named = ", ".join(values[:NAMED])
    return f"{named} and {len(values) - NAMED} more" if len(values) > NAMED else named
