"""/status: a region administrator sees what did not arrive in their tree, and does something about it; hosts see who
is out of reach, and no room ever does."""

import pytest

from api.notices.service import send_notice
from bot.platforms.base import Rejected
from storage.messaging import Delivery
from tests.letters.conftest import Post

T1, T2, T3 = "第一件", "第二件", "第三件"


async def test_nothing_is_lost(post: Post) -> None:
    lin = post.county.lin
    await lin.say("状态")
    lin.expect("送达情况 · 晨光县", "都送到了")


async def test_one_is_tried_again_and_one_is_dropped(post: Post) -> None:
    lin, li = post.county.lin, post.county.li
    await post.refuse(li, T1)
    await post.refuse(li, T2)
    await lin.say("/status")
    sheet = lin.expect("有 2 条没送到", "2 · 平台不收")
    assert T1 not in sheet.text, "what it says is nobody's business"
    await lin.press("平台不收 (2)")
    sheet = lin.expect("请联系运维", "1. 李老师 · 第一小学 · paper", "2. 李老师")
    assert T2 not in sheet.text
    pressed = next(b.action for label, b in sheet.buttons if label == "重发第 2 条")
    await lin.press("第 1 条不要了")
    assert "平台不收 (1)" in sheet.text, "the page is brought up to date"
    assert await lin.press_action(pressed, sheet.native) == ["正在路上"]
    assert await lin.press_action(pressed, sheet.native) != ["正在路上"], "it is no letter any more"
    assert post.got(li, [T1, T2]) == [T1]
    post.world.pass_time(seconds=6)
    await post.world.settle()
    assert "已经没有了" in sheet.text
    states = {name: row.state for name, row in (await post.rows()).items() if name in (T1, T2)}
    assert states == {T1: "sent", T2: "dropped"}


async def test_all_of_a_reason_after_a_question(post: Post) -> None:
    lin, li, chen = post.county.lin, post.county.li, post.county.chen
    for who in (li, chen, li):
        await post.refuse(who, T1)
    await lin.say("状态")
    await lin.press("平台不收")
    await lin.press("全部重发（3）")
    lin.expect("把这 3 条（平台不收）再发一次吗？", "早上")
    await lin.press("算了")
    lin.expect("什么都没有改")
    assert post.got(li, [T1]) == []
    await lin.press("全部重发（3）")
    await lin.press("是的，重发")
    lin.expect("3 条正在路上")
    assert (post.got(li, [T1]), post.got(chen, [T1])) == ([T1, T1], [T1])
    await lin.press("全部重发（3）")
    await lin.say("状态")
    lin.expect("都送到了")


