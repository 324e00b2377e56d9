"""A day of a teacher, a host and an administrator: the dialogues that are played on paper, word for word on Matrix.

The tests are those of the capabilities; only the world they ask for is another one. A press is a number there.
"""

from collections.abc import AsyncIterator
from functools import partial

import pytest

from api.context import Context
from storage.messaging import Chat
from storage.rooms import community_of_chat
from tests.journals.test_chat import (  # noqa: F401  they run here, with the fixtures of this module
    test_change_withdraw_and_list,
    test_from_a_room_it_goes_on_privately,
)
from tests.notices.test_chat import a_school
from tests.people.test_chat import (  # noqa: F401
    test_a_code_binds_after_the_privacy_notice,
    test_a_code_in_a_group_is_void,
)
from tests.progress.test_chat import test_my_progress, town  # noqa: F401
from tests.resources.test_chat import a_workshop, counts
from tests.support.classroom import Classroom, a_classroom
from tests.support.clock import tick
from tests.support.county import County, a_county
from tests.support.matrix_town import MatrixTown, MatrixVoice, a_matrix_town
from tests.support.synapse import Synapse


@pytest.fixture
async def world(database_url: str, synapse: Synapse) -> AsyncIterator[MatrixTown]:
    async with a_matrix_town(database_url, synapse) as world:
        yield world


@pytest.fixture
async def county(world: MatrixTown) -> County:
    return await a_county(world)


@pytest.fixture
async def room(database_url: str, synapse: Synapse) -> AsyncIterator[Classroom]:
    async with a_classroom(database_url, partial(a_matrix_town, synapse=synapse)) as room:
        yield room


async def test_a_workshop_is_opened_and_joined(county: County) -> None:
    zhou, li, chen = county.zhou, county.li, county.chen
    await zhou.say("工坊")
    await zhou.press("开通新工坊")
    await zhou.say("<b>数学</b> 工坊")
    await zhou.say("奥数")
    await zhou.say("一起 *备课*")
    await zhou.press("开放加入")
    await zhou.say("李老师")
    await zhou.press("李老师")
    zhou.expect("将邀请", "李老师")
    await zhou.press("下一步")
    await zhou.press("开通")
    zhou.expect("开通了", "加入码")
    li.expect("周老师", "副坊主", "<b>数学</b> 工坊")
    await li.press("好，我愿意")
    li.expect("欢迎加入")
    zhou.expect("李老师", "同意", "副坊主")
    await chen.say("加入")
    await chen.press("语文工坊")
    chen.expect("已经向“语文工坊”的坊主申请")
    county.wang.expect("陈老师（第二小学）申请加入“语文工坊”")
    assert "已同意 ✓" in await county.wang.press("同意加入")
    chen.expect("欢迎加入“语文工坊”")
    assert await county.standing(chen) == ("active", "member")


async def test_a_file_becomes_a_resource_that_is_pushed_and_opened(world: MatrixTown) -> None:
    workshop, host, (li, _), room = await a_workshop(world)
    await host.send_file("草船借箭 教学设计.docx", b"x" * 9)
    host.expect("收到了：1 个文件。", "要我怎么处理")
    await host.press("存为资源")
    await host.press("存入资源库")
    await host.say("推送 草船借箭")
    if any("推送哪个资源" in sheet.text for sheet in host.sheets()[-1:]):
        await host.press("草船借箭")
    host.expect("预览", "草船借箭", "发到群里")
    await host.press("确认发送")
    li.expect("推荐了一个资源", "草船借箭", room=room)
    await li.press("打开", room=room)
    assert [sheet.files for sheet in li.sheets() if sheet.files] == [["m.file"]], "the file came privately"
    assert not [sheet for sheet in li.sheets(room) if sheet.files]
    got = await world.run(counts, workshop.id, ["resource.opened"])
    assert got == {li.person.id: {"resource.opened": 1}}


async def test_a_notice_in_the_room_is_answered_by_reply_and_by_reaction(world: MatrixTown) -> None:
    _, admin, (li, zhang, _), room = await a_school(world)
    await admin.say("!notice 周五下午三点全体教师会议", room=room)
    admin.expect_nothing(room=room)
    admin.expect("预览", "周五下午三点", "发给：第一小学（3 人）", "发到群里")
    await admin.press("确认发送")
    sheet = li.expect("通知 · 第一小学", "周五下午三点", room=room)
    assert await li.press("收到", room=room) == ["已收到，谢谢。"]
    assert await li.press("收到", room=room) == ["你已经点过收到了。"]
    assert isinstance(zhang, MatrixVoice)
    await zhang.enter(room)
    await zhang.client.react(room, sheet.native, "✅")
    await world.settle()
    zhang.expect("已收到，谢谢。")
    world.pass_time(seconds=40)
    await tick(world)
    (shown,) = [one for one in li.sheets(room) if one.native == sheet.native]
    assert "已收到 2/3" in shown.text and "老师" not in shown.text
    assert len(li.sheets(room)) == 1, "nobody's answer appears in the room"


async def test_a_room_is_bound_by_whoever_administers_and_hosts_it(county: County) -> None:
    world, wang = county.world, county.wang
    client = wang.client
    room = await client.make_room(world.bot.user_id, county.li.native, name="语文群")
    await county.li.client.join(room)
    wang._joined.add(room)
    county.li._joined.add(room)
    await world.settle()
    await county.li.say("!bind", room=room)
    county.li.expect("管理员")
    assert await world.run(bound_to, room) is None
    await wang.say("!bind", room=room)
    await wang.press("语文工坊")
    assert await world.run(bound_to, room) == county.workshop.id


def bound_to(ctx: Context, native: str) -> int | None:
    found = community_of_chat(ctx.session, ctx.session.query(Chat).filter_by(native=native).one().id)
    return found.id if found is not None else None
