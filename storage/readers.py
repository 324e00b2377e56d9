"""Which process reads a stream that only one may read (Telegram's updates): a claim that runs out by itself."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.messaging import Cursor
from storage.writing import upsert

READER = "reader"


def claim(session: Session, platform: str, account: str, holder: str, now: datetime, until: datetime) -> bool:
    """Let `holder` read until `until`, unless somebody else's claim stands; whether it may. A past `until` ends it."""
    fresh = upsert(session, Cursor).values(platform=platform, account=account, name=READER, value="")
    session.execute(fresh.on_conflict_do_nothing(index_elements=["platform", "account", "name"]))
    mine = (Cursor.platform == platform, Cursor.account == account, Cursor.name == READER)
    cursor = session.scalars(
        select(Cursor).where(*mine).with_for_update().execution_options(populate_existing=True)
    ).one()
    who, _, end = cursor.value.partition(" ")
    if who not in ("", holder) and datetime.fromisoformat(end) > now:
        return False
    cursor.value = f"{holder} {until.isoformat()}"
    session.flush()
    return True
