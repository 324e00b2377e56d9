"""What arrived and could not be handled, for operators: what cannot be read, and handlers that failed.

Whoever meets a failed handler is told to try again, so these are tried again one by one only; what could not be read
nobody was told of. What is old would surprise: it is left.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from api.context import Context
from api.messaging.tree import T
from storage import arrivals
from storage.arrivals import FAILED, GIVEN_UP, UNREADABLE, ArrivalRow

BATCH = 500
YOUNG = timedelta(days=3)  # what is older was not meant to be done today
KINDS: dict[str, T] = {
    UNREADABLE: T("it could not be read"),
    FAILED: T("its handler failed; they were told this number"),
    GIVEN_UP: T("what it waited for never came; they were asked to say it again"),
}


class Handled(NamedTuple):
    """How many are handled again; `next` goes on after them where there may be more."""

    n: int
    next: int | None


def list_arrivals(ctx: Context, limit: int = 50, platform: str | None = None, before: int | None = None,
                  ) -> list[ArrivalRow]:  # fmt: skip
    """What could not be handled, newest first; `before` is the id of the last one seen."""
    return arrivals.page_arrivals(ctx.session, ctx.now - YOUNG, limit, platform, before)


def retry_arrivals(ctx: Context, numbers: Sequence[str] | None = None, platform: str | None = None,
                   after: int = 0) -> Handled:  # fmt: skip
    """Handle again what has these ids or reference numbers; without any, what could not be read. Up to 500 at once.

    Each is handled once, in the order of its chat, before what waits there.
    """
    found = arrivals.take_arrivals(ctx.session, ctx.now - YOUNG, BATCH, numbers=numbers, platform=platform, after=after)
    if found:
        arrivals.handle_again(ctx.session, found, ctx.now)
        ctx.wake("inbox")
    return Handled(len(found), found[-1][0] if len(found) == BATCH else None)
