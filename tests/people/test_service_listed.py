"""Accounts that the list knows are bound when they first do something: once, told, and never against their owner."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import event

from api.context import Context
from api.people.binding import bind as bind_by_code
from api.people.binding import bind_listed, list_accounts, unbind_account, undo_binding
from api.people.requests import request_binding
from api.people.texts import PRIVACY_VERSION
from storage.communities import Community
from storage.messaging import Chat
from storage.people import Audit, BindingRequest, Identity, Person
from storage.records import Record
from tests.support.talk import Voice, World, a_world

NATIVE = "@li:example.org"


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


async def listed(world: World, **columns: Any) -> Voice:
    """Somebody with an account on paper, and one on the list."""
    school = await world.school(await world.region(), "第一小学")
    return await world.teacher("李梅", school, **{"matrix_id": NATIVE, **columns})


async def speaks(world: World, private: bool = True, native: str = NATIVE) -> Identity:
    """The account of that name, new where it is."""

    def add(ctx: Context) -> Identity:
        identity = ctx.session.query(Identity).filter_by(platform="matrix", native=native).one_or_none()
        if identity is None:
            identity = Identity(platform="matrix", native=native, name="li", created_at=ctx.now)
            ctx.session.add(identity)
            ctx.session.flush()
            if private:
                chat = Chat(platform="matrix", native="!own", kind="private", identity_id=identity.id,
                            created_at=ctx.now)  # fmt: skip
                ctx.session.add(chat)
                ctx.session.flush()
                identity.chat_id = chat.id
        return identity

    return await world.run(add)


async def bind(world: World, identity: Identity) -> str | None:
    def do(ctx: Context) -> str | None:
        person = bind_listed(ctx, ctx.session.get_one(Identity, identity.id))
        return person.name if person else None

    return await world.runtime.transact(do)


async def one(world: World, table: Any, **equal: Any) -> Any:
    return await world.run(lambda ctx: ctx.session.query(table).filter_by(**equal).one())


async def test_it_is_written_down_and_told_elsewhere(world: World) -> None:
    li = await listed(world)
    assert await bind(world, await speaks(world)) == "李梅"
    await world.settle()
    identity = await one(world, Identity, native=NATIVE)
    assert identity.person_id == li.person.id and identity.bound_at == world.runtime.now()
    said = await one(world, Audit, act="account.bound")
    assert said.object == f"identity:{identity.pid}"
    assert (said.detail["by"], said.detail["person"]) == ("list", li.person.pid)
    assert (await one(world, Record, verb="person.bound")).person_id == li.person.id
    li.expect("Matrix", "绑定")
    li.expect_button("撤销")
    person = await one(world, Person, id=li.person.id)
    assert person.privacy_version == PRIVACY_VERSION and person.home_chat_id == identity.chat_id


async def test_without_a_private_chat_the_notice_waits(world: World) -> None:
    li = await listed(world)

    def unread(ctx: Context) -> None:
        person = ctx.session.get_one(Person, li.person.id)
        person.privacy_version, person.home_chat_id = None, None
        ctx.session.query(Identity).filter_by(native=li.native).one().person_id = None

    await world.run(unread)
    assert await bind(world, await speaks(world, private=False)) == "李梅"
    person = await one(world, Person, id=li.person.id)
    assert person.privacy_version is None and person.home_chat_id is None, "nobody read anything yet"


@pytest.mark.parametrize("how", ["undone", "unbound"])
async def test_what_its_owner_undid_stays_undone(world: World, how: str) -> None:
    li = await listed(world)
    identity = await speaks(world)
    await bind(world, identity)
    part = undo_binding if how == "undone" else unbind_account
    await world.run(part, identity.pid, actor=li)
    world.pass_time(days=1)
    assert await bind(world, identity) is None
    assert [one.platform for one in await world.run(list_accounts, actor=li)] == ["paper"]


async def test_a_code_binds_again_what_was_undone(world: World) -> None:
    li = await listed(world)
    identity = await speaks(world)
    await bind(world, identity)
    await world.run(undo_binding, identity.pid, actor=li)

    def by_code(ctx: Context) -> None:
        bind_by_code(ctx, ctx.session.get_one(Identity, identity.id), ctx.session.get_one(Person, li.person.id), "code")

    await world.run(by_code)
    assert (await one(world, Identity, id=identity.id)).parted_at is None


async def test_the_list_is_looked_at_every_few_minutes_only(world: World) -> None:
    identity = await speaks(world)
    assert await bind(world, identity) is None
    await listed(world)
    seen: list[str] = []
    event.listen(world.runtime.database.engine, "before_cursor_execute", lambda *about: seen.append(about[2]))
    assert await bind(world, identity) is None
    assert not [statement for statement in seen if "FROM persons" in statement]
    world.pass_time(minutes=5, seconds=1)
    assert await bind(world, identity) == "李梅"
    seen.clear()
    assert await bind(world, identity) is None, "it is bound already"
    assert not [statement for statement in seen if "FROM persons" in statement]


async def test_who_asked_their_school_meanwhile_is_let_in_by_the_list(world: World) -> None:
    li = await listed(world)
    identity = await speaks(world)
    school = await world.run(lambda ctx: ctx.session.get_one(Person, li.person.id).school_id)

    def ask(ctx: Context) -> None:
        place = ctx.session.get_one(Community, school).pid
        request_binding(ctx, ctx.session.get_one(Identity, identity.id), place, "李")

    await world.run(ask)
    await bind(world, identity)
    assert (await one(world, BindingRequest)).state == "bound"
