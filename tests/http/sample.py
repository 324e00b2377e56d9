"""The sample county, and what in it can be named in a path, a query or a body."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.communities import Community
from storage.journals import JournalEntry
from storage.notices import Notice
from storage.people import Person
from storage.polls import OpenPoll
from storage.pushes import Push
from storage.quiz_pushes import Attempt, QuizPush
from storage.quizzes import Quiz
from storage.reminders import Reminder, ReminderRule
from storage.resources import Resource

ADMIN, HOST, TEACHER = "YX-0001", "YX-1003", "YX-1004"
TABLES: tuple[Any, ...] = (Person, JournalEntry, Notice, Push, Reminder, ReminderRule, Resource, Quiz, QuizPush,
                           Attempt, OpenPoll)  # fmt: skip


def known(session: Session) -> dict[str, list[str]]:
    """Pids by the word before them in a path, or by the name of their field."""
    pids = {table.__tablename__: list(session.scalars(select(table.pid).limit(40))) for table in TABLES}
    places: dict[str, list[str]] = {"region": [], "school": [], "workshop": []}
    for kind, pid in session.execute(select(Community.kind, Community.pid)):
        places[kind].append(pid)
    everywhere = [pid for kind in places.values() for pid in kind]
    return {
        "people": pids["persons"], "person": pids["persons"], "journal-entries": pids["journal_entries"],
        "notices": pids["notices"], "pushes": pids["pushes"], "reminders": pids["reminders"],
        "reminder-rules": pids["reminder_rules"], "resources": pids["resources"], "resource": pids["resources"],
        "quizzes": pids["quizzes"], "quiz": pids["quizzes"], "quiz-pushes": pids["quiz_pushes"],
        "attempts": pids["attempts"], "polls": pids["polls"],
        "communities": everywhere, "community": everywhere, "parent": everywhere, "workshops": places["workshop"],
        "workshop": places["workshop"], "schools": places["school"], "regions": places["region"],
    }  # fmt: skip
