"""Tables of the way in and the way out: chats, inbox, messages, deliveries, dialogues, cursors.

Queries live in `inbox.py` and `outbox.py`; what the columns promise is in architecture.md (Receiving, Sending).
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Index, String, UniqueConstraint, and_, literal_column, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Id, Json, Pid, loose_ref, ref

# room in each page of PostgreSQL: a row that stays in its page when it changes needs no new entries in the indexes
CHANGED_OFTEN = {"postgresql_with": {"fillfactor": 70}}
# how deliveries end that somebody may want to know of; what nobody saw in ten seconds (acks) is not among them
LOST = ("dead", "unreachable", "expired")
DROPPED = "dropped"  # by somebody who looked at it, or when it was too late to reach anybody after all
IS_LOST = text("state IN ('dead', 'unreachable', 'expired') AND kind <> 'ack'")
# why a delivery was lost: a closed set, beside the free words of `error`
BLOCKED = "blocked"  # their accounts blocked us, left, or were closed
NO_CHAT = "no_chat"  # an account, but no private chat with it
NO_ACCOUNT = "no_account"
CHAT_GONE = "chat_gone"  # we are not in the room any more, or it is closed
REJECTED = "rejected"  # the platform refuses what we sent
UNHEARD = "unheard"  # no answer, several times: it may have been sent
GAVE_UP = "gave_up"  # it failed for a day
EXPIRED = "expired"
UNREADABLE = "unreadable"  # it cannot be put into words
GUARD = "guard"  # whether it still stands could not be asked
OTHER = "other"  # written by a version that did not say why


class Chat(Base):
    """One conversation on one platform, private or room. Both the inbox and the outbox lease chats."""

    __tablename__ = "chats"
    __table_args__ = (
        UniqueConstraint("platform", "account", "native"),
        Index("ix_chats_in_next_at", "in_next_at", postgresql_where=text("in_next_at IS NOT NULL")),
        Index("ix_chats_next_at", "next_at", postgresql_where=text("next_at IS NOT NULL")),
        CHANGED_OFTEN,
    )
    id: Mapped[Id]
    pid: Mapped[Pid]
    platform: Mapped[str] = mapped_column(String(16))
    account: Mapped[str] = mapped_column(String(64), default="")  # which of our bots
    native: Mapped[str] = mapped_column(String(255))  # the platform's chat id; "/" and its topic where it has one
    kind: Mapped[str] = mapped_column(String(8))  # private | room
    title: Mapped[str] = mapped_column(String(255), default="")
    state: Mapped[str] = mapped_column(String(8), default="active")  # active | gone | ended (a topic)
    identity_id: Mapped[int | None] = ref("identities")  # private chats: with whom
    in_next_at: Mapped[datetime | None]  # when the inbox has something for a handler
    in_leased_until: Mapped[datetime | None]
    in_fence: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime | None]  # when the outbox has something to send
    leased_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(default=0)
    blocked_until: Mapped[datetime | None]  # its platform told us to wait: only acks are sent before then
    created_at: Mapped[datetime]


class Incoming(Base):
    """What arrived, raw, kept until it was handled; unique per bot account and platform event."""

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("platform", "account", "event_id"),
        Index(
            "ix_inbox_waiting",
            "chat_id",
            "id",
            sqlite_where=text("state = 'new'"),
            postgresql_where=text("state = 'new'"),
        ),
        Index(
            "ix_inbox_waiting_key",
            "received_at",
            sqlite_where=text("state = 'waiting_key'"),
            postgresql_where=text("state = 'waiting_key'"),
        ),
        Index(
            "ix_inbox_waiting_poll",
            "reason",
            sqlite_where=text("state = 'waiting_poll'"),
            postgresql_where=text("state = 'waiting_poll'"),
        ),
        Index(
            "ix_inbox_dead", "received_at",
            sqlite_where=text("state = 'dead'"), postgresql_where=text("state = 'dead'"),
        ),
        Index("ix_inbox_handled_at", "handled_at"),
        Index(
            "ix_inbox_failed",
            "id",
            sqlite_where=text("reason IS NOT NULL"),
            postgresql_where=text("reason IS NOT NULL"),
        ),
        CHANGED_OFTEN,
    )
    id: Mapped[Id]
    platform: Mapped[str] = mapped_column(String(16))
    account: Mapped[str] = mapped_column(String(64), default="")
    event_id: Mapped[str] = mapped_column(String(255))
    chat_id: Mapped[int] = ref("chats", index=False)
    raw: Mapped[dict[str, Any]] = mapped_column(Json)
    state: Mapped[str] = mapped_column(String(16), default="new")  # new | waiting_key | waiting_poll | done | dead
    reason: Mapped[str | None]  # why dead, the reference number of a failure, the poll that is waited for
    received_at: Mapped[datetime]
    handled_at: Mapped[datetime | None]


class Message(Base):
    """What is said: a typed tree of gettext keys, rendered per recipient when it is sent."""

    __tablename__ = "messages"
    id: Mapped[Id]
    pid: Mapped[Pid]
    tree: Mapped[Any] = mapped_column(Json)
    buttons: Mapped[Any] = mapped_column(Json, default=list)  # rows of api.messaging.tree.Button
    files: Mapped[Any] = mapped_column(Json, default=list)  # pids of attachments
    poll: Mapped[Any | None] = mapped_column(Json)  # the same question where there are polls
    answers_id: Mapped[int | None] = loose_ref()  # messages: what it answers, wherever that was said
    edited_at: Mapped[datetime | None]  # for when the last edit was planned: the next one keeps its distance
    live_until: Mapped[datetime | None]  # edits stop then
    created_at: Mapped[datetime]


class Delivery(Base):
    """One message (or edit, delete, ...) to one person or chat. States: ready, sent, dead, expired, skipped,
    superseded, unreachable, dropped (by somebody who looked at it)."""

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("person_id", "dedupe_key"),
        Index(
            "ix_deliveries_ready", "chat_id", "lane", "id",
            sqlite_where=text("state = 'ready' AND chat_id IS NOT NULL"),
            postgresql_where=text("state = 'ready' AND chat_id IS NOT NULL"),
        ),
        Index(
            "ix_deliveries_asked_ready", "not_before",
            sqlite_where=text("state = 'ready' AND lane <= 0"), postgresql_where=text("state = 'ready' AND lane <= 0"),
        ),
        Index(
            "ix_deliveries_personal_ready", "not_before",
            sqlite_where=text("state = 'ready' AND lane = 1"), postgresql_where=text("state = 'ready' AND lane = 1"),
        ),
        Index(
            "ix_deliveries_unrouted", "not_before", "id",
            sqlite_where=text("state = 'ready' AND chat_id IS NULL"),
            postgresql_where=text("state = 'ready' AND chat_id IS NULL"),
        ),
        Index("ix_deliveries_lost", "id", sqlite_where=IS_LOST, postgresql_where=IS_LOST),
        Index(
            "ix_deliveries_unreachable", "created_at",
            sqlite_where=text("state = 'unreachable'"), postgresql_where=text("state = 'unreachable'"),
        ),
        Index(
            "ix_deliveries_acks", "created_at",
            sqlite_where=text("kind = 'ack'"), postgresql_where=text("kind = 'ack'"),
        ),
        Index(
            "ix_deliveries_target_id", "target_id",
            sqlite_where=text("target_id IS NOT NULL"), postgresql_where=text("target_id IS NOT NULL"),
        ),
        CHANGED_OFTEN,
    )  # fmt: skip
    id: Mapped[Id]
    pid: Mapped[Pid]
    message_id: Mapped[int] = ref("messages")
    kind: Mapped[str] = mapped_column(String(12), default="send")  # send|edit|delete|react|close_poll|ack
    lane: Mapped[int] = mapped_column(default=0)  # -1 acks, 0 replies, 1 personal, 2 bulk
    person_id: Mapped[int | None] = ref("persons", index=False)  # addressed to a person: chat_id follows at the claim
    chat_id: Mapped[int | None] = ref("chats", index=False)
    target_id: Mapped[int | None] = ref("deliveries", index=False)  # the delivery that an edit or delete changes
    handle: Mapped[str | None]  # the platform's own: callback id, thread
    not_before: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    dedupe_key: Mapped[str | None] = mapped_column(String(120))
    guard: Mapped[Any | None] = mapped_column(Json)  # [name, argument, ...] checked in the claiming transaction
    state: Mapped[str] = mapped_column(String(12), default="ready")
    attempts: Mapped[int] = mapped_column(default=0)
    pending: Mapped[bool] = mapped_column(default=False)  # claimed, answer not heard yet: after a crash, ambiguous
    unheard: Mapped[int] = mapped_column(default=0)  # attempts whose answer was never heard: each may have been sent
    error: Mapped[str | None]
    reason: Mapped[str | None] = mapped_column(String(12))  # one of those above, where it is lost
    again_at: Mapped[datetime | None]  # when it was found worth another try: from then on it may fail for a day again
    cause: Mapped[str | None] = mapped_column(String(8))  # the reference of the update that it comes of, in the logs
    sent_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


# in the words of their indexes: SQLite compares these, and a plan of PostgreSQL for any value uses no index of one
READY: Any = literal_column("'ready'")
NEW: Any = literal_column("'new'")
REPLIES: Any = literal_column("0")
ONE: Any = literal_column("1")
LETTER = and_(
    Delivery.state.in_([literal_column(f"'{state}'") for state in LOST]), Delivery.kind != literal_column("'ack'")
)
UNREACHABLE: Any = literal_column("'unreachable'")
HEALS = timedelta(days=7)  # what reached nobody for so long is not sent any more when they can be reached


class SentEvent(Base):
    """A platform event that a delivery became; the way back from a reply or a press to what we said."""

    __tablename__ = "sent_events"
    __table_args__ = (UniqueConstraint("chat_id", "native"),)
    id: Mapped[Id]
    delivery_id: Mapped[int] = ref("deliveries")
    chat_id: Mapped[int] = ref("chats", index=False)
    n: Mapped[int] = mapped_column(default=0)
    native: Mapped[str] = mapped_column(String(255))


class SentPoll(Base):
    """A poll of the platform's own that a delivery became. Votes name it without its chat."""

    __tablename__ = "sent_polls"
    __table_args__ = (UniqueConstraint("platform", "account", "native"),)
    id: Mapped[Id]
    platform: Mapped[str] = mapped_column(String(16))
    account: Mapped[str] = mapped_column(String(64), default="")
    native: Mapped[str] = mapped_column(String(255))
    delivery_id: Mapped[int] = ref("deliveries")


