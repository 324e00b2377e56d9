"""All that is stored about a person can be handed out, and forgotten; what they did keeps counting."""

import json
from collections.abc import AsyncIterator
from io import BytesIO
from zipfile import ZipFile

import pytest

from api.context import Context
from api.errors import Conflict, Forbidden, NotFound
from api.messaging.outbox import tell_person
from api.messaging.tree import T, Words
from api.people.codes import issue_claim_code
from api.people.websessions import find_web_session, open_web_session
from api.privacy import erase_person, export_person
from api.records.service import record
from storage.communities import Community
from storage.messaging import Chat, Delivery, Incoming, Message
from storage.people import ClaimCode, Identity, Person
from storage.records import Record, Tally
from tests.support.talk import World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


def hand_in(ctx: Context, school: Community) -> None:
    record(ctx, "journal.submitted", "journal_entry:x", ctx.session.get_one(Community, school.id))


async def test_export_holds_everything_and_says_who_looked(world: World) -> None:
    county = await world.region()
    school = await world.school(county, "第一小学")
    li, chief = await world.teacher("李梅", school, staff_no="T01"), await world.teacher("县管理员", school)
    await world.appoint(chief, county, "region_admin")
    await world.run(open_web_session, li.person, "手机")
    await world.run(hand_in, school, actor=li)
    assert await world.run(export_person, li.person, actor=chief)
    data = await world.run(export_person, li.person, actor=li)
    archive = ZipFile(BytesIO(data))
    people = json.loads(archive.read("people.json"))
    assert people["person"]["name"] == "李梅" and people["person"]["home"] == "第一小学"
    assert {one["platform"] for one in people["accounts"]} == {"paper", "web"}
    assert people["devices"][0]["device"] == "手机"
    assert [(one["verb"], one["community"]) for one in people["records"]] == [("journal.submitted", "第一小学")]
    looked = [one["actor"] for one in people["audit"] if one["act"] == "person.exported"]
    assert looked == ["县管理员", "李梅"]
    assert b"hash" not in archive.read("people.json")
    with pytest.raises((Forbidden, NotFound)):
        await world.run(export_person, chief.person, actor=li)


async def test_erasing_forgets_who_it_was(world: World) -> None:
    county = await world.region()
    school = await world.school(county, "第一小学")
    li = await world.teacher("李梅", school, staff_no="T01", email="li@example.org")
    wang = await world.teacher("王刚", school)
    _, secret = await world.run(open_web_session, li.person, "李梅的手机")
    await world.run(issue_claim_code, li.person)
    await world.run(hand_in, school, actor=li)
    await world.run(tell_person, li.person.id, T("What is kept about you") + Words("：李梅的秘密"))
    await world.run(lambda ctx: tell_person(ctx, wang.person.id, Words("给王刚的话")) and None)
    await li.say("我是李梅，帮助")
    for nobody in (li, wang):
        with pytest.raises((Forbidden, NotFound)):
            await world.run(erase_person, li.person, actor=nobody)
    person_id = li.person.id

    def erase(ctx: Context) -> None:
        erase_person(ctx, ctx.session.get_one(Person, person_id))

    await world.run(erase)

    def leftovers(ctx: Context) -> list[str]:
        texts = [repr(sorted(vars(row).items(), key=str)) for table in (Person, Identity, Chat, Message, Incoming)
                 for row in ctx.session.query(table)]  # fmt: skip
        return [text for text in texts if any(word in text for word in ("李梅", "T01", "li@example", li.native))]

    assert await world.run(leftovers) == []
    assert await world.run(find_web_session, secret) is None
    assert await world.run(lambda ctx: ctx.session.query(ClaimCode).count()) == 0
    kept = await world.run(lambda ctx: (ctx.session.query(Record).filter_by(person_id=person_id).count(),
                                        ctx.session.query(Tally).filter_by(person_id=person_id).count()))  # fmt: skip
    assert kept == (1, 1)
    assert "王刚" in await world.run(lambda ctx: repr([row.tree for row in ctx.session.query(Message)]))
    waiting = {"state": "ready", "person_id": person_id}
    assert await world.run(lambda ctx: ctx.session.query(Delivery).filter_by(**waiting).count()) == 0
    with pytest.raises(Conflict):
        await world.run(erase)
    await li.say("我还在吗")
    li.expect("绑定码")
