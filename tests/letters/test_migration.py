"""Revision 0020 says of what is there already why it was lost."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from storage.engine import Database
from storage.schema import upgrade
from tests.support.talk import NOW

# kind, state, error, attempts, person -> what it is lost for
WAS: dict[str, tuple[str, str, str | None, int, int | None, str | None]] = {
    "a": ("send", "dead", "chat gone", 0, None, "chat_gone"),
    "b": ("send", "dead", "its guard failed: KeyError", 0, None, "guard"),
    "c": ("send", "dead", "it cannot be read: KeyError", 0, None, "unreadable"),
    "d": ("send", "dead", "no answer was heard 3 times, it may have been sent: cut", 3, None, "unheard"),
    "e": ("send", "dead", "502", 150, None, "gave_up"),
    "f": ("edit", "dead", "can't parse entities", 1, None, "rejected"),
    "g": ("send", "expired", None, 0, None, "expired"),
    "h": ("send", "unreachable", "no chat", 0, 1, "blocked"),
    "i": ("send", "unreachable", "no chat", 0, 2, "no_chat"),
    "j": ("send", "unreachable", "no chat", 0, 3, "no_account"),
    "k": ("ack", "dead", "too old", 1, None, None),
    "l": ("send", "sent", None, 1, None, None),
    "m": ("send", "ready", "502", 1, None, None),
}


def fill(session: Session) -> None:
    """What an older version wrote, in its columns."""

    def add(table: str, **values: Any) -> None:
        columns = {**values, "created_at": NOW.isoformat(" ")[:19]}
        names, places = ", ".join(columns), ", ".join(f":{name}" for name in columns)
        session.execute(text(f"INSERT INTO {table} ({names}) VALUES ({places})"), columns)

    add("messages", id=1, pid="m", tree='"x"', buttons="[]", files="[]")
    for key in (1, 2, 3):
        named = {"name": "李", "subject": "", "stage": "", "language": "zh_CN"}
        add("persons", id=key, pid=f"p{key}", **named, relayed=True, home_chosen=False, sample=False)
    for key, state in ((1, "gone"), (2, "active")):
        named = {"platform": "matrix", "native": f"@{key}", "name": "", "language": "zh_CN"}
        add("identities", id=key, pid=f"i{key}", person_id=key, state=state, **named)
    for n, (pid, (kind, state, error, attempts, person, _)) in enumerate(WAS.items(), 1):
        tried = {"attempts": attempts, "unheard": 0, "pending": False, "not_before": NOW.isoformat(" ")[:19]}
        what = {"kind": kind, "lane": 0, "person_id": person, "state": state, "error": error}
        add("deliveries", id=n, pid=pid, message_id=1, **what, **tried)


def reasons(session: Session) -> dict[str, str | None]:
    return {pid: reason for pid, reason in session.execute(text("SELECT pid, reason FROM deliveries"))}


@pytest.mark.both_databases
def test_what_is_there_is_told_why(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    upgrade(database, "0019")
    with database.transaction() as session:
        fill(session)
    upgrade(database, "0020")
    with database.transaction() as session:
        assert reasons(session) == {pid: was[-1] for pid, was in WAS.items()}
    database.close()
