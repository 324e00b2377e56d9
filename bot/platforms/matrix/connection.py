"""The account while it is connected: signed in on its one device, its rooms known, its keys at hand.

One process at a time owns the account; reading and sending share this. What is known here belongs to one term: when it
is over, the next one reads everything anew.
"""

import asyncio
import hashlib
import secrets
from typing import Any

import structlog

from api.matrix.service import (
    CURSOR,
    PLATFORM,
    Taken,
    device_of,
    keep_device,
    keep_rooms,
    release_device,
    rooms_of,
    take_device,
)
from api.messaging.receiving import cursor
from api.owning import Owner
from api.runtime import Runtime, StorageUnavailable
from bot.platforms.base import Elsewhere, Rejected, Transient
from bot.platforms.matrix.homeserver import CLIENT, Homeserver, SignedOut, part
from bot.platforms.matrix.rooms import Room
from bot.platforms.matrix.secrecy import Outdated, Secrecy

log = structlog.get_logger()

LONGEST_ACCOUNT = 64  # characters that chats and cursors keep
DEVICE_NAME = "工坊"
RELEASE_SECONDS = 2.0
REFUSED_SECONDS = 60.0  # between two tries to sign in: homeservers shut out who guesses passwords


def account_of(user_id: str) -> str:
    """How our tables name an account: as Matrix does, unless that is too long."""
    return user_id if len(user_id) <= LONGEST_ACCOUNT else hashlib.sha256(user_id.encode()).hexdigest()


