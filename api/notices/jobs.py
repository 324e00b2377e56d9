"""What the clock and the deliverers ask of notices: release what is due, keep figures live, check before sending."""

from api.broadcasts import BATCH, STATUS_EVERY
from api.context import Context
from api.notices.service import refresh_notice, release_notice
from storage import audiences, broadcasts
from storage.communities import Community, select_audience
from storage.notices import Notice, has_receipt


def release_due_notices(ctx: Context) -> bool:
    """Send the notices whose moment has come; true when there may be more."""
    due = broadcasts.find_due(ctx.session, Notice, ctx.now, BATCH)
    for notice in due:
        release_notice(ctx, notice)
    return len(due) == BATCH


def refresh_notices(ctx: Context) -> bool:
    """Bring the figures that authors see up to date; true when there may be more."""
    open_ = broadcasts.find_open(ctx.session, Notice, ctx.now - STATUS_EVERY, BATCH)
    for notice in open_:
        refresh_notice(ctx, notice)
    return len(open_) == BATCH


def notice_stands(ctx: Context, person_id: int | None, notice_id: int) -> bool:
    """Guard: the notice was not taken back, and the person still belongs to those it is meant for."""
    notice = ctx.session.get(Notice, notice_id)
    if notice is None or notice.withdrawn_at is not None or person_id is None:
        return False
    return audiences.holds(ctx.session, select_audience(ctx.session.get_one(Community, notice.community_id)), person_id)


def notice_not_received(ctx: Context, person_id: int | None, notice_id: int) -> bool:
    """Guard: the person still has to say 收到."""
    if person_id is None or not notice_stands(ctx, person_id, notice_id):
        return False
    return not has_receipt(ctx.session, notice_id, person_id)
