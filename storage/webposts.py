"""Queries of the posts and uploads of the web chat."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, and_, delete, false, func, or_, select
from sqlalchemy.orm import Session

from storage.erasing import spells
from storage.messaging import Chat, Delivery
from storage.people import Identity, Person
from storage.relays import Relay
from storage.webchat import WebChat, WebPost, WebUpload


@dataclass(frozen=True, slots=True)
class Said:
    """A post and who said it; of the bot's, `author` and `person` are empty. Of what somebody said in another room
    `person` is there, and no `author`."""

    post: WebPost
    author: Identity | None
    person: Person | None

    @property
    def relayed(self) -> bool:
        """Whether it was said in another room."""
        return self.author is None and self.person is not None


def _said() -> Select[WebPost, Identity, Person]:
    return (
        select(WebPost, Identity, Person)
        .outerjoin(Identity, Identity.id == WebPost.identity_id)
        .outerjoin(Delivery, Delivery.id == WebPost.delivery_id)
        .outerjoin(Relay, Relay.message_id == Delivery.message_id)
        .outerjoin(Person, Person.id == func.coalesce(Identity.person_id, Relay.person_id))
    )


def page_of_posts(session: Session, chat_id: int, limit: int, before: int | None = None) -> list[Said]:
    """Up to `limit` posts before a seq (default: the newest), oldest first. What the bot took back is left out."""
    shown = or_(WebPost.identity_id.is_not(None), WebPost.removed_at.is_(None))
    query = _said().where(WebPost.chat_id == chat_id, shown)
    if before is not None:
        query = query.where(WebPost.seq < before)
    rows = session.execute(query.order_by(WebPost.seq.desc()).limit(limit)).all()
    return [Said(*row) for row in reversed(rows)]


def changed_posts(session: Session, chat_id: int, after: int, limit: int) -> list[Said]:
    """Up to `limit` posts whose change is newer than `after`, in the order of the changes."""
    query = _said().where(WebPost.chat_id == chat_id, WebPost.change > after).order_by(WebPost.change).limit(limit)
    return [Said(*row) for row in session.execute(query)]


def last_posts(session: Session, chat_ids: Sequence[int]) -> dict[int, Said]:
    """chat id -> its newest post."""
    query = (
        _said()
        .join(WebChat, (WebChat.chat_id == WebPost.chat_id) & (WebChat.last_seq == WebPost.seq))
        .where(WebChat.chat_id.in_(chat_ids))
    )
    return {row[0].chat_id: Said(*row) for row in session.execute(query)}


def posts_by_id(session: Session, ids: Sequence[int]) -> dict[int, Said]:
    """id -> post, for the messages that others answer."""
    return {row[0].id: Said(*row) for row in session.execute(_said().where(WebPost.id.in_(ids)))} if ids else {}


def post_by_pid(session: Session, pid: str, lock: bool = False) -> Said | None:
    """One post; `lock` makes two changers of it take turns on PostgreSQL."""
    query = _said().where(WebPost.pid == pid)
    row = session.execute(query.with_for_update(of=WebPost) if lock else query).first()
    return Said(*row) if row else None


def post_of_client(session: Session, chat_id: int, identity_id: int, client: str) -> WebPost | None:
    """What an earlier send of the same message became."""
    mine = (WebPost.chat_id == chat_id, WebPost.identity_id == identity_id, WebPost.client == client)
    return session.scalars(select(WebPost).where(*mine)).first()


def post_of_delivery(session: Session, delivery_id: int) -> WebPost | None:
    """What an earlier sending of the same delivery became."""
    return session.scalars(select(WebPost).where(WebPost.delivery_id == delivery_id)).first()


def posts_by_pids(session: Session, chat_id: int, pids: Sequence[str]) -> list[WebPost]:
    """Posts of a chat, locked for a change."""
    query = select(WebPost).where(WebPost.chat_id == chat_id, WebPost.pid.in_(pids)).order_by(WebPost.id)
    return list(session.scalars(query.with_for_update()))


def upload_by_client(session: Session, identity_id: int, client: str) -> WebUpload | None:
    """An upload by the id that its page gave it."""
    mine = (WebUpload.identity_id == identity_id, WebUpload.client == client)
    return session.scalars(select(WebUpload).where(*mine)).first()


def upload_by_pid(session: Session, pid: str) -> WebUpload | None:
    """An upload by its public id."""
    return session.scalars(select(WebUpload).where(WebUpload.pid == pid)).first()


def fresh_uploads(session: Session, identity_id: int, pids: Sequence[str]) -> list[WebUpload]:
    """An account's uploads that belong to no post yet, in the order of `pids`; locked, so that one post gets each."""
    query = select(WebUpload).where(
        WebUpload.pid.in_(pids), WebUpload.identity_id == identity_id, WebUpload.post_id.is_(None)
    )
    found = {row.pid: row for row in session.scalars(query.with_for_update())}
    return [found[pid] for pid in pids if pid in found]


