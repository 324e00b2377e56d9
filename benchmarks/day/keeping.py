"""The database after the day, against what was said and done; how late deliveries were; how much room it all takes."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, func, select, text
from sqlalchemy.orm import Session

from api.messaging.outbox import LANES
from api.times import utcnow
from benchmarks.day.acts import NOTICE, RESOURCE
from benchmarks.day.diary import Diary, Span
from benchmarks.day.town import Town
from storage.engine import Database
from storage.journals import JournalEntry
from storage.messaging import LOST, Chat, Delivery, Incoming
from storage.notices import Receipt
from storage.pushes import Opening
from storage.quiz_pushes import Answer
from storage.relays import Relay
from storage.reminders import Reminder
from storage.stock import database_bytes
from tests.emulators.telegram import Emulator

SIZES = "SELECT relname, pg_total_relation_size(relid) FROM pg_stat_user_tables"
COMMITS = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
WHOLE = "database"


@dataclass
class Found:
    """`lags`: (phase, platform, lane) -> seconds after its moment that each delivery was sent. `lost`: in words."""

    lags: dict[tuple[str, str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    lost: list[str] = field(default_factory=list)
    handled: int = 0
    sent: int = 0


def take_account(url: str, town: Town, telegram: Emulator, diary: Diary) -> Found:
    """Look at everything after the service has ended."""
    database, found = Database(url), Found()
    try:
        with database.transaction() as session:
            _inbox(session, found)
            _outbox(session, diary, found)
            _deeds(session, diary, found)
    finally:
        database.close()
    _told(town, telegram, found)
    return found


def _inbox(session: Session, found: Found) -> None:
    by_state = select(Incoming.state, func.count()).group_by(Incoming.state)
    states = Counter({state: count for state, count in session.execute(by_state)})
    failed = session.execute(select(func.count()).where(Incoming.reason.is_not(None))).scalar_one()
    found.handled = states.pop("done", 0)
    found.lost += [f"{count} arrived and are {state}" for state, count in states.items()]
    found.lost += [f"{failed} could not be handled"] if failed else []


def _outbox(session: Session, diary: Diary, found: Found) -> None:
    rows = select(
        Chat.platform, Delivery.lane, Delivery.kind, Delivery.state, Delivery.not_before, Delivery.created_at,
        Delivery.sent_at, Delivery.error,
    ).outerjoin(Chat, Chat.id == Delivery.chat_id)  # fmt: skip
    now = utcnow()
    for platform, lane, kind, state, not_before, created_at, sent_at, error in session.execute(rows):
        if sent_at is not None and state == "sent":
            found.sent += 1
            moment = max(not_before, created_at)
            if span := _span_of(diary.spans, moment):
                found.lags[span.name, platform, LANES[lane]].append((sent_at - moment).total_seconds())
        elif kind != "ack" and (state in LOST or (state == "ready" and not_before <= now)):
            found.lost.append(f"a delivery on {platform} is {state}: {error}")


def _span_of(spans: list[Span], moment: Any) -> Span | None:
    return next((span for span in spans if span.began <= moment <= span.ended), None)


def _deeds(session: Session, diary: Diary, found: Found) -> None:
    def count(what: str, query: Select[Any], wanted: int) -> None:
        if (number := session.execute(query).scalar_one()) != wanted:
            found.lost.append(f"{what}: {number} instead of {wanted}")

    bodies = session.scalars(select(JournalEntry.body).where(JournalEntry.state == "submitted")).all()
    logs = Counter(body.partition("：")[0] for body in bodies)
    found.lost += [f"log {tag}: {logs[tag]} times" for tag in diary.logs if logs[tag] != 1]
    matters = Counter(session.scalars(select(Reminder.matter)))
    found.lost += [f"reminder {tag}: {matters[tag]} times" for tag in diary.reminders if matters[tag] != 1]
    count("openings", select(func.count()).select_from(Opening), diary.done["opened"])
    count("answers", select(func.count()).select_from(Answer), diary.done["quiz"])
    count("receipts", select(func.count()).select_from(Receipt), diary.done["received"])
    count("words in rooms", select(func.count()).select_from(Relay), diary.done["talk"])


def _told(town: Town, telegram: Emulator, found: Found) -> None:
    """Everybody on Telegram was told once by the push and once by the notice."""
    for words, part in ((RESOURCE, "推荐了一个资源"), (NOTICE, "通知 · ")):
        told = Counter(
            str(one.parameters["chat_id"]) for one in telegram.world.accepted
            if one.method == "sendmessage" and words in (said := str(one.parameters.get("text", ""))) and part in said
        )  # fmt: skip
        wrong = [phone.id for n, phone in town.phones.items() if n and told[str(phone.id)] != 1]
        found.lost += [f"{len(wrong)} were not told once: {words}"] if wrong else []


def weigh(url: str) -> dict[str, int]:
    """Bytes of the database, and on PostgreSQL of each table with its indexes; there also how many commits it had."""
    database = Database(url)
    try:
        with database.transaction() as session:
            sizes = {WHOLE: database_bytes(session)}
            if not database.is_sqlite:
                sizes |= {str(name): int(size) for name, size in session.execute(text(SIZES))}
                sizes["commits"] = session.execute(text(COMMITS)).scalar_one()
            return sizes
    finally:
        database.close()
