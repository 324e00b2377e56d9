"""Who sends through a bot account right now: what its platform allows is divided among them, and its chats are theirs.

All of it by the database's own time: machines whose clocks differ would take each other for gone.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, func, literal, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement

from storage.messaging import Share
from storage.writing import QUIET_UPDATE, upsert

GONE = timedelta(seconds=10)  # who said nothing for so long is


class ago(FunctionElement[Any]):
    """`ago(seconds)`: the database's time so long before this transaction began."""

    inherit_cache = True

    def __init__(self, seconds: float) -> None:
        super().__init__(literal(seconds))


@compiles(ago)
def _ago(element: ago, compiler: Any, **how: Any) -> str:
    [seconds] = element.clauses
    return str(compiler.process(func.now() - func.make_interval(0, 0, 0, 0, 0, 0, seconds), **how))


@compiles(ago, "sqlite")
def _ago_there(element: ago, compiler: Any, **how: Any) -> str:
    [seconds] = element.clauses
    before = literal("-").concat(seconds).concat(" seconds")
    return str(compiler.process(func.strftime("%Y-%m-%d %H:%M:%f", "now", before), **how))


def show_up(session: Session, platform: str, account: str, holder: str) -> list[str]:
    """Say that `holder` sends through an account; returns everybody who said so lately, in order."""
    row = upsert(session, Share).values(platform=platform, account=account, holder=holder, seen_at=ago(0))
    same = {"seen_at": row.excluded.seen_at}
    session.execute(row.on_conflict_do_update(index_elements=["platform", "account", "holder"], set_=same))
    mine, gone = (Share.platform == platform, Share.account == account), GONE.total_seconds()
    # what is later than now was said before the database's own clock was put back
    lost = or_(Share.seen_at <= ago(gone), Share.seen_at > ago(-gone))
    session.execute(delete(Share).where(*mine, lost), execution_options=QUIET_UPDATE)
    return list(session.scalars(select(Share.holder).where(*mine).order_by(Share.holder)))


def leave(session: Session, platform: str, account: str, holder: str) -> None:
    """Leave what one had to the others."""
    mine = (Share.platform == platform, Share.account == account, Share.holder == holder)
    session.execute(delete(Share).where(*mine), execution_options=QUIET_UPDATE)


def somebody_serves(platform: Any, account: Any) -> ColumnElement[bool]:
    """That some process sends through an account. Never on SQLite, where there is one."""
    there = (Share.platform == platform, Share.account == account, Share.seen_at > ago(GONE.total_seconds()))
    return exists().where(*there)
