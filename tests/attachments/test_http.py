"""Attachments over HTTP: upload, look, fetch in parts; nobody else's."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from api.app import create_app
from api.attachments.service import FILE_LIMIT
from api.people.tokens import create_token
from tests.support.talk import Voice, World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


async def client_of(world: World, voice: Voice) -> httpx2.AsyncClient:
    _, secret = await world.run(create_token, voice.person, "test", ["read", "write"])
    transport = httpx2.ASGITransport(app=create_app(world.runtime))
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
    anonymous = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=create_app(world.runtime)), base_url="http://test")
    async with anonymous as http:
        assert (await http.get(f"/v1/attachments/{made['pid']}/content")).status_code == 401
