"""Notices (G13 通知): words or files to communities that ask for 收到; who has not is known to the author only.

One notice may be for several communities at once: everybody is told, counted and answers once, wherever they belong.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from api import broadcasts
from api.access import can
from api.attachments.service import take_attachments
from api.broadcasts import ROOMS, check_author, check_broadcast, get_places_for, is_for, readers_of
from api.communities.audiences import deliver_in_waking_hours, places_where
from api.communities.lookup import get_community_for
from api.communities.texts import name_places
from api.context import Context
from api.errors import Conflict, Forbidden, Invalid, NotFound, not_found
from api.messaging.outbox import edit_copy, edit_message, write_message
from api.messaging.render import clean
from api.messaging.tree import Node, Plural, Rows, T
from api.notices import texts
from api.records.service import audit, record
from api.times import local_day
from storage import broadcasts as rows
from storage import notices
from storage.broadcasts import count_unreached, get_message
from storage.communities import Community, count_people
from storage.notices import Notice
from storage.people import Person

LONGEST = 4000
MOST_FILES = 20
PAGE = 20
LIFE, MOST_WAITING = timedelta(days=30), 50


def send_notice(ctx: Context, communities: str | Sequence[str], text: str, files: Sequence[str] = (), *,
                place: str = ROOMS, urgent: bool = False, release_at: datetime | None = None) -> Notice:  # fmt: skip
    """Send a notice to one community or several (pids), now or at `release_at`; `files` are pids of own attachments
    that nothing holds.

    Its audience is evaluated when it goes out. Raises before anything is written: NotFound or Forbidden when who acts
    may not notify in one of the communities; Invalid for nothing to say, too much, or nowhere to say it.
    """
    places = get_places_for(ctx, communities, "notify")
    text = check_text(text, len(files))
    at = max(check_broadcast(ctx, community, place, release_at) for community in places)
    notice = Notice(
        community_id=places[0].id, author_id=ctx.me.id, place=place, urgent=urgent, text=text, files=list(files),
        created_at=ctx.now, release_at=at, reached=0, rooms=0,
    )  # fmt: skip
    ctx.session.add(notice)
    ctx.session.flush()
    notices.add_places(ctx.session, notice.id, places)
    if files:
        take_attachments(ctx, files, f"notice:{notice.pid}")
    if at <= ctx.now:
        release_notice(ctx, notice)
    return notice


def check_text(text: str, files: int) -> str:
    """The text, trimmed; raises Invalid when there is nothing to say or too much."""
    text = clean(text).strip()
    if not text and not files:
        raise Invalid("notice.empty", T("A notice needs words or a file."))
    if len(text) > LONGEST:
        say = Plural("A notice has at most {limit} characters; yours has one more. Send the rest as a file.",
                     "A notice has at most {limit} characters; yours has {n} more. Send the rest as a file.",
                     len(text) - LONGEST, limit=LONGEST)  # fmt: skip
        raise Invalid("notice.too_long", say, n=len(text), limit=LONGEST)
    if files > MOST_FILES:
        raise Invalid(
            "notice.too_many_files",
            T("At most {limit} files go with a notice.", limit=MOST_FILES),
            n=files,
            limit=MOST_FILES,
        )
    return text


def release_notice(ctx: Context, notice: Notice) -> None:
    """Say it to everybody it is meant for now, and show its author how it goes.

    Places where its author may no longer send are left out, and the author is told.
    """
    chosen, author = _around(ctx, notice)
    places = broadcasts.still_allowed(ctx, notice, chosen, "notify")
    if not places:
        return
    if len(places) < len(chosen):
        notice.community_id = places[0].id
        notices.keep_places(ctx.session, notice.id, places)
    tree, guard = texts.notice_tree(notice, places, author), ["notice_stands", notice.id]
    broadcasts.say_to_all(ctx, notice, places, tree, texts.receive_rows(notice), files=notice.files, guard=guard)
    record(ctx, "notice.sent", f"notice:{notice.pid}", places[0], person_id=notice.author_id)
    _refresh(ctx, notice, places, author)


def get_notice_for(ctx: Context, pid: str) -> Notice:
    """A notice, for its author, or while it stands for somebody it is meant for. Raises NotFound."""
    notice = rows.get_by_pid(ctx.session, Notice, pid)
    if notice is None:
        raise not_found("notice.unknown")
    if ctx.system or notice.author_id == ctx.me.id:
        return notice
    stands = notice.released_at is not None and notice.withdrawn_at is None
    if not stands or not is_for(ctx, notice, *places_of(ctx, notice)):
        raise not_found("notice.unknown")
    return notice


def may_see_notice(ctx: Context, pid: str) -> bool:
    """Whether who acts may see a notice and its files: its author, and those it reached while it stands."""
    try:
        get_notice_for(ctx, pid)
    except NotFound:
        return False
    return True


def receive_notice(ctx: Context, pid: str) -> tuple[Notice, bool]:
    """Say 收到 as who acts, once; returns the notice and whether this was the first time.

    Raises Forbidden for people it is not meant for, Conflict when it was taken back.
    """
    notice = rows.get_by_pid(ctx.session, Notice, pid)
    if notice is None or notice.released_at is None:
        raise not_found("notice.unknown")
    if notice.withdrawn_at is not None:
        raise Conflict("notice.withdrawn", texts.WITHDRAWN)
    places, author = _around(ctx, notice)
    if author.id == ctx.me.id:
        raise Forbidden("notice.own", T("This is your own notice; you need not answer it."))
    mine = next((community for community in places if is_for(ctx, notice, community)), None)
    if mine is None:
        raise Forbidden("notice.not_yours", T("This notice is not meant for you; you need not answer it."))
    if not notices.add_receipt(ctx.session, notice.id, ctx.me.id, ctx.now):
        return notice, False
    record(ctx, "notice.received", f"notice:{notice.pid}", mine)
    if broadcasts.wants_refresh(ctx, notice):
        _refresh(ctx, notice, places, author)
    return notice, True


def list_waiting(ctx: Context, limit: int, community: Community | None = None) -> list[Notice]:
    """Up to `limit` notices of the last 30 days, newest first, that wait for the 收到 of who acts; of one community."""
    since, within = ctx.now - LIFE, community.id if community is not None else None
    found = notices.find_waiting(ctx.session, places_where(ctx, "see"), ctx.me.id, since, MOST_WAITING, within)
    places = notices.places_of(ctx.session, [one.id for one in found])
    return [one for one in found if is_for(ctx, one, *places[one.id])][:limit]


def mark_copy_received(ctx: Context, notice: Notice, chat_id: int, native: str) -> None:
    """Change the person's own copy in a private chat: what asked for 收到 says that it was given."""
    places, author = _around(ctx, notice)
    edit_copy(ctx, chat_id, native, texts.received_tree(notice, places, author))


