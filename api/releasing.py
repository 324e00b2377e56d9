"""What the clock does with rows that are due: each by itself, so that what fails with one stops no other.

Something sent to many is released, refreshed and closed one a transaction: a county's notice alone is work enough for
one, and a job runs again at once while there is more.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

import structlog
from sqlalchemy.orm import Session

from api.broadcasts import STATUS_EVERY, STATUS_LIFE, settle
from api.context import Context
from api.messaging.outbox import tell_person
from api.messaging.tree import T
from api.metrics import JOB_FAILURES
from storage import broadcasts
from storage.broadcasts import Broadcast
from storage.communities import Community
from storage.engine import after_commit, storage_failed

log = structlog.get_logger()

LOOK_AGAIN = timedelta(hours=1)

Row = TypeVar("Row", bound=Broadcast)


def went_well(ctx: Context, act: Callable[..., Any], row: Any, *more: Any) -> bool:
    """Do `act(ctx, row, *more)`; False when it failed: then it left nothing, and the log and /metrics know.

    The caller must change a failed row so that it is not due at once again. A database that is away is raised: all of
    this transaction comes again.
    """
    try:
        with ctx.attempt():
            act(ctx, row, *more)
    except Exception as error:
        if storage_failed(error):
            raise
        name = f"{act.__module__}.{act.__name__}"
        log.exception("something due failed; the others go on", what=name, pid=row.pid)
        after_commit(ctx.session, JOB_FAILURES.labels(name).inc)
        return False
    return True


def release_due(ctx: Context, table: type[Row], release_one: Callable[[Context, Row], Any]) -> bool:
    """Release the row whose moment has come first; true when there may be more.

    One that cannot go out is taken back and its author told: later, and nobody knows when, it may be wrong to send it.
    """
    for row in (due := broadcasts.find_due(ctx.session, table, ctx.now, 1)):
        if not went_well(ctx, release_one, row):
            row.withdrawn_at = row.settled_at = ctx.now
            went_well(ctx, _tell_author, row)
    return bool(due)


def _tell_author(ctx: Context, row: Broadcast) -> None:
    community = ctx.session.get_one(Community, row.community_id)
    say = T(
        "What you wanted to send to {community} did not go out: something failed here. Please send it again.",
        community=community.name,
    )
    tell_person(ctx, row.author_id, say)


def refresh_open(ctx: Context, table: type[Row], refresh_one: Callable[[Context, Row], Any]) -> bool:
    """Bring the figures of one row up to date and end their watching when they are final; true when there may be more.

    What fails is looked at again in an hour, by the clock and by those who answer.
    """
    for row in (open_ := broadcasts.find_open(ctx.session, table, ctx.now - STATUS_EVERY, 1)):
        if went_well(ctx, refresh_one, row):
            settle(ctx, row)
            continue
        row.refreshed_at = ctx.now + LOOK_AGAIN
        if row.released_at is not None and ctx.now - row.released_at > STATUS_LIFE:
            row.settled_at = ctx.now
    return bool(open_)


def close_due(ctx: Context, find: Callable[[Session, datetime, int], Sequence[Any]],
              close_one: Callable[[Context, Any], Any]) -> bool:  # fmt: skip
    """Close the row whose time has come first (`find(session, now, limit)`); true when there may be more.

    One that cannot be closed well is closed without a word: nobody can answer it any more in any case.
    """
    for row in (due := find(ctx.session, ctx.now, 1)):
        if not went_well(ctx, close_one, row):
            row.closed_at = row.settled_at = ctx.now
    return bool(due)
