"""People, accounts, settings and tokens over /v1: the same operations, the same refusals."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from api.app import create_app
from api.people.requests import request_binding
from api.people.tokens import create_token
from api.people.websessions import open_web_session
from storage.people import ApiToken, Identity
from tests.support.talk import Voice, World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


@pytest.fixture
async def county(world: World) -> dict[str, Any]:
    region = await world.region()
    school, other = await world.school(region, "第一小学"), await world.school(region, "第二小学")
    people = {
        "admin": await world.teacher("周主任", school),
        "li": await world.teacher("李梅", school, staff_no="T01", subject="语文"),
        "far": await world.teacher("远方", other),
        "chief": await world.teacher("县管理员", other),
    }
    await world.appoint(people["admin"], school, "school_admin")
    await world.appoint(people["chief"], region, "region_admin")
    return {"region": region, "school": school, "other": other, **people}


async def client_of(world: World, voice: Voice, scopes: tuple[str, ...] = ("read", "write")) -> httpx2.AsyncClient:
    _, secret = await world.run(create_token, voice.person, "test", list(scopes))
    transport = httpx2.ASGITransport(app=create_app(world.runtime))
    headers = {"Authorization": f"Bearer {secret}"}
    return httpx2.AsyncClient(transport=transport, base_url="http://test", headers=headers)


async def test_who_is_there(world: World, county: dict[str, Any]) -> None:
    school = county["school"].pid
    async with await client_of(world, county["li"]) as http:
        me = (await http.get("/v1/me")).json()
        assert (me["name"], me["staff_no"], me["home"]["name"]) == ("李梅", "T01", "第一小学")
        first = (await http.get("/v1/people", params={"community": school, "limit": 1})).json()
        second = (await http.get("/v1/people", params={"community": school, "cursor": first["next"]})).json()
        assert [one["name"] for one in first["items"] + second["items"]] == ["周主任", "李梅"]
        assert second["next"] is None and second["items"][0]["staff_no"] is None
        assert second["items"][0]["school"] == "第一小学"
        hidden = (await http.get("/v1/people", params={"community": school, "q": "T01"})).json()
        assert hidden["items"] == [], "numbers are not for guessing"
        refused = await http.get("/v1/people", params={"community": county["other"].pid})
        assert refused.status_code == 403
        region = await http.get("/v1/people", params={"community": county["region"].pid})
        assert region.status_code == 403 and region.json()["code"] == "forbidden"
    workshop = await world.workshop(county["region"], "语文工坊")
    for who, role, school_shown in (("li", "member", ""), ("far", "host", "第一小学")):
        await world.join(county[who], workshop, role)
        async with await client_of(world, county[who]) as http:
            listed = (await http.get("/v1/people", params={"community": workshop.pid})).json()["items"]
            assert (listed[0]["name"], listed[0]["school"]) == ("李梅", school_shown)
    async with await client_of(world, county["chief"]) as http:
        listed = (await http.get("/v1/people", params={"community": county["region"].pid})).json()["items"]
        assert {one["school"] for one in listed} == {"第一小学", "第二小学"} and listed[1]["staff_no"] == "T01"
    async with await client_of(world, county["admin"]) as http:
        found = (await http.get("/v1/people", params={"community": school, "q": "T01"})).json()
        assert [one["staff_no"] for one in found["items"]] == ["T01"]


async def test_claim_codes(world: World, county: dict[str, Any]) -> None:
    li, school = county["li"].person.pid, county["school"].pid
    async with await client_of(world, county["admin"]) as http:
        one = await http.post(f"/v1/people/{li}/claim-codes", headers={"Idempotency-Key": "once"})
        assert one.status_code == 201 and one.json()["link"].endswith(f"/c/{one.json()['code']}")
        again = await http.post(f"/v1/people/{li}/claim-codes", headers={"Idempotency-Key": "once"})
        forgotten = (409, "idempotency.forgotten")
        assert (again.status_code, again.json()["code"]) == forgotten, "a repeat makes no second code, keeps no secret"
        everybody = await http.post(f"/v1/schools/{school}/claim-codes")
        assert (everybody.status_code == 404 and "已有账号" in everybody.json()["detail"]) or "账号" in everybody.text
        chief = await http.post(f"/v1/people/{county['chief'].person.pid}/claim-codes")
        assert chief.status_code in (403, 404), "a school gives out no code for the county's administrator"
        far = await http.post(f"/v1/people/{county['far'].person.pid}/claim-codes")
        assert far.status_code == 404
    async with await client_of(world, county["li"]) as http:
        assert (await http.post(f"/v1/people/{li}/claim-codes")).status_code == 403


async def test_binding_requests(world: World, county: dict[str, Any]) -> None:
    someone = await world.teacher("小梅", bound=False)

    def ask(ctx: Any) -> str:
        identity = ctx.session.query(Identity).filter_by(native=someone.native).one()
        return request_binding(ctx, identity, county["school"].pid, "李梅").pid

    pid = await world.run(ask)
    school = county["school"].pid
    async with await client_of(world, county["li"]) as http:
        assert (await http.get("/v1/binding-requests", params={"community": school})).status_code == 403
        assert (await http.post(f"/v1/binding-requests/{pid}/approve", json={})).status_code == 404
    async with await client_of(world, county["admin"]) as http:
        (listed,) = (await http.get("/v1/binding-requests", params={"community": school})).json()["items"]
        assert (listed["pid"], listed["name"], listed["account"], listed["state"]) == (pid, "李梅", "小梅", "open")
        li = county["li"].person.pid
        done = await http.post(f"/v1/binding-requests/{pid}/approve", json={"person": li})
        assert done.status_code == 200 and (done.json()["state"], done.json()["person"]) == ("approved", li)
        twice = await http.post(f"/v1/binding-requests/{pid}/decline")
        assert twice.status_code == 409 and "周主任" in twice.json()["detail"]


async def test_accounts_and_devices(world: World, county: dict[str, Any]) -> None:
    li = county["li"]
    session, _ = await world.run(open_web_session, li.person, "平板")
    async with await client_of(world, li) as http:
        accounts = (await http.get("/v1/accounts")).json()["items"]
        assert sorted(one["platform"] for one in accounts) == ["paper", "web"]
        devices = (await http.get("/v1/devices")).json()["items"]
        assert [one["device"] for one in devices] == ["平板"]
        async with await client_of(world, county["far"]) as stranger:
            assert (await stranger.delete(f"/v1/devices/{session.pid}")).status_code == 404
            assert (await stranger.delete(f"/v1/accounts/{accounts[0]['pid']}")).status_code == 404
        assert (await http.delete(f"/v1/devices/{session.pid}")).status_code == 204
        assert (await http.get("/v1/devices")).json()["items"] == []
        web = next(one for one in accounts if one["platform"] == "web")
        assert (await http.delete(f"/v1/accounts/{web['pid']}")).status_code == 204
        assert (await http.post(f"/v1/accounts/{web['pid']}/undo")).status_code == 404


async def test_settings(world: World, county: dict[str, Any]) -> None:
    async with await client_of(world, county["li"]) as http:
        assert (await http.get("/v1/settings")).json() == {
            "language": "zh_CN", "quiet_hours": "default", "zone": None, "home": None, "relayed": True,
        }  # fmt: skip
        account = (await http.get("/v1/accounts")).json()["items"][0]["pid"]
        body = {"language": "en", "quiet_hours": "22:00-6:30", "zone": "Asia/Urumqi", "home": account, "relayed": False}
        changed = (await http.patch("/v1/settings", json=body)).json()
        assert changed == {**body, "quiet_hours": "22:00-06:30"}
        assert (await http.patch("/v1/settings", json={"quiet_hours": "never"})).json()["zone"] == "Asia/Urumqi"
        assert (await http.patch("/v1/settings", json={"zone": None, "home": None})).json()["home"] is None
        for wrong in ({"language": "xx"}, {"quiet_hours": "late"}, {"zone": "../etc/passwd"}, {"relayed": "no"}):
            assert (await http.patch("/v1/settings", json=wrong)).status_code == 422, wrong
        assert (await http.patch("/v1/settings", json={"home": "nothing"})).status_code == 404


async def test_tokens(world: World, county: dict[str, Any]) -> None:
    async with await client_of(world, county["li"]) as http:
        made = await http.post("/v1/tokens", json={"name": "脚本", "scopes": ["read"], "days": 30})
        assert made.status_code == 201
        secret, pid = made.json()["secret"], made.json()["pid"]
        assert "secret" not in (await http.get("/v1/tokens")).text
        async with httpx2.AsyncClient(transport=http._transport, base_url="http://test") as fresh:
            fresh.headers["Authorization"] = f"Bearer {secret}"
            assert (await fresh.get("/v1/me")).status_code == 200
            assert (await fresh.patch("/v1/settings", json={})).status_code == 403
            async with await client_of(world, county["far"]) as stranger:
                assert (await stranger.delete(f"/v1/tokens/{pid}")).status_code == 404
            assert (await http.delete(f"/v1/tokens/{pid}")).status_code == 204
            assert (await fresh.get("/v1/me")).status_code == 401
        assert (await http.post("/v1/tokens", json={"name": "x", "scopes": ["root"]})).status_code == 422
    async with await client_of(world, county["li"], ("write",)) as http:
        more = await http.post("/v1/tokens", json={"name": "x", "scopes": ["read", "write"]})
        assert more.status_code == 403, "a token gives nobody more than it has"
        assert (await http.post("/v1/tokens", json={"name": "x", "scopes": ["write"]})).status_code == 201
    assert await world.run(lambda ctx: ctx.session.query(ApiToken).filter(ApiToken.hash.like("gf_%")).count()) == 0


async def test_a_token_ends_with_the_one_that_made_it(world: World, county: dict[str, Any]) -> None:
    li = county["li"]
    first, secret = await world.run(create_token, li.person, "今天", ["read", "write"], 1)
    transport = httpx2.ASGITransport(app=create_app(world.runtime))

    async def ask(secret: str, method: str, path: str, **how: Any) -> httpx2.Response:
        async with httpx2.AsyncClient(transport=transport, base_url="http://test/v1") as http:
            return await http.request(method, path, headers={"Authorization": f"Bearer {secret}"}, **how)

    async def make(secret: str) -> Any:
        body = {"name": "排课", "scopes": ["read", "write"], "days": 365}
        return (await ask(secret, "POST", "/tokens", json=body)).json()

    child = await make(secret)
    grandchild = await make(child["secret"])
    other, apart = await world.run(create_token, li.person, "别的", ["read"])
    assert child["expires_at"] == grandchild["expires_at"] == "2026-11-24T02:00:00Z", "never later than its parent"
    assert (await ask(grandchild["secret"], "DELETE", f"/tokens/{first.pid}")).status_code == 204
    for ended in (secret, child["secret"], grandchild["secret"]):
        assert (await ask(ended, "GET", "/me")).status_code == 401
        assert (await ask(ended, "POST", "/tokens", json={"name": "又一个"})).status_code == 401
    assert [one["pid"] for one in (await ask(apart, "GET", "/tokens")).json()["items"]] == [other.pid]
