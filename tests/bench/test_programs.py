"""Every benchmark runs and fills its table. How fast anything was is nobody's business here."""

from random import Random

import pytest

from bench import accept_postgres, cache_memory
from bench.__main__ import PROGRAMS, main
from bench.caches import BUILDERS, OURS
from bench.clients import answered
from bench.rounds import TINY, Contender, Table, play
from tests.postgres import PostgresServer

ELSEWHERE = {"memory", "memory-rss", "memory-many", "postgres-1", "postgres-64"}  # cheaper ways in, below
# test_portal_programs.py and test_deal_programs.py
PORTALS = {name for name in PROGRAMS if name.startswith(("portal-", "deals-"))} | {"poll-forms"}


@pytest.mark.parametrize("name", sorted(set(PROGRAMS) - ELSEWHERE - PORTALS))
async def test_a_program_measures_ours_and_its_peers(name: str) -> None:
    assert_is_filled(await PROGRAMS[name](TINY, Random(1)))


@pytest.mark.parametrize("clients", [1, 64])
async def test_the_postgresql_programs_measure_ours_and_pgqueuer(
    clients: int, postgres_server: PostgresServer
) -> None:
    assert_is_filled(await accept_postgres.accept_on(postgres_server, clients, "so many", TINY, Random(1)))


def assert_is_filled(table: Table) -> None:
    heading = table.heading
    assert any(contender.startswith(OURS) for contender in table.figures)
    assert len(table.figures) >= 3
    assert all(len(figures) == TINY.rounds for figures in table.figures.values())
    assert all(figure >= 0 for figures in table.figures.values() for figure in figures)
    named = {heading.base, *(name for goal in heading.goals for name in (goal.of, goal.beside) if name)}
    assert named <= set(table.figures)
    assert all((goal.least is None) != (goal.most is None) for goal in heading.goals)


@pytest.mark.parametrize("name", BUILDERS)
async def test_each_cache_keeps_what_it_was_given(name: str) -> None:
    subject = BUILDERS[name](10)
    await subject.fill(["a", "b"])
    found = subject.get("a")
    assert (await found if subject.awaited else found) is not None


async def test_an_entry_is_weighed_in_a_process_of_its_own() -> None:
    weight = await cache_memory.in_own_process(OURS, cache_memory.TRACED, 500)
    assert 50 < weight < 1_000  # a tuple, a float and a place in a dict, whatever the machine


async def test_each_client_is_answered_and_no_number_is_given_twice() -> None:
    given = []

    async def accept(number: int) -> None:
        given.append(number)

    assert await answered(accept, clients=5, seconds=0) > 0
    assert given == list(range(10))  # one to warm up and one that counts for each


async def test_every_contender_runs_once_a_round_and_the_order_changes() -> None:
    order: list[str] = []

    def contender(name: str) -> Contender:
        async def measure() -> float:
            order.append(name)
            return float(len(order))

        return Contender(name, measure)

    figures = await play([contender("a"), contender("b"), contender("c")], 8, Random(1))
    rounds = [tuple(order[start : start + 3]) for start in range(0, 24, 3)]
    assert all(sorted(each) == ["a", "b", "c"] for each in rounds)
    assert len(set(rounds)) > 1
    assert [len(each) for each in figures.values()] == [8, 8, 8]


def test_a_program_nobody_knows_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["nonsense"])
    assert ended.value.code == 2
    assert "no such program: nonsense" in capsys.readouterr().err
