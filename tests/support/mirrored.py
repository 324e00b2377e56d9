"""A large county on a real homeserver whose bot runs in the test: `converge` lets it work, `faults` tells what is wrong
then."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from api.context import Context
from api.rooms.mirroring import mirror_region
from api.rooms.reports import list_rooms
from api.times import utcnow
from bot.mirror import look_only
from storage.base import new_pid
from storage.mirrors import make_due
from storage.rooms import Room
from tests.support.large_county import AS_NAMED, Key, LargeCounty, Size, build
from tests.support.matrix import MatrixWorld, Somebody, a_matrix_world
from tests.support.stock import private_chats, rooms_in, take_stock
from tests.support.synapse import Registered, Synapse

SOON = timedelta(seconds=70)  # who came a moment ago is looked at again


@dataclass
class Mirrored:
    """The county, the world its bot lives in, and clients of its people; `bot` is the bot's account in another
    client."""

    world: MatrixWorld
    county: LargeCounty
    bot: Somebody
    accounts: dict[str, Registered]
    clients: dict[str, Somebody] = field(default_factory=dict)
    _seen: dict[str, str] = field(default_factory=dict)  # account -> up to where its client has read
    ahead: timedelta = timedelta()  # of the real clock, by which the homeserver goes

    async def run(self, operation: Any, *args: Any, **how: Any) -> Any:
        """Run an operation as the system."""
        return await self.world.run(operation, *args, **how)

    def client(self, who: str) -> Somebody:
        """Somebody's client."""
        if who not in self.clients:
            self.clients[who] = Somebody(self.world.synapse, self.accounts[who], who)
        return self.clients[who]

    async def natives(self) -> dict[Key, str]:
        """Room -> its id."""
        found = await self.run(lambda ctx: rooms_in(ctx.session, self.county))
        return {key: ids[0] for key, ids in found.items()}

    async def converge(self) -> int:
        """Let the bot read, handle and keep up until nothing is left to do; returns how many rounds that took."""
        self._pass_time(minutes=2)  # who came a moment ago stays as they are for now
        for n in range(30):
            self._pass_time(seconds=10)  # what was done a moment ago is not done again at once
            await self.world.pump()
            await self.run(_soon)
            await self.world.mirrors.drain()
            if not await self.run(_soon):
                return n + 1
        raise AssertionError(f"there is always something left to do: {await self.run(_left)}")

    def _pass_time(self, **span: float) -> None:
        self.ahead += timedelta(**span)
        self.world.runtime.now = lambda: utcnow() + self.ahead

    async def sweep(self) -> None:
        """Look at every room, as happens by itself every few hours."""
        await self.run(lambda ctx: make_due(ctx.session, Room.platform == "matrix"))
        await self.converge()

    async def faults(self, **how: Any) -> list[str]:
        """What is wrong, and what would still be done anywhere."""
        rows = await self.run(lambda ctx: rooms_in(ctx.session, self.county))
        others = await self.run(lambda ctx: private_chats(ctx.session))
        return await take_stock(self.bot, self.county, rows, others=others, **how) + await self.plans()

    async def plans(self) -> list[str]:
        """What `gongfang rooms plan` would say."""
        region = self.county.places["region"].pid
        reports = await self.run(lambda ctx: list_rooms(ctx, region, 1000))
        found = []
        for one in reports:
            todo = await look_only(self.world.runtime, self.world.matrix.mirroring, one)
            left = (*todo.plan.actions, *todo.plan.lacking)
            found += [f"{one.community.name} {one.room.part}: {action} would be done" for action in left]
        return found

    async def accept(self, people: Collection[str]) -> int:
        """Have these people go wherever they are asked in; returns how often they did."""
        n = 0
        for who in people:
            client = self.client(who)
            since = {"since": self._seen[who]} if who in self._seen else {}
            said = await client.ask("GET", "sync", timeout=0, **since)
            self._seen[who] = said["next_batch"]
            for native in said.get("rooms", {}).get("invite", {}):
                await client.join(native)
                n += 1
        return n


def _soon(ctx: Context) -> int:
    """Make due what is due in a moment; how many rooms that are."""
    ctx.session.flush()
    make_due(ctx.session, Room.due_at < ctx.now + SOON)
    return ctx.session.query(Room).filter(Room.due_at <= ctx.now).count()


def _left(ctx: Context) -> list[str]:
    """The rooms that are due in a moment, with what was tried there."""
    due = ctx.session.query(Room).filter(Room.due_at < ctx.now + SOON)
    return [f"{room.id} {room.part} {room.due_at} {room.findings} {room.tries}" for room in due]


def register(synapse: Synapse, n: int) -> dict[str, Registered]:
    """Accounts of so many people."""
    made = [synapse.register(f"u{new_pid()}") for _ in range(n)]
    return {one.user_id: one for one in made}


def mirror(ctx: Context, county: LargeCounty) -> None:
    """Have it mirrored from now on."""
    mirror_region(ctx, county.places["region"].pid)


@asynccontextmanager
async def a_mirrored_county(url: str, synapse: Synapse, size: Size = AS_NAMED) -> AsyncIterator[Mirrored]:
    """A county that is in the database and not yet on Matrix."""
    accounts = register(synapse, size.people)
    async with a_matrix_world(url, synapse) as world:
        world.runtime.now = utcnow
        county = await world.run(build, [*accounts], size)
        found = Mirrored(world, county, Somebody(synapse, world.bot, "工坊"), accounts)
        try:
            yield found
        finally:
            for client in (found.bot, *found.clients.values()):
                await client.close()


