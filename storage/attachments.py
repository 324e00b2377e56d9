"""Tables and queries of attachments: files people sent or we made, on their way into the blob store and out of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Index,
    LargeBinary,
    Select,
    String,
    bindparam,
    delete,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base, BigId, Id, Json, Pid, ref
from storage.reach import Reach
from storage.writing import QUIET_UPDATE, among, table_of, take


class Attachment(Base):
    """One file. `next_at` is when a worker has something to do with it: fetch it, move its bytes, purge its blob."""

    __tablename__ = "attachments"
    __table_args__ = (
        Index("ix_attachments_next_at", "next_at", postgresql_where=text("next_at IS NOT NULL")),
        Index("ix_attachments_holder", "holder"),
        Index("ix_attachments_owner", "owner_id", "created_at"),
    )
    id: Mapped[Id]
    pid: Mapped[Pid]
    owner_id: Mapped[int | None] = ref("persons", index=False)
    platform: Mapped[str] = mapped_column(String(16), default="")  # "" where we hold the bytes ourselves
    account: Mapped[str] = mapped_column(String(64), default="")
    ref: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)  # what the platform fetches it by
    kind: Mapped[str] = mapped_column(String(8))  # photo | voice | video | document
    name: Mapped[str] = mapped_column(String(200))
    mime: Mapped[str] = mapped_column(String(120))
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    state: Mapped[str] = mapped_column(String(8), default="pending")  # pending | stored | failed | removed
    blob_key: Mapped[str | None] = mapped_column(String(40))
    holder: Mapped[str] = mapped_column(String(60), default="")  # "journal_entry:<pid>": what it belongs to
    error: Mapped[str | None] = mapped_column(String(40))  # why failed: a slug of api.attachments.texts
    attempts: Mapped[int] = mapped_column(default=0)  # the fence: an outcome counts for the attempt it was made in
    tries: Mapped[int] = mapped_column(default=0, server_default="0")  # of them, those that count
    next_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class AttachmentPayload(Base):
    """Bytes that wait in the database until a worker moved them to the blob store: a crash loses none."""

    __tablename__ = "attachment_payloads"
    attachment_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    data: Mapped[bytes] = mapped_column(LargeBinary)


@dataclass(slots=True)
class LeasedFile:
    """One attachment that this worker alone may work on until the lease ends. `has_payload`: we hold its bytes."""

    id: int
    attempt: int
    until: datetime
    state: str
    platform: str
    account: str
    ref: dict[str, Any]
    kind: str
    name: str
    mime: str
    size: int
    blob_key: str | None
    has_payload: bool


def get_by_pid(session: Session, pid: str) -> Attachment | None:
    """An attachment by its public id, removed ones too."""
    return session.scalars(select(Attachment).where(Attachment.pid == pid)).first()


def find_by_pids(session: Session, pids: Sequence[str]) -> list[Attachment]:
    """Attachments that are not removed, in the order of `pids`."""
    rows = session.scalars(select(Attachment).where(Attachment.pid.in_(pids), Attachment.state != "removed"))
    found = {row.pid: row for row in rows}
    return [found[pid] for pid in pids if pid in found]


def of_holders(session: Session, holders: Sequence[str]) -> dict[str, list[Attachment]]:
    """holder -> its attachments as they were sent, removed ones left out."""
    query = select(Attachment).where(Attachment.holder.in_(holders), Attachment.state != "removed")
    found: dict[str, list[Attachment]] = {holder: [] for holder in holders}
    for row in session.scalars(query.order_by(Attachment.id)):
        found[row.holder].append(row)
    return found


def held_before(session: Session, holder: str, before: datetime, limit: int) -> list[Attachment]:
    """Up to `limit` attachments of a holder that are older than a moment, removed ones left out."""
    query = select(Attachment).where(
        Attachment.holder == holder, Attachment.state != "removed", Attachment.created_at < before
    )
    return list(session.scalars(query.order_by(Attachment.id).limit(limit)))


def of_owner(session: Session, person_id: int) -> list[Attachment]:
    """Everything a person sent or made that is not removed."""
    query = select(Attachment).where(Attachment.owner_id == person_id, Attachment.state != "removed")
    return list(session.scalars(query.order_by(Attachment.id)))


def sum_since(session: Session, person_id: int, since: datetime) -> tuple[int, int]:
    """(files, bytes) that a person added since a moment; removed ones count too."""
    query = select(func.count(), func.coalesce(func.sum(Attachment.size), 0))
    row = session.execute(query.where(Attachment.owner_id == person_id, Attachment.created_at > since)).one()
    return int(row[0]), int(row[1])


def add_payload(session: Session, attachment_id: int, data: bytes) -> None:
    """Keep bytes until a worker moves them."""
    session.add(AttachmentPayload(attachment_id=attachment_id, data=data))


def get_payload(session: Session, attachment_id: int) -> bytes | None:
    """Bytes that were not moved yet."""
    return session.execute(
        select(AttachmentPayload.data).where(AttachmentPayload.attachment_id == attachment_id)
    ).scalar_one_or_none()


def drop_payload(session: Session, attachment_id: int) -> None:
    """The bytes are in the blob store now, or not wanted any more."""
    session.execute(delete(AttachmentPayload).where(AttachmentPayload.attachment_id == attachment_id))


FILES = table_of(Attachment)
NOW = bindparam("now", type_=FILES.c.next_at.type)
LEASE = (
    update(FILES)
    .where(among(FILES.c.id, "taken"))
    .values(next_at=bindparam("until"), attempts=FILES.c.attempts + 1, tries=FILES.c.tries + 1)
    .returning(*[FILES.c[name] for name in (
        "id", "attempts", "next_at", "state", "platform", "account", "ref", "kind", "name", "mime", "size", "blob_key",
    )])
)  # fmt: skip


@lru_cache
def _due(reach: Reach) -> Select[Any]:
    here = reach.covers(FILES.c.platform, FILES.c.account)
    query = select(FILES.c.id).where(
        FILES.c.next_at <= NOW, or_(FILES.c.platform == "", here, FILES.c.state == "removed")
    )
    return query.order_by(FILES.c.next_at).limit(bindparam("most")).with_for_update(skip_locked=True)


def lease(session: Session, reach: Reach, now: datetime, limit: int, seconds: float) -> list[LeasedFile]:
    """Lease up to `limit` due attachments whose bytes we hold, whose platform is here, or which are to be purged."""
    until = now + timedelta(seconds=seconds)
    rows = take(session, _due(reach), {"now": now, "most": limit}, LEASE, {"until": until})
    held = _with_payload(session, [row.id for row in rows])
    return [LeasedFile(*(*row, row.id in held)) for row in rows]


def _with_payload(session: Session, ids: Sequence[int]) -> set[int]:
    if not ids:
        return set()
    query = select(AttachmentPayload.attachment_id).where(AttachmentPayload.attachment_id.in_(ids))
    return set(session.scalars(query))


def renew(session: Session, file: LeasedFile, until: datetime) -> None:
    """Let a lease last until then; nothing, when something became of the file or another attempt has begun since."""
    session.execute(update(Attachment).where(*_held(file)).values(next_at=until), execution_options=QUIET_UPDATE)


def end_lease(session: Session, file: LeasedFile, now: datetime) -> None:
    """Make a leased file due again; nothing, when something became of it or another attempt has begun since. It was
    not tried to its end, so that does not count."""
    given_back = update(Attachment).where(*_held(file)).values(next_at=now, tries=Attachment.tries - 1)
    session.execute(given_back, execution_options=QUIET_UPDATE)


def _held(file: LeasedFile) -> tuple[ColumnElement[bool], ...]:
    return Attachment.id == file.id, Attachment.attempts == file.attempt, Attachment.next_at == file.until


def get_leased(session: Session, attachment_id: int, attempt: int) -> Attachment | None:
    """The attachment for its outcome; None when another attempt has begun since."""
    mine = (Attachment.id == attachment_id, Attachment.attempts == attempt)
    return session.scalars(select(Attachment).where(*mine).with_for_update()).first()


def next_due(session: Session) -> datetime | None:
    """When a worker has something to do next."""
    return session.execute(select(func.min(Attachment.next_at)).where(Attachment.next_at.is_not(None))).scalar_one()


def remove(session: Session, ids: Sequence[int], now: datetime, purge_at: datetime) -> None:
    """Nobody sees them from now on; their blobs are purged at `purge_at`."""
    session.execute(
        update(Attachment).where(Attachment.id.in_(ids)).values(state="removed", removed_at=now, next_at=purge_at),
        execution_options={"synchronize_session": "fetch"},
    )
