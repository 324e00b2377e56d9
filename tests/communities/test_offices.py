"""Offices: given, renewed, ended, with the right that each needs; and talking about them."""

from datetime import date

from api.access import standing
from api.communities.appointments import appoint, dismiss, list_appointments
from api.context import Context
from storage.communities import Appointment
from storage.people import Audit
from tests.support.county import County
from tests.support.talk import Voice


async def offices(county: County, who: Voice) -> set[str]:
    """What somebody is in the first school."""

    def look(ctx: Context) -> set[str]:
        assert who.person is not None
        return set(standing(ctx, county.first, who.person.id))

    return await county.run(look)


async def test_the_region_appoints_at_and_below_itself(county: County) -> None:
    given = await county.run(appoint, county.li.pid, county.first.pid, "principal", actor=county.lin)
    assert "principal" in await offices(county, county.li)
    await county.world.settle()
    county.li.expect("第一小学", "校长")
    await county.refused("appointment.held", appoint, county.li.pid, county.first.pid, "principal", actor=county.lin)
    last = date(2027, 7, 1)
    renewed = await county.run(appoint, county.li.pid, county.first.pid, "principal", None, last, actor=county.lin)
    assert (renewed.pid, renewed.until) == (given.pid, last)
    await county.world.settle()
    county.li.expect("续任", "2027年6月30日")
    await county.run(dismiss, given.pid, actor=county.lin)
    await county.refused("appointment.ended", dismiss, given.pid, actor=county.lin)
    assert "principal" not in await offices(county, county.li)
    await county.world.settle()
    county.li.expect("已结束", "校长")
    acts = await county.run(lambda ctx: [row.act for row in ctx.session.query(Audit).order_by(Audit.id)])
    assert acts == ["appointment.made", "appointment.renewed", "appointment.ended"]


async def test_schools_name_their_trainers_only(county: County) -> None:
    await county.world.appoint(county.wang, county.first, "school_admin")
    await county.run(appoint, county.li.pid, county.first.pid, "school_trainer", actor=county.wang)
    for office in ("principal", "school_admin", "expert"):
        await county.refused("forbidden", appoint, county.li.pid, county.first.pid, office, actor=county.wang)
    await county.refused("forbidden", appoint, county.chen.pid, county.second.pid, "school_trainer", actor=county.wang)
    await county.refused("forbidden", appoint, county.li.pid, county.county.pid, "region_admin", actor=county.zhou)
    held = await county.run(lambda ctx: ctx.session.query(Appointment).filter_by(office="region_admin").one())
    await county.refused("forbidden", dismiss, held.pid, actor=county.wang)
    await county.refused("appointment.own", dismiss, held.pid, actor=county.lin)


async def test_what_no_office_can_be(county: County) -> None:
    school = county.first.pid
    await county.refused("appointment.office", appoint, county.li.pid, school, "king", actor=county.lin)
    await county.refused("appointment.place", appoint, county.li.pid, school, "region_admin", actor=county.lin)
    await county.refused("appointment.place", appoint, county.li.pid, county.w, "expert", actor=county.lin)
    over = date(2026, 11, 23)
    await county.refused("appointment.period", appoint, county.li.pid, school, "expert", None, over, actor=county.lin)
    await county.refused("person.unknown", appoint, "nobody", school, "expert", actor=county.lin)


async def test_the_list_covers_what_lies_below(county: County) -> None:
    await county.run(appoint, county.chen.pid, county.second.pid, "principal", actor=county.lin)
    rows = await county.run(list_appointments, county.county.pid, actor=county.li)
    assert [(p.name, a.office, c.name) for a, p, c in rows] == [
        ("林主任", "region_admin", "晨光县"), ("周老师", "county_trainer", "晨光县"),
        ("陈老师", "principal", "第二小学"),
    ]  # fmt: skip
    page = await county.run(list_appointments, county.county.pid, 1, str(rows[0][0].id), actor=county.li)
    assert [p.name for _, p, _ in page] == ["周老师", "陈老师"]
    await county.run(dismiss, rows[2][0].pid, actor=county.lin)
    assert len(await county.run(list_appointments, county.county.pid, actor=county.li)) == 2
    assert len(await county.run(list_appointments, county.county.pid, 50, None, True, actor=county.li)) == 3


async def test_appointing_in_chat(county: County) -> None:
    lin = county.lin
    await lin.say("任命")
    lin.expect("晨光县的任职", "周老师：晨光县 县级培训者")
    await lin.press("任命")
    lin.expect("什么职务")
    await lin.say("皇帝")
    lin.expect("什么职务")
    await lin.press("专家")
    await lin.say("陈老师")
    await lin.press("陈老师 · 第二小学")
    lin.expect("任命陈老师为晨光县的专家吗")
    await lin.press("任命")
    lin.expect("陈老师现在是专家了")
    county.chen.expect("你现在是“晨光县”的专家了")
    await lin.say("任命")
    await lin.press("免去：陈老师")
    await lin.press("免去")
    lin.expect("已免去")
    county.chen.expect("已结束")


async def test_a_region_appoints_in_its_schools_too(county: County) -> None:
    lin = county.lin
    elsewhere = await county.world.school(await county.world.region("邻县"), "邻县第二小学")
    await lin.say("任命")
    await lin.press("任命某所学校的职务")
    await lin.say(elsewhere.name)
    lin.expect("没有找到")
    await lin.say("第二")
    assert [label for label, _ in lin.sheets()[-1].buttons] == ["第二小学"]
    await lin.press("第二小学")
    lin.expect("第二小学的任职")
    await lin.press("任命")
    await lin.press("校长")
    await lin.say("陈老师")
    await lin.press("陈老师")
    await lin.press("任命")
    county.chen.expect("你现在是“第二小学”的校长了")
    teacher = await county.world.teacher("外人")
    await teacher.press_action(f"appoint.school:{county.county.pid}")
    assert not any("哪所学校" in sheet.text for sheet in teacher.sheets())


async def test_a_school_sees_buttons_only_for_what_it_gives(county: County) -> None:
    await county.world.appoint(county.wang, county.first, "school_admin")
    await county.world.appoint(county.li, county.first, "school_trainer")
    await county.world.appoint(county.zhou, county.first, "principal")
    await county.wang.say("任命")
    county.wang.expect("李老师：第一小学 校级培训者", "周老师：第一小学 校长", "王老师：第一小学 学校管理员")
    assert [label for label, _ in county.wang.sheets()[-1].buttons] == ["任命", "免去：李老师（校级培训者）"]
    await county.wang.press("任命")
    assert [label for label, _ in county.wang.sheets()[-1].buttons] == ["校级培训者"]


async def test_others_hear_who_appoints(county: County) -> None:
    await county.li.say("任命")
    county.li.expect("由区域管理员和学校管理员办理")
    assert "没有这个权限" in (await county.li.press_action(f"appoint.new:{county.first.pid}"))[0]
