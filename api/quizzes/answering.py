"""Answering a pushed quiz in private (C4): attempts, answers graded at once, results; every attempt is a record (G11).

`answer_question` and `answer_push` take an idempotency key: a platform's event (a vote in its quiz poll) counts once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from api.access import ROLES, can, today_in
from api.broadcasts import is_for, wants_refresh
from api.communities.audiences import deliver_in_waking_hours, places_where
from api.context import Context
from api.errors import Conflict, Forbidden, Invalid, not_found
from api.messaging.outbox import write_message
from api.messaging.render import clean
from api.messaging.tree import T
from api.quizzes import status
from api.quizzes.marks import MOST_OPTIONS
from api.quizzes.pushes import around, check_open, refresh_push
from api.quizzes.questions import SHORT, SINGLE, TRUTH, Question, normal
from api.quizzes.service import PUSH, bank_of, mask_of, picked_of, question_of
from api.records.service import record
from storage import audiences, quiz_pushes, quizzes
from storage import broadcasts as rows
from storage.quiz_pushes import Answer, Attempt, QuizPush
from storage.quizzes import Question as Row
from storage.quizzes import Quiz

WORDS_LIMIT = 500
NOT_YOURS = T("This quiz is not for you, so nothing was counted.")
LEFT = 200  # begun attempts that one job ends


@dataclass(frozen=True, slots=True)
class Answered:
    """What answering gave: the question, what counts for it, and whether that was given now (no repeat)."""

    push: QuizPush
    attempt: Attempt
    question: Question
    n: int
    picked: tuple[int, ...]
    correct: bool
    first: bool


@dataclass(frozen=True, slots=True)
class Result:
    """How a finished attempt went; `left`: how many more there may be (none: any number); 0 when it is settled."""

    attempt: Attempt
    questions: int
    left: int | None


def start_attempt(ctx: Context, push_pid: str) -> Attempt:
    """Begin who acts' next attempt at a push, or take up the one begun.

    Raises Forbidden for people it is not for, Conflict when it is over, taken back, or no attempt is left.
    """
    push = _get_push(ctx, push_pid)
    check_open(ctx, push)
    _check_mine(ctx, push)
    tried = quiz_pushes.attempts_of(ctx.session, push.id, ctx.me.id, lock=True)
    if tried and tried[-1].finished_at is None:
        return tried[-1]
    if tried and _left(push, tried, _count(ctx, push)) == 0:
        raise Conflict("quiz.no_attempt_left", _nothing_left(tried, _count(ctx, push)))
    quiz_pushes.add_attempt(ctx.session, push.id, ctx.me.id, len(tried) + 1, ctx.now)
    return quiz_pushes.attempts_of(ctx.session, push.id, ctx.me.id, lock=True)[-1]


def next_question(ctx: Context, attempt: Attempt) -> tuple[int, Question] | None:
    """(number, question) of the first question that is not answered in an attempt; None when all are."""
    answered = {answer.question_id for answer in quiz_pushes.answers_of(ctx.session, attempt.id)}
    push = ctx.session.get_one(QuizPush, attempt.push_id)
    for row in quizzes.questions_of(ctx.session, push.quiz_id):
        if row.id not in answered:
            return row.n, question_of(row)
    return None


def get_attempt_for(ctx: Context, pid: str) -> Attempt:
    """One's own attempt. Raises NotFound."""
    attempt = quiz_pushes.get_attempt(ctx.session, pid)
    if attempt is None or attempt.person_id != ctx.me.id:
        raise not_found("attempt.unknown")
    return attempt


def push_of(ctx: Context, attempt: Attempt) -> QuizPush:
    """What an attempt is at."""
    return ctx.session.get_one(QuizPush, attempt.push_id)


def check_answerable(ctx: Context, attempt: Attempt) -> None:
    """Raise as answering would: Conflict when it is over, Forbidden for who no longer belongs to those it is for."""
    push = push_of(ctx, attempt)
    check_open(ctx, push)
    _check_mine(ctx, push)


def get_question(ctx: Context, attempt: Attempt, n: int) -> Question:
    """The n-th question of an attempt's quiz. Raises NotFound."""
    return question_of(_row(ctx, attempt, n))


