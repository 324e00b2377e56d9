"""Private chats that we begin, with people who are to be told something and have none.

createRoom knows no transaction ids: each room gets an alias made of the account it is for, so that whatever dies in
between, there is one. Where the alias is taken, the room is there already.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import structlog

from api.matrix.conversations import Wanted, begin_conversation, give_up, list_wanted, put_off
from bot.platforms.base import Rejected, RetryAfter, SendError
from bot.platforms.matrix.connection import Connection
from bot.platforms.matrix.homeserver import CLIENT, Refused, SignedOut, part, room_path
from bot.platforms.matrix.rooms import Room, apply_state

log = structlog.get_logger()

AT_ONCE = 3
AGAIN_SECONDS = 60.0
REFUSED_SECONDS = 3600.0
VERSION = "11"
ALIASES = 3  # what the first stands for may be of no use any more: others came in, or somebody else took it
IN_USE = "M_ROOM_IN_USE"
THERE = frozenset({"join", "invite"})


class Conversing:
    """The private chats that one account begins."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    async def open_few(self) -> None:
        """Open the few that are wanted longest; one that fails is tried again later. Raises RetryAfter, SignedOut."""
        runtime = self.connection.runtime
        for wanted in await runtime.read(list_wanted, AT_ONCE):
            try:
                await self._open(wanted)
            except (RetryAfter, SignedOut):
                raise  # of the account, not of this person
            except SendError as error:
                log.warning("a private chat could not be opened", identity=wanted.pid, error=str(error))
                pause = REFUSED_SECONDS if isinstance(error, Rejected) else AGAIN_SECONDS
                await runtime.transact(put_off, wanted.pid, pause)

    async def _open(self, wanted: Wanted) -> None:
        connection = self.connection
        room, standing = await self._room_for(wanted)
        if standing and standing not in THERE:
            await connection.runtime.transact(give_up, wanted.pid)  # they were asked, and did not want it
            return
        if not standing:
            who = quote(wanted.native, safe="")
            asked = {"membership": "invite", "is_direct": True}
            await connection.home.call("PUT", room_path(room.native, f"state/m.room.member/{who}"), asked)
            room.invited += 1
        connection.rooms[room.native] = room  # what waits is sent there as soon as it is committed
        begun = await connection.runtime.transact(
            begin_conversation, connection.account, wanted.pid, room.native, room.state()
        )
        if not begun:
            await connection.home.call("POST", room_path(room.native, "leave"), {})
            room.membership = "leave"
            await connection.keep(room)

    async def _room_for(self, wanted: Wanted) -> tuple[Room, str]:
        """The room for this conversation, made unless it was; and how the other one stands in it. Raises SendError."""
        home, server = self.connection.home, self.connection.me.partition(":")[2]
        for n in range(ALIASES):
            alias = f"gongfang-dm-{wanted.pid}" + (f"-{n + 1}" if n else "")
            body = {
                "preset": "trusted_private_chat", "is_direct": True, "invite": [wanted.native],
                "room_version": VERSION, "room_alias_name": alias,
                "initial_state": [{"type": "m.room.canonical_alias", "content": {}}],  # else it is the room's name
            }  # fmt: skip
            try:
                native = part(await home.call("POST", f"{CLIENT}/createRoom", body), "room_id", str)
            except Refused as error:
                if error.code != IN_USE:
                    raise
                found = await home.call("GET", f"{CLIENT}/directory/room/{quote(f'#{alias}:{server}', safe='')}")
                native = part(found, "room_id", str)
            if (room := await self._look(native, wanted.native)) is not None:
                return room
        raise Rejected("none of the aliases for this conversation is free")

    async def _look(self, native: str, other: str) -> tuple[Room, str] | None:
        """What there is to know of a room, and how the other one stands in it; None unless it is of these two alone."""
        me = self.connection.me
        try:
            events = await self.connection.home.list(room_path(native, "state"))
        except Refused as error:
            if error.status in (403, 404):
                return None
            raise
        room, members = Room(native, "join", direct=True), dict[str, str]()
        for event in filter(_is_event, events):
            apply_state(room, event)
            if event.get("type") == "m.room.member":
                members[str(event.get("state_key"))] = _membership(event)
        here = {who for who, membership in members.items() if membership in THERE}
        if members.get(me) != "join" or here - {me, other} or room.creators[:1] != [me]:
            return None
        standings = list(members.values())
        room.joined, room.invited = standings.count("join"), standings.count("invite")
        return room, members.get(other, "")


def _is_event(event: Any) -> bool:
    return isinstance(event, Mapping)


def _membership(event: Mapping[str, Any]) -> str:
    content = event.get("content")
    return str(content.get("membership", "")) if isinstance(content, Mapping) else ""
