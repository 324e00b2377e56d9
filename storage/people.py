"""Tables of people: persons, identities (chat accounts), claim codes, bindings, web sessions, tokens, audit."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, UniqueConstraint, bindparam, select, text, true, update
from sqlalchemy.orm import Mapped, Session, mapped_column, validates

from storage.base import Base, BigId, Id, Json, Pid, loose_ref, ref
from storage.writing import upsert


class Person(Base):
    """A human on the roster. Names, numbers and contacts live here and in `identities` only."""

    __tablename__ = "persons"
    __table_args__ = (UniqueConstraint("region_id", "staff_no"),)
    id: Mapped[Id]
    pid: Mapped[Pid]
    name: Mapped[str] = mapped_column(String(80))
    staff_no: Mapped[str | None] = mapped_column(String(40))  # unique within the region
    staff_key: Mapped[str | None] = mapped_column(String(40), index=True)  # the same in small letters, as accounts are
    region_id: Mapped[int | None] = ref("communities", index=False)
    school_id: Mapped[int | None] = ref("communities")  # home school
    subject: Mapped[str] = mapped_column(String(40), default="")
    stage: Mapped[str] = mapped_column(String(40), default="")  # 学段
    email: Mapped[str | None] = mapped_column(String(254))
    matrix_id: Mapped[str | None] = mapped_column(String(255), index=True)  # as the authority's list has it
    relayed: Mapped[bool] = mapped_column(default=True, server_default=true())  # from room to room
    language: Mapped[str] = mapped_column(String(8), default="zh_CN")
    zone: Mapped[str | None] = mapped_column(String(40))  # IANA name; none: the service's
    quiet_hours: Mapped[str | None] = mapped_column(String(11))  # "21:30-07:00", "" = never quiet, none: the service's
    home_chat_id: Mapped[int | None] = loose_ref()  # chats: where personal messages go now
    home_chosen: Mapped[bool] = mapped_column(default=False)  # said with /here: speaking elsewhere does not move it
    privacy_version: Mapped[int | None]
    sample: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]

    @validates("staff_no")
    def _keep_key(self, _name: str, number: str | None) -> str | None:
        self.staff_key = number.lower() if number is not None else None
        return number


# who is there: neither taken off the roster nor erased
PRESENT = (Person.removed_at.is_(None), Person.erased_at.is_(None))


WANTED = text("wanted_at IS NOT NULL")


class Identity(Base):
    """One chat account on one platform, bound to a person or not yet."""

    __tablename__ = "identities"
    __table_args__ = (
        UniqueConstraint("platform", "native"),
        Index("ix_identities_waiting", "platform", "wanted_at", sqlite_where=WANTED, postgresql_where=WANTED),
    )
    id: Mapped[Id]
    pid: Mapped[Pid]
    platform: Mapped[str] = mapped_column(String(16))
    native: Mapped[str] = mapped_column(String(255))  # the platform's stable account id, never an @username
    name: Mapped[str] = mapped_column(String(120), default="")
    person_id: Mapped[int | None] = ref("persons")
    chat_id: Mapped[int | None] = loose_ref()  # chats: its private chat with the bot
    language: Mapped[str] = mapped_column(String(8), default="zh_CN")
    state: Mapped[str] = mapped_column(String(8), default="active")  # active | gone (blocked us, left, deactivated)
    bound_at: Mapped[datetime | None]
    last_spoke_at: Mapped[datetime | None]
    parted_at: Mapped[datetime | None]  # its person unbound it, or undid that: no list binds it again
    sought_at: Mapped[datetime | None]  # when it was looked for on the list and found to be nobody's
    wanted_at: Mapped[datetime | None]  # its person was to be told something, and it has no private chat: open one then
    created_at: Mapped[datetime]


class ClaimCode(Base):
    """A one-time code that binds an account to a person; only its hash is kept."""

    __tablename__ = "claim_codes"
    id: Mapped[Id]
    person_id: Mapped[int] = ref("persons")
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    issued_by: Mapped[int | None] = ref("persons", index=False)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    voided_at: Mapped[datetime | None]


class ClaimFailure(Base):
    """A wrong code, counted per account, per address and globally to slow guessing down."""

    __tablename__ = "claim_failures"
    __table_args__ = (Index("ix_claim_failures_who_at", "who", "at"), Index("ix_claim_failures_at", "at"))
    id: Mapped[Id]
    who: Mapped[str] = mapped_column(String(80))  # "identity:17" or "address:203.0.113.9"
    at: Mapped[datetime]


class BindingRequest(Base):
    """An account without a code that asked a school to let it in, once, until an administrator decides."""

    __tablename__ = "binding_requests"
    __table_args__ = (
        Index(
            "ix_binding_requests_open", "identity_id", unique=True,
            sqlite_where=text("state = 'open'"), postgresql_where=text("state = 'open'"),
        ),
    )  # fmt: skip
    id: Mapped[Id]
    pid: Mapped[Pid]
    identity_id: Mapped[int] = ref("identities")
    school_id: Mapped[int] = ref("communities")
    claimed_name: Mapped[str] = mapped_column(String(80))
    claimed_staff_no: Mapped[str] = mapped_column(String(40), default="")
    person_id: Mapped[int | None] = ref("persons", index=False)  # the roster row it seems to be, or became
    state: Mapped[str] = mapped_column(String(10), default="open")  # open | approved | declined | bound
    message_id: Mapped[int | None] = loose_ref(index=True)  # messages: what its administrators were asked
    decided_by: Mapped[int | None] = ref("persons", index=False)
    decided_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class WebSession(Base):
    """One signed-in browser. The cookie holds a random token; only its hash is kept. 180 days, revocable."""

    __tablename__ = "web_sessions"
    id: Mapped[Id]
    pid: Mapped[Pid]
    identity_id: Mapped[int] = ref("identities")
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    device: Mapped[str] = mapped_column(String(120), default="")
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    stale_at: Mapped[datetime | None]  # a visitor's became somebody's: its token is only good for getting a new one


class OneTimeLink(Base):
    """A link that signs its person in on the web, once, on a confirming POST."""

    __tablename__ = "one_time_links"
    id: Mapped[Id]
    person_id: Mapped[int] = ref("persons")
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class ApiToken(Base):
    """A bearer token of the HTTP API: hashed, scoped, expiring, acting as a person."""

    __tablename__ = "api_tokens"
    id: Mapped[Id]
    pid: Mapped[Pid]
    person_id: Mapped[int] = ref("persons")
    name: Mapped[str] = mapped_column(String(80))
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[Any] = mapped_column(Json)  # ["read", "write"]
    # api_tokens: the one it was made with, which it never outlives (no constraint: SQLite adds none to a filled table)
    parent_id: Mapped[int | None] = mapped_column(BigId, index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]


class Audit(Base):
    """A privileged act: who read, exported or changed what of whom."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_at", "at"),)
    id: Mapped[Id]
    actor_id: Mapped[int | None] = ref("persons")
    act: Mapped[str] = mapped_column(String(60))
    object: Mapped[str] = mapped_column(String(80), default="")  # "journal_entry:<pid>"
    community_id: Mapped[int | None] = ref("communities")
    detail: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    at: Mapped[datetime]


