"""Which process reads a stream that only one may read (Telegram's updates): the fence of the owner by lock.

A version before the lock held the row alone, until it ran out: it is waited for, and kept out by a row that lasts.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.locks import LOCKED
from storage.messaging import Cursor
from storage.writing import upsert

READER = "reader"


def begin(session: Session, platform: str, account: str, holder: str, now: datetime, until: datetime) -> bool:
    """Make `holder`, who has the lock, the one who reads; False while a claim without a lock stands."""
    fresh = upsert(session, Cursor).values(platform=platform, account=account, name=READER, value="")
    session.execute(fresh.on_conflict_do_nothing(index_elements=["platform", "account", "name"]))
    cursor = _held(session, platform, account)
    assert cursor is not None
    who, _, end = cursor.value.partition(" ")
    if who not in ("", holder) and not who.startswith(LOCKED) and datetime.fromisoformat(end) > now:
        return False
    cursor.value = f"{holder} {until.isoformat()}"
    session.flush()
    return True


def go_on(session: Session, platform: str, account: str, holder: str, until: datetime) -> bool:
    """Whether `holder` is still the one who reads. Nobody else is until this transaction ends."""
    cursor = _held(session, platform, account)
    if cursor is None or cursor.value.partition(" ")[0] != holder:
        return False
    cursor.value = f"{holder} {until.isoformat()}"
    session.flush()
    return True


def _held(session: Session, platform: str, account: str) -> Cursor | None:
    mine = (Cursor.platform == platform, Cursor.account == account, Cursor.name == READER)
    query = select(Cursor).where(*mine).with_for_update().execution_options(populate_existing=True)
    return session.scalars(query).first()
