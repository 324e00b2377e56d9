"""Resources and pushes over /v1: the same operations, the same refusals."""

from collections.abc import AsyncIterator

import pytest

from tests.resources.test_chat import unbind
from tests.support.calling import client_of
from tests.support.talk import World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


async def test_share_find_change_push_open(world: World) -> None:
    county = await world.region()
    workshop = await world.workshop(county, "语文工坊")
    host, li = await world.teacher("周坊主"), await world.teacher("李老师", subject="语文")
    guest = await world.teacher("外人")
    await world.join(host, workshop, "host")
    await world.join(li, workshop)
    async with (
        await client_of(world, host) as boss,
        await client_of(world, li) as teacher,
        await client_of(world, guest) as other,
    ):
        upload = (await teacher.post("/attachments", params={"name": "教案.docx"}, content=b"1")).json()["pid"]
        fields = {"community": workshop.pid, "title": "草船借箭", "kind": "lesson_plan", "files": [upload]}
        made = await teacher.post("/resources", json=fields)
        assert made.status_code == 201, made.text
        pid = made.json()["pid"]
        assert (made.json()["subject"], made.json()["author"], made.json()["version"]) == ("语文", "李老师", 1)
        assert (await teacher.post("/resources", json=fields)).status_code == 404  # the upload is taken
        assert (await other.post("/resources", json={**fields, "files": [], "text": "x"})).status_code == 403

        found = (await boss.get("/resources", params={"q": "借箭"})).json()["items"]
        assert [item["pid"] for item in found] == [pid]
        assert (await other.get("/resources", params={"q": "借箭"})).json()["items"] == []
        assert (await other.get(f"/resources/{pid}")).status_code == 403
        assert (await boss.get(f"/attachments/{upload}")).status_code == 200
        assert (await other.get(f"/attachments/{upload}")).status_code == 404
        changed = (await teacher.patch(f"/resources/{pid}", json={"text": "修订", "tags": ["三国"]})).json()
        assert (changed["version"], changed["tags"], changed["title"]) == (2, ["三国"], "草船借箭")
        assert (await other.patch(f"/resources/{pid}", json={"text": "坏"})).status_code == 403
        newer = (await teacher.post("/attachments", params={"name": "教案2.docx"}, content=b"2")).json()["pid"]
        changed = (await teacher.patch(f"/resources/{pid}", json={"files": [newer]})).json()
        assert (changed["version"], changed["files"]) == (3, [newer])
        assert (await boss.get(f"/attachments/{newer}")).status_code == 200, "new files stay"
        assert (await boss.get(f"/attachments/{upload}")).status_code == 404, "replaced ones go"

        wanted = {"resource": pid, "community": workshop.pid, "place": "people"}
        assert (await teacher.post("/pushes", json=wanted)).status_code == 403
        sent = await boss.post("/pushes", json=wanted)
        assert sent.status_code == 201, sent.text
        push = sent.json()["pid"]
        await world.settle()
        li.expect("周坊主推荐了一个资源")
        assert (await teacher.post(f"/pushes/{push}/openings")).json()["text"] == "修订"
        assert (await teacher.post(f"/pushes/{push}/openings")).status_code == 201
        assert (await other.post(f"/pushes/{push}/openings")).status_code == 403
        seen = (await boss.get(f"/pushes/{push}")).json()
        assert (seen["opened"], seen["reached"], seen["deliveries"]) == (1, 1, {"sent": 1})
        assert (await teacher.get(f"/pushes/{push}")).json()["opened"] is None
        assert (await teacher.get(f"/pushes/{push}/lost")).status_code == 404
        assert (await boss.get(f"/pushes/{push}/lost")).json() == {"people": [], "n": 0}
        assert [item["pid"] for item in (await boss.get("/pushes")).json()["items"]] == [push]
        assert (await boss.post(f"/pushes/{push}/withdrawal")).status_code == 201
        assert (await teacher.post(f"/pushes/{push}/openings")).status_code == 409

        assert (await other.delete(f"/resources/{pid}")).status_code == 403
        assert (await teacher.delete(f"/resources/{pid}")).status_code == 204
        assert (await teacher.get(f"/resources/{pid}")).status_code == 404
        assert (await boss.post("/pushes", json=wanted)).status_code == 404


async def test_whom_it_did_not_reach_has_the_state_and_the_reason(world: World) -> None:
    workshop = await world.workshop(await world.region(), "语文工坊")
    host, li = await world.teacher("周坊主"), await world.teacher("李老师")
    await world.join(host, workshop, "host")
    await world.join(li, workshop)
    await world.run(unbind, li.person.id)
    async with await client_of(world, host) as boss:
        fields = {"community": workshop.pid, "title": "课件", "text": "一"}
        pid = (await boss.post("/resources", json=fields)).json()["pid"]
        wanted = {"resource": pid, "community": workshop.pid, "place": "people"}
        push = (await boss.post("/pushes", json=wanted)).json()["pid"]
        await world.settle()
        lost = (await boss.get(f"/pushes/{push}/lost")).json()
    assert lost == {"people": [{"name": "李老师", "state": "unreachable", "reason": "no_account"}], "n": 1}


async def test_what_was_pushed_elsewhere_is_seen_by_who_opened_it(world: World) -> None:
    county = await world.region()
    mine, theirs = await world.workshop(county, "甲工坊"), await world.workshop(county, "乙工坊")
    host, li = await world.teacher("周坊主"), await world.teacher("李老师")
    await world.join(host, mine, "host")
    await world.join(host, theirs, "host")
    await world.join(li, theirs)
    async with await client_of(world, host) as boss, await client_of(world, li) as teacher:
        upload = (await boss.post("/attachments", params={"name": "课件.pptx"}, content=b"1")).json()["pid"]
        fields = {"community": mine.pid, "title": "课件", "files": [upload]}
        pid = (await boss.post("/resources", json=fields)).json()["pid"]
        wanted = {"resource": pid, "community": theirs.pid, "place": "people"}
        push = (await boss.post("/pushes", json=wanted)).json()["pid"]
        assert (await teacher.get(f"/attachments/{upload}")).status_code == 404
        assert (await teacher.post(f"/pushes/{push}/openings")).json()["files"] == [upload]
        assert (await teacher.get(f"/attachments/{upload}")).status_code == 200
        assert (await teacher.get(f"/resources/{pid}")).status_code == 403
        await boss.post(f"/pushes/{push}/withdrawal")
        assert (await teacher.get(f"/attachments/{upload}")).status_code == 404
