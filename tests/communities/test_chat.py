"""Workshops in chat: opening, asking for one, joining, inviting, leaving, settings; in Chinese, as people say it."""

from tests.support.county import County


async def open_one(county: County, name: str = "数学工坊", *, policy: str = "审核加入") -> None:
    """周老师 opens a workshop alone."""
    await county.zhou.say("工坊")
    await county.zhou.press("开通新工坊")
    county.zhou.expect("叫什么名字")
    await county.zhou.say(name)
    await county.zhou.press("数学")
    await county.zhou.press("跳过")
    await county.zhou.press(policy)
    await county.zhou.press("就我一个")
    county.zhou.expect(name, "晨光县", "数学", policy)
    await county.zhou.press("开通")


async def test_opening_a_workshop_with_a_cohost(county: County) -> None:
    zhou, li = county.zhou, county.li
    await zhou.say("工坊")
    zhou.expect("还没有加入工坊")
    await zhou.press("开通新工坊")
    await zhou.say("<b>数学</b> 工坊")
    zhou.expect("哪个学科")
    await zhou.say("奥数")
    await zhou.say("一起 *备课*")
    zhou.expect("怎么加入")
    await zhou.say("随便")
    zhou.expect("怎么加入")
    await zhou.press("开放加入")
    await zhou.say("没有这个人")
    zhou.expect("没有找到", "没有这个人")
    await zhou.say("李老师")
    zhou.expect_button("李老师 · 第一小学")
    await zhou.press("李老师")
    zhou.expect("将邀请", "李老师")
    await zhou.press("下一步")
    zhou.expect("<b>数学</b> 工坊", "奥数", "一起 *备课*", "开放加入", "李老师")
    await zhou.press("开通")
    zhou.expect("开通了", "加入码")
    li.expect("周老师", "副坊主", "<b>数学</b> 工坊")
    await li.press("好，我愿意")
    li.expect("欢迎加入")
    assert "副坊主" in li.sheets()[0].text and not li.sheets()[0].buttons
    zhou.expect("李老师", "同意", "副坊主")
    assert await li.press_action(f"offer.yes:{county.w}") == ["这个邀请已经结束了。"]


async def test_a_teacher_asks_for_one_and_the_region_opens_it(county: County) -> None:
    li, lin = county.li, county.lin
    await li.say("我的工坊")
    await li.press("开通新工坊")
    li.expect("建在哪里")
    await li.say("月球")
    li.expect("建在哪里")
    await li.press("第一小学")
    await li.say("班主任工坊")
    await li.press("班主任")
    await li.press("跳过")
    await li.press("仅限邀请")
    await li.press("就我一个")
    li.expect("向区域管理员提交申请")
    await li.press("提交申请")
    li.expect("已提交", "班主任工坊")
    lin.expect("李老师", "第一小学", "班主任工坊")
    county.zhou.expect_nothing()
    assert await lin.press("开通") == ["已开通 ✓"]
    li.expect("班主任工坊", "你是坊主")
    wish = lin.sheets()[-1]
    assert "林主任已同意" in wish.text and not wish.buttons


async def test_a_dialogue_can_be_cancelled_and_says_its_limits(county: County) -> None:
    await county.zhou.say("工坊")
    await county.zhou.press("开通新工坊")
    await county.zhou.say("长" * 10_000)
    county.zhou.expect("10000", "40")
    await county.zhou.say("取消")
    county.zhou.expect("已取消")
    await county.zhou.say("数学工坊")
    county.zhou.expect("没听懂")


async def test_joining_from_the_list_and_hosts_deciding_once(county: County) -> None:
    chen, wang = county.chen, county.wang
    await county.world.join(county.zhou, county.workshop, "cohost")
    await chen.say("加入")
    chen.expect("想加入哪个工坊")
    await chen.press("语文工坊")
    chen.expect("已经向“语文工坊”的坊主申请")
    assert await chen.press("语文工坊") == ["你已经申请加入“语文工坊”了，坊主处理后我马上告诉你。"]
    wang.expect("陈老师（第二小学）申请加入“语文工坊”")
    county.li.expect_nothing()
    county.lin.expect_nothing()
    assert await county.zhou.press("同意加入") == ["已同意 ✓"]
    wang_sheet = wang.sheets()[-1]
    assert "周老师已同意" in wang_sheet.text and not wang_sheet.buttons
    late = await wang.press_action(f"admit.no:{county.w}.{chen.pid}", wang_sheet.native)
    assert late == ["周老师已经处理过了。"]
    chen.expect("欢迎加入“语文工坊”", "21")
    assert await county.standing(chen) == ("active", "member")


