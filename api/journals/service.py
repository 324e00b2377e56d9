"""Writing logs: a draft that grows message by message; changed, withdrawn and listed by its author (G11 日志发布)."""

from api.access import can
from api.attachments.service import SentFile, attachments_of, keep_file, remove_attachments, take_attachments
from api.communities.lookup import get_community_for, workshops_of
from api.communities.rules import rule
from api.context import Context
from api.errors import Conflict, Invalid, TooLarge, not_found
from api.journals.texts import count_chars
from api.messaging.render import clean
from api.messaging.tree import Plural, T
from api.records.service import record
from storage import journals
from storage.attachments import Attachment
from storage.communities import Community
from storage.journals import JournalEntry
from storage.messaging import Chat
from storage.people import Person

MOST_CHARS = 20_000
MOST_FILES = 30
OPEN = ("draft", "submitting")


def holder_of(entry: JournalEntry) -> str:
    """The name under which an entry holds its files and stands in records."""
    return f"journal_entry:{entry.pid}"


def places_to_write(ctx: Context) -> list[Community]:
    """The workshops that who acts may hand a log in to."""
    return workshops_of(ctx, ctx.me.id)


def start_entry(ctx: Context, workshop_pid: str | None = None, text: str = "") -> JournalEntry:
    """A new draft, for a workshop one takes part in or personal."""
    entry = JournalEntry(person_id=ctx.me.id, created_at=ctx.now, body="")
    entry.community_id = get_community_for(ctx, workshop_pid, "take_part").id if workshop_pid else None
    ctx.session.add(entry)
    ctx.session.flush()
    return add_words(ctx, entry.pid, text) if text else entry


def find_draft(ctx: Context) -> JournalEntry | None:
    """The newest log that who acts has not handed in."""
    return journals.find_draft(ctx.session, ctx.me.id)


def get_mine(ctx: Context, pid: str) -> JournalEntry:
    """One's own entry that is not withdrawn. Raises NotFound."""
    entry = journals.get_entry(ctx.session, pid)
    if entry is None or entry.person_id != ctx.me.id or entry.state == "withdrawn":
        raise not_found("journal.unknown")
    return entry


def get_open(ctx: Context, pid: str) -> JournalEntry:
    """One's own entry that is not handed in yet. Raises Conflict when it is."""
    entry = get_mine(ctx, pid)
    if entry.state not in OPEN:
        raise Conflict("journal.submitted", T("This log is handed in already. “my logs” shows it."))
    return entry


def community_of(ctx: Context, entry: JournalEntry) -> Community | None:
    """The workshop of an entry."""
    return ctx.session.get(Community, entry.community_id) if entry.community_id is not None else None


def author_of(ctx: Context, entry: JournalEntry) -> Person:
    """Who wrote an entry."""
    return ctx.session.get_one(Person, entry.person_id)


def files_of(ctx: Context, entry: JournalEntry) -> list[Attachment]:
    """The files of an entry, in the order sent."""
    return attachments_of(ctx, holder_of(entry))


def place_entry(ctx: Context, pid: str, workshop_pid: str | None) -> JournalEntry:
    """Say where a draft goes: a workshop one takes part in, or nowhere (personal)."""
    entry = get_open(ctx, pid)
    entry.community_id = get_community_for(ctx, workshop_pid, "take_part").id if workshop_pid else None
    return entry


def add_words(ctx: Context, pid: str, text: str) -> JournalEntry:
    """Add a paragraph to a draft. Raises TooLarge naming the limit."""
    entry = get_open(ctx, pid)
    entry.body, entry.state = check_length(f"{entry.body}\n{text}" if entry.body else text), "draft"
    return entry


def replace_words(ctx: Context, pid: str, before: str, after: str) -> JournalEntry:
    """Put new words in the place of those that a draft got from one message. Raises Conflict where they are no more."""
    entry = get_open(ctx, pid)
    head, found, tail = entry.body.rpartition(clean(before))
    if not found:
        raise Conflict("journal.words", T("Those words are not in the draft any more. Please send the new ones."))
    entry.body, entry.state = check_length(f"{head}{after}{tail}"), "draft"
    return entry


def add_file(ctx: Context, pid: str, file: SentFile, chat: Chat) -> Attachment:
    """Add a file to a draft: kept now, fetched soon."""
    entry = _with_room_for(ctx, pid, 1)
    return keep_file(ctx, file, chat, holder_of(entry))


