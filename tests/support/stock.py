"""Every room of a county on a homeserver against what the model says of it, asked as the bot, in another client."""

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import quote

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.messaging import Chat
from storage.rooms import Room
from tests.support.large_county import Key, LargeCounty
from tests.support.matrix import Somebody

OWN, LEADS = 100, 50
State = dict[tuple[str, str], dict[str, Any]]  # (type, key) -> content
INSIDE = ("join", "invite")


async def state_of(client: Somebody, native: str) -> State:
    """A room as it is."""
    found = await client.ask("GET", f"rooms/{quote(native)}/state")
    return {(event["type"], event["state_key"]): event["content"] for event in found}


def rooms_in(session: Session, county: LargeCounty) -> dict[Key, list[str]]:
    """Room -> its ids on Matrix, by the rows that mirror its place there; "" for one that is not made."""
    shorts = {spot.id: short for short, spot in county.places.items()}
    query = select(Room.community_id, Room.part, Chat.native).outerjoin(Chat, Chat.id == Room.chat_id)
    found: dict[Key, list[str]] = {}
    for place, part, native in session.execute(query.where(Room.platform == "matrix")):
        found.setdefault(Key(shorts[place], part), []).append(native or "")
    return found


def private_chats(session: Session) -> set[str]:
    """Where the bot talks with one person."""
    query = select(Chat.native).where(Chat.platform == "matrix", Chat.kind == "private")
    return set(session.scalars(query))


async def take_stock(bot: Somebody, county: LargeCounty, rows: Mapping[Key, list[str]], *, others: Collection[str] = (),
                     adopted: Collection[Key] = (), aside: Mapping[Key, Collection[str]] | None = None,
                     ) -> list[str]:  # fmt: skip
    """What is wrong, in words. `others`: rooms the bot is in that mirror nothing; `adopted`: rooms that others made, of
    which members and ranks alone are kept; `aside`: accounts in a room that are not looked at."""
    wrong = [f"{key}: {natives}" for key, natives in rows.items() if len(natives) != 1 or not natives[0]]
    wrong += [f"{key}: no row" for key in county.rooms() if key not in rows]
    if wrong:
        return wrong
    natives = {key: ids[0] for key, ids in rows.items()}
    inside = set((await bot.ask("GET", "joined_rooms"))["joined_rooms"])
    wrong += [f"the bot is in {one} for nothing" for one in inside - set(natives.values()) - set(others)]
    wrong += [f"{key}: the bot is not in it" for key, one in natives.items() if one not in inside]
    for key in county.rooms():
        state = await state_of(bot, natives[key])
        found = _people(county, key, state, (aside or {}).get(key, ()))
        if key not in adopted:
            found += [*_looks(county, key, state, natives), *_links(county, key, state, natives)]
        wrong += [f"{key.place} {key.part}: {one}" for one in found]
    return wrong


def _people(county: LargeCounty, key: Key, state: State, aside: Collection[str]) -> list[str]:
    """Who is there or asked in, and who of those who are there leads."""
    there = {who: content["membership"] for (kind, who), content in state.items() if kind == "m.room.member"}
    inside = {who for who, standing in there.items() if standing in INSIDE and who in county.people} - set(aside)
    wanted = set() if county.places[key.place].archived else county.belong(key.place) - set(aside)
    wrong = [f"{who} is not asked in" for who in sorted(wanted - inside)]
    if not county.places[key.place].archived:
        wrong += [f"{who} is there" for who in sorted(inside - wanted)]
    levels = state["m.room.power_levels", ""].get("users", {})
    leaders = county.leaders(key.place)
    for who in sorted(inside):
        if there[who] == "join" and levels.get(who, 0) != (LEADS if who in leaders else 0):
            wrong.append(f"{who} has {levels.get(who, 0)}")
    return wrong


def _looks(county: LargeCounty, key: Key, state: State, natives: Mapping[Key, str]) -> list[str]:
    """Its name, who may come in, what can be read, whether one may speak."""
    spot, parent = county.places[key.place], county.parent(key)
    above = {"type": "m.room_membership", "room_id": natives[parent]} if parent is not None else None
    restricted = {"join_rule": "restricted", "allow": [above]}
    staff = spot.kind == "school" and key.part == "room"
    rules: dict[str, Any] = {"join_rule": "invite"}
    if staff or (spot.kind == "workshop" and spot.policy == "open"):
        rules = restricted
    elif spot.kind == "workshop" and spot.policy == "approval":
        rules = {"join_rule": "knock"}
    wanted: dict[tuple[str, str], dict[str, Any]] = {
        ("m.room.name", ""): {"name": f"{spot.name}教师群" if staff else spot.name},
        ("m.room.join_rules", ""): rules,
        ("m.room.history_visibility", ""): {
            "history_visibility": "invited" if spot.kind == "workshop" and spot.policy == "invitation" else "shared"
        },
    }
    wrong = [f"{kind} is {state.get((kind, name))}" for (kind, name), content in wanted.items()
             if state.get((kind, name)) != content]  # fmt: skip
    quiet = key.part == "space" or spot.archived
    speaks = state["m.room.power_levels", ""].get("events_default", 0)
    return [*wrong, f"one speaks there from {speaks} on"] if (speaks >= LEADS) != quiet else wrong


def _links(county: LargeCounty, key: Key, state: State, natives: Mapping[Key, str]) -> list[str]:
    """What hangs in it, of ours, and where it hangs itself."""
    ours = set(natives.values())
    links = {kind: {name for (of, name), content in state.items() if of == kind and content.get("via")}
                     for kind in ("m.space.child", "m.space.parent")}  # fmt: skip
    wanted = {natives[one] for one in county.rooms() if county.parent(one) == key}
    found = links["m.space.child"] & ours
    wrong = [f"{one} does not hang in it" for one in wanted - found]
    wrong += [f"{one} hangs in it" for one in found - wanted]
    parent = county.parent(key)
    above = {natives[parent]} if parent is not None else set()
    if links["m.space.parent"] & ours != above:
        wrong.append(f"it hangs in {links['m.space.parent']}")
    return wrong
