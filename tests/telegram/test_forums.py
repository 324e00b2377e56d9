"""Topics of forums as rooms of their own: opened, named and closed; nothing else of their group is touched."""

import pytest

from api.rooms.planning import Desired, plan
from bot.platforms.base import Ambiguous, Gone, Rejected
from tests.emulators.telegram import Person
from tests.telegram.town import EVERYTHING, Town


async def test_a_topic_is_opened_and_kept_in_step(forum: Town) -> None:
    assert (await forum.look()).holds_parts
    native = (await forum.do("open", value="识字" * 100))["opened"]
    topic = forum.group.topics[int(native.partition("/")[2])]
    assert native == f"{forum.group.id}/{topic.id}" and topic.name == ("识字" * 100)[:128]
    town = Town(forum.world, forum.group, topic.id)
    for name in ("识字工坊", "写" * 200):
        desired = Desired(frozenset({"name", "reading"}), name=name, read_only=True)
        for action in plan(desired, await town.look()).actions:
            await town.do(action.kind, value=action.value)
            await town.do(action.kind, value=action.value)
        assert plan(desired, await town.look()).actions == ()
        assert topic.closed and topic.name == name[:128]
    await town.do("unhush")
    assert not topic.closed and not (await town.look()).read_only


@pytest.mark.parametrize("kind", sorted(EVERYTHING - {"name", "hush", "unhush"}))
async def test_nothing_of_the_group_is_done_for_a_topic(forum: Town, li: Person, kind: str) -> None:
    town = Town(forum.world, forum.group, forum.owner.create_topic(forum.group, "识字").id)
    actual = await town.look()
    assert kind not in actual.may and not actual.members
    with pytest.raises(Rejected):
        await town.do(kind, li, "x")
    assert forum.group.title == "教研大群" and forum.group.member(li).status == "member"


async def test_a_topic_that_is_gone(forum: Town) -> None:
    topic = forum.owner.create_topic(forum.group, "识字")
    forum.owner.delete_topic(topic)
    with pytest.raises(Gone):
        await Town(forum.world, forum.group, topic.id).do("name", value="x")


async def test_a_topic_that_nobody_heard_of(forum: Town) -> None:
    forum.world.emulator.faults.garbage("createForumTopic", b'{"ok": true, "result": {"name": "?"}}')
    with pytest.raises(Ambiguous):
        await forum.do("open", value="识字")


async def test_no_topic_without_a_forum_or_the_right(forum: Town, town: Town) -> None:
    assert not (await town.look()).holds_parts
    with pytest.raises(Rejected, match="not a forum"):
        await town.do("open", value="识字")
    forum.owner.promote(forum.group, forum.world.bot, "can_invite_users")
    with pytest.raises(Rejected, match="rights"):
        await forum.do("open", value="识字")
