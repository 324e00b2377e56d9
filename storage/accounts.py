"""Queries of accounts: identities, web sessions, one-time links, tokens, and people by where they are at home."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session, aliased

from storage.communities import Community, select_audience
from storage.messaging import Dialogue
from storage.people import (
    PRESENT,
    ApiToken,
    ClaimCode,
    ClaimFailure,
    Identity,
    OneTimeLink,
    Person,
    WebSession,
)
from storage.writing import count_changed

FETCH = {"synchronize_session": "fetch"}


def find_here(session: Session, place: Community, text: str, limit: int) -> list[Person]:
    """People whose home lies in a school or region and whose name contains the text or whose number is it."""
    home = aliased(Community)
    query = (
        select(Person)
        .join(home, home.id == Person.school_id)
        .where(home.path.startswith(place.path, autoescape=True), *PRESENT)
        .where(or_(Person.name.contains(text, autoescape=True), Person.staff_no == text))
        .order_by(Person.name, Person.id)
        .limit(limit)
    )
    return list(session.scalars(query))


def people_of(session: Session, community: Community, text: str, after: int, limit: int, numbers: bool) -> list[Person]:
    """People a community reaches, by id, with ids greater than `after`; `numbers`: the text may be a staff number."""
    query = select(Person).where(Person.id.in_(select_audience(community)), Person.id > after)
    if text:
        named = Person.name.contains(text, autoescape=True)
        query = query.where(or_(named, Person.staff_no == text) if numbers else named)
    return list(session.scalars(query.order_by(Person.id).limit(limit)))


def names_of(session: Session, community_ids: Collection[int]) -> dict[int, str]:
    """Names of communities by id."""
    query = select(Community.id, Community.name).where(Community.id.in_(community_ids))
    return {key: name for key, name in session.execute(query)}


def identities_of(session: Session, person_id: int) -> list[Identity]:
    """A person's accounts, last used first."""
    query = select(Identity).where(Identity.person_id == person_id)
    return list(session.scalars(query.order_by(Identity.last_spoke_at.desc().nulls_last(), Identity.id)))


def private_chats_of(session: Session, person_id: int, but: int | None = None) -> list[int]:
    """The private chats of all of a person's working accounts, but one account's."""
    works = (Identity.state == "active", Identity.chat_id.is_not(None), Identity.id != (but or 0))
    query = select(Identity.chat_id).where(Identity.person_id == person_id, *works)
    return [chat_id for chat_id in session.scalars(query.order_by(Identity.id)) if chat_id is not None]


def identity_by_pid(session: Session, pid: str) -> Identity | None:
    """An account by its public id."""
    return session.scalars(select(Identity).where(Identity.pid == pid)).first()


def person_by_pid(session: Session, pid: str) -> Person | None:
    """A person who is there, by public id."""
    return session.scalars(select(Person).where(Person.pid == pid, *PRESENT)).first()


def find_session(
    session: Session, digest: str, now: datetime, stale: bool = False
) -> tuple[WebSession, Identity, Person | None] | None:
    """The live browser session with this digest, its account, and the account's person; or (`stale`) one that waits for
    a new digest."""
    query = (
        select(WebSession, Identity, Person)
        .join(Identity, Identity.id == WebSession.identity_id)
        .outerjoin(Person, Person.id == Identity.person_id)
        .where(WebSession.hash == digest, WebSession.revoked_at.is_(None), WebSession.expires_at > now)
        .where(WebSession.stale_at.is_not(None) if stale else WebSession.stale_at.is_(None))
    )
    found = session.execute(query).first()
    return (found[0], found[1], found[2]) if found else None


def sessions_of(session: Session, person_id: int, now: datetime) -> list[WebSession]:
    """A person's signed-in browsers, last seen first."""
    query = (
        select(WebSession)
        .join(Identity, Identity.id == WebSession.identity_id)
        .where(Identity.person_id == person_id, WebSession.revoked_at.is_(None), WebSession.expires_at > now)
        .order_by(WebSession.seen_at.desc(), WebSession.id.desc())
    )
    return list(session.scalars(query))


def session_of(session: Session, person_id: int, pid: str) -> WebSession | None:
    """One browser session of a person."""
    query = select(WebSession).join(Identity, Identity.id == WebSession.identity_id)
    return session.scalars(query.where(Identity.person_id == person_id, WebSession.pid == pid)).first()


