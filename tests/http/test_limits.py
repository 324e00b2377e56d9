"""What a request may carry: refused before it is read, asked who sent it before much is read."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from api import limits
from api.app import create_app
from api.attachments.service import FILE_LIMIT
from api.limits import MAX_BODY
from api.people.tokens import create_token
from tests.support.talk import Voice, World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


class Endless:
    """A body without a length that counts how much of itself was taken."""

    def __init__(self, size: int) -> None:
        self.size, self.taken = size, 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self.taken < self.size:
            self.taken += 65536
            yield b" " * 65536


async def client_of(world: World, voice: Voice | None, *scopes: str) -> httpx2.AsyncClient:
    secret = "gf_nobody"
    if voice is not None:
        _, secret = await world.run(create_token, voice.person, "test", list(scopes))
    transport = httpx2.ASGITransport(app=create_app(world.runtime))
    headers = {"Authorization": f"Bearer {secret}"}
    return httpx2.AsyncClient(transport=transport, base_url="http://test", headers=headers)


@pytest.mark.parametrize(("path", "limit"), [("/v1/tokens", MAX_BODY), ("/v1/notices", MAX_BODY)])
async def test_a_body_without_end_is_not_read(world: World, path: str, limit: int) -> None:
    async with await client_of(world, None) as http:
        body = Endless(8 * limit)
        answer = await http.post(path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413 and answer.headers["content-type"] == "application/problem+json"


async def test_bodies_of_many_at_once_and_slow_ones_are_not_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(world.runtime)
    gone, half = asyncio.Event(), asyncio.Event()

    async def held() -> AsyncIterator[bytes]:
        yield b" " * 3000
        half.set()
        await gone.wait()

    async def tell(body: Any) -> httpx2.Response:
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as http:
            return await http.post("/v1/reminders", content=body, headers={"Content-Type": "application/json"})

    monkeypatch.setattr(limits, "MOST_HELD", 4000)
    slow = asyncio.ensure_future(tell(held()))
    await half.wait()
    answer = await tell(b" " * 2000)
    assert answer.status_code == 503 and answer.headers["retry-after"] and answer.headers["connection"] == "close"
    gone.set()
    assert (await slow).status_code == 422
    assert (await tell(b" " * 3500)).status_code == 422, "what was held is free again"
    gone.clear()
    monkeypatch.setattr(limits, "SECONDS", 0.05)
    assert (await tell(held())).status_code == 408


@pytest.mark.both_databases
async def test_a_new_token_reads_many_things_at_once(world: World) -> None:
    li = await world.teacher("李梅", await world.school(await world.region(), "第一小学"))
    async with await client_of(world, li, "read") as http:
        answers = await asyncio.gather(*[http.get(path) for path in ("/v1/notices", "/v1/reminders") * 12])
    assert {answer.status_code for answer in answers} == {200}, "none of them writes that it was used"


async def test_files_of_strangers_are_not_read(world: World) -> None:
    li = await world.teacher("李梅", await world.school(await world.region(), "第一小学"))
    read: list[int] = []

    async def body() -> AsyncIterator[bytes]:
        read.append(1)
        yield b"x" * 1000

    for voice, scope, status in ((None, "write", 401), (li, "read", 403), (li, "write", 201)):
        async with await client_of(world, voice, scope) as http:
            read.clear()
            answer = await http.post("/v1/attachments", content=body(), headers={"Content-Length": "1000"})
            assert answer.status_code == status, answer.text
            large: Any = {"Content-Length": str(FILE_LIMIT + 1)}
            assert (await http.post("/v1/attachments", content=body(), headers=large)).status_code in (status, 413)


async def test_a_key_belongs_to_the_whole_request(world: World) -> None:
    li = await world.teacher("李梅", await world.school(await world.region(), "第一小学"))
    wang = await world.teacher("王刚", await world.school(await world.region(), "第二小学"))
    key = {"Idempotency-Key": "k1"}
    async with await client_of(world, li, "write") as http:
        first = await http.post("/v1/attachments", params={"name": "a.txt"}, content=b"x", headers=key)
        again = await http.post("/v1/attachments", params={"name": "a.txt"}, content=b"x", headers=key)
        other = await http.post("/v1/attachments", params={"name": "b.txt"}, content=b"x", headers=key)
    assert first.json()["pid"] == again.json()["pid"] and other.status_code == 409
    async with await client_of(world, wang, "write") as http:
        mine = await http.post("/v1/attachments", params={"name": "a.txt"}, content=b"x", headers=key)
    assert mine.status_code == 201 and mine.json()["pid"] != first.json()["pid"], "another token, another answer"


@pytest.mark.both_databases
async def test_the_same_request_many_times_at_once_has_one_effect(world: World) -> None:
    li = await world.teacher("李梅", await world.school(await world.region(), "第一小学"))
    due = (world.runtime.now() + timedelta(hours=1)).isoformat()
    async with await client_of(world, li, "write", "read") as http:
        await http.patch("/v1/settings", json={})  # the token has been seen: nothing holds its row
        posts = [
            http.post("/v1/reminders", json={"matter": "交教案", "due": due}, headers={"Idempotency-Key": "k"})
            for _ in range(6)
        ]
        answers = await asyncio.gather(*posts)
        assert {answer.status_code for answer in answers} == {201}, [answer.text for answer in answers]
        assert len({answer.json()["pid"] for answer in answers}) == 1
        assert len((await http.get("/v1/reminders")).json()["items"]) == 1
