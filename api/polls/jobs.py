"""What the clock asks of open polls: release, refresh and close what is due."""

from api.context import Context
from api.polls.service import end_poll, refresh_poll, release_poll
from api.releasing import close_due, refresh_open, release_due
from storage import polls
from storage.polls import OpenPoll


def release_due_polls(ctx: Context) -> bool:
    """Ask what is to be asked by now; true when there may be more."""
    return release_due(ctx, OpenPoll, release_poll)


def refresh_polls(ctx: Context) -> bool:
    """Show how polls stand in which somebody voted since; true when there may be more."""
    return refresh_open(ctx, OpenPoll, refresh_poll)


def close_polls(ctx: Context) -> bool:
    """Close the polls whose time has come and tell who asked; true when there may be more."""
    return close_due(ctx, polls.find_closing, _close)


def _close(ctx: Context, poll: OpenPoll) -> None:
    end_poll(ctx, poll, tell=True)
