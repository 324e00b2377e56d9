"""Open polls (C4): a question to the rooms of a community, voted on by name. Everybody there sees who chose what.

An open poll is no quiz: nothing is right, nothing is recorded or counted in anybody's progress. However many rooms on
however many platforms it stands in, there is one outcome.
"""

from collections.abc import Sequence
from datetime import datetime

from api import broadcasts
from api.access import RULES, can, standing
from api.broadcasts import ROOMS, check_author, check_broadcast
from api.closing import check_closing
from api.communities.lookup import audience_of, check_writable, get_community_for
from api.context import Context
from api.errors import Conflict, Forbidden, Invalid, not_found
from api.messaging.outbox import edit_message, tell_person
from api.messaging.tree import Node, T, Words
from api.polls import texts
from api.polls.reading import check_options, check_question
from api.polls.texts import SHOWN, Chosen, Outcome
from api.quizzes.service import mask_of, picked_of
from api.records.service import audit
from storage import audiences, polls
from storage import broadcasts as rows
from storage.broadcasts import get_message
from storage.communities import Community
from storage.people import Person
from storage.polls import OpenPoll, Vote

PUSH = "push"


def post_poll(ctx: Context, community_pid: str, question: str, options: Sequence[str], *, multiple: bool = False,
              release_at: datetime | None = None, closes_at: datetime | None = None) -> OpenPoll:  # fmt: skip
    """Ask the rooms of a community (`push` there) openly, now or at `release_at`. `closes_at` none: until it is closed.

    Raises Invalid for a question or options that do not do, a community without a room, a closing time before it.
    """
    community = get_community_for(ctx, community_pid, PUSH)
    question, options = check_question(question), check_options(options)
    at = check_broadcast(ctx, community, ROOMS, release_at)
    check_closing(ctx, "poll", at, closes_at)
    poll = OpenPoll(
        community_id=community.id, author_id=ctx.me.id, place=ROOMS, urgent=False, created_at=ctx.now, release_at=at,
        reached=0, rooms=0, question=question, options=options, multiple=multiple, closes_at=closes_at,
    )  # fmt: skip
    ctx.session.add(poll)
    ctx.session.flush()
    if at <= ctx.now:
        release_poll(ctx, poll)
    return poll


def release_poll(ctx: Context, poll: OpenPoll) -> None:
    """Ask in every room now, and show its author how it goes; not where there is no room any more."""
    community, author = _around(ctx, poll)
    over = poll.closes_at is not None and poll.closes_at <= ctx.now
    if over or not audiences.count_rooms(ctx.session, community.id):
        poll.withdrawn_at = poll.settled_at = ctx.now
        gone = T("{community} has no room any more, so your poll was not sent.", community=community.name)
        late = T("Your poll to {community} was not sent: its time was over.", community=community.name)
        tell_person(ctx, author.id, late if over else gone)
        return
    tree = texts.room_tree(poll, community, author, outcome_of(ctx, poll))
    drawn = texts.drawn(poll, author)
    if broadcasts.release(ctx, poll, community, PUSH, tree, texts.room_rows(poll), room_poll=drawn):
        room = get_message(ctx.session, poll.room_message_id)
        assert room is not None
        room.live_until = None  # it lives as long as the poll
        refresh_poll(ctx, poll)


def get_poll_for(ctx: Context, pid: str) -> OpenPoll:
    """A poll, for who asked while they may, and while it stands for the people of its community. Raises NotFound."""
    poll = rows.get_by_pid(ctx.session, OpenPoll, pid)
    if poll is None:
        raise not_found("poll.unknown")
    community = ctx.session.get_one(Community, poll.community_id)
    own = ctx.system or (poll.author_id == ctx.me.id and can(ctx, PUSH, community))
    stands = poll.released_at is not None and poll.withdrawn_at is None
    if not own and not (stands and _is_member(ctx, community)):
        raise not_found("poll.unknown")
    return poll