async def test_a_pressed_button_is_authorised_again(county: County) -> None:
    await county.chen.say("加入")
    await county.chen.press("语文工坊")
    toasts = await county.li.press_action(f"admit.yes:{county.w}.{county.chen.pid}")
    assert "没有这个权限" in toasts[0]
    assert await county.standing(county.chen) == ("pending", "member")
    for action in (
        "admit.yes:",
        "admit.yes:x.y",
        "members:nope.99999999999",
        "workshop.set:x",
        "member.role:a",
        "join:x",
    ):
        await county.li.press_action(action)
    for action in (f"member.role:{county.w}.{county.wang.pid}.member", f"workshop.set:{county.w}.archive"):
        assert "没有这个权限" in (await county.li.press_action(action))[0]


async def test_a_code_alone_is_enough(county: County) -> None:
    await open_one(county, policy="开放加入")
    code = county.zhou.expect("加入码").text.split("加入码：")[1][:8]
    await county.li.say(code.lower())
    county.li.expect("欢迎加入“数学工坊”")
    await county.chen.say(f"加入 {code}")
    county.chen.expect("欢迎加入“数学工坊”")
    await county.chen.say(f"/join {code}")
    county.chen.expect("已经是“数学工坊”的成员")
    await county.chen.say("加入 ZZ999999")
    county.chen.expect("没有找到这个加入码")
    stranger = await county.world.teacher("路人", bound=False)
    await stranger.say(f"加入 {code}")
    stranger.expect("绑定")


async def test_members_privately_and_hosts_see_who_waits(county: County) -> None:
    room = await county.world.room(county.workshop)
    await county.world.join(county.li, county.workshop)
    await county.world.join(await county.world.teacher("无校老师"), county.workshop)
    await county.chen.say("加入")
    await county.chen.press("语文工坊")
    await county.li.say("成员", room=room)
    county.li.expect_nothing(room=room)
    sheet = county.li.expect("语文工坊", "共 3 位成员", "王老师：坊主", "李老师")
    assert "陈老师" not in sheet.text and "小学" not in sheet.text and not sheet.buttons
    await county.wang.say("成员")
    county.wang.expect("陈老师（第二小学）：等待审核", "1 位老师等待审核", "无校老师：成员")
    county.wang.expect_button("成员进度")
    county.wang.expect_button("导出表格")
    await county.wang.press("同意陈老师加入")
    assert await county.standing(county.chen) == ("active", "member")


async def test_in_a_region_nobody_reads_a_whole_county(county: County) -> None:
    room = await county.world.room(county.county)
    await county.li.say("成员", room=room)
    sheet = county.li.expect("晨光县", "共 5 位成员")
    assert not any(name in sheet.text for name in ("王老师", "陈老师"))
    county.li.expect_nothing(room=room)
    await county.zhou.say("成员", room=room)
    county.zhou.expect("晨光县", "王老师", "陈老师")


async def test_long_lists_turn_their_pages_in_place(county: County) -> None:
    for n in range(25):
        await county.world.join(await county.world.teacher(f"学员{n:02}", county.first), county.workshop)
    await county.wang.say("成员")
    assert "学员18" in county.wang.sheets()[-1].text and "学员19" not in county.wang.sheets()[-1].text
    before = len(county.wang.sheets())
    await county.wang.press("下一页")
    assert len(county.wang.sheets()) == before and "学员24" in county.wang.sheets()[-1].text
    county.world.pass_time(minutes=1)
    await county.wang.press("上一页")
    assert "学员00" in county.wang.sheets()[-1].text


async def test_inviting_by_name_and_saying_no(county: County) -> None:
    await county.wang.say("邀请 陈老师")
    county.wang.expect("是哪一位")
    await county.wang.press("陈老师 · 第二小学")
    county.wang.expect("已邀请陈老师")
    county.chen.expect("王老师邀请你加入“语文工坊”")
    await county.wang.say("陈")
    await county.wang.press("陈老师")
    county.wang.expect("已经问过陈老师了")
    await county.wang.press("完成")
    await county.chen.say("工坊")
    county.chen.expect("语文工坊：邀请你加入")
    assert await county.chen.press("不了，谢谢") == ["好的。"]
    county.wang.expect("陈老师谢绝了")
    assert await county.standing(county.chen) == ("declined", "member")


