"""A large county whose bot is the real program, a process of its own."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from api.runtime import Runtime
from api.times import utcnow
from storage.base import new_pid
from storage.blobs import Blobs
from storage.engine import Database
from storage.rooms import Room
from tests.faults.site import Site
from tests.support.large_county import REGION, LargeCounty, Size, build
from tests.support.matrix import Somebody, config_for
from tests.support.mirrored import mirror, register
from tests.support.stock import private_chats, rooms_in, take_stock
from tests.support.synapse import Registered, Synapse

DONE = "done in a room"


@dataclass
class MirroringSite:
    """The program in its folder, the county in its database, and the bot's account in another client."""

    site: Site
    synapse: Synapse
    county: LargeCounty
    bot: Somebody
    accounts: dict[str, Registered]
    seen: dict[str, str] = field(default_factory=dict)

    def actions(self) -> Counter[str]:
        """What was done in rooms, by kind, since the county was empty."""
        lines = [line for line in self.site.logs().splitlines() if DONE in line]
        return Counter(line.split("action")[1].strip('":= ').split(":")[0].split('"')[0].split()[0] for line in lines)

    def done(self) -> int:
        """How much the process that was started last did."""
        return self.site.log().count(DONE)

    def read(self, look: Any) -> Any:
        """Look into the database, beside the service."""
        database = Database(self.site.database)
        try:
            with database.transaction() as session:
                return look(session)
        finally:
            database.close()

    async def is_in_step(self, seconds: float) -> None:
        """Wait until every room is made and was looked at without anything left to do."""
        deadline = time.monotonic() + seconds
        while left := await asyncio.to_thread(self.read, self._left):
            assert time.monotonic() < deadline, f"{left}\n{self.site.log()[-20000:]}"
            await asyncio.sleep(1)

    def _left(self, session: Any) -> list[str]:
        rooms = session.query(Room).filter(Room.platform == "matrix").all()
        busy = [room for room in rooms if room.chat_id is None or room.findings.get("n_left") != 0
                or room.findings.get("error") or room.due_at <= utcnow()]  # fmt: skip
        left = [f"{room.part} {room.pid}: due at {room.due_at}, {room.findings}, {room.tries}" for room in busy]
        return left + ["rooms are missing"] * (len(self.county.rooms()) > len(rooms))

    async def accept(self, who: str) -> int:
        """Have somebody go wherever they are asked in; how many rooms that were."""
        client = Somebody(self.synapse, self.accounts[who], who)
        since = {"since": self.seen[who]} if who in self.seen else {}
        said = await client.ask("GET", "sync", timeout=0, **since)
        self.seen[who] = said["next_batch"]
        asked = said.get("rooms", {}).get("invite", {})
        for native in asked:
            await client.join(native)
        await client.close()
        return len(asked)

    async def faults(self) -> list[str]:
        """What is wrong, and what `rooms plan` says would be done."""
        rows = self.read(lambda session: rooms_in(session, self.county))
        others = self.read(private_chats)
        wrong = await take_stock(self.bot, self.county, rows, others=others)
        planned = await asyncio.to_thread(self.site.commands.outside, "rooms", "plan", REGION, "--json")
        assert planned.code == 0, planned
        return wrong + [f"planned: {planned.out}"] * ('"actions": 0' not in planned.out)


@asynccontextmanager
async def a_mirroring_site(folder: Path, synapse: Synapse, size: Size) -> AsyncIterator[MirroringSite]:
    """A county that is to be mirrored; nothing runs yet."""
    bot = synapse.register(f"bot{new_pid()}", called="工坊")
    accounts = await asyncio.to_thread(register, synapse, size.people)
    site = Site(folder, {"GONGFANG_MATRIX__HOMESERVER": synapse.url, "GONGFANG_MATRIX__USER_ID": bot.user_id,
                         "GONGFANG_MATRIX__PASSWORD": bot.password})  # fmt: skip
    site.commands.json("db", "upgrade")
    runtime = Runtime(config_for(synapse, bot), Database(site.database), Blobs("memory:"))
    county = await runtime.transact(build, [*accounts], size, system=True)
    await runtime.transact(mirror, county, system=True)
    await runtime.close()
    client = Somebody(synapse, bot, "工坊")
    try:
        yield MirroringSite(site, synapse, county, client, accounts)
    finally:
        await client.close()
        await site.close()
