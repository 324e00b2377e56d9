"""A discussion of two workshops for real: one on Telegram and the web, the other in a Matrix room (G12)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from api.context import Context
from storage.base import new_pid
from storage.communities import Community, Membership, add_to_tree
from storage.messaging import Chat
from storage.people import Person
from storage.rooms import Room
from tests.emulators.telegram.model import Message
from tests.support.browser import Drawn
from tests.support.classroom import a_photo
from tests.support.lane import NAMES, ROOM, Lane, a_lane
from tests.support.matrix import in_thread
from tests.support.synapse import Synapse

pytestmark = pytest.mark.slow

OTHER = "数学工坊"
BEGINS = "研讨 · 古诗"


@dataclass(slots=True)
class Talk:
    """识字工坊 (host Li, member Wang) in a Telegram group and on the web, 数学工坊 (host Chen) in a Matrix room.

    `own` is Chen's private chat with the bot."""

    lane: Lane
    own: str

    async def settle(self) -> None:
        """Let everything come and go, edits too, which keep their distance."""
        for _ in range(2):
            await self.lane.world.settle()
            self.lane.world.pass_time(seconds=20)
        await self.lane.world.settle()

    async def press(self, label: str) -> None:
        """Li presses a button in the private chat."""
        lane = self.lane
        message, key = [(one, key) for one in lane.li.sees(lane.bot) for key in one.labels if label in key][-1]
        lane.li.press(message, key)
        await self.settle()

    async def answer(self, text: str) -> None:
        """Chen says something in the private chat."""
        await self.lane.chen.say(self.own, text)
        await self.settle()

    def phone(self, part: str) -> list[Message]:
        """What Li reads of the bot in the group, with these words."""
        return [one for one in self.lane.messages() if one.sender is self.lane.bot and part in one.text]

    async def client(self, part: str) -> list[dict[str, Any]]:
        """What Chen reads of the bot in the room, with these words."""
        lane = self.lane
        return [one for one in await lane.chen.shown(lane.room, of=lane.account.user_id)
                if part in one["content"]["body"]]  # fmt: skip

    async def page(self, part: str) -> list[Drawn]:
        """What Wang reads in the room on the web, with these words."""
        return [post for post in await self.lane.posts() if part in post.text]

    async def begin(self) -> None:
        """Li opens a topic in the group, and Chen joins in."""
        self.lane.li.say(self.lane.group, "/topic 古诗\n谈谈怎么教")
        await self.settle()
        await self.press("发起研讨")
        await self.press("请别的工坊参加")
        await self.press(OTHER)
        await self.press("邀请（1 个工坊）")
        await self.answer("1")


def move_apart(ctx: Context, lane: Lane) -> None:
    """Two workshops of one county: the Matrix room is the other's."""
    session = ctx.session
    county = Community(pid=new_pid(), kind="region", level="county", name="晨光县", created_at=ctx.now)
    add_to_tree(session, county, None)
    mine = session.query(Community).filter_by(name=ROOM).one()
    mine.parent_id, mine.path = county.id, f"{county.path}{mine.id}/"
    other = Community(pid=new_pid(), kind="workshop", name=OTHER, created_at=ctx.now)
    add_to_tree(session, other, county)
    session.query(Room).join(Chat).filter(Chat.native == lane.room).one().community_id = other.id
    for platform, role, where in (("telegram", "host", mine), ("matrix", "host", other)):
        person = session.query(Person).filter_by(name=NAMES[platform]).one()
        row = session.query(Membership).filter_by(person_id=person.id).one()
        row.role, row.community_id = role, where.id
    session.flush()


@pytest.fixture
async def talk(database_url: str, synapse: Synapse, tmp_path: Path) -> AsyncIterator[Talk]:
    async with a_lane(database_url, synapse, tmp_path) as lane:
        await lane.world.run(move_apart, lane)
        lane.li.start(lane.bot)
        own = await lane.chen.make_room(lane.account.user_id, direct=True, preset="trusted_private_chat")
        talk = Talk(lane, own)
        await talk.settle()
        yield talk


async def test_it_stands_once_in_every_room_of_both_and_nobody_hears_other_talk(talk: Talk) -> None:
    await talk.begin()
    both = "参加：识字工坊 / 数学工坊"
    [message], [event], [post] = talk.phone(BEGINS), await talk.client(BEGINS), await talk.page(BEGINS)
    assert both in message.text and both in event["content"]["body"] and both in post.text
    assert any("“数学工坊”参加了研讨" in one.text for one in talk.lane.li.sees(talk.lane.bot))
    await talk.lane.chen.say(talk.lane.room, "数学工坊自己的话")
    talk.lane.li.say(talk.lane.group, "识字工坊自己的话")
    await talk.settle()
    assert (talk.phone("自己的话"), await talk.client("自己的话")) == ([], [])
    assert [one.text for one in await talk.page("自己的话")] == ["识字工坊自己的话"]


