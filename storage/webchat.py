"""Tables of the built-in web chat: what its chats hold, how far each account has read, who has a page open.

A chat's row in `web_chats` is the lock under which its posts are numbered: `seq` orders them, `change` grows with every
post, edit and removal, so that a page knows what it has not seen yet.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, String, UniqueConstraint, delete, func, select, text, union_all
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from storage.base import Base, Id, Json, Pid, ref
from storage.communities import Appointment, Community, Membership, held_on, ids_in
from storage.messaging import Chat
from storage.people import PRESENT, Identity, Person
from storage.rooms import Room
from storage.writing import count_changed, upsert


class WebChat(Base):
    """The counters of a web chat. `changed_at` lets other processes find what changed lately."""

    __tablename__ = "web_chats"
    chat_id: Mapped[int] = ref("chats", primary_key=True, index=False, autoincrement=False)
    last_seq: Mapped[int] = mapped_column(default=0)
    last_change: Mapped[int] = mapped_column(default=0)
    changed_at: Mapped[datetime] = mapped_column(index=True)


class WebPost(Base):
    """One message of a web chat. People's hold `text`; the bot's (no identity) hold the tree, drawn per reader."""

    __tablename__ = "web_posts"
    __table_args__ = (
        UniqueConstraint("chat_id", "seq"),
        UniqueConstraint("chat_id", "identity_id", "client"),
        Index("ix_web_posts_chat_id_change", "chat_id", "change"),
        Index("ix_web_posts_removed_at", "removed_at", postgresql_where=text("removed_at IS NOT NULL")),
    )
    id: Mapped[Id]
    pid: Mapped[Pid]
    chat_id: Mapped[int] = ref("chats", index=False)
    seq: Mapped[int]
    change: Mapped[int]
    rev: Mapped[int] = mapped_column(default=0)
    identity_id: Mapped[int | None] = ref("identities")
    client: Mapped[str | None] = mapped_column(String(40))  # the page's own id: a repeated send is the same post
    delivery_id: Mapped[int | None] = ref("deliveries", unique=True, index=False)  # a delivery is shown once
    text: Mapped[str] = mapped_column(default="")
    tree: Mapped[Any | None] = mapped_column(Json)
    buttons: Mapped[Any] = mapped_column(Json, default=list)
    files: Mapped[Any] = mapped_column(Json, default=list)  # pids: of uploads in people's posts, else of attachments
    pressed: Mapped[str | None]  # in a private chat: the button chosen last
    reply_to: Mapped[int | None] = ref("web_posts", index=False)
    edited_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class WebMark(Base):
    """How far an account has read a chat."""

    __tablename__ = "web_marks"
    identity_id: Mapped[int] = ref("identities", primary_key=True, index=False, autoincrement=False)
    chat_id: Mapped[int] = ref("chats", primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(default=0)


class WebPresence(Base):
    """`seen_at`: an open page of the account was alive then. `changed_at`: something of the account alone changed."""

    __tablename__ = "web_presence"
    identity_id: Mapped[int] = ref("identities", primary_key=True, index=False, autoincrement=False)
    seen_at: Mapped[datetime | None]
    changed_at: Mapped[datetime | None] = mapped_column(index=True)


class WebToast(Base):
    """A short word to whoever pressed a button; forgotten after a minute.

    Pages remember which one they showed last, so it goes by its delivery: an id of its own would be used again.
    """

    __tablename__ = "web_toasts"
    delivery_id: Mapped[int] = ref("deliveries", primary_key=True, index=False, autoincrement=False)
    identity_id: Mapped[int] = ref("identities")
    tree: Mapped[Any] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(index=True)


class WebUpload(Base):
    """A file that somebody's page sent, stored and looked into; it belongs to a post once that is said."""

    __tablename__ = "web_uploads"
    __table_args__ = (UniqueConstraint("identity_id", "client"), Index("ix_web_uploads_created_at", "created_at"))
    id: Mapped[Id]
    pid: Mapped[Pid]
    identity_id: Mapped[int] = ref("identities", index=False)
    chat_id: Mapped[int] = ref("chats", index=False)
    client: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(8))  # photo | voice | video | document
    name: Mapped[str] = mapped_column(String(200))
    mime: Mapped[str] = mapped_column(String(120))
    size: Mapped[int]
    blob_key: Mapped[str] = mapped_column(String(40))
    thumb_key: Mapped[str | None] = mapped_column(String(40))
    thumb_size: Mapped[int] = mapped_column(default=0)
    width: Mapped[int | None]
    height: Mapped[int | None]
    seconds: Mapped[int | None]
    post_id: Mapped[int | None] = ref("web_posts")
    created_at: Mapped[datetime]


def number(session: Session, chat_id: int, now: datetime, new: bool) -> tuple[int, int]:
    """The next (seq, change) of a chat; `new` counts a new post. Holds the chat's lock until the commit."""
    step = 1 if new else 0
    row = upsert(session, WebChat).values(chat_id=chat_id, last_seq=step, last_change=1, changed_at=now)
    row = row.on_conflict_do_update(
        index_elements=["chat_id"],
        set_={"last_seq": WebChat.last_seq + step, "last_change": WebChat.last_change + 1, "changed_at": now},
    )
    seq, change = session.execute(row.returning(WebChat.last_seq, WebChat.last_change)).one()
    return seq, change


def lock(session: Session, chat_id: int, now: datetime) -> None:
    """Hold a chat's numbering until the commit."""
    row = upsert(session, WebChat).values(chat_id=chat_id, last_seq=0, last_change=0, changed_at=now)
    session.execute(row.on_conflict_do_update(index_elements=["chat_id"], set_={"last_seq": WebChat.last_seq}))


