"""The demo's portals: the same records each time."""

from datetime import timedelta
from random import Random

from sandbox.bitrix24.dictionaries import STAGES, User
from sandbox.bitrix24.entities import COMPANY
from sandbox.bitrix24.portal import WEBHOOK_USER, Portal
from sandbox.bitrix24.standin import Bitrix24
from sandbox.bitrix24.user_fields import add_user_field
from sandbox.bitrix24.writing import add

HOME, PARTNER = "home.bitrix24.ru", "partner1.bitrix24.ru"
POLL_FORMS, PROGRAMMES = 1036, 1040
LATENCY, COMMAND_LATENCY = 0.15, 0.03

FORM_TITLES = (
    "Анкета выпускника",
    "Заявка на обучение",
    "Опрос после пробного занятия",
    "Запись на день открытых дверей",
    "Анкета корпоративного клиента",
)
PROGRAMME_TITLES = (
    "Python для анализа данных",
    "Веб-разработка с нуля",
    "Математика: базовый курс",
    "Подготовка к ЕГЭ по информатике",
    "Бухгалтерский учёт и налоги",
    "Управление проектами",
    "Английский язык для работы",
    "Графический дизайн",
    "Интернет-маркетинг",
    "Тестирование программ",
    "Кадровое делопроизводство",
    "Психология общения",
)
_NAMES = (
    ("Иван", "Петров"),
    ("Анна", "Кузнецова"),
    ("Сергей", "Волков"),
    ("Мария", "Соколова"),
    ("Дмитрий", "Лебедев"),
    ("Елена", "Новикова"),
    ("Алексей", "Морозов"),
    ("Ольга", "Фёдорова"),
    ("Павел", "Орлов"),
    ("Наталья", "Зайцева"),
    ("Тимур", "Ахметов"),
    ("Юлия", "Белова"),
    ("Константин", "Гусев"),
    ("Светлана", "Титова"),
    ("Артём", "Крылов"),
)
_MAILBOXES = ("petrov", "kuznetsova", "volkov", "sokolova", "lebedev", "novikova", "morozov", "fedorova")
_COMPANIES = ("ООО «Ромашка»", "АО «Вектор»", "ИП Захарова", "Школа «Парус»")
_SALE = (
    ("NEW", "Новая", None),
    ("PREPARATION", "Подготовка документов", None),
    ("PREPAYMENT_INVOICE", "Счёт на предоплату", None),
    ("EXECUTING", "В работе", None),
    ("FINAL_INVOICE", "Финальный счёт", None),
    ("WON", "Сделка успешна", "S"),
    ("LOSE", "Сделка провалена", "F"),
)
_ARRIVED = (("PARTNER_ID", "string"), ("ESB_CONTRACT", "string"), ("IMPORT_DATE", "datetime"))
_PRICES = (12000, 18500, 24900, 31000, 45000, 59900)
_FORMATS = ("Очно", "Онлайн", "Вечерняя группа")


def seed_portals(bitrix24: Bitrix24) -> None:
    """The home portal with poll forms and programmes, and a partner's; both as slow as in the cloud."""
    home = bitrix24.add_portal(HOME, latency=LATENCY, command_latency=COMMAND_LATENCY)
    _add_kinds(home)
    _add_people(home, contacts=30)
    _add_deals(home, Random(36), deals=60)
    _expect_partners(home)
    partner = bitrix24.add_portal(PARTNER, latency=LATENCY, command_latency=COMMAND_LATENCY)
    _add_funnel(partner, _SALE)
    _add_people(partner, contacts=12)
    _add_deals(partner, Random(40), deals=20, funnels=(1,))
    _number_contracts(partner)


