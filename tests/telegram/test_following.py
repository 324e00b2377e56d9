"""A workshop's group on Telegram looked after by the whole bot: members are asked in, let in, followed and put out."""

from dataclasses import dataclass
from typing import Any

import pytest

from api.communities.members import remove_member
from api.context import Context
from bot.bots import Bots
from bot.mirror import Mirrors
from storage.communities import Community, Membership
from storage.memberships import get_membership
from storage.mirrors import AT_ONCE
from storage.rooms import Room, RoomAccount
from tests.emulators.telegram import Chat
from tests.support.telegram import TelegramVoice, TelegramWorld
from tests.telegram.town import PROMOTING


@dataclass
class Group:
    """识字工坊 on Telegram: 沈 is its host and owns the group, 李 is a member and not in it yet."""

    world: TelegramWorld
    workshop: Community
    host: Any
    li: Any
    chat: Chat

    async def keep(self, hours: float = 0) -> None:
        """Let what happened be heard, and the room be looked at until there is nothing to do."""
        self.world.pass_time(hours=hours)
        mirrors = Mirrors(self.world.runtime, Bots.of(self.world.telegram))
        for _ in range(3):
            await self.world.settle()
            await self.world.run(_due)
            await mirrors.drain()
        await self.world.settle()

    async def standing(self, who: TelegramVoice) -> str:
        """Somebody's standing in the workshop."""

        def look(ctx: Context) -> str:
            assert who.person is not None
            row = get_membership(ctx.session, who.person.id, self.workshop.id)
            return row.status if row else ""

        return await self.world.run(look)

    async def known(self, who: TelegramVoice) -> str:
        """How an account stands in the room, as far as is known."""
        return await self.world.run(
            lambda ctx: ctx.session.query(RoomAccount.state).filter_by(native=who.native).scalar()
        )

    async def room(self) -> dict[str, Any]:
        """What the last look found."""
        return await self.world.run(lambda ctx: dict(ctx.session.query(Room).one().findings))

    async def link(self, who: TelegramVoice) -> str:
        """The link that somebody was sent."""
        urls = [b.url for sheet in who.unread() for _, b in sheet.buttons if b.url]
        assert len(urls) == 1, urls
        return urls[0]


def _due(ctx: Context) -> None:
    for room in ctx.session.query(Room):
        room.due_at, room.tries = AT_ONCE, {}


async def a_group(world: TelegramWorld, kind: str = "supergroup", policy: str = "follow") -> Group:
    county = await world.region()
    workshop = await world.workshop(await world.school(county, "第一小学"), "识字工坊")
    host, li = await world.teacher("沈老师"), await world.teacher("李老师")
    await world.join(host, workshop, "host")
    await world.join(li, workshop)
    phone: Any = host
    chat = phone.phone.create_group("随便起的", world.bot, kind=kind)
    phone.phone.promote(chat, world.bot, *PROMOTING)
    await host.say("/bind", room=str(chat.id))
    await host.press("识字工坊")

    def manage(ctx: Context) -> None:
        room = ctx.session.query(Room).one()
        room.manages, room.due_at = ["members", "ranks", "name"], AT_ONCE
        ctx.session.get_one(Community, workshop.id).room_policy = policy

    await world.run(manage)
    host.unread()
    li.unread()
    return Group(world, workshop, host, li, chat)


async def test_a_member_is_asked_in_once_and_let_in(world: TelegramWorld) -> None:
    group = await a_group(world)
    await group.keep()
    assert group.chat.title == "识字工坊"
    link = await group.link(group.li)
    await group.keep(hours=7)
    group.li.expect_nothing()
    group.li.phone.join(group.chat, link)
    await group.keep()
    assert group.chat.member(group.li.phone).inside and await group.known(group.li) == "join"
    assert (await group.room())["left"] == [] and (await group.room())["lacking"] == []


async def test_a_stranger_is_turned_away(world: TelegramWorld) -> None:
    group = await a_group(world)
    await group.keep()
    link, stranger = await group.link(group.li), world.new_voice("陌生人")
    stranger.phone.join(group.chat, link)
    await group.keep()
    assert stranger.phone.id not in group.chat.requests and not group.chat.member(stranger.phone).inside


