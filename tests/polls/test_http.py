"""Open polls over /v1: the same operations, the same refusals."""

from tests.support.calling import client_of
from tests.support.quizzing import Quizzing


async def test_ask_vote_look_close_take_back(shop: Quizzing) -> None:
    guest = await shop.world.teacher("外人", shop.school)
    poll = {"community": shop.workshop.pid, "question": "周几教研？", "options": ["周二", "周三"], "multiple": True}
    async with (
        await client_of(shop.world, shop.host) as host,
        await client_of(shop.world, shop.li) as li,
        await client_of(shop.world, guest) as other,
    ):
        nowhere = await host.post("/polls", json=poll)
        assert (nowhere.status_code, nowhere.json()["code"]) == (422, "broadcast.no_room")
        await shop.world.room(shop.workshop)
        assert (await li.post("/polls", json=poll)).status_code == 403
        assert (await host.post("/polls", json={**poll, "multiple": "yes"})).status_code == 422
        assert (await host.post("/polls", json={**poll, "closes_at": "2026-12-01T08:00:00"})).status_code == 422
        made = await host.post("/polls", json={**poll, "closes_at": "2026-12-01T08:00:00Z"})
        assert made.status_code == 201, made.text
        pid = made.json()["pid"]
        voted = await li.put(f"/polls/{pid}/vote", json={"picked": [0, 1]})
        assert (voted.status_code, voted.json()["picked"], voted.json()["voters"]) == (200, [0, 1], 1)
        assert (await li.put(f"/polls/{pid}/vote", json={"picked": [2]})).json()["code"] == "poll.picked"
        assert (await li.put(f"/polls/{pid}/vote", json={"picked": ["0"]})).status_code == 422
        assert (await other.put(f"/polls/{pid}/vote", json={"picked": [0]})).status_code == 403
        for path in (f"/polls/{pid}", f"/polls/{pid}/votes"):
            assert (await other.get(path)).status_code == 404
        await host.put(f"/polls/{pid}/vote", json={"picked": [1]})
        seen = (await li.get(f"/polls/{pid}")).json()
        assert [(each["votes"], each["names"]) for each in seen["options"]] == [
            (1, ["李老师"]), (2, ["李老师", "周坊主"]),
        ]  # fmt: skip
        first = (await li.get(f"/polls/{pid}/votes", params={"limit": 1})).json()
        assert [(each["name"], each["picked"]) for each in first["items"]] == [("李老师", [0, 1])]
        rest = (await li.get(f"/polls/{pid}/votes", params={"cursor": first["next"]})).json()
        assert ([each["name"] for each in rest["items"]], rest["next"]) == (["周坊主"], None)
        assert [each["pid"] for each in (await host.get("/polls")).json()["items"]] == [pid]
        assert (await li.get("/polls")).json()["items"] == []
        assert (await li.post(f"/polls/{pid}/closing")).status_code in (403, 404)
        assert (await host.post(f"/polls/{pid}/closing")).json()["closed_at"] is not None
        assert (await li.put(f"/polls/{pid}/vote", json={"picked": []})).json()["code"] == "poll.closed"
        assert len((await li.get(f"/polls/{pid}/votes")).json()["items"]) == 2, "closed, it stays to be seen"
        gone = (await host.post(f"/polls/{pid}/withdrawal")).json()
        assert gone["withdrawn_at"] is not None and gone["voters"] == 0
        for path in (f"/polls/{pid}", f"/polls/{pid}/votes"):
            assert (await li.get(path)).status_code == 404, "it disappeared with all votes"
        assert (await host.get(f"/polls/{pid}/votes")).json()["items"] == []
        assert (await host.post(f"/polls/{pid}/withdrawal")).status_code == 409