def _add_kinds(portal: Portal) -> None:
    portal.add_smart_process(POLL_FORMS, "Анкеты")
    portal.add_smart_process(PROGRAMMES, "Образовательные программы")
    for title in FORM_TITLES:
        portal.add_item(POLL_FORMS, TITLE=title)
    for place, title in enumerate(PROGRAMME_TITLES):
        portal.add_item(PROGRAMMES, TITLE=title, OPPORTUNITY=_PRICES[place % len(_PRICES)])
    _add_funnel(portal)


def _expect_partners(portal: Portal) -> None:
    """Fields and stages for what comes from partners' portals."""
    for name, kind in _ARRIVED:
        add_user_field(portal, {"FIELD_NAME": f"UF_CRM_{name}", "USER_TYPE_ID": kind})
    for stage, title in (("PREPAYMENT", "Предоплата"), ("FINAL", "Завершение")):
        portal.dictionaries.add_status("DEAL_STAGE", stage, title, category_id=0)


def _number_contracts(portal: Portal) -> None:
    """Fields of the partner's own, as every deal of it has them."""
    for name in ("SOURCE_ID", "CONTRACT"):
        add_user_field(portal, {"FIELD_NAME": f"UF_CRM_{name}", "USER_TYPE_ID": "string"})
    for number, deal in portal.deals.items():
        deal |= {"UF_CRM_SOURCE_ID": f"P-{number:05}", "UF_CRM_CONTRACT": f"Д-{number:03}/26"}


def _add_funnel(portal: Portal, stages: tuple[tuple[str, str, str | None], ...] = STAGES) -> None:
    portal.dictionaries.add_funnel(1, "Обучение", stages)
    portal.dictionaries.users[2] = User(2, "Олег", "Никитин", "oleg@example.com")
    add_user_field(
        portal,
        {
            "FIELD_NAME": "UF_CRM_FORMAT",
            "USER_TYPE_ID": "enumeration",
            "EDIT_FORM_LABEL": "Формат",
            "LIST": [{"VALUE": one} for one in _FORMATS],
        },
    )
    add_user_field(
        portal, {"FIELD_NAME": "UF_CRM_START", "USER_TYPE_ID": "date", "EDIT_FORM_LABEL": "Начало"}
    )


def _add_people(portal: Portal, contacts: int) -> None:
    for title in _COMPANIES:
        add(portal, portal.entities[COMPANY], {"TITLE": title}, WEBHOOK_USER)
    for place in range(contacts):
        name, last_name = _NAMES[place % len(_NAMES)]
        mailbox = _MAILBOXES[place % len(_MAILBOXES)]
        portal.add_contact(
            NAME=name,
            LAST_NAME=last_name,
            PHONE=f"+7 916 555-{place // 100:02}-{place % 100:02}",
            EMAIL=f"{mailbox}{place + 1}@example.com",
            TYPE_ID="CLIENT",
            COMPANY_ID=place % len(_COMPANIES) + 1 if place % 3 == 0 else None,
        )


def _add_deals(portal: Portal, random: Random, deals: int, funnels: tuple[int, ...] = (0, 1)) -> None:
    choices = [one["ID"] for one in portal.user_fields[0]["LIST"]]
    people = list(portal.contacts.items())
    for place in range(deals):
        number, person = people[place % len(people)]
        funnel = funnels[place % len(funnels)]
        day = portal.clock.now() + timedelta(days=random.randrange(5, 60))
        portal.add_deal(
            TITLE=f"{random.choice(PROGRAMME_TITLES)} — {person['NAME']} {person['LAST_NAME']}",
            CATEGORY_ID=funnel,
            STAGE_ID=random.choice(portal.dictionaries.stages(funnel)).status_id,
            CONTACT_ID=number,
            OPPORTUNITY=random.choice(_PRICES),
            IS_MANUAL_OPPORTUNITY="Y",
            SOURCE_ID=random.choice(("WEB", "CALL", "EMAIL")),
            ASSIGNED_BY_ID=random.choice((1, 2)),
            UF_CRM_FORMAT=random.choice(choices),
            UF_CRM_START=day.date().isoformat(),
        )
