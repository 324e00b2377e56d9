"""A county with a school and a workshop in which logs are written and read."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from PIL import Image

from storage.communities import Community
from tests.support.talk import Voice, World, a_world

LONG = "今天听了王老师的一节识字课，孩子们用字卡分组找朋友，课堂很活跃，我学到很多。"


@dataclass(slots=True)
class Classroom:
    """李 and 赵 are members, 张 hosts, 陈 is cohost, 路 belongs to the school only."""

    world: World
    workshop: Community
    county: Community
    school: Community
    li: Voice
    zhao: Voice
    zhang: Voice
    chen: Voice
    lu: Voice


@asynccontextmanager
async def a_classroom(database_url: str, opened: Any = a_world, **rules: int) -> AsyncIterator[Classroom]:
    """The classroom on a fresh database, in a world that `opened` makes; `rules` are the workshop's."""
    async with opened(database_url) as world:
        county = await world.region()
        school = await world.school(county, "第一小学")
        shop = await world.workshop(county, "识字工作坊", **rules)
        names = ("李老师", "赵老师", "张老师", "陈老师", "路老师")
        li, zhao, zhang, chen, lu = [await world.teacher(name, school) for name in names]
        for voice, role in ((li, "member"), (zhao, "member"), (zhang, "host"), (chen, "cohost")):
            await world.join(voice, shop, role)
        yield Classroom(world, shop, county, school, li, zhao, zhang, chen, lu)


async def hand_in(room: Classroom, voice: Voice, text: str = LONG) -> None:
    """Write a log in one message and hand it in."""
    await voice.say(f"日志 {text}")
    await voice.press("提交")
    voice.expect("已交到识字工作坊")


def a_photo() -> bytes:
    """A small picture."""
    out = BytesIO()
    Image.new("RGB", (8, 8), "teal").save(out, "JPEG")
    return out.getvalue()


__all__ = ["LONG", "Classroom", "a_classroom", "a_photo", "hand_in"]