def add_uploads(ctx: Context, pid: str, attachment_pids: list[str]) -> JournalEntry:
    """Add one's own uploads (POST /v1/attachments) to a draft."""
    entry = _with_room_for(ctx, pid, len(attachment_pids))
    take_attachments(ctx, attachment_pids, holder_of(entry))
    return entry


def drop_files(ctx: Context, pid: str, attachment_pids: list[str] | None = None) -> JournalEntry:
    """Take files out of a draft: those named, or those that failed."""
    entry = get_open(ctx, pid)
    named = [f for f in files_of(ctx, entry) if (f.pid in attachment_pids if attachment_pids else f.state == "failed")]
    remove_attachments(ctx, named)
    entry.state = "draft"
    return entry


def discard_entry(ctx: Context, pid: str) -> None:
    """Throw a draft away with its files."""
    entry = get_open(ctx, pid)
    remove_attachments(ctx, files_of(ctx, entry))
    ctx.session.delete(entry)


def revise_entry(ctx: Context, pid: str, text: str) -> JournalEntry:
    """Replace the words of one's entry; one that is handed in is marked as edited, and closed once it has a score."""
    entry = get_mine(ctx, pid)
    if entry.score is not None:
        raise Conflict("journal.scored", T("This log has a score already, so it cannot be changed any more."))
    text = check_length(text.strip())
    if entry.state == "submitted":
        check_enough(text, community_of(ctx, entry), bool(files_of(ctx, entry)))
        entry.edited_at = ctx.now
    entry.body = text
    return entry


def withdraw_entry(ctx: Context, pid: str) -> JournalEntry:
    """Take back an entry that was handed in: what was counted for it is taken back too; its files go."""
    entry = get_mine(ctx, pid)
    if entry.state != "submitted":
        raise Conflict("journal.not_submitted", T("This log is not handed in, so there is nothing to withdraw."))
    community = community_of(ctx, entry)
    record(ctx, "journal.submitted", holder_of(entry), community, amount=-1)
    if entry.featured_at is not None:
        record(ctx, "journal.featured", holder_of(entry), community, amount=-1)
    remove_attachments(ctx, files_of(ctx, entry))
    entry.state, entry.withdrawn_at, entry.featured_at = "withdrawn", ctx.now, None
    return entry


def list_mine(ctx: Context, before: int | None = None, limit: int = 10) -> list[tuple[JournalEntry, Person]]:
    """One's own logs, drafts too, newest first; one more than `limit` when there are more."""
    return journals.list_entries(ctx.session, limit + 1, before, person_id=ctx.me.id)


def may_see(ctx: Context, pid: str) -> bool:
    """Whether who acts may see an entry and its files: its author; once handed in, who reviews in its workshop."""
    entry = journals.get_entry(ctx.session, pid)
    if entry is None or entry.state == "withdrawn" or ctx.actor is None:
        return False
    community = community_of(ctx, entry)
    reviews = entry.state == "submitted" and community is not None and can(ctx, "review", community)
    return entry.person_id == ctx.actor.id or reviews


def check_length(text: str) -> str:
    """The words as they are stored. Raises TooLarge naming the limit."""
    text = clean(text)
    if len(text) > MOST_CHARS:
        say = T("A log holds at most {limit} characters; this one would have {n}.", limit=MOST_CHARS, n=len(text))
        raise TooLarge("journal.too_long", say, limit=MOST_CHARS, length=len(text))
    return text


def check_enough(text: str, community: Community | None, has_files: bool) -> None:
    """Raise Invalid unless the words are as many as the workshop asks for; a personal log needs anything at all."""
    count = count_chars(text)
    needed = rule(community, "log_min_chars") if community is not None else 0
    if count == 0 and not has_files:
        raise Invalid("journal.empty", T("This log is still empty. Write a few words, or send photos."))
    if count < needed:
        say = Plural("A log here has at least {least} characters; {n} more is needed.",
                     "A log here has at least {least} characters; {n} more are needed.",
                     needed - count, least=needed)  # fmt: skip
        raise Invalid("journal.too_short", say, least=needed, missing=needed - count)


def _with_room_for(ctx: Context, pid: str, files: int) -> JournalEntry:
    entry = get_open(ctx, pid)
    if len(files_of(ctx, entry)) + files > MOST_FILES:
        say = T("A log holds at most {limit} files.", limit=MOST_FILES)
        raise TooLarge("journal.too_many_files", say, limit=MOST_FILES)
    entry.state = "draft"
    return entry