async def test_who_leaves_the_group_leaves_the_workshop_and_the_other_way_round(world: TelegramWorld) -> None:
    group = await a_group(world)
    await group.keep()
    group.li.phone.join(group.chat, await group.link(group.li))
    await group.keep()
    group.li.phone.leave(group.chat)
    await group.keep()
    assert await group.standing(group.li) == "left"
    wang: Any = await world.teacher("王老师")
    await world.join(wang, group.workshop)
    group.host.phone.invite(group.chat, wang.phone)
    await group.keep()
    assert group.chat.member(wang.phone).inside
    await wang.say("工坊")
    for label in ("识字工坊", "退出工坊", "退出"):
        await wang.press(label)
    assert await group.standing(wang) == "left"
    await group.keep()
    assert not group.chat.member(wang.phone).inside


@pytest.mark.parametrize("kind", ["supergroup", "group"])
async def test_a_host_who_puts_somebody_out_is_asked_once(world: TelegramWorld, kind: str) -> None:
    """chat_member and the service message both tell of it."""
    group = await a_group(world, kind, policy="ask")
    group.host.phone.invite(group.chat, group.li.phone)
    await group.keep()
    group.host.unread()
    group.host.phone.remove(group.chat, group.li.phone)
    await world.settle()
    asked = [sheet for sheet in group.host.unread() if "李老师" in sheet.text]
    assert len(asked) == 1 and asked[0].buttons
    assert await group.known(group.li) == ("ban" if kind == "supergroup" else "leave")


async def test_it_goes_on_in_the_supergroup(world: TelegramWorld) -> None:
    group = await a_group(world, "group")
    await group.keep()
    old = await group.link(group.li)
    group.chat = group.host.phone.migrate(group.chat)
    wang: Any = await world.teacher("王老师")
    await world.join(wang, group.workshop)
    await group.keep()
    link = await group.link(wang)
    assert link != old and link in group.chat.links
    wang.phone.join(group.chat, link)
    await group.keep()
    assert group.chat.member(wang.phone).inside


async def test_whoever_holds_the_link_of_the_old_group_is_sent_another(world: TelegramWorld) -> None:
    group = await a_group(world, "group")
    await group.keep()
    await group.link(group.li)
    group.chat = group.host.phone.migrate(group.chat)
    await group.keep()
    link = await group.link(group.li)
    assert link in group.chat.links
    group.li.phone.join(group.chat, link)
    await group.keep()
    await group.keep(hours=8)
    assert group.chat.member(group.li.phone).inside and not [b for sheet in group.li.unread() for b in sheet.buttons]


async def test_a_link_that_an_administrator_revoked_is_replaced_the_next_day(world: TelegramWorld) -> None:
    group = await a_group(world)
    await group.keep()
    old = await group.link(group.li)
    group.chat.links[old].revoked = True
    wang: Any = await world.teacher("王老师")
    await world.join(wang, group.workshop)
    await group.keep(hours=25)
    link = await group.link(wang)
    assert not group.chat.links[link].revoked
    wang.phone.join(group.chat, link)
    await group.keep()
    assert group.chat.member(wang.phone).inside
    group.li.expect_nothing()


async def test_who_does_not_come_by_a_link_for_a_week_is_sent_one_more_and_no_third(world: TelegramWorld) -> None:
    group = await a_group(world)
    await group.keep()
    old = await group.link(group.li)
    group.chat.links[old].revoked = True
    await group.keep(hours=6 * 24)
    group.li.expect_nothing()
    await group.keep(hours=25)
    assert await group.link(group.li) != old
    for _ in range(3):
        await group.keep(hours=8 * 24)
    group.li.expect_nothing()


async def test_whoever_was_there_before_us_is_known_once_they_speak(world: TelegramWorld) -> None:
    county = await world.region()
    workshop = await world.workshop(await world.school(county, "第一小学"), "识字工坊")
    host, li = await world.teacher("沈老师"), await world.teacher("李老师")
    await world.join(host, workshop, "host")
    await world.join(li, workshop)
    phone: Any = host
    chat = phone.phone.create_group("随便起的", world.bot, kind="supergroup")
    phone.phone.invite(chat, li.phone)  # type: ignore[attr-defined]
    await world.settle()
    phone.phone.promote(chat, world.bot, *PROMOTING)
    await host.say("/bind", room=str(chat.id))
    await host.press("识字工坊")
    group = Group(world, workshop, host, li, chat)
    await li.say("大家好", room=str(chat.id))
    assert await group.known(group.li) == "join"
    await world.run(remove_member, workshop.pid, group.li.person.pid, actor=host)
    await group.keep()
    assert not chat.member(group.li.phone).inside