class Connection:
    """What reading and sending share. Nothing is asked of anybody before `open`."""

    def __init__(self, runtime: Runtime) -> None:
        config = runtime.config.matrix
        self.runtime, self.config, self.me = runtime, config, config.user_id
        self.account = account_of(config.user_id)
        self.home = Homeserver(config.homeserver)
        self.rooms: dict[str, Room] = {}
        self.cursor: str | None = None
        self.device_id = ""
        self.secrecy: Secrecy
        self.owner = Owner(runtime, f"{PLATFORM}:{self.account}")
        self.holder = ""  # of the term that all this belongs to
        self._opening = asyncio.Lock()
        self._known_device = ""
        self._renewed = False  # signed in again: homeservers forget the keys of a device that signed out
        self._refused: tuple[float, str] | None = None  # until when signing in is not tried again, and why

    async def open(self) -> None:
        """Sign in, unless that is done; the access token is used again for as long as it is valid. Raises SendError,
        StorageUnavailable."""
        async with self._opening:
            try:
                await self._open()
            except Taken as error:  # this term is over, whatever the lock says: with the next one it begins anew
                await self.owner.release()
                raise Elsewhere(str(error)) from error

    async def _open(self) -> None:
        if not self.holder or self.holder != self.owner.holder:
            await self._hold()
        if not self.home.token:
            await self._try_to_sign_in()
        if self._known_device != self.device_id:
            rooms = await self.runtime.read(rooms_of, self.account)
            self.rooms = {native: Room.of(native, state) for native, state in rooms.items()}
            self.cursor = await self.runtime.read(cursor, PLATFORM, self.account, CURSOR)
            self.secrecy = await Secrecy.open(self)
            self._known_device = self.device_id
        if self._renewed:
            await self.secrecy.renew()
            self._renewed = False

    async def _hold(self) -> None:
        self._forget()
        try:
            if not await self.owner.take():
                raise Elsewhere("another process serves this account")
            holder = self.owner.holder
            await self.runtime.transact(take_device, self.account, holder)
        except StorageUnavailable as error:
            raise Transient(str(error)) from error
        self.holder = holder

    def _forget(self) -> None:
        """What was known in another term is of no use any more."""
        self.holder, self._known_device, self.home.token = "", "", ""

    async def end_term(self, holder: str) -> None:
        """Another process serves the account, as was found out in the term of `holder`: reading ends, too."""
        if holder == self.owner.holder:
            await self.owner.release()

    def moved_to(self, room: Room) -> Room | None:
        """What a room became, once we are there."""
        new = self.rooms.get(room.successor)
        return new if new is not None and new.follows(room) else None

    async def keep(self, room: Room) -> None:
        """Remember what changed of a room."""
        await self.runtime.transact(keep_rooms, self.account, self.holder, {room.native: room.state()})

    def signed_out(self) -> None:
        """The token is not valid any more: the next `open` signs in again."""
        self.home.token = ""

    async def known_token(self) -> str:
        """The access token that the account is signed in with, here or elsewhere; "" for none."""
        kept = await self.runtime.read(device_of, self.account)
        return self.config.access_token.get_secret_value() or (kept.token if kept is not None else "")

    async def close(self) -> None:
        """Hang up."""
        self.home.token = ""
        await self.home.close()

    async def release(self) -> None:
        """Let another process have the account at once."""
        holder = self.holder
        self._forget()
        try:
            if holder and holder == self.owner.holder:
                async with asyncio.timeout(RELEASE_SECONDS):
                    await self.runtime.transact(release_device, self.account, holder)
        except (StorageUnavailable, TimeoutError):
            log.warning("the database does not answer; the account is free all the same", account=self.account)
        finally:
            await self.owner.release()

    async def start_anew(self, outdated: Outdated) -> None:
        """Leave a device whose keys were told others already for a new one, which only the password brings; without it
        `check` tells. Raises SendError."""
        async with self._opening:
            if not self.config.password.get_secret_value():
                self.secrecy.keyring.put("outdated", "", self.device_id)
                await self.secrecy.flush()
                raise Rejected(str(outdated)) from outdated
            log.warning("the keys of the device are too old, another device takes its place", device=self.device_id)
            await self.secrecy.keyring.retire()
            await self.runtime.transact(keep_device, self.account, self.holder, "", "")
            try:
                await self.home.call("POST", f"{CLIENT}/logout", {})
            finally:
                self.home.token = ""

    async def _try_to_sign_in(self) -> None:
        """Whatever is refused can be put right by the operator: until then everything waits. Raises SendError."""
        now = asyncio.get_running_loop().time()
        if self._refused is not None and now < self._refused[0]:
            raise SignedOut(self._refused[1])
        try:
            await self._sign_in()
        except (Rejected, SignedOut) as error:
            self._refused = now + REFUSED_SECONDS, str(error)
            raise SignedOut(str(error)) from error
        self._refused = None

    async def _sign_in(self) -> None:
        """A token: the configured one, the kept one, or a new one for the kept device. Raises SendError."""
        kept = await self.runtime.read(device_of, self.account)
        given = self.config.access_token.get_secret_value()
        for token in filter(None, (given, kept.token if kept else "")):
            try:
                known = await who_am_i(self.home, token)
            except SignedOut:
                continue
            if (owner := part(known, "user_id", str)) != self.me:
                raise Rejected(f"this token belongs to {owner}, not to {self.me}")
            return await self._signed_in(str(known.get("device_id", "")), token)
        password = self.config.password.get_secret_value()
        if not password:
            raise SignedOut("the access token is not valid; put a new one, or the password, into [matrix]")
        # the same device again: its keys stay good, and what was sent under an id is not sent twice
        device_id = kept.device_id if kept else secrets.token_hex(5).upper()
        body = {
            "type": "m.login.password", "identifier": {"type": "m.id.user", "user": self.me}, "password": password,
            "device_id": device_id, "initial_device_display_name": DEVICE_NAME,
        }  # fmt: skip
        self.home.token = ""
        answer = await self.home.call("POST", f"{CLIENT}/login", body)
        self._renewed = True
        await self._signed_in(part(answer, "device_id", str), part(answer, "access_token", str))

    async def _signed_in(self, device_id: str, token: str) -> None:
        await self.runtime.transact(keep_device, self.account, self.holder, device_id, token)
        self.device_id, self.home.token = device_id, token
        log.info("signed in to Matrix", user=self.me, device=device_id)


async def who_am_i(home: Homeserver, token: str) -> dict[str, Any]:
    """Whose token this is. Raises SignedOut for one that is not valid."""
    home.token, before = token, home.token
    try:
        return await home.call("GET", f"{CLIENT}/account/whoami")
    finally:
        home.token = before
