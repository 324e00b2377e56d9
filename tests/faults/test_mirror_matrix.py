"""A county of 5 schools, 10 workshops and 60 people on a real Synapse: whatever happens, its rooms become what they
should be."""

import time
from urllib.parse import quote

import pytest

from api.context import Context
from api.rooms.mirroring import adopt_room
from storage.communities import Community
from storage.rooms import Room, RoomAccount
from tests.support.county_life import YEAR
from tests.support.damage import Head, a_head, change_levels
from tests.support.large_county import Key, add_place, join
from tests.support.mirrored import Mirrored, a_mirrored_county, mirror
from tests.support.stock import state_of
from tests.support.synapse import Synapse

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]


def set_policy(ctx: Context, place: int, policy: str) -> None:
    ctx.session.get_one(Community, place).room_policy = policy


def open_questions(ctx: Context, place: int) -> list[tuple[str, str]]:
    """(account, what its hosts are asked about it) in the rooms of a place."""
    query = ctx.session.query(RoomAccount.native, RoomAccount.asked).join(Room, Room.id == RoomAccount.room_id)
    here = query.filter(Room.community_id == place, RoomAccount.asked != "")
    return sorted((native, asked) for native, asked in here)


async def test_from_nothing(database_url: str, synapse: Synapse, capsys: pytest.CaptureFixture[str]) -> None:
    async with a_mirrored_county(database_url, synapse) as one:
        began = time.monotonic()
        await one.run(mirror, one.county)
        rounds = await one.converge()
        first = time.monotonic() - began
        assert await one.faults() == []
        joined = await one.accept([*one.county.people][:15])
        await one.converge()
        assert await one.faults() == []
        with capsys.disabled():
            print(f"\nfrom nothing: {len(one.county.rooms())} rooms, {rounds} rounds, {first:.0f} s; {joined} came in")


async def test_damage_by_hand(database_url: str, synapse: Synapse, capsys: pytest.CaptureFixture[str]) -> None:
    async with a_mirrored_county(database_url, synapse) as one:
        county, bot, head = one.county, one.bot, a_head(one)
        await one.run(mirror, county)
        await one.converge()
        people = [*county.people][:30]
        await one.accept(people)
        for place in ("w1", "w2"):
            await one.run(set_policy, county.places[place].id, "ignore")
        await one.converge()
        assert await one.faults() == []
        rooms = await one.natives()
        region, school, other = rooms[Key("region", "space")], rooms[Key("s0", "space")], rooms[Key("s1", "space")]
        w0, w1, w2 = (rooms[Key(f"w{n}", "room")] for n in range(3))
        for native in (region, school, other, w0, w1, w2):
            await head.take_power(bot, native)
        await one.converge()

        def some(workshop: str, role: str) -> list[str]:
            return [who for who, what in county.members[workshop].items() if what == role and who in people]

        kicked, banned, asked, *_ = some("w0", "member")
        raised, higher, *_ = some("w1", "member")
        theirs = await head.make_room()
        await head.move(w0, "kick", kicked)
        await head.move(w0, "ban", banned)
        await head.move(w1, "kick", some("w1", "member")[2])
        guest = next(who for who in people if who not in county.members["w0"])
        await head.move(w0, "invite", guest)
        await one.client(guest).join(w0)
        peer = head.user_id.replace("head", "peer")
        await change_levels(head, w0, {asked: 50})
        await change_levels(head, w1, {raised: 50, higher: 75, peer: 100, some("w1", "host")[0]: None},
                            events_default=50, redact=10)  # fmt: skip
        await head.put(region, "m.room.name", {"name": "别的名字"})
        await head.put(region, "m.room.topic", {"topic": "别的话题"})
        await head.put(w0, "m.room.join_rules", {"join_rule": "public"})
        await head.put(w2, "m.room.history_visibility", {"history_visibility": "world_readable"})
        await head.put(region, "m.space.child", {}, school)
        await head.put(school, "m.space.parent", {}, region)
        await head.put(region, "m.space.child", {"via": ["localhost"]}, theirs)
        await head.put(other, "m.space.child", {"via": ["localhost"]}, w0)
        hurt = await one.faults()
        await one.converge()
        aside = {Key("w0", "room"): {kicked, banned, guest, asked}}
        assert await one.faults(aside=aside) == []
        # what is not ours, or is to be decided by a host, is as they left it
        assert (await state_of(bot, region))["m.space.child", theirs] == {"via": ["localhost"]}
        levels = (await state_of(bot, w1))["m.room.power_levels", ""]
        assert levels["redact"] == 10 and levels["users"][peer] == levels["users"][head.user_id] == 100
        after = await state_of(bot, w0)
        assert after["m.room.power_levels", ""]["users"][asked] == 50
        assert after["m.room.member", kicked]["membership"] == "leave"
        assert after["m.room.member", banned]["membership"] == "ban"
        assert after["m.room.member", guest]["membership"] == "join"
        assert after["m.room.member", head.user_id]["membership"] == "join"
        questions = await one.run(open_questions, county.places["w0"].id)
        assert questions == sorted([(guest, "in"), (asked, "rank"), (kicked, "left"), (banned, "left"),
                                    (head.user_id, "unknown")])  # fmt: skip
        # nobody but a sweep tells what the bot's own account did in another client
        await bot.ask("PUT", f"rooms/{quote(region)}/state/m.room.name/", {"name": "又一个名字"})
        await one.sweep()
        assert await one.faults(aside=aside) == []
        # without the right to it nothing is tried, only said; once it is given it is done
        await bot.ask("PUT", f"rooms/{quote(w2)}/state/m.room.history_visibility/", {"history_visibility": "joined"})
        await change_levels(bot, w2, {bot.user_id: 60})
        await one.sweep()
        lacking = await one.plans()
        assert len(lacking) == 1 and "history" in lacking[0]
        await change_levels(head, w2, {bot.user_id: 100})
        await one.converge()
        assert await one.faults(aside=aside) == []
        with capsys.disabled():
            print(f"\ndamage by hand: {len(hurt)} things out of order, 0 after; {len(questions)} questions to hosts")


