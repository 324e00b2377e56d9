"""Quizzes as /v1 shows them."""

from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime, BaseModel, Field, StrictBool, StrictInt

from api.context import Context
from api.messaging.render import plain
from api.quizzes import answering, pushes, service
from api.quizzes.answering import Answered, Result
from api.quizzes.parsing import Draft
from api.quizzes.questions import Question
from api.quizzes.status import Figures, Tally
from storage.communities import Community
from storage.quiz_pushes import Attempt, QuizPush
from storage.quizzes import Quiz

Place = Literal["rooms", "people", "both"]


class TextIn(BaseModel):
    """A quiz as it is typed: “1．…  A．…  B．…  答案：B  解析：…”, or Aiken."""

    text: str = Field(max_length=25_000)


class QuizIn(TextIn):
    """A quiz for a bank. Without a title it takes the text's first line before number 1."""

    community: str = Field(max_length=12, description="pid of a workshop, school or region")
    title: str = Field("", max_length=1000)
    tags: list[str] = Field(default=[], max_length=50)


class QuizChange(BaseModel):
    """What to change; what is left out stays."""

    text: str | None = Field(None, max_length=25_000)
    title: str | None = Field(None, max_length=1000)
    tags: list[str] | None = Field(None, max_length=50)


class AskedOut(BaseModel):
    """A question as it is asked. kind: single | multiple | truth | short."""

    n: int
    kind: str
    stem: str
    options: list[str]

    @classmethod
    def asked(cls, n: int, question: Question) -> "AskedOut":
        """Without its answer."""
        return cls(n=n, kind=question.kind, stem=question.stem, options=list(question.options))


class QuestionOut(AskedOut):
    """With its answer: `right` are options from 0 (truth: 0 true, 1 false), `accepted` the words of short answers."""

    right: list[int]
    accepted: list[str]
    reason: str
    tags: list[str]

    @classmethod
    def of(cls, n: int, question: Question) -> "QuestionOut":
        """The shape of a question."""
        return cls(
            n=n, kind=question.kind, stem=question.stem, options=list(question.options), right=list(question.right),
            accepted=list(question.accepted), reason=question.reason, tags=list(question.tags),
        )  # fmt: skip


class FaultOut(BaseModel):
    """What cannot be read, in which line from 1."""

    line: int
    code: str
    what: str


class DraftOut(BaseModel):
    """What a text says."""

    title: str
    questions: list[QuestionOut]
    faults: list[FaultOut]

    @classmethod
    def of(cls, ctx: Context, draft: Draft) -> "DraftOut":
        """The shape of a draft, the faults in the caller's language."""
        reader = ctx.reader(ctx.actor)
        return cls(
            title=draft.title, questions=[QuestionOut.of(n, each) for n, each in enumerate(draft.questions, 1)],
            faults=[FaultOut(line=each.line, code=each.code, what=plain(each.say, reader)) for each in draft.faults],
        )  # fmt: skip


class QuizOut(BaseModel):
    """A quiz of a bank, with its answers."""

    pid: str
    community: str
    author: str
    title: str
    tags: list[str]
    questions: list[QuestionOut]
    created_at: datetime
    changed_at: datetime

    @classmethod
    def of(cls, ctx: Context, quiz: Quiz) -> "QuizOut":
        """The shape of a quiz."""
        questions = service.questions_of(ctx, quiz)
        return cls(
            pid=quiz.pid, community=service.bank_of(ctx, quiz).pid, author=service.author_of(ctx, quiz).pid,
            questions=[QuestionOut.of(n, each) for n, each in enumerate(questions, 1)],
            title=quiz.title, tags=quiz.tags, created_at=quiz.created_at, changed_at=quiz.changed_at,
        )  # fmt: skip


class FoundOut(BaseModel):
    """A quiz in a list."""

    pid: str
    title: str
    tags: list[str]
    bank: str
    author: str
    questions: int


class PushIn(BaseModel):
    """A push of a quiz. `attempts` 0: any number; `pass_mark` in percent, 0: none."""

    quiz: str = Field(max_length=12)
    community: str = Field(max_length=12, description="pid of a workshop, school or region")
    place: Place = "rooms"
    urgent: StrictBool = Field(False, description="also wakes people in their quiet hours")
    release_at: AwareDatetime | None = Field(None, description="later than now; none: now")
    closes_at: AwareDatetime | None = Field(None, description="none: it stays open")
    attempts: StrictInt = Field(pushes.USUAL_ATTEMPTS, ge=0, le=pushes.MOST_ATTEMPTS)
    pass_mark: StrictInt = Field(pushes.USUAL_PASS_MARK, ge=0, le=100)