def find_missing(ctx: Context, pid: str, page: int = 0) -> tuple[Notice, list[Person], int]:
    """Who has not said 收到, a page of 20 by name, and how many they are. Only the author may know."""
    notice, places = _get_own(ctx, pid)
    people = notices.missing(readers_of(places, notice.author_id), notice.id)
    n = count_people(ctx.session, people)
    return notice, notices.find_names(ctx.session, people, PAGE, max(0, page) * PAGE), n


def remind_missing(ctx: Context, pid: str) -> int:
    """Ask those who have not said 收到 again, each in private and at most once a day; returns how many are asked."""
    notice, places = _get_own(ctx, pid, lock=True)
    if notice.withdrawn_at is not None:
        raise Conflict("notice.withdrawn", texts.WITHDRAWN)
    if notice.released_at is None:
        raise Conflict("notice.waiting", T("This notice has not gone out yet."))
    chosen, author = _around(ctx, notice)
    people = notices.missing(readers_of(places, author.id), notice.id)
    message = write_message(ctx, texts.reminder_tree(notice, chosen, author), texts.receive_rows(notice), notice.files)
    n = deliver_in_waking_hours(
        ctx, message, people, urgent=notice.urgent, guard=["notice_not_received", notice.id],
        dedupe_key=_reminder_key(ctx, notice),
    )  # fmt: skip
    if n:
        notice.reminders = [*notice.reminders, message.id]  # they say all of it again, and are taken back with it
    return n


def find_resting(ctx: Context, pid: str) -> tuple[int, datetime | None]:
    """How many get today's reminder only when their quiet hours end, and when the first of them does."""
    notice, places = _get_own(ctx, pid)
    people = notices.missing(readers_of(places, notice.author_id), notice.id)
    return notices.resting(ctx.session, people, _reminder_key(ctx, notice), ctx.now)


