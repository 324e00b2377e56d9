"""A teacher shares, a host pushes, members open (G9, C4)."""

from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from api.records.service import counts
from storage.communities import Community
from tests.support.clock import tick
from tests.support.talk import Voice, World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


async def a_workshop(world: World, members: int = 2) -> tuple[Community, Voice, list[Voice], str]:
    """A workshop without a school behind its people, its host, members, and its room."""
    county = await world.region()
    workshop = await world.workshop(county, "语文工坊")
    host = await world.teacher("周坊主", subject="语文")
    await world.join(host, workshop, "host")
    teachers = [await world.teacher(f"老师{n}", subject="数学") for n in range(members)]
    for teacher in teachers:
        await world.join(teacher, workshop)
    return workshop, host, teachers, await world.room(workshop)


async def keep(voice: Voice, text: str) -> None:
    """Put a text into the bank with what is guessed."""
    await voice.say(text)
    await voice.press("存为资源")
    await voice.press("存入资源库")
    voice.expect("发“资源库”就能找到它")


async def test_a_forwarded_file_is_in_the_bank_after_two_presses(world: World) -> None:
    _, host, (li, _), _ = await a_workshop(world)
    await li.send_file("草船借箭 教学设计.docx", b"x" * 9)
    li.expect("收到了：1 个文件。", "要我怎么处理")
    await li.press("存为资源")
    li.expect("标题：草船借箭 教学设计", "类型：教学设计", "学科：数学", "标签：无", "放到：语文工坊")
    await li.press("存入资源库")
    assert any("已存入语文工坊的资源库" in sheet.text for sheet in li.sheets())
    await host.say("资源库 借箭")
    host.expect("1. 草船借箭 教学设计", "老师0", "语文工坊")
    await host.press("1. 草船借箭")
    sheet = host.expect("草船借箭 教学设计", "教学设计 · 数学 · 老师0")
    assert len(sheet.files) == 1
    host.expect_button("推送")


async def test_everything_about_it_can_be_changed_before_it_is_kept(world: World) -> None:
    workshop, host, (li, _), _ = await a_workshop(world)
    other = await world.workshop(workshop, "二号工坊")
    await world.join(li, other)
    await li.say("https://example.org/video 一个很好的视频")
    await li.press("存为资源")
    li.expect("标题：一个很好的视频")
    await li.say("随便说说")
    li.expect("存入资源库")
    await li.press("改标题")
    await li.say("长" * 121)
    li.expect("最多 120 个字")
    await li.say("<b>圆</b>的面积")
    await li.press("改类型")
    await li.say("微课")
    li.expect("请点下面的按钮")
    await li.press("微课程")
    await li.press("改学科")
    await li.say("数学 ")
    await li.press("加标签")
    await li.say("#六年级 几何")
    li.expect("标题：<b>圆</b>的面积", "类型：微课程", "标签：#六年级 #几何")
    await li.press("换资源库")
    await li.press("二号工坊")
    li.expect("放到：二号工坊")
    await li.press("存入资源库")
    await li.say("/bank 几何")
    li.expect("<b>圆</b>的面积", "二号工坊")
    await host.say("/bank 几何")
    host.expect("没找到“几何”")


async def test_several_messages_make_one_resource_or_none(world: World) -> None:
    _, _, (li, _), _ = await a_workshop(world)
    await li.send_file("照片.jpg", b"1", kind="photo", mime="image/jpeg")
    await li.send_file("照片.jpg", b"2", kind="photo", mime="image/jpeg")
    li.expect("2 个文件")
    await li.press("不用了")
    await li.say("/bank")
    li.expect("还是空的")
    await li.say("你好")
    li.expect("没听懂")


async def test_the_question_stands_in_no_command_s_way(world: World) -> None:
    _, _, (li, _), _ = await a_workshop(world)
    await li.send_file("照片.jpg", b"1", kind="photo", mime="image/jpeg")
    await li.say("资源库 阅读")
    li.expect("没找到“阅读”")
    await li.say("你好")
    li.expect("没听懂")


async def test_what_was_sent_can_become_a_log(world: World) -> None:
    _, _, (li, _), _ = await a_workshop(world)
    await li.say("今天听了周老师的课，板书清楚，提问有层次，孩子们都抢着回答，我也想这样试一试。")
    await li.press("写日志")
    assert any("板书清楚" in sheet.text for sheet in li.unread())
    await li.say("/bank")
    li.expect("还是空的")


