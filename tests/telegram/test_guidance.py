"""Which right is lacking is said, and how it is given: only what helps."""

from dataclasses import replace

import pytest

from api.messaging.render import Reader, plain
from api.rooms.planning import LEADS, READS, Action, Actual
from api.times import zone_of
from bot.platforms.telegram.guidance import guide, lacking_rights
from bot.platforms.telegram.rights import IN_GROUP, may_of
from tests.support.talk import NOW

READER = Reader("zh_CN", zone_of("Asia/Shanghai"), NOW)
GROUP, BASIC = -1_002_000_000_001, -4_000_000_001


def said(*actions: Action, native: str = "") -> str:
    node = guide(actions, native)
    return plain(node, READER) if node is not None else ""


@pytest.mark.parametrize(
    ("action", "right"),
    [
        (Action("invite", "1"), "邀请用户"), (Action("admit", "1"), "邀请用户"), (Action("remove", "1"), "封禁用户"),
        (Action("hush"), "封禁用户"), (Action("rank", "1", LEADS), "添加管理员"),
        (Action("rank", "1", READS), "封禁用户"), (Action("name", value="x"), "更改群组信息"),
        (Action("open", value="x"), "管理话题"),
    ],
)  # fmt: skip
def test_the_right_of_an_action(action: Action, right: str) -> None:
    text = said(action, native=str(GROUP))
    assert f"“{right}”：" in text and "编辑 → 管理员" in text
    others = {"邀请用户", "封禁用户", "添加管理员", "更改群组信息", "管理话题"} - {right}
    assert not any(f"“{other}”：" in text for other in others)


def test_each_right_is_named_once() -> None:
    text = said(Action("remove", "1"), Action("remove", "2"), Action("ban", "3"), Action("invite", "4"))
    assert text.count("封禁用户") == 1 and text.index("邀请用户") < text.index("封禁用户")


def test_a_topic_lacks_another_right() -> None:
    text = said(Action("name", value="x"), native=f"{GROUP}/7")
    assert "管理话题" in text and "更改群组信息" not in text


def test_where_no_right_is_the_matter_nothing_is_said() -> None:
    assert guide([]) is None and guide([Action("link", "x")]) is None
    assert guide([Action("remove", "1")], f"{GROUP}/7") is None


def test_all_rights_that_are_lacking() -> None:
    nothing = Actual(60, frozenset())
    assert len(lacking_rights(nothing)) == 4 and len(lacking_rights(replace(nothing, holds_parts=True))) == 5
    assert lacking_rights(replace(nothing, may=frozenset(IN_GROUP))) == []
    (line,) = lacking_rights(replace(nothing, may=frozenset(IN_GROUP) - {"name", "topic", "picture"}))
    assert "更改群组信息" in plain(line, READER)


def test_what_a_member_may() -> None:
    boss = {"status": "creator"}
    assert may_of(boss, GROUP) == frozenset(IN_GROUP) and may_of(boss, BASIC) == frozenset(IN_GROUP) - {"rank"}
    assert may_of(boss, GROUP, topic=True) == {"name", "hush", "unhush"}
    assert may_of({"status": "restricted", "can_invite_users": True}, GROUP) == frozenset()
    assert may_of({}, GROUP) == frozenset()
