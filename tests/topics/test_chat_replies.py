"""Replies to a topic meet in one thread: heard in the rooms of all workshops that take part, and kept (G12)."""

from collections.abc import AsyncIterator
from itertools import count

import pytest

from api.context import Context
from api.topics.inviting import accept_topic, invite_workshops
from storage.communities import Community
from storage.messaging import Chat
from storage.people import Person
from storage.records import Record
from storage.rooms import Room
from tests.support.calling import client_of
from tests.support.discussing import Two, two_workshops
from tests.support.paper import Sheet
from tests.support.talk import Voice, World, a_world

LONG = "我们先让孩子把画面画出来，再一句一句去找诗里的词。"


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


class Talk:
    """A topic of both workshops; what people say has events e1, e2 ..."""

    def __init__(self, two: Two, pid: str) -> None:
        self.two, self.pid, self._numbers = two, pid, count(1)

    async def say(self, who: Voice, text: str, room: str, answers: str = "") -> str:
        """Say something in a room, perhaps as an answer; returns its event."""
        event = f"e{next(self._numbers)}"
        await who.say(text, room=room, event=event, reply_to=answers)
        return event

    def stands(self, room: str) -> list[Sheet]:
        """What stands in a room."""
        return [sheet for sheet in self.two.world.paper.chats[room] if not sheet.deleted]

    def beginning(self, room: str) -> str:
        """The topic's message there."""
        return next(sheet.native for sheet in self.stands(room) if sheet.text.startswith("研讨 · "))

    def posts(self, room: str) -> list[str]:
        """What was carried there."""
        return [sheet.text for sheet in self.stands(room) if "工坊: " in sheet.text]


async def a_talk(world: World) -> Talk:
    two = await two_workshops(world)
    return Talk(two, await two.open_to_both())


async def test_replies_of_both_meet_in_one_thread(world: World) -> None:
    talk = await a_talk(world)
    two = talk.two
    await talk.say(two.li, LONG, two.here, talk.beginning(two.here))
    (post,) = [sheet for sheet in talk.stands(two.there) if "李老师" in sheet.text]
    assert (post.text, post.reply_to) == (f"李老师 · 语文工坊: {LONG}", talk.beginning(two.there))
    assert talk.posts(two.here) == [], "never back to where it was said"
    await talk.say(two.chen, "我们也这样做", two.there, post.native)
    (answer,) = [sheet for sheet in talk.stands(two.here) if "陈老师" in sheet.text]
    assert (answer.text, answer.reply_to) == ("陈老师 · 数学工坊: 我们也这样做", talk.beginning(two.here))
    await talk.say(two.wang, "好主意", two.here, answer.native)
    assert talk.posts(two.there)[-1] == "王老师 · 语文工坊: 好主意"


async def test_answering_what_one_said_oneself_belongs_to_it_too(world: World) -> None:
    talk = await a_talk(world)
    two = talk.two
    own = await talk.say(two.li, "第一句", two.here, talk.beginning(two.here))
    await talk.say(two.wang, "第二句", two.here, own)
    assert talk.posts(two.there) == ["李老师 · 语文工坊: 第一句", "王老师 · 语文工坊: 第二句"]


async def test_in_its_thread_whatever_is_answered_belongs_to_it(world: World) -> None:
    talk = await a_talk(world)
    two = talk.two
    where = {"thread": f"{talk.beginning(two.here)} x"}
    watcher = await world.teacher("看客")
    await world.join(watcher, two.chinese, "observer")
    await watcher.say("我只看看", room=two.here, event="w1", payload=where)
    await two.li.say("欢迎", room=two.here, event="l1", reply_to="w1", payload=where)
    assert talk.posts(two.there) == ["李老师 · 语文工坊: 欢迎"]


async def test_what_answers_nothing_of_it_stays_in_its_workshop(world: World) -> None:
    talk = await a_talk(world)
    two = talk.two
    await talk.say(two.li, "午饭吃什么", two.here)
    event = await talk.say(two.wang, "随便", two.here)
    await talk.say(two.li, "那就面条", two.here, event)
    assert talk.posts(two.there) == []


