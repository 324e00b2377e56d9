"""Resource banks (G9, G10): what members share is found again by its words, and changed only by who may."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from api.access import can, require
from api.attachments.service import attachments_of, remove_attachments, take_attachments
from api.communities.audiences import places_where
from api.communities.lookup import get_community_for
from api.context import Context
from api.errors import Forbidden, Invalid, NotFound, not_found
from api.messaging.render import clean
from api.messaging.tree import T
from api.records.service import audit, record
from api.resources.kinds import KINDS
from storage import resources
from storage.communities import Community
from storage.people import Person
from storage.resources import Resource, tokens

TITLE_LIMIT, TEXT_LIMIT, URL_LIMIT, SUBJECT_LIMIT = 120, 10_000, 1000, 40
MOST_TAGS, TAG_LIMIT, MOST_FILES = 10, 20, 20
WEB = re.compile(r"https?://[^\s<>\"'，。；）]+", re.IGNORECASE)
CONTENT = frozenset({"text", "url", "files"})


@dataclass(frozen=True, slots=True)
class Found:
    """A resource with the names around it."""

    resource: Resource
    bank: str
    author: str


def add_resource(ctx: Context, community_pid: str, title: str, kind: str = "other", *, subject: str | None = None,
                 tags: Sequence[str] = (), text: str = "", url: str = "",
                 files: Sequence[str] = ()) -> Resource:  # fmt: skip
    """Put something into a community's bank (`contribute` there); `files` are pids of own attachments.

    `subject` None stands for the author's own. Raises Invalid naming what is missing or too long.
    """
    community = get_community_for(ctx, community_pid, "contribute")
    subject = ctx.me.subject if subject is None else subject
    fields = check_fields({"title": title, "kind": kind, "subject": subject, "tags": tags, "text": text, "url": url})
    _check_content(fields["text"], fields["url"], files)
    row = Resource(
        community_id=community.id, author_id=ctx.me.id, files=list(files), version=1, created_at=ctx.now,
        changed_at=ctx.now, **fields,
    )  # fmt: skip
    row.search = search_words(row, ctx.me.name)
    ctx.session.add(row)
    ctx.session.flush()
    if files:
        take_attachments(ctx, files, f"resource:{row.pid}")
    record(ctx, "resource.added", f"resource:{row.pid}", community)
    return row


def edit_resource(ctx: Context, pid: str, **changes: Any) -> Resource:
    """Change a resource of one's own, or of a bank one manages; new content makes a new version, under the same id.

    `changes`: title, kind, subject, tags, text, url, files (replaces them; new ones are own attachments).
    """
    row = get_resource_to_edit(ctx, pid)
    files = changes.pop("files", None)
    for name, value in check_fields(changes).items():
        if getattr(row, name) != value:
            setattr(row, name, value)
            if name in CONTENT:
                row.version += 1
    if files is not None and list(files) != row.files:
        _replace_files(ctx, row, files)
        row.version += 1
    _check_content(row.text, row.url, row.files)
    row.search = search_words(row, author_of(ctx, row).name)
    row.changed_at = ctx.now
    ctx.session.flush()
    return row


def remove_resource(ctx: Context, pid: str) -> Resource:
    """Take a resource of one's own, or of a bank one manages, out of the bank."""
    row = get_resource_for(ctx, pid, "manage")
    row.removed_at, row.removed_by = ctx.now, ctx.actor.id if ctx.actor else None
    remove_attachments(ctx, attachments_of(ctx, f"resource:{row.pid}"))
    community = bank_of(ctx, row)
    record(ctx, "resource.added", f"resource:{row.pid}", community, person_id=row.author_id, amount=-1)
    if ctx.actor is None or ctx.actor.id != row.author_id:
        audit(ctx, "resource.removed", f"resource:{row.pid}", community)
    ctx.session.flush()
    return row


def get_resource_for(ctx: Context, pid: str, action: str = "see") -> Resource:
    """A resource, if who acts may do `action` in its bank; one's own always. Raises NotFound or Forbidden."""
    row = resources.get_resource(ctx.session, pid)
    if row is None:
        raise not_found("resource.unknown")
    if ctx.actor is None or row.author_id != ctx.actor.id:
        require(ctx, action, bank_of(ctx, row))
    return row


def get_resource_to_edit(ctx: Context, pid: str) -> Resource:
    """A resource that who acts may change. Raises NotFound or Forbidden."""
    row = get_resource_for(ctx, pid, "manage")
    get_community_for(ctx, bank_of(ctx, row).pid, "contribute")  # whoever was removed does not speak there any more
    return row


def may_see_resource(ctx: Context, pid: str) -> bool:
    """Whether who acts may see a resource and its files."""
    try:
        get_resource_for(ctx, pid)
    except (NotFound, Forbidden):
        return False
    return True