async def test_a_push_to_the_room_is_opened_privately_and_counted_once(world: World) -> None:
    workshop, host, (li, zhang), room = await a_workshop(world)
    await keep(host, "课例：《草船借箭》第二课时，抓住“神机妙算”展开，请大家看看提问的设计。")
    await host.say("推送")
    host.expect("推送哪个资源")
    await host.press("课例")
    host.expect("预览", "草船借箭", "发给：语文工坊（2 人）", "发到群里", "时间：现在")
    await host.press("确认发送")
    li.expect("周坊主推荐了一个资源 · 语文工坊", "草船借箭", room=room)
    li.expect_nothing()
    host.expect("已推送", "发到 1 个群", "已打开 0/2")
    assert await li.press("打开", room=room) == ["已发到你的私聊。"]
    li.expect("提问的设计")
    assert await li.press("打开", room=room) == ["刚刚发给你了，往上翻一翻。"]
    li.expect_nothing()
    world.pass_time(minutes=2)
    await li.press("打开", room=room)
    li.expect("提问的设计")
    await tick(world)
    assert any("已打开 1/2" in sheet.text for sheet in host.sheets())
    assert not any("老师" in sheet.text for sheet in li.sheets(room))
    got = await world.run(counts, workshop.id, ["resource.opened", "resource.pushed", "resource.added"])
    assert got == {li.person.id: {"resource.opened": 1}, host.person.id: {"resource.pushed": 1, "resource.added": 1}}
    zhang.expect_nothing()


async def test_each_person_later_and_who_did_not_get_it(world: World) -> None:
    workshop, host, (li, zhang), _ = await a_workshop(world)
    await world.join(await _without_account(world, "没绑定的老师"), workshop)
    await keep(host, "教案一份：https://example.org/plan 请各位老师课前先读一遍，周五讨论。")
    await host.say("/push 教案")
    await host.press("教案")
    await host.press("改为发给每个人")
    await host.press("定时发送")
    await host.press("今天 18:00")
    host.expect("预览", "今天 18:00", "3 人")
    await host.press("确认发送")
    await tick(world)
    li.expect_nothing()
    world.set_time(datetime.fromisoformat("2026-11-23T18:00:05+08:00"))
    await tick(world)
    world.pass_time(seconds=20)
    await tick(world)
    li.expect("推荐了一个资源")
    assert any("已发送 2/3 人" in s.text and "未送达 1 人" in s.text for s in host.sheets())
    host.unread()
    await host.press("谁没收到")
    host.expect("1 人没有收到", "没绑定的老师", "绑定码")
    await li.press("打开")
    li.expect("https://example.org/plan")
    action = next(b.action for s in host.sheets() for label, b in s.buttons if label == "谁没收到")
    assert "没有找到" in (await zhang.press_action(action))[0]


async def test_what_i_pushed_is_listed_and_leads_to_its_figures(world: World) -> None:
    _, host, (li, zhang), room = await a_workshop(world)
    await keep(host, "课例：《草船借箭》第二课时，抓住“神机妙算”展开，请大家看看提问的设计。")
    await host.say("我的推送")
    host.expect("还没推送过资源")
    for later in (False, True):
        await host.say("推送", room=room)
        await host.press("课例")
        if later:
            await host.press("定时发送")
            await host.press("今天 18:00")
        await host.press("确认发送")
    host.unread(room)
    await host.say("/pushes", room=room)
    host.expect_nothing(room=room)
    waiting = "1. 课例：《草船借箭》第二课时，抓住“神… · 语文工坊 · ⏰ 今天 18:00发出"
    host.expect("我的推送", waiting, "2. 课例", "今天 10:00")
    await host.press("2. 课例")
    card = host.expect("已推送“课例", "已打开 0/2")
    await li.press("打开", room=room)
    world.pass_time(seconds=20)
    await tick(world)
    assert "已打开 1/2" in card.text
    await host.press("1. 课例")
    host.expect("推给语文工坊", "今天 18:00发出")
    pid = host.sheets()[-1].buttons[0][1].action.split(":")[1]
    assert "没有找到" in (await zhang.press_action(f"push.card:{pid}"))[0]
    await host.press("不发了")
    await host.press("确定撤回")
    world.pass_time(hours=9)
    await tick(world)
    assert sum("推荐了一个资源" in s.text for s in li.sheets(room)) == 1


