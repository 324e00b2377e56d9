"""Teachers who talk with the bot on a platform, again and again, whatever happens on the way; and the account of it."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from random import Random
from typing import Protocol

from PIL import Image
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.attachments import Attachment
from storage.engine import Database
from storage.journals import JournalEntry
from storage.messaging import Chat, Delivery, Incoming, SentEvent
from storage.notices import Notice, Receipt
from storage.people import Person
from storage.records import Record
from tests.faults.ledger import Account

PATIENCE = 400.0  # seconds for one answer, whatever the weather
SIDE = 160  # pixels of a photo: some 40 kB


@dataclass(frozen=True, slots=True)
class Heard:
    """A message of the bot as it is shown now. `files`: how many."""

    id: str
    text: str
    labels: Sequence[str] = ()
    files: int = 0


class Phone(Protocol):
    """Somebody's chat with the bot."""

    name: str

    async def say(self, text: str) -> None:
        """Write."""

    async def show(self, photo: bytes) -> None:
        """Send a photo."""

    async def heard(self) -> list[Heard]:
        """What the bot said, oldest first."""

    async def press(self, message: Heard, label: str) -> None:
        """Press a button, or choose by its number."""


@dataclass
class Teacher:
    """What somebody did, and what must have come of it."""

    phone: Phone
    rounds: int = 0
    logs: list[str] = field(default_factory=list)
    received: list[str] = field(default_factory=list)  # notices that were answered

    async def hears(self, *parts: str, button: str = "", after: Heard | None = None) -> Heard:
        """The newest message with all of these words and this button, of those after another one."""
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    with suppress(OSError):
                        for one in reversed(await self.phone.heard()):
                            if after is not None and one.id == after.id:
                                break
                            if all(part in one.text for part in parts) and _has(one, button):
                                return one
                    await asyncio.sleep(0.1)
        except TimeoutError:
            shown = [one.text[:80] for one in (await self.phone.heard())[-6:]]
            raise AssertionError(f"{self.phone.name} waited for {parts} {button!r}; sees {shown}") from None

    async def work(self, over: asyncio.Event) -> None:
        """Logs with photos, and 收到 for every notice, until it is over; the last round is finished."""
        while not over.is_set():
            self.rounds += 1
            tag = f"{self.phone.name}写{self.rounds}号"
            await self.phone.say(f"日志 {tag}：识字课上孩子们用字卡分组找朋友，课堂很活跃，我学到很多。")
            preview = await self.hears("预览", tag, button="提交")
            await self.phone.show(a_photo(self.rounds))
            status = await self.hears("已收到", "1 张照片", button="提交", after=preview)
            await self.phone.press(status, "提交")
            await self.hears("已交到", tag)
            self.logs.append(tag)
            await self.answer_notices()

    async def answer_notices(self) -> None:
        """收到 for those that were not answered yet."""
        for one in await self.phone.heard():
            tag = notice_in(one.text)
            if tag and _has(one, "收到") and tag not in self.received:
                await self.phone.press(one, "收到")
                self.received.append(tag)


def _has(message: Heard, button: str) -> bool:
    return not button or any(button in label for label in message.labels)


def notice_in(text: str) -> str:
    """The tag of a notice that came; "" for anything else."""
    line = next((line for line in text.split("\n") if "知" in line and "号：" in line), "")
    return line.split("：")[0]


def a_photo(number: int, side: int = SIDE) -> bytes:
    """A picture unlike the others."""
    chance, out = Random(number), BytesIO()
    Image.frombytes("RGB", (side, side), chance.randbytes(side * side * 3)).save(out, "JPEG")
    return out.getvalue()


async def settle_abroad(account: Account, url: str, platform: str, teachers: Sequence[Teacher], notices: Sequence[str],
                        until: datetime, broken: str, arrived: frozenset[str]) -> tuple[int, int]:  # fmt: skip
    """Look at everything after the service has ended. `until`: when all that was due had been done; `arrived`: the ids
    of what happened there, as far as is known; `broken`: how the ids of what did not begin. Returns how many messages
    are shown that nobody knows of, and how many attempts were not heard."""
    shown = {teacher.phone.name: await teacher.phone.heard() for teacher in teachers}
    database = Database(url)
    try:
        with database.transaction() as session:
            _arrived(session, account, platform, broken, arrived)
            _sent(session, account, platform, until)
            for teacher in teachers:
                _done(session, account, teacher)
                _heard(account, teacher, shown[teacher.phone.name], notices)
            natives = {row for (row,) in session.execute(select(SentEvent.native).join(Chat).where(
                Chat.platform == platform))}  # fmt: skip
            unheard = select(func.sum(Delivery.unheard)).join(Chat).where(
                Chat.platform == platform, Delivery.kind == "send")  # fmt: skip
            ambiguous = session.execute(unheard).scalar_one() or 0
    finally:
        database.close()
    unknown = sum(one.id not in natives for heard in shown.values() for one in heard)
    return unknown, ambiguous


