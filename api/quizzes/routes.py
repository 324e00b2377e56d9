"""Quizzes over HTTP: banks, pushes, answering; what /newquiz and /quiz do in chat, by the same operations."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api.context import Context
from api.http import Caller, Cursor, Limit, Page, page_of
from api.numbers import read_number
from api.quizzes import answering, pushes, service
from api.quizzes.answering import Result
from api.quizzes.service import Found
from api.quizzes.shapes import (
    AnsweredOut,
    AnswerIn,
    AttemptOut,
    DraftOut,
    FoundOut,
    PersonOut,
    PushIn,
    PushOut,
    QuizChange,
    QuizIn,
    QuizOut,
    RemindedOut,
    StatisticsOut,
    TextIn,
    WaitingOut,
)
from storage.communities import Community
from storage.people import Person
from storage.quiz_pushes import QuizPush
from storage.quizzes import Quiz

router = APIRouter(tags=["quizzes"])


@router.get("/quizzes")
async def bank(call: Caller, words: Annotated[str, Query(max_length=200)] = "",
               community: Annotated[str | None, Query(max_length=12)] = None, cursor: Cursor = None,
               limit: Limit = 20) -> Page[FoundOut]:  # fmt: skip
    """Quizzes of the banks you may push from, newest first."""

    def shape(_ctx: Context, found: list[Found]) -> Page[FoundOut]:
        shown, after = page_of(found, limit, lambda each: each.quiz.pid)
        return Page(
            items=[
                FoundOut(pid=each.quiz.pid, title=each.quiz.title, tags=each.quiz.tags, bank=each.bank,
                         author=each.author, questions=each.questions)
                for each in shown
            ],
            next=after,
        )  # fmt: skip

    operation = partial(service.find_quizzes, community_pid=community, before=cursor, limit=limit + 1)
    return await call(operation, words, shape=shape)


@router.post("/quizzes", status_code=201)
async def add(call: Caller, quiz: QuizIn) -> QuizOut:
    """Put a typed quiz into a bank; 422 `quiz.faults` names the lines that cannot be read."""
    return await call(
        service.add_quiz, quiz.community, quiz.text, quiz.title, quiz.tags, shape=QuizOut.of, status=201
    )  # fmt: skip


@router.post("/quiz-drafts", status_code=201)
async def read(call: Caller, draft: TextIn) -> DraftOut:
    """What a typed quiz says, and every fault by its line; nothing is kept."""
    return await call(service.read_quiz, draft.text, shape=DraftOut.of, status=201)


@router.get("/quizzes/{pid}")
async def show(call: Caller, pid: str) -> QuizOut:
    """A quiz of a bank you may push from, with its answers."""
    return await call(service.get_quiz_for, pid, shape=QuizOut.of)


@router.patch("/quizzes/{pid}")
async def change(call: Caller, pid: str, quiz: QuizChange) -> QuizOut:
    """Change a quiz. New questions of one that went out make a new quiz in its place: mind the answer's pid."""
    return await call(service.edit_quiz, pid, shape=QuizOut.of, **quiz.model_dump())


@router.delete("/quizzes/{pid}", status_code=204, response_class=Response)
async def remove(call: Caller, pid: str) -> Response:
    """Take a quiz out of its bank; pushes of it that wait do not go out."""
    await call(service.remove_quiz, pid, shape=lambda _ctx, _row: None)
    return Response(status_code=204)


@router.get("/quiz-pushes")
async def pushed(call: Caller, cursor: Cursor = None, limit: Limit = 20) -> Page[PushOut]:
    """The quizzes you pushed, newest first, without figures."""

    def shape(_ctx: Context, found: list[tuple[QuizPush, Quiz, Community]]) -> Page[PushOut]:
        shown, after = page_of(found, limit, lambda row: row[0].pid)
        return Page(items=[PushOut.listed(*row) for row in shown], next=after)

    return await call(pushes.list_pushes, cursor, limit + 1, shape=shape)