async def test_a_push_taken_back_says_so_everywhere(world: World) -> None:
    workshop, host, (li, _), room = await a_workshop(world)
    await keep(host, "这份材料里有学生的名字，本来不应该发出来，请大家不要转发出去。")
    await host.say("推送", room=room)
    await host.press("这份材料")
    await host.press("改为都发")
    await host.press("确认发送")
    posted, private = li.sheets(room)[-1], li.sheets()[-1]
    opening = posted.buttons[0][1].action
    await host.press("撤回")
    await host.press("确定撤回")
    await world.settle()
    assert posted.text == private.text == "这条资源推送已撤回。"
    assert await li.press_action(opening, posted.native, room=room) == ["这条资源推送已撤回。"]
    got = await world.run(counts, workshop.id, ["resource.pushed", "resource.opened"])
    assert got == {host.person.id: {"resource.pushed": 0}}


async def test_members_cannot_push_and_outsiders_cannot_open(world: World) -> None:
    _, host, (li, _), room = await a_workshop(world)
    await keep(li, "一份给大家看的材料，内容很长很长很长很长很长很长很长很长很长很长。")
    await li.say("/push")
    li.expect("没有这个权限", "坊主")
    guest = await world.teacher("外人")
    await host.say("/push 材料", room=room)
    await host.press("一份给大家")
    await host.press("确认发送")
    action = host.sheets(room)[-1].buttons[0][1].action
    assert "不是推给你的" in (await guest.press_action(action))[0]
    pid = next(b.action for s in li.sheets() for _, b in s.buttons if b.action.startswith("resource.open:"))
    assert (await guest.press_action(pid))[0].startswith("你在这里没有这个权限")
    stranger = await world.teacher("路人", bound=False)
    assert "绑定码" in (await stranger.press("打开", room=room))[0]


async def test_removed_by_its_author_it_is_gone(world: World) -> None:
    _, _host, (li, zhang), _ = await a_workshop(world)
    await keep(li, "要删掉的材料，内容很长很长很长很长很长很长很长很长很长很长很长很长。")
    await zhang.say("/bank")
    await zhang.press("要删掉的")
    assert not any("从资源库删除" in label for s in zhang.sheets() for label, _ in s.buttons)
    await li.say("/bank")
    await li.press("要删掉的")
    await li.press("从资源库删除")
    li.expect("确定从资源库删除")
    await li.press("确定删除")
    [toast] = await zhang.press("1. 要删掉的")
    assert "没有找到" in toast


def labels(voice: Voice) -> list[str]:
    """The buttons of the newest message that has some."""
    return next([label for label, _ in sheet.buttons] for sheet in reversed(voice.sheets()) if sheet.buttons)


async def test_what_is_in_the_bank_is_changed_a_field_at_a_time(world: World) -> None:
    _, host, (li, zhang), _ = await a_workshop(world)
    await keep(li, "一份阅读教案，内容很长很长很长很长很长很长很长很长很长很长很长很长。")
    await li.say("/bank 阅读")
    await li.press("1. 一份阅读")
    assert labels(li) == ["修改", "从资源库删除"]
    await li.press("修改")
    li.expect("想改哪一项", "标题：一份阅读教案", "类型：教学设计", "学科：数学", "标签：无")
    await li.press("改标题")
    await li.say("长" * 121)
    li.expect("最多 120 个字")
    await li.say("<b>草船</b>借箭")
    li.expect("✓ 已保存", "标题：<b>草船</b>借箭")
    await li.press("改类型")
    await li.say("微课")
    li.expect("请点下面的按钮")
    await li.press("微课程")
    await li.press("改标签")
    await li.say("#三年级 阅读")
    await li.press("改学科")
    await li.press("无")
    li.expect("✓ 已保存", "类型：微课程", "学科：无", "标签：#三年级 #阅读")
    await li.press("换内容")
    await li.send_file("新教案.docx", b"x" * 9)
    li.expect("✓ 已保存", "新教案.docx")
    await li.say("随便说说")
    li.expect("没听懂")
    await zhang.say("/bank 三年级")
    await zhang.press("1. <b>草船</b>")
    zhang.expect("<b>草船</b>借箭", "微课程 · #三年级 · #阅读", "第 2 版")
    assert len(zhang.sheets()[-1].files) == 1
    await host.say("/bank 三年级")
    await host.press("1. <b>草船</b>")
    assert "修改" in labels(host), "who manages the workshop changes what is in its bank"


