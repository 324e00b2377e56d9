"""Keeping files: rows first, bytes by a worker; who may see one is asked of what holds it (architecture: Receiving)."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from api.attachments.texts import megabytes
from api.context import Context
from api.errors import Forbidden, Invalid, TooLarge, TooMany, not_found
from api.messaging.tree import T
from storage import attachments
from storage.attachments import Attachment
from storage.messaging import Chat
from storage.people import Person

KINDS = ("photo", "voice", "video", "document")
FILE_LIMIT = 20 * 2**20
FILES_PER_DAY = 200
BYTES_PER_DAY = 500 * 2**20
DAY = timedelta(hours=24)
KEEP_REMOVED = timedelta(days=30)
MADE, KEEP_MADE = "made", timedelta(days=14)
BATCH = 100
ENDINGS = {"photo": ".jpg", "voice": ".ogg", "video": ".mp4", "document": ""}
UNSAFE_NAME = re.compile(r"[\x00-\x1f\x7f/\\\u202a-\u202e\u2066-\u2069\ufeff]+")
MIME = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,59}", re.ASCII)

# holder kind ("journal_entry") -> whether who acts may see what is held by the thing with this pid
Holders = Mapping[str, Callable[[Context, str], bool]]


class SentFile(Protocol):
    """A file as a chat platform reports it (bot.inbound.File); `size` 0 where the platform does not say."""

    @property
    def kind(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def mime(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def ref(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Content:
    """Where the bytes of a stored attachment are: under a blob key, or still here.

    `mark` names these bytes, which never change. `fleeting`: made for one person, so that no browser may keep it.
    """

    mark: str
    name: str
    mime: str
    size: int
    blob_key: str | None
    data: bytes | None = None
    fleeting: bool = False


def expect_file(ctx: Context, kind: str, size: int) -> int:
    """Whether a file of `size` bytes may come, before it is read; returns whose it will be (Person.id).

    Raises as `keep_bytes` does.
    """
    _check(ctx, kind, size)
    return ctx.me.id


def keep_file(ctx: Context, file: SentFile, chat: Chat, holder: str = "") -> Attachment:
    """Keep a file that somebody sent: a row now (pending), its bytes soon. `holder` is "<kind>:<pid>".

    Raises TooLarge naming the limit, TooMany when the day's quota is used up, Forbidden for strangers.
    """
    if ctx.actor is None:
        raise Forbidden("attachment.stranger", T("I keep files only for people I know. Send me your claim code first."))
    _check(ctx, file.kind, file.size)
    return _add(ctx, file.kind, file.name, file.mime, file.size, holder, platform=chat.platform, account=chat.account,
                ref=file.ref)  # fmt: skip


def keep_bytes(ctx: Context, name: str, mime: str, data: bytes, kind: str = "document", holder: str = "") -> Attachment:
    """Keep a file that somebody uploaded: like `keep_file`, with the bytes at hand; the worker cleans photos."""
    _check(ctx, kind, len(data))
    if not data:
        raise Invalid("attachment.empty", T("This file is empty."))
    row = _add(ctx, kind, name, mime, len(data), holder)
    attachments.add_payload(ctx.session, row.id, data)
    return row


def store_bytes(ctx: Context, name: str, mime: str, data: bytes, holder: str = MADE,
                kind: str = "document") -> Attachment:  # fmt: skip
    """Keep a file that we made (a spreadsheet, slips): readable at once, moved to the blob store by a worker, gone
    in 14 days unless something holds it: such files are full of names and codes, and are soon made again.

    Raises TooLarge beyond 20 MB.
    """
    _check_size(len(data))
    row = _add(ctx, kind, name, mime, len(data), holder, state="stored")
    attachments.add_payload(ctx.session, row.id, data)
    return row


def get_attachment_for(ctx: Context, pid: str, holders: Holders) -> Attachment:
    """The attachment, if it is one's own or what holds it (api.registry.HOLDERS) may be seen. Raises NotFound."""
    row = attachments.get_by_pid(ctx.session, pid)
    if row is None or row.state == "removed":
        raise not_found("attachment.unknown")
    if ctx.system or (ctx.actor is not None and row.owner_id == ctx.actor.id):
        return row
    kind, _, of = row.holder.partition(":")
    if kind not in holders or not holders[kind](ctx, of):
        raise not_found("attachment.unknown")
    return row


def read_attachment(ctx: Context, pid: str, holders: Holders) -> Content:
    """The content of an attachment that who acts may see. Raises NotFound also while it is not stored yet."""
    return content_of(ctx, get_attachment_for(ctx, pid, holders))


