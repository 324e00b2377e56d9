"""A small county that several tests talk in."""

from dataclasses import dataclass
from typing import Any

import pytest

from api.context import Context
from api.errors import Problem
from storage.communities import Community
from storage.memberships import get_membership
from tests.support.talk import Voice, World


@dataclass
class County:
    """晨光县: 第一小学 and 第二小学; 林 administers it, 周 trains it, 王 hosts 语文工坊 (approval), 李 and 陈 teach."""

    world: World
    county: Community
    first: Community
    second: Community
    workshop: Community
    lin: Voice
    zhou: Voice
    wang: Voice
    li: Voice
    chen: Voice

    @property
    def w(self) -> str:
        """The public id of the workshop."""
        return self.workshop.pid

    async def run(self, operation: Any, *args: Any, actor: Voice | None = None, **named: Any) -> Any:
        """Run an operation as somebody, or as the system."""
        return await self.world.run(operation, *args, actor=actor, **named)

    async def refused(self, code: str, operation: Any, *args: Any, actor: Voice, **named: Any) -> None:
        """It is refused with this code."""
        with pytest.raises(Problem) as caught:
            await self.run(operation, *args, actor=actor, **named)
        assert caught.value.code == code

    async def standing(self, who: Voice, workshop: Community | None = None) -> tuple[str, str] | None:
        """(status, role) of somebody in a workshop (default: 语文工坊)."""

        def look(ctx: Context) -> tuple[str, str] | None:
            assert who.person is not None
            row = get_membership(ctx.session, who.person.id, (workshop or self.workshop).id)
            return (row.status, row.role) if row else None

        return await self.run(look)


async def a_county(world: World) -> County:
    """Build it."""
    county = await world.region()
    first, second = await world.school(county, "第一小学"), await world.school(county, "第二小学")
    names = [("林主任", first), ("周老师", first), ("王老师", first), ("李老师", first), ("陈老师", second)]
    lin, zhou, wang, li, chen = [await world.teacher(name, school) for name, school in names]
    await world.appoint(lin, county, "region_admin")
    await world.appoint(zhou, county, "county_trainer")
    workshop = await world.workshop(county, "语文工坊")
    await world.join(wang, workshop, "host")
    return County(world, county, first, second, workshop, lin, zhou, wang, li, chen)
