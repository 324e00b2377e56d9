"""Votes in polls that a platform drew: what they are for, and those that come before we know their poll."""

from datetime import timedelta

from api.context import Context
from api.messaging.outbox import REPLY, say_in_chat
from api.messaging.tree import T
from storage import votes
from storage.arrivals import NO_POLL
from storage.messaging import Chat

PATIENCE = timedelta(minutes=10)  # what became of a sent poll is known by then, or never
BATCH = 100
AGAIN = T("I could not tell which question you just answered. Please answer the last one I sent you once more.")


def about_of(ctx: Context, platform: str, account: str, native: str) -> str | None:
    """What a vote in this poll is for (`Poll.about`); None while we do not know that it is ours."""
    return votes.find_about(ctx.session, platform, account, native)


def settle_votes(ctx: Context) -> bool:
    """Votes whose poll is known by now are handled; after ten minutes one is asked to vote again (C4).

    They are freed when the poll's sending is committed; this finds those that came in that very moment.
    """
    votes.free_known(ctx.session, ctx.now)
    lost = votes.give_up(ctx.session, ctx.now - PATIENCE, ctx.now, NO_POLL, BATCH)
    for chat_id in dict.fromkeys(lost):
        if ctx.session.get_one(Chat, chat_id).kind == "private":
            say_in_chat(ctx, chat_id, AGAIN, lane=REPLY)
    ctx.wake("inbox")
    return len(lost) == BATCH