class PushOut(BaseModel):
    """A pushed quiz. The figures are for the one who pushed; others get none."""

    pid: str
    title: str
    community: str
    place: str
    release_at: datetime
    released_at: datetime | None
    closes_at: datetime | None
    closed_at: datetime | None
    withdrawn_at: datetime | None
    attempts: int
    pass_mark: int
    quiz: str | None = None
    reached: int | None = Field(None, description="people it is meant for")
    answered: int | None = None
    passed: int | None = None
    missing: int | None = None
    unreachable: int | None = Field(None, description="people it did not reach")

    @classmethod
    def listed(cls, push: QuizPush, quiz: Quiz, community: Community) -> "PushOut":
        """Without figures, as in a list."""
        return cls(
            pid=push.pid, title=quiz.title, community=community.pid, place=push.place, release_at=push.release_at,
            released_at=push.released_at, closes_at=push.closes_at, closed_at=push.closed_at,
            withdrawn_at=push.withdrawn_at, attempts=push.attempts, pass_mark=push.pass_mark,
        )  # fmt: skip

    @classmethod
    def of(cls, ctx: Context, push: QuizPush, figures: Figures | None = None) -> "PushOut":
        """The shape of a push for who asks."""
        quiz, community, _ = pushes.around(ctx, push)
        shape = cls.listed(push, quiz, community)
        if push.author_id == ctx.me.id:
            numbers = figures or pushes.figures(ctx, push)
            shape.quiz, shape.reached, shape.answered, shape.passed = (
                quiz.pid, push.reached, numbers.answered, numbers.passed,
            )  # fmt: skip
            shape.missing, shape.unreachable = numbers.missing, sum(numbers.lost.values())
        return shape


class TallyOut(BaseModel):
    """One question over everybody's first attempt; `options` counts who chose each."""

    n: int
    stem: str
    answers: int
    correct: int
    options: list[int]


class StatisticsOut(BaseModel):
    """How a push goes, question by question."""

    push: PushOut
    questions: list[TallyOut]

    @classmethod
    def of(cls, ctx: Context, found: tuple[QuizPush, Quiz, Figures, list[Tally]]) -> "StatisticsOut":
        """The shape of statistics."""
        push, _, figures, tallies = found
        return cls(
            push=PushOut.of(ctx, push, figures),
            questions=[
                TallyOut(n=each.n, stem=each.question.stem, answers=each.answers, correct=each.correct,
                         options=list(each.options))
                for each in tallies
            ],
        )  # fmt: skip


class WaitingOut(BaseModel):
    """A quiz that waits for your answers."""

    push: str
    title: str
    community: str
    closes_at: datetime | None


class AttemptOut(BaseModel):
    """One of your attempts. `next` is the question to answer; `left`: how many more attempts, none: any number."""

    pid: str
    n: int
    questions: int
    score: int | None = Field(None, description="right answers, when it is finished")
    passed: bool | None = None
    finished_at: datetime | None
    next: AskedOut | None
    left: int | None

    @classmethod
    def of(cls, ctx: Context, attempt: Attempt) -> "AttemptOut":
        """The shape of an attempt."""
        return cls.of_result(ctx, answering.get_result(ctx, attempt))

    @classmethod
    def of_result(cls, ctx: Context, result: Result) -> "AttemptOut":
        """The shape of an attempt and how it went."""
        attempt = result.attempt
        asked = answering.next_question(ctx, attempt) if attempt.finished_at is None else None
        return cls(
            pid=attempt.pid, n=attempt.n, questions=result.questions, finished_at=attempt.finished_at,
            score=attempt.score if attempt.finished_at else None, passed=attempt.passed,
            next=AskedOut.asked(*asked) if asked else None, left=result.left,
        )  # fmt: skip


class AnswerIn(BaseModel):
    """An answer to question `n`: `picked` options from 0 (truth: 0 true, 1 false), or `words`."""

    n: StrictInt = Field(ge=1, le=100)
    picked: list[int] = Field(default=[], max_length=20)
    words: str = Field("", max_length=5000)


class AnsweredOut(BaseModel):
    """Whether it was right, what is right and why, and how the attempt stands."""

    correct: bool
    question: QuestionOut
    attempt: AttemptOut

    @classmethod
    def of(cls, ctx: Context, done: Answered) -> "AnsweredOut":
        """The shape of what answering gave."""
        question = QuestionOut.of(done.n, done.question)
        return cls(correct=done.correct, question=question, attempt=AttemptOut.of(ctx, done.attempt))


class PersonOut(BaseModel):
    """Somebody who has not finished."""

    pid: str
    name: str


class RemindedOut(BaseModel):
    """How many people are reminded now; 0 when all were today already."""

    reminded: int
