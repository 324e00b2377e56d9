"""Every change makes exactly the rooms due that show it, in the transaction that made it."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from api.communities.tree import add_community
from api.context import Context
from api.messaging.places import lose_chat, move_chat
from api.people.keeping import erase_people
from storage.base import new_pid
from storage.communities import Appointment, Community, Membership
from storage.inbox import find_or_add_chat
from storage.memberships import get_membership
from storage.messaging import Chat
from storage.people import Identity, Person
from storage.rooms import Room, account_in
from storage.roster import hang_under
from tests.support.county import County

ALL = {"县", "一", "一师", "二", "二师", "语", "一语"}


class Rooms:
    """Rooms of a whole county: its space, the schools' spaces and staff rooms, 语文工坊, and a workshop of 第一小学.
    """

    def __init__(self, county: County, inner: Community) -> None:
        self.county, self.inner = county, inner
        self.ids: dict[str, int] = {}

    def add(self, ctx: Context) -> None:
        for name, community, part in (
            ("县", self.county.county, "space"),
            ("一", self.county.first, "space"), ("一师", self.county.first, "room"),
            ("二", self.county.second, "space"), ("二师", self.county.second, "room"),
            ("语", self.county.workshop, "room"), ("一语", self.inner, "room"),
        ):  # fmt: skip
            chat = find_or_add_chat(ctx.session, "matrix", "", f"!{name}", "room", name, ctx.now)
            room = Room(chat_id=chat, community_id=community.id, platform="matrix", part=part, origin="created",
                        created_at=ctx.now, due_at=ctx.now + timedelta(hours=6))  # fmt: skip
            ctx.session.add(room)
            ctx.session.flush()
            self.ids[name] = room.id

    async def due(self) -> set[str]:
        """The rooms that are due; they are not afterwards."""

        def look(ctx: Context) -> set[str]:
            found = {name for name, id in self.ids.items() if ctx.session.get_one(Room, id).due_at <= ctx.now}
            for id in self.ids.values():
                ctx.session.get_one(Room, id).due_at = ctx.now + timedelta(hours=6)
            return found

        return await self.county.run(look)

    async def after(self, change: Any, *args: Any) -> set[str]:
        """The rooms that a change makes due."""
        await self.due()
        await self.county.run(change, *args)
        return await self.due()


@pytest.fixture
async def rooms(county: County) -> AsyncIterator[Rooms]:
    inner = await county.world.workshop(county.first, "一小语文")
    made = Rooms(county, inner)
    await county.run(made.add)
    yield made


def person(ctx: Context, rooms: Rooms, who: str) -> Person:
    return ctx.session.get_one(Person, getattr(rooms.county, who).person.id)


def community(ctx: Context, row: Community) -> Community:
    return ctx.session.get_one(Community, row.id)


async def test_what_nobody_sees_makes_nothing_due(rooms: Rooms) -> None:
    def change(ctx: Context) -> None:
        person(ctx, rooms, "li").email = "li@example.org"
        community(ctx, rooms.county.workshop).rules = {"a": 1}
        ctx.session.query(Identity).filter_by(person_id=rooms.county.li.person.id).one().last_spoke_at = ctx.now

    assert await rooms.after(change) == set()


async def test_memberships(rooms: Rooms) -> None:
    county = rooms.county

    def join(ctx: Context) -> None:
        ctx.session.add(Membership(person_id=county.chen.person.id, community_id=county.workshop.id, since=ctx.now))

    def raise_(ctx: Context) -> None:
        get_membership(ctx.session, county.chen.person.id, county.workshop.id).role = "cohost"

    def leave(ctx: Context) -> None:
        get_membership(ctx.session, county.chen.person.id, county.workshop.id).status = "left"

    for change in (join, raise_, leave):
        assert await rooms.after(change) == {"语"}, change


async def test_offices_reach_down(rooms: Rooms) -> None:
    def appoint(ctx: Context, place: Community, office: str) -> None:
        ctx.session.add(Appointment(pid=new_pid(), person_id=rooms.county.li.person.id, community_id=place.id,
                                    office=office, since=date(2026, 1, 1)))  # fmt: skip

    def end(ctx: Context) -> None:
        for office in ctx.session.query(Appointment).filter_by(person_id=rooms.county.li.person.id):
            office.ended_at = ctx.now

    assert await rooms.after(appoint, rooms.county.first, "school_admin") == {"一", "一师", "一语"}
    assert await rooms.after(end) == {"一", "一师", "一语"}
    assert await rooms.after(appoint, rooms.county.county, "region_admin") == ALL


async def test_a_transfer_concerns_both_schools(rooms: Rooms) -> None:
    def transfer(ctx: Context) -> None:
        person(ctx, rooms, "li").school_id = rooms.county.second.id

    assert await rooms.after(transfer) == {"县", "一", "一师", "二", "二师"}


async def test_people_go_from_everywhere_they_were(rooms: Rooms) -> None:
    county = rooms.county
    await county.world.join(county.li, rooms.inner)

    def remove(ctx: Context) -> None:
        person(ctx, rooms, "li").removed_at = ctx.now

    def erase(ctx: Context) -> None:
        erase_people(ctx, person(ctx, rooms, "wang"))
        person(ctx, rooms, "wang").erased_at = ctx.now

    assert await rooms.after(remove) == {"县", "一", "一师", "一语"}
    assert await rooms.after(erase) == {"县", "一", "一师", "语"}


async def test_accounts(rooms: Rooms) -> None:
    county = rooms.county

    def bind(ctx: Context, who: Any) -> None:
        row = ctx.session.query(Identity).filter_by(platform="matrix", native="@new:x").one_or_none()
        if row is None:
            row = Identity(pid=new_pid(), platform="matrix", native="@new:x", created_at=ctx.now)
            ctx.session.add(row)
        row.person_id = who.person.id if who is not None else None

    def lose(ctx: Context) -> None:
        ctx.session.query(Identity).filter_by(native="@new:x").one().state = "gone"

    assert await rooms.after(bind, county.wang) == {"县", "一", "一师", "语"}
    assert await rooms.after(bind, county.chen) == {"县", "一", "一师", "语", "二", "二师"}  # whose it was, and is
    assert await rooms.after(lose) == {"县", "二", "二师"}
    assert await rooms.after(bind, None) == {"县", "二", "二师"}


async def test_what_a_host_decided_about_an_account(rooms: Rooms) -> None:
    def decide(ctx: Context) -> None:
        account_in(ctx.session, rooms.ids["语"], "@x:x", ctx.now).left_be = "here"

    def see(ctx: Context) -> None:
        account_in(ctx.session, rooms.ids["语"], "@x:x", ctx.now).name = "小红"

    assert await rooms.after(decide) == {"语"}
    assert await rooms.after(see) == set()


async def test_communities(rooms: Rooms) -> None:
    county = rooms.county

    def rename(ctx: Context) -> None:
        community(ctx, county.first).name = "实验小学"

    def archive(ctx: Context, what: Community) -> None:
        community(ctx, what).archived_at = ctx.now

    def found(ctx: Context) -> None:
        add_community(ctx, kind="workshop", name="新工坊", parent=community(ctx, county.first))

    def move(ctx: Context) -> None:
        row, school = community(ctx, county.workshop), community(ctx, county.second)
        row.parent_id, row.path = school.id, f"{school.path}{row.id}/"

    assert await rooms.after(rename) == {"县", "一", "一师"}
    assert await rooms.after(found) == {"一", "一师"}
    assert await rooms.after(move) == {"县", "二", "二师", "语"}
    assert await rooms.after(archive, rooms.inner) == {"一", "一师", "一语"}
    assert await rooms.after(archive, county.first) == {"县", "一", "一师", "一语"}


async def test_a_region_that_moves_with_all_that_lies_in_it(rooms: Rooms) -> None:
    def move(ctx: Context) -> None:
        city = add_community(ctx, kind="region", name="临江市", level="city")
        hang_under(ctx.session, community(ctx, rooms.county.county), city)

    assert await rooms.after(move) == ALL


async def test_a_chat_that_moves_goes_or_comes_to_be_another_one(rooms: Rooms) -> None:
    """A school's space is shown above it, and lets its members into what hangs in it."""

    def chat(ctx: Context, native: str) -> Chat:
        return ctx.session.query(Chat).filter_by(platform="matrix", native=native).one()

    def move(ctx: Context) -> None:
        move_chat(ctx, chat(ctx, "!一"), "!新")

    def hand_over(ctx: Context) -> None:
        find_or_add_chat(ctx.session, "matrix", "", "!更新", "room", "", ctx.now)
        move_chat(ctx, chat(ctx, "!新"), "!更新")

    def lose(ctx: Context) -> None:
        lose_chat(ctx, chat(ctx, "!更新"))

    for change in (move, hand_over, lose):
        assert await rooms.after(change) == {"县", "一", "一师", "一语"}, change


async def test_of_many_rows_it_is_asked_once_which_are_new(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    """The session makes the answer anew each time: asked for every row, a county's list took minutes."""
    asked = 0

    def new(session: Session) -> Any:
        nonlocal asked
        asked += 1
        return real.__get__(session)

    def enrol(ctx: Context) -> None:
        school = rooms.county.first.id
        ctx.session.add_all([
            Person(pid=new_pid(), name=f"新{n}", school_id=school, created_at=ctx.now) for n in range(200)
        ])  # fmt: skip

    real = Session.new
    monkeypatch.setattr(Session, "new", property(new))
    assert await rooms.after(enrol) == {"县", "一", "一师"}
    assert 0 < asked < 20
