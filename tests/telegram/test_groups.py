"""Groups: added, bound, turned into supergroups, left; who may bind; topics; whoever speaks without a face."""

from typing import Any

from api.context import Context
from storage.messaging import Chat
from storage.people import Identity
from storage.rooms import Room
from tests.support.telegram import TelegramVoice, TelegramWorld


async def a_host(world: TelegramWorld) -> tuple[TelegramVoice, Any]:
    county = await world.region()
    workshop = await world.workshop(await world.school(county, "第一小学"), "识字工坊")
    host: Any = await world.teacher("沈老师")
    await world.join(host, workshop, "host")
    return host, workshop


def bound_to(ctx: Context) -> list[tuple[str, int]]:
    found = ctx.session.query(Chat.native, Room.community_id).join(Room, Room.chat_id == Chat.id)
    return [(row[0], row[1]) for row in found]


async def later(world: TelegramWorld, seconds: float = 5) -> None:
    world.pass_time(seconds=seconds)
    await world.settle()


async def test_a_group_is_greeted_and_bound_by_its_administrator_who_leads(world: TelegramWorld) -> None:
    host, workshop = await a_host(world)
    group = host.phone.create_group("识字组", world.bot)
    await world.settle()
    await later(world)
    host.expect("我是工坊助手", "/bind", room=str(group.id))
    await host.say("/bind", room=str(group.id))
    host.expect("群“识字组”要绑定到哪里")
    await host.press("识字工坊")
    host.expect("已绑定到“识字工坊”")
    host.expect("本群已绑定“识字工坊”", room=str(group.id))
    assert await world.run(bound_to) == [(str(group.id), workshop.id)]
    await host.say("绑定本群", room=str(group.id))
    host.expect("已经绑定“识字工坊”")
    await host.say("解绑本群", room=str(group.id))
    await host.press("解绑")
    host.expect("已和“识字工坊”解绑")
    assert await world.run(bound_to) == []


async def test_a_command_under_an_album_is_a_command(world: TelegramWorld) -> None:
    host, _ = await a_host(world)
    group = host.phone.create_group("识字组", world.bot)
    files = [{"kind": "document", "name": name, "mime": "text/plain", "ref": {"key": name}} for name in ("甲", "乙")]
    world.paper.files |= {"甲": b"1", "乙": b"2"}
    await host.say("/bind", room=str(group.id), files=files)
    host.expect("群“识字组”要绑定到哪里")


async def test_neither_right_alone_is_enough(world: TelegramWorld) -> None:
    host, _ = await a_host(world)
    li: Any = await world.teacher("李老师")
    group = li.phone.create_group("李老师的群", world.bot)
    group_id = str(group.id)
    await host.say("/bind", room=group_id)  # leads, but does not administer
    host.expect("只有本群的管理员能绑定")
    await li.say("/bind", room=group_id)  # administers, but leads nothing
    li.expect("你没有负责的工坊")
    li.phone.promote(group, host.phone)
    await host.say(f"/bind@{world.bot.username}", room=group_id)
    await host.press("识字工坊")
    assert len(await world.run(bound_to)) == 1


async def test_the_answer_of_long_ago_does_not_bind(world: TelegramWorld) -> None:
    host, _ = await a_host(world)
    group = host.phone.create_group("识字组", world.bot)
    await host.say("/bind", room=str(group.id))
    world.pass_time(minutes=20)
    await host.press("识字工坊")
    host.expect("隔得太久了")
    assert await world.run(bound_to) == []


async def test_telegram_that_cannot_be_asked_binds_nothing(world: TelegramWorld) -> None:
    host, _ = await a_host(world)
    group = host.phone.create_group("识字组", world.bot)
    await world.settle()
    world.emulator.faults.fail("getChatAdministrators", 502)
    await host.say("/bind", room=str(group.id))
    host.expect("暂时查不到你是不是本群管理员")
    await host.say("/bind", room=str(group.id))
    host.expect("要绑定到哪里")


