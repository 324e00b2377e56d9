"""Which processes of the service there are: each says now and then that it is here, until it ends."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base
from storage.writing import upsert


class Process(Base):
    """One running process. What it says of itself, and when it last did."""

    __tablename__ = "processes"
    name: Mapped[str] = mapped_column(String(120), primary_key=True)  # machine:number
    role: Mapped[str] = mapped_column(String(8))  # all | api | bot | worker
    address: Mapped[str] = mapped_column(String(255), default="")  # where it is asked on its machine; "": nowhere
    started_at: Mapped[datetime]
    ticked_at: Mapped[datetime | None]  # when its clock last began a job
    seen_at: Mapped[datetime]


class Seen(NamedTuple):
    """A process as it said last that it is here."""

    name: str
    role: str
    address: str
    started_at: datetime
    ticked_at: datetime | None
    seen_at: datetime


def beat(session: Session, **columns: object) -> None:
    """A process is here. `columns` are all of its row."""
    row = upsert(session, Process).values(**columns)
    changed = {name: row.excluded[name] for name in columns if name != "name"}
    session.execute(row.on_conflict_do_update(index_elements=["name"], set_=changed))


def forget(session: Session, name: str, before: datetime) -> None:
    """A process ended; so did those that were last seen before a moment, without saying so."""
    session.execute(delete(Process).where((Process.name == name) | (Process.seen_at < before)))


def all_seen(session: Session) -> list[Seen]:
    """Every process that did not say that it ended, those seen last first."""
    columns = [getattr(Process, name) for name in Seen._fields]
    return [Seen(*row) for row in session.execute(select(*columns).order_by(Process.seen_at.desc(), Process.name))]
