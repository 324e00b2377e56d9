"""Who lost a right loses what hung on it: former hosts, dismissed administrators, removed members, closed workshops."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime

import pytest

from api.communities import joining, members, offers, service
from api.communities.appointments import dismiss
from api.communities.audiences import communities_where
from api.context import Context
from api.notices import service as notices
from api.resources import pushes
from api.resources import service as resources
from storage.communities import Appointment
from tests.support.county import County, a_county
from tests.support.talk import a_world


@pytest.fixture
async def c(database_url: str) -> AsyncIterator[County]:
    async with a_world(database_url) as world:
        yield await a_county(world)


async def test_a_former_host_reminds_nobody_and_reads_no_names(c: County) -> None:
    for who, role in ((c.li, "member"), (c.zhou, "host")):
        await c.world.join(who, c.workshop, role)
    room = await c.world.room(c.workshop)
    notice = await c.run(notices.send_notice, c.w, "周五交教案", place="rooms", actor=c.wang)
    resource = await c.run(resources.add_resource, c.w, "教案", text="一份教案", actor=c.wang)
    push = await c.run(pushes.push_resource, resource.pid, c.w, place="people", actor=c.wang)
    await c.world.settle()
    assert (await c.run(notices.find_missing, notice.pid, actor=c.wang))[2] == 2
    await c.run(members.remove_member, c.w, c.wang.pid, actor=c.zhou)
    for operation, pid in (
        (notices.find_missing, notice.pid), (notices.remind_missing, notice.pid), (pushes.find_lost, push.pid),
    ):  # fmt: skip
        await c.refused("forbidden", operation, pid, actor=c.wang)
    await c.refused("forbidden", resources.edit_resource, resource.pid, text="别的话", actor=c.wang)
    await c.run(resources.remove_resource, resource.pid, actor=c.wang)
    await c.run(notices.withdraw_notice, notice.pid, actor=c.wang)
    await c.world.settle()
    assert "撤回" in c.wang.sheets(room)[-1].text


async def test_nothing_changes_in_a_closed_workshop(c: County) -> None:
    await c.world.join(c.li, c.workshop)
    await c.world.room(c.workshop)
    notice = await c.run(notices.send_notice, c.w, "周五交教案", place="rooms", actor=c.wang)
    resource = await c.run(resources.add_resource, c.w, "教案", text="一份教案", actor=c.li)
    await c.run(service.archive_workshop, c.w, actor=c.wang)
    for actor in (c.wang, c.li, c.lin):
        await c.refused("community.archived", resources.edit_resource, resource.pid, text="x", actor=actor)
        await c.refused("community.archived", resources.add_resource, c.w, "x", text="x", actor=actor)
    await c.refused("community.archived", notices.remind_missing, notice.pid, actor=c.wang)
    await c.refused("workshop.unknown", joining.join_workshop, c.w, actor=c.chen)


async def test_schools_and_regions_have_no_invited_hosts(c: County) -> None:
    admin = await c.world.teacher("校管理员", c.first)
    await c.world.appoint(admin, c.first, "school_admin")
    for place in (c.first, c.county):
        who = admin if place is c.first else c.lin
        await c.refused("workshop.unknown", offers.invite_person, place.pid, c.chen.pid, "host", actor=who)
        await c.refused("workshop.unknown", members.change_role, place.pid, c.li.pid, "host", actor=who)
    assert await c.standing(c.chen, c.first) is None


async def test_a_dismissed_administrator_is_one_at_once(c: County) -> None:
    await c.world.appoint(c.chen, c.county, "region_admin")
    held = await c.run(
        lambda ctx: ctx.session.query(Appointment).filter_by(person_id=c.lin.person.id).one().pid  # type: ignore[union-attr]
    )
    notice = await c.run(notices.send_notice, c.county.pid, "全县通知", place="people", actor=c.lin)
    await c.run(dismiss, held, actor=c.chen)
    await c.refused("forbidden", notices.find_missing, notice.pid, actor=c.lin)
    await c.refused("forbidden", notices.send_notice, c.county.pid, "再通知", place="people", actor=c.lin)


async def test_offices_end_with_the_local_day(c: County) -> None:
    """At 1:00 in Shanghai it is still yesterday in UTC: an office that ended yesterday allows nothing."""

    def shorten(ctx: Context) -> None:
        for held in ctx.session.query(Appointment).filter_by(person_id=c.lin.person.id):  # type: ignore[union-attr]
            held.until = date(2026, 11, 24)

    await c.run(shorten)
    assert await c.run(communities_where, "notify", actor=c.lin)
    c.world.set_time(datetime(2026, 11, 23, 17, 0, tzinfo=UTC))
    assert await c.run(communities_where, "notify", actor=c.lin) == []
