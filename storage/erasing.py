"""Queries behind the export and the erasure of a person: everything of theirs that no capability owns."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Text, and_, cast, delete, false, inspect, or_, select, update
from sqlalchemy.orm import Session, aliased

from storage import idempotency
from storage.communities import Community, Transfer
from storage.idempotency import Idempotent
from storage.messaging import LOST, Chat, Delivery, Dialogue, Incoming, Message
from storage.people import ApiToken, Audit, BindingRequest, ClaimCode, Identity, OneTimeLink, Person, WebSession
from storage.records import Record

FETCH = {"synchronize_session": "fetch"}


def columns_of(row: Any, *leave_out: str) -> dict[str, Any]:
    """A row as a dict, without its inner keys and what is named."""
    names = [column.key for column in inspect(type(row)).column_attrs]
    return {name: getattr(row, name) for name in names if name not in ("id", *leave_out) and not name.endswith("_id")}


def rows_of(session: Session, table: Any, person_id: int) -> list[Any]:
    """The rows of a table that refer to a person by `person_id`, oldest first."""
    return list(session.scalars(select(table).where(table.person_id == person_id).order_by(table.id)))


def sessions_of_anybody(session: Session, person_id: int) -> list[WebSession]:
    """All browser sessions of a person, ended ones too."""
    query = select(WebSession).join(Identity, Identity.id == WebSession.identity_id)
    return list(session.scalars(query.where(Identity.person_id == person_id).order_by(WebSession.id)))


def records_of(session: Session, person_id: int) -> list[tuple[Record, str | None]]:
    """What a person did, with the name of where."""
    query = (
        select(Record, Community.name)
        .outerjoin(Community, Community.id == Record.community_id)
        .where(Record.person_id == person_id)
        .order_by(Record.id)
    )
    return [(record, name) for record, name in session.execute(query)]


def transfers_of(session: Session, person_id: int) -> list[tuple[datetime, str | None, str | None]]:
    """A person's changes of school: when, from, to."""
    before, after = aliased(Community), aliased(Community)
    query = (
        select(Transfer.at, before.name, after.name)
        .outerjoin(before, before.id == Transfer.from_id)
        .outerjoin(after, after.id == Transfer.to_id)
        .where(Transfer.person_id == person_id)
        .order_by(Transfer.id)
    )
    return [(at, old, new) for at, old, new in session.execute(query)]


def audit_about(session: Session, person: Person) -> list[tuple[Audit, str | None]]:
    """Privileged acts about a person or about what they made, with the name of who acted; and their own."""
    made = select(Record.object).where(Record.person_id == person.id)
    actor = aliased(Person)
    query = (
        select(Audit, actor.name)
        .outerjoin(actor, actor.id == Audit.actor_id)
        .where(or_(Audit.object == f"person:{person.pid}", Audit.object.in_(made), Audit.actor_id == person.id))
        .order_by(Audit.id)
    )
    return [(row, name) for row, name in session.execute(query)]


def forget_person(session: Session, person: Person, now: datetime) -> None:
    """Take names, numbers, contacts, accounts, sessions, codes and private messages away; the ids stay."""
    identities = list(session.scalars(select(Identity).where(Identity.person_id == person.id)))
    mine = [one.id for one in identities]
    chats = list(session.scalars(select(Chat).where(Chat.identity_id.in_(mine), Chat.kind == "private")))
    _forget_messages(session, person.id, [chat.id for chat in chats])
    _forget_naming(session, person)
    _forget_raw(session, [chat.id for chat in chats], [one.native for one in identities])
    idempotency.blank(session)
    for statement in (
        delete(WebSession).where(WebSession.identity_id.in_(mine)),
        delete(OneTimeLink).where(OneTimeLink.person_id == person.id),
        delete(ClaimCode).where(ClaimCode.person_id == person.id),
        delete(Dialogue).where(Dialogue.identity_id.in_(mine)),
        delete(Idempotent).where(Idempotent.token_id.in_(select(ApiToken.id).where(ApiToken.person_id == person.id))),
        update(ApiToken).where(ApiToken.person_id == person.id).values(name="", revoked_at=now),
        update(BindingRequest)
        .where(or_(BindingRequest.identity_id.in_(mine), BindingRequest.person_id == person.id))
        .values(claimed_name="", claimed_staff_no=""),
    ):
        session.execute(statement, execution_options=FETCH)
    for chat in chats:
        chat.native, chat.title, chat.state = f"erased-{chat.pid}", "", "gone"
    for one in identities:
        one.native, one.name, one.state, one.person_id = f"erased-{one.pid}", "", "gone", None
    person.name, person.staff_no, person.email, person.subject, person.stage = "—", None, None, "", ""
    person.matrix_id = None
    person.zone = person.quiet_hours = person.home_chat_id = person.privacy_version = None
    person.erased_at, person.removed_at = now, person.removed_at or now
    session.flush()


