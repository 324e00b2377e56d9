"""A pass over a room, what a sync touches, and what a change makes due look at a few rows, however many there are."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import event, insert, text

from api.config import Config
from api.context import Context
from api.rooms.jobs import forget_accounts_gone
from api.rooms.passes import Outcome, add_room, finish, grow, lease_rooms, look_at, make_plan
from api.rooms.planning import Actual, Standing
from api.runtime import Runtime
from storage import mirrors, rooms
from storage.base import new_pid
from storage.blobs import Blobs
from storage.communities import Appointment, Community, Membership
from storage.engine import Database
from storage.memberships import get_membership
from storage.messaging import Chat
from storage.mirrors import make_natives_due
from storage.people import Identity, Person
from storage.reach import Reach
from storage.rooms import Room, RoomAccount
from tests.rooms.simulated import KINDS
from tests.support.talk import NOW

SCHOOLS, PER_SCHOOL, WORKSHOPS, EACH = 60, 50, 400, 25
PEOPLE = SCHOOLS * PER_SCHOOL
# what grows with people, rooms and time; communities are few, and a path is looked for among all of them
GROWING = "persons|identities|chats|memberships|rooms|room_accounts|appointments"
FULL = {"sqlite": re.compile(rf"\bSCAN ({GROWING})(_\d+)?\b"), "postgres": re.compile(rf"Seq Scan on ({GROWING})\b")}


def _fill(ctx: Context) -> None:
    """A region of 60 schools with 400 workshops, all mirrored; nothing is due."""
    session, later = ctx.session, NOW + timedelta(hours=6)

    def pid(n: int) -> dict[str, Any]:
        return {"pid": f"{n:012}", "created_at": NOW}

    kinds = ["region", *["school"] * SCHOOLS, *["workshop"] * WORKSHOPS]
    places = [{"id": n, **pid(n), "kind": kind, "name": f"{n}", "parent_id": 1 if n > 1 else None,
               "path": f"/1/{n}/" if n > 1 else "/1/"} for n, kind in enumerate(kinds, 1)]  # fmt: skip
    session.execute(insert(Community), places)
    people = [{"id": n, **pid(n), "name": f"{n}", "school_id": 2 + n % SCHOOLS} for n in range(1, PEOPLE + 1)]
    session.execute(insert(Person), people)
    session.execute(insert(Identity), [
        {"id": n, **pid(n), "platform": "matrix", "native": f"@{n}:x", "person_id": n} for n in range(1, PEOPLE + 1)
    ])
    first = SCHOOLS + 2
    session.execute(insert(Membership), [
        {"person_id": (w * 31 + i) % PEOPLE + 1, "community_id": first + w, "since": NOW, "role": "member",
         "status": "active"} for w in range(WORKSHOPS) for i in range(EACH)
    ])  # fmt: skip
    session.execute(insert(Appointment), [
        {"pid": f"{n:012}", "person_id": n, "community_id": n % SCHOOLS + 2, "office": "school_admin",
         "since": date(2026, 1, 1)} for n in range(1, 300)
    ])  # fmt: skip
    session.execute(insert(Chat), [
        {"id": n, **pid(n), "platform": "matrix", "account": "", "native": f"!{n}", "kind": "room"}
        for n in range(1, len(kinds) + 1)
    ])
    session.execute(insert(Room), [
        {"id": n, **pid(n), "chat_id": n, "community_id": n, "platform": "matrix", "origin": "created",
         "part": "room" if kind == "workshop" else "space", "manages": ["members", "ranks", "tree"], "due_at": later}
        for n, kind in enumerate(kinds, 1)
    ])  # fmt: skip
    session.execute(insert(RoomAccount), [
        {"pid": f"{n:012}", "room_id": n % 400 + 62, "native": f"@{n // 400 * 7}:x", "state": "join", "at": NOW}
        for n in range(4000)
    ])


@pytest.fixture
async def runtime(database_url: str) -> AsyncIterator[Runtime]:
    made = Runtime(Config(web={"secret": SecretStr("x")}), Database(database_url), Blobs("memory:"), now=lambda: NOW)
    await made.transact(_fill, system=True)
    if not made.database.is_sqlite:
        await made.transact(lambda ctx: ctx.session.execute(text("ANALYZE")))
    yield made
    await made.close()


@contextmanager
def full_scans(database: Database) -> Iterator[list[str]]:
    """The plans of all statements within the block that look at everything."""
    kind, explain = ("sqlite", "EXPLAIN QUERY PLAN") if database.is_sqlite else ("postgres", "EXPLAIN")
    found: list[str] = []

    def look(conn: Any, cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if statement.split()[0] not in ("SELECT", "UPDATE", "DELETE", "WITH"):
            return
        asking = conn.connection.cursor()
        if kind == "postgres":  # which looks at all of a small table because that is quicker
            asking.execute("SET LOCAL enable_seqscan = off")
        asking.execute(f"{explain} {statement}", parameters[0] if many else parameters)
        found.extend(f"{row[-1]}: {statement}" for row in asking.fetchall() if FULL[kind].search(str(row[-1])))
        asking.close()

    event.listen(database.engine, "before_cursor_execute", look)
    try:
        yield found
    finally:
        event.remove(database.engine, "before_cursor_execute", look)


def a_pass(ctx: Context, number: int) -> None:
    """From the lease to what came of it."""
    ctx.session.get_one(Room, number).due_at = mirrors.AT_ONCE
    ctx.session.flush()
    [leased] = lease_rooms(ctx, Reach(("matrix",)), 1)
    grow(ctx, number)
    assert leased.id == number and look_at(ctx, number) is not None
    members = {f"@{n}:x": Standing("join") for n in range(1, 30)}
    actual = Actual(100, KINDS, members=members, children=frozenset({"!3", "!70"}), parents=frozenset({"!1"}))
    todo = make_plan(ctx, number, actual)
    assert todo is not None and todo.plan.actions
    finish(ctx, leased, Outcome(todo=todo, done=[action.key for action in todo.plan.actions]))


def looked_up(ctx: Context) -> None:
    """What people do in a room."""
    session = ctx.session
    make_natives_due(session, "matrix", "", ["!70", "!71"], NOW)
    room = rooms.room_of_chat(session, 70)
    assert room is not None
    seen = rooms.account_in(session, room.id, "@7:x", NOW)
    assert rooms.find_account(session, seen.pid) is not None
    rooms.is_elsewhere(session, seen, room.community_id, 7)
    rooms.page_asked(session, room.id, ["unknown"], 10)
    rooms.community_of_chat(session, 70)
    add_room(ctx, session.get_one(Community, 70), "matrix", "room")
    seen.left_be = True


def changes(ctx: Context) -> None:
    """What makes rooms due."""
    session = ctx.session
    person = session.get_one(Person, 5)
    person.school_id = 9
    session.flush()
    person.removed_at = NOW
    session.get_one(Identity, 6).person_id = None
    row = get_membership(session, 32, 63)
    assert row is not None
    row.role = "cohost"
    session.get_one(Community, 70).name = "别的"
    session.get_one(Chat, 75).state = "gone"
    session.add(Appointment(pid=new_pid(), person_id=8, community_id=4, office="school_admin", since=date(2026, 1, 1)))


@pytest.mark.both_databases
async def test_nothing_is_looked_for_among_all(runtime: Runtime) -> None:
    with full_scans(runtime.database) as found:
        await runtime.transact(a_pass, 100, system=True)  # a workshop
        await runtime.transact(a_pass, 5, system=True)  # a school
        await runtime.transact(looked_up, system=True)
        await runtime.transact(changes, system=True)
        await runtime.transact(forget_accounts_gone, system=True)
    assert not found, "\n\n".join(dict.fromkeys(found))