def answer_question(ctx: Context, attempt_pid: str, n: int, picked: Sequence[int] = (), words: str = "",
                    vote_key: str = "") -> Answered:  # fmt: skip
    """Answer the n-th question of one's own attempt: `picked` options (from 0; truth: 0 true, 1 false), or `words`.

    The last answer finishes the attempt. The same `vote_key` again changes nothing and gives the same. Raises
    Conflict when the question was answered or the quiz is over, Invalid when the answer does not fit the question.
    """
    if (earlier := _counted(ctx, vote_key)) is not None:
        return earlier
    attempt = quiz_pushes.get_attempt(ctx.session, attempt_pid, lock=True)
    if attempt is None or attempt.person_id != ctx.me.id:
        raise not_found("attempt.unknown")
    push = ctx.session.get_one(QuizPush, attempt.push_id)
    check_open(ctx, push)
    _check_mine(ctx, push)
    row = _row(ctx, attempt, n)
    answers = quiz_pushes.answers_of(ctx.session, attempt.id)
    if attempt.finished_at is not None or row.id in [answer.question_id for answer in answers]:
        raise Conflict("quiz.answered", T("You have answered this question already."))
    question = question_of(row)
    picked, words = _check_answer(question, picked, words)
    correct = _is_correct(question, picked, words)
    answer = Answer(
        attempt_id=attempt.id, question_id=row.id, picked=mask_of(picked), words=words, correct=correct,
        vote_key=vote_key or None, at=ctx.now,
    )  # fmt: skip
    ctx.session.add(answer)
    ctx.session.flush()
    if len(answers) + 1 == _count(ctx, push):
        _finish(ctx, push, attempt, [*answers, answer])
    if wants_refresh(ctx, push):
        refresh_push(ctx, push)
    return Answered(push, attempt, question, n, tuple(picked), correct, True)


def answer_push(ctx: Context, push_pid: str, picked: Sequence[int], vote_key: str = "") -> Answered:
    """Answer a push of one question on the spot, by a press or vote where only the presser is told.

    Pressing the same option twice is one answer. Raises as `start_attempt` and `answer_question` do.
    """
    if (earlier := _counted(ctx, vote_key)) is not None:
        return earlier
    push = _get_push(ctx, push_pid)
    if _count(ctx, push) != 1:
        raise Invalid("quiz.several", T("This quiz has several questions. Press “Take the quiz”."))
    tried = quiz_pushes.attempts_of(ctx.session, push.id, ctx.me.id, lock=True)
    if tried and tried[-1].finished_at is not None:
        last = quiz_pushes.answers_of(ctx.session, tried[-1].id)
        if last and last[0].picked == mask_of([n for n in picked if 0 <= n < MOST_OPTIONS]):
            raise Conflict("quiz.answered", T("You have answered this question already."))
    return answer_question(ctx, start_attempt(ctx, push_pid).pid, 1, picked, vote_key=vote_key)


def is_own_poll(ctx: Context, platform: str, account: str, native: str) -> bool:
    """Whether a platform's poll was sent to who acts; passed on, others can vote in it too."""
    return quiz_pushes.is_own_poll(ctx.session, platform, account, native, ctx.me.id)


def get_result(ctx: Context, attempt: Attempt) -> Result:
    """How one's attempt went."""
    push = ctx.session.get_one(QuizPush, attempt.push_id)
    count = _count(ctx, push)
    return Result(attempt, count, _left(push, quiz_pushes.attempts_of(ctx.session, push.id, attempt.person_id), count))


def list_attempts(ctx: Context, push_pid: str, after: int = 0, limit: int = 20) -> list[Result]:
    """One's own attempts at a push, in order, from the one after number `after`."""
    push = _get_push(ctx, push_pid)
    tried = quiz_pushes.attempts_of(ctx.session, push.id, ctx.me.id)
    count = _count(ctx, push)
    left = _left(push, tried, count)
    return [Result(each, count, left) for each in tried if each.n > after][:limit]


def find_waiting(ctx: Context, limit: int = 10, before: str | None = None) -> list[tuple[QuizPush, Quiz, str]]:
    """(push, quiz, community's name) of what who acts can still answer and has not finished, newest first."""
    places, banks = audiences.select_places_of(ctx.me.id, today_in(ctx), ROLES, (), True), places_where(ctx, PUSH)
    return quiz_pushes.find_open_for(ctx.session, ctx.me.id, places, banks, ctx.now, limit, before)


def finish_left(ctx: Context, push: QuizPush) -> bool:
    """End attempts that were begun and not finished when a quiz closes, and say so; true when there may be more.

    Who only looked at the first question has not tried.
    """
    quiz, _, _ = around(ctx, push)
    left = quiz_pushes.find_unfinished(ctx.session, push.id, LEFT)
    for attempt in left:
        _finish(ctx, push, attempt, quiz_pushes.answers_of(ctx.session, attempt.id))
        message = write_message(ctx, status.ended_tree(quiz, attempt, _count(ctx, push)))
        deliver_in_waking_hours(ctx, message, quiz_pushes.only_person(attempt.person_id))
    return len(left) == LEFT


