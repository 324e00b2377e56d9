"""Two people at once: the invariants hold whoever comes first."""

import asyncio
from typing import Any

from api.communities import joining, offers, service
from api.errors import Conflict
from storage.communities import Membership
from tests.support.county import County


async def both(*runs: Any) -> list[Any]:
    """What each gave; exactly one of the two was refused with a Conflict."""
    given = await asyncio.gather(*runs, return_exceptions=True)
    assert sum(isinstance(one, Conflict) for one in given) == 1, given
    assert sum(isinstance(one, Exception) for one in given) == 1, given
    return given


async def test_two_hosts_cannot_both_leave(county: County) -> None:
    await county.world.join(county.zhou, county.workshop, "host")
    await both(*[county.run(joining.leave_workshop, county.w, actor=host) for host in (county.wang, county.zhou)])


async def test_two_hosts_decide_once(county: County) -> None:
    await county.world.join(county.zhou, county.workshop, "host")
    await county.run(joining.join_workshop, county.w, actor=county.chen)
    decide = joining.decide_request
    await both(
        county.run(decide, county.w, county.chen.pid, True, actor=county.wang),
        county.run(decide, county.w, county.chen.pid, False, actor=county.zhou),
    )


async def test_joining_twice_at_once_is_one_membership(county: County) -> None:
    await county.run(service.edit_workshop, county.w, policy="open", actor=county.wang)
    await both(*[county.run(joining.join_workshop, county.w, actor=county.chen) for _ in range(2)])
    rows = await county.run(
        lambda ctx: ctx.session.query(Membership).filter_by(community_id=county.workshop.id).count()
    )
    assert rows == 2


async def test_one_invitation_of_two_hosts(county: County) -> None:
    await county.world.join(county.zhou, county.workshop, "cohost")
    invite = offers.invite_person
    await both(*[county.run(invite, county.w, county.chen.pid, actor=host) for host in (county.wang, county.zhou)])
    await county.world.settle()
    assert len(county.chen.sheets()) == 1
