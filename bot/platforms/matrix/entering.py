"""Coming and going of our account: whose invitations it accepts, when it leaves, and where it follows."""

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import quote

import structlog

from api.matrix.service import is_bound
from bot.platforms.base import RetryAfter, SendError
from bot.platforms.matrix.connection import Connection
from bot.platforms.matrix.homeserver import CLIENT, Refused, room_path
from bot.platforms.matrix.rooms import Room, predecessor_of

log = structlog.get_logger()

AGAIN_SECONDS = 30.0
REFUSED_SECONDS = 3600.0
OVER = frozenset({"M_FORBIDDEN", "M_NOT_FOUND"})  # nobody asks us any more, or we are out already


class Entering:
    """The memberships of one account."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._later: dict[str, float] = {}  # rooms for which something has to wait
        self._closed: set[str] = set()  # replacements that one has to be asked into

    async def keep_up(self) -> None:
        """Between two syncs: do what the memberships ask for. What fails is tried again, or logged."""
        now = asyncio.get_running_loop().time()
        for room in list(self.connection.rooms.values()):
            step = self._step(room)
            if step is None or self._later.get(room.native, 0) > now:
                continue
            try:
                await step(room)
                self._later.pop(room.native, None)
            except RetryAfter as error:
                self._later[room.native] = now + error.seconds
            except Refused as error:
                log.warning("a room could not be entered or left", room=room.native, error=str(error))
                if error.code in OVER:
                    await self._left(room)
                else:
                    self._later[room.native] = now + REFUSED_SECONDS
            except SendError as error:
                log.warning("a room is tried again", room=room.native, error=str(error))
                self._later[room.native] = now + AGAIN_SECONDS

    def _step(self, room: Room) -> Callable[[Room], Awaitable[None]] | None:
        rooms = self.connection.rooms
        if room.membership == "invite":
            return self._answer
        if room.membership != "join":
            return None
        if room.deserted or self.connection.moved_to(room) is not None:
            return self._leave
        new = rooms.get(room.successor)
        inside = new is not None and new.membership != "leave"  # an invitation is answered by itself
        if room.kind == "room" and room.successor and not inside and room.successor not in self._closed:
            return self._follow
        return None

    async def _answer(self, room: Room) -> None:
        """Accept from people who are bound, from allowed servers, and where a room of ours went; decline the rest."""
        if await self._welcome(room.inviter):
            await self.connection.home.call("POST", room_path(room.native, "join"), {})
            return  # the next sync brings it
        for old in self.connection.rooms.values():
            if old.successor == room.native and old.membership == "join" and old.kind == "room":
                await self._enter(old)
                return
        await self._leave(room)

    async def _welcome(self, inviter: str) -> bool:
        config = self.connection.config
        servers = config.allowed_servers or [config.user_id.partition(":")[2]]
        if inviter.partition(":")[2] in servers:
            return True
        return bool(await self.connection.runtime.read(is_bound, inviter))

    async def _follow(self, room: Room) -> None:
        """Go where a room went; where one has to be asked in, wait for that."""
        try:
            await self._enter(room)
        except Refused as error:
            self._closed.add(room.successor)
            log.info("a room went where we have to be asked in", room=room.native, to=room.successor, error=str(error))

    async def _enter(self, old: Room) -> None:
        """Join the replacement of a room, and stay if it says itself what it replaces."""
        home, new = self.connection.home, old.successor
        server = old.moved_by.partition(":")[2]  # ids from version 12 on do not name one
        await home.call("POST", f"{CLIENT}/join/{quote(new, safe='')}", {}, query={"via": server} if server else None)
        create = await home.call("GET", room_path(new, "state/m.room.create/"))
        if predecessor_of(create) == old.native:
            return  # the next sync brings it
        log.warning("a room that is no replacement of ours is left", room=old.native, to=new)
        old.successor = ""
        await self.connection.keep(old)
        await home.call("POST", room_path(new, "leave"), {})

    async def _leave(self, room: Room) -> None:
        await self.connection.home.call("POST", room_path(room.native, "leave"), {})
        await self._left(room)

    async def _left(self, room: Room) -> None:
        room.membership = "leave"
        await self.connection.keep(room)
