"""A county whose rooms are on Matrix and in step: rows for the database, and what a homeserver says of each room."""

from typing import Any

from sqlalchemy import insert

from api.context import Context
from storage.communities import Community, Membership
from storage.messaging import Chat
from storage.people import Identity, Person
from storage.rooms import Room

SERVER = "example.org"
BOT = f"@gongfang:{SERVER}"
SPACE = 1  # the region, and its room
CHUNK = 5_000
State = list[dict[str, Any]]


def native(room: int) -> str:
    """A room's id on Matrix."""
    return f"!room{room}:{SERVER}"


def account(person: int) -> str:
    """A person's account."""
    return f"@t{person}:{SERVER}"


def members_of(room: int, each: int, people: int) -> list[int]:
    """Who is in a workshop, its host first."""
    return [(room * 7 + i) % people + 1 for i in range(each)]


def fill(ctx: Context, rooms: int, each: int, people: int) -> None:
    """A region's space and the rooms of rooms - 1 workshops with so many members each."""

    def pid(n: int) -> dict[str, Any]:
        return {"pid": f"{n:012}", "created_at": ctx.now}

    def add(table: Any, rows: list[dict[str, Any]]) -> None:
        for start in range(0, len(rows), CHUNK):
            ctx.session.execute(insert(table), rows[start : start + CHUNK])

    numbers = range(1, rooms + 1)
    add(Community, [
        {"id": n, **pid(n), "kind": "region" if n == SPACE else "workshop", "name": f"{n}号", "about": "",
         "parent_id": None if n == SPACE else SPACE, "path": "/1/" if n == SPACE else f"/1/{n}/"} for n in numbers
    ])  # fmt: skip
    persons = range(1, people + 1)
    add(Person, [{"id": n, **pid(n), "name": f"老师{n}", "school_id": SPACE} for n in persons])
    add(Identity, [{**pid(n), "platform": "matrix", "native": account(n), "person_id": n} for n in persons])
    add(Membership, [
        {"person_id": who, "community_id": n, "since": ctx.now, "role": "member" if i else "host"}
        for n in numbers if n != SPACE for i, who in enumerate(members_of(n, each, people))
    ])
    add(Chat, [{"id": n, **pid(n), "platform": "matrix", "account": BOT, "native": native(n), "kind": "room"}
               for n in numbers])  # fmt: skip
    kept = ["name", "topic", "picture", "access", "secrecy", "members", "ranks", "tree"]
    add(Room, [
        {"id": n, **pid(n), "chat_id": n, "community_id": n, "platform": "matrix", "origin": "created",
         "part": "space" if n == SPACE else "room", "due_at": ctx.now,
         "manages": kept if n == SPACE else [*kept, "reading"]} for n in numbers
    ])  # fmt: skip


def state(room: int, rooms: int, each: int, people: int) -> State:
    """A room as it should be, event by event."""
    inside = range(1, people + 1) if room == SPACE else members_of(room, each, people)
    levels = {BOT: 100} | ({} if room == SPACE else {account(inside[0]): 50})
    found = [
        _event("m.room.create", {"room_version": "11"}), _event("m.room.name", {"name": f"{room}号"}),
        _event("m.room.power_levels", {"users": levels, "events_default": 50 if room == SPACE else 0}),
        _event("m.room.join_rules", {"join_rule": "invite" if room == SPACE else "knock"}),
        _event("m.room.history_visibility", {"history_visibility": "shared"}),
        *[_event("m.room.member", {"membership": "join", "displayname": "老师"}, who)
          for who in (BOT, *map(account, inside))],
    ]  # fmt: skip
    if room != SPACE:
        return [*found, _event("m.space.parent", {"via": [SERVER], "canonical": True}, native(SPACE))]
    children = [native(n) for n in range(1, rooms + 1) if n != SPACE]
    return [*found, *[_event("m.space.child", {"via": [SERVER], "suggested": True}, child) for child in children]]


def _event(kind: str, content: dict[str, Any], key: str = "") -> dict[str, Any]:
    return {
        "type": kind, "state_key": key, "content": content, "sender": BOT, "origin_server_ts": 1_700_000_000_000,
        "event_id": f"${kind}{key}", "room_id": "", "unsigned": {"age": 1},
    }  # fmt: skip