async def test_more_than_one_batch_in_one_press(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.letters.service.BATCH", 2)
    lin, li = post.county.lin, post.county.li
    again, drop = ("全部重发（5）", "是的，重发", "5 条正在路上"), ("全部不要了（5）", "是的，不要了", "已放弃 5 条")
    for question, yes, said in (again, drop):
        for _ in range(5):
            await post.refuse(li, T1)
        await lin.say("状态")
        await lin.press("平台不收")
        await lin.press(question)
        await lin.press(yes)
        lin.expect(said)
    assert post.got(li, [T1]) == [T1] * 5


async def test_what_cannot_arrive_can_be_dropped_only(post: Post) -> None:
    lin, li = post.county.lin, post.county.li
    post.world.paper.gone.add(li.chat)
    await post.tell(li, T1)
    await post.tell(li, T2)
    await lin.say("状态")
    await lin.press("联系不到")
    sheet = lin.expect("请换个方式告诉对方", "李老师 · 第一小学")
    assert not any("重发" in label for label, _ in sheet.buttons)
    await lin.press("全部不要了（2）")
    lin.expect("这 2 条（联系不到：对方和我的聊天关了）不要了吗")
    await lin.press("是的，不要了")
    lin.expect("已放弃 2 条")
    post.world.paper.gone.clear()
    await li.say("在吗")
    assert post.got(li, [T1, T2]) == []


async def test_more_than_a_page(post: Post) -> None:
    lin = post.county.lin
    for n in range(6):
        await post.refuse(post.county.li if n else post.county.chen, f"第{n}条")
    await lin.say("状态")
    await lin.press("平台不收")
    assert "陈老师" not in lin.expect("5. 李老师").text
    await lin.press("下一页")
    lin.expect("1. 陈老师")


async def test_others_do_not_see_it(post: Post) -> None:
    county = post.county
    pid = await post.refuse(county.li, T1)
    for who in (county.wang, county.li, county.zhou):
        await who.say("状态")
        who.expect("区域管理员")
        for action in (
            f"letters.again:{pid}", f"letters.drop:{pid}", "letters.show:rejected", "letters.again_all:rejected",
            "letters.drop_all:rejected",
        ):  # fmt: skip
            await who.press_action(action)
    assert (await post.rows())[T1].state == "dead"
    room = await post.world.room(county.workshop)
    await county.lin.say("状态", room=room)
    county.lin.expect_nothing(room=room)
    county.lin.expect("私聊")


async def test_hostile_presses_change_nothing(post: Post) -> None:
    lin = post.county.lin
    pid = await post.refuse(post.county.li, T1)
    for action in ("letters.again:", "letters.again:000000000000", "letters.drop:x", "letters.show:because",
                   "letters.show:rejected.zzz", "letters.show:", "letters.again_all:because",
                   "letters.drop_all:"):  # fmt: skip
        await lin.press_action(action)
        assert "编号" not in "".join(sheet.text for sheet in lin.unread()), action
    assert (await post.rows())[T1].state == "dead" and pid


async def test_without_buttons_one_chooses_by_number(post: Post) -> None:
    lin = post.county.lin
    post.world.paper.capabilities = type(post.world.paper.capabilities)(buttons=False)
    await post.refuse(post.county.li, T1)
    await lin.say("状态")
    await lin.say("1")
    lin.expect("1. 李老师")
    await lin.say("1")
    assert post.got(post.county.li, [T1]) == [T1]


async def test_hosts_see_who_is_out_of_reach_and_rooms_do_not(post: Post) -> None:
    county, world = post.county, post.world
    wang, li = county.wang, county.li
    await world.join(li, county.workshop)
    room = await world.room(county.workshop)
    world.paper.gone.add(li.chat)
    await post.tell(li, T1)
    await wang.say("成员", room=room)
    wang.expect("李老师（第一小学）：成员 · 联系不到", "请换个方式告诉对方")
    wang.expect_nothing(room=room)
    await world.join(county.chen, county.workshop)
    await county.chen.say("成员")
    assert "联系不到" not in county.chen.expect("李老师").text, "for hosts only"
    world.paper.gone.clear()
    await li.say("在")
    await wang.say("成员")
    assert "联系不到" not in wang.expect("李老师").text


async def test_who_sent_it_sees_whom_it_did_not_reach(post: Post) -> None:
    county, world = post.county, post.world
    wang, li, chen = county.wang, county.li, county.chen
    for who in (li, chen):
        await world.join(who, county.workshop)
    room = await world.room(county.workshop)
    world.paper.gone.add(li.chat)
    await county.run(send_notice, county.w, "交教案", place="people", actor=wang)
    await world.settle()
    await wang.say("我的通知")
    await wang.press("交教案")
    wang.expect("1 人联系不到：请换个方式告诉")
    assert not any("联系不到" in sheet.text for sheet in wang.sheets(room))
    world.paper.gone.clear()
    await li.say("我来了")
    li.expect("交教案")
    await wang.say("我的通知")
    await wang.press("交教案")
    assert "联系不到" not in wang.expect("交教案").text


async def test_a_lost_ack_is_no_letter(post: Post) -> None:
    lin = post.county.lin
    await lin.say("状态")
    post.world.paper.failures.append(Rejected("too old"))
    await lin.press_action("letters.show:rejected")
    kinds = await post.world.run(lambda ctx: {row.kind for row in ctx.session.query(Delivery).filter_by(state="dead")})
    assert kinds == {"ack"}
    await lin.say("状态")
    lin.expect("都送到了")