def _arrived(session: Session, account: Account, platform: str, broken: str, arrived: frozenset[str]) -> None:
    rows = session.execute(select(Incoming.event_id, Incoming.state, Incoming.reason).where(
        Incoming.platform == platform)).all()  # fmt: skip
    for event, state, reason in rows:
        real = event in arrived if arrived else not event.startswith(broken)
        if (real and (state != "done" or reason is not None)) or state not in ("done", "dead", "waiting_key"):
            account.odd.append(f"arrived and was not handled well: {event} {state} {reason}")
    there = Counter(row.event_id for row in rows)
    for event in arrived:
        account.once(event, there[event], "arrived")


def _sent(session: Session, account: Account, platform: str, until: datetime) -> None:
    stuck = select(Delivery.id, Delivery.kind, Delivery.state, Delivery.error).join(Chat).where(
        Chat.platform == platform, Delivery.kind != "ack",
        ((Delivery.state == "ready") & (Delivery.not_before <= until))
        | Delivery.state.in_(("dead", "unreachable")),
    )  # fmt: skip
    account.never(session.execute(stuck), "was not sent")


def _done(session: Session, account: Account, teacher: Teacher) -> None:
    me = session.scalars(select(Person).where(Person.name == teacher.phone.name)).one()
    holder = "journal_entry:" + JournalEntry.pid
    for tag in teacher.logs:
        mine = (JournalEntry.person_id == me.id, JournalEntry.body.contains(f"{tag}："),
                JournalEntry.state == "submitted")  # fmt: skip
        entries = select(JournalEntry.id).where(*mine)
        account.once(tag, len(session.execute(entries).all()), "log")
        photo = entries.join(Attachment, (Attachment.holder == holder) & (Attachment.state == "stored"))
        account.once(tag, len(session.execute(photo).all()), "photo of a log")
        counted = entries.join(Record, (Record.object == holder) & (Record.verb == "journal.submitted"))
        account.once(tag, len(session.execute(counted).all()), "log recorded")
    for tag in teacher.received:
        receipts = select(Receipt.id).join(Notice, Notice.id == Receipt.notice_id)
        found = session.execute(receipts.where(Notice.text.startswith(f"{tag}："), Receipt.person_id == me.id)).all()
        account.once(tag, len(found), "收到")


async def answered(url: str, teachers: Sequence[Teacher], seconds: float) -> None:
    """Wait until every 收到 is known: one that was pressed is still on its way. The account tells of those that are
    not known after `seconds`."""
    database = Database(url)
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while await database.read(_receipts) < sum(len(teacher.received) for teacher in teachers):
                    await asyncio.sleep(0.2)
    finally:
        await asyncio.to_thread(database.close)


def _receipts(session: Session) -> int:
    return session.execute(select(func.count(Receipt.id))).scalar_one()


def _heard(account: Account, teacher: Teacher, shown: Sequence[Heard], notices: Sequence[str]) -> None:
    """Every answer and every notice, once each where nothing is doubled, in order."""
    for tag in teacher.logs:
        count = sum("已交到" in one.text and tag in one.text for one in shown)
        account.once(f"{teacher.phone.name}: 已交到 {tag}", count, "answer")
    came = [tag for one in shown if (tag := notice_in(one.text))]
    for tag in notices:
        account.once(f"{teacher.phone.name}: {tag}", came.count(tag), "notice")
    first = list(dict.fromkeys(came))
    if first != [tag for tag in notices if tag in first]:
        account.odd.append(f"{teacher.phone.name} heard notices in another order: {first}")
    photos = sum(one.files for one in shown)
    if not len(first) <= photos <= len(came):
        account.odd.append(f"{teacher.phone.name} has {photos} photos of {len(came)} notices")