def content_of(ctx: Context, row: Attachment) -> Content:
    """Where the bytes are; whoever calls has checked the right. Raises NotFound while there are none."""
    data = attachments.get_payload(ctx.session, row.id) if row.state == "stored" and row.blob_key is None else None
    if row.state != "stored" or (row.blob_key is None and data is None):
        raise not_found("attachment.not_stored")
    size = len(data) if data is not None else row.size
    return Content(row.pid, row.name, row.mime, size, row.blob_key, data, fleeting=row.holder == MADE)


def find_attachments(ctx: Context, pids: Sequence[str]) -> list[Attachment]:
    """The attachments of a message, in order; removed ones are left out. Whoever calls has checked the right."""
    return attachments.find_by_pids(ctx.session, pids)


def attachments_of(ctx: Context, holder: str) -> list[Attachment]:
    """What a thing ("journal_entry:<pid>") holds, in the order sent."""
    return attachments.of_holders(ctx.session, [holder])[holder]


def take_attachments(ctx: Context, pids: Sequence[str], holder: str) -> list[Attachment]:
    """Give one's own uploads that nothing holds yet to a thing. Raises NotFound for any other."""
    rows = attachments.find_by_pids(ctx.session, pids)
    if len(rows) != len(set(pids)) or any(row.owner_id != ctx.me.id or row.holder for row in rows):
        raise not_found("attachment.unknown")
    for row in rows:
        row.holder = holder
    ctx.session.flush()
    return rows


def remove_attachments(ctx: Context, rows: Sequence[Attachment], keep: timedelta = KEEP_REMOVED) -> None:
    """Take files away from everybody; their bytes are purged `keep` later."""
    if rows:
        attachments.remove(ctx.session, [row.id for row in rows], ctx.now, ctx.now + keep)
        ctx.wake("files")


def forget_made(ctx: Context) -> bool:
    """Job: take files away that we made 14 days ago; true when there may be more."""
    old = attachments.held_before(ctx.session, MADE, ctx.now - KEEP_MADE, BATCH)
    remove_attachments(ctx, old, keep=timedelta(0))
    return len(old) == BATCH


def clean_name(name: str, kind: str) -> str:
    """A file name that is safe to show and to offer for saving; people's own words otherwise."""
    name = UNSAFE_NAME.sub("_", name).strip(" .")
    if len(name) > 200:
        stem, dot, ending = name.rpartition(".")
        name = f"{stem[: 199 - len(ending)]}.{ending}" if dot and len(ending) < 20 else name[:200]
    return name or f"{kind}{ENDINGS[kind]}"


def _add(ctx: Context, kind: str, name: str, mime: str, size: int, holder: str, **columns: Any) -> Attachment:
    row = Attachment(
        owner_id=ctx.actor.id if ctx.actor else None, kind=kind, name=clean_name(name, kind), size=size, holder=holder,
        mime=mime.lower() if MIME.fullmatch(mime) else "application/octet-stream", next_at=ctx.now, created_at=ctx.now,
        **columns,
    )  # fmt: skip
    ctx.session.add(row)
    ctx.session.flush()
    ctx.wake("files")
    return row


def _check(ctx: Context, kind: str, size: int) -> None:
    if kind not in KINDS:
        say = T("I can keep photos, voice messages, videos and files, but not this.")
        raise Invalid("attachment.kind", say, kind=kind)
    _check_size(size)
    files, total = attachments.sum_since(ctx.session, ctx.me.id, ctx.now - DAY)
    if files >= FILES_PER_DAY or total + size > BYTES_PER_DAY:
        say = T("That is a lot for one day: at most {files} files and {size}. Send the rest tomorrow.",
                files=FILES_PER_DAY, size=megabytes(BYTES_PER_DAY))  # fmt: skip
        raise TooMany("attachment.quota", say, retry_after=3600, files=FILES_PER_DAY, bytes=BYTES_PER_DAY)


def _check_size(size: int) -> None:
    if size > FILE_LIMIT:
        raise refuse_size(size)


def refuse_size(size: int) -> TooLarge:
    """The refusal that names the limit."""
    say = T("This file has {size}; at most {limit} each. Make it smaller, or send it in parts.",
            size=megabytes(size), limit=megabytes(FILE_LIMIT))  # fmt: skip
    return TooLarge("attachment.too_large", say, limit=FILE_LIMIT, size=size)


def export_attachments(ctx: Context, person: Person) -> dict[str, Any]:
    """What is kept of a person's files; their bytes are in the blob store under `pid`'s content."""
    rows = attachments.of_owner(ctx.session, person.id)
    return {"attachments": [
        {"pid": row.pid, "kind": row.kind, "name": row.name, "mime": row.mime, "size": row.size, "state": row.state,
         "holder": row.holder, "created_at": row.created_at.isoformat()}
        for row in rows
    ]}  # fmt: skip


def erase_attachments(ctx: Context, person: Person) -> None:
    """Take all files of a person away and purge their bytes now."""
    remove_attachments(ctx, attachments.of_owner(ctx.session, person.id), keep=timedelta(0))
