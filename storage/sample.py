"""Queries of the sample county: who is in it, and removing it with everything that hangs on it."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from sqlalchemy import Column, ColumnElement, Table, delete, func, or_, select, update
from sqlalchemy.orm import Session

from storage import schema
from storage.communities import Appointment, Community, Membership
from storage.messaging import Delivery, Message
from storage.people import Person
from storage.rooms import Room

CHUNK = 500
MEANT = {"attachment_payloads": {"attachment_id": "attachments"}}
PRESENT = ("active", "pending", "invited")


def count(session: Session) -> tuple[int, int]:
    """(people, communities) in the database."""
    people = session.execute(select(func.count()).select_from(Person)).scalar_one()
    return people, session.execute(select(func.count()).select_from(Community)).scalar_one()


def has_sample(session: Session) -> bool:
    """Whether there is anything of the sample county."""
    return session.scalars(select(Community.id).where(Community.sample).limit(1)).first() is not None


def has_others(session: Session) -> bool:
    """Whether there is anybody who is not of the sample county."""
    return session.scalars(select(Person.id).where(Person.sample.is_(False)).limit(1)).first() is not None


def person(session: Session, staff_no: str) -> Person:
    """A person of the sample county by number."""
    return session.scalars(select(Person).where(Person.sample, Person.staff_no == staff_no)).one()


def community(session: Session, name: str) -> Community:
    """A place of the sample county by name."""
    return session.scalars(select(Community).where(Community.sample, Community.name == name)).one()


def real_people_inside(session: Session) -> Sequence[Person]:
    """People who are not of the sample, but at home, members or in office in it, by name."""
    inside = select(Community.id).where(_within(session))
    members = select(Membership.person_id).where(
        Membership.community_id.in_(inside), Membership.status.in_(PRESENT)
    )
    officers = select(Appointment.person_id).where(Appointment.community_id.in_(inside), Appointment.ended_at.is_(None))
    at_home = or_(Person.school_id.in_(inside), Person.region_id.in_(inside))
    sits = or_(at_home, Person.id.in_(members), Person.id.in_(officers))
    query = select(Person).where(Person.sample.is_(False), Person.erased_at.is_(None), sits)
    return session.scalars(query.order_by(Person.name, Person.id)).all()


def send_from(session: Session, now: datetime) -> None:
    """Let every waiting delivery be as if it had been made now."""
    waiting = update(Delivery).where(Delivery.state == "ready", Delivery.not_before < now)
    session.execute(waiting.values(not_before=now, created_at=now), execution_options={"synchronize_session": False})


def wipe(session: Session) -> tuple[int, list[str]]:
    """Delete the sample and every row that hangs on it; returns (how many people, blobs that nothing names any more).

    What hangs on it is found by the foreign keys, so a table that comes later is not forgotten.
    """
    doomed: dict[str, set[int]] = {
        "persons": set(session.scalars(select(Person.id).where(Person.sample))),
        "communities": set(session.scalars(select(Community.id).where(_within(session)))),
    }
    people = len(doomed["persons"])
    doomed["rooms"] = set(session.scalars(select(Room.id).where(Room.community_id.in_(doomed["communities"]))))
    chats = select(Room.chat_id).where(Room.id.in_(doomed["rooms"]), Room.chat_id.is_not(None))
    doomed["chats"] = set(session.scalars(chats))
    while _spread(session, doomed):
        pass
    doomed["messages"] = doomed.get("messages", set()) | _unheard(session, doomed)
    while _spread(session, doomed):
        pass
    blobs = [key for table in schema.metadata.sorted_tables for key in _blobs(session, table, doomed)]
    for table in reversed(schema.metadata.sorted_tables):
        _delete(session, table, doomed)
    session.expunge_all()
    return people, blobs


def _within(session: Session) -> "ColumnElement[bool]":
    paths = session.scalars(select(Community.path).where(Community.sample)).all()
    return or_(*[Community.path.startswith(path, autoescape=True) for path in paths])


def _references(table: Table) -> Iterator[tuple[Column[int], str]]:
    """(column, table it points to) of the foreign keys, and of the columns that are meant as one."""
    for key in table.foreign_keys:
        yield key.parent, key.column.table.name
    for column, target in MEANT.get(table.name, {}).items():
        yield table.c[column], target


def _spread(session: Session, doomed: dict[str, set[int]]) -> bool:
    """Doom the rows that point to doomed ones; whether there were new ones. Rows without an id are deleted later."""
    grown = False
    for table in schema.metadata.sorted_tables:
        if "id" not in table.c:
            continue
        mine = doomed.setdefault(table.name, set())
        before = len(mine)
        for column, target in _references(table):
            for ids in _chunks(doomed.get(target, ())):
                mine |= set(session.execute(select(table.c.id).where(column.in_(ids))).scalars())
        grown |= len(mine) > before
    return grown


def _unheard(session: Session, doomed: dict[str, set[int]]) -> set[int]:
    """Messages that were for doomed deliveries only."""
    heard: set[int] = set()
    for ids in _chunks(doomed["deliveries"]):
        heard |= set(session.scalars(select(Delivery.message_id).where(Delivery.id.in_(ids))))
    still: set[int] = set()
    for ids in _chunks(heard):
        rows = session.execute(select(Delivery.message_id, Delivery.id).where(Delivery.message_id.in_(ids)))
        still |= {message_id for message_id, delivery_id in rows if delivery_id not in doomed["deliveries"]}
    return set(session.scalars(select(Message.id).where(Message.id.in_(heard - still)))) if heard - still else set()


def _blobs(session: Session, table: Table, doomed: dict[str, set[int]]) -> list[str]:
    columns = [column for column in table.c if column.name.endswith("blob_key") or column.name == "thumb_key"]
    found = []
    for column in columns:
        for ids in _chunks(doomed.get(table.name, ())):
            query = select(column).where(table.c.id.in_(ids), column.is_not(None), column != "")
            found += list(session.execute(query).scalars())
    return found


def _delete(session: Session, table: Table, doomed: dict[str, set[int]]) -> None:
    if "id" in table.c:
        # the newest first: a row of a table that points to itself points to an older one
        for ids in _chunks(sorted(doomed.get(table.name, ()), reverse=True)):
            session.execute(delete(table).where(table.c.id.in_(ids)))
        return
    for column, target in _references(table):
        for ids in _chunks(doomed.get(target, ())):
            session.execute(delete(table).where(column.in_(ids)))


def _chunks(ids: Iterable[int]) -> Iterator[list[int]]:
    listed = list(ids)
    return (listed[n : n + CHUNK] for n in range(0, len(listed), CHUNK))