async def test_nobody_binds_without_a_face(world: TelegramWorld) -> None:
    host, _ = await a_host(world)
    group = host.phone.create_group("识字组", world.bot, kind="supergroup")
    channel = host.phone.create_group("频道", kind="channel")
    for face in (group, channel):
        host.phone.say(group, "/bind", as_chat=face)
    await world.settle()
    host.expect_nothing()
    assert await world.run(lambda ctx: ctx.session.query(Identity).filter(Identity.native.in_(
        ["1087968824", "136817688"])).count()) == 0  # fmt: skip


async def test_a_group_that_became_a_supergroup_stays_bound(world: TelegramWorld) -> None:
    host, workshop = await a_host(world)
    group = host.phone.create_group("识字组", world.bot)
    await host.say("/bind", room=str(group.id))
    await host.press("识字工坊")
    new = host.phone.migrate(group)
    await world.settle()
    assert await world.run(bound_to) == [(str(new.id), workshop.id)]
    await later(world)
    assert not any("我是工坊助手" in sheet.text for sheet in host.sheets(str(new.id))), "it is bound already"
    await host.say("/help", room=str(new.id))
    host.expect("在这个群里")
    natives = await world.run(lambda ctx: {row.native for row in ctx.session.query(Identity)})
    assert natives == {host.native}, "the account that spoke for the group is nobody"


async def test_what_is_sent_to_a_moved_group_arrives_at_the_new_one(world: TelegramWorld) -> None:
    """The send hears of the move before the update does."""
    host, workshop = await a_host(world)
    group = host.phone.create_group("识字组", world.bot)
    await host.say("/bind", room=str(group.id))
    await host.press("识字工坊")
    new = host.phone.migrate(group)
    await world.run(_say_in, str(group.id), "给大家")
    await world.deliverers.drain()
    await world.settle()
    assert [m.text for m in host.phone.sees(new) if m.sender is world.bot] == ["给大家"]
    assert await world.run(bound_to) == [(str(new.id), workshop.id)]


def _say_in(ctx: Context, native: str, text: str) -> None:
    from api.messaging.outbox import say_in_chat
    from api.messaging.tree import Words

    chat = ctx.session.query(Chat).filter_by(platform="telegram", native=native).one()
    say_in_chat(ctx, chat.id, Words(text))


async def test_topics_are_places_of_their_own(world: TelegramWorld) -> None:
    host, _ = await a_host(world)
    forum = host.phone.create_group("教研大群", world.bot, forum=True)
    topic = host.phone.create_topic(forum, "识字")
    place = f"{forum.id}/{topic.id}"
    await host.say("/bind", room=place)
    host.expect("群“教研大群 · 识字”要绑定到哪里")
    await host.press("识字工坊")
    host.expect("本群已绑定", room=place)
    assert [native for native, _ in await world.run(bound_to)] == [place]
    await host.say("大家好", room=str(forum.id))  # General
    await world.run(_say_in, str(forum.id), "给大家")
    await world.deliverers.drain()
    host.expect("给大家", room=f"{forum.id}/1")
    assert len(host.sheets(place)) == 1, "what belongs to General is not said in the topic"


async def test_blocked_and_removed(world: TelegramWorld) -> None:
    host, _ = await a_host(world)
    group = host.phone.create_group("识字组", world.bot)
    await host.say("/bind", room=str(group.id))
    await host.press("识字工坊")
    host.phone.remove(group, world.bot)
    host.phone.block(world.bot)
    await world.settle()

    def states(ctx: Context) -> dict[str, str]:
        return {row.native: row.state for row in ctx.session.query(Chat)}

    assert await world.run(states) == {str(group.id): "gone", host.chat: "gone"}
    assert await world.run(lambda ctx: ctx.session.query(Identity).filter_by(native=host.native).one().state) == "gone"
    await host.say("你好")  # unblocks
    host.expect("没")
    assert (await world.run(states))[host.chat] == "active"


async def test_other_bots_and_their_commands_are_nobody(world: TelegramWorld) -> None:
    host, _ = await a_host(world)
    group = host.phone.create_group("识字组", world.bot)
    other = world.emulator.world.add_bot("other_bot")
    host.phone.invite(group, other)
    await world.settle()
    before = len(host.sheets(str(group.id)))
    await host.say("/help@other_bot", room=str(group.id))
    assert len(host.sheets(str(group.id))) == before
