"""The fields that deals, contacts, companies and smart processes have from the start."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from sandbox.bitrix24.fields import Field
from sandbox.bitrix24.wire import Json

DEAL, CONTACT, COMPANY = 2, 3, 4
FIRST_SMART_PROCESS = 128

# name, type, title; a `-` behind the type is read-only, a `!` immutable, `:X` names the dictionary
_STAMPS = """
ASSIGNED_BY_ID user Ответственный
CREATED_BY_ID user- Кем создана
MODIFY_BY_ID user- Кем изменена
DATE_CREATE datetime- Дата создания
DATE_MODIFY datetime- Дата изменения
"""
_SOURCE = """
OPENED char Доступно для всех
SOURCE_ID crm_status:SOURCE Источник
SOURCE_DESCRIPTION string Дополнительно об источнике
"""
_ORIGIN = """
COMMENTS string Комментарий
ORIGINATOR_ID string Внешний источник
ORIGIN_ID string Идентификатор во внешнем источнике
UTM_SOURCE string Рекламная система
UTM_MEDIUM string Тип трафика
UTM_CAMPAIGN string Обозначение рекламной кампании
UTM_CONTENT string Содержание кампании
UTM_TERM string Условие поиска кампании
"""
_MONEY = """
CURRENCY_ID crm_currency Валюта
OPPORTUNITY double Сумма
IS_MANUAL_OPPORTUNITY char Ручной режим расчёта суммы
TAX_VALUE double Сумма налога
COMPANY_ID crm_company Компания
CONTACT_ID crm_contact Контакт
BEGINDATE date Дата начала
CLOSEDATE date Дата завершения
"""
_MULTI = """
PHONE crm_multifield Телефон
EMAIL crm_multifield E-mail
WEB crm_multifield Сайт
IM crm_multifield Мессенджер
"""
_DEAL = f"""
ID integer- ID
TITLE string Название
TYPE_ID crm_status:DEAL_TYPE Тип
CATEGORY_ID crm_category! Воронка
STAGE_ID crm_status:DEAL_STAGE Стадия сделки
STAGE_SEMANTIC_ID string- Группа стадии
IS_NEW char- Новая сделка
PROBABILITY integer Вероятность
{_MONEY}
LEAD_ID crm_lead- Лид
QUOTE_ID integer- Предложение
{_STAMPS}
{_SOURCE}
CLOSED char- Закрыта
ADDITIONAL_INFO string Дополнительная информация
{_ORIGIN}
MOVED_BY_ID user- Кем перемещена
MOVED_TIME datetime- Дата перемещения
"""
_CONTACT = f"""
ID integer- ID
HONORIFIC crm_status:HONORIFIC Обращение
NAME string Имя
SECOND_NAME string Отчество
LAST_NAME string Фамилия
BIRTHDATE date Дата рождения
TYPE_ID crm_status:CONTACT_TYPE Тип контакта
POST string Должность
ADDRESS string Адрес
{_SOURCE}
EXPORT char Участвует в экспорте контактов
HAS_PHONE char- Задан телефон
HAS_EMAIL char- Задан e-mail
{_STAMPS}
COMPANY_ID crm_company Компания
LEAD_ID crm_lead- Лид
{_ORIGIN}
{_MULTI}
"""
_COMPANY = f"""
ID integer- ID
TITLE string Название компании
COMPANY_TYPE crm_status:COMPANY_TYPE Тип компании
INDUSTRY crm_status:INDUSTRY Сфера деятельности
ADDRESS string Адрес
OPENED char Доступна для всех
HAS_PHONE char- Задан телефон
HAS_EMAIL char- Задан e-mail
{_STAMPS}
{_ORIGIN}
{_MULTI}
"""
_ITEM = f"""
ID integer- ID
XML_ID string Внешний код
TITLE string Название
{_STAMPS}
CATEGORY_ID crm_category Воронка
STAGE_ID crm_status Стадия
{_MONEY}
{_SOURCE}
"""


def _row(line: str) -> Field:
    name, kind, title = line.split(maxsplit=2)
    kind, _, status_type = kind.partition(":")
    return Field(
        name,
        kind.rstrip("-!"),
        title,
        read_only=kind.endswith("-"),
        immutable=kind.endswith("!"),
        multiple=kind == "crm_multifield",
        status_type=status_type or None,
    )


def _fields(table: str) -> dict[str, Field]:
    rows = [_row(line) for line in table.splitlines() if line]
    return {one.name: one for one in rows}


class Rows(dict[int, Json]):
    """Records by id, in the order of their ids."""

    def __init__(self) -> None:
        super().__init__()
        self._ids = count(1)

    def new_id(self) -> int:
        """An id that no record has or had."""
        return next(number for number in self._ids if number not in self)


@dataclass(slots=True)
class Entity:
    """One kind of record. `event` is the middle of its events' names, None for kinds that tell nothing."""

    type_id: int
    title: str
    fields: dict[str, Field]
    event: str | None = None
    rows: Rows = field(default_factory=Rows)

    @property
    def is_smart_process(self) -> bool:
        """Made in the portal, not part of every one."""
        return self.type_id >= FIRST_SMART_PROCESS

    @property
    def multifields(self) -> list[str]:
        """The names of its fields that hold phones, addresses and the like."""
        return [name for name, one in self.fields.items() if one.type == "crm_multifield"]

    def defaults(self) -> Json:
        """A record's fields before anything is said about them."""
        record: Json = {}
        for name, one in self.fields.items():
            if one.type == "crm_multifield" or one.multiple:
                record[name] = []
            else:
                record[name] = "0.00" if one.type == "double" else None
        return record


def _deal() -> Entity:
    return Entity(DEAL, "Сделка", _fields(_DEAL), "DEAL")


def _contact() -> Entity:
    return Entity(CONTACT, "Контакт", _fields(_CONTACT), "CONTACT")


def _company() -> Entity:
    return Entity(COMPANY, "Компания", _fields(_COMPANY), "COMPANY")


_MAKERS: tuple[Callable[[], Entity], ...] = (_deal, _contact, _company)


def standard_entities() -> dict[int, Entity]:
    """The kinds every portal has, without records."""
    return {one.type_id: one for one in (make() for make in _MAKERS)}


def smart_process(type_id: int, title: str) -> Entity:
    """A kind made in the portal."""
    return Entity(type_id, title, _fields(_ITEM))
