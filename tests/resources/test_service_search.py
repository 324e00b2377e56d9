"""Finding resources by their words, on both databases; and the index coming to a database that has data already."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from api.errors import Forbidden, Invalid, NotFound
from api.resources import service
from storage.engine import Database
from storage.resources import search_tokens, tokens
from storage.schema import upgrade
from tests.support.talk import Voice, World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


def test_tokens_are_pairs_words_and_the_last_character() -> None:
    assert tokens("诗词") == ["u008bd7u008bcd", "u008bcd"]
    assert tokens("PPT 2 课") == ["wppt", "w2", "u008bfe"]
    assert tokens("《草船》") == tokens("草船")
    assert tokens("ＡＢＣ") == ["wabc"]
    assert tokens("！？、") == []
    assert search_tokens("诗词 ppt") == (["u008bd7u008bcd"], ["wppt"])
    assert search_tokens("诗") == ([], ["u008bd7"])


async def a_bank(world: World) -> tuple[Voice, Voice, str]:
    county = await world.region()
    school = await world.school(county, "第一小学")
    author = await world.teacher("李老师", school, subject="语文")
    guest = await world.teacher("外人", await world.school(await world.region("邻县"), "别校"))
    return author, guest, school.pid


async def titles(world: World, who: Voice, words: str, **more: object) -> list[str]:
    found = await world.run(service.find_resources, words, actor=who, **more)
    return [each.resource.title for each in found]


async def test_found_by_any_part_of_any_word(world: World) -> None:
    author, guest, bank = await a_bank(world)
    add = service.add_resource
    await world.run(add, bank, "草船借箭教学设计", "lesson_plan", text="三国演义 第七课 PowerPoint", actor=author)
    await world.run(add, bank, "䶮字怎么读", "micro_course", tags=["生僻字"], url="https://example.org/a", actor=author)
    await world.run(add, bank, '100% "quoted" AND (x) *', text="OR NOT NEAR", actor=author)
    for words, expected in {
        "借箭": ["草船借箭教学设计"],
        "箭": ["草船借箭教学设计"],
        "草": ["草船借箭教学设计"],
        "三国 教学": ["草船借箭教学设计"],
        "power": ["草船借箭教学设计"],
        "POWERPOINT": ["草船借箭教学设计"],
        "䶮": ["䶮字怎么读"],
        "生僻": ["䶮字怎么读"],
        "李老师 字": ["䶮字怎么读"],
        "quoted": ['100% "quoted" AND (x) *'],
        "AND OR": ['100% "quoted" AND (x) *'],
        "箭借": [],
        "没有的词": [],
        '" OR 5=5 --': [],
        "，。": [],
    }.items():
        assert await titles(world, author, words) == expected, words
    assert len(await titles(world, author, "语文")) == 3
    assert await titles(world, guest, "借箭") == []
    assert await titles(world, author, "", kind="micro_course") == ["䶮字怎么读"]


async def test_what_changed_is_found_by_its_new_words_only_and_what_is_removed_not_at_all(world: World) -> None:
    author, guest, bank = await a_bank(world)
    row = await world.run(service.add_resource, bank, "旧标题", text="内容", actor=author)
    changed = await world.run(service.edit_resource, row.pid, title="新的名字", actor=author)
    assert changed.version == 1
    changed = await world.run(service.edit_resource, row.pid, text="全新内容", actor=author)
    assert changed.version == 2
    assert await titles(world, author, "旧标") == []
    assert await titles(world, author, "全新") == ["新的名字"]
    with pytest.raises(Forbidden):
        await world.run(service.edit_resource, row.pid, title="别人的", actor=guest)
    await world.run(service.remove_resource, row.pid, actor=author)
    assert await titles(world, author, "全新") == []
    with pytest.raises(NotFound):
        await world.run(service.get_resource_for, row.pid, actor=author)


async def test_characters_that_no_database_keeps_are_left_out(world: World) -> None:
    author, _, bank = await a_bank(world)
    row = await world.run(service.add_resource, bank, "标\x00题", text="内\x00容", tags=["#标\x00签"], actor=author)
    assert (row.title, row.text, row.tags) == ("标题", "内容", ["标签"])
    assert await titles(world, author, "标\x00题") == ["标题"]


async def test_pages_and_unusable_fields(world: World) -> None:
    author, guest, bank = await a_bank(world)
    for n in range(5):
        await world.run(service.add_resource, bank, f"资料 {n}", text="x", actor=author)
    first = await world.run(service.find_resources, "资料", limit=3, actor=author)
    rest = await world.run(service.find_resources, "资料", before=first[-1].resource.pid, actor=author)
    assert [each.resource.title for each in [*first, *rest]] == [f"资料 {n}" for n in (4, 3, 2, 1, 0)]
    for code, fields in {
        "resource.empty": {"title": "空的"},
        "resource.no_title": {"title": " ", "text": "x"},
        "resource.title_too_long": {"title": "长" * 121, "text": "x"},
        "resource.text_too_long": {"title": "长", "text": "长" * 10_001},
        "resource.url": {"title": "坏", "url": "javascript:alert(1)"},
        "resource.kind": {"title": "坏", "text": "x", "kind": "whatever"},
        "resource.tags": {"title": "坏", "text": "x", "tags": ["一" * 21]},
    }.items():
        with pytest.raises(Invalid) as failure:
            await world.run(service.add_resource, bank, actor=author, **fields)
        assert failure.value.code == code
    with pytest.raises(Forbidden):
        await world.run(service.add_resource, bank, "外来", text="x", actor=guest)
    with pytest.raises(NotFound):
        await world.run(service.add_resource, bank, "偷来的附件", files=["nonsense"], actor=author)


def test_data_from_before_the_index_is_kept_and_found(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    upgrade(database, "0001")
    words = " ".join(tokens("草船借箭"))
    with database.engine.begin() as connection:
        now = "2026-11-23 02:00:00"
        connection.execute(
            text(
                "INSERT INTO persons (id, pid, name, subject, stage, language, home_chosen, sample, created_at)"
                " VALUES (1, 'p', '李', '', '', 'zh_CN', false, false, :now)"
            ), {"now": now})  # fmt: skip
        connection.execute(
            text(
                "INSERT INTO communities (id, pid, kind, level, path, name, about, subject, policy, rules, language,"
                " sample, created_at)"
                " VALUES (1, 'c', 'school', '', '/1/', '校', '', '', 'open', '{}', 'zh_CN', false, :now)"
            ), {"now": now})  # fmt: skip
        connection.execute(
            text(
                "INSERT INTO resources (id, pid, community_id, author_id, title, kind, subject, tags, text, url, files,"
                " version, search, created_at, changed_at)"
                " VALUES (7, 'r', 1, 1, '草船借箭', 'other', '', '[]', 'x', '', '[]', 1, :words, :now, :now)"
            ), {"words": words, "now": now})  # fmt: skip
    upgrade(database)
    from storage.resources import Resource, matching

    with database.transaction() as session:
        assert session.get_one(Resource, 7).title == "草船借箭"
        found = matching(session, "借箭")
        assert found is not None and list(session.scalars(found)) == [7]
        session.get_one(Resource, 7).search = " ".join(tokens("赤壁"))
        session.flush()
        assert not list(session.scalars(found))
        found = matching(session, "赤壁")
        assert found is not None and list(session.scalars(found)) == [7]
    database.close()
