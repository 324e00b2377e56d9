"""The sample county, and what in it can be named in a path, a query or a body."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.base import new_pid
from storage.communities import Community
from storage.journals import JournalEntry
from storage.messaging import LETTER, Chat, Delivery, Message
from storage.notices import Notice
from storage.people import Person
from storage.polls import OpenPoll
from storage.pushes import Push
from storage.quiz_pushes import Attempt, QuizPush
from storage.quizzes import Quiz
from storage.reminders import Reminder, ReminderRule
from storage.resources import Resource
from storage.rooms import Room, RoomAccount
from storage.topics import Topic, TopicPlace

ADMIN, HOST, TEACHER = "YX-0001", "YX-1003", "YX-1004"
TABLES: tuple[Any, ...] = (Person, JournalEntry, Notice, Push, Reminder, ReminderRule, Resource, Quiz, QuizPush,
                           Attempt, OpenPoll, Topic, Room, RoomAccount)  # fmt: skip


def add_topics(session: Session, now: datetime) -> None:
    """A topic in each of the first workshops, open to the next one: the sample has none."""
    workshops = select(Community).where(Community.kind == "workshop").order_by(Community.id)
    places = list(session.scalars(workshops.limit(4)))
    author = session.scalars(select(Person.id).where(Person.staff_no == ADMIN)).one()
    for home, invited in pairwise(places):
        topic = Topic(community_id=home.id, author_id=author, title="怎么教古诗", text="谈谈", created_at=now)
        session.add(topic)
        session.flush()
        session.add(TopicPlace(topic_id=topic.id, community_id=invited.id, asked_by=author, created_at=now))
    session.flush()


def add_rooms(session: Session, community: Community, now: datetime, strangers: int = 2) -> None:
    """Two groups of a community that somebody else made, with people in them whom nobody knows."""
    for n in range(2):
        chat = Chat(platform="telegram", native=f"-100{community.id}{n}", kind="room", title="教研群", created_at=now)
        session.add(chat)
        session.flush()
        room = Room(chat_id=chat.id, community_id=community.id, platform="telegram", created_at=now)
        session.add(room)
        session.flush()
        for who in range(strangers):
            account = RoomAccount(room_id=room.id, native=f"{7000 + who}", name="路人", asked="unknown", at=now)
            session.add(account)
    session.flush()


def add_letters(session: Session, people: Sequence[Person], now: datetime) -> list[str]:
    """Something that each of these people could not be told; the pids."""
    message = Message(tree="x", created_at=now)
    session.add(message)
    session.flush()
    dead = {"state": "dead", "reason": "rejected", "not_before": now, "created_at": now}
    letters = [Delivery(pid=new_pid(), message_id=message.id, lane=1, person_id=one.id, **dead) for one in people]
    session.add_all(letters)
    session.flush()
    return [letter.pid for letter in letters]


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
        "attempts": pids["attempts"], "polls": pids["polls"], "topics": pids["topics"],
        "letters": list(session.scalars(select(Delivery.pid).where(LETTER).limit(40))),
        "rooms": pids["rooms"], "room-accounts": pids["room_accounts"],
        "communities": everywhere, "community": everywhere, "parent": everywhere, "workshops": places["workshop"],
        "workshop": places["workshop"], "schools": places["school"], "regions": places["region"],
    }  # fmt: skip
