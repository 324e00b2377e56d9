"""Whether the tallies are what the records add up to, and making them so, beside a running service.

Operators only, on the command line: it is a matter of the machine, not of a county's people, so `/v1` has no twin.
"""

import time
from collections.abc import AsyncIterator, Sequence

from api.context import Context
from api.runtime import Runtime
from storage import tallies
from storage.tallies import Difference

PEOPLE = 200  # compared at a time
MOST_ROWS = 500  # changed in a transaction
MOST_SECONDS = 0.05  # after which a transaction begins nobody more


async def compare_tallies(runtime: Runtime, community_id: int | None = None) -> AsyncIterator[list[Difference]]:
    """What is wrong, in batches. Only reads: nobody waits."""
    after = 0
    while people := await runtime.read(_next, after, via="cli", system=True):
        after = people[-1]
        if wrong := await runtime.read(_compare, people, community_id, via="cli", system=True):
            yield wrong


async def rebuild_tallies(runtime: Runtime, community_id: int | None = None) -> int:
    """Put every wrong tally right, in short transactions; returns how many were."""
    n = 0
    async for wrong in compare_tallies(runtime, community_id):
        people = sorted({one.person_id for one in wrong})
        while people:
            done, corrected = await runtime.transact(_correct, people, community_id, via="cli", system=True)
            people, n = people[done:], n + corrected
    return n


def name_differences(ctx: Context, wrong: Sequence[Difference]) -> tuple[dict[int, str], dict[int, str]]:
    """The public ids of their people and communities."""
    return tallies.pids_of(ctx.session, wrong)


def _next(ctx: Context, after: int) -> list[int]:
    return tallies.next_people(ctx.session, after, PEOPLE)


def _compare(ctx: Context, people: Sequence[int], community_id: int | None) -> list[Difference]:
    return tallies.find_differences(ctx.session, people, community_id)


def _correct(ctx: Context, people: Sequence[int], community_id: int | None) -> tuple[int, int]:
    """One person after the other until it is enough for one transaction; (people that are done, tallies changed)."""
    began, done, corrected = time.monotonic(), 0, 0
    for person_id in people:
        wrong = tallies.find_differences(ctx.session, [person_id], community_id)
        room = MOST_ROWS - corrected
        if some := wrong[:room]:
            tallies.correct(ctx.session, some)
            corrected += len(some)
        if len(wrong) > room:
            break
        done += 1
        if corrected >= MOST_ROWS or time.monotonic() - began > MOST_SECONDS:
            break
    return done, corrected


__all__ = ["Difference", "compare_tallies", "name_differences", "rebuild_tallies"]
