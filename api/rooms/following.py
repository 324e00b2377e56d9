"""What people do in rooms, followed in their communities: the other way of C2.

Somebody with the right to do it here has done it (`follow`); of everything else, or of all of it (`ask`), a host is
asked. Who is at home in a school or region stays so, whatever they do in its rooms.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from api.access import can
from api.communities.joining import ask_to_join, in_reach, leave_workshop
from api.communities.members import remove_member, take_rank
from api.communities.offers import answer_offer, arrive
from api.communities.offers import settle as settle_membership
from api.context import Context
from api.errors import Conflict, Problem, not_found
from api.messaging.outbox import say_in_chat, tell_person
from api.messaging.tree import Button, Lines, Rows, T
from api.records.service import audit
from api.rooms.planning import LEADS, SPEAKS
from api.rooms.questions import ask_hosts, settle
from storage import workshops
from storage.communities import Community, Membership
from storage.inbox import find_or_add_chat
from storage.memberships import find_or_add_membership, get_membership
from storage.messaging import Chat
from storage.mirrors import AT_ONCE, get_room
from storage.people import Person
from storage.rooms import Room, RoomAccount, account_in, is_elsewhere, room_of_chat, was_refused
from storage.whose import people_of, person_of

FOLLOW, ASK, IGNORE = "follow", "ask", "ignore"
ASK_HOST = "room.ask"
HIGHEST = 1_000_000  # platforms keep larger numbers than our tables


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened to an account in a room: whose it is, and who did it (nobody we know, maybe)."""

    ctx: Context
    room: Room
    community: Community
    seen: RoomAccount
    person: Person | None
    by: str
    doer: Person | None

    @property
    def policy(self) -> str:
        """What follows from what people do here."""
        return self.community.room_policy

    @property
    def in_workshop(self) -> bool:
        """Whether one comes and goes as one likes; into schools and regions only the roster brings people."""
        return self.community.kind == "workshop" and self.community.archived_at is None

    def membership(self) -> Membership | None:
        """The person's part in the workshop."""
        return get_membership(self.ctx.session, self.person.id, self.community.id) if self.person is not None else None

    def as_person(self, person: Person) -> Context:
        """The same moment with somebody else acting."""
        return replace(self.ctx, actor=person, via="room")

    def doer_may(self, action: str) -> bool:
        """Whether who did it may do it here."""
        return self.doer is not None and can(self.as_person(self.doer), action, self.community)


def event_in(ctx: Context, chat: Chat, native: str, name: str, by: str) -> Event | None:
    """What happened, seen from its community; None in rooms that mirror none, or of which we keep nothing."""
    room = room_of_chat(ctx.session, chat.id)
    if room is None or room.due_at is None:
        return None
    # the room before its accounts, as whoever finishes a look at it does; whatever happened, it is looked at again
    room = get_room(ctx.session, room.id, lock=True)
    if room is None:
        return None
    room.due_at = AT_ONCE
    community = ctx.session.get_one(Community, room.community_id)
    seen = account_in(ctx.session, room.id, native, ctx.now)
    seen.name, seen.at = name[:120] or seen.name, ctx.now
    ctx.wake("rooms")
    return Event(ctx, room, community, seen, _whose(ctx, room, native), by, _whose(ctx, room, by) if by else None)


def _whose(ctx: Context, room: Room, native: str) -> Person | None:
    return person_of(ctx.session, room.platform, native, ctx.config.matrix.user_template)


def came(event: Event) -> None:
    """Somebody is in the room now."""
    seen, person = event.seen, event.person
    invited_by = seen.by
    seen.state, seen.stays_out = "join", False
    if event.by and event.by != seen.native:
        seen.by = invited_by = event.by
    if seen.asked in ("brought", "again", "twice", "refused"):
        seen.asked = ""
    if seen.asked == "left":
        seen.asked = ""
        settle(event.ctx, seen, T("They came back into the room."))
    if seen.left_be == "here":
        return
    if person is None:
        ask_hosts(event.ctx, event.room, event.community, seen, "unknown")
    elif event.in_workshop:
        _came_into_workshop(event, person, invited_by)
    elif not _at_home(event, person):
        ask_hosts(event.ctx, event.room, event.community, seen, "in", person)


