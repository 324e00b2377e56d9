"""/healthz, /readyz and /metrics: what they say when all is well, and what when something is not."""

import os
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from api import health
from api.config import Config
from api.health import health_routes
from api.messaging.delivering import claim_work
from api.messaging.outbox import say_in_chat
from api.messaging.receiving import Arrival, receive
from api.messaging.tree import Words
from api.runtime import Runtime
from storage.blobs import Blobs
from storage.engine import Database
from storage.inbox import find_or_add_chat
from storage.leases import end_leases
from storage.outbox import block_sender
from storage.reach import Reach
from tests.support.databases import Databases
from tests.support.program import Program


@asynccontextmanager
async def asked(runtime: Runtime) -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    app.state.runtime = runtime
    app.include_router(health_routes(runtime))
    transport = httpx2.ASGITransport(app)
    headers = {"Accept-Language": "en"}
    async with httpx2.AsyncClient(transport=transport, base_url="http://test", headers=headers) as one:
        yield one
    await runtime.close()


def a_runtime(url: str, blobs: str = "memory:", **more: Any) -> Runtime:
    return Runtime(Config(database={"url": url}, blobs={"url": blobs}, **more), Database(url), Blobs(blobs))


async def ready(client: httpx2.AsyncClient) -> tuple[int, dict[str, str]]:
    """Status, and what is wrong by the name of the check."""
    answer = await client.get("/readyz")
    checks = answer.json()["checks"]
    assert answer.json()["ready"] == all(check["ok"] for check in checks) == (answer.status_code == 200)
    return answer.status_code, {check["name"]: check["detail"] for check in checks if not check["ok"]}


@pytest.mark.both_databases
async def test_all_is_well(database_url: str) -> None:
    async with asked(a_runtime(database_url)) as client:
        assert await ready(client) == (200, {})
        assert (await client.get("/healthz")).text == "ok\n"


@pytest.mark.both_databases
async def test_what_waits_is_counted_and_a_long_wait_is_said(database_url: str) -> None:
    runtime = a_runtime(database_url, telegram={"token": "1:x"})
    async with asked(runtime) as client:
        await runtime.transact(receive, "web", "", [Arrival(f"e{n}", "c1", "private", {"n": n}) for n in range(3)])

        def say(ctx: Any) -> None:
            chat_id = find_or_add_chat(ctx.session, "web", "", "c1", "private", "", ctx.now)
            say_in_chat(ctx, chat_id, Words("now"))
            say_in_chat(ctx, chat_id, Words("later"), not_before=ctx.now + timedelta(hours=9))

        await runtime.transact(say)
        assert await ready(client) == (200, {})
        text = (await client.get("/metrics")).text
        for line in (
            'inbox_waiting{platform="web"} 3.0',
            'inbox_waiting{platform="telegram"} 0.0',
            'outbox_waiting{lane="reply",platform="web",when="now"} 1.0',
            'outbox_waiting{lane="reply",platform="web",when="later"} 1.0',
            'outbox_waiting{lane="bulk",platform="telegram",when="now"} 0.0',
            "database_up 1.0",
        ):
            assert f"gongfang_{line}\n" in text
        later = runtime.now() + timedelta(minutes=11)
        runtime.now = lambda: later
        status, wrong = await ready(client)
        assert (status, set(wrong)) == (503, {"inbox", "outbox"})
        assert wrong["inbox"].startswith("3 wait, and nobody has done anything for 11 minutes.")


@pytest.mark.both_databases
async def test_a_long_queue_that_somebody_works_on_is_no_fault(database_url: str) -> None:
    runtime = a_runtime(database_url)
    async with asked(runtime) as client:

        def say(ctx: Any) -> None:
            for name in ("c1", "c2", "c3"):
                chat_id = find_or_add_chat(ctx.session, "web", "", name, "private", "", ctx.now)
                say_in_chat(ctx, chat_id, Words("now"), lane=2)

        await runtime.transact(say)
        later = runtime.now() + timedelta(minutes=20)
        runtime.now = lambda: later
        assert set((await ready(client))[1]) == {"outbox"}
        await runtime.transact(claim_work, Reach(("web",)), 1, {})
        assert await ready(client) == (200, {}), "one is sent, the others wait for their turn"
        await runtime.transact(lambda ctx: end_leases(ctx.session, ctx.now))
        await runtime.transact(lambda ctx: block_sender(ctx.session, "web", "", ctx.now + timedelta(minutes=1)))
        assert await ready(client) == (200, {}), "the bot was told to wait"


