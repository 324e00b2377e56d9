"""Pushes as operations: opened by token, released once, refused, handed out and forgotten; on both databases."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from api.attachments.service import read_attachment, store_bytes
from api.communities import members
from api.context import Context
from api.errors import Conflict, Forbidden, Invalid, NotFound
from api.records.service import counts
from api.registry import HOLDERS
from api.resources import pushes, service, tokens
from api.resources.keeping import erase_resources, export_resources
from storage.communities import Community
from storage.mail import MailCall
from storage.messaging import Delivery
from storage.pushes import Opening
from tests.support.clock import tick
from tests.support.talk import NOW, Voice, World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


async def a_push(world: World, **how: object) -> tuple[Community, Voice, Voice, pushes.Push]:
    county = await world.region()
    workshop = await world.workshop(county, "工坊")
    host, li = await world.teacher("坊主"), await world.teacher("李老师")
    await world.join(host, workshop, "host")
    await world.join(li, workshop)
    row = await world.run(service.add_resource, workshop.pid, "教案", text="正文", actor=host)
    named = {"place": "people", **how}
    push = await world.run(pushes.push_resource, row.pid, workshop.pid, actor=host, **named)
    return workshop, host, li, push


def token_of(ctx: Context, person_id: int) -> str:
    """The public id of the bulk delivery to a person."""
    query = select(Delivery.pid).where(Delivery.person_id == person_id, Delivery.lane == 2)
    return ctx.session.scalars(query).one()


async def test_a_link_opens_only_when_it_is_confirmed(world: World) -> None:
    workshop, host, li, push = await a_push(world)
    await world.settle()
    token = await world.run(token_of, li.person.id)
    looked, resource, person = await world.run(tokens.reader_of_token, token)
    assert (looked.id, resource.title, person.id) == (push.id, "教案", li.person.id)
    assert not await world.run(lambda ctx: list(ctx.session.scalars(select(Opening))))  # a preview's GET opens nothing
    assert (await world.run(tokens.open_by_token, token)).first
    assert not (await world.run(tokens.open_by_token, token)).first
    assert (await world.run(counts, workshop.id, ["resource.opened"]))[li.person.id] == {"resource.opened": 1}
    with pytest.raises(NotFound):
        await world.run(tokens.reader_of_token, "nonsense2345")
    with pytest.raises(NotFound):
        await world.run(tokens.reader_of_token, await world.run(_status_token, host.person.id))
    world.pass_time(days=31)
    with pytest.raises(NotFound):
        await world.run(tokens.open_by_token, token)


def _status_token(ctx: Context, person_id: int) -> str:
    query = select(Delivery.pid).where(Delivery.person_id == person_id)
    return ctx.session.scalars(query).first() or ""


async def test_who_left_reads_no_pushed_files_any_more(world: World) -> None:
    workshop, host, li, _ = await a_push(world)
    other = await world.workshop(await world.region("远山县"), "写作坊")
    await world.join(host, other, "host")
    await world.join(li, other)
    file = await world.run(store_bytes, "教案.txt", "text/plain", b"words", "", actor=host)
    row = await world.run(service.add_resource, workshop.pid, "讲义", files=[file.pid], actor=host)
    pushed = await world.run(pushes.push_resource, row.pid, other.pid, place="people", actor=host)
    await world.settle()
    token = await world.run(lambda ctx: ctx.session.scalars(
        select(Delivery.pid).where(Delivery.message_id == pushed.people_message_id)).one())  # fmt: skip
    await world.run(members.remove_member, workshop.pid, li.pid)
    with pytest.raises(NotFound):
        await world.run(tokens.read_file_by_token, token, file.pid)
    await world.run(tokens.open_by_token, token)
    assert (await world.run(tokens.read_file_by_token, token, file.pid)).name == "教案.txt"
    assert (await world.run(read_attachment, file.pid, HOLDERS, actor=li)).name == "教案.txt"
    await world.run(members.remove_member, other.pid, li.pid)
    for read in (tokens.reader_of_token, tokens.open_by_token):
        with pytest.raises(NotFound):
            await world.run(read, token)
    with pytest.raises(NotFound):
        await world.run(tokens.read_file_by_token, token, file.pid)
    with pytest.raises(NotFound):
        await world.run(read_attachment, file.pid, HOLDERS, actor=li)


async def test_the_same_person_on_two_devices_is_counted_once(world: World) -> None:
    workshop, _, li, push = await a_push(world)
    opened = await asyncio.gather(*[world.run(pushes.open_push, push.pid, actor=li) for _ in range(4)])
    assert [each.first for each in opened].count(True) == 1
    assert (await world.run(counts, workshop.id, ["resource.opened"]))[li.person.id] == {"resource.opened": 1}


async def test_two_workers_push_once(world: World) -> None:
    _, _, li, _ = await a_push(world, release_at=NOW + timedelta(hours=1))
    world.pass_time(hours=1)
    await asyncio.gather(*[world.runtime.transact(pushes.release_due_pushes, system=True) for _ in range(2)])
    await world.settle()
    assert len([sheet for sheet in li.unread() if "推荐了一个资源" in sheet.text]) == 1


async def test_what_was_removed_meanwhile_is_not_pushed(world: World) -> None:
    _, host, li, push = await a_push(world, release_at=NOW + timedelta(hours=1))
    found = await world.run(service.find_resources, actor=host)
    await world.run(service.remove_resource, found[0].resource.pid, actor=host)
    world.pass_time(hours=2)
    await tick(world)
    li.expect_nothing()
    with pytest.raises(NotFound):
        await world.run(pushes.open_push, push.pid, actor=li)


async def test_figures_end_being_watched_when_they_are_final(world: World) -> None:
    _, host, li, push = await a_push(world)
    assert push.settled_at is None
    await world.settle()
    world.pass_time(seconds=20)
    await tick(world)
    assert any("已发送 1/1 人" in sheet.text for sheet in host.sheets())
    settled = await world.run(lambda ctx: ctx.session.get_one(pushes.Push, push.id).settled_at)
    assert settled is not None
    await world.run(pushes.open_push, push.pid, actor=li)
    await tick(world)
    world.pass_time(seconds=20)
    await tick(world)
    assert any("已打开 1/1" in sheet.text for sheet in host.sheets())


async def test_refusals(world: World) -> None:
    workshop, host, li, push = await a_push(world)
    guest = await world.teacher("外人")
    with pytest.raises(Forbidden):
        await world.run(pushes.open_push, push.pid, actor=guest)
    with pytest.raises(NotFound):
        await world.run(pushes.find_lost, push.pid, actor=li)
    with pytest.raises(Forbidden):
        await world.run(pushes.withdraw_push, push.pid, actor=li)
    with pytest.raises(Invalid):
        found = await world.run(service.find_resources, actor=host)
        await world.run(pushes.push_resource, found[0].resource.pid, workshop.pid, place="rooms", actor=host)
    await world.run(pushes.withdraw_push, push.pid, actor=host)
    with pytest.raises(Conflict):
        await world.run(pushes.open_push, push.pid, actor=li)


async def test_who_is_away_from_the_web_is_called_by_mail(world: World) -> None:
    world.runtime.config.mail.url = SecretStr("smtp://127.0.0.1:1")
    world.paper.name = "web"
    county = await world.region()
    workshop = await world.workshop(county, "工坊")
    host = await world.teacher("坊主")
    await world.join(host, workshop, "host")
    li = await world.teacher("李老师", email="li@example.org")
    await world.join(li, workshop)
    row = await world.run(service.add_resource, workshop.pid, "教案", text="正文", actor=host)
    await world.run(pushes.push_resource, row.pid, workshop.pid, place="people", actor=host)
    called = await world.run(lambda ctx: list(ctx.session.scalars(select(MailCall.person_id))))
    assert called == [li.person.id]


async def test_what_is_stored_of_a_person_is_handed_out_and_forgotten(world: World) -> None:
    _, host, li, push = await a_push(world)
    await world.run(pushes.open_push, push.pid, actor=li)
    told = await world.run(export_resources, host.person)
    assert [row["title"] for row in told["resources"]] == ["教案"] and told["pushes"][0]["pid"] == push.pid
    assert (await world.run(export_resources, li.person))["openings"][0]["push"] == push.pid
    assert len(await world.run(service.find_resources, "坊主", actor=li)) == 1
    await world.run(erase_resources, host.person)
    assert await world.run(service.find_resources, "坊主", actor=li) == []
    assert len(await world.run(service.find_resources, "教案", actor=li)) == 1