def uploads_of_posts(session: Session, post_ids: Sequence[int]) -> dict[int, list[WebUpload]]:
    """post id -> its uploads, as they were sent."""
    found: dict[int, list[WebUpload]] = {}
    if post_ids:
        for row in session.scalars(select(WebUpload).where(WebUpload.post_id.in_(post_ids)).order_by(WebUpload.id)):
            assert row.post_id is not None
            found.setdefault(row.post_id, []).append(row)
    return found


def count_bytes(session: Session, identity_id: int, since: datetime) -> int:
    """How many bytes an account uploaded since a moment."""
    mine = (WebUpload.identity_id == identity_id, WebUpload.created_at > since)
    return int(session.execute(select(func.coalesce(func.sum(WebUpload.size), 0)).where(*mine)).scalar_one())


def forget_uploads(session: Session, unsaid_before: datetime, withdrawn_before: datetime, limit: int) -> list[str]:
    """Delete up to `limit` uploads that never became part of a post, or whose post was withdrawn long ago.

    Returns the keys of their blobs.
    """
    withdrawn = select(WebPost.id).where(WebPost.removed_at < withdrawn_before)
    unsaid = and_(WebUpload.post_id.is_(None), WebUpload.created_at < unsaid_before)
    old = select(WebUpload.id).where(or_(unsaid, WebUpload.post_id.in_(withdrawn))).limit(limit)
    gone = session.execute(
        delete(WebUpload).where(WebUpload.id.in_(old)).returning(WebUpload.blob_key, WebUpload.thumb_key)
    ).all()
    return [key for row in gone for key in row if key]


def posts_of(session: Session, identity_ids: Sequence[int]) -> list[tuple[WebPost, str]]:
    """Everything that accounts said, each with its chat's public id."""
    query = select(WebPost, Chat.pid).join(Chat, Chat.id == WebPost.chat_id)
    rows = session.execute(query.where(WebPost.identity_id.in_(identity_ids)).order_by(WebPost.id))
    return [(post, chat) for post, chat in rows]


def told_of(session: Session, identity_ids: Sequence[int], marks: Sequence[str]) -> list[WebPost]:
    """What the bot said in the private chats of accounts, or anywhere with one of the marks (storage.erasing)."""
    named = or_(*[spells(WebPost.tree, word) for word in marks], false())
    private = select(Chat.id).where(Chat.identity_id.in_(identity_ids), Chat.kind == "private")
    query = select(WebPost).where(WebPost.identity_id.is_(None), or_(WebPost.chat_id.in_(private), named))
    return list(session.scalars(query.order_by(WebPost.chat_id, WebPost.id)))


def uploads_of(session: Session, identity_ids: Sequence[int]) -> list[WebUpload]:
    """Every file that accounts sent."""
    query = select(WebUpload).where(WebUpload.identity_id.in_(identity_ids)).order_by(WebUpload.id)
    return list(session.scalars(query))
