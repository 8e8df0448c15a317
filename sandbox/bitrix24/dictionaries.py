"""A portal's dictionaries: funnels with their stages, sources, kinds, and the people who work there."""

from dataclasses import dataclass, field

from sandbox.bitrix24.wire import Json

_GROUPS = {None: "process", "S": "success", "F": "failure"}
_COLOURS = {None: "#39A8EF", "S": "#7BD500", "F": "#FF5752"}
STAGES = (
    ("NEW", "Новая", None),
    ("PREPARATION", "Подготовка документов", None),
    ("EXECUTING", "В работе", None),
    ("WON", "Сделка успешна", "S"),
    ("LOSE", "Сделка провалена", "F"),
)
_PLAIN = {
    "SOURCE": (("CALL", "Звонок"), ("EMAIL", "Электронная почта"), ("WEB", "Веб-сайт"), ("OTHER", "Другое")),
    "DEAL_TYPE": (("SALE", "Продажа"), ("SERVICES", "Услуги"), ("COMPLEX", "Комплексная продажа")),
    "CONTACT_TYPE": (("CLIENT", "Клиенты"), ("PARTNER", "Партнёры"), ("OTHER", "Другое")),
    "COMPANY_TYPE": (("CUSTOMER", "Клиент"), ("PARTNER", "Партнёр")),
    "INDUSTRY": (("EDUCATION", "Образование"), ("OTHER", "Другое")),
    "HONORIFIC": (("HNR_RU_1", "Г-н"), ("HNR_RU_2", "Г-жа")),
}


@dataclass(slots=True)
class Status:
    """One row of a dictionary. `semantics` is S or F for the stages that end a deal."""

    id: int
    entity_id: str
    status_id: str
    name: str
    sort: int
    category_id: int | None = None
    semantics: str | None = None

    def api(self) -> Json:
        """The shape of crm.status.list."""
        shape: Json = {
            "ID": str(self.id),
            "ENTITY_ID": self.entity_id,
            "STATUS_ID": self.status_id,
            "NAME": self.name,
            "NAME_INIT": self.name,
            "SORT": str(self.sort),
            "SYSTEM": "Y",
            "CATEGORY_ID": None if self.category_id is None else str(self.category_id),
            "COLOR": _COLOURS[self.semantics] if self.category_id is not None else None,
            "SEMANTICS": self.semantics,
        }
        extra = {"SEMANTICS": _GROUPS[self.semantics], "COLOR": _COLOURS[self.semantics]}
        return shape if self.category_id is None else shape | {"EXTRA": extra}


@dataclass(frozen=True, slots=True)
class Funnel:
    """A way that deals go; the one with id 0 is there in every portal."""

    id: int
    name: str
    sort: int

    @property
    def dictionary(self) -> str:
        """The name of its stages' dictionary."""
        return f"DEAL_STAGE_{self.id}" if self.id else "DEAL_STAGE"


@dataclass(frozen=True, slots=True)
class User:
    """A person who works in the portal."""

    id: int
    name: str
    last_name: str
    email: str
    is_admin: bool = False


@dataclass(slots=True)
class Dictionaries:
    """All of them, changed only by adding."""

    statuses: list[Status] = field(default_factory=list)
    funnels: dict[int, Funnel] = field(default_factory=dict)
    users: dict[int, User] = field(default_factory=dict)

    def add_status(
        self,
        entity_id: str,
        status_id: str,
        name: str,
        *,
        category_id: int | None = None,
        semantics: str | None = None,
    ) -> None:
        """A row behind the others of its dictionary."""
        sort = 10 * (1 + sum(one.entity_id == entity_id for one in self.statuses))
        number = 101 + 2 * len(self.statuses)
        self.statuses.append(Status(number, entity_id, status_id, name, sort, category_id, semantics))

    def add_funnel(
        self, funnel_id: int, name: str, stages: tuple[tuple[str, str, str | None], ...] = STAGES
    ) -> Funnel:
        """A funnel with its stages, each (id without the funnel's prefix, name, semantics)."""
        funnel = self.funnels[funnel_id] = Funnel(funnel_id, name, 300 - 100 * bool(funnel_id))
        for short, title, semantics in stages:
            stage = f"C{funnel_id}:{short}" if funnel_id else short
            self.add_status(funnel.dictionary, stage, title, category_id=funnel_id, semantics=semantics)
        return funnel

    def stages(self, funnel_id: int) -> list[Status]:
        """The stages of a funnel, the first one first."""
        name = self.funnels[funnel_id].dictionary
        return [one for one in self.statuses if one.entity_id == name]

    def stage(self, funnel_id: int, status_id: str) -> Status | None:
        """A funnel's stage by its full id."""
        return next((one for one in self.stages(funnel_id) if one.status_id == status_id), None)


def standard_dictionaries() -> Dictionaries:
    """One funnel, the usual sources and kinds, one administrator."""
    found = Dictionaries()
    found.add_funnel(0, "Общая")
    for entity_id, rows in _PLAIN.items():
        for status_id, name in rows:
            found.add_status(entity_id, status_id, name)
    found.users[1] = User(1, "Анна", "Смирнова", "anna@example.com", is_admin=True)
    return found