async def test_a_bot_without_rights_says_so_and_recovers(world: TelegramWorld) -> None:
    group = await a_group(world)
    group.host.phone.demote(group.chat, world.bot)
    await group.keep()
    found = await group.room()
    assert {one[0] for one in found["lacking"]} == {"invite", "name"} and not found["failed"]
    group.host.phone.promote(group.chat, world.bot, *PROMOTING)
    await group.keep()
    assert (await group.room())["lacking"] == [] and await group.link(group.li)
    group.host.phone.remove(group.chat, world.bot)
    await group.keep()
    group.host.phone.invite(group.chat, world.bot)
    group.host.phone.promote(group.chat, world.bot, *PROMOTING)
    group.host.phone.retitle(group.chat, "又改了")
    await group.keep()
    assert group.chat.title == "识字工坊"


async def test_a_removed_member_cannot_come_back_until_they_are_one_again(world: TelegramWorld) -> None:
    group = await a_group(world)
    group.host.phone.invite(group.chat, group.li.phone)
    await group.keep()
    await world.run(remove_member, group.workshop.pid, group.li.person.pid, actor=group.host)
    await group.keep()
    assert group.chat.member(group.li.phone).status == "kicked" and await group.standing(group.li) == "removed"
    await group.keep(hours=7)
    group.li.unread()

    def take_back(ctx: Context) -> None:
        ctx.session.query(Membership).filter_by(person_id=group.li.person.id).one().status = "active"

    await world.run(take_back)
    await group.keep()
    group.li.phone.join(group.chat, await group.link(group.li))
    await group.keep()
    assert group.chat.member(group.li.phone).inside


async def test_a_forum_of_a_school_gets_a_topic_for_each_workshop(world: TelegramWorld) -> None:
    county = await world.region()
    school = await world.school(county, "第一小学")
    reading, writing = await world.workshop(school, "识字工坊"), await world.workshop(school, "习作工坊")
    head: Any = await world.teacher("沈校长", school)
    await world.appoint(head, school, "school_admin")
    chat = head.phone.create_group("一小教研", world.bot, forum=True)
    head.phone.promote(chat, world.bot, *PROMOTING, "can_manage_topics")
    await head.say("/bind", room=str(chat.id))
    await head.press("第一小学")
    group = Group(world, reading, head, head, chat)
    for _ in range(2):  # looked at again, nothing is opened again
        await group.keep()
        names = sorted(topic.name for topic in chat.topics.values() if topic.name != "General")
        assert names == ["习作工坊", "识字工坊"]
    places = await world.run(
        lambda ctx: {room.community_id: room.manages for room in ctx.session.query(Room) if room.manages}
    )
    assert places[writing.id] == ["name", "reading"] and reading.id in places
    await world.run(_rename, writing.id)
    await group.keep()
    assert "写话工坊" in [topic.name for topic in chat.topics.values()]


def _rename(ctx: Context, community_id: int) -> None:
    ctx.session.get_one(Community, community_id).name = "写话工坊"


async def test_a_forum_without_the_right_to_topics_says_so(world: TelegramWorld) -> None:
    county = await world.region()
    workshop = await world.workshop(county, "识字工坊")
    lin: Any = await world.teacher("林主任", await world.school(county, "第一小学"))
    await world.appoint(lin, county, "region_admin")
    forum = lin.phone.create_group("教研大群", world.bot, forum=True)
    lin.phone.promote(forum, world.bot, "can_invite_users")
    await lin.say(f"/bind {county.name}", room=str(forum.id))
    await lin.press(county.name)
    group = Group(world, workshop, lin, lin, forum)
    await group.keep()
    assert len(forum.topics) == 1
    lin.expect("管理话题")
    lin.phone.promote(forum, world.bot, *PROMOTING)
    await group.keep()
    await group.keep(hours=7)
    assert [topic.name for topic in forum.topics.values()] == ["General", "识字工坊"]
    assert forum.title == "教研大群" and len(world.emulator.world.did("createForumTopic")) == 1