def vote(ctx: Context, pid: str, picked: Sequence[int]) -> OpenPoll:
    """Choose options (from 0) as who acts, in place of what they chose before; none takes the vote back.

    Raises Forbidden for people it is not for, Conflict when it is over, Invalid for options it does not have.
    """
    return _count(ctx, _open_to(ctx, pid), set(picked))


def choose(ctx: Context, pid: str, option: int) -> tuple[OpenPoll, tuple[int, ...]]:
    """Choose one option, where one may choose several beside those chosen before; twice is as good as once.

    Returns the poll and all that who acts chose. Raises as `vote` does.
    """
    poll = _open_to(ctx, pid)
    chosen = {option, *(picked_by_me(ctx, poll) if poll.multiple else ())}
    return _count(ctx, poll, chosen), tuple(sorted(chosen))


def close_poll(ctx: Context, pid: str) -> OpenPoll:
    """End a poll: who asked, or who manages the community. What was chosen stays to be seen."""
    poll = _get_own(ctx, pid)
    check_open(ctx, poll)
    end_poll(ctx, poll)
    _audit(ctx, poll, "poll.closed")
    return poll


def withdraw_poll(ctx: Context, pid: str) -> OpenPoll:
    """Take a poll back everywhere, with all votes: who asked, or who manages the community. One that waits never goes
    out."""
    poll = _get_own(ctx, pid)
    broadcasts.take_back(ctx, poll, texts.WITHDRAWN)
    polls.forget_votes(ctx.session, poll.id)
    _audit(ctx, poll, "poll.withdrawn")
    if poll.status_message_id is not None:
        refresh_poll(ctx, poll)
    return poll


def check_open(ctx: Context, poll: OpenPoll) -> None:
    """Raise Conflict unless one can vote in a poll now."""
    if poll.withdrawn_at is not None:
        raise Conflict("poll.withdrawn", texts.WITHDRAWN)
    if poll.released_at is None:
        raise Conflict("poll.waiting", T("This poll has not gone out yet."))
    if poll.closed_at is not None or (poll.closes_at is not None and poll.closes_at <= ctx.now):
        raise Conflict("poll.closed", texts.CLOSED)


def end_poll(ctx: Context, poll: OpenPoll, tell: bool = False) -> None:
    """Close it in every room; `tell` its author the outcome in a new message, not only in the live one."""
    poll.closed_at = poll.settled_at = ctx.now
    if poll.withdrawn_at is not None:
        return
    if (room := get_message(ctx.session, poll.room_message_id)) is not None:
        room.edited_at = None  # now, however short ago the last vote was shown
    status = get_message(ctx.session, poll.status_message_id)
    if tell or (status is not None and status.live_until is not None and status.live_until < ctx.now):
        poll.status_message_id = None
    refresh_poll(ctx, poll)


def refresh_poll(ctx: Context, poll: OpenPoll) -> None:
    """Show how it stands: in its rooms, and to its author while they may ask there."""
    community, author = _around(ctx, poll)
    outcome = outcome_of(ctx, poll)
    room = get_message(ctx.session, poll.room_message_id)
    if room is not None and poll.withdrawn_at is None:
        tree = texts.room_tree(poll, community, author, outcome)
        edit_message(ctx, room, tree, texts.room_rows(poll), texts.drawn(poll, author))
    if RULES[PUSH].isdisjoint(standing(ctx, community, author.id)):
        poll.refreshed_at = ctx.now
    else:
        broadcasts.show_status(ctx, poll, texts.status_tree(poll, community, outcome), texts.status_rows(poll))


def outcome_of(ctx: Context, poll: OpenPoll) -> Outcome:
    """How a poll stands over all its rooms, with the first names of each option."""
    counted = polls.count_picked(ctx.session, poll.id)
    options = []
    for option in range(len(poll.options)):
        n = sum(people for picked, people in counted if picked >> option & 1)
        names = polls.find_names(ctx.session, poll.id, option, SHOWN) if n else []
        options.append(Chosen(n, tuple(names)))
    return Outcome(sum(people for _, people in counted), tuple(options))


