"""What a person's export says about their places, and what erasing ends."""

from api.communities import requests
from api.communities.keeping import erase_communities, export_communities
from api.communities.service import Wish
from api.context import Context
from storage.people import Person
from tests.support.county import County


async def test_export_and_erase(county: County) -> None:
    await county.world.join(county.li, county.workshop, "cohost")
    await county.world.appoint(county.li, county.first, "principal")
    await county.run(requests.ask_for_workshop, county.first.pid, Wish("秘密工坊", about="只说一次"), actor=county.li)

    def forget(ctx: Context) -> None:
        assert county.li.person is not None
        li = ctx.session.get_one(Person, county.li.person.id)
        kept = export_communities(ctx, li)
        assert [(one["workshop"], one["role"]) for one in kept["memberships"]] == [("语文工坊", "cohost")]
        assert [(one["office"], one["place"]) for one in kept["offices"]] == [("principal", "第一小学")]
        assert kept["workshop_requests"][0]["wish"]["about"] == "只说一次"
        erase_communities(ctx, li)
        left = export_communities(ctx, li)
        assert left["memberships"][0]["status"] == "left" and left["offices"][0]["ended"] == ctx.now
        assert "只说一次" not in str(left) and left["workshop_requests"][0]["state"] == "declined"

    await county.run(forget)
    assert await county.run(requests.list_wishes, county.county.pid, actor=county.lin) == []
