"""Rooms and spaces of ours on Matrix, kept in step with their communities (client-server API 8.3, 10.4, 10.5, 11.33).

One question says all of a room: its state. createRoom has no transaction id: an alias made of the room's public id says
whether it was made already.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from api.messaging.tree import Code, Lines, Node, T
from api.rooms.planning import LEADS, SPEAKS, Action, Actual, Desired, Standing
from bot.platforms.base import Gone, Place, Rejected
from bot.platforms.matrix.connection import Connection
from bot.platforms.matrix.files import Files
from bot.platforms.matrix.homeserver import CLIENT, Homeserver, Refused, SignedOut, part, room_path
from bot.platforms.matrix.rooms import Room, apply_state, child_rooms
from bot.platforms.matrix.states import VALUES, content_of, joining_of

VERSION = "11"  # 12 is met as it is; its creators are outside every list of levels
ALIAS = "gongfang-"
OTHERS = 3  # so many aliases are tried: the first may be somebody else's
FRESH = timedelta(minutes=1)
OWN = 100
IN_USE = "M_ROOM_IN_USE"
INSIDE = ("already in the room", "already joined", "is already")
# what each action needs a level for: a state event, or one of the levels by name
NEEDS = {
    "name": "m.room.name", "topic": "m.room.topic", "picture": "m.room.avatar", "access": "m.room.join_rules",
    "history": "m.room.history_visibility", "encrypt": "m.room.encryption", "hush": "m.room.power_levels",
    "unhush": "m.room.power_levels", "rank": "m.room.power_levels", "link": "m.space.child", "unlink": "m.space.child",
    "hang": "m.space.parent", "unhang": "m.space.parent",
}  # fmt: skip
KICK = ("kick", 50)
POWERS = {"invite": ("invite", 0), "admit": ("invite", 0), "remove": KICK, "refuse": KICK, "ban": ("ban", 50),
          "unban": ("ban", 50)}  # fmt: skip


class MatrixMirroring:
    """The rooms of one account."""

    def __init__(self, connection: Connection, files: Files) -> None:
        self.connection, self.files, self.me = connection, files, connection.me
        self.home = Homeserver(connection.config.homeserver)  # with the token of whoever serves the account
        self.server = connection.me.partition(":")[2]
        self._levels = asyncio.Lock()  # they are read, changed and written back

    async def create(self, place: Place, desired: Desired) -> str:
        """Make a room or space, or find the one that was made under its alias. Raises SendError."""
        await self._sign_in()
        for n in range(OTHERS):
            alias = f"{ALIAS}{place.pid}" + (f"-{n + 1}" if n else "")
            try:
                made = await self.home.call("POST", f"{CLIENT}/createRoom", self._new(place, desired, alias))
                return part(made, "room_id", str)
            except Refused as error:
                if error.code != IN_USE:
                    raise
            if (found := await self._made_before(alias)) is not None:
                return found
        raise Rejected("somebody else has the aliases of this room")

    def _new(self, place: Place, desired: Desired, alias: str) -> dict[str, Any]:
        state = [content_of("access", desired.access), content_of("history", desired.history),
                 {"type": "m.room.guest_access", "content": {"guest_access": "forbidden"}}]  # fmt: skip
        if desired.encrypted:
            state.append(content_of("encrypt", None))
        if desired.parent:
            state.append({**content_of("hang", self.server), "state_key": desired.parent})
        levels: dict[str, Any] = {"users": {self.me: OWN}, "invite": LEADS}
        if desired.part == "space" or desired.read_only:
            levels["events_default"] = LEADS
        body: dict[str, Any] = {
            "room_version": VERSION, "room_alias_name": alias, "preset": "private_chat", "visibility": "private",
            "name": desired.name, "topic": desired.topic, "initial_state": state,
            "power_level_content_override": levels,
        }  # fmt: skip
        if desired.part == "space":
            body["creation_content"] = {"type": "m.space"}
        return body

    async def _made_before(self, alias: str) -> str | None:
        """The room behind an alias, if we made it."""
        try:
            found = await self.home.call("GET", f"{CLIENT}/directory/room/{quote(f'#{alias}:{self.server}', safe='')}")
            native = part(found, "room_id", str)
            state = await self._state(native)
        except (Refused, Gone):
            return None
        made_by = next((event.get("sender") for event in state if event.get("type") == "m.room.create"), None)
        return native if made_by == self.me else None

    async def look(self, place: Place) -> Actual:
        """Everything that the room's state says. Raises SendError (Gone: we are not inside)."""
        await self._sign_in()
        state = await self._state(place.native)
        return read_state(place, state, self.me, self.connection.runtime.now() - FRESH)

    async def _sign_in(self) -> None:
        """The account is served elsewhere in this process, or in another one: its token is good enough to ask."""
        self.home.token = self.connection.home.token or await self.connection.known_token()
        if not self.home.token:
            raise SignedOut("the account is not signed in: start the service first")

    def guidance(self, lacking: Sequence[Action], native: str = "") -> Node | None:
        """The power that we need in a room, and how it is given."""
        return Lines(
            T("I have too little power in the room to keep it in step."),
            T("Somebody with power level 100 there: room settings → roles and permissions → give {me} level 100.",
              me=Code(self.me)),
        )  # fmt: skip

    async def close(self) -> None:
        """Hang up."""
        await self.home.close()

    async def _state(self, native: str) -> list[dict[str, Any]]:
        try:
            said = await self.home.list(room_path(native, "state"))
        except Refused as error:
            if error.status in (403, 404):
                raise Gone(str(error)) from error
            raise
        return [event for event in said if isinstance(event, dict) and isinstance(event.get("content"), dict)]

    async def act(self, place: Place, action: Action) -> Mapping[str, Any]:
        """Do one thing. Raises SendError."""
        await self._sign_in()
        kind, who, value = action
        if kind in VALUES:
            event = content_of(kind, value)
            await self._put(place.native, event["type"], event["content"])
        elif kind in ("link", "hang"):
            event = content_of(kind, self.server)
            await self._put(place.native, event["type"], event["content"], who)
            for old in self._replaced_by(who) if kind == "link" else ():
                await self._put(place.native, event["type"], {}, old)
        elif kind in ("unlink", "unhang"):
            await self._put(place.native, content_of(kind[2:], self.server)["type"], {}, who)
        elif kind == "picture":
            return await self._show(place, str(value))
        elif kind in ("rank", "hush", "unhush"):
            await self._change_levels(place, action)
        else:
            await self._move(place.native, kind, who)
        return {}

    def _replaced_by(self, native: str) -> list[str]:
        """The rooms whose place a room took: a space shows it instead of them."""
        rooms = self.connection.rooms
        new = rooms.get(native)
        return [old.native for old in rooms.values() if new is not None and new.follows(old)]

    async def _put(self, native: str, kind: str, content: Mapping[str, Any], key: str = "") -> None:
        path = room_path(native, f"state/{kind}/{quote(key, safe='')}")
        await self.home.call("PUT", path, content)

    async def _move(self, native: str, kind: str, who: str) -> None:
        """Ask in, put out, ban: of somebody who stands so already it is done."""
        verb = {"invite": "invite", "admit": "invite", "remove": "kick", "refuse": "kick"}.get(kind, kind)
        try:
            await self.home.call("POST", room_path(native, verb), {"user_id": who})
        except Refused as error:
            if error.status != 403 or not any(words in str(error) for words in INSIDE):
                raise

    async def _change_levels(self, place: Place, action: Action) -> None:
        async with self._levels:
            levels = await self.home.call("GET", room_path(place.native, "state/m.room.power_levels/"))
            if action.kind == "rank":
                users = dict(levels.get("users") or {})
                users[action.who] = action.value
                if action.value == levels.get("users_default", SPEAKS):
                    del users[action.who]
                levels = {**levels, "users": users}
            else:
                levels = {**levels, "events_default": LEADS if action.kind == "hush" else SPEAKS}
            await self._put(place.native, "m.room.power_levels", levels)

    async def _show(self, place: Place, pid: str) -> dict[str, Any]:
        """Upload a picture and show it."""
        contents = await self.files.contents([pid], encrypted=False)
        if not contents:
            raise Rejected("the picture is not there any more, or too large")
        address = contents[0]["url"]
        await self._put(place.native, "m.room.avatar", {"url": address})
        return {"picture": [pid, address]}


