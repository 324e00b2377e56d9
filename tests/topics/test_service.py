"""Topics as operations: rights on each fetch, refusals, and what is kept of a person; on both databases."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import select

from api.context import Context
from api.errors import Problem
from api.topics import inviting, service
from api.topics.keeping import erase_topics, export_topics
from storage.communities import Community
from storage.records import Record
from storage.topics import Topic, TopicPlace
from tests.support.discussing import Two, two_workshops
from tests.support.talk import Voice, a_world


@pytest.fixture
async def two(database_url: str) -> AsyncIterator[Two]:
    async with a_world(database_url) as world:
        yield await two_workshops(world)


async def refused(two: Two, code: str, operation: Any, *args: Any, actor: Voice) -> None:
    with pytest.raises(Problem) as caught:
        await two.world.run(operation, *args, actor=actor)
    assert caught.value.code == code


async def a_topic(two: Two, title: str = "古诗", text: str = "谈谈") -> Topic:
    topic: Topic = await two.world.run(service.open_topic, two.chinese.pid, title, text, actor=two.wang)
    return topic


async def test_who_opens_one_where(two: Two) -> None:
    trainer, expert = await two.world.teacher("周老师"), await two.world.teacher("吴老师")
    await two.world.appoint(trainer, two.county, "county_trainer")
    await two.world.appoint(expert, two.county, "expert")
    for who in (two.wang, trainer):
        await two.world.run(service.open_topic, two.chinese.pid, "古诗", actor=who)
    for who in (two.li, two.zhao, two.chen, two.guest, expert):
        await refused(two, "forbidden", service.open_topic, two.chinese.pid, "古诗", actor=who)
    await refused(two, "community.unknown", service.open_topic, "nonsense", "古诗", actor=two.wang)
    for code, title, text in (
        ("topic.no_title", " \n ", ""), ("topic.title_too_long", "长" * 81, ""), ("topic.too_long", "好", "长" * 2001)
    ):  # fmt: skip
        with pytest.raises(Problem) as caught:
            await two.world.run(service.open_topic, two.chinese.pid, title, text, actor=two.wang)
        assert caught.value.code == code
    await two.world.run(service.open_topic, two.chinese.pid, "长" * 80, "长" * 2000, actor=two.wang)


async def test_opening_is_recorded_once_where_it_was_opened(two: Two) -> None:
    topic = await a_topic(two)

    def look(ctx: Context) -> list[tuple[str, int, int | None]]:
        rows = ctx.session.scalars(select(Record).where(Record.object == f"topic:{topic.pid}"))
        return [(row.verb, row.person_id, row.community_id) for row in rows]

    assert two.wang.person is not None
    assert await two.world.run(look) == [("topic.opened", two.wang.person.id, two.chinese.id)]


async def test_seen_by_members_of_what_takes_part_and_nobody_else(two: Two) -> None:
    topic = await a_topic(two)
    await two.world.run(inviting.invite_workshops, topic.pid, [two.maths.pid], actor=two.wang)
    for who in (two.zhao, two.chen, two.guest):
        await refused(two, "topic.unknown", service.view_topic, topic.pid, actor=who)
        await refused(two, "topic.unknown", service.list_posts, topic.pid, actor=who)
        assert await two.world.run(service.list_topics, actor=who) == []
    await two.world.run(inviting.accept_topic, topic.pid, two.maths.pid, actor=two.zhao)
    for who in (two.wang, two.li, two.zhao, two.chen):
        view = await two.world.run(service.view_topic, topic.pid, actor=who)
        assert [one.name for one in view.places] == ["语文工坊", "数学工坊"]
        assert [one.pid for one in await two.world.run(service.list_topics, actor=who)] == [topic.pid]
        assert (view.leads, bool(view.invited)) == ((True, True) if who is two.wang else (False, False))
    await refused(two, "topic.unknown", service.view_topic, topic.pid, actor=two.guest)
    await refused(two, "forbidden", service.close_topic, topic.pid, actor=two.zhao)
    await two.remove(two.chen, two.maths)
    await refused(two, "topic.unknown", service.view_topic, topic.pid, actor=two.chen)
    await two.world.run(inviting.leave_topic, topic.pid, two.maths.pid, actor=two.zhao)
    await refused(two, "topic.unknown", service.view_topic, topic.pid, actor=two.zhao)


async def test_whom_one_cannot_invite(two: Two) -> None:
    topic = await a_topic(two)
    far = await two.world.workshop(await two.world.region("远县"), "远方工坊")
    hidden = await two.world.workshop(two.county, "秘密工坊", policy="invitation")
    empty, mute = await two.world.workshop(two.county, "空工坊"), await two.world.workshop(two.county, "无群工坊")
    await two.world.join(two.chen, mute, "host")
    invite = inviting.invite_workshops
    for code, pids in {
        "workshop.unknown": [two.maths.pid, far.pid], "topic.no_host": [two.maths.pid, empty.pid],
        "topic.no_room": [two.maths.pid, mute.pid], "topic.already": [two.maths.pid, two.chinese.pid],
        "topic.nobody": [], "topic.too_many": [f"p{n}" for n in range(21)],
    }.items():  # fmt: skip
        await refused(two, code, invite, topic.pid, pids, actor=two.wang)
    await refused(two, "workshop.unknown", invite, topic.pid, [hidden.pid], actor=two.wang)
    await refused(two, "workshop.unknown", invite, topic.pid, [two.county.pid], actor=two.wang)
    await refused(two, "forbidden", invite, topic.pid, [two.maths.pid], actor=two.li)
    await refused(two, "topic.unknown", invite, topic.pid, [two.maths.pid], actor=two.zhao)
    assert await two.world.run(lambda ctx: list(ctx.session.scalars(select(TopicPlace)))) == [], "nothing was written"
    await two.world.run(invite, topic.pid, [two.maths.pid, two.maths.pid], actor=two.wang)
    await refused(two, "topic.invited", invite, topic.pid, [two.maths.pid], actor=two.wang)
    await two.world.run(inviting.accept_topic, topic.pid, two.maths.pid, actor=two.zhao)
    await refused(two, "topic.already", invite, topic.pid, [two.maths.pid], actor=two.wang)
    await refused(two, "topic.answered", inviting.withdraw_invitation, topic.pid, two.maths.pid, actor=two.wang)


async def test_hosts_are_asked_about_a_topic_once_a_day(two: Two) -> None:
    topic, other = await a_topic(two), await a_topic(two, "散文")
    invite, withdraw = inviting.invite_workshops, inviting.withdraw_invitation
    for end, actor in ((withdraw, two.wang), (inviting.decline_topic, two.zhao)):
        await two.world.run(invite, topic.pid, [two.maths.pid], actor=two.wang)
        await two.world.run(end, topic.pid, two.maths.pid, actor=actor)
        for hours in (0, 23):
            two.world.pass_time(hours=hours)
            await refused(two, "topic.asked_lately", invite, topic.pid, [two.maths.pid], actor=two.wang)
        two.world.pass_time(hours=1)
    await two.world.run(invite, topic.pid, [two.maths.pid], actor=two.wang)
    await two.world.run(invite, other.pid, [two.maths.pid], actor=two.wang)
    # what was taken back is over for both
    await two.world.run(withdraw, other.pid, two.maths.pid, actor=two.wang)
    await refused(two, "workshop.unknown", withdraw, other.pid, two.maths.pid, actor=two.wang)
    await refused(two, "topic.unknown", inviting.accept_topic, other.pid, two.maths.pid, actor=two.zhao)
    # who leads both asks nobody
    await two.world.join(two.wang, two.maths, "cohost")
    (place,) = await two.world.run(invite, other.pid, [two.maths.pid], actor=two.wang)
    assert place.state == inviting.ACCEPTED


async def test_workshops_of_schools_lie_in_the_region_too(two: Two) -> None:
    school = await two.world.school(two.county, "第二小学")
    inner = await two.world.workshop(school, "校内工坊")
    await two.world.room(inner)
    await two.world.join(two.chen, inner, "host")
    topic = await two.world.run(service.open_topic, inner.pid, "古诗", actor=two.chen)
    found: list[Community] = await two.world.run(inviting.find_workshops, topic.pid, actor=two.chen)
    assert [one.name for one in found] == ["数学工坊", "语文工坊"]
    await refused(two, "topic.unknown", inviting.find_workshops, topic.pid, actor=two.guest)


async def test_what_is_closed_is_over_for_everybody(two: Two) -> None:
    topic = await a_topic(two)
    await two.world.run(inviting.invite_workshops, topic.pid, [two.maths.pid], actor=two.wang)
    await two.world.run(inviting.accept_topic, topic.pid, two.maths.pid, actor=two.zhao)
    await two.world.run(service.close_topic, topic.pid, actor=two.wang)
    await refused(two, "topic.closed", service.close_topic, topic.pid, actor=two.wang)
    await refused(two, "topic.closed", inviting.invite_workshops, topic.pid, [two.maths.pid], actor=two.wang)
    await refused(two, "topic.closed", inviting.leave_topic, topic.pid, two.maths.pid, actor=two.zhao)
    assert (await two.world.run(service.view_topic, topic.pid, actor=two.chen)).topic.closed_at is not None


async def test_in_an_archived_workshop_it_goes_on_for_the_others(two: Two) -> None:
    topic = await a_topic(two)
    await two.world.run(inviting.invite_workshops, topic.pid, [two.maths.pid], actor=two.wang)
    await two.world.run(inviting.accept_topic, topic.pid, two.maths.pid, actor=two.zhao)

    def archive(ctx: Context) -> None:
        ctx.session.get_one(Community, two.maths.id).archived_at = ctx.now

    await two.world.run(archive)
    assert (await two.world.run(service.view_topic, topic.pid, actor=two.chen)).topic.pid == topic.pid, "to be read"
    await refused(two, "community.archived", inviting.leave_topic, topic.pid, two.maths.pid, actor=two.zhao)
    taking_part = await two.world.run(lambda ctx: service.taking_part(ctx, ctx.session.get_one(Topic, topic.id)))
    assert [one.name for one in taking_part] == ["语文工坊"]

    def archive_all(ctx: Context) -> None:
        ctx.session.get_one(Community, two.chinese.id).archived_at = ctx.now

    await two.world.run(archive_all)
    for operation in (service.close_topic, inviting.find_workshops):
        await refused(two, "community.archived", operation, topic.pid, actor=two.wang)
    await refused(two, "topic.unknown", service.view_topic, topic.pid, actor=two.guest)


async def test_what_is_stored_of_a_person_is_handed_out_and_forgotten(two: Two) -> None:
    topic = await a_topic(two, "私事", "我的想法")
    await two.world.run(inviting.invite_workshops, topic.pid, [two.maths.pid], actor=two.wang)
    await two.world.settle()
    mine = await two.world.run(export_topics, two.wang.person)
    assert [(one["title"], one["text"]) for one in mine["topics"]] == [("私事", "我的想法")]
    await two.world.run(erase_topics, two.wang.person)
    await two.world.settle()
    for who, room in ((two.li, two.here), (two.zhao, None)):
        assert not any("私事" in sheet.text or "我的想法" in sheet.text for sheet in who.sheets(room))
    row = await two.world.run(lambda ctx: ctx.session.get_one(Topic, topic.id))
    assert (row.title, row.text) == ("", "") and row.closed_at is not None
    await two.li.say("研讨")
    two.li.expect("这个研讨已经撤掉了")
