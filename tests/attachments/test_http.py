"""Attachments over HTTP: upload, look, fetch in parts; nobody else's."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI

from api.app import create_app
from api.attachments import service
from api.attachments.service import FILE_LIMIT, store_bytes
from api.attachments.spooling import OF_ONE
from api.people.tokens import create_token
from tests.support.talk import Voice, World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


async def client_of(world: World, voice: Voice, app: FastAPI | None = None) -> httpx2.AsyncClient:
    _, secret = await world.run(create_token, voice.person, "test", ["read", "write"])
    transport = httpx2.ASGITransport(app=app or create_app(world.runtime))
    headers = {"Authorization": f"Bearer {secret}"}
    return httpx2.AsyncClient(transport=transport, base_url="http://test", headers=headers)


async def test_upload_and_fetch_in_parts(world: World) -> None:
    li = await world.teacher("李老师")
    async with await client_of(world, li) as http:
        headers = {"Content-Type": "text/html", "Idempotency-Key": "once"}
        name, data = {"name": "反思.html"}, b"0123456789"
        answer = await http.post("/v1/attachments", params=name, content=data, headers=headers)
        assert answer.status_code == 201, answer.text
        made = answer.json()
        assert (made["name"], made["state"], made["size"]) == ("反思.html", "pending", 10)
        again = await http.post("/v1/attachments", params=name, content=data, headers=headers)
        assert again.json()["pid"] == made["pid"]
        url = f"/v1/attachments/{made['pid']}"
        assert (await http.get(f"{url}/content")).status_code == 404
        await world.fetchers.drain()
        assert (await http.get(url)).json()["state"] == "stored"
        whole = await http.get(f"{url}/content")
        assert (whole.status_code, whole.content) == (200, b"0123456789")
        assert whole.headers["x-content-type-options"] == "nosniff"
        assert whole.headers["content-security-policy"].startswith("sandbox")
        assert whole.headers["content-disposition"] == "attachment; filename*=UTF-8''%E5%8F%8D%E6%80%9D.html"
        for asked, status, part in [
            ("bytes=2-4", 206, b"234"), ("bytes=7-", 206, b"789"), ("bytes=-3", 206, b"789"),
            ("bytes=20-", 416, b""), ("lines=1-2", 200, b"0123456789"), ("bytes=5-99", 206, b"56789"),
        ]:  # fmt: skip
            answer = await http.get(f"{url}/content", headers={"Range": asked})
            assert (answer.status_code, answer.content) == (status, part), asked


async def test_refusals(world: World) -> None:
    li, wang = await world.teacher("李老师"), await world.teacher("王老师")
    async with await client_of(world, li) as http:
        made = (await http.post("/v1/attachments", content=b"1")).json()
        large = await http.post("/v1/attachments", content=b"x" * (FILE_LIMIT + 1))
        assert large.status_code == 413 and "20 MB" in large.json()["detail"]
        assert (await http.post("/v1/attachments", content=b"")).status_code == 422
        assert (await http.post("/v1/attachments", params={"kind": "virus"}, content=b"1")).status_code == 422
    async with await client_of(world, wang) as http:
        for path in ("", "/content"):
            assert (await http.get(f"/v1/attachments/{made['pid']}{path}")).status_code == 404
    anonymous = httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=create_app(world.runtime)), base_url="http://test"
    )
    async with anonymous as http:
        assert (await http.get(f"/v1/attachments/{made['pid']}/content")).status_code == 401


async def test_what_was_made_for_one_person_is_kept_by_no_browser(world: World) -> None:
    li = await world.teacher("李老师")
    sheet = await world.run(store_bytes, "绑定码.xlsx", "application/zip", b"codes", actor=li)
    async with await client_of(world, li) as http:
        made = (await http.post("/v1/attachments", content=b"lesson")).json()
        await world.fetchers.drain()
        codes = await http.get(f"/v1/attachments/{sheet.pid}/content")
        assert codes.headers["cache-control"] == "no-store" and "etag" not in codes.headers
        url = f"/v1/attachments/{made['pid']}/content"
        lesson = await http.get(url)
        assert lesson.headers["cache-control"] == "private, no-cache"
        for known, status in ((f'"other", W/{lesson.headers["etag"]}', 304), ('"other"', 200)):
            again = await http.get(url, headers={"If-None-Match": known})
            assert again.status_code == status and again.headers["etag"] == lesson.headers["etag"]
    async with await client_of(world, await world.teacher("王老师")) as http:
        assert (await http.get(url, headers={"If-None-Match": lesson.headers["etag"]})).status_code == 404


async def test_a_few_files_at_once_and_none_beyond_the_day(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    li, wang = await world.teacher("李老师"), await world.teacher("王老师")
    begun, more = asyncio.Event(), asyncio.Event()
    taken: list[int] = []

    async def slow(n: int) -> AsyncIterator[bytes]:
        taken.append(n)
        if len(taken) == OF_ONE:
            begun.set()
        yield b"x" * 500
        await more.wait()
        yield b"x" * 500

    app, length = create_app(world.runtime), {"Content-Length": "1000"}
    async with await client_of(world, li, app) as http, await client_of(world, wang, app) as other:
        coming = [
            asyncio.ensure_future(http.post("/v1/attachments", content=slow(n), headers=length)) for n in range(OF_ONE)
        ]
        await begun.wait()
        refused = await http.post("/v1/attachments", content=slow(99), headers=length)
        assert refused.status_code == 429 and refused.headers["retry-after"] and 99 not in taken
        assert (await other.post("/v1/attachments", content=b"mine")).status_code == 201
        more.set()
        assert [answer.status_code for answer in await asyncio.gather(*coming)] == [201] * OF_ONE
        assert (await http.post("/v1/attachments", content=b"next")).status_code == 201
        monkeypatch.setattr(service, "BYTES_PER_DAY", 4200)
        refused = await http.post("/v1/attachments", content=slow(99), headers=length)
        assert refused.status_code == 429 and 99 not in taken, "asked before it is read"
