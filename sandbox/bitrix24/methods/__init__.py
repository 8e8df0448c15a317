"""The methods of the REST API, by their names in small letters."""

from functools import cache

from sandbox.bitrix24.fields import wire_moment
from sandbox.bitrix24.methods.deals import deal_methods
from sandbox.bitrix24.methods.dictionary import dictionary_methods
from sandbox.bitrix24.methods.duplicates import duplicate_methods
from sandbox.bitrix24.methods.hit import Hit, Method, Methods
from sandbox.bitrix24.methods.items import item_methods
from sandbox.bitrix24.methods.records import record_methods
from sandbox.bitrix24.wire import Answer, Json

BATCH = "batch"


@cache
def all_methods() -> Methods:
    """All but `batch`, which runs the others."""
    return {
        **record_methods(),
        **deal_methods(),
        **item_methods(),
        **duplicate_methods(),
        **dictionary_methods(),
        "scope": Method(_scope, ()),
        "methods": Method(_methods, ()),
        "server.time": Method(_time, ()),
        "app.info": Method(_app_info, ()),
    }


def _scope(hit: Hit) -> Answer:
    return Answer(sorted(hit.webhook.scopes))


def _methods(hit: Hit) -> Answer:
    return Answer([BATCH, *all_methods()])


def _time(hit: Hit) -> Answer:
    return Answer(wire_moment(hit.portal.clock.now(), hit.portal.zone))


def _app_info(hit: Hit) -> Answer:
    info: Json = {"SCOPE": sorted(hit.webhook.scopes), "LICENSE": "ru_pro", "LANGUAGE_ID": "ru"}
    return Answer(info)
