"""Clock jobs of messaging: dialogues that waited too long end politely; what was handled long ago is forgotten."""

from datetime import datetime, timedelta

import structlog

from api.context import Context
from api.messaging.dialogues import close_dialogue, expired_dialogues
from api.messaging.outbox import PERSONAL, say_in_chat
from api.messaging.receiving import purge_inbox
from api.messaging.tree import T
from storage import idempotency, inbox, leases, letters, messages, retention
from storage.messaging import HEALS

log = structlog.get_logger()

BATCH, MANY = 100, 500
SOON, LATER = timedelta(minutes=1), timedelta(hours=1)  # nothing of the inbox, and no next try, is due so late
LONGEST_LEASE = timedelta(hours=2)  # a log with all the files that it may hold, sent as slowly as one waits for
KEEP_ANSWERS = timedelta(hours=24)
KEEP_ACKS = timedelta(hours=24)
WALK = ("", "", "retention")  # whose cursor says up to which message was looked
WALK_AGAIN = timedelta(days=7)  # what had to stay may go later
WAITED = T("I stopped waiting for your answer, it has been a day. What you handed in or saved is still there.")


def end_dialogues(ctx: Context) -> bool:
    """Close dialogues nobody answered for a day, and say so once; True when there may be more."""
    over = expired_dialogues(ctx, BATCH)
    for dialogue in over:
        say_in_chat(ctx, dialogue.chat_id, WAITED, lane=PERSONAL)
        close_dialogue(ctx, dialogue)
    return len(over) == BATCH


def put_right(ctx: Context) -> bool:
    """See whether the clock was put back, by what could wait for no moment so late, and let it wait no longer."""
    moved = leases.put_right(ctx.session, ctx.now, SOON, LATER, LONGEST_LEASE)
    if moved:
        log.warning("the clock was put back: what waited for the moment before that is due now", things=moved)
        ctx.wake("inbox")
        ctx.wake("outbox")
    return False


def forget_handled(ctx: Context) -> bool:
    """Purge inbox rows and idempotent answers whose repeats are not expected any more, and the answers to presses that
    were seen or not; True when there may be more."""
    forgotten = (
        idempotency.purge(ctx.session, ctx.now - KEEP_ANSWERS),
        messages.purge_acks(ctx.session, ctx.now - KEEP_ACKS),
        purge_inbox(ctx),
    )
    return any(forgotten)


def forget_unreached(ctx: Context) -> bool:
    """What reached nobody and would not be sent late any more is no letter any more: of a county that is still being
    bound there are more every day. Who sent it still sees whom it did not reach. True when there may be more."""
    return letters.drop_unreached(ctx.session, ctx.now - HEALS, MANY) == MANY


def forget_said(ctx: Context) -> bool:
    """Prune one batch of what was said long ago and nothing refers to, and go on after it; True when there may be more.

    Messages are looked at in their order, each once a week at most: nothing is searched for.
    """
    keep = ctx.config.retention
    last, _, began = (inbox.get_cursor(ctx.session, *WALK) or f"0 {ctx.now.isoformat()}").partition(" ")
    said, dead = ctx.now - timedelta(days=keep.said_days), ctx.now - timedelta(days=keep.dead_days)
    reached, more = retention.prune(ctx.session, int(last), said, min(said, dead))
    if not more and ctx.now - datetime.fromisoformat(began) >= WALK_AGAIN:
        reached, began = 0, ctx.now.isoformat()
    inbox.save_cursor(ctx.session, *WALK, f"{reached} {began}")
    return more
