"""Tables and queries of the resource banks (G9, G10). Searching is by character bigrams in `search`; its index is
revision 0002: FTS5 on SQLite, GIN on PostgreSQL."""

import re
import unicodedata
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Index, Select, String, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base, Id, Json, Pid, ref
from storage.communities import Community
from storage.people import Person

ASCII_WORD = re.compile(r"[a-z0-9]+")


class Resource(Base):
    """Something worth sharing in a community's bank: words, a link, files."""

    __tablename__ = "resources"
    __table_args__ = (
        Index("ix_resources_bank", "community_id", "id", sqlite_where=text("removed_at IS NULL"),
              postgresql_where=text("removed_at IS NULL")),
        Index("ix_resources_author", "author_id", "id"),
    )  # fmt: skip
    id: Mapped[Id]
    pid: Mapped[Pid]
    community_id: Mapped[int] = ref("communities", index=False)  # whose bank
    author_id: Mapped[int] = ref("persons", index=False)
    title: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(16))
    subject: Mapped[str] = mapped_column(String(40), default="")
    tags: Mapped[Any] = mapped_column(Json, default=list)
    text: Mapped[str] = mapped_column(String(10000), default="")
    url: Mapped[str] = mapped_column(String(1000), default="")
    files: Mapped[Any] = mapped_column(Json, default=list)  # pids of attachments
    version: Mapped[int] = mapped_column(default=1)  # counts changes of the content
    search: Mapped[str] = mapped_column(String, default="")  # tokens of everything that can be found
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
    removed_by: Mapped[int | None] = ref("persons", index=False)


def tokens(words: str) -> list[str]:
    """What a text is found by: Latin words whole, every other script as pairs of characters and the last one alone.

    Each token is ASCII letters and digits that begin with a letter, so that no database's parser splits it.
    """
    found: list[str] = []
    for run in re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", words).lower()):
        end = 0
        for latin in ASCII_WORD.finditer(run):
            found += _pairs(run[end : latin.start()])
            found.append(f"w{latin[0]}")
            end = latin.end()
        found += _pairs(run[end:])
    return list(dict.fromkeys(found))


def _pairs(run: str) -> list[str]:
    codes = [f"u{ord(character):06x}" for character in run]
    return [first + second for first, second in zip(codes, [*codes[1:], ""], strict=False)]


def search_tokens(words: str) -> tuple[list[str], list[str]]:
    """What to look for: (whole tokens, beginnings of tokens). A single character or a Latin word is a beginning."""
    found = tokens(words)
    whole = [token for token in found if token.startswith("u") and len(token) > 7]
    covered = {token[7:] for token in whole}
    return whole, [token for token in found if token not in whole and token not in covered]


def matching(session: Session, words: str) -> Select[Any] | None:
    """A select of the ids of resources that contain everything that was asked for; None when nothing was."""
    whole, beginnings = search_tokens(words)
    if not whole and not beginnings:
        return None
    if session.get_bind().dialect.name == "sqlite":
        query = " AND ".join([*whole, *[f"{token}*" for token in beginnings]])
        found = text("SELECT rowid AS id FROM resource_search WHERE resource_search MATCH :query").bindparams(
            query=query
        )
        return select(found.columns(Resource.id).subquery().c.id)
    query = " & ".join([*whole, *[f"{token}:*" for token in beginnings]])
    vector = func.to_tsvector(text("'simple'"), Resource.search)
    return select(Resource.id).where(vector.op("@@")(func.to_tsquery(text("'simple'"), query)))


def get_resource(session: Session, pid: str) -> Resource | None:
    """A resource that was not removed."""
    return session.scalars(select(Resource).where(Resource.pid == pid, Resource.removed_at.is_(None))).first()


def find_titles(session: Session, ids: Collection[int]) -> dict[int, str]:
    """id -> title, also of removed ones."""
    query = select(Resource.id, Resource.title).where(Resource.id.in_(ids))
    return {key: title for key, title in session.execute(query)}


def find_resources(
    session: Session, banks: Select[Any], words: str, *, kind: str = "", community_id: int | None = None,
    author_id: int | None = None, before: str | None = None, limit: int = 20,
) -> list[tuple[Resource, str, str]]:  # fmt: skip
    """(resource, its bank's name, its author's name) from the banks of a select of communities, newest first."""
    query = (
        select(Resource, Community.name, Person.name)
        .join(Community, Community.id == Resource.community_id)
        .join(Person, Person.id == Resource.author_id)
        .where(Resource.removed_at.is_(None), Resource.community_id.in_(banks.with_only_columns(Community.id)))
    )
    if words.strip():
        found = matching(session, words)
        if found is None:
            return []
        query = query.where(Resource.id.in_(found))
    for column, value in (
        (Resource.kind, kind),
        (Resource.community_id, community_id),
        (Resource.author_id, author_id),
    ):
        if value:
            query = query.where(column == value)
    if before is not None:
        query = query.where(Resource.id < select(Resource.id).where(Resource.pid == before).scalar_subquery())
    return [(row[0], row[1], row[2]) for row in session.execute(query.order_by(Resource.id.desc()).limit(limit))]


def all_of_author(session: Session, person_id: int) -> list[Resource]:
    """Every resource of a person, removed ones too."""
    return list(session.scalars(select(Resource).where(Resource.author_id == person_id).order_by(Resource.id)))
