"""Progress over /v1."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from api.app import create_app
from api.context import Context
from api.people.tokens import create_token
from api.records.service import record
from api.reminders.rules import RuleWish, create_rule
from storage.people import Audit, Person
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


def read_by(ctx: Context) -> list[str]:
    """Who read members' progress."""
    query = ctx.session.query(Person.name).join(Audit, Audit.actor_id == Person.id)
    return [name for (name,) in query.filter(Audit.act == "progress.read")]


async def test_mine_and_the_members(world: World) -> None:
    county = await world.region()
    workshop = await world.workshop(county, "语文工坊")
    host, zhang = await world.teacher("王坊主"), await world.teacher("张老师")
    await world.join(host, workshop, "host")
    await world.join(zhang, workshop)
    rule = await world.run(create_rule, workshop.pid, RuleWish(), actor=host)

    def hand_in(ctx: Context) -> None:
        record(ctx, "journal.submitted", "journal_entry:a", workshop)

    await world.run(hand_in, actor=zhang)
    url = f"/v1/workshops/{workshop.pid}"
    async with await client_of(world, host) as http, await client_of(world, zhang) as member:
        mine = (await member.get("/v1/me/progress")).json()
        assert mine["this_week"] == mine["since_ever"] == {"journal.submitted": 1}
        [due] = mine["workshops"][0]["dues"]
        assert (due["done"], due["needed"], due["due"]) == (1, 2, "2026-11-27T10:00:00Z")
        page = (await http.get(f"{url}/progress", params={"limit": 1})).json()
        assert page["items"][0]["name"] == "王坊主" and page["items"][0]["handed_in"] == {}
        rest = (await http.get(f"{url}/progress", params={"cursor": page["next"]})).json()
        assert rest["items"][0]["handed_in"] == {rule.pid: 1} and rest["items"][0]["last_day"] == "2026-11-23"
        assert (await member.get(f"{url}/progress")).status_code == 403
        assert await world.run(read_by) == ["王坊主", "王坊主"], "each reading of others' work leaves a trace"
        assert (await member.post(f"{url}/progress-sheets")).status_code == 403
        sheet = await http.post(f"{url}/progress-sheets")
        assert sheet.status_code == 201, sheet.text
        content = f"/v1/attachments/{sheet.json()['pid']}/content"
        assert (await http.get(content)).content.startswith(b"PK")
        assert (await member.get(content)).status_code == 404
