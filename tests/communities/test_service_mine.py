"""My workshops, page by page: what waits first, then by name."""

from api.communities.joining import Joined, leave_workshop, my_workshops, place_of
from tests.support.county import County


def names(rows: list[Joined]) -> list[str]:
    return [row.workshop.name for row in rows]


async def test_what_changes_between_two_pages_leaves_nothing_out(county: County) -> None:
    world = county.world
    shops = {name: await world.workshop(county.county, name) for name in ("甲", "乙", "丙", "丁", "戊")}
    for name, shop in shops.items():
        status = "pending" if name in ("戊", "丁", "丙") else "active"
        await world.join(county.li, shop, "member", status)
    everything = names(await county.run(my_workshops, actor=county.li))
    assert set(everything[:3]) == {"丙", "丁", "戊"}
    first = await county.run(my_workshops, 2, actor=county.li)
    assert names(first) == everything[:2]
    cursor = place_of(first[-1])
    await county.run(leave_workshop, first[-1].workshop.pid, actor=county.li)
    assert names(await county.run(my_workshops, 9, cursor, actor=county.li)) == everything[2:]
