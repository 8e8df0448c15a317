"""How often a full cache has what is asked for, when a few names are asked for most."""

from functools import partial
from itertools import accumulate
from random import Random
from typing import Any

from async_lru import alru_cache

from bench.caches import BUILDERS, CASHEWS_BARE, LOADING, TYPICAL, UNBOUNDED, Subject, keys_of, shared_value
from bench.rounds import Contender, Heading, Scale, Table, compare

NAMES_AN_ENTRY = 4  # so many times more names are asked for than fit

_ABOUT = (
    "Zipf's law with exponent 1.0 over {names} names, {entries} fit; {asked} look-ups to warm up, then as "
    "many counted; on a miss the value is set. One seeded trace for all. aiocache has no limit, so no row."
)


async def hit_ratio(scale: Scale, random: Random) -> Table:
    """The share of hits under Zipf's law, in percent."""
    names = scale.entries * NAMES_AN_ENTRY
    trace = _zipf(names, 2 * scale.asked, random)
    asked = [name for name in BUILDERS if name not in UNBOUNDED | LOADING | {CASHEWS_BARE}]
    contenders = [Contender(name, partial(_share_of_hits, name, scale, trace)) for name in asked]
    contenders.append(Contender("async_lru", partial(_share_of_async_lru, scale, trace)))
    about = _ABOUT.format(names=f"{names:,}", entries=f"{scale.entries:,}", asked=f"{scale.asked:,}")
    heading = Heading("Cache: hit ratio", "percent of look-ups", about, TYPICAL, digits=2)
    return await compare(heading, contenders, 1, random)


def _zipf(names: int, count: int, random: Random) -> list[str]:
    keys = keys_of(names)
    random.shuffle(keys)
    weights = list(accumulate(1 / rank for rank in range(1, names + 1)))
    return random.choices(keys, cum_weights=weights, k=count)


async def _share_of_hits(name: str, scale: Scale, trace: list[str]) -> float:
    subject = BUILDERS[name](scale.entries)
    await _missed(subject, trace[: scale.asked])
    return 100 * (1 - await _missed(subject, trace[scale.asked :]) / scale.asked)


async def _missed(subject: Subject, keys: list[str]) -> int:
    missed = 0
    for key in keys:
        found = subject.get(key)
        if (await found if subject.awaited else found) is None:
            missed += 1
            await subject.fill([key])
    return missed


async def _share_of_async_lru(scale: Scale, trace: list[str]) -> float:
    cached: Any = alru_cache(maxsize=scale.entries)(shared_value)
    for key in trace[: scale.asked]:
        await cached(key)
    warm = cached.cache_info().hits
    for key in trace[scale.asked :]:
        await cached(key)
    return 100.0 * float(cached.cache_info().hits - warm) / scale.asked