async def test_leaving_the_change_half_way_loses_nothing(world: World) -> None:
    _, _, (li, _), _ = await a_workshop(world)
    await keep(li, "一份阅读教案，内容很长很长很长很长很长很长很长很长很长很长很长很长。")
    await li.press("修改")
    await li.press("改标题")
    await li.press("改标题")
    await li.say("新标题")
    li.expect("标题：新标题")
    await li.press("改类型")
    answer = next(b.action for label, b in li.sheets()[-1].buttons if label == "微课程")
    await li.say("取消")
    li.expect("已取消")
    assert await li.press_action(answer) == ["这一项已经结束了。"]
    await li.press("改标签")
    await li.press("不改了")
    await li.say("/bank 新标题")
    li.expect("1. 新标题", "教学设计")


async def test_answers_under_another_resource_change_nothing(world: World) -> None:
    _, _, (li, _), _ = await a_workshop(world)
    for name in ("甲", "乙"):
        await keep(li, f"{name}份阅读教案，内容很长很长很长很长很长很长很长很长很长很长很长很长。")
    first, second = [b.action for s in li.sheets() for label, b in s.buttons if label == "修改"]
    await li.press_action(first)
    await li.press("改类型")
    answer = next(button.action for label, button in li.sheets()[-1].buttons if label == "微课程")
    await li.press_action(second)
    await li.press("改类型")
    assert await li.press_action(answer) == ["这是之前的一步，请看最新的一条。"]
    await li.say("/bank 阅读")
    assert "微课程" not in li.expect("乙份阅读", "甲份阅读").text


async def test_who_may_not_change_it_sees_no_button_and_is_refused(world: World) -> None:
    workshop, _, (li, zhang), room = await a_workshop(world)
    await keep(li, "一份阅读教案，内容很长很长很长很长很长很长很长很长很长很长很长很长。")
    forged = next(b.action for s in li.sheets() for label, b in s.buttons if label == "修改")
    await zhang.say("/bank 阅读")
    await zhang.press("1. 一份阅读")
    assert not any(label in ("修改", "从资源库删除") for s in zhang.sheets() for label, _ in s.buttons)
    pid = forged.split(":")[1]
    for action in (forged, f"resource.change:{pid}.title", f"resource.change:{pid}.nonsense"):
        for place in (None, room):
            assert "没有这个权限" in (await zhang.press_action(action, room=place))[0]
    await li.press("修改")
    await li.press("改标题")
    await world.run(_leave, workshop.id, li.person.id)
    await li.say("不该改的标题")
    li.expect("没有这个权限")
    await li.say("随便说说")
    li.expect("没听懂")
    await li.press_action(f"resource.open:{pid}")
    li.expect("一份阅读教案")
    assert "修改" not in labels(li)


def _leave(ctx: object, community_id: int, person_id: int) -> None:
    from storage.communities import Membership

    session = ctx.session  # type: ignore[attr-defined]
    session.query(Membership).filter_by(community_id=community_id, person_id=person_id).one().status = "left"


async def test_lists_go_on_with_the_same_words(world: World) -> None:
    _, _, (li, _), _ = await a_workshop(world)
    for n in range(8):
        await keep(li, f"第{n}份阅读材料，内容很长很长很长很长很长很长很长很长很长很长很长很长。")
    await li.say("/bank 阅读")
    li.expect("第7份", "第2份")
    await li.press("更多")
    sheet = li.expect("第1份", "第0份")
    assert "第2份" not in sheet.text
    assert await li.press_action("resource.more:1.%%%") == [""]


async def _without_account(world: World, name: str) -> Voice:
    voice = await world.teacher(name)
    await world.run(unbind, voice.person.id)
    return voice


def unbind(ctx: object, person_id: int) -> None:
    from storage.people import Identity, Person

    session = ctx.session  # type: ignore[attr-defined]
    session.get_one(Person, person_id).home_chat_id = None
    for identity in session.query(Identity).where(Identity.person_id == person_id):
        identity.person_id = None
