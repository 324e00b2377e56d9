"""The clock in tests: everything that is due, done now."""

from api.clock import run_job
from api.registry import JOBS
from tests.support.talk import World


async def tick(world: World) -> None:
    """Every job of the clock once, and what follows from it."""
    for job in JOBS:
        await run_job(world.runtime, job)
    await world.settle()
