"""Notices over /v1: the same operations, the same refusals."""

from collections.abc import AsyncIterator

import pytest

from tests.support.calling import client_of
from tests.support.talk import World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


async def test_send_receive_remind_withdraw(world: World) -> None:
    county = await world.region()
    school = await world.school(county, "第一小学")
    admin = await world.teacher("王校长", school)
    await world.appoint(admin, school, "principal")
    li, zhang = await world.teacher("李老师", school), await world.teacher("张老师", school)
    guest = await world.teacher("外人", await world.school(county, "第二小学"))
    notice = {"community": school.pid, "text": "开会", "place": "people"}
    async with (
        await client_of(world, admin) as boss,
        await client_of(world, li) as teacher,
        await client_of(world, guest) as other,
    ):
        assert (await teacher.post("/notices", json=notice)).status_code == 403
        nowhere = await boss.post("/notices", json={**notice, "place": "rooms"})
        assert (nowhere.status_code, nowhere.json()["code"]) == (422, "broadcast.no_room")
        naive = await boss.post("/notices", json={**notice, "release_at": "2026-12-01T08:00:00"})
        assert naive.status_code == 422
        far = await boss.post("/notices", json={**notice, "release_at": "2036-12-01T08:00:00Z"})
        assert far.json()["code"] == "broadcast.too_far"
        keyed = {"Idempotency-Key": "once"}
        made = await boss.post("/notices", json=notice, headers=keyed)
        assert made.status_code == 201, made.text
        again = await boss.post("/notices", json=notice, headers=keyed)
        pid = made.json()["pid"]
        assert again.json()["pid"] == pid
        assert (made.json()["reached"], made.json()["received"]) == (2, 0)
        await world.settle()
        li.expect("开会")

        assert (await teacher.post(f"/notices/{pid}/receipts")).json() == {"notice": pid, "first": True}
        assert (await teacher.post(f"/notices/{pid}/receipts")).json()["first"] is False
        assert (await teacher.get(f"/notices/{pid}")).json()["received"] is None
        assert (await other.post(f"/notices/{pid}/receipts")).status_code == 403
        assert (await other.get(f"/notices/{pid}")).status_code == 404
        assert (await teacher.get(f"/notices/{pid}/missing")).status_code == 404
        missing = (await boss.get(f"/notices/{pid}/missing")).json()
        assert (missing["n"], missing["people"][0]["name"]) == (1, "张老师")
        assert (await teacher.post(f"/notices/{pid}/reminders")).status_code == 404
        assert (await boss.post(f"/notices/{pid}/reminders")).json() == {"reminded": 1}
        assert (await boss.post(f"/notices/{pid}/reminders")).json() == {"reminded": 0}
        await world.settle()
        zhang.expect("还在等你点“收到”")

        assert (await teacher.post(f"/notices/{pid}/withdrawal")).status_code == 403
        assert (await boss.post(f"/notices/{pid}/withdrawal")).json()["withdrawn_at"]
        assert (await boss.post(f"/notices/{pid}/withdrawal")).status_code == 409
        assert (await boss.post(f"/notices/{pid}/reminders")).status_code == 409
        await world.settle()
        assert any("已撤回" in sheet.text for sheet in li.sheets())


async def test_pages_of_what_was_sent(world: World) -> None:
    school = await world.school(await world.region(), "第一小学")
    admin = await world.teacher("王校长", school)
    await world.appoint(admin, school, "principal")
    async with await client_of(world, admin) as boss:
        for n in range(3):
            answer = await boss.post("/notices", json={"community": school.pid, "text": f"第{n}条", "place": "people"})
            assert answer.status_code == 201
        first = (await boss.get("/notices", params={"limit": 2})).json()
        rest = (await boss.get("/notices", params={"limit": 2, "cursor": first["next"]})).json()
        assert [item["text"] for item in [*first["items"], *rest["items"]]] == ["第2条", "第1条", "第0条"]
        assert rest["next"] is None


async def test_one_notice_to_several_communities(world: World) -> None:
    county = await world.region()
    first, second = await world.school(county, "第一小学"), await world.school(county, "第二小学")
    officer, head = await world.teacher("县管理员"), await world.teacher("王校长", first)
    await world.appoint(officer, county, "region_admin")
    await world.appoint(head, first, "principal")
    li = await world.teacher("李老师", second)
    notice = {"communities": [first.pid, second.pid], "text": "开会", "place": "people"}
    async with (
        await client_of(world, officer) as boss,
        await client_of(world, head) as principal,
        await client_of(world, li) as teacher,
    ):
        assert (await principal.post("/notices", json=notice)).status_code == 403
        assert (await boss.post("/notices", json={"text": "开会"})).json()["code"] == "broadcast.nowhere"
        made = await boss.post("/notices", json={**notice, "community": first.pid})
        assert made.status_code == 201, made.text
        assert (made.json()["community"], made.json()["communities"]) == (first.pid, [first.pid, second.pid])
        assert made.json()["reached"] == 2
        read = (await teacher.get(f"/notices/{made.json()['pid']}")).json()
        assert (read["community"], read["communities"]) == (second.pid, [second.pid])
        assert (await principal.post(f"/notices/{made.json()['pid']}/withdrawal")).status_code == 403