class Dialogue(Base):
    """An open dialogue of one account in one chat: which step waits, and what was said so far."""

    __tablename__ = "dialogues"
    __table_args__ = (UniqueConstraint("chat_id", "identity_id"),)
    id: Mapped[Id]
    pid: Mapped[Pid]
    chat_id: Mapped[int] = ref("chats", index=False)
    identity_id: Mapped[int] = ref("identities")
    name: Mapped[str] = mapped_column(String(40))
    step: Mapped[str] = mapped_column(String(40), default="")
    data: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    prompt: Mapped[Any] = mapped_column(Json, default=None)  # what it waits for, as a tree
    expires_at: Mapped[datetime] = mapped_column(index=True)
    created_at: Mapped[datetime]


class Cursor(Base):
    """Where a platform's stream was read up to: our own copy of Telegram offsets and Matrix tokens."""

    __tablename__ = "cursors"
    platform: Mapped[str] = mapped_column(String(16), primary_key=True)
    account: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[str]


class Sender(Base):
    """A bot account that its platform told to wait: nobody sends through it before then."""

    __tablename__ = "senders"
    platform: Mapped[str] = mapped_column(String(16), primary_key=True)
    account: Mapped[str] = mapped_column(String(64), primary_key=True)
    blocked_until: Mapped[datetime]


class Share(Base):
    """A process that sends through a bot account; what the account may send is divided among them."""

    __tablename__ = "shares"
    platform: Mapped[str] = mapped_column(String(16), primary_key=True)
    account: Mapped[str] = mapped_column(String(64), primary_key=True)
    holder: Mapped[str] = mapped_column(String(12), primary_key=True)
    seen_at: Mapped[datetime]
