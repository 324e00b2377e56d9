"""The same operations over /v1."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from api.app import create_app
from api.people.tokens import create_token
from tests.support.county import County
from tests.support.talk import Voice


@asynccontextmanager
async def as_(county: County, voice: Voice) -> AsyncIterator[httpx2.AsyncClient]:
    _, secret = await county.run(create_token, voice.person, "test", ["read", "write"])
    transport = httpx2.ASGITransport(app=create_app(county.world.runtime))
    headers = {"Authorization": f"Bearer {secret}"}
    async with httpx2.AsyncClient(transport=transport, base_url="http://test/v1", headers=headers) as client:
        yield client


async def test_a_workshop_from_opening_to_archive(county: County) -> None:
    async with as_(county, county.zhou) as zhou, as_(county, county.li) as li:
        body = {"parent": county.county.pid, "name": "数学工坊", "policy": "open", "cohosts": [county.chen.pid]}
        key = {"Idempotency-Key": "one"}
        made = await zhou.post("/workshops", json=body, headers=key)
        assert made.status_code == 201, made.text
        w = made.json()["pid"]
        assert (await zhou.post("/workshops", json=body, headers=key)).json()["pid"] == w
        assert (await li.post("/workshops", json=body)).status_code == 403
        refused = (await li.post("/workshops", json={**body, "name": "  "})).json()
        assert refused["status"] == 403 and "region_admin" in refused["who"]
        code = made.json()["join_code"]
        joined = await li.post("/join", json={"code": code})
        assert (joined.status_code, joined.json()["status"]) == (201, "active")
        assert (await li.post("/join", json={"code": code})).json()["code"] == "membership.already"
        seen = (await li.get(f"/workshops/{w}")).json()
        assert (seen["hosts"], seen["counts"], seen["join_code"]) == (["周老师"], {"active": 2}, None)
        assert seen["may"] == ["contribute", "hear", "see", "take_part"]
        changed = await zhou.patch(f"/workshops/{w}", json={"rules": {"log_min_chars": 30}, "about": "每周一课"})
        assert (changed.json()["rules"]["log_min_chars"], changed.json()["name"]) == (30, "数学工坊")
        assert (await zhou.patch(f"/workshops/{w}", json={"rules": {"x": 1}})).json()["code"] == "rules.unknown"
        assert (await li.patch(f"/workshops/{w}", json={"name": "我的"})).status_code == 403
        assert (await zhou.post(f"/workshops/{w}/join-code")).json()["join_code"] != code
        qr = await li.get(f"/workshops/{w}/join-qr", params={"kind": "png"})
        assert qr.headers["content-type"] == "image/png" and qr.content.startswith(b"\x89PNG")
        assert (await zhou.post(f"/workshops/{w}/archive")).json()["archived_at"]
        seen = (await li.get(f"/workshops/{w}")).json()
        assert seen["archived_at"] and seen["may"] == ["see"], "it is read, and no more"
        assert (await li.get(f"/communities/{w}")).json()["archived_at"]
        refused = await zhou.patch(f"/workshops/{w}", json={"about": "还想改"})
        assert (refused.status_code, refused.json()["code"]) == (409, "community.archived")
    async with as_(county, county.wang) as wang:
        assert (await wang.get(f"/workshops/{w}")).status_code in (403, 404)


async def test_a_picture_over_http(county: County) -> None:
    async with as_(county, county.wang) as wang, as_(county, county.li) as li:
        async def upload(who: Any, kind: str) -> str:
            made = await who.post("/attachments", content=b"x", params={"name": "a.jpg", "kind": kind},
                                  headers={"Content-Type": "image/jpeg"})  # fmt: skip
            return str(made.json()["pid"])

        path, photo = f"/communities/{county.w}", await upload(wang, "photo")
        assert (await li.patch(path, json={"picture": await upload(li, "photo")})).status_code == 403
        assert (await wang.patch(path, json={"picture": await upload(li, "photo")})).status_code == 404
        wrong = await wang.patch(path, json={"picture": await upload(wang, "document")})
        assert (wrong.status_code, wrong.json()["code"]) == (422, "community.picture")
        assert (await wang.patch(path, json={"picture": photo})).json()["picture"] == photo
        assert (await wang.patch(path, json={"picture": photo})).json()["picture"] == photo, "again changes nothing"
        assert (await wang.get(path)).json()["picture"] == photo
        assert (await li.get(f"/attachments/{photo}")).status_code == 404
        assert (await wang.patch(path, json={})).status_code == 422
        assert (await wang.patch(path, json={"picture": None})).json()["picture"] is None


async def test_members_over_http(county: County) -> None:
    path = f"/communities/{county.w}/memberships"
    async with as_(county, county.wang) as wang, as_(county, county.chen) as chen, as_(county, county.li) as li:
        assert [one["pid"] for one in (await chen.get("/joinable-workshops")).json()["items"]] == [county.w]
        asked = await chen.post(path)
        assert (asked.status_code, asked.json()["status"]) == (201, "pending")
        waiting = (await wang.get(path, params={"status": ["pending", "active"], "limit": 1})).json()
        assert [one["name"] for one in waiting["items"]] == ["陈老师"] and waiting["next"]
        rest = (await wang.get(path, params={"status": ["pending", "active"], "cursor": waiting["next"]})).json()
        assert [one["name"] for one in rest["items"]] == ["王老师"] and rest["next"] is None
        assert (await chen.get(path)).status_code == 403
        everybody = f"/communities/{county.county.pid}/memberships"
        assert (await li.get(everybody)).json()["code"] == "forbidden", "it is there, its people are not for everybody"
        assert (await li.get(f"/communities/{county.county.pid}")).status_code == 200
        assert (await wang.patch(f"{path}/{county.chen.pid}", json={})).status_code == 422
        assert (await li.patch(f"{path}/{county.chen.pid}", json={"accept": True})).status_code == 403
        assert (await wang.patch(f"{path}/{county.chen.pid}", json={"accept": True})).json()["status"] == "active"
        assert (await wang.patch(f"{path}/{county.chen.pid}", json={"accept": True})).status_code == 409
        offered = (await wang.patch(f"{path}/{county.chen.pid}", json={"role": "cohost"})).json()
        assert (offered["role"], offered["offered_role"]) == ("member", "cohost")
        answer = f"/communities/{county.w}/invitations/answer"
        assert (await chen.post(answer, json={"accept": True})).json()["role"] == "cohost"
        assert (await chen.post(answer, json={"accept": True})).status_code == 409
        invited = await wang.post(f"/communities/{county.w}/invitations", json={"person": county.li.pid})
        assert (invited.status_code, invited.json()["status"]) == (201, "invited")
        assert [one["status"] for one in (await li.get("/workshops")).json()["items"]] == ["invited"]
        assert (await li.post(answer, json={"accept": False})).json()["status"] == "declined"
        assert (await wang.delete(f"{path}/{county.wang.pid}")).json()["code"] == "membership.last_host"
        assert (await wang.patch(f"{path}/{county.chen.pid}", json={"hand_over": True})).status_code == 200
        assert (await chen.post(answer, json={"accept": True})).json()["role"] == "host"
        assert (await wang.delete(f"{path}/{county.wang.pid}")).status_code == 204
        assert (await county.standing(county.wang)) == ("left", "member")


async def test_requests_offices_and_lists_over_http(county: County) -> None:
    async with as_(county, county.lin) as lin, as_(county, county.li) as li:
        wish = {"parent": county.first.pid, "name": "英语工坊"}
        asked = await li.post("/workshop-requests", json=wish)
        assert asked.status_code == 201
        listed = (await lin.get(f"/communities/{county.county.pid}/workshop-requests")).json()["items"]
        assert [one["wish"]["name"] for one in listed] == ["英语工坊"]
        decision = f"/workshop-requests/{asked.json()['pid']}/decision"
        assert (await li.post(decision, json={"accept": True})).status_code == 403
        assert (await lin.post(decision, json={"accept": True})).json()["state"] == "approved"
        assert (await lin.post(decision, json={"accept": True})).status_code == 409
        names = [one["name"] for one in (await li.get("/communities")).json()["items"]]
        assert names == ["晨光县", "第一小学", "英语工坊"]
        every = [one["name"] for one in (await lin.get("/communities", params={"kind": "workshop"})).json()["items"]]
        assert every == ["语文工坊", "英语工坊"]
        page = (await lin.get("/communities", params={"limit": 2})).json()
        assert len(page["items"]) == 2
        assert len((await lin.get("/communities", params={"cursor": page["next"]})).json()["items"]) == 3
        found = (await li.get(f"/communities/{county.county.pid}/people", params={"q": "陈"})).json()["items"]
        assert [(one["name"], one["school"]) for one in found] == [("陈老师", "第二小学")]
        office = {"person": county.chen.pid, "community": county.second.pid, "office": "principal"}
        assert (await li.post("/appointments", json=office)).status_code == 403
        given = await lin.post("/appointments", json=office)
        assert (given.status_code, given.json()["place"]) == (201, "第二小学")
        held = (await li.get(f"/communities/{county.second.pid}/appointments")).json()
        assert held["code"] == "forbidden"
        held = (await lin.get(f"/communities/{county.county.pid}/appointments", params={"limit": 2})).json()
        assert len(held["items"]) == 2 and held["next"]
        ended = await lin.delete(f"/appointments/{given.json()['pid']}")
        assert ended.json()["ended_at"]


async def test_what_is_no_id_is_refused_before_it_is_looked_up(county: County) -> None:
    async with as_(county, county.li) as li:
        for pid in ("x", "%00", "a" * 13, "ABCDEFGHJKMN"):
            assert (await li.get(f"/communities/{pid}")).status_code in (404, 422)
        hidden = await county.world.workshop(county.county, "内部工坊", policy="invitation")
        assert (await li.get(f"/communities/{hidden.pid}")).status_code == 404
        assert (await li.get(f"/workshops/{county.county.pid}")).status_code == 404
        nul = {"parent": county.first.pid, "name": "空\u0000格", "about": "a\u0000b"}
        assert (await li.post("/workshop-requests", json=nul)).json()["wish"]["name"] == "空格"
        assert (await li.post("/join", json={"code": "\u0000"})).status_code == 404
