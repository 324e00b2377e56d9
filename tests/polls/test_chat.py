"""A host asks the room openly; everybody sees who chose what."""

from tests.support.clock import tick
from tests.support.quizzing import Quizzing

ASKED = "投票 周几教研？\nA．周二\nB．周三"


async def test_from_the_room_to_the_outcome(shop: Quizzing) -> None:
    host, li, wang, world = shop.host, shop.li, shop.wang, shop.world
    room = await world.room(shop.workshop)
    await host.say(ASKED, room=room)
    shown = host.expect("预览", "周几教研？", "A．周二", "每人选一项", "截止：后天（周三）21:00", "发到群里")
    assert "公开投票，大家都看得到谁选了什么；不计分" in shown.text
    assert not any("每个人" in label for label, _ in host.sheets()[-1].buttons)
    li.expect_nothing(room=room)
    await host.press("改截止时间")
    await host.say("明天中午12点")
    host.expect("截止：明天（周二）12:00")
    await host.press("确认发送")
    sheet = li.expect("公开投票", "A．周二\nB．周三", "周坊主发起的公开投票，大家都看得到谁选了什么", room=room)
    live = host.expect("公开投票已发出", "0 人已投票")
    assert await li.press("A．周二", room=room) == ["你选了：A．周二"]
    assert await li.press("A．周二", room=room) == ["你选了：A．周二"]
    world.pass_time(seconds=30)
    assert await wang.press("A．周二", room=room) == ["你选了：A．周二"]
    await wang.press("B．周三", room=room)
    world.pass_time(seconds=30)
    await tick(world)
    await world.settle()
    for each in (sheet, live):
        assert "A．周二 · 1 人：李老师\nB．周三 · 1 人：王老师" in each.text and "2 人已投票" in each.text
    assert await wang.press("收回我的选择", room=room) == ["已经收回，可以重新选。"]
    await host.press("结束投票")
    host.expect("结束这个投票吗")
    await host.press("确定结束")
    await world.settle()
    world.pass_time(seconds=30)
    await world.settle()
    assert "已结束" in sheet.text and "1 人：李老师" in sheet.text and "王老师" not in sheet.text and not sheet.buttons
    assert "公开投票已结束" in live.text
    told = await wang.press_action(live.buttons[0][1].action.replace("withdraw", "vote") + ".0", room=room)
    assert told == ["这个投票已经结束，再选就不计入了。"]


async def test_step_by_step_in_private_and_several_choices(shop: Quizzing) -> None:
    host, li = shop.host, shop.li
    room = await shop.world.room(shop.workshop)
    await host.say("/poll")
    host.expect("想问大家什么")
    await host.say("带什么？")
    host.expect("有哪些选项")
    await host.say("书\n书")
    host.expect("有两个选项一样")
    await host.say("书\n笔\n本子")
    await host.press("改为多选")
    host.expect("可以选几项")
    await host.press("确认发送")
    await li.press("书", room=room)
    assert await li.press("本子", room=room) == ["你选了：A．书、C．本子"]
    await host.say("我的投票")
    host.expect("带什么？", "科学工坊")
    await host.press("1. 带什么？")
    host.expect("A．书 · 1 人：李老师\nB．笔\nC．本子 · 1 人：李老师")
    await host.press("撤回")
    await host.press("撤回")
    li.expect("已经撤回", room=room)


async def test_others_talk_of_votes_and_ask_nothing(shop: Quizzing) -> None:
    room = await shop.world.room(shop.workshop)
    await shop.li.say("投票 我选周二", room=room)
    shop.li.expect_nothing()
    shop.li.expect_nothing(room=room)
    await shop.li.say("投票", room=room)
    shop.li.expect("没有这个权限")


async def test_without_a_room_and_for_strangers(shop: Quizzing) -> None:
    world, host = shop.world, shop.host
    await host.say(ASKED)
    host.expect("没有群")
    room = await world.room(shop.workshop)
    await host.say(ASKED)
    await host.press("确认发送")
    guest, nobody = await world.teacher("外人", shop.school), await world.teacher("路人", bound=False)
    action = next(button.action for label, button in host.sheets(room)[-1].buttons if "周二" in label)
    assert await guest.press_action(action, room=room) == ["这个投票不是问你的，你的选择没有计入。"]
    assert "还不认识你" in (await nobody.press_action(action, room=room))[0]
    await world.settle()
    assert "0 人已投票" in host.sheets(room)[-1].text