def outdate_sessions(session: Session, identity_id: int, now: datetime) -> None:
    """The live browsers of a web account need a new token each, from now on."""
    live = (WebSession.identity_id == identity_id, WebSession.revoked_at.is_(None))
    session.execute(update(WebSession).where(*live).values(stale_at=now), execution_options=FETCH)


def renew_session(session: Session, old: str, new: str, now: datetime) -> bool:
    """Exchange the digest of a browser session that waits for a new one; False when it does not. Atomic."""
    waits = (WebSession.hash == old, WebSession.stale_at.is_not(None), WebSession.revoked_at.is_(None))
    renewed = update(WebSession).where(*waits, WebSession.expires_at > now).values(hash=new, stale_at=None)
    return session.execute(renewed.returning(WebSession.id), execution_options=FETCH).first() is not None


def move_sessions(session: Session, from_id: int, to_id: int) -> list[WebSession]:
    """Let the live browsers of one web account belong to another; returns them."""
    live = (WebSession.identity_id == from_id, WebSession.revoked_at.is_(None))
    moved = list(session.scalars(select(WebSession).where(*live)))
    for row in moved:
        row.identity_id = to_id
    session.flush()
    return moved


def revoke_sessions(session: Session, identity_id: int, now: datetime) -> None:
    """Sign every browser of an account out."""
    live = (WebSession.identity_id == identity_id, WebSession.revoked_at.is_(None))
    session.execute(update(WebSession).where(*live).values(revoked_at=now))


def end_dialogues(session: Session, identity_id: int) -> None:
    """End what an account was being asked."""
    session.execute(delete(Dialogue).where(Dialogue.identity_id == identity_id))


def find_link(session: Session, digest: str) -> tuple[OneTimeLink, Person] | None:
    """The one-time link with this digest, in whatever state, and its person."""
    query = select(OneTimeLink, Person).join(Person, Person.id == OneTimeLink.person_id)
    found = session.execute(query.where(OneTimeLink.hash == digest)).first()
    return (found[0], found[1]) if found else None


def take_link(session: Session, link_id: int, now: datetime) -> bool:
    """Use a link up; False when it was used or is too old. Atomic."""
    usable = (OneTimeLink.id == link_id, OneTimeLink.used_at.is_(None), OneTimeLink.expires_at > now)
    used = update(OneTimeLink).where(*usable).values(used_at=now).returning(OneTimeLink.id)
    return session.execute(used).first() is not None


def tokens_of(session: Session, person_id: int, now: datetime) -> list[ApiToken]:
    """A person's tokens that still work, newest first."""
    live = (ApiToken.person_id == person_id, ApiToken.revoked_at.is_(None), ApiToken.expires_at > now)
    return list(session.scalars(select(ApiToken).where(*live).order_by(ApiToken.id.desc())))


def hold_tokens(session: Session, person_id: int) -> None:
    """Let whoever makes or ends a person's tokens take turns: none is made with one that is just being ended."""
    session.execute(select(Person.id).where(Person.id == person_id).with_for_update())


def token_that_works(session: Session, token_id: int, now: datetime) -> ApiToken | None:
    """A token as it is now, unless it was ended or is too old."""
    live = (ApiToken.id == token_id, ApiToken.revoked_at.is_(None), ApiToken.expires_at > now)
    return session.scalars(select(ApiToken).where(*live).execution_options(populate_existing=True)).first()


def revoke_tokens(session: Session, token_id: int, now: datetime) -> None:
    """End a token, those that were made with it, and so on."""
    family = select(ApiToken.id).where(ApiToken.id == token_id).cte("family", recursive=True)
    family = family.union_all(select(ApiToken.id).join(family, ApiToken.parent_id == family.c.id))
    live = (ApiToken.id.in_(select(family.c.id)), ApiToken.revoked_at.is_(None))
    session.execute(update(ApiToken).where(*live).values(revoked_at=now), execution_options=FETCH)


def purge(session: Session, now: datetime, limit: int = 500) -> bool:
    """Forget what cannot matter any more, up to `limit` rows of each kind: failures of days ago, links and sessions
    long over. Whether there may be more."""
    over = (
        (ClaimFailure, ClaimFailure.at < now - timedelta(days=2)),
        (OneTimeLink, OneTimeLink.expires_at < now - timedelta(days=2)),
        (WebSession, WebSession.expires_at < now - timedelta(days=30)),
        (ClaimCode, ClaimCode.expires_at < now - timedelta(days=180)),
    )
    forgotten = [
        count_changed(session, delete(kind).where(kind.id.in_(select(kind.id).where(old).limit(limit))))
        for kind, old in over
    ]
    return limit in forgotten
