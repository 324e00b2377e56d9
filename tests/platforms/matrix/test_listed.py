"""People whom the list knows need no claim code on Matrix: their first word, or step into a room, is enough."""

from collections.abc import AsyncIterator

import pytest

from api.context import Context
from api.people.texts import PRIVACY_VERSION
from api.rooms.mirroring import mirror_region
from api.times import utcnow
from bot.platforms.matrix.homeserver import room_path
from storage.base import new_pid
from storage.communities import Community
from storage.people import Identity, Person
from tests.platforms.matrix.test_mirroring import keep_up, natives
from tests.support.county import a_county
from tests.support.matrix import MatrixWorld, Somebody, a_matrix_world
from tests.support.matrix_town import MatrixTown
from tests.support.synapse import Synapse

pytestmark = pytest.mark.slow

NOTICE = "会记录你的哪些信息"


@pytest.fixture
async def world(database_url: str, synapse: Synapse) -> AsyncIterator[MatrixWorld]:
    async with a_matrix_world(database_url, synapse, user_template="@{staff_no}:localhost") as world:
        yield world


async def enlist(world: MatrixWorld, name: str, **columns: str) -> int:
    """Somebody on the list who has no account anywhere; their id."""
    return await enlist_at(world, await world.school(await world.region(), "第一小学"), name, **columns)


async def owner(world: MatrixWorld, person: Somebody) -> int | None:
    return await world.run(
        lambda ctx: ctx.session.query(Identity).filter_by(platform="matrix", native=person.user_id).one().person_id
    )


async def words(person: Somebody, room: str, of: str) -> list[str]:
    return [one["content"]["body"] for one in await person.shown(room, of)]


async def test_the_first_word_in_private_is_answered_by_the_notice(world: MatrixWorld) -> None:
    li = await world.somebody()
    person_id = await enlist(world, "李春华", matrix_id=li.user_id)
    room = await world.chat_with(li)
    said = await words(li, room, world.bot.user_id)
    assert NOTICE in said[0] and "李春华" in said[0] and "第一小学" in said[0]
    assert "欢迎" in said[1] and "绑定码" not in "".join(said[1:])
    assert await owner(world, li) == person_id
    version = await world.run(lambda ctx: ctx.session.get_one(Person, person_id).privacy_version)
    assert version == PRIVACY_VERSION
    before = len(said)
    await li.say(room, "账号")
    await world.pump()
    said = (await words(li, room, world.bot.user_id))[before:]
    assert "Matrix" in said[0] and NOTICE not in said[0]
    await li.say(room, "1")
    await world.pump()
    await li.say(room, "1")
    await world.pump()
    assert await owner(world, li) is None
    await li.say(room, "我还是我")
    await world.pump()
    assert await owner(world, li) is None, "unbound stays unbound"


async def test_a_template_knows_who_comes_into_a_room(world: MatrixWorld) -> None:
    host, li = await world.somebody("坊主"), await world.somebody()
    person_id = await enlist(world, "李春华", staff_no=li.user_id[1:].partition(":")[0].upper())
    room = await host.make_room(world.bot.user_id, li.user_id, name="坊")
    await world.pump()
    assert await world.run(lambda ctx: ctx.session.query(Identity).filter_by(person_id=person_id).count()) == 0
    await li.join(room)
    await world.pump()
    assert await owner(world, li) == person_id
    assert not [text for text in await words(host, room, world.bot.user_id) if NOTICE in text or "李春华" in text]
    await world.pump()
    (direct,) = await li.invitations()
    await li.join(direct)
    said = await words(li, direct, world.bot.user_id)
    assert NOTICE in said[0] and "欢迎" in said[1]


async def test_nobody_unknown_is_taken_for_somebody(world: MatrixWorld) -> None:
    await enlist(world, "李春华", staff_no=new_pid(), matrix_id=f"@{new_pid()}:localhost")
    wang = await world.somebody("王建国")
    room = await world.chat_with(wang)
    assert "绑定码" in (await words(wang, room, world.bot.user_id))[0]
    assert await owner(world, wang) is None


async def test_a_countys_rooms_ask_in_whoever_is_on_the_list(database_url: str, synapse: Synapse) -> None:
    """Nobody but the administrator was ever heard of: accounts come from the list and the template alone."""
    how = {"user_template": "@{staff_no}:localhost", "kind": MatrixTown}
    async with a_matrix_world(database_url, synapse, **how) as world:
        world.runtime.now = utcnow
        county = await a_county(world)
        li, chen = await world.somebody("李春华"), await world.somebody("陈静")
        number = li.user_id[1:].partition(":")[0].upper()
        by_number = await enlist_at(world, county.first, "李春华", staff_no=number)
        by_list = await enlist_at(world, county.first, "陈静", staff_no="9-9", matrix_id=chen.user_id)
        await county.run(mirror_region, county.county.pid, actor=county.lin)
        await keep_up(county)
        staff = (await natives(county, county.first))["room"]
        for person, person_id in ((li, by_number), (chen, by_list)):
            assert staff in await person.invitations()
            await person.join(staff)
            await keep_up(county)
            assert await owner(world, person) == person_id
            await world.settle()  # a private chat is opened between two syncs
            (direct,) = [room for room in await person.invitations() if "dm" in await alias_of(world, room)]
            await world.settle()
            await person.join(direct)
            assert NOTICE in (await words(person, direct, world.bot.user_id))[0]


async def alias_of(world: MatrixWorld, room: str) -> str:
    return str((await world.matrix.connection.home.call("GET", room_path(room, "aliases")))["aliases"])


async def enlist_at(world: MatrixWorld, school: Community, name: str, **columns: str) -> int:
    def add(ctx: Context) -> int:
        person = Person(name=name, school_id=school.id, region_id=school.parent_id, created_at=ctx.now, **columns)
        ctx.session.add(person)
        ctx.session.flush()
        return person.id

    return await world.run(add)
