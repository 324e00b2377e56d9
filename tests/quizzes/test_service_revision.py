"""Quizzes come to a database in which people already work."""

from sqlalchemy import text

from api.times import utcnow
from storage.communities import Community
from storage.engine import Database
from storage.people import Person
from storage.quiz_pushes import QuizPush
from storage.quizzes import Question, Quiz, questions_of
from storage.records import Record
from storage.schema import upgrade


def test_what_was_there_stays_and_quizzes_can_be_kept(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    upgrade(database, "0003")
    now = "2026-11-23 02:00:00"
    with database.engine.begin() as connection:
        for statement in (
            "INSERT INTO persons (id, pid, name, subject, stage, language, home_chosen, sample, created_at)"
            " VALUES (1, 'p', '李', '', '', 'zh_CN', false, false, :now)",
            "INSERT INTO communities (id, pid, kind, level, path, name, about, subject, policy, rules, language,"
            " sample, created_at)"
            " VALUES (1, 'c', 'workshop', '', '/1/', '坊', '', '', 'open', '{}', 'zh_CN', false, :now)",
            "INSERT INTO records (id, pid, person_id, verb, object, community_id, amount, result, day, at)"
            " VALUES (5, 'r', 1, 'journal.submitted', 'journal_entry:x', 1, 1, '{}', '2026-11-23', :now)",
        ):
            connection.execute(text(statement), {"now": now})
    upgrade(database)
    at = utcnow()
    with database.transaction() as session:
        assert session.get_one(Person, 1).name == "李" and session.get_one(Community, 1).name == "坊"
        assert session.get_one(Record, 5).verb == "journal.submitted"
        quiz = Quiz(community_id=1, author_id=1, title="小测", created_at=at, changed_at=at)
        session.add(quiz)
        session.flush()
        session.add(Question(quiz_id=quiz.id, n=1, kind="single", stem="?", options=["一", "二"], answer_key=2))
        session.add(QuizPush(quiz_id=quiz.id, community_id=1, author_id=1, place="rooms", created_at=at, release_at=at))
        session.flush()
        assert [question.options for question in questions_of(session, quiz.id)] == [["一", "二"]]
    database.close()
