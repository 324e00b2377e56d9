"""What the clock and the deliverers ask of quizzes: release, refresh and close what is due, check before sending."""

from collections.abc import Collection

from api.broadcasts import still_for
from api.context import Context
from api.quizzes.answering import finish_left
from api.quizzes.pushes import close_push, refresh_push, release_push
from api.releasing import close_due, refresh_open, release_due
from storage import quiz_pushes
from storage.quiz_pushes import QuizPush


def release_due_quizzes(ctx: Context) -> bool:
    """Send the quizzes whose moment has come; true when there may be more."""
    return release_due(ctx, QuizPush, release_push)


def refresh_quizzes(ctx: Context) -> bool:
    """Bring the figures that senders see up to date; true when there may be more."""
    return refresh_open(ctx, QuizPush, refresh_push)


def close_quizzes(ctx: Context) -> bool:
    """Close the quizzes whose time has come; begun attempts end with what was answered. True when there may be more."""
    return close_due(ctx, quiz_pushes.find_closing, _close)


def _close(ctx: Context, push: QuizPush) -> None:
    if push.withdrawn_at is not None or not finish_left(ctx, push):
        close_push(ctx, push)


def quiz_stands(ctx: Context, people: Collection[int | None], push_id: int) -> set[int | None]:
    """Guard: the quiz can still be answered, and these people still belong to those it is for."""
    push = ctx.session.get(QuizPush, push_id)
    if push is None or push.closed_at is not None or (push.closes_at is not None and push.closes_at <= ctx.now):
        return set()
    return still_for(ctx, push, people)


def quiz_not_answered(ctx: Context, people: Collection[int | None], push_id: int) -> set[int | None]:
    """Guard: these people still have to finish an attempt."""
    return quiz_stands(ctx, people, push_id) - quiz_pushes.find_finished(ctx.session, push_id, people)
