"""Reading and judging logs: one queue per workshop, shared by its hosts, never two of them on one entry (G11-G13)."""

from dataclasses import dataclass
from datetime import timedelta

from api.access import require
from api.communities.audiences import places_where, quiet_hours_of
from api.communities.lookup import get_community_for
from api.communities.rules import rule
from api.context import Context
from api.errors import Conflict, Invalid, TooLarge, not_found
from api.journals.service import community_of, holder_of
from api.journals.texts import headline, quoted, score_words
from api.messaging.outbox import tell_person
from api.messaging.render import clean
from api.messaging.tree import Button, Lines, Node, Rows, T
from api.records.service import audit, record
from api.times import release_after_quiet
from storage import journals
from storage.communities import Community
from storage.journals import JournalComment, JournalEntry
from storage.people import Person

READING = timedelta(minutes=15)
COMMENT_CHARS = 2000
PASSED = T("You are past this one already.")


@dataclass(frozen=True, slots=True)
class Taken:
    """What the queue gave: an entry to read (none left for me), how many wait, who else is reading."""

    workshop: Community
    entry: JournalEntry | None
    waiting: int
    readers: list[str]


def waiting_workshops(ctx: Context) -> list[tuple[Community, int]]:
    """The workshops where who acts may review and something waits, with how many."""
    return journals.count_waiting(ctx.session, places_where(ctx, "review"), ctx.me.id)


def take_next(ctx: Context, workshop_pid: str, after_pid: str | None = None) -> Taken:
    """The next unreviewed log, mine for 15 minutes; `after_pid` goes past one (skipped: it waits for others)."""
    workshop = get_community_for(ctx, workshop_pid, "review")
    after = journals.get_entry(ctx.session, after_pid) if after_pid else None
    if after is not None and (after.community_id != workshop.id or after.submitted_at is None):
        raise not_found("journal.unknown")
    journals.release_reader(ctx.session, ctx.me.id, workshop.id)
    entry = journals.take_next(ctx.session, workshop.id, ctx.me.id, ctx.now, ctx.now + READING, after)
    if entry is not None:
        audit(ctx, "journal.read", holder_of(entry), workshop)
    waiting = dict((place.id, n) for place, n in waiting_workshops(ctx)).get(workshop.id, 0)
    readers = journals.readers_now(ctx.session, workshop.id, ctx.now, ctx.me.id)
    return Taken(workshop, entry, waiting, readers)


def get_to_review(ctx: Context, pid: str) -> tuple[JournalEntry, Community]:
    """A log handed in where who acts may review. Raises NotFound, Forbidden; Conflict for one's own."""
    entry = journals.get_entry(ctx.session, pid)
    community = community_of(ctx, entry) if entry is not None else None
    if entry is None or community is None or entry.state != "submitted" or community.archived_at is not None:
        raise not_found("journal.unknown")
    require(ctx, "review", community)
    if entry.person_id == ctx.me.id:
        raise Conflict("journal.own", T("This is your own log: somebody else has to read it."))
    return entry, community


def read_entry(ctx: Context, pid: str) -> tuple[JournalEntry, Community]:
    """Open somebody's log to read it (again); leaves a trace in the audit."""
    entry, community = get_to_review(ctx, pid)
    audit(ctx, "journal.read", holder_of(entry), community)
    return entry, community


def get_for_reading(ctx: Context, pid: str) -> JournalEntry:
    """One's own log in any state, or somebody else's that who acts may review, audited."""
    entry = journals.get_entry(ctx.session, pid)
    if entry is not None and entry.person_id == ctx.me.id and entry.state != "withdrawn":
        return entry
    return read_entry(ctx, pid)[0]


def reply_or_comment(ctx: Context, pid: str, text: str) -> JournalComment:
    """The author answers, anybody else comments."""
    entry = journals.get_entry(ctx.session, pid)
    mine = entry is not None and entry.person_id == ctx.me.id
    return answer_comment(ctx, pid, text) if mine else comment_entry(ctx, pid, text)


def list_for_review(ctx: Context, workshop_pid: str, waiting: bool = False, before_pid: str | None = None,
                    limit: int = 50) -> list[tuple[JournalEntry, Person]]:  # fmt: skip
    """Logs handed in to a workshop, newest first, for those who review there; audited as reading."""
    workshop = get_community_for(ctx, workshop_pid, "review")
    before = journals.get_entry(ctx.session, before_pid) if before_pid else None
    audit(ctx, "journal.listed", f"community:{workshop.pid}", workshop)
    return journals.list_entries(
        ctx.session, limit + 1, before.id if before else None, community_id=workshop.id, waiting=waiting
    )


def finish_reading(ctx: Context, pid: str) -> JournalEntry:
    """Read, and nothing more to say: the log leaves the queue. Raises Conflict when it has left already."""
    entry, _ = get_to_review(ctx, pid)
    if entry.reviewed_at is not None and entry.reader_id != ctx.me.id:
        raise Conflict("journal.passed", PASSED)
    entry, community = _hold(ctx, pid)
    _reviewed(ctx, entry, community)
    entry.reader_id = entry.reading_until = None
    return entry


def skip_entry(ctx: Context, pid: str) -> Taken:
    """Leave a log for others and take the next one after it. Raises Conflict when it was left already."""
    entry, community = get_to_review(ctx, pid)
    if entry.reader_id != ctx.me.id:
        raise Conflict("journal.passed", PASSED)
    return take_next(ctx, community.pid, pid)


