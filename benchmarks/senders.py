"""Delivery by 1, 2 and 4 processes on one PostgreSQL, against as many processes of a bare aiohttp loop."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from statistics import median

from sqlalchemy import select

from api.context import Context
from api.messaging.outbox import deliver_to_people, write_message
from api.ringing import keep_ringing
from api.runtime import Runtime
from benchmarks.aiogram_peer import TOKEN
from benchmarks.county import add_accounts, add_county, fresh_database, open_runtime
from benchmarks.delivery import ROWS, TREE
from benchmarks.service import ROOT, environment, null_telegram
from storage.messaging import READY, Delivery
from storage.people import Person

SENDERS = (1, 2, 4)
PEOPLE, PUSHES = 400, 4  # each is told so much in a round
SENT = PEOPLE * PUSHES
ROUNDS = 5
LOOK_SECONDS = 0.02
Sender = subprocess.Popen[str]


@contextmanager
def _sender(url: str, api_base: str) -> Iterator[Sender]:
    command = [sys.executable, "-m", "benchmarks.sender", url, api_base]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment({}), text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        try:
            assert _heard(process) == "ready"
            yield process
        finally:
            process.terminate()


def _heard(process: Sender) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _county(ctx: Context) -> None:
    add_county(ctx, PEOPLE)
    add_accounts(ctx, "telegram", TOKEN.partition(":")[0])


def _push(ctx: Context) -> None:
    for _ in range(PUSHES):
        deliver_to_people(ctx, write_message(ctx, TREE, ROWS), select(Person.id))


def _is_left(ctx: Context) -> bool:
    unsent = select(Delivery.id).where(Delivery.state == READY).limit(1)
    return ctx.session.scalar(unsent) is not None


async def measure_ours(runtime: Runtime) -> float:
    """Messages a second: claimed, sent, each outcome committed."""
    await runtime.transact(_push)
    began = time.perf_counter()
    while await runtime.read(_is_left):
        await asyncio.sleep(LOOK_SECONDS)
    return SENT / (time.perf_counter() - began)


def measure_bare(senders: Sequence[Sender]) -> float:
    """Messages a second: posted, the answers read. Nothing is kept."""
    began = time.perf_counter()
    for sender in senders:
        assert sender.stdin is not None
        print(SENT // len(senders), file=sender.stdin, flush=True)
    for sender in senders:
        assert _heard(sender) == "done"
    return SENT / (time.perf_counter() - began)


async def compare(number: int, api_base: str) -> tuple[float, float]:
    """Medians of interleaved rounds: (ours, bare) in messages a second."""
    ours, bare = [], []
    with ExitStack() as stack:
        url = stack.enter_context(fresh_database("postgres"))
        runtime = open_runtime(url)
        runtime.spawn(keep_ringing(runtime), "ringing")
        await runtime.transact(_county)
        senders = [stack.enter_context(_sender(url, api_base)) for _ in range(number)]
        for n in range(ROUNDS + 1):
            figures = await measure_ours(runtime), measure_bare(senders)
            if n:  # the first round warms caches
                ours.append(figures[0])
                bare.append(figures[1])
        await runtime.close()
    return median(ours), median(bare)


def run() -> list[tuple[str, str, float]]:
    """Rows of (measurement, unit, ratio)."""
    rows, wanted = [], 0.6
    with null_telegram() as api_base:
        for number in SENDERS:
            ours, bare = asyncio.run(compare(number, api_base))
            what = f"delivery by {number} processes, postgres"
            print(f"{what}: {ours:.0f}/s, bare {bare:.0f}/s, ratio {ours / bare:.2f} (wanted >= {wanted})")
            rows.append((what, "of as many bare aiohttp loops", ours / bare))
    return rows
