"""Topics of a forum as the rooms of workshops: opened once whatever is heard of it, and what people do to them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from api.context import Context
from api.messaging.outbox import say_in_chat
from api.messaging.tree import T
from api.rooms import passes
from bot.bots import Bots
from bot.mirror import Mirrors
from storage.communities import Community
from storage.messaging import Chat
from storage.mirrors import AT_ONCE
from storage.rooms import Room
from tests.support.telegram import TelegramWorld
from tests.telegram.test_following import Group
from tests.telegram.town import PROMOTING


@dataclass
class Forum(Group):
    """A school's forum: 识字工坊 is the only workshop."""

    def names(self) -> list[str]:
        """What the topics are called."""
        return sorted(topic.name for topic in self.chat.topics.values() if topic.name != "General")

    def topic(self) -> Any:
        """The only topic."""
        (found,) = [topic for topic in self.chat.topics.values() if topic.name != "General"]
        return found

    async def look(self, hear: bool = True, forget: bool = False) -> None:
        """One look at what is due; `forget`: at everything, with patience lost."""

        def due(ctx: Context) -> None:
            for room in ctx.session.query(Room).filter(Room.due_at.is_not(None)):
                room.due_at, room.tries = AT_ONCE, {} if forget else room.tries

        await self.world.run(due)
        await Mirrors(self.world.runtime, Bots.of(self.world.telegram)).drain()
        if hear:
            await self.world.settle()

    async def places(self) -> dict[str, int]:
        """Topic of each workshop that has one, by its name."""

        def read(ctx: Context) -> dict[str, int]:
            query = ctx.session.query(Community.name, Chat.native).join(Room, Room.community_id == Community.id)
            rows = query.join(Chat, Chat.id == Room.chat_id).filter(Community.kind == "workshop")
            return {name: int(native.split("/")[1]) for name, native in rows if "/" in native}

        return await self.world.run(read)


@pytest.fixture
async def forum(world: TelegramWorld) -> Forum:
    county = await world.region()
    school = await world.school(county, "第一小学")
    workshop = await world.workshop(school, "识字工坊")
    head, host = await world.teacher("沈校长", school), await world.teacher("李老师", school)
    await world.appoint(head, school, "school_admin")
    await world.join(host, workshop, "host")
    phone: Any = head
    chat = phone.phone.create_group("一小教研", world.bot, forum=True)
    phone.phone.promote(chat, world.bot, *PROMOTING, "can_manage_topics")
    await head.say("/bind", room=str(chat.id))
    await head.press("第一小学")
    await world.settle()
    head.unread()
    host.unread()
    return Forum(world, workshop, head, host, chat)


async def test_a_topic_whose_answer_was_lost_is_known_by_what_telegram_tells(forum: Forum) -> None:
    forum.world.emulator.faults.cut("createForumTopic", after=True)
    await forum.look()
    assert await forum.places() == {"识字工坊": forum.topic().id}
    await forum.look(forget=True)
    assert forum.names() == ["识字工坊"] and len(forum.world.emulator.world.did("createForumTopic")) == 1


async def test_what_may_be_there_is_not_made_again_for_a_while(forum: Forum) -> None:
    """Though somebody has everything tried again meanwhile, and however the process that tried it ended."""
    faults = forum.world.emulator.faults
    faults.cut("createForumTopic")
    await forum.look()
    for _ in range(2):
        await forum.look(forget=True)
        assert forum.names() == []
    forum.world.pass_time(minutes=3)
    await forum.look(forget=True)
    assert await forum.places() == {"识字工坊": forum.topic().id}


async def test_what_was_refused_is_tried_again_at_once(forum: Forum) -> None:
    forum.host.phone.promote(forum.chat, forum.world.bot, "can_invite_users")
    await forum.look()
    faults = forum.world.emulator.faults
    forum.host.phone.promote(forum.chat, forum.world.bot, *PROMOTING, "can_manage_topics")
    faults.fail("createForumTopic", 502)
    await forum.look()
    assert forum.names() == []
    await forum.look(forget=True)
    assert forum.names() == ["识字工坊"]


async def test_a_topic_that_somebody_made_is_theirs(forum: Forum) -> None:
    forum.host.phone.create_topic(forum.chat, "识字工坊")
    await forum.world.settle()
    assert await forum.places() == {}
    await forum.look()
    assert forum.names() == ["识字工坊"] * 2


