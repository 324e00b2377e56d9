"""The account at the end: the database against what was said, done and shown; what is missing and what is double."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select, text, true
from sqlalchemy.orm import Session

from storage.attachments import Attachment
from storage.engine import Database
from storage.journals import JournalEntry
from storage.messaging import Chat, Delivery, Incoming, Message
from storage.notices import Notice, Receipt
from storage.people import Person
from storage.pushes import Push
from storage.records import Record
from storage.reminders import Reminder
from storage.tallies import find_differences
from storage.webchat import WebPost
from tests.faults.day import Somebody
from tests.faults.page import BOT


@dataclass
class Account:
    """What was found wrong, in words."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)
    looked_at: Counter[str] = field(default_factory=Counter)

    def once(self, what: str, count: int, kind: str) -> None:
        """`what` must be there exactly once."""
        self.looked_at[kind] += 1
        if count == 0:
            self.lost.append(f"{kind}: {what}")
        elif count > 1:
            self.doubled.append(f"{kind}: {what} ({count} times)")

    def never(self, found: Iterable[Any], what: str) -> None:
        """Nothing of the kind may be there."""
        self.odd += [f"{what}: {one}" for one in found]


def take_account(url: str, people: Iterable[Somebody], since: datetime, until: datetime,
                 platform: str = "") -> Account:  # fmt: skip
    """Look at everything after the service has ended; `since`: when people began, `until`: when all that was due had
    been done. `platform`: of what came and went only what is of this one."""
    database, account = Database(url), Account()
    try:
        with database.transaction() as session:
            if database.is_sqlite:
                account.never((row[0] for row in session.execute(text("PRAGMA integrity_check")) if row[0] != "ok"),
                              "the file is damaged")  # fmt: skip
                account.never(session.execute(text("PRAGMA foreign_key_check")), "a reference leads nowhere")
            _inbox(session, account, platform)
            _outbox(session, account, until, platform)
            for somebody in people:
                _said(session, account, somebody)
                _done(session, account, somebody, since)
            everybody = session.scalars(select(Person.id)).all()
            account.never(find_differences(session, everybody), "a tally is not the sum of its records")
    finally:
        database.close()
    return account


def _inbox(session: Session, account: Account, platform: str) -> None:
    waiting = session.execute(select(Incoming.event_id, Incoming.state, Incoming.reason).where(
        (Incoming.state != "done") | Incoming.reason.is_not(None),
        Incoming.platform == platform if platform else true()))  # fmt: skip
    account.never(waiting, "arrived and was not handled well")


def _outbox(session: Session, account: Account, until: datetime, platform: str) -> None:
    here = Chat.platform == platform if platform else true()
    told = select(Delivery.id, Delivery.kind, Delivery.state, Delivery.error, Message.tree).join(Message)
    stuck = told.outerjoin(Chat, Chat.id == Delivery.chat_id)  # some have no chat yet
    overdue = (Delivery.state == "ready") & (Delivery.not_before <= until)
    ended = Delivery.state.in_(("dead", "unreachable"))
    account.never(session.execute(stuck.where(here, overdue | ended)), "was not sent")
    rows = session.execute(
        select(Delivery.id, Delivery.state, func.count(WebPost.id))
        .join(Chat, Chat.id == Delivery.chat_id)
        .outerjoin(WebPost, WebPost.delivery_id == Delivery.id)
        .where(Delivery.kind == "send", Chat.platform == "web")
        .group_by(Delivery.id, Delivery.state)
    )
    for number, state, posts in rows:
        if state == "sent":
            account.once(str(number), posts, "delivery sent")
        elif posts:
            account.odd.append(f"delivery {number} is shown and {state}")
    orphans = select(WebPost.pid).where(WebPost.identity_id.is_(None), WebPost.delivery_id.is_(None))
    account.never(session.execute(orphans), "a post of the bot without a delivery")


def _said(session: Session, account: Account, somebody: Somebody) -> None:
    """Every message: once in the chat, once in the inbox; drawn once on the page."""
    drawn = Counter(post.text for chat in somebody.page.posts.values() for post in chat.values() if post.side == "mine")
    for said in somebody.page.said:
        posts = list(session.scalars(
            select(WebPost).join(Chat, Chat.id == WebPost.chat_id)
            .where(Chat.pid == said.chat, WebPost.client == said.client)
        ))  # fmt: skip
        account.once(said.text or "a photo", len(posts), "message")
        for post in posts:
            assert (post.text, len(post.files)) == (said.text, said.files)
            arrived = select(func.count()).where(Incoming.platform == "web", Incoming.event_id == post.pid)
            account.once(said.text or "a photo", session.execute(arrived).scalar_one(), "message in the inbox")
        if said.text and said.text != "推送":
            account.once(said.text, drawn[said.text], "message on the page")


def _done(session: Session, account: Account, somebody: Somebody, since: datetime) -> None:
    """Every deed: once in the database, and its answer once on the page."""
    page, deeds = somebody.page, somebody.deeds
    me = session.scalars(select(Person).where(Person.name == page.name)).one()

    def once(kind: str, tag: str, query: Select[Any]) -> None:
        account.once(tag, len(session.execute(query).all()), kind)

    for tag in deeds.logs:
        mine = (JournalEntry.person_id == me.id, JournalEntry.body.contains(tag), JournalEntry.state == "submitted")
        holder = "journal_entry:" + JournalEntry.pid
        entries = select(JournalEntry.id).where(*mine)
        once("log", tag, entries)
        stored = (Attachment.holder == holder) & (Attachment.state == "stored")
        once("photo of a log", tag, entries.join(Attachment, stored))
        counted = (Record.object == holder) & (Record.verb == "journal.submitted")
        once("log recorded", tag, entries.join(Record, counted))
    for tag in deeds.reminders:
        once("reminder", tag, select(Reminder.id).where(Reminder.person_id == me.id, Reminder.matter == tag))
    for tag in deeds.notices:
        once("notice", tag, select(Notice.id).where(Notice.text.startswith(f"{tag}：")))
    for tag in deeds.received:
        said = select(Receipt.id).join(Notice, Notice.id == Receipt.notice_id)
        once("收到", tag, said.where(Notice.text.startswith(f"{tag}："), Receipt.person_id == me.id))
    pushes = session.execute(select(Push.id).where(Push.author_id == me.id, Push.created_at > since)).all()
    for n in range(max(deeds.pushes, len(pushes))):
        account.once(f"push {n + 1} of {page.name}", (n < len(pushes)) + (n >= deeds.pushes), "push")
    shown = [post.text for post in page.posts[page.chats[BOT]].values() if post.side == "bot"]
    for parts in [*deeds.answers, *[("⏰ 提醒", tag) for tag in deeds.reminders]]:
        account.once(" … ".join(parts), sum(all(part in one for part in parts) for one in shown), "answer")
