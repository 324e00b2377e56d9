"""Pushes of quizzes (C4, G8): a quiz goes to a community; its sender alone learns who answered and who did not."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select

from api import broadcasts
from api.access import OFFICES, ROLES, RULES, can, today_in
from api.broadcasts import ROOMS, check_author, check_broadcast, end_message, is_for, readers_of
from api.closing import check_closing
from api.communities.audiences import deliver_in_waking_hours
from api.communities.lookup import get_community_for
from api.context import Context
from api.errors import Conflict, Forbidden, Invalid, not_found
from api.messaging.outbox import edit_message, tell_person, write_message
from api.messaging.tree import Node, T, Words
from api.quizzes import service, status
from api.quizzes.questions import TRUTH
from api.quizzes.status import Figures, Tally
from api.quizzes.texts import gone_tree, short
from api.records.service import audit, record
from api.times import local_day
from storage import broadcasts as rows
from storage import quiz_pushes, quizzes
from storage.broadcasts import get_message
from storage.communities import Community, count_people
from storage.notices import find_names
from storage.people import Person
from storage.quiz_pushes import QuizPush
from storage.quizzes import Quiz

PAGE = 20
MOST_ATTEMPTS = 10
USUAL_ATTEMPTS, USUAL_PASS_MARK = 1, 60


def push_quiz(ctx: Context, quiz_pid: str, community_pid: str, *, place: str = ROOMS, urgent: bool = False,
              release_at: datetime | None = None, closes_at: datetime | None = None, attempts: int = USUAL_ATTEMPTS,
              pass_mark: int = USUAL_PASS_MARK) -> QuizPush:  # fmt: skip
    """Push a quiz of a bank one may push from to a community (`push` there), now or at `release_at`.

    `closes_at` none: it stays open. `attempts` 0: any number. `pass_mark` in percent of the questions, 0: none.
    """
    quiz = service.get_quiz_for(ctx, quiz_pid)
    community = get_community_for(ctx, community_pid, "push")
    at = check_broadcast(ctx, community, place, release_at)
    check_terms(ctx, at, closes_at, attempts, pass_mark)
    push = QuizPush(
        quiz_id=quiz.id, community_id=community.id, author_id=ctx.me.id, place=place, urgent=urgent,
        created_at=ctx.now, release_at=at, reached=0, rooms=0, closes_at=closes_at, attempts=attempts,
        pass_mark=pass_mark,
    )  # fmt: skip
    ctx.session.add(push)
    ctx.session.flush()
    if at <= ctx.now:
        release_push(ctx, push)
    return push


def check_terms(ctx: Context, release_at: datetime, closes_at: datetime | None, attempts: int, pass_mark: int) -> None:
    """Raise Invalid for a closing time before or long after it goes out, or numbers out of range."""
    check_closing(ctx, "quiz", release_at, closes_at)
    if not 0 <= attempts <= MOST_ATTEMPTS:
        say = T("Each person may try from once to {most} times; 0 means any number.", most=MOST_ATTEMPTS)
        raise Invalid("quiz.attempts", say, most=MOST_ATTEMPTS)
    if not 0 <= pass_mark <= 100:
        raise Invalid("quiz.pass_mark", T("The pass mark lies between 0 and 100 percent."))


def release_push(ctx: Context, push: QuizPush) -> None:
    """Say it to everybody it is meant for now, and show its sender how it goes.

    Not if the quiz was removed or its time is over; then its sender is told.
    """
    quiz, community, author = around(ctx, push)
    if quiz.removed_at is not None or (push.closes_at is not None and push.closes_at <= ctx.now):
        push.withdrawn_at = push.settled_at = ctx.now
        gone = quiz.removed_at is not None
        tell_person(ctx, author.id, gone_tree(quiz, community) if gone else status.late_tree(quiz, community))
        return
    questions = service.questions_of(ctx, quiz)
    tree, buttons = status.push_tree(push, quiz, questions, community, author), status.push_rows(push, questions)
    poll = status.push_poll(push, questions, community, author)
    guard = ["quiz_stands", push.id]
    if broadcasts.release(ctx, push, community, "push", tree, buttons, guard=guard, people_poll=poll):
        record(ctx, "quiz.pushed", f"quiz_push:{push.pid}", community, person_id=author.id, quiz=quiz.pid)
        refresh_push(ctx, push)


def get_push_for(ctx: Context, pid: str) -> QuizPush:
    """A push, for the one who pushed or somebody it is for. Raises NotFound."""
    push = rows.get_by_pid(ctx.session, QuizPush, pid)
    if push is None:
        raise not_found("quiz_push.unknown")
    if ctx.system or push.author_id == ctx.me.id:
        return push
    if push.released_at is None or not is_for(ctx, push, ctx.session.get_one(Community, push.community_id)):
        raise not_found("quiz_push.unknown")
    return push


def list_pushes(ctx: Context, before: str | None = None,
                limit: int = 20) -> list[tuple[QuizPush, Quiz, Community]]:  # fmt: skip
    """The quizzes who acts has pushed, and where to, newest first; `before` is a pid."""
    return quiz_pushes.find_of_author(ctx.session, ctx.me.id, before, limit)


def list_sent(ctx: Context, before: str | None = None, limit: int = 20) -> list[QuizPush]:
    """What who acts has pushed, newest first; `before` is a pid."""
    return rows.find_of_author(ctx.session, QuizPush, ctx.me.id, before, limit)


def describe_sent(ctx: Context, sent: Sequence[QuizPush]) -> list[tuple[Node, Node]]:
    """(words to know it by, where it went) of each."""
    places, titles = rows.find_places(ctx.session, sent), quizzes.find_titles(ctx.session, [p.quiz_id for p in sent])
    return [(Words(short(titles[push.quiz_id])), Words(places[push.community_id])) for push in sent]


def show_card(ctx: Context, pid: str, chat_id: int) -> QuizPush:
    """Say in a chat of its author how a push goes, or when it will go out, with what can be done about it."""
    push = _get_own(ctx, pid, lock=True)
    quiz, community, _ = around(ctx, push)
    numbers = figures(ctx, push)
    tree = status.status_tree(push, quiz, community, numbers, tallies(ctx, push))
    broadcasts.show_card(ctx, push, tree, status.status_rows(push, numbers), chat_id)
    return push


def figures(ctx: Context, push: QuizPush) -> Figures:
    """How a push goes, in numbers."""
    answered, passed = quiz_pushes.count_people(ctx.session, push.id)
    lost = rows.count_unreached(ctx.session, push.people_message_id)
    return Figures(answered, passed, count_people(ctx.session, _missing(ctx, push)), lost)


def get_statistics(ctx: Context, pid: str) -> tuple[QuizPush, Quiz, Figures, list[Tally]]:
    """How a push goes, question by question; for the one who pushed only."""
    push = _get_own(ctx, pid)
    quiz = ctx.session.get_one(Quiz, push.quiz_id)
    return push, quiz, figures(ctx, push), tallies(ctx, push)


def tallies(ctx: Context, push: QuizPush) -> list[Tally]:
    """Each question of a push over everybody's first attempt: two queries, however many answered."""
    counted = quiz_pushes.count_answers(ctx.session, push.id)
    found = []
    for row in quizzes.questions_of(ctx.session, push.quiz_id):
        question = service.question_of(row)
        mine = [(picked, correct, n) for question_id, picked, correct, n in counted if question_id == row.id]
        width = max(len(question.options), 2 if question.kind == TRUTH else 0)
        options = tuple(sum(n for picked, _, n in mine if picked >> option & 1) for option in range(width))
        correct = sum(n for _, right, n in mine if right)
        found.append(Tally(row.n, question, sum(n for *_, n in mine), correct, options))
    return found