@router.post("/quiz-pushes", status_code=201)
async def push(call: Caller, push: PushIn) -> PushOut:
    """Push a quiz, now or later."""
    named: dict[str, Any] = push.model_dump(exclude={"quiz", "community"})
    return await call(partial(pushes.push_quiz, **named), push.quiz, push.community, shape=PushOut.of, status=201)


@router.get("/quiz-pushes/{pid}")
async def show_push(call: Caller, pid: str) -> PushOut:
    """A quiz you pushed, or one that is meant for you."""
    return await call(pushes.get_push_for, pid, shape=PushOut.of)


@router.get("/quiz-pushes/{pid}/statistics")
async def statistics(call: Caller, pid: str) -> StatisticsOut:
    """How it goes, question by question; for the one who pushed only."""
    return await call(pushes.get_statistics, pid, shape=StatisticsOut.of)


@router.get("/quiz-pushes/{pid}/missing")
async def missing(call: Caller, pid: str, cursor: Cursor = None, limit: Limit = 20) -> Page[PersonOut]:
    """Who has not finished, by name; for the one who pushed only."""
    first = read_number(cursor, 9) or 0

    def shape(_ctx: Context, found: tuple[QuizPush, Sequence[Person], int]) -> Page[PersonOut]:
        items = [PersonOut(pid=person.pid, name=person.name) for person in found[1]]
        return Page(items=items, next=str(first + limit) if found[2] > first + limit else None)

    return await call(pushes.find_missing, pid, first, limit, shape=shape)


@router.post("/quiz-pushes/{pid}/reminders", status_code=201)
async def remind(call: Caller, pid: str) -> RemindedOut:
    """Remind those who have not finished, each in private and at most once a day."""
    return await call(pushes.remind_missing, pid, shape=lambda _ctx, n: RemindedOut(reminded=n), status=201)


@router.post("/quiz-pushes/{pid}/withdrawal", status_code=201)
async def withdraw(call: Caller, pid: str) -> PushOut:
    """Take a pushed quiz back everywhere."""
    return await call(pushes.withdraw_push, pid, shape=PushOut.of, status=201)


@router.get("/me/quizzes")
async def waiting(call: Caller, cursor: Cursor = None, limit: Limit = 20) -> Page[WaitingOut]:
    """What waits for your answers, newest first."""

    def shape(_ctx: Context, found: list[tuple[QuizPush, Quiz, str]]) -> Page[WaitingOut]:
        shown, after = page_of(found, limit, lambda row: row[0].pid)
        return Page(
            items=[
                WaitingOut(push=push.pid, title=quiz.title, community=name, closes_at=push.closes_at)
                for push, quiz, name in shown
            ],
            next=after,
        )

    return await call(answering.find_waiting, limit + 1, cursor, shape=shape)


@router.get("/quiz-pushes/{pid}/attempts")
async def attempts(call: Caller, pid: str, cursor: Cursor = None, limit: Limit = 20) -> Page[AttemptOut]:
    """Your own attempts at a quiz, in order."""

    def shape(ctx: Context, found: list[Result]) -> Page[AttemptOut]:
        shown, after = page_of(found, limit, lambda each: str(each.attempt.n))
        return Page(items=[AttemptOut.of_result(ctx, each) for each in shown], next=after)

    return await call(answering.list_attempts, pid, read_number(cursor, 9) or 0, limit + 1, shape=shape)


@router.post("/quiz-pushes/{pid}/attempts", status_code=201)
async def start(call: Caller, pid: str) -> AttemptOut:
    """Begin your next attempt, or take up the one begun; `next` is its first question."""
    return await call(answering.start_attempt, pid, shape=AttemptOut.of, status=201)


@router.get("/attempts/{pid}")
async def show_attempt(call: Caller, pid: str) -> AttemptOut:
    """One of your attempts, and the next question of it."""
    return await call(answering.get_attempt_for, pid, shape=AttemptOut.of)


@router.post("/attempts/{pid}/answers", status_code=201)
async def answer(call: Caller, pid: str, given: AnswerIn) -> AnsweredOut:
    """Answer a question of your attempt; what is right and why comes back at once."""
    operation = partial(answering.answer_question, picked=given.picked, words=given.words)
    return await call(operation, pid, given.n, shape=AnsweredOut.of, status=201)
