"""A group that people made comes to be what it should be: looking, planning, acting and hearing, with real accounts."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from api.rooms.planning import LEADS, READS, SPEAKS, Desired, Seat, Standing, plan
from bot.inbound import Inbound
from tests.emulators.telegram import Person, add_person
from tests.support.telegram import TelegramWorld, a_telegram_world
from tests.telegram.test_membership import Ears
from tests.telegram.town import PROMOTING, Town

pytestmark = pytest.mark.slow

HERE = ("join", "knock")
ROUNDS = 6


@pytest.fixture
def ears() -> Ears:
    return Ears()


@pytest.fixture
async def world(database_url: str, ears: Ears) -> AsyncIterator[TelegramWorld]:
    async with a_telegram_world(database_url, (ears.feature(),)) as world:
        yield world


def learn(known: dict[str, Standing], inbound: Inbound, account: str) -> None:
    """What is known of accounts, after one more event. An echo is news only of who is not known to be so."""
    before, payload = known.get(inbound.sender, Standing("leave")), inbound.payload
    if payload.get("echo") and (before.state == "join") == (inbound.kind == "joined"):
        return
    _, rank = payload.get("ranks", {}).get(inbound.sender, (0, before.rank if inbound.kind == "ranked" else SPEAKS))
    if inbound.kind in ("joined", "ranked"):
        known[inbound.sender] = Standing("join", rank)
    elif inbound.kind == "asked_to_join":
        known[inbound.sender] = Standing("knock")
    elif inbound.kind == "left":
        banned = payload["how"] == "banned"
        known[inbound.sender] = Standing("ban" if banned else "leave", ours=banned and payload["by"] == account)


@pytest.mark.parametrize("forbidden_for_good", [False, True])
async def test_a_group_comes_to_be_what_it_should_be(
    world: TelegramWorld, ears: Ears, forbidden_for_good: bool
) -> None:
    host, member, reader, newcomer, former, stranger = (
        add_person(world.emulator.world, name) for name in ("坊主", "成员", "观察员", "新人", "以前的", "陌生人")
    )
    every = {str(one.id): one for one in (host, member, reader, newcomer, former, stranger)}
    group = world.owner.create_group("随便起的", world.bot, host, former, kind="supergroup")
    world.owner.promote(group, world.bot, *PROMOTING)
    await world.settle()  # from its first question on the bot is told of members
    world.owner.invite(group, member)
    world.owner.mute(group, member)
    world.owner.invite(group, reader)
    world.owner.invite(group, stranger)
    town, known = Town(world, group), dict[str, Standing]()
    desired = Desired(
        frozenset({"name", "topic", "members", "ranks", "reading"}), name="识字工坊", topic="一起识字",
        seats={str(host.id): Seat(LEADS), str(member.id): Seat(), str(newcomer.id): Seat(),
               str(reader.id): Seat(READS, invited=False)},
        out={str(former.id): forbidden_for_good},
    )  # fmt: skip
    for turn in range(ROUNDS):
        await world.settle()
        for _, inbound in ears.heard:
            learn(known, inbound, world.telegram.account)
        ears.heard.clear()
        known.setdefault(str(former.id), Standing("join"))  # was there before the bot: somebody heard them speak
        town.place = replace(town.place, known=dict(known))
        found = plan(desired, await town.look())
        assert found.lacking == ()
        if not found.actions:
            break
        for action in found.actions:
            kept = await town.do(action.kind, every.get(action.who), action.value)
            if "link" in kept and not group.member(every[action.who]).inside and turn:
                every[action.who].join(group, kept["link"])  # they do so at the second time of asking
    assert found.actions == () and turn < ROUNDS - 1
    assert (group.title, group.description) == ("识字工坊", "一起识字")
    inside = {number for number, standing in group.members.items() if standing.inside}
    assert inside == {one.id for one in (world.owner, world.bot, host, member, reader, newcomer, stranger)}
    assert group.member(host).admin and group.member(reader).muted and not group.member(member).muted
    assert (group.member(former).status == "kicked") == forbidden_for_good
    assert not any(town.did(method) > 1 for method in ("createChatInviteLink", "setChatTitle", "promoteChatMember"))
    await the_damage_is_mended(town, host, desired)


async def the_damage_is_mended(town: Town, host: Person, desired: Desired) -> None:
    """What people did by hand is undone in one pass."""
    town.owner.retitle(town.group, "有人改了")
    town.owner.demote(town.group, host)
    for action in plan(desired, await town.look()).actions:
        await town.do(action.kind, host if action.who else None, action.value)
    assert plan(desired, await town.look()).actions == ()
    assert town.group.title == "识字工坊" and town.group.member(host).admin
