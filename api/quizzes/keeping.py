"""What is stored of a person's quizzes and attempts: handed out, and forgotten."""

from typing import Any

from api.context import Context
from storage import quiz_pushes, quizzes
from storage.people import Person


def export_quizzes(ctx: Context, person: Person) -> dict[str, Any]:
    """Every quiz a person typed and pushed, and every attempt with what they answered."""
    given: dict[int, list[dict[str, Any]]] = {}
    for answer in quiz_pushes.answers_of_person(ctx.session, person.id):
        said = {"question": answer.question_id, "picked": answer.picked, "words": answer.words}
        given.setdefault(answer.attempt_id, []).append({**said, "correct": answer.correct, "at": answer.at.isoformat()})
    return {
        "quizzes": [
            {"pid": quiz.pid, "title": quiz.title, "tags": quiz.tags, "created_at": quiz.created_at.isoformat()}
            for quiz in quizzes.all_quizzes_of(ctx.session, person.id)
        ],
        "quiz_pushes": [
            {"pid": push.pid, "place": push.place, "release_at": push.release_at.isoformat()}
            for push in quiz_pushes.all_pushes_of(ctx.session, person.id)
        ],
        "attempts": [
            {"pid": attempt.pid, "push": pid, "n": attempt.n, "score": attempt.score, "passed": attempt.passed,
             "started_at": attempt.started_at.isoformat(), "answers": given.get(attempt.id, [])}
            for attempt, pid in quiz_pushes.all_attempts_of(ctx.session, person.id)
        ],
    }  # fmt: skip


def erase_quizzes(ctx: Context, person: Person) -> None:
    """Forget what a person typed as answers; pushes of theirs that wait never go out. A bank keeps its questions."""
    for answer in quiz_pushes.answers_of_person(ctx.session, person.id):
        answer.words, answer.vote_key = "", None
    for push in quiz_pushes.all_pushes_of(ctx.session, person.id):
        if push.released_at is None and push.withdrawn_at is None:
            push.withdrawn_at = push.settled_at = ctx.now
    ctx.session.flush()
