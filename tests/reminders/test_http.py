"""Reminders, rules and excuses over /v1: the same operations, the same refusals."""

from datetime import datetime

import httpx2

from api.app import create_app
from api.people.tokens import create_token
from storage.people import Audit
from tests.reminders.conftest import Town
from tests.support.talk import Voice


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00")


async def client_of(town: Town, voice: Voice) -> httpx2.AsyncClient:
    _, secret = await town.world.run(create_token, voice.person, "test", ["read", "write"])
    transport = httpx2.ASGITransport(app=create_app(town.world.runtime))
    headers = {"Authorization": f"Bearer {secret}"}
    return httpx2.AsyncClient(transport=transport, base_url="http://test", headers=headers)


async def test_my_reminders(town: Town) -> None:
    async with await client_of(town, town.zhang) as http, await client_of(town, town.li) as other:
        wish = {"matter": "交表", "due": "2026-11-24T09:00:00+08:00", "rrule": "FREQ=DAILY", "skip_holidays": True}
        made = await http.post("/v1/reminders", json=wish, headers={"Idempotency-Key": "one"})
        assert made.status_code == 201, made.text
        again = await http.post("/v1/reminders", json=wish, headers={"Idempotency-Key": "one"})
        assert again.json()["pid"] == made.json()["pid"]
        await http.post("/v1/reminders", json={"matter": "第二", "due": "2026-11-25T09:00:00Z"})
        page = (await http.get("/v1/reminders", params={"limit": 1})).json()
        assert [row["matter"] for row in page["items"]] == ["交表"]
        rest = (await http.get("/v1/reminders", params={"limit": 1, "cursor": page["next"]})).json()
        assert [row["matter"] for row in rest["items"]] == ["第二"] and rest["next"] is None
        url = f"/v1/reminders/{made.json()['pid']}"
        assert (await other.get(url)).status_code == 404
        assert (await other.delete(url)).status_code == 404
        town.world.set_time(at("2026-11-24T09:00"))
        await town.tick()
        assert (await http.get(url)).json()["rang_at"] is not None
        snoozed = await http.post(f"{url}/snooze", json={"by": "10"})
        assert datetime.fromisoformat(snoozed.json()["next_at"]) == at("2026-11-24T09:10")
        assert (await http.post(f"{url}/done")).status_code == 200
        assert (await http.delete(url)).status_code == 204
        assert (await http.get(url)).json()["next_at"] is None
        for wrong in [{"due": "2026-11-24T09:00:00"}, {"due": "0001-01-01T00:00:00+08:00"}, {"matter": "\x00 "},
                      {"rrule": "FREQ=SECONDLY"}, {"due": "2020-01-01T00:00:00Z"}]:  # fmt: skip
            assert (await http.post("/v1/reminders", json={**wish, **wrong})).status_code == 422, wrong


async def test_rules_of_a_workshop(town: Town) -> None:
    url = f"/v1/workshops/{town.workshop.pid}/reminder-rules"
    async with await client_of(town, town.host) as http, await client_of(town, town.li) as member:
        made = await http.post(url, json={"needed": 2, "due_weekday": 4})
        assert made.status_code == 201, made.text
        assert made.json()["next_at"] == "2026-11-26T09:00:00Z"
        assert [row["needed"] for row in (await member.get(url)).json()["items"]] == [2]
        rule = f"/v1/reminder-rules/{made.json()['pid']}"
        assert (await member.post(url, json={"due_weekday": 4})).status_code == 403
        for method, path in [("POST", f"{rule}/pause"), ("DELETE", rule), ("GET", f"{rule}/missing")]:
            answer = await member.request(method, path)
            assert answer.status_code == 403 and "坊主" in answer.json()["detail"], path
        missing = (await http.get(f"{rule}/missing")).json()
        assert {person["name"] for person in missing["people"]} == {"张老师", "李老师"}
        assert (await http.post(f"{rule}/pause")).json()["paused_at"] is not None
        assert (await http.post(f"{rule}/resume")).json()["next_at"] is not None
        assert (await http.delete(rule)).status_code == 204
        assert (await http.get(url)).json()["items"] == []
        for wrong in [{"due_weekday": 4, "due_on": "2026-12-01"}, {}, {"due_weekday": 4, "verb": "x"},
                      {"due_weekday": 4, "due_time": "24:00"}]:  # fmt: skip
            assert (await http.post(url, json=wrong)).status_code == 422, wrong

    def audited(ctx):  # type: ignore[no-untyped-def]
        return ctx.session.query(Audit).filter_by(act="rule.missing_read").count()

    assert await town.world.run(audited) == 1


async def test_excuses(town: Town) -> None:
    wish = {"workshop": town.workshop.pid, "since": "2026-11-24", "until": "2026-11-26", "reason": "病"}
    async with await client_of(town, town.host) as http, await client_of(town, town.li) as li:
        made = await li.post("/v1/excuses", json=wish)
        assert made.status_code == 201 and made.json()["state"] == "open"
        assert (await li.post("/v1/excuses", json=wish)).status_code == 409
        url = f"/v1/excuses/{made.json()['pid']}"
        async with await client_of(town, town.zhang) as stranger:
            assert (await stranger.get(url)).status_code == 403
            assert (await stranger.get(f"/v1/workshops/{town.workshop.pid}/excuses")).status_code == 403
        assert (await li.patch(url, json={"state": "approved"})).status_code == 403
        assert (await http.patch(url, json={"state": "approved"})).json()["state"] == "approved"
        assert (await http.patch(url, json={"state": "declined"})).json()["state"] == "approved"
        assert (await li.patch(url, json={"state": "withdrawn"})).json()["state"] == "withdrawn"
        granted = await http.post("/v1/excuses", json={**wish, "person": town.zhang.person.pid})
        assert granted.json()["state"] == "approved"
        assert (await li.post("/v1/excuses", json={**wish, "person": town.zhang.person.pid})).status_code == 403
        there = (await http.get(f"/v1/workshops/{town.workshop.pid}/excuses", params={"limit": 1})).json()
        assert there["items"][0]["person"]["name"] == "张老师" and there["next"]
        assert len((await li.get("/v1/excuses")).json()["items"]) == 1
        for wrong in [{"until": "2026-11-20"}, {"since": "2026-11-25", "until": "2026-11-24"}, {"until": "9999-12-31"}]:
            assert (await li.post("/v1/excuses", json={**wish, **wrong})).status_code == 422, wrong


async def test_days_of_a_region(town: Town) -> None:
    admin = await town.world.teacher("县管理员", town.school)
    await town.world.appoint(admin, town.county, "region_admin")
    url = f"/v1/regions/{town.county.pid}/holidays"
    async with await client_of(town, admin) as http, await client_of(town, town.li) as li:
        assert (await http.put(f"{url}/2026-11-27", json={"works": False, "note": "运动会"})).status_code == 200
        assert (await http.put(f"{url}/2026-11-27", json={"works": True})).json()["works"] is True
        assert [row["day"] for row in (await li.get(url)).json()["items"]] == ["2026-11-27"]
        assert (await li.put(f"{url}/2026-11-28", json={"works": True})).status_code == 403
        assert (await http.delete(f"{url}/2026-11-27")).status_code == 204
        assert (await http.get(url)).json()["items"] == []
        here = f"/v1/regions/{town.workshop.pid}/holidays/2026-11-27"
        assert (await http.put(here, json={"works": True})).status_code == 422
