"""What the clock and the deliverers ask of quizzes: release, refresh and close what is due, check before sending."""

from api.broadcasts import BATCH, STATUS_EVERY, settle
from api.context import Context
from api.quizzes.answering import finish_left
from api.quizzes.pushes import close_push, refresh_push, release_push
from storage import audiences, broadcasts, quiz_pushes
from storage.communities import Community, select_audience
from storage.quiz_pushes import QuizPush


def release_due_quizzes(ctx: Context) -> bool:
    """Send the quizzes whose moment has come; true when there may be more."""
    due = broadcasts.find_due(ctx.session, QuizPush, ctx.now, BATCH)
    for push in due:
        release_push(ctx, push)
    return len(due) == BATCH


def refresh_quizzes(ctx: Context) -> bool:
    """Bring the figures that senders see up to date; true when there may be more."""
    open_ = broadcasts.find_open(ctx.session, QuizPush, ctx.now - STATUS_EVERY, BATCH)
    for push in open_:
        refresh_push(ctx, push)
        settle(ctx, push)
    return len(open_) == BATCH


def close_quizzes(ctx: Context) -> bool:
    """Close the quizzes whose time has come; begun attempts end with what was answered. True when there may be more."""
    for push in (due := quiz_pushes.find_closing(ctx.session, ctx.now, 1)):
        if push.withdrawn_at is not None or not finish_left(ctx, push):
            close_push(ctx, push)
    return bool(due)


def quiz_stands(ctx: Context, person_id: int | None, push_id: int) -> bool:
    """Guard: the quiz can still be answered, and the person still belongs to those it is for."""
    push = ctx.session.get(QuizPush, push_id)
    if push is None or push.withdrawn_at is not None or push.closed_at is not None or person_id is None:
        return False
    if push.closes_at is not None and push.closes_at <= ctx.now:
        return False
    return audiences.holds(ctx.session, select_audience(ctx.session.get_one(Community, push.community_id)), person_id)


def quiz_not_answered(ctx: Context, person_id: int | None, push_id: int) -> bool:
    """Guard: the person still has to finish an attempt."""
    if person_id is None or not quiz_stands(ctx, person_id, push_id):
        return False
    return all(each.finished_at is None for each in quiz_pushes.attempts_of(ctx.session, push_id, person_id))
