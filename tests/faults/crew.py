"""Several processes of the roles on one PostgreSQL, each a site of its own that can be killed and started again."""

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import httpx2
import psycopg

from tests.faults.site import Site

ROLES = ("api", "api", "bot", "bot", "worker")
STARTING = 3


@dataclass
class Crew(Site):
    """Asked for as one site: the first api process answers. `env` is that of all."""

    roles: Sequence[str] = ROLES
    members: list[Site] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.env = {"GONGFANG_BLOBS__URL": f"file:{self.folder / 'blobs'}", **self.env}
        super().__post_init__()
        for n, role in enumerate(self.roles, 1):
            folder = self.folder / f"{n}-{role}"
            folder.mkdir()
            self.members.append(Site(folder, self.env, role=role))

    def of(self, role: str) -> list[Site]:
        """The processes of a role."""
        return [member for member in self.members if member.role == role]

    async def start(self) -> None:
        """Start them all and wait until they can be asked."""
        for member in self.members:
            member.commands = self.commands  # settings that were added meanwhile
        await asyncio.gather(*[member.start() for member in self.members])
        self.address = self.members[0].address

    async def end(self, number: int = signal.SIGKILL) -> int | None:
        """End them all; the first way of ending that is not 0, if there is one."""
        codes = await asyncio.gather(*[one.end(number) for one in self.members if one.process is not None])
        return next((code for code in codes if code != 0), 0)

    async def is_ready(self, seconds: float = 60) -> None:
        """Wait until each says that it is ready."""
        await asyncio.gather(*[member.is_ready(seconds) for member in self.members])

    async def close(self) -> None:
        """End what still runs."""
        for member in self.members:
            await member.close()

    def log(self) -> str:
        """What all that run now wrote."""
        return "".join(f"--- {member.folder.name}\n{member.log()}" for member in self.members)

    def logs(self) -> str:
        """What all of them ever wrote."""
        return "".join(member.logs() for member in self.members)

    async def owner_of(self, name: str) -> Site:
        """The bot process that holds the lock of an account, such as "telegram:7", by its "owner" line in the log."""
        async with asyncio.timeout(60):
            while True:
                if (pid := await asyncio.to_thread(self._holder, name)) is not None:
                    found = [one for one in self.members if one.process is not None and one.process.pid == pid]
                    if found:
                        return found[0]
                await asyncio.sleep(0.2)

    def _holder(self, name: str) -> int | None:
        """By its end of the connection: a Unix socket knows no process, so sessions tell theirs."""
        query = (
            "SELECT application_name FROM pg_stat_activity JOIN pg_locks USING (pid) "
            "WHERE locktype = 'advisory' AND granted AND application_name LIKE %s"
        )
        with suppress(psycopg.Error), psycopg.connect(self.database, autocommit=True) as connection:
            row = connection.execute(query, (f"gongfang % {name}",)).fetchone()
            return int(row[0].split()[1]) if row is not None else None
        return None


async def kill_again_and_again(crew: Crew, chance: Random, times: int, seconds: float = 2.0) -> dict[str, int]:
    """Kill one of the processes `times` times, each role as often, and start it again at once or a moment later; up to
    STARTING of them start at the same time. At the end all of them run. Returns how often which role was killed."""
    killed: dict[str, int] = {}
    starting: set[asyncio.Task[None]] = set()
    for _ in range(times):
        while len(starting) >= STARTING:
            await asyncio.wait(starting, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.sleep(chance.uniform(0, seconds))
        # each role as often as the others, whoever has more processes
        role = min(sorted(set(crew.roles)), key=lambda role: (killed.get(role, 0), chance.random()))
        one = chance.choice(crew.of(role))
        await one.end()
        killed[one.role] = killed.get(one.role, 0) + 1
        await asyncio.sleep(chance.choice((0, 0, chance.uniform(0, 1))))
        one.spawn()
        task = asyncio.create_task(_open(one))
        starting.add(task)
        task.add_done_callback(starting.discard)
    await asyncio.gather(*starting)
    for one in crew.members:
        if not await _answers(one):
            await one.end()
            await one.start()
    return killed


async def _open(one: Site) -> None:
    with suppress(AssertionError):  # it was killed before it was open
        await one.wait_until_open()


async def _answers(one: Site) -> bool:
    with suppress(httpx2.TransportError, httpx2.UnsupportedProtocol):
        async with httpx2.AsyncClient(timeout=30) as http:
            return (await http.get(f"{one.address}/healthz")).status_code == 200
    return False


@asynccontextmanager
async def a_crew(folder: Path, database: str, roles: Sequence[str] = ROLES, **env: str) -> AsyncIterator[Crew]:
    """Processes that do not run yet, on an empty database."""
    crew = Crew(folder, {"GONGFANG_DATABASE__URL": database.replace("+psycopg", ""), **env}, roles=roles)
    try:
        yield crew
    finally:
        await crew.close()
