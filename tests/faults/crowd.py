"""A county full of people with Telegram, some of whom ask now and then, and a service of several processes."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import quantiles

from sqlalchemy import select

from api.context import Context
from api.messaging.outbox import BULK, deliver_to_people, write_message
from api.messaging.tree import Button, Lines, T, Words
from storage.base import new_pid
from storage.messaging import Chat
from storage.people import Identity, Person
from tests.emulators.telegram import Bot, Emulator, add_person
from tests.emulators.telegram import Person as Phone
from tests.support.program import Program, Running

NEWS = "今晚八点集体备课，三楼会议室，请带上教学设计。"
SECRET = "a-secret-of-the-tests"
ANSWER_SECONDS = 60.0


def add_people(ctx: Context, account: str, phones: Sequence[Phone]) -> None:
    """Bound people, each at home in the private chat with the bot."""
    people = [Person(pid=new_pid(), name=phone.first_name, created_at=ctx.now, privacy_version=1) for phone in phones]
    chats = [
        Chat(pid=new_pid(), platform="telegram", account=account, native=str(phone.id), kind="private",
             created_at=ctx.now)
        for phone in phones
    ]  # fmt: skip
    ctx.session.add_all([*people, *chats])
    ctx.session.flush()
    identities = [
        Identity(pid=new_pid(), platform="telegram", native=str(phone.id), name=phone.first_name, person_id=person.id,
                 chat_id=chat.id, bound_at=ctx.now, created_at=ctx.now, last_spoke_at=ctx.now)
        for phone, person, chat in zip(phones, people, chats, strict=True)
    ]  # fmt: skip
    ctx.session.add_all(identities)
    ctx.session.flush()
    for person, chat, identity in zip(people, chats, identities, strict=True):
        person.home_chat_id, chat.identity_id = chat.id, identity.id


def push(ctx: Context) -> None:
    """The same to everybody, with a button."""
    message = write_message(ctx, Lines(Words(NEWS)), [[Button(T("What you can say to me"), "run:help")]])
    deliver_to_people(ctx, message, select(Person.id), BULK)


@dataclass
class Asker:
    """Somebody who asks for help and waits for the answer."""

    telegram: Emulator
    phone: Phone
    waits: list[float] = field(default_factory=list)

    async def ask(self) -> None:
        """Measure how long one answer takes."""
        bot, began = self.telegram.world.bot(), time.monotonic()
        said = self.phone.say(bot, "帮助")

        def answered() -> bool:
            newest = self.phone.sees(bot)[-4:]
            return any(m.sender is bot and m.id > said.id and NEWS not in m.text for m in newest)

        await self.telegram.world.until(answered, ANSWER_SECONDS)
        self.waits.append(time.monotonic() - began)

    async def keep_asking(self, chance: Random, pause: float) -> None:
        """Ask again and again, never so often that the limit of a chat is met."""
        while True:
            await asyncio.sleep(chance.uniform(0.5, 1.5) * pause)
            await self.ask()


@asynccontextmanager
async def asking(askers: Sequence[Asker], chance: Random, pause: float) -> AsyncIterator[list[float]]:
    """They all ask while the block lasts; how long each of their answers took."""
    for asker in askers:
        asker.waits = []
    waits: list[float] = []
    tasks = [asyncio.create_task(asker.keep_asking(chance, pause)) for asker in askers]
    try:
        yield waits
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        waits += [wait for asker in askers for wait in asker.waits]
    assert all(isinstance(one, asyncio.CancelledError) for one in ended), ended


def p95(waits: Sequence[float]) -> float:
    """Of at least a few."""
    assert len(waits) >= 20, waits
    return quantiles(waits, n=20)[-1]


@dataclass
class Fleet:
    """The processes of one service, with one token: the first takes in updates and shows pages, the others help it."""

    program: Program
    processes: int
    running: list[Running] = field(default_factory=list)

    async def start(self) -> None:
        """Start them one after another."""
        port = self.program.env["GONGFANG_WEB__BASE_URL"].rpartition(":")[2]
        for n in range(self.processes):
            where = ("--port", port) if n == 0 else ("--role", "bot")
            self.running.append(await asyncio.to_thread(self.program.run, *where))
        async with asyncio.timeout(60):
            while not all(one.get("/readyz").status_code == 200 for one in self.running):
                await asyncio.sleep(0.3)


@asynccontextmanager
async def a_fleet(telegram: Emulator, bot: Bot, folder: Path, database: str, processes: int) -> AsyncIterator[Fleet]:
    """A started service."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = Program(folder, {
        "LANG": "C.UTF-8", "GONGFANG_DATABASE__URL": database, "GONGFANG_TIME__QUIET_HOURS": "",
        "GONGFANG_TELEGRAM__TOKEN": bot.token, "GONGFANG_TELEGRAM__API_BASE": telegram.api_base,
        "GONGFANG_TELEGRAM__MODE": "webhook", "GONGFANG_TELEGRAM__WEBHOOK_SECRET": SECRET,
        "GONGFANG_WEB__BASE_URL": f"http://127.0.0.1:{port}", "GONGFANG_WEB__SECRET": "for tests only",
    })  # fmt: skip
    fleet = Fleet(program, processes)
    try:
        await fleet.start()
        yield fleet
    finally:
        program.close()


def meet(telegram: Emulator, bot: Bot, number: int) -> list[Phone]:
    """So many people who have pressed START."""
    phones = [add_person(telegram.world, f"老师{n}") for n in range(number)]
    for phone in phones:
        telegram.world.private(phone, bot).started = True
        bot.met.add(phone.id)
    return phones