def comment_entry(ctx: Context, pid: str, text: str) -> JournalComment:
    """Say something about a log; its author hears it privately and can answer."""
    text = check_comment(text)
    entry, community = _hold(ctx, pid)
    comment = _add_comment(ctx, entry, text)
    record(ctx, "journal.commented", holder_of(entry), community)
    _reviewed(ctx, entry, community)
    say = Lines(T("{name} commented on your log “{title}”:", name=ctx.me.name, title=headline(entry)), quoted(text))
    _tell(ctx, entry.person_id, say, [[Button(T("Answer"), f"log.answer:{entry.pid}")]])
    return comment


def score_entry(ctx: Context, pid: str, score: int) -> JournalEntry:
    """Give a log points, 1 to the workshop's most; its author hears it privately. The same again changes nothing."""
    entry, community = _hold(ctx, pid)
    most = rule(community, "score_max")
    if not 1 <= score <= most:
        say = T("A score is a whole number from 1 to {most}.", most=most)
        raise Invalid("journal.score", say, low=1, high=most)
    if entry.score == score:
        return entry
    first = entry.score is None
    entry.score, entry.scored_by = score, ctx.me.id
    author = entry.person_id
    record(ctx, "journal.scored", holder_of(entry), community, person_id=author, amount=int(first), score=score)
    _reviewed(ctx, entry, community)
    points = score_words(score, most)
    _tell(ctx, entry.person_id, T("Your log “{title}” was scored: {score}", title=headline(entry), score=points))
    return entry


def feature_entry(ctx: Context, pid: str, featured: bool = True) -> bool:
    """Feature a log (推优), or take that back; returns whether anything changed. Its author hears the good news."""
    entry, community = _hold(ctx, pid)
    if (entry.featured_at is not None) == featured:
        return False
    entry.featured_at, entry.featured_by = (ctx.now, ctx.me.id) if featured else (None, None)
    amount = 1 if featured else -1
    record(ctx, "journal.featured", holder_of(entry), community, person_id=entry.person_id, amount=amount)
    _reviewed(ctx, entry, community)
    if featured:
        say = T("🏅 Your log “{title}” was featured in {workshop}.", title=headline(entry), workshop=community.name)
        _tell(ctx, entry.person_id, say, [[Button(T("Show"), f"log.show:{entry.pid}")]])
    return True


def answer_comment(ctx: Context, pid: str, text: str) -> JournalComment:
    """The author answers: who spoke last about the log hears it, and can go on."""
    text = check_comment(text)
    entry = journals.get_entry(ctx.session, pid)
    if entry is None or entry.person_id != ctx.me.id or entry.state != "submitted":
        raise not_found("journal.unknown")
    to = journals.last_commenter(ctx.session, entry.id, ctx.me.id)
    if to is None:
        raise Conflict("journal.uncommented", T("Nobody has commented on this log yet."))
    comment = _add_comment(ctx, entry, text)
    say = Lines(T("{name} answered about the log “{title}”:", name=ctx.me.name, title=headline(entry)), quoted(text))
    _tell(ctx, to, say, [[Button(T("Comment"), f"review.comment:{entry.pid}")]])
    return comment


def comments_of(ctx: Context, entry: JournalEntry, limit: int | None = None, after: int = 0,
                ) -> list[tuple[JournalComment, Person]]:  # fmt: skip
    """What was said about a log that the caller has fetched with a right, oldest first; ids greater than `after`."""
    return journals.comments_of(ctx.session, entry.id, limit, after)


def check_comment(text: str) -> str:
    """A comment as it is stored. Raises Invalid when empty, TooLarge naming the limit."""
    text = clean(text).strip()
    if not text:
        raise Invalid("comment.empty", T("A comment needs words."))
    if len(text) > COMMENT_CHARS:
        say = T("A comment has at most {limit} characters; this one has {n}.", limit=COMMENT_CHARS, n=len(text))
        raise TooLarge("comment.too_long", say, limit=COMMENT_CHARS, length=len(text))
    return text


def _hold(ctx: Context, pid: str) -> tuple[JournalEntry, Community]:
    """The log for a judgement: mine to read, nobody else's right now."""
    entry, community = get_to_review(ctx, pid)
    busy = entry.reader_id is not None and entry.reading_until is not None and entry.reading_until > ctx.now
    if entry.reviewed_at is None and busy and entry.reader_id != ctx.me.id:
        reader = ctx.session.get_one(Person, entry.reader_id)
        raise Conflict("journal.taken", T("{name} is reading this one now. Take another.", name=reader.name))
    entry.reader_id, entry.reading_until = ctx.me.id, ctx.now + READING
    return entry, community


def _reviewed(ctx: Context, entry: JournalEntry, community: Community) -> None:
    if entry.reviewed_at is None:
        entry.reviewed_at, entry.reviewed_by = ctx.now, ctx.me.id
        record(ctx, "journal.reviewed", holder_of(entry), community)
    ctx.session.flush()


def _add_comment(ctx: Context, entry: JournalEntry, text: str) -> JournalComment:
    comment = JournalComment(entry_id=entry.id, author_id=ctx.me.id, body=text, created_at=ctx.now)
    ctx.session.add(comment)
    ctx.session.flush()
    return comment


def _tell(ctx: Context, person_id: int, say: Node, rows: Rows | None = None) -> None:
    """Privately, and not in the person's night."""
    person = ctx.session.get_one(Person, person_id)
    at = release_after_quiet(ctx.now, quiet_hours_of(ctx, person.quiet_hours), ctx.zone(person))
    tell_person(ctx, person_id, say, rows, not_before=at)