def read_state(place: Place, state: list[dict[str, Any]], me: str, since: datetime) -> Actual:
    """What a room's state events say."""
    room = Room(place.native)
    said: dict[str, Any] = {}
    for event in state:
        apply_state(room, event)
        if event.get("state_key") == "":
            said[str(event.get("type"))] = event["content"]
    levels = room.levels
    members = {
        str(event["state_key"]): _standing(event, room, me, since)
        for event in state if event.get("type") == "m.room.member" and event.get("state_key") not in (None, me)
    }  # fmt: skip
    pid, address = place.kept.get("picture") or ("", None)
    picture = _text(said.get("m.room.avatar"), "url")
    return Actual(
        room.level(me), _may(room, me), _text(said.get("m.room.name"), "name"),
        _text(said.get("m.room.topic"), "topic"),
        pid if picture and picture == address else picture, joining_of(said.get("m.room.join_rules") or {}),
        _text(said.get("m.room.history_visibility"), "history_visibility") or "shared", room.encrypted,
        child_rooms(state, "m.space.parent"), child_rooms(state, "m.space.child"), members,
        _level(levels, "events_default", SPEAKS) >= LEADS,
    )  # fmt: skip


def _standing(event: Mapping[str, Any], room: Room, me: str, since: datetime) -> Standing:
    who, content = str(event["state_key"]), event["content"]
    at = event.get("origin_server_ts")
    fresh = isinstance(at, int) and at > since.timestamp() * 1000 and event.get("sender") != me
    return Standing(str(content.get("membership")), room.level(who), event.get("sender") == me, fresh)


def _may(room: Room, me: str) -> frozenset[str]:
    mine, levels = room.level(me), room.levels
    needed = levels.get("events") or {}
    able = {kind for kind, event in NEEDS.items()
            if mine >= _level(needed, event, _level(levels, "state_default", LEADS))}  # fmt: skip
    return frozenset(able | {kind for kind, (name, usual) in POWERS.items() if mine >= _level(levels, name, usual)})


def _level(levels: Any, name: str, usual: int) -> int:
    try:
        return int(levels.get(name, usual))
    except (AttributeError, TypeError, ValueError):
        return usual


def _text(content: Any, name: str) -> str:
    value = content.get(name) if isinstance(content, Mapping) else None
    return value if isinstance(value, str) else ""