async def test_leaving_needs_a_yes_and_another_host(county: County) -> None:
    await county.wang.say("工坊")
    await county.wang.press("语文工坊")
    county.wang.expect("你的身份：坊主")
    await county.wang.press("退出工坊")
    await county.wang.say("嗯")
    county.wang.expect("退出“语文工坊”吗")
    await county.wang.press("退出")
    county.wang.expect("不能没有坊主")
    await county.world.join(county.li, county.workshop)
    await county.li.say("工坊")
    await county.li.press("语文工坊")
    await county.li.press("退出工坊")
    await county.li.press("算了")
    assert await county.standing(county.li) == ("active", "member")
    await county.li.press("退出工坊")
    await county.li.press("退出")
    county.li.expect("你已退出")
    assert await county.standing(county.li) == ("left", "member")


async def test_handing_over_and_changing_roles(county: County) -> None:
    wang, li = county.wang, county.li
    await county.world.join(li, county.workshop)
    await wang.say("成员")
    await wang.press("管理成员")
    await wang.say("李老师")
    await wang.press("李老师")
    wang.expect("李老师：成员")
    await wang.press("观察员")
    wang.expect_nothing()
    assert await county.standing(li) == ("active", "observer")
    li.expect("观察员")
    await wang.say("成员")
    await wang.press("管理成员")
    await wang.say("李")
    await wang.press("李老师")
    await wang.press("移交坊主")
    await wang.press("移交")
    wang.expect("你仍是坊主")
    li.expect("移交给你")
    await li.press("好，我愿意")
    assert await county.standing(li) == ("active", "host")
    assert await county.standing(wang) == ("active", "cohost")


async def test_removing_a_member_is_told_privately(county: County) -> None:
    await county.world.join(county.li, county.workshop)
    await county.wang.say("成员")
    await county.wang.press("管理成员")
    await county.wang.say("李")
    await county.wang.press("李老师")
    await county.wang.press("移除")
    await county.wang.press("移出")
    county.wang.expect("李老师已移出")
    county.li.expect("你已不再是“语文工坊”的成员")


async def test_settings_by_buttons_and_archiving(county: County) -> None:
    wang = county.wang
    await county.world.join(county.li, county.workshop)
    await wang.say("工坊")
    await wang.press("语文工坊")
    await wang.press("设置")
    wang.expect("日志最少字数：21")
    await wang.press("日志最少字数")
    await wang.say("很多")
    wang.expect("1 到 5000")
    await wang.say("0")
    wang.expect("整数")
    await wang.say("50")
    wang.expect("日志最少字数：50")
    await wang.press("加入方式")
    await wang.press("开放加入")
    wang.expect("加入方式：开放加入")
    await wang.press("名称")
    await wang.say("大语文工坊")
    wang.expect("“大语文工坊”的设置")
    await wang.press("更换加入码")
    await wang.press("更换")
    wang.expect("/j/")
    await wang.say("工坊")
    await wang.press("大语文工坊")
    await wang.press("设置")
    await wang.press("归档工坊")
    wang.expect("全部 2 位成员")
    await wang.press("归档")
    county.li.expect("“大语文工坊”已归档")


async def test_a_room_is_unbound_by_its_host_only(county: County) -> None:
    room = await county.world.room(county.workshop)
    await county.world.join(county.li, county.workshop)
    await county.li.say("/unbind", room=room)
    county.li.expect("没有这个权限")
    await county.wang.say("解绑本群", room=room)
    county.wang.expect_nothing(room=room)
    county.wang.expect("解绑吗")
    await county.wang.press("解绑")
    county.wang.expect("本群已和“语文工坊”解绑")
    await county.wang.say("解绑本群", room=room)
    county.wang.expect("还没有绑定")
    await county.wang.say("/unbind")
    county.wang.expect("只能在群里使用")


async def test_the_qr_code_comes_as_a_picture(county: County) -> None:
    await open_one(county)
    await county.zhou.say("工坊")
    await county.zhou.press("数学工坊")
    await county.zhou.press("二维码")
    assert len(county.zhou.expect("扫码", "数学工坊").files) == 1
    assert "没有这个权限" in (await county.li.press_action(f"workshop.qr:{county.w}"))[0]