async def test_another_room_of_the_same_workshop_hears_it_once(world: World) -> None:
    talk = await a_talk(world)
    two = talk.two
    second = await world.run(_second_room, two.chinese.id)
    await talk.say(two.chen, "你们好", two.there, talk.beginning(two.there))
    assert (talk.posts(two.here), talk.posts(second)) == (["陈老师 · 数学工坊: 你们好"], ["陈老师 · 数学工坊: 你们好"])


async def test_what_was_said_is_counted_once_and_read_again_by_who_takes_part(world: World) -> None:
    talk = await a_talk(world)
    two = talk.two
    await talk.say(two.li, LONG, two.here, talk.beginning(two.here))
    await talk.say(two.chen, "好", two.there, talk.beginning(two.there))

    def counted(ctx: Context) -> list[tuple[int, int | None, int]]:
        rows = ctx.session.query(Record).filter_by(verb="discussion.posted")
        return [(row.person_id, row.community_id, row.amount) for row in rows]

    assert two.li.person is not None
    assert await world.run(counted) == [(two.li.person.id, two.chinese.id, 1)]
    await two.zhao.say("研讨")
    two.zhao.expect("1. 古诗 · 语文工坊 · 2 条发言")
    await two.zhao.press("1. 古诗")
    await two.zhao.press("看最近的发言")
    two.zhao.expect("李老师 · 语文工坊 · 今天 10:00\n" + LONG + "\n陈老师 · 数学工坊 · 今天 10:00\n好")
    assert "没有找到" in (await two.guest.press_action(f"topic.posts:{talk.pid}"))[0]
    async with await client_of(world, two.chen) as http, await client_of(world, two.guest) as guest:
        assert (await http.get(f"/topics/{talk.pid}")).json()["posts"] == 2
        first = (await http.get(f"/topics/{talk.pid}/posts", params={"limit": 1})).json()
        rest = (await http.get(f"/topics/{talk.pid}/posts", params={"cursor": first["next"]})).json()
        items = [*first["items"], *rest["items"]]
        found = [(one["author"]["name"], one["community"]["name"], one["text"]) for one in items]
        assert found == [("陈老师", "数学工坊", "好"), ("李老师", "语文工坊", LONG)] and rest["next"] is None
        assert (await guest.get(f"/topics/{talk.pid}/posts")).status_code == 404


async def test_many_posts_come_by_pages(world: World) -> None:
    talk = await a_talk(world)
    for n in range(12):
        await talk.say(talk.two.li, f"第{n}句", talk.two.here, talk.beginning(talk.two.here))
    await talk.two.wang.press_action(f"topic.posts:{talk.pid}")
    assert "第1句\n" not in talk.two.wang.expect("第2句", "第11句").text
    await talk.two.wang.press("更早的")
    talk.two.wang.expect("第0句", "第1句")


async def test_changed_and_taken_back_it_is_so_everywhere(world: World) -> None:
    talk = await a_talk(world)
    two = talk.two
    event = await talk.say(two.li, "写错了", two.here, talk.beginning(two.here))
    await world.arrive(two.li, two.here, "edited", text="写对了", event=event)
    world.pass_time(seconds=20)
    await world.settle()
    assert talk.posts(two.there) == ["李老师 · 语文工坊: 写对了"]
    await world.arrive(two.li, two.here, "deleted", event=event)
    assert talk.posts(two.there) == []
    await two.wang.say("研讨")
    two.wang.expect("0 条发言")


async def test_closed_replies_stay_where_they_are_written(world: World) -> None:
    talk = await a_talk(world)
    two = talk.two
    await two.wang.press_action(f"topic.closed:{talk.pid}")
    await talk.say(two.li, "还有一句", two.here, talk.beginning(two.here))
    assert talk.posts(two.there) == []


