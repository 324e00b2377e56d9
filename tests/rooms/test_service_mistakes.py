"""Mistakes of ours in one room are written down and stop nothing else; what the database cannot do is not ours."""

import pytest
from structlog.testing import capture_logs

from api.rooms.service import unbind_room
from api.runtime import StorageUnavailable
from tests.rooms.test_service_passes import Passes, passes

__all__ = ["passes"]


async def test_a_mistake_in_a_look_is_written_down(passes: Passes) -> None:
    passes.rooms.failures[passes.chinese, "look"] = KeyError("secret")
    passes.rooms.change(passes.maths, name="别的")
    await passes.touch(passes.chinese, passes.maths)
    with capture_logs() as logs:
        assert await passes.go() == [(passes.maths, "name")]
    row = await passes.row(passes.chinese)
    assert (row.findings["error"], row.leased_until) == ("KeyError", None)
    assert [one["room"] for one in logs if one.get("exc_info")] == [row.pid]
    passes.rooms.failures.clear()
    await passes.go(seconds=61)
    assert (await passes.row(passes.chinese)).findings["error"] == ""


async def test_a_mistake_in_an_action_stops_no_other(passes: Passes) -> None:
    passes.rooms.failures[passes.chinese, "name"] = KeyError("secret")
    passes.rooms.change(passes.chinese, name="别的", topic="别的")
    await passes.touch(passes.chinese)
    with capture_logs() as logs:
        assert sorted(await passes.go()) == [(passes.chinese, "name"), (passes.chinese, "topic")]
    row = await passes.row(passes.chinese)
    assert (row.findings["failed"], row.findings["error"]) == ({"name": "KeyError"}, "")
    assert [one["action"] for one in logs if one.get("exc_info")] == ["name"]
    assert await passes.go(seconds=2) == []
    assert await passes.go(seconds=4) == [(passes.chinese, "name")]


@pytest.mark.parametrize("where", ["look", "name"])
async def test_what_the_database_cannot_do_is_no_finding(passes: Passes, where: str) -> None:
    passes.rooms.failures[passes.chinese, where] = StorageUnavailable("away")
    passes.rooms.change(passes.chinese, name="别的")
    await passes.touch(passes.chinese)
    with pytest.raises(StorageUnavailable):
        await passes.go()
    row = await passes.row(passes.chinese)
    assert not row.findings["error"] and not row.findings["failed"] and row.leased_until is not None


async def test_a_room_that_is_unbound_meanwhile_is_left_alone(passes: Passes) -> None:
    row = await passes.row(passes.chinese)
    passes.rooms.change(passes.chinese, name="别的")

    async def unbind() -> None:
        await passes.county.run(unbind_room, row.pid, actor=passes.county.wang)

    passes.rooms.meanwhile = unbind
    await passes.touch(passes.chinese)
    with capture_logs() as logs:
        assert await passes.go() == []
    assert not [one for one in logs if one["log_level"] in ("warning", "error")]
