"""What confirms is drawn as the one to press, what takes away as a warning, everything else plain."""

from collections.abc import AsyncIterator

import pytest

from tests.support.talk import Voice, World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


@pytest.fixture
async def host(world: World) -> Voice:
    """The host of a workshop with a room; a county's administrator too."""
    county = await world.region()
    workshop = await world.workshop(county, "语文工坊", policy="open")
    school = await world.school(county, "第一小学")
    host, li = await world.teacher("周坊主", school), await world.teacher("李老师", school)
    await world.join(host, workshop, "host")
    await world.join(li, workshop)
    await world.appoint(host, county, "region_admin")
    return host


def styled(voice: Voice) -> dict[str, str]:
    """label -> style of the buttons of the newest message that are not plain."""
    return {label: button.style for label, button in voice.sheets()[-1].buttons if button.style}


async def test_the_confirmation_of_every_preview_is_primary(host: Voice) -> None:
    await host.say("/notice 明天开会")
    await host.press("语文工坊")
    assert styled(host) == {"确认发送": "primary"}
    await host.press("取消")
    await host.say("一份给大家看的材料，内容很长很长很长很长很长很长很长很长很长很长。")
    await host.press("存为资源")
    assert styled(host) == {"存入资源库": "primary"}
    await host.say("取消")
    await host.say("提醒我明天9点交表")
    assert styled(host) == {"对，提醒我": "primary"}
    await host.say("催交规则")
    await host.press("新规则")
    await host.press("就用这个")
    assert styled(host) == {"保存": "primary"}


async def test_taking_away_looks_like_a_warning(host: Voice) -> None:
    await host.say("工坊")
    await host.press("语文工坊")
    await host.press("退出工坊")
    assert styled(host) == {"退出": "danger"}
