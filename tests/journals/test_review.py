"""Reading and judging logs, as hosts do it; what authors hear."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest

from api.clock import run_job
from api.context import Context
from api.records.service import my_counts
from api.registry import JOBS
from storage.people import Audit
from tests.support.classroom import LONG, Classroom, a_classroom, hand_in
from tests.support.talk import NOW

DIGESTS = next(job for job in JOBS if job.name == "journals.digests")


@pytest.fixture
async def room(database_url: str) -> AsyncIterator[Classroom]:
    async with a_classroom(database_url) as room:
        yield room


async def tick(room: Classroom) -> None:
    await run_job(room.world.runtime, DIGESTS)
    await room.world.settle()


async def later(room: Classroom) -> None:
    """Edits of one message are at least five seconds apart."""
    room.world.pass_time(seconds=6)
    await room.world.settle()


async def count_of(room: Classroom, voice: Any, verb: str) -> int:
    return (await room.world.run(my_counts, voice.person.id)).get((room.workshop.id, verb), 0)


async def audits(room: Classroom, act: str) -> int:
    def count(ctx: Context) -> int:
        return ctx.session.query(Audit).filter_by(act=act).count()

    return await room.world.run(count)


async def test_read_comment_score_feature_and_the_author_hears(room: Classroom) -> None:
    li, zhang = room.li, room.zhang
    await hand_in(room, li)
    await zhang.say("批阅")
    zhang.expect("待看 1 篇", "李老师 · 识字工作坊", LONG)
    assert await audits(room, "journal.read") == 1
    toasts = await zhang.press("4★")
    assert toasts == ["已打 4 分"]
    li.expect("今天听了", "★★★★☆")
    await zhang.press("推优")
    li.expect("推优", "祝贺")
    await later(room)
    assert await zhang.press("取消推优") == ["已取消推优。"]
    await later(room)
    await zhang.press("推优")
    await zhang.press("评论")
    zhang.expect("只有李老师会看到")
    await zhang.say("分组找朋友的办法很好，*下次*可以录下来。")
    zhang.expect("会转给李老师")
    li.expect("张老师评论了你的日志", "*下次*可以录下来")
    await li.press("回复")
    await li.say("好的，下次录！")
    zhang.expect("李老师回复你", "好的，下次录！")
    await zhang.press("下一篇")
    zhang.expect("都看完了")
    assert [await count_of(room, li, f"journal.{verb}") for verb in ("scored", "featured", "submitted")] == [1, 1, 1]
    assert [await count_of(room, zhang, f"journal.{verb}") for verb in ("reviewed", "commented")] == [1, 1]
    room.zhao.expect_nothing()
    await li.say("我的日志")
    li.expect("★★★★☆", "推优")
    await li.press("今天听了")
    shown = li.expect("张老师：分组找朋友")
    assert not any(label == "修改" for label, _ in shown.buttons), "it has a score"


async def test_two_cohosts_never_read_the_same_log(room: Classroom) -> None:
    await hand_in(room, room.li, "第一篇日志，" + LONG)
    room.world.pass_time(minutes=1)
    await hand_in(room, room.zhao, "第二篇日志，" + LONG)
    await room.zhang.say("批阅")
    room.zhang.expect("第一篇日志")
    await room.chen.say("批阅")
    room.chen.expect("第二篇日志")
    action = next(b.action for s in room.zhang.sheets() for label, b in s.buttons if label == "5★")
    assert "张老师正在看" in (await room.chen.press_action(action))[0]
    await room.chen.press("下一篇")
    room.chen.expect("还有 1 篇", "张老师正在看")
    room.world.pass_time(minutes=16)
    await room.chen.press("再看看")
    room.chen.expect("第一篇日志")
    assert "陈老师正在看" in (await room.zhang.press("5★"))[0]


async def test_skipped_logs_wait_for_others(room: Classroom) -> None:
    await hand_in(room, room.li, "第一篇日志，" + LONG)
    room.world.pass_time(minutes=1)
    await hand_in(room, room.zhao, "第二篇日志，" + LONG)
    zhang = room.zhang
    await zhang.say("批阅")
    skip = next(b.action for label, b in zhang.sheets()[-1].buttons if label == "跳过")
    await zhang.press("跳过")
    zhang.expect("第二篇日志")
    assert "翻过去了" in (await zhang.press_action(skip))[0], "a double press skips nothing more"
    await zhang.press("跳过")
    zhang.expect("后面没有了", "2 篇")
    await zhang.press("从头看")
    zhang.expect("第一篇日志")
    onward = next(b.action for label, b in zhang.sheets()[-1].buttons if label == "下一篇")
    await zhang.press("下一篇")
    zhang.expect("第二篇日志")
    assert "翻过去了" in (await zhang.press_action(onward))[0]
    await zhang.say("批阅")
    zhang.expect("待看 1 篇", "第二篇日志")


async def test_only_reviewers_review(room: Classroom) -> None:
    await hand_in(room, room.li)
    await room.zhang.say("批阅")
    action = next(b.action for s in room.zhang.sheets() for label, b in s.buttons if label == "5★")
    pid = action.split(":")[1]
    for voice in (room.zhao, room.lu):
        await voice.say("批阅")
        voice.expect("没有等你看的日志")
        for verb in ("score", "comment", "feature", "unfeature", "next", "skip", "read", "points"):
            toasts = await voice.press_action(f"review.{verb}:{pid}" + (":5" if verb == "score" else ""))
            assert toasts and "坊主" in toasts[0], (verb, toasts)
        assert "坊主" in (await voice.press_action(f"review.open:{room.workshop.pid}"))[0]
    assert await count_of(room, room.li, "journal.scored") == 0
    trainer = await room.world.teacher("周老师")
    await room.world.appoint(trainer, room.county, "county_trainer")
    await trainer.say("批阅")
    trainer.expect("张老师正在看")


async def test_nobody_reviews_their_own_log(room: Classroom) -> None:
    await hand_in(room, room.zhang)
    await room.zhang.say("批阅")
    room.zhang.expect("没有等你看的日志")
    await room.chen.say("批阅")
    action = next(b.action for s in room.chen.sheets() for label, b in s.buttons if label == "5★")
    assert "自己的日志" in (await room.zhang.press_action(action))[0]


async def test_hostile_scores_and_long_comments(room: Classroom) -> None:
    await hand_in(room, room.li)
    await room.zhang.say("批阅")
    pid = next(b.action for s in room.zhang.sheets() for label, b in s.buttons if label == "5★").split(":")[1]
    for points in ("0", "6", "-1", "999999999999", "x", ""):
        assert "1 到 5" in (await room.zhang.press_action(f"review.score:{pid}:{points}"))[0], points
    await room.zhang.press("评论")
    await room.zhang.say("长" * 2001)
    room.zhang.expect("最多 2000 字")
    await room.zhang.say("取消")
    assert await count_of(room, room.zhang, "journal.commented") == 0


async def test_points_as_a_number_where_the_workshop_wants_them(database_url: str) -> None:
    async with a_classroom(database_url, score_max=100) as room:
        await hand_in(room, room.li)
        await room.zhang.say("批阅")
        await room.zhang.press("打分")
        room.zhang.expect("1 到 100")
        await room.zhang.say("一百")
        room.zhang.expect("1 到 100")
        await room.zhang.say("87分")
        room.li.expect("87/100")


async def test_a_withdrawn_log_leaves_the_queue(room: Classroom) -> None:
    await hand_in(room, room.li)
    await room.zhang.say("批阅")
    await room.li.press("查看")
    await room.li.press("撤回")
    await room.li.press("撤回")
    assert "没有找到" in (await room.zhang.press("5★"))[0]
    await room.zhang.say("批阅")
    room.zhang.expect("没有等你看的日志")


async def test_hosts_get_one_digest_and_never_at_night(room: Classroom) -> None:
    zhang = room.zhang
    await hand_in(room, room.li)
    await tick(room)
    zhang.expect("识字工作坊：1 篇新日志待看")
    room.chen.expect("1 篇新日志待看")
    room.zhao.expect_nothing()
    room.world.pass_time(minutes=1)
    await hand_in(room, room.zhao)
    await tick(room)
    zhang.expect_nothing()
    room.world.pass_time(hours=2, minutes=1)
    await tick(room)
    zhang.expect("2 篇新日志待看")
    room.world.pass_time(hours=3)
    await tick(room)
    zhang.expect_nothing()
    room.world.set_time(datetime.fromisoformat("2026-11-23T23:00:00+08:00"))
    await hand_in(room, room.li)
    await tick(room)
    zhang.expect_nothing()
    room.world.set_time(datetime.fromisoformat("2026-11-24T07:01:00+08:00"))
    await tick(room)
    zhang.expect("3 篇新日志待看")
    await zhang.press("去看")
    zhang.expect("待看 3 篇")


async def test_the_author_is_not_woken_by_a_judgement(room: Classroom) -> None:
    await hand_in(room, room.li)
    room.li.unread()
    room.world.set_time(NOW.replace(hour=22, minute=30))
    await room.zhang.say("批阅")
    await room.zhang.press("5★")
    room.li.expect_nothing()
    room.world.set_time(datetime.fromisoformat("2026-11-24T07:01:00+08:00"))
    await room.world.settle()
    room.li.expect("★★★★★")