def find_missing(ctx: Context, pid: str, first: int = 0,
                 limit: int = PAGE) -> tuple[QuizPush, Sequence[Person], int]:  # fmt: skip
    """Who has not finished an attempt, by name, and how many they are in all. For the one who pushed only."""
    push = _get_own(ctx, pid)
    people = _missing(ctx, push)
    n = count_people(ctx.session, people)
    return push, find_names(ctx.session, people, limit, max(0, first)), n


def remind_missing(ctx: Context, pid: str) -> int:
    """Ask those who have not finished, each in private and at most once a day; returns how many are asked."""
    push = _get_own(ctx, pid)
    check_open(ctx, push)
    quiz, community, author = around(ctx, push)
    tree = status.reminder_tree(push, quiz, community, author)
    message = write_message(ctx, tree, status.start_rows(push))
    day = local_day(ctx.now, ctx.zone(community))
    return deliver_in_waking_hours(
        ctx, message, _missing(ctx, push), urgent=push.urgent, until=push.closes_at,
        guard=["quiz_not_answered", push.id], dedupe_key=f"quiz.remind:{push.id}:{day:%Y%m%d}",
    )  # fmt: skip


def withdraw_push(ctx: Context, pid: str) -> QuizPush:
    """Take a push back everywhere (who pushed, or who manages the community); what was answered stays recorded."""
    push = rows.get_by_pid(ctx.session, QuizPush, pid, lock=True)
    if push is None:
        raise not_found("quiz_push.unknown")
    _, community, author = around(ctx, push)
    check_author(ctx, push, community, "manage")
    broadcasts.take_back(ctx, push, status.WITHDRAWN)
    if push.released_at is not None:
        record(ctx, "quiz.pushed", f"quiz_push:{push.pid}", community, person_id=author.id, amount=-1)
    if ctx.actor is None or ctx.me.id != author.id:
        audit(ctx, "quiz_push.withdrawn", f"quiz_push:{push.pid}", community)
    if push.status_message_id is not None:
        refresh_push(ctx, push)
    return push