def _forget_messages(session: Session, person_id: int, chat_ids: Sequence[int]) -> None:
    """What waits is not sent any more; messages that only they got lose their words."""
    theirs = _theirs(person_id, chat_ids)
    others = select(Delivery.message_id).where(~theirs)
    alone = select(Delivery.message_id).where(theirs)
    session.execute(update(Delivery).where(theirs, Delivery.state.in_(("ready", *LOST))).values(state="superseded"))
    _blank(session, Message.id.in_(alone), Message.id.not_in(others))


def _blank(session: Session, *which: ColumnElement[bool]) -> None:
    nothing: dict[str, Any] = {"tree": "", "buttons": [], "files": [], "poll": None}
    session.execute(update(Message).where(*which).values(**nothing), execution_options=FETCH)


def _forget_naming(session: Session, person: Person) -> None:
    """Messages to others that name somebody lose their words and are not sent any more. Searching all of them is slow,
    and seldom done. A name that others bear too names nobody: it stays."""
    named = or_(*[spells(Message.tree, word) for word in marks_of(session, person)], false())
    found = list(session.scalars(select(Message.id).where(named)))
    for start in range(0, len(found), 500):
        some = found[start : start + 500]
        waiting = update(Delivery).where(Delivery.message_id.in_(some), Delivery.state.in_(("ready", *LOST)))
        session.execute(waiting.values(state="superseded"), execution_options=FETCH)
        _blank(session, Message.id.in_(some))


def blank_copies(session: Session, message_ids: Sequence[int]) -> None:
    """Take the words from single chats' own copies of messages (a notice that says "received")."""
    sent = aliased(Delivery)
    copies = select(Delivery.message_id).join(sent, sent.id == Delivery.target_id)
    _blank(session, Message.id.in_(copies.where(sent.message_id.in_(message_ids))), Message.id.not_in(message_ids))


def marks_of(session: Session, person: Person) -> list[str]:
    """What tells a person from everybody else in texts: the name, unless it is a part of others', and the number."""
    other = select(Person.id).where(Person.id != person.id, Person.erased_at.is_(None))
    unique = session.execute(other.where(Person.name.contains(person.name, autoescape=True)).limit(1)).first() is None
    names = [person.name] if unique and len(person.name) > 1 else []
    return [*names, *([f'"{person.staff_no}"'] if person.staff_no else [])]


def spells(column: Any, word: str) -> ColumnElement[bool]:
    """That a JSON column holds a word somewhere; in quotes: as a whole value."""
    quoted = word.startswith('"')
    escaped = json.dumps(word.strip('"'), ensure_ascii=False)
    return cast(column, Text).contains(escaped if quoted else escaped[1:-1], autoescape=True)


def _forget_raw(session: Session, chat_ids: Sequence[int], natives: Sequence[str]) -> None:
    """What they sent, as it came: all of it in private, in rooms what was handled already (the rest goes soon)."""
    session.execute(delete(Incoming).where(Incoming.chat_id.in_(chat_ids)))
    theirs = or_(*[spells(Incoming.raw, f'"{native}"') for native in natives], false())
    session.execute(delete(Incoming).where(Incoming.state.in_(("done", "dead")), theirs), execution_options=FETCH)


def _theirs(person_id: int, chat_ids: Sequence[int]) -> Any:
    """That a delivery was for a person; never unknown in SQL's sense, so that it can be negated."""
    by_person = and_(Delivery.person_id.is_not(None), Delivery.person_id == person_id)
    return or_(by_person, and_(Delivery.chat_id.is_not(None), Delivery.chat_id.in_(chat_ids)))
