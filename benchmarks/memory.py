"""Memory: what each role holds at rest, and at most while 10,000 people are told something; real processes."""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path

from api.context import Context
from benchmarks.aiogram_peer import TOKEN
from benchmarks.county import add_accounts, add_county, fresh_database, open_runtime
from benchmarks.process import QUIET_SECONDS, resident_mb
from benchmarks.service import null_telegram, running
from storage.base import new_pid
from storage.communities import Appointment, Community
from storage.messaging import Delivery
from storage.notices import Notice, add_places

PEOPLE = 10_000
# without a chat platform as much as the process with its pages alone, with one as much as with all (process.py)
MOST_MB = {"api": 150.0, "worker": 150.0, "bot": 350.0, "all": 350.0}
ROLES = {"sqlite": ("all",), "postgres": ("api", "bot", "worker")}
RATE = 1000  # the most that can be set: Telegram's own limits are lifted
LONGEST, LOOK_SECONDS = 600.0, 0.25
AT_REST, IN_PUSH = "at rest", f"while {PEOPLE:,} are told"


def _county(ctx: Context) -> None:
    """A county with accounts on Telegram; its first teacher is an administrator."""
    region = add_county(ctx, PEOPLE)
    add_accounts(ctx, "telegram", TOKEN.partition(":")[0])
    office = {"office": "region_admin", "since": date(2026, 1, 1)}
    ctx.session.add(Appointment(pid=new_pid(), person_id=1, community_id=region, **office))


def _tell_all(ctx: Context) -> None:
    """A notice that the clock releases at its next tick."""
    region = ctx.session.query(Community).filter(Community.kind == "region").one()
    notice = Notice(pid=new_pid(), community_id=region.id, author_id=1, place="people", text="今晚八点集体备课。",
                    created_at=ctx.now, release_at=ctx.now)  # fmt: skip
    ctx.session.add(notice)
    ctx.session.flush()
    add_places(ctx.session, notice.id, [region])


def _sent(ctx: Context) -> int:
    return ctx.session.query(Delivery).filter(Delivery.state == "sent").count()


def measure(kind: str, api_base: str) -> dict[str, dict[str, float]]:
    """role -> MB at rest, and the most while all are told; a process and its children."""
    with ExitStack() as stack:
        url = stack.enter_context(fresh_database(kind))
        runtime = open_runtime(url)
        asyncio.run(runtime.transact(_county))
        env = {
            "GONGFANG_DATABASE__URL": url, "GONGFANG_TELEGRAM__TOKEN": TOKEN, "GONGFANG_TELEGRAM__API_BASE": api_base,
            "GONGFANG_TELEGRAM__RATE": str(RATE), "GONGFANG_TIME__QUIET_HOURS": "", "GONGFANG_WEB__SECRET": "benchmark",
        }  # fmt: skip
        services = {}
        for role in ROLES[kind]:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            services[role] = stack.enter_context(running(folder, env, "--role", role))
        for service in services.values():
            service.seconds_until("/readyz", 200)
        time.sleep(QUIET_SECONDS)
        rest = {role: resident_mb(service.pid) for role, service in services.items()}
        most = dict(rest)
        asyncio.run(runtime.transact(_tell_all))
        began, told = time.monotonic(), 0
        while told < PEOPLE - 1:  # the author is not told
            for role, service in services.items():
                most[role] = max(most[role], resident_mb(service.pid))
            assert time.monotonic() - began < LONGEST, f"{told} of {PEOPLE} after {LONGEST:.0f} s"
            time.sleep(LOOK_SECONDS)
            told = asyncio.run(runtime.read(_sent))
        print(f"  {kind}: {PEOPLE:,} told in {time.monotonic() - began:.0f} s")
        runtime.database.close()
        return {role: {AT_REST: rest[role], IN_PUSH: most[role]} for role in services}


def run() -> list[tuple[str, str, float]]:
    """Rows of (measurement, unit, ratio)."""
    with null_telegram() as api_base:
        return [row for kind in ROLES for row in _rows(kind, api_base)]


def _rows(kind: str, api_base: str) -> Iterator[tuple[str, str, float]]:
    for role, found in measure(kind, api_base).items():
        wanted = MOST_MB[role]
        for when, memory in found.items():
            print(f"memory of {role} {when}, {kind}: {memory:.0f} MB (wanted < {wanted:.0f})")
            yield f"memory of {role} {when}, {kind}", f"of {wanted:.0f} MB", memory / wanted