async def test_a_reply_on_matrix_answers_the_beginning_on_telegram_and_back(talk: Talk) -> None:
    await talk.begin()
    lane, [begins], [there] = talk.lane, talk.phone(BEGINS), await talk.client(BEGINS)
    await lane.chen.say(lane.room, "我们先画后读", reply_to=there["event"])
    await talk.settle()
    [post], [shown] = talk.phone("先画后读"), await talk.page("先画后读")
    assert (post.text, post.reply_to) == ("陈静 · 数学工坊: 我们先画后读", begins.id)
    assert "数学工坊" in shown.text and f"<span>{BEGINS}" in shown.html and ">陈静<" in shown.html
    assert await talk.client("先画后读") == [], "never back to where it was said"
    lane.li.say(lane.group, "我也试试", reply_to=post)
    await talk.settle()
    [answer] = await talk.client("我也试试")
    assert answer["content"]["body"] == "李春华 · 识字工坊: 我也试试"
    assert answer["content"]["m.relates_to"]["m.in_reply_to"]["event_id"] == there["event"]
    assert len(await talk.page("我也试试")) == 1 and talk.phone("我也试试") == []
    await lane.wang.say("网页上也看到了", ROOM, reply=shown.pid)
    await talk.settle()
    [post], [event] = talk.phone("网页上"), await talk.client("网页上")
    assert (post.text, post.reply_to) == ("王芳 · 识字工坊: 网页上也看到了", begins.id)
    assert event["content"]["m.relates_to"]["m.in_reply_to"]["event_id"] == there["event"]


async def test_a_thread_on_matrix_belongs_to_it(talk: Talk) -> None:
    await talk.begin()
    lane, [begins], [there] = talk.lane, talk.phone(BEGINS), await talk.client(BEGINS)
    await lane.chen.say(lane.room, "在话题里说", **in_thread(there["event"]))
    await talk.settle()
    [post] = talk.phone("在话题里说")
    assert post.reply_to == begins.id and len(await talk.page("在话题里说")) == 1
    lane.li.say(lane.group, "看到了", reply_to=post)
    await talk.settle()
    [answer] = await talk.client("看到了")
    relation = in_thread(there["event"])["m.relates_to"] | {"is_falling_back": False}
    relation["m.in_reply_to"] = {"event_id": answer["event"]}
    await lane.chen.say(lane.room, "好的", **{"m.relates_to": relation})
    await talk.settle()
    assert [one.text for one in talk.phone("好的")] == ["陈静 · 数学工坊: 好的"]


async def test_any_picture_of_an_album_belongs_to_it(talk: Talk) -> None:
    await talk.begin()
    lane, [begins] = talk.lane, talk.phone(BEGINS)
    for words in ("画了两张", ""):
        second = lane.li.send(lane.group, "photo", a_photo(), caption=words, reply_to=begins, album="7")
    await talk.settle()
    said, _, picture = [one for one in await lane.events() if one["sender"] == lane.account.user_id][-3:]
    assert said["content"]["body"] == "李春华 · 识字工坊: 画了两张" and picture["content"]["msgtype"] == "m.image"
    await lane.chen.say(lane.room, "第二张好", reply_to=picture["event"])
    lane.li.say(lane.group, "我也喜欢第二张", reply_to=second)
    await talk.settle()
    assert [one.text for one in talk.phone("第二张好")] == ["陈静 · 数学工坊: 第二张好"]
    assert [one["content"]["body"] for one in await talk.client("喜欢第二张")] == ["李春华 · 识字工坊: 我也喜欢第二张"]
    assert len(await talk.page("第二张")) == 2


async def test_what_is_changed_or_taken_back_is_so_in_the_other_workshop(talk: Talk) -> None:
    await talk.begin()
    lane, [there] = talk.lane, await talk.client(BEGINS)
    event = await lane.chen.say(lane.room, "周三", reply_to=there["event"])
    await talk.settle()
    await lane.chen.edit(lane.room, event, "周四")
    await talk.settle()
    assert [one.text for one in talk.phone("周")] == ["陈静 · 数学工坊: 周四"] and len(await talk.page("周四")) == 1
    await lane.chen.redact(lane.room, event)
    await talk.settle()
    assert (talk.phone("周"), await talk.page("周")) == ([], [])


async def test_a_restart_at_any_moment_doubles_nothing(talk: Talk) -> None:
    await talk.begin()
    lane, [begins], [there] = talk.lane, talk.phone(BEGINS), await talk.client(BEGINS)
    await lane.chen.say(lane.room, "从数学来", reply_to=there["event"])
    lane.li.say(lane.group, "从识字来", reply_to=begins)
    await lane.world.take_in()
    await lane.restart()  # taken in, not handled
    await lane.world.handlers.drain()
    await lane.restart()  # handled, not delivered
    await talk.settle()
    await lane.restart()  # delivered: what the platforms say of it again is known
    await talk.settle()
    for said in ("从数学来", "从识字来", BEGINS):
        counts = len(talk.phone(said)), len(await talk.client(said)), len(await talk.page(said))
        assert counts == (said != "从识字来", said != "从数学来", 1), said
    [post] = talk.phone("从数学来")
    lane.li.say(lane.group, "重启以后接着说", reply_to=post)
    await talk.settle()
    [event] = await talk.client("重启以后")
    assert event["content"]["m.relates_to"]["m.in_reply_to"]["event_id"] == there["event"]
