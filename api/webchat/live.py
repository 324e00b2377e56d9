"""What the live connections of one process ask together: which chats changed, whose pages are open."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from api.context import Context
from storage import webchat


def lately_changed(ctx: Context, span: timedelta) -> tuple[list[tuple[int, int]], list[tuple[int, datetime]]]:
    """What changed within a span: chats as (id, last change), accounts as (id, when)."""
    return webchat.lately_changed(ctx.session, ctx.now - span)


def keep_presence(ctx: Context, identity_ids: Iterable[int]) -> None:
    """Pages of these accounts are open."""
    webchat.touch(ctx.session, identity_ids, seen_at=ctx.now)