def _came_into_workshop(event: Event, person: Person, invited_by: str) -> None:
    ctx, workshop, membership = event.ctx, event.community, event.membership()
    status = membership.status if membership is not None else ""
    if status == "active" or can(event.as_person(person), "see", workshop):
        return
    host = _whose(ctx, event.room, invited_by) if invited_by not in ("", event.seen.native) else None
    invited = host is not None and can(event.as_person(host), "moderate", workshop)
    free = workshop.policy == "open" and status != "removed" and in_reach(event.as_person(person), workshop)
    if event.policy == IGNORE:
        event.seen.asked = "refused"  # what people did is undone
        return
    if not (invited or free or status == "invited") or (event.policy == ASK and not free):
        ask_hosts(ctx, event.room, workshop, event.seen, "in", person)
        return
    if status == "invited" and membership is not None and membership.invited_role == "member":
        answer_offer(event.as_person(person), workshop.pid, accept=True)
        return
    row = membership or find_or_add_membership(ctx.session, person.id, workshop.id, ctx.now)
    row.decided_by = host.id if invited and host is not None else None
    settle_membership(ctx, row, T("{name} came in by the room.", name=person.name))
    arrive(event.as_person(person), workshop, row)
    _write_down(event, "room.joined", person)


def _at_home(event: Event, person: Person) -> bool:
    return can(event.as_person(person), "see", event.community)


def asks_in(event: Event, chat: str = "") -> None:
    """Somebody asks to be let in: members are, the hosts decide on others where one can ask for a place, the rest is
    turned away with a word. `chat`: where somebody can be told so, though we have never talked."""
    seen, person, workshop = event.seen, event.person, event.community
    seen.state, seen.stays_out, seen.asked = "knock", False, ""
    if person is None:
        seen.asked = "refused"
        if chat:
            _tell_stranger(event, chat)
        return
    membership = event.membership()
    if (membership is not None and membership.status == "active") or _at_home(event, person):
        return
    acting = event.as_person(person)
    welcome = event.in_workshop and workshop.policy != "invitation" and in_reach(acting, workshop)
    status = membership.status if membership is not None else ""
    if event.in_workshop and status == "invited" and membership is not None and membership.invited_role == "member":
        answer_offer(acting, workshop.pid, accept=True)
    elif status == "pending":
        return
    elif welcome and workshop.policy == "open" and status != "removed" and event.policy != IGNORE:
        arrive(acting, workshop, membership or find_or_add_membership(event.ctx.session, person.id, workshop.id,
                                                                      event.ctx.now))  # fmt: skip
        _write_down(event, "room.joined", person)
    elif welcome and status != "removed":
        ask_to_join(acting, workshop, membership or find_or_add_membership(event.ctx.session, person.id, workshop.id,
                                                                           event.ctx.now))  # fmt: skip
        say = T("I have asked the hosts of “{name}”. You will be let in as soon as one of them says yes.",
                name=workshop.name)  # fmt: skip
        tell_person(event.ctx, person.id, say)
    else:
        seen.asked = "refused"
        rows: Rows = [[Button(T("Ask a host"), f"{ASK_HOST}:{workshop.pid}")]] if event.in_workshop else []
        tell_person(event.ctx, person.id, T("The group of “{name}” is for its members.", name=workshop.name), rows)


def _tell_stranger(event: Event, native: str) -> None:
    room_chat = event.ctx.session.get_one(Chat, event.room.chat_id)
    chat_id = find_or_add_chat(
        event.ctx.session, room_chat.platform, room_chat.account, native, "private", "", event.ctx.now, due=False
    )  # fmt: skip
    say = Lines(
        T("The group of “{name}” is for its members, and I do not know you yet.", name=event.community.name),
        T("Send me your claim code here; if you have none, send “start”. Then ask to join once more."),
    )
    say_in_chat(event.ctx, chat_id, say)


def ask_host(ctx: Context, pid: str) -> Community:
    """Ask the hosts for a place, as who was turned away at a workshop's door. Raises NotFound for everybody else."""
    workshop = workshops.find_open_workshop(ctx.session, pid)
    if workshop is None or not was_refused(ctx.session, ctx.me.id, workshop.id):
        raise not_found("workshop.unknown")
    membership = find_or_add_membership(ctx.session, ctx.me.id, workshop.id, ctx.now)
    if membership.status in ("active", "pending"):
        raise Conflict("membership.pending", T("The hosts know that already."))
    ask_to_join(ctx, workshop, membership)
    return workshop


def was_invited(event: Event) -> None:
    """Somebody was asked in there, not by us. A host brings whom they like: their coming is looked into, not undone."""
    seen = event.seen
    seen.state, seen.by, seen.stays_out = "invite", event.by, False
    if event.doer_may("moderate"):
        seen.asked = "brought"


