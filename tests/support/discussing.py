"""Two workshops of one county whose hosts know each other, for the tests of topics."""

from dataclasses import dataclass

from api.context import Context
from storage.communities import Community
from storage.memberships import get_membership
from tests.support.talk import Voice, World


@dataclass
class Two:
    """语文工坊 (host 王, member 李) and 数学工坊 (host 赵, member 陈), each with a room; 外 is of another county."""

    world: World
    county: Community
    chinese: Community
    maths: Community
    here: str
    there: str
    wang: Voice
    li: Voice
    zhao: Voice
    chen: Voice
    guest: Voice

    async def open(self, said: str = "古诗\n谈谈") -> str:
        """王 opens a topic in 语文工坊; returns its public id."""
        await self.wang.say(f"研讨 {said}", room=self.here)
        await self.wang.press("发起研讨")
        actions = [b.action for sheet in reversed(self.wang.sheets()) for _, b in sheet.buttons]
        return next(one for one in actions if one.startswith("topic.close:")).split(":")[1]

    async def invite(self) -> None:
        """王 asks the hosts of 数学工坊."""
        await self.wang.press("请别的工坊参加")
        await self.wang.press("＋ 数学工坊")
        await self.wang.press("邀请（1 个工坊）")

    async def open_to_both(self) -> str:
        """A topic that 赵 accepted for 数学工坊."""
        pid = await self.open()
        await self.invite()
        await self.zhao.press("同意参加")
        return pid

    async def remove(self, who: Voice, workshop: Community) -> None:
        """Somebody is no member any more."""

        def end(ctx: Context) -> None:
            assert who.person is not None
            row = get_membership(ctx.session, who.person.id, workshop.id)
            assert row is not None
            row.status = "removed"

        await self.world.run(end)


async def two_workshops(world: World) -> Two:
    """Build them."""
    county = await world.region()
    school = await world.school(county, "第一小学")
    chinese, maths = await world.workshop(county, "语文工坊"), await world.workshop(county, "数学工坊")
    names = ("王老师", "李老师", "赵老师", "陈老师")
    wang, li, zhao, chen = [await world.teacher(name, school) for name in names]
    for who, workshop, role in ((wang, chinese, "host"), (li, chinese, "member"), (zhao, maths, "host"),
                                (chen, maths, "member")):  # fmt: skip
        await world.join(who, workshop, role)
    guest = await world.teacher("外老师", await world.school(await world.region("邻县"), "邻县小学"))
    here, there = await world.room(chinese), await world.room(maths)
    return Two(world, county, chinese, maths, here, there, wang, li, zhao, chen, guest)
