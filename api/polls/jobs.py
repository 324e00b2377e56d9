"""What the clock asks of open polls: release, refresh and close what is due."""

from api.broadcasts import BATCH, STATUS_EVERY, settle
from api.context import Context
from api.polls.service import end_poll, refresh_poll, release_poll
from storage import broadcasts, polls
from storage.polls import OpenPoll


def release_due_polls(ctx: Context) -> bool:
    """Ask what is to be asked by now; true when there may be more."""
    due = broadcasts.find_due(ctx.session, OpenPoll, ctx.now, BATCH)
    for poll in due:
        release_poll(ctx, poll)
    return len(due) == BATCH


def refresh_polls(ctx: Context) -> bool:
    """Show how polls stand in which somebody voted since; true when there may be more."""
    open_ = broadcasts.find_open(ctx.session, OpenPoll, ctx.now - STATUS_EVERY, BATCH)
    for poll in open_:
        refresh_poll(ctx, poll)
        settle(ctx, poll)
    return len(open_) == BATCH


def close_polls(ctx: Context) -> bool:
    """Close the polls whose time has come and tell who asked; true when there may be more."""
    due = polls.find_closing(ctx.session, ctx.now, BATCH)
    for poll in due:
        end_poll(ctx, poll, tell=True)
    return len(due) == BATCH