def went(event: Event, how: str, before: str = "join") -> None:
    """Somebody left, or was put out by somebody else."""
    seen, person, membership = event.seen, event.person, event.membership()
    seen.state, seen.rank, seen.asked = "ban" if how == "banned" else "leave", SPEAKS, ""
    seen.by, seen.left_be = "", ""  # who brought them, and what was said of them, was for that time
    settle(event.ctx, seen, T("They are not in the room any more."))
    by_themselves = how == "left" or event.by == seen.native
    seen.stays_out = seen.stays_out or by_themselves or (how == "banned" and event.policy != IGNORE)
    if person is None or membership is None or membership.status != "active" or not event.in_workshop:
        return
    if before != "join" or event.policy == IGNORE:
        return
    if is_elsewhere(event.ctx.session, seen, event.community.id, person.id):
        return  # still a member by another room
    if event.policy == FOLLOW and by_themselves:
        _leave(event, person)
    elif event.policy == FOLLOW and event.doer is not None and event.doer_may("moderate"):
        _put_out(event, person, event.doer)
    else:
        ask_hosts(
            event.ctx, event.room, event.community, seen, "left", person, None if by_themselves else event.doer
        )


def _leave(event: Event, person: Person) -> None:
    try:
        with event.ctx.attempt():
            leave_workshop(event.as_person(person), event.community.pid)
    except Problem as problem:  # its last host: a workshop has one
        tell_person(event.ctx, person.id, problem.say)
        return
    _write_down(event, "room.left", person)
    name = event.community.name
    if event.community.policy == "invitation":
        say = T("You left the room of “{name}”, and with it the workshop. If that was a slip, ask its host to invite "
                "you.", name=name)  # fmt: skip
    else:
        say = T("You left the room of “{name}”, and with it the workshop. You can join again any time.", name=name)
    tell_person(event.ctx, person.id, say)


def _put_out(event: Event, person: Person, doer: Person) -> None:
    try:
        with event.ctx.attempt():
            remove_member(event.as_person(doer), event.community.pid, person.pid)
    except Problem as problem:  # a host may not remove another one: they are asked in again
        event.seen.stays_out = False
        tell_person(event.ctx, doer.id, problem.say)
        return
    _write_down(event, "room.removed", person)


def ranked(ctx: Context, chat: Chat, ranks: Mapping[str, tuple[int, int]], by: str) -> None:
    """Power was given or taken, of several at once perhaps; only people whom we know, and only what makes them leaders
    or no leaders: anybody can write any number of names there."""
    room = room_of_chat(ctx.session, chat.id)
    if room is None or room.due_at is None:
        return
    crossing = {who: pair for who, pair in ranks.items() if (pair[0] < LEADS) != (pair[1] < LEADS)}
    known = people_of(ctx.session, room.platform, [*crossing], ctx.config.matrix.user_template)
    for native in sorted(known):
        event = event_in(ctx, chat, native, "", by)
        if event is not None:
            got_rank(event, *crossing[native])


def got_rank(event: Event, before: int, after: int) -> None:
    """Somebody was given power in a room, or it was taken from them."""
    event.seen.rank = max(-HIGHEST, min(after, HIGHEST))
    if event.seen.asked == "rank" and after < LEADS:
        event.seen.asked = ""
        settle(event.ctx, event.seen, T("The power is taken back."))
    membership, person = event.membership(), event.person
    up, down = before < LEADS <= after, after < LEADS <= before
    if membership is None or person is None or membership.status != "active" or not event.in_workshop:
        return
    if event.policy == IGNORE or not (up or down):
        return
    leads = membership.role in ("host", "cohost")
    if up == leads:
        return  # as it is here
    if down and membership.role == "host":
        return  # a workshop keeps its host; the room gets it back
    if event.policy == FOLLOW and event.doer is not None and event.doer_may("manage"):
        take_rank(event.as_person(event.doer), event.community, membership, person, leads=up)
        _write_down(event, "room.ranked", person)
    elif up:
        ask_hosts(event.ctx, event.room, event.community, event.seen, "rank", person, event.doer)


def _write_down(event: Event, act: str, person: Person) -> None:
    who = f"person:{event.doer.pid}" if event.doer is not None else event.by
    audit(event.ctx, act, f"person:{person.pid}", event.community, by=who, platform=event.room.platform)

