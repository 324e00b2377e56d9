"""How journals look over HTTP."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field, StrictBool, StrictInt

from api.context import Context
from api.http import Page, page_of
from api.journals.reviewing import Taken, comments_of
from api.journals.service import MOST_CHARS, MOST_FILES, author_of, community_of, files_of
from storage.journals import JournalComment, JournalEntry
from storage.people import Person


class PersonRef(BaseModel):
    """Somebody, by public id and name."""

    pid: str
    name: str


class EntryIn(BaseModel):
    """A log to hand in. `attachments` are pids of POST /v1/attachments; `draft` keeps it back."""

    body: str = Field("", max_length=MOST_CHARS)
    attachments: list[str] = Field([], max_length=MOST_FILES)
    draft: StrictBool = False


class EntryPatch(BaseModel):
    """New words for a log; those of a log that is handed in are marked as edited."""

    body: str = Field(max_length=MOST_CHARS)


class CommentIn(BaseModel):
    """Something to say about a log."""

    body: str = Field(max_length=4000)


class ReviewIn(BaseModel):
    """A judgement: points where given; none just takes the log out of the queue."""

    score: StrictInt | None = Field(None, ge=-1000, le=1000)


class FileRef(BaseModel):
    """A file of a log; its content is at /v1/attachments/{pid}/content."""

    pid: str
    kind: str
    name: str
    size: int
    state: str


class EntryBrief(BaseModel):
    """A log in a list."""

    pid: str
    author: PersonRef
    state: str
    body: str
    created_at: datetime
    submitted_at: datetime | None
    edited_at: datetime | None
    reviewed_at: datetime | None
    score: int | None
    featured_at: datetime | None

    @classmethod
    def of_pair(cls, pair: tuple[JournalEntry, Person]) -> "EntryBrief":
        """The shape of an entry and its author."""
        entry, author = pair
        return cls(author=PersonRef(pid=author.pid, name=author.name), **_columns(entry))


class EntryOut(EntryBrief):
    """One log with its workshop and files."""

    workshop: str | None = Field(description="pid of the workshop; null for a personal log")
    attachments: list[FileRef]

    @classmethod
    def of(cls, ctx: Context, entry: JournalEntry) -> "EntryOut":
        """The shape of an entry."""
        author, community = author_of(ctx, entry), community_of(ctx, entry)
        files = [FileRef.model_validate(file, from_attributes=True) for file in files_of(ctx, entry)]
        ref = PersonRef(pid=author.pid, name=author.name)
        return cls(author=ref, workshop=community.pid if community else None, attachments=files, **_columns(entry))


class CommentOut(BaseModel):
    """One comment."""

    pid: str
    author: PersonRef
    body: str
    created_at: datetime

    @classmethod
    def of(cls, ctx: Context, comment: JournalComment) -> "CommentOut":
        """The shape of a comment by who acts."""
        return cls.of_pair((comment, ctx.me))

    @classmethod
    def of_pair(cls, pair: tuple[JournalComment, Person]) -> "CommentOut":
        """The shape of a comment and who said it."""
        comment, person = pair
        ref = PersonRef(pid=person.pid, name=person.name)
        return cls(pid=comment.pid, author=ref, body=comment.body, created_at=comment.created_at)


class TakenOut(BaseModel):
    """What the queue gave. `reading` names cohosts who hold what is left."""

    entry: EntryOut | None
    waiting: int
    reading: list[str]

    @classmethod
    def of(cls, ctx: Context, taken: Taken) -> "TakenOut":
        """The shape of what was taken."""
        entry = EntryOut.of(ctx, taken.entry) if taken.entry is not None else None
        return cls(entry=entry, waiting=taken.waiting, reading=taken.readers)


def page_shape(limit: int, _ctx: Context, rows: list[tuple[JournalEntry, Person]]) -> Page[EntryBrief]:
    """A page of logs; the cursor is the pid of its last."""
    items, following = page_of(rows, limit, lambda pair: pair[0].pid)
    return Page(items=[EntryBrief.of_pair(pair) for pair in items], next=following)


def comments_shape(limit: int, after: int, ctx: Context, entry: JournalEntry) -> Page[CommentOut]:
    """A page of what was said about a log, oldest first."""
    items, following = page_of(comments_of(ctx, entry, limit + 1, after), limit, lambda pair: str(pair[0].id))
    return Page(items=[CommentOut.of_pair(pair) for pair in items], next=following)


def _columns(entry: JournalEntry) -> dict[str, Any]:
    names = "pid state body created_at submitted_at edited_at reviewed_at score featured_at".split()
    return {name: getattr(entry, name) for name in names}
