"""Finding people by name: only where one may see people; how names are typed."""

import pytest

from api.communities.search import find_members, find_people
from tests.support.county import County
from tests.support.talk import Voice


async def names(county: County, text: str, within: str | None = None, *, actor: Voice) -> list[str]:
    return [one.name for one in await county.run(find_people, text, within, actor=actor)]


async def test_exact_names_first_then_beginnings(county: County) -> None:
    for name in ("小王老师", "王", "王小明", "张老师王"):
        await county.world.teacher(name, county.second)
    assert await names(county, "王", actor=county.li) == ["王", "王小明", "王老师", "小王老师", "张老师王"]
    assert await names(county, " 王 老师 ", actor=county.li) == ["王", "王小明", "王老师", "小王老师", "张老师王"]
    assert await names(county, "李老师", actor=county.li) == ["李老师"]


@pytest.mark.parametrize("text", ["", "  ", "\u200b\x00", "长" * 41])
async def test_no_name_is_said(county: County, text: str) -> None:
    await county.refused("search.empty", find_people, text, actor=county.li)


async def test_wildcards_are_letters(county: County) -> None:
    assert await names(county, "%", actor=county.li) == []
    assert await names(county, "_", actor=county.li) == []


async def test_only_where_one_may_see(county: County) -> None:
    far = await county.world.region("远山县")
    school = await county.world.school(far, "远山小学")
    stranger = await county.world.teacher("王远", school)
    assert await names(county, "王", actor=county.li) == ["王老师"]
    assert await names(county, "王", actor=stranger) == ["王远"]
    await county.refused("forbidden", find_people, "王", county.first.pid, actor=stranger)
    assert await names(county, "王", county.first.pid, actor=county.li) == ["王老师"]
    assert await names(county, "陈", county.first.pid, actor=county.li) == []
    assert await names(county, "陈", county.w, actor=county.wang) == ["陈老师"]
    await county.refused("forbidden", find_people, "陈", county.w, actor=stranger)
    await county.world.join(stranger, county.workshop, "cohost")
    assert await names(county, "王", county.w, actor=stranger) == ["王老师", "王远"]


async def test_members_by_name_are_for_hosts(county: County) -> None:
    await county.world.join(county.li, county.workshop)
    found = await county.run(find_members, county.w, "老师", actor=county.wang)
    assert [one.name for one in found] == ["李老师", "王老师"]
    await county.refused("forbidden", find_members, county.w, "李", actor=county.li)


async def test_page_by_page(county: County) -> None:
    for name in ("小王老师", "王", "王小明", "张老师王", "王小明"):
        await county.world.teacher(name, county.second)
    found = await county.run(find_people, "王", actor=county.li)
    assert len(found) == 6
    for one, following in zip(found, [*found[1:], None], strict=True):
        after = await county.run(find_people, "王", None, 1, one.pid, actor=county.li)
        assert after == ([following] if following else [])


async def test_nobody_turns_the_pages_of_a_whole_region_who_may_not_list_it(county: County) -> None:
    for n in range(12):
        await county.world.teacher(f"王小{n}", county.second)
    region = county.county.pid
    for actor, n in ((county.li, 8), (county.lin, 13)):
        found = await county.run(find_people, "王", region, 20, actor=actor)
        assert len(found) == n
        after = await county.run(find_people, "王", region, 20, found[3].pid, actor=actor)
        assert len(after) == (0 if actor is county.li else 9)


async def test_a_cursor_tells_nothing_of_people_one_may_not_see(county: County) -> None:
    far = await county.world.school(await county.world.region("远山县"), "远山小学")
    stranger = await county.world.teacher("王中", far)
    everybody = await county.run(find_people, "老师", actor=county.li)
    assert await county.run(find_people, "老师", None, 8, stranger.pid, actor=county.li) == everybody
