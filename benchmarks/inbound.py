"""Inbound: from the arrival of an update to its committed answer, against a plain bot with AsyncSession per update."""

import asyncio
import time
from statistics import median
from typing import Any

from api.messaging.receiving import Arrival
from api.messaging.tree import T
from api.runtime import Runtime
from benchmarks.county import add_teachers, fresh_database, native, open_runtime
from benchmarks.peer import Peer, echo, make_engine
from bot.bots import Bots
from bot.dispatch import Dispatcher
from bot.handle import Handlers
from bot.intake import Intake
from bot.registry import Command, Feature
from bot.turn import Turn
from storage.messaging import Incoming
from tests.support.paper import Paper

UPDATES = 1500
AT_ONCE = 32
ROUNDS = 5


def raw(n: int) -> dict[str, Any]:
    """The n-th update."""
    return {"kind": "said", "sender": native(n), "name": "老师", "text": "回声 今天的课上得很顺利"}


def answer(turn: Turn) -> None:
    """What the peer answers too."""
    turn.say(echo(turn.person.name, turn.text))


async def all_at(limit: int, works: list[Any]) -> None:
    """Run coroutines, `limit` at a time, as a web server with that many connections would."""
    queue = iter(works)

    async def worker() -> None:
        for work in queue:
            await work

    await asyncio.gather(*[worker() for _ in range(limit)])


async def measure_ours(runtime: Runtime, start: int) -> float:
    """Updates a second: stored raw, leased, handled, answered, each step durable."""
    feature = Feature(commands=(Command("echo", ("回声",), T("what I can do for you"), answer),))
    handlers = Handlers(runtime, Dispatcher([feature]), Bots.of(Paper()))
    task = runtime.spawn(handlers.run(), "handlers")
    intake = Intake(runtime, "paper", "")
    works = [
        intake.take(Arrival(f"e{n}", native(n), "private", raw(n))) for n in range(start, start + UPDATES)
    ]
    began = time.perf_counter()
    await all_at(AT_ONCE, works)
    while await runtime.read(waiting):
        await asyncio.sleep(0.005)
    took = time.perf_counter() - began
    task.cancel()
    return UPDATES / took


def waiting(ctx: Any) -> int:
    """How many updates wait for a handler."""
    return ctx.session.query(Incoming).filter_by(state="new").count()


async def measure_peer(peer: Peer, start: int) -> float:
    """Updates a second of the plain bot."""
    works = [peer.handle(f"e{n}", native(n), raw(n)) for n in range(start, start + UPDATES)]
    began = time.perf_counter()
    await all_at(AT_ONCE, works)
    return UPDATES / (time.perf_counter() - began)


async def compare(kind: str) -> tuple[float, float]:
    """Medians of interleaved rounds: (ours, peer) in updates a second."""
    ours, theirs = [], []
    with fresh_database(kind) as our_url, fresh_database(kind) as their_url:
        runtime, other = open_runtime(our_url), open_runtime(their_url)
        await runtime.transact(add_teachers)
        await other.transact(add_teachers)
        await other.close()
        engine = make_engine(their_url)
        peer = Peer(engine)
        for n in range(ROUNDS + 1):
            figures = await measure_ours(runtime, n * UPDATES), await measure_peer(peer, n * UPDATES)
            if n:  # the first round warms caches
                ours.append(figures[0])
                theirs.append(figures[1])
        await engine.dispose()
        await runtime.close()
    return median(ours), median(theirs)


def run() -> list[tuple[str, str, float]]:
    """Rows of (measurement, unit, ratio)."""
    rows = []
    for kind, wanted in (("sqlite", 2.0), ("postgres", 1.3)):
        ours, theirs = asyncio.run(compare(kind))
        print(f"inbound {kind}: {ours:.0f}/s, plain bot {theirs:.0f}/s, ratio {ours / theirs:.2f} (wanted >= {wanted})")
        rows.append((f"inbound, {kind}", "times a plain bot", ours / theirs))
    return rows