async def test_the_life_of_a_county(database_url: str, synapse: Synapse, capsys: pytest.CaptureFixture[str]) -> None:
    async with a_mirrored_county(database_url, synapse) as one:
        county, head = one.county, a_head(one)
        await one.run(mirror, county)
        await one.converge()
        people = [*county.people][:30]
        await one.accept(people)
        await one.converge()
        for step in YEAR:
            await one.run(step, county)
            await one.converge()
            await one.accept(people)
            await one.converge()
            assert await one.faults() == [], step
        for version in ("11", "12"):
            await upgrade(one, head, version)
            assert await one.faults() == [], version
        adopted = await adopt(one, head)
        assert await one.faults(adopted={adopted}) == []
        with capsys.disabled():
            print(f"\na county's life: {len(YEAR)} changes, 2 upgrades, a room of version 12 adopted; "
                  f"{len(county.rooms())} rooms")  # fmt: skip


async def upgrade(one: Mirrored, head: Head, version: str) -> None:
    """Somebody with all power replaces an open workshop's room, as clients offer to do."""
    key = Key("w1", "room")
    old = (await one.natives())[key]
    if version == "11":
        await head.take_power(one.bot, old)
    new = await head.upgrade(old, version)
    await one.converge()
    rooms = await one.natives()
    assert rooms[key] == new
    assert not (await state_of(one.bot, rooms[Key("region", "space")]))["m.space.child", old]


async def adopt(one: Mirrored, head: Head) -> Key:
    """A room of version 12 that somebody made becomes a new workshop's."""
    native = await head.make_room(one.bot.user_id, room_version="12", name="他们的名字",
                                  power_level_content_override={"users": {one.bot.user_id: 100}})  # fmt: skip
    await one.converge()

    def bind(ctx: Context) -> None:
        add_place(ctx, one.county, "w7x", "自建工坊", "workshop", "region")
        for n, who in enumerate([*one.county.people][14:20]):
            join(ctx, one.county, who, "w7x", "host" if n == 0 else "member")
        ctx.session.flush()
        adopt_room(ctx, one.county.places["w7x"].pid, native)

    await one.run(bind)
    await one.converge()
    await one.accept([*one.county.people][14:18])
    await one.converge()
    assert (await state_of(one.bot, native))["m.room.name", ""] == {"name": "他们的名字"}
    return Key("w7x", "room")
