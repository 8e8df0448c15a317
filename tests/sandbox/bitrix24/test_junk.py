"""Whatever a program sends, it gets an answer of the portal's."""

from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sandbox.bitrix24.methods import all_methods
from sandbox.bitrix24.methods.hit import Hit
from sandbox.bitrix24.php import shaped
from sandbox.bitrix24.portal import Portal
from sandbox.bitrix24.references import resolved
from sandbox.bitrix24.wire import RestError
from tests.clock import HandClock
from tests.sandbox.bitrix24.conftest import FORMS

_FIELDS = "ID TITLE STAGE_ID CATEGORY_ID CONTACT_ID CONTACT_IDS OPPORTUNITY BEGINDATE DATE_MODIFY PHONE EMAIL"
_OTHERS = (
    "title id stageId contactIds fm FIELD_NAME LIST VALUE VALUE_TYPE PRICE QUANTITY IS_PRIMARY 0 1 FIELD"
)
_CONDITIONS = ">ID %TITLE =PHONE @ID !=STAGE_ID >=DATE_MODIFY %OPPORTUNITY"
_PLACES = "fields filter order select items rows values type entity_type start"
_NAMES = st.sampled_from(f"{_FIELDS} {_OTHERS} {_CONDITIONS}".split())
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-5, 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(
        ["", "0", "1", "Y", "N", "C1:NEW", "2026-01-01", "2026-01-01T10:00:00+03:00", "a@b.ru", "NaN", "٣"]
    )
    | st.text(max_size=8)
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=8,
)
_PARAMS = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("fields", "filter", "order", "select", "items", "rows", "values", "type", "entity_type", "start"),
        _VALUES,
    )
    | {"id": st.just(1) | _VALUES, "entityTypeId": st.sampled_from([2, 3, 4, FORMS, 9, "2", None])},
)


def _portal() -> Portal:
    portal = Portal("home.bitrix24.ru", HandClock())
    portal.add_smart_process(FORMS, "Анкеты")
    portal.dictionaries.add_funnel(1, "Обучение")
    portal.add_deal(TITLE="x")
    portal.add_contact(NAME="x", PHONE="112")
    portal.add_item(FORMS, TITLE="x")
    return portal


@given(st.lists(st.tuples(st.sampled_from(sorted(all_methods())), _PARAMS), min_size=1, max_size=6))
def test_no_method_stumbles_over_what_it_is_given(calls: list[tuple[str, dict[str, Any]]]) -> None:
    portal = _portal()
    for name, params in calls:
        hit = Hit(portal, portal.webhooks[0], {key: shaped(value) for key, value in params.items()})
        with suppress(RestError):
            all_methods()[name].run(hit)


@given(_VALUES, st.dictionaries(st.text(max_size=3), _VALUES, max_size=3))
def test_no_reference_stumbles(value: Any, results: dict[str, Any]) -> None:
    known = {"result": results, "next": {}, "total": {}, "time": {}, "error": {}}
    resolved(value, known)
    resolved({"a": "x $result[a][0] y $next[ $total[a]]"}, known)