def _finish(ctx: Context, push: QuizPush, attempt: Attempt, answers: Sequence[Answer]) -> None:
    _, community, _ = around(ctx, push)
    count = _count(ctx, push)
    attempt.finished_at, attempt.score = ctx.now, sum(answer.correct for answer in answers)
    attempt.passed = attempt.score * 100 >= push.pass_mark * count if push.pass_mark else None
    ctx.session.flush()
    thing, who = f"quiz_push:{push.pid}", attempt.person_id
    result: dict[str, Any] = {"attempt": attempt.pid, "score": attempt.score, "questions": count}
    record(ctx, "quiz.attempted", thing, community, person_id=who, **result)
    if attempt.passed:
        record(ctx, "quiz.passed", thing, community, person_id=who, **result)


def _left(push: QuizPush, tried: Sequence[Attempt], count: int) -> int | None:
    """How many more attempts there may be: none after a pass or a full score."""
    if any(each.passed or (each.finished_at is not None and each.score == count) for each in tried):
        return 0
    return None if push.attempts == 0 else max(0, push.attempts - len(tried))


def _nothing_left(tried: Sequence[Attempt], count: int) -> T:
    best = max(tried, key=lambda each: each.score)
    say = T("You have passed this quiz already: {score} of {all} right.", score=best.score, all=count)
    if best.passed or best.score == count:
        return say
    return T("You have used all your attempts: {score} of {all} right.", score=best.score, all=count)


def _get_push(ctx: Context, pid: str) -> QuizPush:
    push = rows.get_by_pid(ctx.session, QuizPush, pid)
    if push is None or push.released_at is None:
        raise not_found("quiz_push.unknown")
    return push


def _check_mine(ctx: Context, push: QuizPush) -> None:
    if push.author_id == ctx.me.id:
        raise Forbidden("quiz.own", T("You sent this quiz yourself, so your answers would not count."))
    if can(ctx, PUSH, bank_of(ctx, around(ctx, push)[0])):
        raise Forbidden("quiz.knows", T("You can see the answers in the quiz bank, so yours would not count."))
    if not is_for(ctx, push, around(ctx, push)[1]):
        raise Forbidden("quiz.not_yours", NOT_YOURS)


def _counted(ctx: Context, vote_key: str) -> Answered | None:
    """What a vote was counted as before."""
    found = quiz_pushes.find_vote(ctx.session, vote_key) if vote_key else None
    if found is None:
        return None
    answer, attempt = found
    if attempt.person_id != ctx.me.id:
        raise not_found("attempt.unknown")
    row = ctx.session.get_one(Row, answer.question_id)
    push = ctx.session.get_one(QuizPush, attempt.push_id)
    return Answered(push, attempt, question_of(row), row.n, picked_of(answer.picked), answer.correct, False)


def _check_answer(question: Question, picked: Sequence[int], words: str) -> tuple[list[int], str]:
    """The answer as it is kept; raises Invalid when it does not fit the question."""
    words = clean(words).strip()
    if question.kind == SHORT:
        if not words or len(words) > WORDS_LIMIT:
            say = T("Type your answer, at most {limit} characters.", limit=WORDS_LIMIT)
            raise Invalid("quiz.words", say, limit=WORDS_LIMIT)
        return [], words
    chosen = sorted(set(picked))
    among = 2 if question.kind == TRUTH else len(question.options)
    if not chosen or chosen[0] < 0 or chosen[-1] >= among:
        raise Invalid("quiz.picked", T("Choose one of the options."), options=among)
    if question.kind in (SINGLE, TRUTH) and len(chosen) > 1:
        raise Invalid("quiz.one", T("Only one option is right here. Choose one."), options=among)
    return chosen, ""


def _is_correct(question: Question, picked: Sequence[int], words: str) -> bool:
    if question.kind == SHORT:
        return normal(words) in {normal(each) for each in question.accepted}
    return tuple(picked) == question.right


def _row(ctx: Context, attempt: Attempt, n: int) -> Row:
    push = ctx.session.get_one(QuizPush, attempt.push_id)
    row = quizzes.get_question(ctx.session, push.quiz_id, n)
    if row is None:
        raise not_found("question.unknown")
    return row


def _count(ctx: Context, push: QuizPush) -> int:
    return quizzes.count_questions(ctx.session, [push.quiz_id]).get(push.quiz_id, 0)
