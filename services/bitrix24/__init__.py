"""A Bitrix24 portal's REST API: calls, batches and lists under the portal's own limits."""

from random import Random

import httpx

from services.bitrix24.address import Webhook
from services.bitrix24.answers import Answers
from services.bitrix24.batcher import Batcher
from services.bitrix24.client import Portal
from services.bitrix24.errors import SYSTEM
from services.bitrix24.exchange import PortalExchange
from services.bitrix24.hosts import StoredHosts
from services.bitrix24.limiter import Limiter
from services.bitrix24.misses import Misses
from services.bitrix24.operating import Operating
from services.bitrix24.retrying import Attempts, Retrying
from services.bitrix24.rounds import Rounds
from services.bitrix24.sending import Sending
from services.bitrix24.singly import Singly
from services.bitrix24.tries import Tries
from services.bitrix24.wire import Wire
from services.engine.breaker import Breaker
from services.engine.call_times import CallTimes
from services.engine.clock import Clock
from services.engine.observability import Redactor
from services.engine.supervisor import Supervisor
from settings import Bitrix24 as Bitrix24Settings
from storage.database import Database

__all__ = ["Portal", "build_portal"]


def build_portal(
    settings: Bitrix24Settings,
    client: httpx.AsyncClient,
    database: Database,
    clock: Clock,
    random: Random,
    measuring: CallTimes,
    supervisor: Supervisor,
    *,
    source: str = "",
) -> Portal:
    """The portal of BITRIX24_URL, reached through `client` (see wire.build_client).

    With `source` the one of that domain in BITRIX24_SOURCES, which stands under its domain in the metrics.
    """
    url = settings.sources[source].url if source else settings.url
    address = Webhook(url.get_secret_value())
    breaker = Breaker(source or SYSTEM, clock)
    limiter = Limiter(
        source or address.domain,
        database,
        clock,
        supervisor,
        rate=settings.rate_per_second,
        burst=settings.burst,
    )
    operating = Operating(clock)
    exchange = PortalExchange(
        Wire(client, address, StoredHosts(database, clock, address.domain), clock, settings.timeout),
        address,
        Answers(Redactor(address.secrets).text, lambda: clock.now().timestamp()),
        breaker,
        limiter,
        operating,
        measuring,
        clock,
    )
    batcher = Batcher(exchange, limiter, operating, clock, supervisor, size=settings.batch_size)
    return _portal(settings, source or settings.home, breaker, Sending(batcher, breaker), clock, random)


def _portal(
    settings: Bitrix24Settings,
    domain: str,
    breaker: Breaker,
    sending: Sending,
    clock: Clock,
    random: Random,
) -> Portal:
    retrying = Retrying(
        settings.retry_max_attempts,
        settings.retry_delay,
        settings.retry_backoff,
        settings.retry_max_delay,
    )

    misses = Misses()

    def new_attempts() -> Attempts:
        return Attempts(retrying, clock, random, misses)

    singly = Singly(clock, always=not settings.batch_enabled)
    tries = Tries(sending, singly, new_attempts)
    rounds = Rounds(sending, singly, new_attempts)
    return Portal(domain, breaker, tries, rounds, settings.batch_size)
