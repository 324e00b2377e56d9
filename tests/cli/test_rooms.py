"""`gongfang rooms` beside the running service, with a real homeserver."""

import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from storage.base import new_pid
from tests.support.program import Program
from tests.support.synapse import Registered, Synapse

pytestmark = pytest.mark.slow

ROSTER = """地区,学校,姓名,工号,Matrix账号
清河县,清河一小,甄诚,Q001,
清河县,清河一小,贾明,Q002,@nobody-is-there:localhost
"""
PATIENCE = 60


@pytest.fixture
def town(migrated: Program, synapse: Synapse) -> Iterator[tuple[Program, Registered]]:
    """A county whose bot has an account on a homeserver; and that account."""
    bot = synapse.register(f"bot{new_pid()}")
    (migrated.folder / "config.toml").write_text(
        f'[matrix]\nhomeserver = "{synapse.url}"\nuser_id = "{bot.user_id}"\npassword = "{bot.password}"\n'
    )
    migrated.json("admin", "create", "--region", "清河县", "--name", "齐安", "--staff-no", "Q000")
    (migrated.folder / "roster.csv").write_text(ROSTER)
    migrated("roster", "import", "roster.csv")
    yield migrated, bot


def until(program: Program, *states: str) -> list[dict[str, Any]]:
    """The rooms, when all of them are so."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        rooms = program("rooms", "drift", "清河县", "--json").data["rooms"]
        if rooms and {room["state"] for room in rooms} <= set(states):
            return rooms
        time.sleep(0.5)
    raise AssertionError(rooms)


def test_a_region_is_made_looked_at_and_put_in_order(town: tuple[Program, Registered], synapse: Synapse) -> None:
    program, bot = town
    assert program("rooms", "drift", "清河县").out.strip() == "0 of 0 rooms are in step."
    assert program("rooms", "mirror", "清河县").code == 0
    assert program("rooms", "drift", "清河县").code == 1, "nothing is made yet"
    service = program.run()
    rooms = until(program, "steady")
    assert sorted((room["part"], room["members"]) for room in rooms) == [("room", 0), ("space", 0), ("space", 0)]
    planned = program("rooms", "plan", "清河县", "--json").data
    assert planned["actions"] == 0 and len(planned["rooms"]) == 5, "the built-in rooms are looked at, too"
    space = next(room for room in rooms if room["part"] == "space")
    service.stop()
    # somebody renames it while nobody looks
    headers = {"Authorization": f"Bearer {bot.token}"}
    path = f"{synapse.url}/_matrix/client/v3/rooms/{space['native']}/state/m.room.name"
    httpx2.put(path, headers=headers, json={"name": "别的"}).raise_for_status()
    said = program("rooms", "plan", "清河县").out
    assert f"name → {'清河县' if '清河县' in said else '清河一小'}" in said and "1 thing would be done." in said
    assert httpx2.get(path, headers=headers).json() == {"name": "别的"}, "a dry run"
    assert program("rooms", "apply", "清河县").out.startswith("3 rooms are looked at")
    program.run()
    deadline = time.monotonic() + PATIENCE
    while httpx2.get(path, headers=headers).json() == {"name": "别的"} and time.monotonic() < deadline:
        time.sleep(0.5)
    assert httpx2.get(path, headers=headers).json() != {"name": "别的"}


def test_adopting_what_is_there(town: tuple[Program, Registered], synapse: Synapse) -> None:
    program, bot = town
    owner = synapse.register(f"owner{new_pid()}")
    headers = {"Authorization": f"Bearer {owner.token}"}
    made = {"preset": "private_chat", "name": "老群", "invite": [bot.user_id]}
    room = httpx2.post(f"{synapse.url}/_matrix/client/v3/createRoom", headers=headers, json=made).json()["room_id"]
    refused = program("rooms", "adopt", "清河一小", room, "--json")
    assert (refused.code, refused.data["code"]) == (1, "rooms.not_inside")
    program.run()
    deadline = time.monotonic() + PATIENCE
    while program("rooms", "adopt", "清河一小", room).code and time.monotonic() < deadline:
        time.sleep(0.5)
    (found,) = program("rooms", "drift", "清河县", "--json").data["rooms"]
    assert found["native"] == room
    again = program("rooms", "adopt", "清河一小", room, "--json")
    assert (again.code, again.data["code"]) == (1, "room.bound")
    wrong = program("rooms", "adopt", "清河一小", room, "--keep", "walls", "--json")
    assert wrong.code == 1


def test_what_cannot_be_mirrored_says_why(migrated: Program) -> None:
    migrated.json("admin", "create", "--region", "清河县", "--name", "齐安", "--staff-no", "Q000")
    answer = migrated("rooms", "mirror", "清河县", "--json")
    assert (answer.code, answer.data["code"]) == (1, "rooms.no_matrix")
    assert migrated("rooms", "plan", "不知道的地方").code == 1
