"""What the clock and the deliverers ask of notices: release what is due, keep figures live, check before sending."""

from collections.abc import Collection

from api.broadcasts import still_for
from api.context import Context
from api.notices.service import places_of, refresh_notice, release_notice
from api.releasing import refresh_open, release_due
from storage.notices import Notice, find_received


def release_due_notices(ctx: Context) -> bool:
    """Send a notice whose moment has come; true when there may be more."""
    return release_due(ctx, Notice, release_notice)


def refresh_notices(ctx: Context) -> bool:
    """Bring the figures that authors see up to date; true when there may be more."""
    return refresh_open(ctx, Notice, refresh_notice)


def notice_stands(ctx: Context, people: Collection[int | None], notice_id: int) -> set[int | None]:
    """Guard: the notice was not taken back, and these people still belong to those it is meant for."""
    notice = ctx.session.get(Notice, notice_id)
    return still_for(ctx, notice, people, places_of(ctx, notice) if notice is not None else ())


def notice_not_received(ctx: Context, people: Collection[int | None], notice_id: int) -> set[int | None]:
    """Guard: these people still have to say 收到."""
    return notice_stands(ctx, people, notice_id) - find_received(ctx.session, notice_id, people)
