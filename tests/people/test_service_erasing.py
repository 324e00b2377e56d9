"""After `person erase` no table knows who it was: a whole life is lived, then every table is searched."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from api.communities import offers, requests
from api.communities.joining import join_workshop
from api.communities.service import Wish
from api.context import Context
from api.journals import reviewing
from api.journals import service as journals
from api.journals.submitting import submit_entry
from api.notices import service as notices
from api.people.codes import issue_claim_code
from api.people.requests import approve_request, request_binding
from api.people.tokens import create_token
from api.privacy import erase_person, export_person
from api.reminders.excuses import ask_excuse
from api.reminders.service import create_reminder
from api.resources import pushes
from api.resources import service as resources
from storage.idempotency import Idempotent
from storage.people import Identity, Person
from storage.schema import metadata
from tests.support.browser import WebWorld, a_web_world
from tests.support.calling import client_of

NAME = "欧阳明月"
SECRETS = (NAME, "T-4711", "t-4711", "ming@example.org", "@ming:example.org", "秘密的话", "月亮的手机")


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[WebWorld]:
    async with a_web_world(database_url) as world:
        yield world


def search(ctx: Context, *words: str) -> list[str]:
    """Where any of the words stands, in whatever table."""
    found = []
    for table in metadata.sorted_tables:
        for row in ctx.session.execute(table.select()).mappings():
            found += [f"{table.name}.{key}: {value!r}" for key, value in row.items()
                      if any(word in str(value) for word in words)]  # fmt: skip
    return found


async def test_nothing_knows_who_it_was(world: WebWorld) -> None:
    county = await world.region()
    school = await world.school(county, "第一小学")
    workshop, own = await world.workshop(county, "语文工坊"), await world.workshop(county, "写作工坊")
    host, chief, mate = [await world.teacher(name, school) for name in ("周坊主", "县管理员", "王刚")]
    await world.join(host, workshop, "host")
    await world.join(mate, own)
    await world.appoint(chief, county, "region_admin")
    await world.appoint(chief, school, "school_admin")
    about = {"staff_no": "T-4711", "email": "ming@example.org", "subject": "语文", "matrix_id": "@ming:example.org"}
    ming = await world.teacher(NAME, school, **about)
    page = await world.browser(ming)
    await world.browser(host)
    await world.join(ming, own, "host")
    own_room = await world.room(own)

    await world.run(join_workshop, workshop.pid, actor=ming)
    await world.settle()
    await host.press("同意")
    await page.say("日志")
    await page.say("秘密的话，写在日志里，写得足够长，让它可以被提交上去。")
    await page.say("取消")
    await ming.say("秘密的话，说在房间里", room=own_room)
    entry = await world.run(
        journals.start_entry, workshop.pid, "秘密的话，写在日志里，写得足够长，可以提交。", actor=ming
    )
    await world.run(submit_entry, entry.pid, actor=ming)
    async with await client_of(world, host) as http:
        read = await http.post(f"/workshops/{workshop.pid}/journal-entries/next", headers={"Idempotency-Key": "k1"})
        assert "秘密的话" in read.text
    await world.run(reviewing.comment_entry, entry.pid, "写得好", actor=host)
    await world.run(reviewing.answer_comment, entry.pid, "秘密的话，谢谢", actor=ming)
    notice = await world.run(notices.send_notice, own.pid, "秘密的话，周五开会", place="both", actor=ming)
    await world.settle()
    await world.run(notices.receive_notice, notice.pid, actor=mate)
    await world.run(notices.remind_missing, notice.pid, actor=ming)
    shared = await world.run(resources.add_resource, own.pid, "教案一份", text="公用的教案", actor=ming)
    await world.run(pushes.push_resource, shared.pid, own.pid, place="both", actor=ming)
    await world.run(offers.invite_person, own.pid, chief.pid, "cohost", actor=ming)
    await world.run(requests.ask_for_workshop, county.pid, Wish("秘密的话工坊"), actor=ming)
    today = world.runtime.now().date()
    await world.run(ask_excuse, workshop.pid, today, today + timedelta(1), "秘密的话", actor=ming)
    await world.run(create_reminder, "秘密的话", world.runtime.now() + timedelta(hours=1), actor=ming)
    await world.run(create_token, ming.person, "月亮的手机", ["read"])
    await world.run(issue_claim_code, ming.person)
    visitor = await world.teacher("", bound=False)

    def ask(ctx: Context) -> str:
        identity = ctx.session.query(Identity).filter_by(native=visitor.native).one()
        return request_binding(ctx, identity, school.pid, NAME, "T-4711").pid

    asked = await world.run(ask)
    await world.run(approve_request, asked, ming.pid, actor=chief)
    room = await page.chat("第一小学") if "第一小学" in page.chats() else await page.chat()
    await page.script(f"/web/chats/{room}/messages", client="c1", text="秘密的话，说在网页里")
    await world.settle()
    await world.run(lambda ctx: export_person(ctx, ctx.session.get_one(Person, ming.person.id)), actor=chief)
    assert await world.run(search, *SECRETS)

    await world.run(lambda ctx: erase_person(ctx, ctx.session.get_one(Person, ming.person.id)), actor=chief)
    await world.settle()
    left = await world.run(search, *SECRETS)
    assert not left, "\n".join(left)
    assert await world.run(lambda ctx: [row.status for row in ctx.session.query(Idempotent)]) == [200], "no second try"
    await mate.say("我的")
    assert await world.run(search, "公用的教案", "王刚"), "what belongs to others stays"


async def test_namesakes_keep_what_is_said_about_them(world: WebWorld) -> None:
    county = await world.region()
    school = await world.school(county, "第一小学")
    workshop = await world.workshop(county, "语文工坊")
    host = await world.teacher("周坊主", school)
    await world.join(host, workshop, "host")
    first, second = await world.teacher("李梅", school), await world.teacher("李梅", school)
    await world.run(join_workshop, workshop.pid, actor=second)
    await world.settle()
    await world.run(lambda ctx: erase_person(ctx, ctx.session.get_one(Person, first.person.id)))
    assert any("would like to join" in line for line in await world.run(search, "李梅"))
    await host.press("同意")
    await world.run(lambda ctx: erase_person(ctx, ctx.session.get_one(Person, second.person.id)))
    assert await world.run(search, "李梅") == [], "the last of that name"
