"""Handing a log in: checked at once, counted when all its files are here; its author hears what came of it."""

from api.access import require
from api.attachments.texts import describe, reason
from api.context import Context
from api.errors import Conflict
from api.journals.service import check_enough, community_of, files_of, get_open, holder_of
from api.journals.texts import headline, in_sum, place
from api.messaging.outbox import delete_message, edit_message, say_in_chat, tell_person
from api.messaging.tree import Bullets, Button, Lines, Node, Rows, Seq, T, Words
from api.records.service import record
from storage import journals
from storage.attachments import Attachment
from storage.communities import Community
from storage.journals import JournalEntry
from storage.messaging import Message

HOLDER = "journal_entry"


def submit_entry(ctx: Context, pid: str) -> JournalEntry:
    """Hand a draft in (G11). It is `submitted`, or `submitting` until the last of its files has come.

    Raises Invalid saying how much is missing, Conflict naming files that failed, Forbidden for former members.
    """
    entry = get_open(ctx, pid)
    community, files = community_of(ctx, entry), files_of(ctx, entry)
    if community is not None:
        require(ctx, "take_part", community)
        if community.archived_at is not None:
            raise Conflict("journal.archived", T("This workshop is closed; choose another place for the log."))
    check_enough(entry.body, community, bool(files))
    if failed := [file for file in files if file.state == "failed"]:
        raise Conflict("journal.failed_files", say_failed(failed), files=[file.pid for file in failed])
    if all(file.state == "stored" for file in files):
        _finish(ctx, entry, community)
    else:
        entry.state = "submitting"
    return entry


def follow_file(ctx: Context, attachment: Attachment) -> None:
    """A file became stored or failed: a log that waits for it is handed in, or its author asked what to do."""
    kind, _, pid = attachment.holder.partition(":")
    entry = journals.get_entry(ctx.session, pid) if kind == HOLDER else None
    if entry is None or entry.state == "withdrawn":
        return
    files = files_of(ctx, entry)
    if attachment.state == "failed":
        _fail(ctx, entry, attachment)
    elif entry.state == "submitting" and all(file.state == "stored" for file in files):
        community = community_of(ctx, entry)
        _finish(ctx, entry, community)
        tell_person(ctx, entry.person_id, *submitted_words(entry, community))


def submitted_words(entry: JournalEntry, community: Community | None) -> tuple[Node, Rows]:
    """What the author reads when the log is in, and what can be done with it."""
    if community is None:
        say = T("✓ Kept as a personal log: “{title}”", title=headline(entry))
    else:
        say = T("✓ Handed in to {workshop}: “{title}”", workshop=community.name, title=headline(entry))
    return say, [[Button(T("Show"), f"log.show:{entry.pid}"), Button(T("My logs"), "run:logs")]]


def say_failed(files: list[Attachment]) -> Lines:
    """Which files did not come, and why."""
    rows = [Seq(describe(file), Words("："), reason(file)) for file in files]
    return Lines(T("This did not arrive here:"), Bullets(*rows), T("Send it again, or leave it out."))


def failed_rows(entry: JournalEntry) -> Rows:
    """The ways on from there."""
    again = Button(T("Send again"), f"log.again:{entry.pid}", style="primary")
    return [[again, Button(T("Leave it out"), f"log.drop:{entry.pid}")]]


def status_of(entry: JournalEntry, community: Community | None, files: list[Attachment]) -> tuple[Node, Rows]:
    """The one card of a draft: what came so far, and what to do next."""
    lines: list[Node] = [T("Received for {place}: {sum}", place=place(community), sum=in_sum(entry, files))]
    lines.append(T("Keep sending words, photos, voice or files. Hand in when it is complete."))
    preview, cancel = Button(T("Preview"), f"log.preview:{entry.pid}"), Button(T("Cancel"), f"log.cancel:{entry.pid}")
    return Lines(*lines), [[preview, hand_in_button(entry)], [cancel]]


def hand_in_button(entry: JournalEntry) -> Button:
    """The button that hands a draft in."""
    return Button(T("Hand in"), f"log.submit:{entry.pid}", style="primary")


def show_status(ctx: Context, entry: JournalEntry, chat_id: int) -> None:
    """Say what came so far, below what was sent last: the one before goes, so there is one and it is in sight."""
    tree, rows = status_of(entry, community_of(ctx, entry), files_of(ctx, entry))
    message = ctx.session.get(Message, entry.status_id) if entry.status_id is not None else None
    if message is not None and message.live_until is not None and message.live_until > ctx.now:
        delete_message(ctx, message)
    entry.status_id = say_in_chat(ctx, chat_id, tree, rows, live=True).id


def _finish(ctx: Context, entry: JournalEntry, community: Community | None) -> None:
    entry.state, entry.submitted_at = "submitted", ctx.now
    record(ctx, "journal.submitted", holder_of(entry), community, person_id=entry.person_id)
    close_status(ctx, entry)


def close_status(ctx: Context, entry: JournalEntry) -> None:
    """The live message has done its work: what it says stays, its buttons go."""
    message = ctx.session.get(Message, entry.status_id) if entry.status_id is not None else None
    if message is not None:
        files = files_of(ctx, entry)
        edit_message(ctx, message, T("Received: {sum}", sum=in_sum(entry, files)))
    entry.status_id = None


def _fail(ctx: Context, entry: JournalEntry, attachment: Attachment) -> None:
    if entry.state == "submitting":
        entry.state = "draft"
    tell_person(ctx, entry.person_id, say_failed([attachment]), failed_rows(entry))
