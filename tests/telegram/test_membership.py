"""Who comes and goes in groups, gets rights or asks to come in, and what the bot may do there: real accounts."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from api.rooms.planning import Action
from bot.inbound import Inbound
from bot.platforms.base import Place
from bot.registry import Feature
from bot.turn import Turn
from storage.messaging import Incoming
from tests.emulators.telegram import Chat, Person, add_person
from tests.support.telegram import TelegramWorld, a_telegram_world

KINDS = "said invited asked_to_join joined left ranked bot_added bot_changed bot_removed".split()


class Ears:
    """What the bot heard, and where."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Inbound]] = []

    def take(self, turn: Turn) -> bool:
        self.heard.append((turn.face.chat.native, turn.inbound))
        return True

    def feature(self) -> Feature:
        events = tuple((kind, self.take) for kind in KINDS if kind != "said")
        return Feature(offers=(self.take,), overhears=(self.take,), events=events)  # type: ignore[arg-type]

    def news(self) -> list[tuple[str, str, dict[str, Any]]]:
        """(kind, account, payload) of what was not looked at yet, without the echoes of service messages."""
        news = [(one.kind, one.sender, one.payload) for _, one in self.heard if not one.payload.get("echo")]
        self.heard.clear()
        return news


@pytest.fixture
def ears() -> Ears:
    return Ears()


@pytest.fixture
async def world(database_url: str, ears: Ears) -> AsyncIterator[TelegramWorld]:
    async with a_telegram_world(database_url, (ears.feature(),)) as world:
        yield world


@pytest.fixture
def li(world: TelegramWorld) -> Person:
    return add_person(world.emulator.world, "李老师")


async def a_group(world: TelegramWorld, ears: Ears, *others: Person, kind: str = "supergroup") -> Chat:
    """A group where the bot is an administrator; what led there was heard."""
    group = world.owner.create_group("识字组", world.bot, *others, kind=kind)
    world.owner.promote(group, world.bot)
    await world.settle()
    ears.heard.clear()
    return group


async def test_somebody_joins_speaks_and_leaves(world: TelegramWorld, ears: Ears, li: Person) -> None:
    group = await a_group(world, ears)
    li.join(group, world.owner.make_link(group))
    li.say(group, "大家好")
    li.leave(group)
    await world.settle()
    assert {place for place, _ in ears.heard} == {str(group.id)}
    assert ears.heard[0][1].name == "李老师"
    me = str(li.id)
    assert ears.news() == [
        ("joined", me, {"by": me}), ("said", me, {}), ("left", me, {"by": me, "how": "left", "from": "join"}),
    ]  # fmt: skip


async def test_somebody_is_added_put_out_and_banned(world: TelegramWorld, ears: Ears, li: Person) -> None:
    group = await a_group(world, ears)
    me, host = str(li.id), str(world.owner.id)
    world.owner.invite(group, li)
    world.owner.remove(group, li)
    world.owner.unban(group, li)
    await world.settle()
    assert ears.news() == [
        ("joined", me, {"by": host}), ("left", me, {"by": host, "how": "banned", "from": "join"}),
        ("left", me, {"by": host, "how": "removed", "from": "ban"}),
    ]  # fmt: skip


async def test_what_the_bot_does_itself_is_no_decision_of_anybody(world: TelegramWorld, ears: Ears, li: Person) -> None:
    """Somebody removed is banned and unbanned by the server; one who is banned is not known to stay out."""
    group, remove = await a_group(world, ears, li), Action("remove", str(li.id))
    place = Place("room12345678", str(group.id), "room", {}, {})
    assert world.telegram.mirroring is not None
    await world.telegram.mirroring.act(place, remove)
    world.owner.invite(group, li)
    await world.telegram.mirroring.act(place, remove._replace(kind="ban"))
    await world.telegram.mirroring.act(place, remove._replace(kind="unban"))
    await world.settle()
    me, us = str(li.id), world.telegram.account
    gone = ("left", me, {"by": us, "how": "removed", "from": "join"})
    assert ears.news() == [gone, ("joined", me, {"by": str(world.owner.id)}), gone]


async def test_somebody_asks_and_is_let_in(world: TelegramWorld, ears: Ears, li: Person) -> None:
    group = await a_group(world, ears)
    li.join(group, world.owner.make_link(group, asks=True))
    world.owner.decide(group, li, welcome=True)
    await world.settle()
    me = str(li.id)
    assert ears.news() == [
        ("asked_to_join", me, {"by": me, "chat": me}), ("joined", me, {"by": str(world.owner.id)}),
    ]  # fmt: skip