@pytest.mark.both_databases
async def test_what_a_platform_brought_that_is_switched_off_waits_by_intent(database_url: str) -> None:
    runtime = a_runtime(database_url)
    async with asked(runtime) as client:
        await runtime.transact(receive, "telegram", "1", [Arrival("e1", "c1", "private", {})])
        later = runtime.now() + timedelta(minutes=20)
        runtime.now = lambda: later
        assert await ready(client) == (200, {})


async def test_an_old_database_is_said(databases: Databases, tmp_path: Path) -> None:
    async with asked(a_runtime(f"sqlite:///{tmp_path / 'new.db'}")) as client:
        status, wrong = await ready(client)
        assert (status, wrong["database"]) == (503, "The database is empty. Run “gongfang db upgrade” to set it up.")


async def test_an_absent_postgresql_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    async with asked(a_runtime("postgresql://nobody:hush@127.0.0.1:1/none")) as client:
        status, wrong = await ready(client)
        assert status == 503
        assert wrong["database"].startswith("The database cannot be used:")
        assert "hush" not in wrong["database"]
        metrics = await client.get("/metrics")
        assert (metrics.status_code, "gongfang_database_up 0.0\n" in metrics.text) == (200, True)
        assert (await client.get("/healthz")).status_code == 200


async def test_a_folder_for_files_that_cannot_be_written_is_said(databases: Databases, tmp_path: Path) -> None:
    with databases.fresh("sqlite") as url:
        async with asked(a_runtime(url, f"file:{tmp_path / 'blobs'}")) as client:
            (tmp_path / "blobs").rmdir()
            (tmp_path / "blobs").write_text("in the way")
            status, wrong = await ready(client)
            assert (status, set(wrong)) == (503, {"blobs"})


async def test_a_disk_with_little_room_is_said(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "LEAST_FREE", 2**62)
    with databases.fresh("sqlite") as url:
        async with asked(a_runtime(url)) as client:
            status, wrong = await ready(client)
            assert (status, set(wrong)) == (503, {"disk"})
            assert "nothing is lost meanwhile" in wrong["disk"]


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="needs prlimit (Linux)")
def test_a_full_disk_is_said_and_loses_nothing(program: Program) -> None:
    """The running service may suddenly write no file longer than it is: a full disk, without one to fill."""
    program("db", "upgrade")
    program("admin", "create", "--region", "清河县", "--name", "齐安", "--staff-no", "Q000")
    token = program.json("token", "create", "Q000", "--scope", "read", "--scope", "write")["token"]
    service = program.run()
    bearer = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
    assert service.get("/readyz").status_code == 200
    me = service.get("/v1/me", headers=bearer).json()
    before, unlimited = resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE), resource.RLIM_INFINITY
    resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE, (1, unlimited))
    try:
        full = service.get("/readyz", headers={"Accept-Language": "en"})
        assert full.status_code == 503
        wrong = {check["name"]: check["detail"] for check in full.json()["checks"] if not check["ok"]}
        assert {"database", "blobs"} <= set(wrong)
        assert "What arrived waits." in wrong["database"]
        refused = httpx2.post(f"{service.address}/v1/people/{me['pid']}/claim-codes", headers=bearer, timeout=20)
        assert (refused.status_code, refused.json()["code"]) == (503, "storage.unavailable")
        assert int(refused.headers["Retry-After"]) > 0
        assert service.get("/healthz").status_code == 200
        assert service.get("/v1/me", headers=bearer).status_code == 200, "reading goes on"
    finally:
        resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE, before)
    assert service.get("/readyz").status_code == 200
    again = httpx2.post(f"{service.address}/v1/people/{me['pid']}/claim-codes", headers=bearer, timeout=20)
    assert again.status_code == 201
    assert service.get("/v1/me", headers=bearer).json() == me
    assert service.process.poll() is None
    assert service.stop() < 5
    assert os.path.getsize(program.folder / "gongfang.db")