# asked for every message, so built once
IDENTITY = (
    select(Identity, Person)
    .outerjoin(Person, Person.id == Identity.person_id)
    .where(Identity.platform == bindparam("platform"), Identity.native == bindparam("native"))
)


def find_identity(session: Session, platform: str, native: str) -> tuple[Identity, Person | None] | None:
    """The account on a platform with its person, where it is bound."""
    found = session.execute(IDENTITY, {"platform": platform, "native": native}).first()
    return (found[0], found[1]) if found else None


def find_or_add_identity(
    session: Session, platform: str, native: str, **columns: Any
) -> tuple[Identity, Person | None]:
    """That account, added when it is new; two chats in which it is heard of at once get the same one."""
    session.flush()
    row = upsert(session, Identity).values(platform=platform, native=native, **columns)
    session.execute(row.on_conflict_do_nothing(index_elements=["platform", "native"]))
    found = find_identity(session, platform, native)
    assert found is not None
    return found


def choose_home(session: Session, person_id: int) -> int | None:
    """Where a person's personal messages go: the active account last spoken from; sets and returns the chat id."""
    query = (
        select(Identity.chat_id)
        .where(Identity.person_id == person_id, Identity.state == "active", Identity.chat_id.is_not(None))
        .order_by(Identity.last_spoke_at.desc().nulls_last(), Identity.id)
        .limit(1)
    )
    chat_id = session.execute(query).scalar_one_or_none()
    session.execute(update(Person).where(Person.id == person_id).values(home_chat_id=chat_id, home_chosen=False))
    return chat_id


def leave_home(session: Session, chat_id: int, person_ids: Collection[int]) -> None:
    """These people's accounts that speak from a chat are out of use; who was at home there is so elsewhere from now on,
    or nowhere."""
    speaking = update(Identity).where(Identity.person_id.in_(person_ids), Identity.chat_id == chat_id)
    session.execute(speaking.values(state="gone"))
    here = select(Person.id).where(Person.id.in_(person_ids), Person.home_chat_id == chat_id).order_by(Person.id)
    for person_id in session.scalars(here).all():
        choose_home(session, person_id)


def find_token(session: Session, digest: str) -> tuple[ApiToken, Person] | None:
    """The token with this digest and its person."""
    query = select(ApiToken, Person).join(Person, Person.id == ApiToken.person_id).where(ApiToken.hash == digest)
    found = session.execute(query).first()
    return (found[0], found[1]) if found else None


def get_token(session: Session, pid: str) -> ApiToken | None:
    """A token by its public id."""
    return session.scalars(select(ApiToken).where(ApiToken.pid == pid)).first()
