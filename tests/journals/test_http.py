"""Logs over HTTP: the same operations, the same refusals."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from api.app import create_app
from api.context import Context
from api.people.tokens import create_token
from storage.people import Audit
from tests.support.classroom import LONG, Classroom, a_classroom
from tests.support.talk import Voice


@pytest.fixture
async def room(database_url: str) -> AsyncIterator[Classroom]:
    async with a_classroom(database_url) as room:
        yield room


async def client(room: Classroom, voice: Voice) -> httpx2.AsyncClient:
    _, secret = await room.world.run(create_token, voice.person, "test", ["read", "write"])
    transport = httpx2.ASGITransport(app=create_app(room.world.runtime))
    headers = {"Authorization": f"Bearer {secret}"}
    return httpx2.AsyncClient(transport=transport, base_url="http://test/v1", headers=headers)


async def reads(room: Classroom) -> int:
    return await room.world.run(lambda ctx: ctx.session.query(Audit).filter_by(act="journal.read").count())


async def test_a_log_from_upload_to_judgement(room: Classroom) -> None:
    async with await client(room, room.li) as li, await client(room, room.zhang) as zhang:
        file = (await li.post("/attachments", params={"name": "课.txt"}, content=b"words")).json()["pid"]
        place = f"/workshops/{room.workshop.pid}/journal-entries"
        log = {"body": LONG, "attachments": [file]}
        once = {"Idempotency-Key": "log-1"}
        made = await li.post(place, json=log, headers=once)
        assert made.status_code == 201 and made.json()["state"] == "submitting", made.text
        assert (await li.post(place, json=log, headers=once)).json()["pid"] == made.json()["pid"]
        await room.world.settle()
        entry = f"/journal-entries/{made.json()['pid']}"
        shown = (await li.get(entry)).json()
        assert (shown["state"], shown["workshop"]) == ("submitted", room.workshop.pid)
        assert shown["author"]["name"] == "李老师"
        assert [f["name"] for f in shown["attachments"]] == ["课.txt"]
        assert await reads(room) == 0, "one's own"

        waiting = (await zhang.get(place, params={"waiting": True})).json()
        assert [item["body"] for item in waiting["items"]] == [LONG] and waiting["next"] is None
        taken = (await zhang.post(f"{place}/next")).json()
        assert (taken["entry"]["pid"], taken["waiting"]) == (shown["pid"], 1)
        assert (await zhang.get(entry)).status_code == 200
        assert await reads(room) == 2, "taking and looking are both written down"
        assert (await zhang.get(f"/attachments/{file}/content")).content == b"words"
        assert (await zhang.post(f"{entry}/comments", json={"body": "很好"})).status_code == 201
        assert (await li.post(f"{entry}/comments", json={"body": "谢谢"})).status_code == 201
        said = (await li.get(f"{entry}/comments")).json()["items"]
        assert [(item["author"]["name"], item["body"]) for item in said] == [("张老师", "很好"), ("李老师", "谢谢")]
        assert (await zhang.post(f"{entry}/review", json={"score": 9})).status_code == 422
        assert (await zhang.post(f"{entry}/review", json={"score": 5})).json()["score"] == 5
        assert (await zhang.put(f"{entry}/feature")).json()["featured_at"]
        assert (await zhang.delete(f"{entry}/feature")).json()["featured_at"] is None
        assert (await li.patch(entry, json={"body": LONG + "补充"})).status_code == 409, "it has a score"
        assert (await zhang.get(place, params={"waiting": True})).json()["items"] == []
        assert (await li.delete(entry)).status_code == 204
        assert (await li.get(entry)).status_code == 404


async def test_drafts_pages_and_personal_logs(room: Classroom) -> None:
    async with await client(room, room.li) as li:
        draft = (await li.post("/journal-entries", json={"body": "随手记", "draft": True})).json()
        assert (draft["state"], draft["workshop"]) == ("draft", None)
        changed = await li.patch(f"/journal-entries/{draft['pid']}", json={"body": "改过的"})
        assert changed.json()["body"] == "改过的"
        assert (await li.post(f"/journal-entries/{draft['pid']}/submission")).json()["state"] == "submitted"
        for n in range(3):
            await li.post("/journal-entries", json={"body": f"第{n}篇"})
        first = (await li.get("/journal-entries", params={"limit": 3})).json()
        assert [item["body"] for item in first["items"]] == ["第2篇", "第1篇", "第0篇"]
        rest = (await li.get("/journal-entries", params={"limit": 3, "cursor": first["next"]})).json()
        assert ([item["body"] for item in rest["items"]], rest["next"]) == (["改过的"], None)


async def test_refusals(room: Classroom) -> None:
    place = f"/workshops/{room.workshop.pid}/journal-entries"
    async with await client(room, room.li) as li, await client(room, room.zhao) as zhao:
        short = await li.post(place, json={"body": "太短"})
        assert (short.status_code, short.json()["code"], short.json()["missing"]) == (422, "journal.too_short", 19)
        assert (await li.get("/journal-entries")).json()["items"] == [], "what was refused left nothing"
        assert (await li.post(place, json={"body": "字" * 20_001})).status_code == 422
        entry = f"/journal-entries/{(await li.post(place, json={'body': LONG})).json()['pid']}"
        for method, path in [
            ("GET", entry), ("GET", f"{entry}/comments"), ("GET", place), ("POST", f"{place}/next"),
            ("PUT", f"{entry}/feature"), ("DELETE", f"{entry}/feature"),
        ]:  # fmt: skip
            assert (await zhao.request(method, path)).status_code == 403, (method, path)
        for method, body in [("PATCH", {"body": LONG}), ("DELETE", None)]:
            assert (await zhao.request(method, entry, json=body)).status_code == 404, method
        assert (await zhao.post(f"{entry}/comments", json={"body": "x"})).status_code == 403
        assert (await zhao.post(f"{entry}/review", json={"score": 1})).status_code == 403
        assert (await li.put(f"{entry}/feature")).status_code == 403
        draft = (await zhao.post(place, json={"body": "x", "draft": True})).json()["pid"]
        assert (await li.get(f"/journal-entries/{draft}")).status_code == 404, "drafts are nobody's business"
    async with await client(room, room.lu) as lu:
        assert (await lu.post(place, json={"body": LONG})).status_code == 403

    def untouched(ctx: Context) -> int:
        return ctx.session.query(Audit).filter(Audit.act.startswith("journal.")).count()

    assert await room.world.run(untouched) == 0


@pytest.mark.both_databases
async def test_nul_characters_are_refused_or_left_out(room: Classroom) -> None:
    async with await client(room, room.li) as li:
        for path in ("/journal-entries/a%00b", "/journal-entries?cursor=%00", "/attachments/%00"):
            assert (await li.get(path)).status_code in (404, 422), path
        bad = await li.post("/journal-entries", json={"body": "好", "attachments": ["\0"]})
        assert bad.status_code in (404, 422)
        assert (await li.post("/journal-entries", json={"body": "好\0的"})).json()["body"] == "好的"
    await room.li.say("日志 好\0的")
    room.li.expect("好的")
