"""A region's administrator sets days off by a sentence."""

from tests.reminders.conftest import Town


async def test_setting_and_clearing_days(town: Town) -> None:
    admin = await town.world.teacher("县管理员", town.school)
    await town.world.appoint(admin, town.county, "region_admin")
    await admin.say("调休")
    admin.expect("晨光县的调休", "国家放假安排")
    await admin.say("调休 2026-11-27 放假")
    admin.expect("已保存", "2026-11-27：放假")
    await admin.say("调休 2026-11-28 上班")
    admin.expect("2026-11-27：放假", "2026-11-28：上班")
    await admin.say("调休 2026-11-27 恢复")
    assert "2026-11-27" not in admin.expect("已保存").text
    await admin.say("调休 2026-11-27 随便")
    admin.expect("这样说就行")
    await town.host.say("调休 2026-11-27 放假")
    town.host.expect("区域管理员")


async def test_with_several_regions_it_asks_which(town: Town) -> None:
    world = town.world
    admin = await world.teacher("两县管理员", town.school)
    other = await world.region("暮云县")
    for region in (town.county, other):
        await world.appoint(admin, region, "region_admin")
    await admin.say("调休 2026-11-27 放假")
    admin.expect("给哪个区域设调休")
    assert [label for label, _ in admin.sheets()[-1].buttons] == ["晨光县", "暮云县"]
    stale = admin.sheets()[-1].buttons[0][1].action
    await admin.say("没有的县")
    admin.expect("没找到")
    await admin.press("暮云县")
    admin.expect("已保存", "暮云县的调休", "2026-11-27：放假")
    assert await admin.press_action(stale) == ["这一项已经结束了。"]
    await admin.say("调休")
    await admin.say("晨光")
    assert "2026-11-27" not in admin.expect("晨光县的调休").text
    room = await world.room(other)
    await admin.say("/workdays 2026-11-28 上班", room=room)
    admin.expect("暮云县的调休", "2026-11-28：上班")
    admin.expect_nothing(room=room)


async def test_the_region_is_found_among_many_schools(town: Town) -> None:
    world = town.world
    admin = await world.teacher("县管理员", town.school)
    await world.appoint(admin, town.county, "region_admin")
    below = await world._community(kind="region", level="town", name="河西镇", parent=town.county)
    for n in range(9):
        await world.workshop(town.county, f"工坊{n}")
    await admin.say("调休 2026-11-27 放假")
    await admin.press("河西镇")
    admin.expect("已保存", "河西镇的调休")
    guest = await world.teacher("路人", town.school)
    await world.appoint(guest, below, "region_admin")
    await guest.say("调休")
    guest.expect("河西镇的调休")


async def test_a_region_that_is_not_ones_own_is_refused(town: Town) -> None:
    world = town.world
    admin = await world.teacher("两镇管理员", town.school)
    for name in ("河东镇", "河西镇"):
        await world.appoint(admin, await world._community(kind="region", level="town", name=name, parent=None),
                            "region_admin")  # fmt: skip
    await admin.say("调休 2026-11-27 放假")
    dialogue = admin.sheets()[-1].buttons[0][1].action.split(":")[1]
    admin.unread()
    await admin.press_action(f"d:{dialogue}:{town.county.pid}")
    admin.expect("没有这个权限")
