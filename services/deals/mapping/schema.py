"""What a portal's deals may hold: fields with their types, funnels with their stages."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from unicodedata import normalize

from services.bitrix24 import values

_STAGES = "DEAL_STAGE"
# What only its own portal knows: a number carried over would name something else there, a file nothing.
LINKS = frozenset(
    {
        "user",
        "employee",
        "crm",
        "crm_company",
        "crm_contact",
        "crm_entity",
        "crm_lead",
        "crm_quote",
        "file",
        "iblock_element",
        "iblock_section",
        "hlblock",
    }
)


@dataclass(frozen=True)
class FieldType:
    """A field as crm.deal.fields tells it.

    `items`: what may be chosen, id → text, of an enumeration or a dictionary such as SOURCE; else nothing.
    """

    name: str
    type: str = "string"
    is_multiple: bool = False
    items: Mapping[str, str] = field(default_factory=dict)
    is_read_only: bool = False
    is_immutable: bool = False
    title: str = ""

    @property
    def is_chosen(self) -> bool:
        """Holds ids of `items`, which are other ones in each portal."""
        return self.type in ("enumeration", "crm_status") and self.name != "STAGE_ID"

    @property
    def is_link(self) -> bool:
        """Holds what means nothing in another portal: ids of other records, and files."""
        return self.type in LINKS or self.name.startswith("PARENT_ID_")

    @property
    def single(self) -> "FieldType":
        """The same field for one value."""
        return replace(self, is_multiple=False) if self.is_multiple else self

    def choice(self, text: str) -> str | None:
        """The id of what is called so, in any case; the first one of several."""
        return self._named.get(spoken(text))

    @cached_property
    def _named(self) -> Mapping[str, str]:
        return {spoken(name): key for key, name in reversed(list(self.items.items()))}


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage by its full id, such as `C1:NEW`; in funnel 0 just `NEW`. `semantics`: S, F or nothing."""

    id: str
    name: str
    funnel: int
    semantics: str = ""


@dataclass(frozen=True, slots=True)
class Funnel:
    """A funnel with its stages in their order."""

    id: int
    name: str
    stages: tuple[Stage, ...] = ()


@dataclass(frozen=True)
class PortalSchema:
    """One portal's deals."""

    fields: Mapping[str, FieldType]
    funnels: Mapping[int, Funnel]

    @classmethod
    def of(cls, fields: Any, categories: Any, statuses: Any) -> "PortalSchema":
        """From the results of crm.deal.fields, crm.category.list (of deals) and crm.status.list (all pages).

        Raises ValueError when one of them has another shape.
        https://apidocs.bitrix24.com/api-reference/crm/deals/crm-deal-fields.html
        """
        dictionaries = _dictionaries(statuses)
        described = {name: values.mapping(row) for name, row in values.mapping(fields).items()}
        made = {name: _field(name, row, dictionaries) for name, row in described.items()}
        return cls(made, _funnels(categories, dictionaries))

    @cached_property
    def stages(self) -> Mapping[str, Stage]:
        """Every stage by its id."""
        return {stage.id: stage for funnel in self.funnels.values() for stage in funnel.stages}

    def stage_named(self, funnel: str, stage: str) -> Stage | None:
        """A stage by the names that people see, in any case."""
        wanted = spoken(funnel), spoken(stage)
        return next((one for one in self.stages.values() if self.names_of(one) == wanted), None)

    def names_of(self, stage: Stage) -> tuple[str, str]:
        """A stage's funnel and its own name, as names are compared."""
        return spoken(self.funnels[stage.funnel].name), spoken(stage.name)


def spoken(text: str) -> str:
    """A name as names are compared: in any case, blanks collapsed."""
    return " ".join(normalize("NFC", text).casefold().split())


def _dictionaries(statuses: Any) -> Mapping[str, list[dict[str, Any]]]:
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in map(values.mapping, values.mapping(statuses).values()):
        found[str(row.get("ENTITY_ID"))].append(row)
    return found


def _field(name: str, row: Mapping[str, Any], dictionaries: Mapping[str, list[dict[str, Any]]]) -> FieldType:
    kind = str(row.get("type") or "string")
    return FieldType(
        name,
        kind,
        is_multiple=row.get("isMultiple") is True,
        items=_items(row) or _named(dictionaries.get(str(row.get("statusType")), ())),
        is_read_only=row.get("isReadOnly") is True,
        is_immutable=row.get("isImmutable") is True,
        title=str(row.get("formLabel") or row.get("listLabel") or row.get("title") or name),
    )


def _items(row: Mapping[str, Any]) -> Mapping[str, str]:
    rows = map(values.mapping, values.mapping(row.get("items") or {}).values())
    return {str(one.get("ID")): str(one.get("VALUE") or "") for one in rows}


def _named(rows: Iterable[Mapping[str, Any]]) -> Mapping[str, str]:
    return {str(row.get("STATUS_ID")): str(row.get("NAME") or "") for row in rows}


def _funnels(categories: Any, dictionaries: Mapping[str, list[dict[str, Any]]]) -> Mapping[int, Funnel]:
    result = values.mapping(categories)
    rows = map(values.mapping, values.mapping(result.get("categories", result)).values())
    names = {values.whole(row.get("id")) or 0: str(row.get("name") or "") for row in rows}
    return {number: _funnel(number, name, dictionaries) for number, name in ({0: ""} | names).items()}


def _funnel(number: int, name: str, dictionaries: Mapping[str, list[dict[str, Any]]]) -> Funnel:
    rows = sorted(dictionaries.get(f"{_STAGES}_{number}" if number else _STAGES, ()), key=_order)
    return Funnel(number, name, tuple(_stage(row, number) for row in rows))


def _order(row: Mapping[str, Any]) -> int:
    return values.whole(row.get("SORT")) or 0


def _stage(row: Mapping[str, Any], funnel: int) -> Stage:
    name, semantics = str(row.get("NAME") or ""), str(row.get("SEMANTICS") or "")
    return Stage(str(row.get("STATUS_ID")), name, funnel, semantics)