def find_resources(ctx: Context, words: str = "", *, community_pid: str | None = None, kind: str = "",
                   mine: bool = False, before: str | None = None, limit: int = 20) -> list[Found]:  # fmt: skip
    """Resources of the banks one may see that contain all `words`, newest first; `before` is a pid."""
    community = get_community_for(ctx, community_pid, "see") if community_pid else None
    found = resources.find_resources(
        ctx.session, places_where(ctx, "see"), words, kind=kind, before=before, limit=limit,
        community_id=community.id if community else None, author_id=ctx.me.id if mine else None,
    )  # fmt: skip
    return [Found(*row) for row in found]


def bank_of(ctx: Context, row: Resource) -> Community:
    """The community whose bank it is in."""
    return ctx.session.get_one(Community, row.community_id)


def author_of(ctx: Context, row: Resource) -> Person:
    """Who shared it."""
    return ctx.session.get_one(Person, row.author_id)


def may_change(ctx: Context, row: Resource) -> bool:
    """Whether who acts may take it out of the bank."""
    return ctx.system or row.author_id == ctx.me.id or can(ctx, "manage", bank_of(ctx, row))


def may_edit(ctx: Context, row: Resource) -> bool:
    """Whether who acts may change it."""
    try:
        get_resource_to_edit(ctx, row.pid)
    except (NotFound, Forbidden):
        return False
    return True


def search_words(row: Resource, author: str) -> str:
    """The tokens by which a resource is found."""
    return " ".join(tokens(" ".join([row.title, row.subject, *row.tags, author, row.text])))


def title_of(text: str, file_names: Sequence[str]) -> str:
    """A title for something that was just sent: the file's name, the first line, or the link."""
    for name in file_names:
        if name:
            return name.rpartition(".")[0][:TITLE_LIMIT] or name[:TITLE_LIMIT]
    lines = [line.strip() for line in WEB.sub("", text).splitlines() if line.strip()]
    return (lines[0] if lines else text.strip())[:TITLE_LIMIT]


def check_fields(fields: dict[str, Any]) -> dict[str, Any]:
    """The given fields, trimmed; raises Invalid for the first that cannot be used."""
    checked: dict[str, Any] = {}
    limits = {"title": TITLE_LIMIT, "subject": SUBJECT_LIMIT, "text": TEXT_LIMIT, "url": URL_LIMIT}
    for name, limit in limits.items():
        if name in fields:
            given = clean(fields[name])
            value = given.strip() if name == "text" else " ".join(given.split())
            if len(value) > limit:
                say = T("That is too long: {n} characters; at most {limit}.", n=len(value), limit=limit)
                raise Invalid(f"resource.{name}_too_long", say, n=len(value), limit=limit)
            checked[name] = value
    if checked.get("title") == "":
        raise Invalid("resource.no_title", T("It needs a title."))
    if checked.get("url") and not WEB.fullmatch(checked["url"]):
        raise Invalid("resource.url", T("A link begins with http:// or https://."))
    if "kind" in fields:
        if fields["kind"] not in KINDS:
            raise Invalid("resource.kind", T("Choose one of the kinds."), allowed=list(KINDS))
        checked["kind"] = fields["kind"]
    if "tags" in fields:
        checked["tags"] = _check_tags(fields["tags"])
    return checked


def _check_tags(tags: Sequence[str]) -> list[str]:
    kept = list(dict.fromkeys(tag for raw in tags if (tag := clean(raw).strip("# \t\n"))))
    if len(kept) > MOST_TAGS or any(len(tag) > TAG_LIMIT for tag in kept):
        say = T("At most {most} tags of {limit} characters each.", most=MOST_TAGS, limit=TAG_LIMIT)
        raise Invalid("resource.tags", say, most=MOST_TAGS, limit=TAG_LIMIT)
    return kept


def _check_content(text: str, url: str, files: Sequence[str]) -> None:
    if not (text or url or files):
        raise Invalid("resource.empty", T("There is nothing in it: send words, a link or a file."))
    if len(files) > MOST_FILES:
        raise Invalid(
            "resource.too_many_files", T("At most {limit} files in one resource.", limit=MOST_FILES), limit=MOST_FILES
        )


def _replace_files(ctx: Context, row: Resource, files: Sequence[str]) -> None:
    holder = f"resource:{row.pid}"
    kept = [pid for pid in files if pid in row.files]
    dropped = [old for old in attachments_of(ctx, holder) if old.pid not in kept]  # before the new ones are held too
    take_attachments(ctx, [pid for pid in files if pid not in kept], holder)
    remove_attachments(ctx, dropped)
    row.files = list(files)
