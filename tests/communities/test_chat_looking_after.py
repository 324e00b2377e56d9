"""Who holds an office finds the workshops below by name; nobody needs to sit in their rooms (ADR 0013)."""

from tests.support.county import County


async def test_an_administrator_reaches_every_workshop(county: County) -> None:
    lin, world = county.lin, county.world
    for n in range(9):
        await world.workshop(county.county, f"第{n}工坊")
    await lin.say("工坊")
    shown = lin.expect("你负责的工坊也列在下面", "还有别的：发“工坊”加名字里的几个字")
    assert [label for label, _ in shown.buttons][:2] == ["第0工坊", "第1工坊"]
    await lin.say(f"工坊 {county.workshop.name[:2]}")
    lin.expect(county.workshop.name)
    lin.expect_button("设置")
    await lin.press("成员")
    lin.expect(county.workshop.name, "王老师")
    await lin.say(f"导出 {county.workshop.name[:2]}")
    lin.expect("表格在这里")
    await lin.say("工坊 没有的名字")
    lin.expect("没有找到“没有的名字”")


async def test_members_by_the_name_of_a_school(county: County) -> None:
    await county.lin.say("成员 第一小学")
    county.lin.expect("第一小学")


async def test_teachers_find_only_their_own(county: County) -> None:
    await county.world.workshop(county.county, "别人的工坊", policy="invitation")
    await county.li.say("工坊 别人")
    county.li.expect("没有找到“别人”")
