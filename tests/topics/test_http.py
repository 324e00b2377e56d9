"""Topics over /v1: the same operations, the same refusals."""

from collections.abc import AsyncIterator

import pytest

from tests.support.calling import client_of
from tests.support.discussing import two_workshops
from tests.support.talk import World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


async def test_open_invite_accept_leave_close(world: World) -> None:
    two = await two_workshops(world)
    body = {"community": two.chinese.pid, "title": "古诗", "text": "谈谈"}
    async with (
        await client_of(world, two.wang) as boss,
        await client_of(world, two.li) as member,
        await client_of(world, two.zhao) as other,
        await client_of(world, two.chen) as pupil,
        await client_of(world, two.guest) as guest,
    ):
        assert (await member.post("/topics", json=body)).status_code == 403
        assert (await boss.post("/topics", json={**body, "title": " "})).json()["code"] == "topic.no_title"
        made = await boss.post("/topics", json=body, headers={"Idempotency-Key": "once"})
        assert made.status_code == 201, made.text
        pid = made.json()["pid"]
        again = await boss.post("/topics", json=body, headers={"Idempotency-Key": "once"})
        assert again.json()["pid"] == pid
        assert (made.json()["places"], made.json()["invited"]) == ([{"pid": two.chinese.pid, "name": "语文工坊"}], [])
        assert (await member.get(f"/topics/{pid}")).json()["invited"] is None
        for stranger in (other, pupil, guest):
            for path in (f"/topics/{pid}", f"/topics/{pid}/posts", f"/topics/{pid}/workshops"):
                assert (await stranger.get(path)).status_code == 404
            assert (await stranger.get("/topics")).json()["items"] == []

        found = (await boss.get(f"/topics/{pid}/workshops", params={"q": "数"})).json()["items"]
        assert [one["pid"] for one in found] == [two.maths.pid]
        invitations = f"/topics/{pid}/invitations"
        assert (await member.post(invitations, json={"workshops": [two.maths.pid]})).status_code == 403
        assert (await boss.post(invitations, json={"workshops": []})).status_code == 422
        invited = await boss.post(invitations, json={"workshops": [two.maths.pid]})
        assert (invited.status_code, invited.json()["items"][0]["state"]) == (201, "invited"), invited.text
        assert (await boss.post(invitations, json={"workshops": [two.maths.pid]})).json()["code"] == "topic.invited"
        waiting = (await other.get("/topic-invitations")).json()["items"]
        assert [(one["topic"], one["title"], one["workshop"]["name"]) for one in waiting] == [(pid, "古诗", "数学工坊")]
        for nobody in (boss, pupil, guest):
            assert (await nobody.get("/topic-invitations")).json()["items"] == []

        assert (await boss.delete(f"{invitations}/{two.maths.pid}")).status_code == 204
        decision, yes = f"/topics/{pid}/decision", {"workshop": two.maths.pid, "accept": True}
        assert (await other.post(decision, json=yes)).status_code == 404
        lately = await boss.post(invitations, json={"workshops": [two.maths.pid]})
        assert (lately.status_code, lately.json()["code"]) == (409, "topic.asked_lately")
        world.pass_time(days=1)
        await boss.post(invitations, json={"workshops": [two.maths.pid]})
        assert (await pupil.post(decision, json=yes)).status_code == 403
        assert (await other.post(decision, json={**yes, "accept": False})).json()["state"] == "declined"
        assert (await other.post(decision, json=yes)).status_code == 409
        world.pass_time(days=1)
        await boss.post(invitations, json={"workshops": [two.maths.pid]})
        assert (await other.post(decision, json=yes)).json()["state"] == "accepted"
        seen = (await pupil.get(f"/topics/{pid}")).json()
        assert [one["name"] for one in seen["places"]] == ["语文工坊", "数学工坊"]
        assert (await guest.get(f"/topics/{pid}")).status_code == 404

        assert (await pupil.delete(f"/topics/{pid}/workshops/{two.maths.pid}")).status_code == 403
        assert (await other.delete(f"/topics/{pid}/workshops/{two.maths.pid}")).status_code == 204
        assert (await pupil.get(f"/topics/{pid}")).status_code == 404
        assert (await member.post(f"/topics/{pid}/closing")).status_code == 403
        assert (await boss.post(f"/topics/{pid}/closing")).json()["closed_at"]
        assert (await boss.post(f"/topics/{pid}/closing")).status_code == 409


async def test_pages_of_topics(world: World) -> None:
    two = await two_workshops(world)
    async with await client_of(world, two.wang) as boss:
        for n in range(3):
            await boss.post("/topics", json={"community": two.chinese.pid, "title": f"第{n}个"})
        first = (await boss.get("/topics", params={"limit": 2})).json()
        rest = (await boss.get("/topics", params={"limit": 2, "cursor": first["next"]})).json()
        assert [one["title"] for one in [*first["items"], *rest["items"]]] == ["第2个", "第1个", "第0个"]
        assert rest["next"] is None