async def test_ranks(world: TelegramWorld, ears: Ears, li: Person) -> None:
    group = await a_group(world, ears, li)
    me, host = str(li.id), str(world.owner.id)
    world.owner.promote(group, li)
    world.owner.promote(group, li, "can_pin_messages")  # other rights, the same rank
    world.owner.demote(group, li)
    world.owner.mute(group, li)
    world.owner.demote(group, li)
    await world.settle()
    steps = [[0, 50], [50, 0], [0, -1], [-1, 0]]
    assert ears.news() == [("ranked", me, {"by": host, "ranks": {me: step}}) for step in steps]


async def test_the_bot_is_told_what_it_may(world: TelegramWorld, ears: Ears) -> None:
    group = world.owner.create_group("识字组", world.bot, kind="supergroup")
    world.owner.promote(group, world.bot, "can_invite_users", "can_change_info")
    world.owner.promote(group, world.bot, "can_invite_users", "can_change_info")
    world.owner.demote(group, world.bot)
    world.owner.remove(group, world.bot)
    await world.settle()
    host = str(world.owner.id)
    assert ears.news() == [
        ("bot_added", host, {"by": host, "may": []}),
        ("bot_changed", host, {"by": host, "may": ["admit", "invite", "name", "picture", "refuse", "topic"]}),
        ("bot_changed", host, {"by": host, "may": []}),
        ("bot_removed", host, {"by": host, "may": []}),
    ]


async def test_service_messages_are_all_a_plain_member_hears(world: TelegramWorld, ears: Ears, li: Person) -> None:
    group = world.owner.create_group("识字组", world.bot, kind="supergroup")
    await world.settle()
    ears.heard.clear()
    me, host = str(li.id), str(world.owner.id)
    world.owner.invite(group, li)
    li.leave(group)
    li.join(group, world.owner.make_link(group))
    world.owner.remove(group, li)
    await world.settle()
    assert [(one.kind, one.sender, one.payload) for _, one in ears.heard] == [
        ("joined", me, {"by": host, "echo": True}),
        ("left", me, {"by": me, "echo": True, "how": "left", "from": "join"}),
        ("joined", me, {"by": me, "echo": True}),
        ("left", me, {"by": host, "echo": True, "how": "removed", "from": "join"}),
    ]


async def test_an_echo_follows_what_it_repeats(world: TelegramWorld, ears: Ears, li: Person) -> None:
    group = await a_group(world, ears)
    world.owner.invite(group, li)
    world.owner.remove(group, li)
    await world.settle()
    assert [(one.kind, bool(one.payload.get("echo"))) for _, one in ears.heard] == [
        ("joined", False), ("joined", True), ("left", False), ("left", True),
    ]  # fmt: skip


async def test_several_who_come_at_once_are_several(world: TelegramWorld, ears: Ears) -> None:
    group = await a_group(world, ears)
    people = [add_person(world.emulator.world, name) for name in ("甲", "乙", "丙")]
    named = [{"id": one.id, "is_bot": False, "first_name": one.first_name} for one in people]
    world.emulator.world.service(group, world.owner, {"new_chat_members": named})
    await world.settle()
    assert [one.name for _, one in ears.heard] == ["甲", "乙", "丙"]
    assert {one.kind for _, one in ears.heard} == {"joined"}
    rows = await world.run(lambda ctx: [row.event_id for row in ctx.session.query(Incoming).order_by(Incoming.id)])
    assert rows[-3:] == [rows[-3], f"{rows[-3]}:2", f"{rows[-3]}:3"]


async def test_other_bots_are_nobody(world: TelegramWorld, ears: Ears) -> None:
    group = await a_group(world, ears)
    other = world.emulator.world.add_bot("other_bot")
    world.owner.invite(group, other)
    world.owner.promote(group, other)
    world.owner.remove(group, other)
    await world.settle()
    assert ears.heard == []


async def test_a_basic_group_removes_and_bans_nobody(world: TelegramWorld, ears: Ears, li: Person) -> None:
    group = await a_group(world, ears, li, kind="group")
    world.owner.remove(group, li)
    await world.settle()
    host = str(world.owner.id)
    assert ears.news() == [("left", str(li.id), {"by": host, "how": "removed", "from": "join"})]
    new = world.owner.migrate(group)
    await world.settle()
    ((place, added),) = [(place, one) for place, one in ears.heard if one.kind == "bot_added"]
    assert place == str(new.id) and "remove" in added.payload["may"]