async def test_who_left_is_not_heard_and_hears_nothing(world: World) -> None:
    talk = await a_talk(world)
    two = talk.two
    await two.zhao.press_action(f"topic.left:{talk.pid}.{two.maths.pid}")
    await talk.say(two.chen, "我还在吗", two.there, talk.beginning(two.there))
    await talk.say(two.li, "他们走了", two.here, talk.beginning(two.here))
    assert (talk.posts(two.here), talk.posts(two.there)) == ([], [])


async def test_it_goes_on_for_the_others_when_the_workshop_that_opened_it_is_archived(world: World) -> None:
    talk = await a_talk(world)
    two = talk.two
    third = await world.workshop(two.county, "英语工坊")
    far = await world.room(third)
    await world.join(two.guest, third, "host")
    await world.run(invite_workshops, talk.pid, [third.pid], actor=two.wang)
    await world.run(accept_topic, talk.pid, third.pid, actor=two.guest)

    def archive(ctx: Context) -> None:
        ctx.session.get_one(Community, two.chinese.id).archived_at = ctx.now

    await world.run(archive)
    await talk.say(two.chen, "我们接着谈", two.there, talk.beginning(two.there))
    assert (talk.posts(far), talk.posts(two.here)) == (["陈老师 · 数学工坊: 我们接着谈"], [])
    await talk.say(two.li, "我也要说", two.here, talk.beginning(two.here))
    assert talk.posts(two.there) == []


async def test_who_does_not_belong_there_is_not_carried(world: World) -> None:
    talk = await a_talk(world)
    two = talk.two
    watcher = await world.teacher("看客")
    await world.join(watcher, two.chinese, "observer")
    await two.remove(two.li, two.chinese)
    stranger = await world.teacher("路人", bound=False)
    for who in (watcher, two.li, two.guest, stranger):
        await talk.say(who, LONG, two.here, talk.beginning(two.here))
    assert talk.posts(two.there) == []


async def test_before_anybody_joins_it_is_kept_all_the_same(world: World) -> None:
    two = await two_workshops(world)
    talk = Talk(two, await two.open())
    own = await talk.say(two.li, "一个人先说", two.here, talk.beginning(two.here))
    await two.wang.press_action(f"topic.posts:{talk.pid}")
    two.wang.expect("李老师 · 语文工坊", "一个人先说")
    await two.invite()
    await two.zhao.press("同意参加")
    await talk.say(two.wang, "现在大家都在", two.here, own)
    (post,) = [sheet for sheet in talk.stands(two.there) if "王老师 · 语文工坊: " in sheet.text]
    assert post.reply_to == talk.beginning(two.there), "what came before is not there, the beginning is"


async def test_who_keeps_their_words_in_their_room_is_not_carried_nor_listed(world: World) -> None:
    talk = await a_talk(world)
    two = talk.two

    def keep(ctx: Context) -> None:
        assert two.li.person is not None
        ctx.session.get_one(Person, two.li.person.id).relayed = False

    await world.run(keep)
    await talk.say(two.li, LONG, two.here, talk.beginning(two.here))
    assert talk.posts(two.there) == []
    two.li.expect_nothing()
    await two.wang.press_action(f"topic.posts:{talk.pid}")
    two.wang.expect("还没有人发言")


async def test_in_an_encrypted_room_one_learns_that_a_reply_stays_there(world: World) -> None:
    talk = await a_talk(world)
    two = talk.two

    def encrypt(ctx: Context) -> None:
        row = ctx.session.query(Room).join(Chat).filter(Chat.native == two.here).one()
        row.encrypted = True

    await world.run(encrypt)
    two.li.unread()
    await talk.say(two.li, LONG, two.here, talk.beginning(two.here))
    two.li.expect("你对研讨的回复只有本群看得到")
    assert talk.posts(two.there) == []


def _second_room(ctx: Context, community_id: int) -> str:
    chat = Chat(platform="paper", native="second", kind="room", created_at=ctx.now)
    ctx.session.add(chat)
    ctx.session.flush()
    ctx.session.add(Room(chat_id=chat.id, community_id=community_id, created_at=ctx.now))
    return chat.native
