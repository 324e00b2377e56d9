"""Dead letters as operations: why each died, who sees it, and what trying again and dropping do."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from api.access import RULES
from api.context import Context
from api.errors import Conflict
from api.letters.service import (
    count_letters,
    drop_letter,
    drop_letters,
    list_letters,
    retry_letter,
    retry_letters,
)
from api.letters.shapes import ReasonName
from api.messaging.delivering import claim_work
from api.messaging.outbox import BULK, delete_message, edit_copy, say_in_chat, tell_person
from api.messaging.reasons import REASONS
from api.messaging.tree import Words
from api.privacy import erase_person
from bot.platforms.base import Ambiguous, Rejected, Transient
from storage.base import new_pid
from storage.messaging import Chat, Delivery, Message, SentEvent
from storage.people import Audit, Identity, Person
from storage.reach import Reach
from tests.letters.conftest import Post

pytestmark = pytest.mark.both_databases
T1, T2, T3 = "第一件", "第二件", "第三件"


def test_the_reasons_are_the_same_everywhere() -> None:
    assert set(REASONS) == set(ReasonName.__args__)  # type: ignore[attr-defined]
    assert RULES["letters"] == {"region_admin"}


async def test_each_death_says_why(post: Post) -> None:
    world, li, chen, paper = post.world, post.county.li, post.county.chen, post.world.paper
    await post.refuse(li, "拒")
    paper.failures.append(Ambiguous("cut"))
    await post.tell(li, "没回音")
    for hours in (1, 1):
        world.pass_time(hours=hours)
        paper.failures.append(Ambiguous("cut"))
        await world.settle()
    paper.failures.append(Transient("502"))
    await post.tell(li, "一天")
    world.pass_time(hours=25)
    paper.failures.append(Transient("502"))
    await world.settle()
    await post.tell(li, "守卫", guard=["no such guard"])
    await post.tell(li, "晚了", expires_at=world.runtime.now() - timedelta(minutes=1))
    pid = await post.tell(li, "读", not_before=world.runtime.now() + timedelta(seconds=1))
    await world.run(spoil, pid)
    world.pass_time(seconds=2)
    await world.settle()
    paper.gone.add(chen.chat)
    await post.tell(chen, "屏蔽")
    room = await world.room(post.county.workshop)
    paper.gone.add(room)
    await post.say("群")
    await world.run(add_person, post.county.second.id, "新来的")
    found = {name: row.reason for name, row in (await post.rows()).items() if row.reason is not None}
    assert found == {
        "拒": "rejected", "没回音": "unheard", "一天": "gave_up", "守卫": "guard", "晚了": "expired",
        "['no such node']": "unreadable", "屏蔽": "blocked", "群": "chat_gone", "新": "no_account",
        "没聊过": "no_chat",
    }  # fmt: skip
    told = await post.county.run(count_letters, actor=post.county.lin)
    counted = {one.reason: (one.n, one.retriable) for one in told}
    assert counted == {
        "rejected": (1, 1), "unheard": (1, 1), "gave_up": (1, 1), "guard": (1, 1), "unreadable": (1, 1),
        "expired": (1, 0), "blocked": (1, 0), "chat_gone": (1, 0), "no_account": (1, 0), "no_chat": (1, 0),
    }  # fmt: skip
    assert list(counted) == [reason for reason in REASONS if reason in counted], "always in one order"


def spoil(ctx: Context, pid: str) -> None:
    row = ctx.session.query(Delivery).filter_by(pid=pid).one()
    ctx.session.get_one(Message, row.message_id).tree = ["no such node"]


def add_person(ctx: Context, school_id: int, name: str) -> None:
    """Two people nobody can reach yet, one of them with an account that never wrote; both are told something."""
    people = [Person(pid=new_pid(), name=name, school_id=school_id, created_at=ctx.now) for _ in range(2)]
    ctx.session.add_all(people)
    ctx.session.flush()
    ctx.session.add(Identity(platform="matrix", native="@x:y", person_id=people[1].id, created_at=ctx.now))
    ctx.session.flush()
    for person, text in zip(people, ("新", "没聊过"), strict=True):
        tell_person(ctx, person.id, Words(text))
    claim_work(ctx, Reach(()), 5, {})


async def test_a_letter_tried_again_is_sent_once_however_often_one_presses(post: Post) -> None:
    county, li = post.county, post.county.li
    pid = await post.refuse(li, T1)
    assert post.got(li, [T1]) == []

    async def press() -> str:
        try:
            await county.run(retry_letter, pid, actor=county.lin)
        except Conflict as error:
            return error.code
        return "retried"

    assert sorted(await asyncio.gather(press(), press(), press())) == ["letter.over", "letter.over", "retried"]
    await post.world.settle()
    assert await press() == "letter.over"
    await post.world.settle()
    assert post.got(li, [T1]) == [T1]
    row = (await post.rows())[T1]
    assert (row.state, row.reason, row.error, row.attempts) == ("sent", None, None, 1)


async def test_what_arrived_of_it_does_not_come_again(post: Post) -> None:
    pid = await post.refuse(post.county.li, T1)

    def part_of_it(ctx: Context) -> None:
        row = ctx.session.query(Delivery).filter_by(pid=pid).one()
        ctx.session.add(SentEvent(delivery_id=row.id, chat_id=row.chat_id, native="n1"))

    await post.world.run(part_of_it)
    await post.county.run(retry_letter, pid, actor=post.county.lin)
    [work] = await post.world.run(claim_work, Reach(("paper",)), 5, {})
    assert work.begun == ["n1"]


async def test_letters_of_a_reason_go_out_in_their_order(post: Post) -> None:
    county, li = post.county, post.county.li
    for text in (T1, T2, T3):
        await post.refuse(li, text, lane=BULK)
    await post.refuse(county.chen, "给陈老师的")
    both = await asyncio.gather(*[county.run(retry_letters, "rejected", actor=county.lin) for _ in range(2)])
    assert sorted((one.n, one.left, one.next) for one in both) == [(0, 0, None), (4, 0, None)]
    await post.tell(li, "后来的", lane=BULK)
    assert post.got(li, [T1, T2, T3, "后来的"]) == [T1, T2, T3, "后来的"]
    assert post.got(county.chen, ["给陈老师的"]) == ["给陈老师的"]


async def test_many_are_changed_in_batches(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.letters.service.BATCH", 2)
    county, li = post.county, post.county.li
    for text in (T1, T2, T3):
        await post.refuse(li, text)
    first = await county.run(retry_letters, "rejected", actor=county.lin)
    assert (first.n, first.left) == (2, 0) and first.next is not None
    second = await county.run(retry_letters, "rejected", None, None, first.next, actor=county.lin)
    assert (second.n, second.next) == (1, None)
    for text in ("甲", "乙", "丙"):
        await post.refuse(li, text)
    dropped = await county.run(drop_letters, "rejected", actor=county.lin)
    assert dropped.n == 2 and dropped.next is not None
    assert (await county.run(drop_letters, "rejected", None, None, dropped.next, actor=county.lin)).n == 1


async def test_to_a_person_it_goes_where_they_are_now(post: Post) -> None:
    county, li = post.county, post.county.li
    pid = await post.refuse(li, T1)
    other = await post.world.teacher("李老师", bound=False)

    def move(ctx: Context) -> None:
        assert li.person is not None
        account = ctx.session.query(Identity).filter_by(native=other.native).one()
        account.person_id = li.person.id
        ctx.session.get_one(Person, li.person.id).home_chat_id = account.chat_id

    await county.run(move)
    await county.run(retry_letter, pid, actor=county.lin)
    await post.world.settle()
    assert (post.got(li, [T1]), post.got(other, [T1])) == ([], [T1])


async def test_what_is_too_late_is_never_sent(post: Post) -> None:
    county, world, li = post.county, post.world, post.county.li
    pid = await post.refuse(li, T1, expires_at=world.runtime.now() + timedelta(hours=1))
    world.pass_time(hours=2)
    await county.refused("letter.expired", retry_letter, pid, actor=county.lin)
    changed = await county.run(retry_letters, "rejected", actor=county.lin)
    assert (changed.n, changed.left) == (0, 1)
    await world.settle()
    assert post.got(li, [T1]) == []


async def test_a_reply_told_late_is_no_reply_and_a_day_begins_anew(post: Post) -> None:
    county, world, li = post.county, post.world, post.county.li
    pid = await post.refuse(li, T1, lane=0)
    world.pass_time(days=3)
    world.paper.failures.append(Transient("502"))
    await county.run(retry_letter, pid, actor=county.lin)
    await world.settle()
    row = (await post.rows())[T1]
    assert (row.state, row.lane, row.attempts) == ("ready", 1, 1), "it is not given up at the first failure"
    world.pass_time(minutes=1)
    await world.settle()
    assert post.got(li, [T1]) == [T1]


async def test_nobody_is_woken_at_night(post: Post) -> None:
    county, world, li = post.county, post.world, post.county.li
    await post.refuse(li, T1)
    world.pass_time(hours=13)  # 23:00
    await county.run(retry_letters, "rejected", actor=county.lin)
    await world.settle()
    assert post.got(li, [T1]) == []
    world.pass_time(hours=8)
    await world.settle()
    assert post.got(li, [T1]) == [T1]


async def test_a_room_that_is_back_is_told_after_all(post: Post) -> None:
    county, world = post.county, post.world
    room = await world.room(county.workshop)
    world.paper.gone.add(room)
    pid = await post.say(T1)
    [letter] = await county.run(list_letters, actor=county.lin)
    assert (letter.pid, letter.reason, letter.place, letter.person, letter.retriable) == (
        pid, "chat_gone", "语文工坊", None, False,
    )  # fmt: skip
    await county.refused("letter.nowhere", retry_letter, pid, actor=county.lin)
    world.paper.gone.clear()
    await county.li.say("大家好", room=room)
    await county.run(retry_letter, pid, actor=county.lin)
    await world.settle()
    assert [sheet.text for sheet in world.paper.chats[room]].count(T1) == 1


async def test_who_sees_what(post: Post) -> None:
    county, world = post.county, post.world
    other = await world.region("邻县")
    school = await world.school(other, "邻县一小")
    head, teacher = await world.teacher("邻县主任", school), await world.teacher("邻县老师", school)
    await world.appoint(head, other, "region_admin")
    stranger = await world.teacher("路人", bound=False)
    mine = await post.refuse(county.li, T1)
    theirs = await post.refuse(teacher, T2)

    def answer(ctx: Context) -> None:
        chat = ctx.session.query(Chat).filter_by(native=stranger.chat).one()
        say_in_chat(ctx, chat.id, Words("给路人"))
        home = ctx.session.query(Chat).filter_by(native=county.chen.chat).one()
        say_in_chat(ctx, home.id, Words("私下回答"))

    world.paper.failures += [Rejected("no"), Rejected("no")]
    await world.run(answer)
    await world.settle()

    async def names(actor: Any, **how: Any) -> list[str | None]:
        return sorted((one.name or "?" for one in await county.run(list_letters, actor=actor, **how)), key=str)

    assert await names(county.lin) == ["李老师", "陈老师"], "a private answer belongs to whose chat it is"
    assert await names(head) == ["邻县老师"]
    assert await names(None) == ["?", "李老师", "邻县老师", "陈老师"]
    assert await names(county.lin, place=county.first.pid) == ["李老师"]
    for who in (county.wang, county.li, county.zhou):
        await county.refused("forbidden", list_letters, actor=who)
        await county.refused("forbidden", count_letters, actor=who)
        await county.refused("forbidden", retry_letter, mine, actor=who)
        await county.refused("forbidden", drop_letters, "rejected", actor=who)
    await county.refused("forbidden", list_letters, other.pid, actor=county.lin)
    await county.refused("letter.unknown", retry_letter, theirs, actor=county.lin)
    await county.refused("letter.unknown", drop_letter, theirs, actor=county.lin)
    await county.refused("letter.reason", list_letters, None, "because", actor=county.lin)
    await county.run(drop_letters, "rejected", actor=county.lin)
    assert {name: row.state for name, row in (await post.rows()).items() if name in (T1, T2)} == {
        T1: "dropped", T2: "dead",
    }  # fmt: skip
    assert await names(county.lin) == []
    await county.refused("letter.over", retry_letter, mine, actor=county.lin)


async def test_pages_and_platforms(post: Post) -> None:
    county = post.county
    pids = [await post.refuse(county.li, f"第{n}条") for n in range(5)]
    seen: list[str] = []
    while True:
        page = await county.run(list_letters, limit=2, after=seen[-1] if seen else None, actor=county.lin)
        seen += [one.pid for one in page[:2]]
        if len(page) <= 2:
            break
    assert seen == pids[::-1]
    assert len(await county.run(list_letters, platform="paper", actor=county.lin)) == 5
    assert await county.run(list_letters, platform="matrix", actor=county.lin) == []
    post.world.paper.gone.add(county.chen.chat)
    await post.tell(county.chen, T1)
    away = await county.run(list_letters, None, "blocked", "paper", actor=county.lin)
    assert [one.name for one in away] == ["陈老师"]


async def test_an_old_change_undoes_no_newer_one(post: Post) -> None:
    county, world, li = post.county, post.world, post.county.li
    await post.tell(li, T1)
    native = li.sheets()[-1].native

    async def change(text: str) -> None:
        def edit(ctx: Context) -> None:
            chat = ctx.session.query(Chat).filter_by(native=li.chat).one()
            edit_copy(ctx, chat.id, native, Words(text))

        await world.run(edit)
        await world.settle()

    world.paper.failures.append(Rejected("no"))
    await change("旧")
    await change("新")
    [letter] = await county.run(list_letters, actor=county.lin)
    assert (letter.kind, letter.retriable) == ("edit", False)
    assert (await county.run(retry_letters, "rejected", actor=county.lin)).n == 0
    await world.settle()
    assert li.sheets()[-1].text == "新"


async def test_what_is_taken_back_or_erased_is_no_letter_any_more(post: Post) -> None:
    county, li = post.county, post.county.li
    pid = await post.refuse(li, T1)
    await post.refuse(county.chen, T2)

    def take_back(ctx: Context) -> None:
        row = ctx.session.query(Delivery).filter_by(pid=pid).one()
        delete_message(ctx, ctx.session.get_one(Message, row.message_id))

    await county.run(take_back)
    await county.run(lambda ctx: erase_person(ctx, ctx.session.get_one(Person, county.chen.person.id)))
    assert await county.run(list_letters) == []


async def test_looking_after_letters_leaves_traces(post: Post) -> None:
    county = post.county
    pid = await post.refuse(county.li, T1)
    await county.run(retry_letter, pid, actor=county.lin)
    await county.run(drop_letters, "rejected", actor=county.lin)
    acts = await county.run(lambda ctx: [(row.act, row.object) for row in ctx.session.query(Audit)])
    assert acts[-2:] == [("letter.retried", f"delivery:{pid}"), ("letters.dropped", "letters:rejected")]

