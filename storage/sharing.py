"""Who else sends through a bot account right now: what its platform allows is divided among them."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from storage.messaging import Share
from storage.writing import QUIET_UPDATE, upsert


def show_up(session: Session, platform: str, account: str, holder: str, now: datetime, since: datetime) -> list[str]:
    """Say that `holder` sends through an account; returns everybody who said so after `since`, in order."""
    row = upsert(session, Share).values(platform=platform, account=account, holder=holder, seen_at=now)
    same = {"seen_at": row.excluded.seen_at}
    session.execute(row.on_conflict_do_update(index_elements=["platform", "account", "holder"], set_=same))
    mine = (Share.platform == platform, Share.account == account)
    session.execute(delete(Share).where(*mine, Share.seen_at <= since), execution_options=QUIET_UPDATE)
    return list(session.scalars(select(Share.holder).where(*mine).order_by(Share.holder)))


def leave(session: Session, platform: str, account: str, holder: str) -> None:
    """Leave what one had to the others."""
    mine = (Share.platform == platform, Share.account == account, Share.holder == holder)
    session.execute(delete(Share).where(*mine), execution_options=QUIET_UPDATE)
