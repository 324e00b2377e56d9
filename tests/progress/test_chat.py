"""Progress in chat: one's own for everybody, the members' for hosts, never in a room (G11, G12)."""

from collections.abc import AsyncIterator
from datetime import date
from io import BytesIO
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from api.attachments.service import read_attachment
from api.context import Context
from api.records.service import record
from api.registry import HOLDERS
from api.reminders import excuses, rules
from api.reminders.rules import RuleWish
from storage.people import Audit
from tests.support.talk import Voice, World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


@pytest.fixture
async def town(world: World) -> Any:
    county = await world.region()
    school = await world.school(county, "第一小学")
    workshop = await world.workshop(county, "语文工坊")
    host, zhang, li = [await world.teacher(name, school) for name in ("王坊主", "张老师", "=1+1李")]
    await world.join(host, workshop, "host")
    await world.join(zhang, workshop)
    await world.join(li, workshop)
    return workshop, host, zhang, li


async def did(world: World, who: Voice, verb: str, thing: str, workshop: Any) -> None:
    def write(ctx: Context) -> None:
        record(ctx, verb, thing, workshop)

    await world.run(write, actor=who)


async def test_my_progress(world: World, town: Any) -> None:
    workshop, host, zhang, _ = town
    await zhang.say("进度")
    zhang.expect("你的进度", "语文工坊", "本周：还没有")
    rule = await world.run(rules.create_rule, workshop.pid, RuleWish(), actor=host)
    await did(world, zhang, "journal.submitted", "journal_entry:a", workshop)
    await did(world, zhang, "resource.opened", "push:b", workshop)
    await zhang.say("/me")
    zhang.expect("2 篇研修日志：1/2", "11月27日 周五 18:00 截止", "本周：1 篇研修日志 / 看过 1 份资源")
    zhang.expect_button("写日志")
    zhang.expect_button("我的提醒")
    await did(world, zhang, "journal.submitted", "journal_entry:c", workshop)
    await zhang.say("我的")
    zhang.expect("✓ 2 篇研修日志：2/2", "已交齐")
    world.pass_time(days=7)
    await zhang.say("我的进度")
    zhang.expect("0/2", "本周：还没有", "一共：2 篇研修日志")
    days = date(2026, 11, 30), date(2026, 12, 5)
    await world.run(excuses.grant_excuse, workshop.pid, zhang.person.pid, *days, actor=host)
    await world.settle()
    await zhang.say("进度")
    zhang.expect("请假到 2026-12-05")
    await world.run(rules.pause_rule, rule.pid, actor=host)
    await zhang.say("进度")
    assert "研修日志：" not in zhang.unread()[-1].text.split("本周")[0]


async def test_in_a_room_it_is_answered_privately(world: World, town: Any) -> None:
    workshop, host, zhang, _ = town
    room = await world.room(workshop)
    await zhang.say("进度", room=room)
    zhang.expect("你的进度")
    await host.say("导出", room=room)
    host.expect("表格在这里")
    zhang.expect_nothing(room=room)


async def test_hosts_see_members_and_get_a_spreadsheet(world: World, town: Any) -> None:
    workshop, host, zhang, _ = town
    await world.run(rules.create_rule, workshop.pid, RuleWish(), actor=host)
    await did(world, zhang, "journal.submitted", "journal_entry:a", workshop)
    await host.say("进度")
    assert await audited(world, "progress.read") == 0
    await host.press("成员进度")
    assert await audited(world, "progress.read") == 1, "one row, however many they are"
    host.expect("共 3 人", "张老师：1 篇研修日志", "1/2", "0/2")
    await host.press("导出表格")
    sheet = host.expect("表格在这里")
    [pid] = sheet.files
    content = await world.run(read_attachment, pid, HOLDERS, actor=host)
    rows = CalamineWorkbook.from_filelike(BytesIO(await _bytes(world, content))).get_sheet_by_index(0).to_python()
    assert rows[0][:5] == ["姓名", "学校", "角色", "日志", "日志（本周）"]
    by_name = {row[0]: row for row in rows[1:]}
    assert by_name["张老师"][1:5] == ["第一小学", "成员", 1, 1]
    assert by_name["=1+1李"][3] == 0, "a name is never a formula"
    assert "1/2" in by_name["张老师"] and by_name["王坊主"][-2] == "–"
    assert by_name["张老师"][-1] == "2026-11-23"
    assert (await audited(world, "progress.read"), await audited(world, "progress.exported")) == (1, 1)


async def audited(world: World, act: str) -> int:
    return await world.run(lambda ctx: ctx.session.query(Audit).filter_by(act=act).count())


async def _bytes(world: World, content: Any) -> bytes:
    return content.data if content.data is not None else await world.runtime.blobs.get(content.blob_key)


async def test_members_and_strangers_cannot(world: World, town: Any) -> None:
    workshop, _, zhang, _ = town
    stranger = await world.teacher("路人", bound=False)
    for action in ("members", "export"):
        [toast] = await zhang.press_action(f"progress.{action}:{workshop.pid}")
        assert "没有这个权限" in toast
        [toast] = await zhang.press_action(f"progress.{action}:nonsense:-1")
        assert "没有找到" in toast
        await stranger.press_action(f"progress.{action}:{workshop.pid}")
    await zhang.say("导出")
    zhang.expect("你没有负责的工坊")
    assert not any(sheet.files for sheet in zhang.sheets() + stranger.sheets())