def check_open(ctx: Context, push: QuizPush) -> None:
    """Raise Conflict unless a push can be answered now."""
    if push.withdrawn_at is not None:
        raise Conflict("quiz_push.withdrawn", status.WITHDRAWN)
    if push.released_at is None:
        raise Conflict("quiz_push.waiting", T("This quiz has not gone out yet."))
    if push.closed_at is not None or (push.closes_at is not None and push.closes_at <= ctx.now):
        raise Conflict("quiz_push.closed", status.CLOSED)


def close_push(ctx: Context, push: QuizPush) -> None:
    """End a push whose time has come: its room says so, its sender gets the final figures in a new message."""
    push.closed_at = push.settled_at = ctx.now
    if push.withdrawn_at is not None:
        return
    quiz, community, author = around(ctx, push)
    numbers = figures(ctx, push)
    if (room := get_message(ctx.session, push.room_message_id)) is not None:
        end_message(ctx, room, status.closed_tree(quiz, community, author, numbers.answered))
    tree = status.status_tree(push, quiz, community, numbers, tallies(ctx, push))
    if (live := get_message(ctx.session, push.status_message_id)) is not None:
        end_message(ctx, live, tree)
    push.status_message_id = tell_person(ctx, author.id, tree, status.status_rows(push, numbers), live=True).id


def refresh_push(ctx: Context, push: QuizPush) -> None:
    """Bring the figures of a push up to date: how many answered in its room, everything for its sender."""
    quiz, community, author = around(ctx, push)
    numbers, counted = figures(ctx, push), tallies(ctx, push)
    room = get_message(ctx.session, push.room_message_id)
    if room is not None and push.withdrawn_at is None and push.closed_at is None and numbers.answered:
        questions = [tally.question for tally in counted]
        tree = status.push_tree(push, quiz, questions, community, author, numbers.answered)
        edit_message(ctx, room, tree, status.push_rows(push, questions))
    tree = status.status_tree(push, quiz, community, numbers, counted)
    broadcasts.show_status(ctx, push, tree, status.status_rows(push, numbers))


def around(ctx: Context, push: QuizPush) -> tuple[Quiz, Community, Person]:
    """What was pushed, where to, and by whom."""
    session = ctx.session
    return (
        session.get_one(Quiz, push.quiz_id),
        session.get_one(Community, push.community_id),
        session.get_one(Person, push.author_id),
    )


def _missing(ctx: Context, push: QuizPush) -> Select[Any]:
    community = ctx.session.get_one(Community, push.community_id)
    zone = ctx.zone(community)
    days = [local_day(ctx.now, zone), local_day(push.closes_at or ctx.now, zone)]
    workshop = community.id if community.kind == "workshop" else None
    bank = service.bank_of(ctx, around(ctx, push)[0])
    who = RULES[service.PUSH]
    knows = quiz_pushes.sees_bank(bank, who & set(ROLES), who & set(OFFICES), today_in(ctx, bank))
    return quiz_pushes.missing(readers_of([community], push.author_id), push.id, knows, workshop, days)


def _get_own(ctx: Context, pid: str, lock: bool = False) -> QuizPush:
    """A push of who acts, who still may push there; to others who may, it is said whose it is."""
    push = rows.get_by_pid(ctx.session, QuizPush, pid, lock)
    if push is None:
        raise not_found("quiz_push.unknown")
    community = ctx.session.get_one(Community, push.community_id)
    if not ctx.system and push.author_id != ctx.me.id and can(ctx, service.PUSH, community):
        raise Forbidden("quiz_push.author", T("Only {name}, who sent this quiz, sees how it goes.",
                                              name=around(ctx, push)[2].name))  # fmt: skip
    check_author(ctx, push, community)
    get_community_for(ctx, community.pid, "push")  # who lost the right to push there must not learn names there
    return push