async def test_who_dies_while_a_topic_is_opened_leaves_one(forum: Forum, monkeypatch: pytest.MonkeyPatch) -> None:
    room = await forum.world.run(lambda ctx: ctx.session.query(Room.id).filter(Room.due_at.is_not(None)).scalar())
    community = forum.workshop.pid
    await forum.world.run(lambda ctx: passes.begin_part(ctx, room, community))  # and nothing more was heard of it
    await forum.look()
    assert forum.names() == []
    due = await forum.world.run(lambda ctx: ctx.session.get_one(Room, room).due_at)
    assert due - forum.world.runtime.now() <= timedelta(minutes=2)


async def test_a_topic_that_somebody_renamed_gets_its_name_back(forum: Forum) -> None:
    await forum.look()
    await forum.look()
    forum.host.phone.rename_topic(forum.topic(), "闲聊")
    await forum.world.settle()
    due = await forum.world.run(lambda ctx: [room.due_at for room in ctx.session.query(Room) if room.manages])
    assert due[-1] == AT_ONCE, "it is not left to the next sweep"
    await forum.look()
    assert forum.names() == ["识字工坊"]


async def test_whose_names_are_not_ours_to_keep_stays_renamed(forum: Forum) -> None:
    await forum.look()

    def release(ctx: Context) -> None:
        for room in ctx.session.query(Room).filter_by(community_id=forum.workshop.id):
            room.manages = ["reading"] if room.manages else []

    await forum.world.run(release)
    forum.host.phone.rename_topic(forum.topic(), "闲聊")
    await forum.world.settle()
    await forum.look()
    assert forum.names() == ["闲聊"]


async def test_an_archived_topic_that_somebody_opened_is_closed_again(forum: Forum) -> None:
    await forum.look()

    def archive(ctx: Context) -> None:
        ctx.session.get_one(Community, forum.workshop.id).archived_at = ctx.now

    await forum.world.run(archive)
    await forum.look()
    assert forum.topic().closed
    forum.host.phone.close_topic(forum.topic(), closed=False)
    await forum.world.settle()
    await forum.look()
    assert forum.topic().closed


async def say_there(forum: Forum, text: str) -> None:
    def say(ctx: Context) -> None:
        for chat in ctx.session.query(Chat).filter(Chat.native.contains("/")):
            say_in_chat(ctx, chat.id, T(text))

    await forum.world.run(say)
    await forum.world.settle()


async def test_a_topic_that_somebody_deleted_is_told_of_and_opened_anew(forum: Forum) -> None:
    await forum.look()
    await forum.look()
    old = forum.topic()
    forum.host.phone.delete_topic(old)
    await say_there(forum, "Hello!")
    await forum.look()
    forum.li.expect("识字工坊", "话题不在了", "另开")
    await forum.look()
    assert forum.names() == ["识字工坊"] and forum.topic().id != old.id
    assert await forum.places() == {"识字工坊": forum.topic().id}
    await say_there(forum, "Hello again!")
    assert "Hello again!" in [message.text for message in forum.chat.messages.values()]
    await forum.look(forget=True)
    forum.li.expect_nothing()


async def test_a_deleted_topic_is_noticed_when_it_is_renamed(forum: Forum) -> None:
    await forum.look()
    await forum.look()
    forum.host.phone.delete_topic(forum.topic())

    def rename(ctx: Context) -> None:
        ctx.session.get_one(Community, forum.workshop.id).name = "写话工坊"

    await forum.world.run(rename)
    await forum.look()
    forum.li.expect("话题不在了")
    await forum.look()
    assert forum.names() == ["写话工坊"] and await forum.places() == {"写话工坊": forum.topic().id}


async def test_who_is_put_out_of_the_group_has_lost_no_topic(forum: Forum) -> None:
    await forum.look()
    before = await forum.places()
    forum.host.phone.remove(forum.chat, forum.world.bot)
    await say_there(forum, "Hello!")
    await forum.look()
    forum.host.phone.invite(forum.chat, forum.world.bot)
    forum.host.phone.promote(forum.chat, forum.world.bot, *PROMOTING, "can_manage_topics")
    await forum.world.settle()
    await forum.look(forget=True)
    assert await forum.places() == before and forum.names() == ["识字工坊"]


async def test_a_topic_that_a_host_bound_is_asked_for(forum: Forum, world: TelegramWorld) -> None:
    """Nothing opens one anew in a group that belongs to nobody."""
    host: Any = forum.li
    await forum.world.run(lambda ctx: ctx.session.query(Room).update({"due_at": None}))
    chat = host.phone.create_group("别的群", world.bot, forum=True)
    host.phone.promote(chat, world.bot, *PROMOTING)
    topic = host.phone.create_topic(chat, "识字")
    await host.say("/bind", room=f"{chat.id}/{topic.id}")
    await host.press("识字工坊")
    host.unread()
    host.phone.delete_topic(topic)
    await say_there(forum, "Hello!")
    await forum.look()
    host.expect("话题不在了", "/bind")