def _reminder_key(ctx: Context, notice: Notice) -> str:
    community = ctx.session.get_one(Community, notice.community_id)
    return f"notice.remind:{notice.id}:{local_day(ctx.now, ctx.zone(community)):%Y%m%d}"


def withdraw_notice(ctx: Context, pid: str) -> Notice:
    """Take a notice back everywhere (its author, or who manages all its places); a waiting one never goes out."""
    notice = rows.get_by_pid(ctx.session, Notice, pid, lock=True)
    if notice is None:
        raise not_found("notice.unknown")
    places, author = _around(ctx, notice)
    for community in places:
        check_author(ctx, notice, community, "manage")
    broadcasts.take_back(ctx, notice, texts.WITHDRAWN, more=notice.reminders)
    if notice.released_at is not None:
        record(ctx, "notice.sent", f"notice:{notice.pid}", places[0], person_id=author.id, amount=-1)
    if ctx.actor is None or ctx.me.id != author.id:
        audit(ctx, "notice.withdrawn", f"notice:{notice.pid}", places[0])
    if notice.status_message_id is not None:
        _refresh(ctx, notice, places, author)
    return notice


def list_sent(ctx: Context, before: str | None = None, limit: int = 20) -> list[Notice]:
    """What who acts has sent, newest first; `before` is a pid."""
    return rows.find_of_author(ctx.session, Notice, ctx.me.id, before, limit)


def describe_sent(ctx: Context, sent: Sequence[Notice]) -> list[tuple[Node, Node]]:
    """(words to know it by, where it went) of each."""
    places = notices.places_of(ctx.session, [notice.id for notice in sent])
    return [(texts.label(notice), name_places(places[notice.id])) for notice in sent]


def show_card(ctx: Context, pid: str, chat_id: int) -> Notice:
    """Say in a chat of its author how a notice goes, with what can be done about it. NotFound for everybody else."""
    notice = rows.get_by_pid(ctx.session, Notice, pid, lock=True)
    if notice is None:
        raise not_found("notice.unknown")
    places = places_of(ctx, notice)
    check_author(ctx, notice, places[0])
    tree, buttons = _status(ctx, notice, places)
    broadcasts.show_card(ctx, notice, tree, buttons, chat_id)
    return notice


def _status(ctx: Context, notice: Notice, places: Sequence[Community]) -> tuple[Node, Rows]:
    received, _, lost = figures(ctx, notice)
    return texts.status_tree(notice, places, received, lost), texts.status_rows(notice, received)


def refresh_notice(ctx: Context, notice: Notice) -> None:
    """Bring the live figures of a notice up to date."""
    _refresh(ctx, notice, *_around(ctx, notice))


def figures(ctx: Context, notice: Notice) -> tuple[int, int, dict[str, int]]:
    """(received, meant for, why -> people it did not reach) of a notice."""
    lost = count_unreached(ctx.session, notice.people_message_id)
    return notices.count_receipts(ctx.session, notice.id), notice.reached, lost


def _refresh(ctx: Context, notice: Notice, places: Sequence[Community], author: Person) -> None:
    received, reached, _ = figures(ctx, notice)
    room = get_message(ctx.session, notice.room_message_id)
    if room is not None and notice.withdrawn_at is None and received:
        footer = texts.tally(received, reached)
        edit_message(ctx, room, texts.notice_tree(notice, places, author, footer), texts.receive_rows(notice))
    broadcasts.show_status(ctx, notice, *_status(ctx, notice, places))


def _get_own(ctx: Context, pid: str, lock: bool = False) -> tuple[Notice, list[Community]]:
    """A notice of who acts, and those of its places where they may still notify. Raises when there are none."""
    notice = rows.get_by_pid(ctx.session, Notice, pid, lock)
    if notice is None:
        raise not_found("notice.unknown")
    places = places_of(ctx, notice)
    check_author(ctx, notice, places[0])
    # who lost the right to send there must not learn names there, nor speak to everybody once more
    mine = [community for community in places if community.archived_at is None and can(ctx, "notify", community)]
    return notice, mine or [get_community_for(ctx, places[0].pid, "notify")]


def places_of(ctx: Context, notice: Notice) -> list[Community]:
    """The communities a notice is for, in the order in which they were chosen."""
    return notices.places_of(ctx.session, [notice.id])[notice.id]


def _around(ctx: Context, notice: Notice) -> tuple[list[Community], Person]:
    return places_of(ctx, notice), ctx.session.get_one(Person, notice.author_id)