def picked_by_me(ctx: Context, poll: OpenPoll) -> tuple[int, ...]:
    """What who acts chose."""
    return picked_of(polls.find_picked(ctx.session, poll.id, ctx.me.id))


def list_votes(ctx: Context, pid: str, after: str | None = None, limit: int = 20) -> list[tuple[Person, Vote]]:
    """Who chose what, the first first, for everybody who may see the poll; `after` is a person's pid."""
    return polls.find_voters(ctx.session, get_poll_for(ctx, pid).id, after, limit)


def list_polls(ctx: Context, before: str | None = None, limit: int = 20) -> list[OpenPoll]:
    """What who acts has asked openly, newest first; `before` is a pid."""
    return rows.find_of_author(ctx.session, OpenPoll, ctx.me.id, before, limit)


def describe_sent(ctx: Context, sent: Sequence[OpenPoll]) -> list[tuple[Node, Node]]:
    """(words to know it by, where it went) of each."""
    places = rows.find_places(ctx.session, sent)
    return [(texts.label(poll), Words(places[poll.community_id])) for poll in sent]


def show_card(ctx: Context, pid: str, chat_id: int) -> OpenPoll:
    """Say in a chat of its author how a poll goes, with what can be done about it. NotFound for everybody else."""
    poll = rows.get_by_pid(ctx.session, OpenPoll, pid, lock=True)
    if poll is None:
        raise not_found("poll.unknown")
    community, _ = _around(ctx, poll)
    check_author(ctx, poll, community)
    get_community_for(ctx, community.pid, PUSH)  # who lost the right to ask there must not learn names there
    tree = texts.status_tree(poll, community, outcome_of(ctx, poll))
    broadcasts.show_card(ctx, poll, tree, texts.status_rows(poll), chat_id)
    return poll


def _open_to(ctx: Context, pid: str) -> OpenPoll:
    """A poll that who acts may vote in now; nobody else changes it until the commit."""
    poll = rows.get_by_pid(ctx.session, OpenPoll, pid, lock=True)
    if poll is None or poll.released_at is None:
        raise not_found("poll.unknown")
    community = ctx.session.get_one(Community, poll.community_id)
    if not _is_member(ctx, community):
        raise Forbidden("poll.not_yours", T("This poll is not meant for you, so your vote was not counted."))
    check_writable(ctx, community)
    check_open(ctx, poll)
    return poll


def _count(ctx: Context, poll: OpenPoll, chosen: set[int]) -> OpenPoll:
    if not chosen <= set(range(len(poll.options))) or (len(chosen) > 1 and not poll.multiple):
        raise Invalid("poll.picked", T("The poll does not have such options, or you may choose only one."))
    mask = mask_of(tuple(chosen))
    if mask != polls.find_picked(ctx.session, poll.id, ctx.me.id):
        polls.set_vote(ctx.session, poll.id, ctx.me.id, mask, ctx.now)
        if broadcasts.wants_refresh(ctx, poll):
            refresh_poll(ctx, poll)
    return poll


def _is_member(ctx: Context, community: Community) -> bool:
    return audiences.holds(ctx.session, audience_of(community), ctx.me.id)


def _get_own(ctx: Context, pid: str) -> OpenPoll:
    poll = rows.get_by_pid(ctx.session, OpenPoll, pid, lock=True)
    if poll is None:
        raise not_found("poll.unknown")
    check_author(ctx, poll, ctx.session.get_one(Community, poll.community_id), "manage")
    return poll


def _audit(ctx: Context, poll: OpenPoll, what: str) -> None:
    if ctx.actor is None or ctx.me.id != poll.author_id:
        audit(ctx, what, f"poll:{poll.pid}", ctx.session.get_one(Community, poll.community_id))


def _around(ctx: Context, poll: OpenPoll) -> tuple[Community, Person]:
    return ctx.session.get_one(Community, poll.community_id), ctx.session.get_one(Person, poll.author_id)