def communities_around(session: Session, person: Person, today: date) -> list[int]:
    """Ids of the communities a person is in: active member, holder of an office there, home school and its regions."""
    member = select(Membership.community_id).where(Membership.person_id == person.id, Membership.status == "active")
    office = select(Appointment.community_id).where(Appointment.person_id == person.id, held_on(today))
    found = set(session.scalars(union_all(member, office)))
    if person.school_id is not None:
        path = session.execute(select(Community.path).where(Community.id == person.school_id)).scalar_one()
        found.update(ids_in(path))
    return sorted(found)


def accounts_around(session: Session, community: Community, today: date) -> set[str]:
    """The same the other way round: the web accounts of everybody who is in a community."""
    member = select(Membership.person_id).where(
        Membership.community_id == community.id, Membership.status == "active"
    )
    office = select(Appointment.person_id).where(Appointment.community_id == community.id, held_on(today))
    home = aliased(Community)
    at_home = (
        select(Person.id)
        .join(home, home.id == Person.school_id)
        .where(home.path.startswith(community.path, autoescape=True))
    )
    query = (
        select(Identity.native)
        .join(Person, Person.id == Identity.person_id)
        .where(Identity.platform == "web", *PRESENT, Person.id.in_(union_all(member, office, at_home)))
    )
    return set(session.scalars(query))


def rooms_in(session: Session, community_ids: Sequence[int]) -> list[tuple[Chat, Community]]:
    """The web rooms of communities; those of archived ones come last."""
    query = (
        select(Chat, Community)
        .join(Room, Room.chat_id == Chat.id)
        .join(Community, Community.id == Room.community_id)
        .where(
            Room.community_id.in_(community_ids),
            Chat.platform == "web",
            Chat.state == "active",
        )
        .order_by(Community.archived_at.is_not(None), Community.name, Chat.id)
    )
    return [(chat, community) for chat, community in session.execute(query)]


def counters(session: Session, identity_id: int, chat_ids: Sequence[int]) -> dict[int, Any]:
    """chat id -> (chat_id, last_seq, last_change, mark); `mark` is None where the account never looked."""
    query = (
        select(WebChat.chat_id, WebChat.last_seq, WebChat.last_change, WebMark.seq.label("mark"))
        .outerjoin(WebMark, (WebMark.chat_id == WebChat.chat_id) & (WebMark.identity_id == identity_id))
        .where(WebChat.chat_id.in_(chat_ids))
    )
    return {row.chat_id: row for row in session.execute(query)}


def set_mark(session: Session, identity_id: int, chat_id: int, seq: int) -> bool:
    """Move a mark forward, never back; whether it moved."""
    row = upsert(session, WebMark).values(identity_id=identity_id, chat_id=chat_id, seq=seq)
    row = row.on_conflict_do_update(
        index_elements=["identity_id", "chat_id"], set_={"seq": row.excluded.seq}, where=WebMark.seq < row.excluded.seq
    )
    return session.execute(row.returning(WebMark.seq)).first() is not None


def add_marks(session: Session, identity_id: int, seqs: dict[int, int]) -> None:
    """Begin reading chats at the posts that were there before (chat id -> seq); marks that exist stay."""
    rows = [{"identity_id": identity_id, "chat_id": chat_id, "seq": seq} for chat_id, seq in sorted(seqs.items())]
    if rows:
        added = upsert(session, WebMark).values(rows)
        session.execute(added.on_conflict_do_nothing(index_elements=["identity_id", "chat_id"]))


def lately_changed(session: Session, since: datetime) -> tuple[list[tuple[int, int]], list[tuple[int, datetime]]]:
    """What changed since a moment: chats as (id, last change) and accounts as (id, when)."""
    chats = select(WebChat.chat_id, WebChat.last_change).where(WebChat.changed_at >= since)
    accounts = select(WebPresence.identity_id, WebPresence.changed_at).where(WebPresence.changed_at >= since)
    return [(r[0], r[1]) for r in session.execute(chats)], [(r[0], r[1]) for r in session.execute(accounts) if r[1]]


def touch(session: Session, identity_ids: Iterable[int], **moments: datetime) -> None:
    """Set `seen_at` or `changed_at` of accounts."""
    rows = [{"identity_id": identity_id, **moments} for identity_id in sorted(identity_ids)]
    if rows:
        added = upsert(session, WebPresence).values(rows)
        changes = {name: getattr(added.excluded, name) for name in moments}
        session.execute(added.on_conflict_do_update(index_elements=["identity_id"], set_=changes))


def toasts_after(session: Session, identity_id: int, after: int, since: datetime) -> list[WebToast]:
    """Words to an account that are newer than `after` and not older than `since`."""
    mine = (WebToast.identity_id == identity_id, WebToast.delivery_id > after, WebToast.created_at >= since)
    return list(session.scalars(select(WebToast).where(*mine).order_by(WebToast.delivery_id).limit(10)))


def last_toast(session: Session, identity_id: int) -> int:
    """The delivery of the newest word to an account; 0 for none."""
    query = select(func.coalesce(func.max(WebToast.delivery_id), 0)).where(WebToast.identity_id == identity_id)
    return int(session.execute(query).scalar_one())


def add_toast(session: Session, toast: WebToast) -> None:
    """Keep a word for an account; the same delivery's again changes nothing."""
    values = {name: getattr(toast, name) for name in ("identity_id", "delivery_id", "tree", "created_at")}
    session.execute(upsert(session, WebToast).values(values).on_conflict_do_nothing(index_elements=["delivery_id"]))


def purge_toasts(session: Session, before: datetime) -> int:
    """Delete old words; returns how many."""
    return count_changed(session, delete(WebToast).where(WebToast.created_at < before))
