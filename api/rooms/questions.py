"""What hosts are asked about people in their rooms, and what they answer (buttons, or /v1)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from api.access import today_in
from api.communities.lookup import get_community_for
from api.communities.members import remove_member, take_rank
from api.communities.offers import arrive, get_person
from api.context import Context
from api.errors import Conflict, Invalid, not_found
from api.messaging.outbox import PERSONAL, deliver_to_chats, deliver_to_people, edit_message, write_message
from api.messaging.tree import Button, Lines, Node, Quote, Rows, T
from api.people.requests import request_binding
from api.records.service import audit
from storage.appointments import holders_near
from storage.communities import Community
from storage.memberships import HOSTS, find_or_add_membership, get_membership, host_ids
from storage.messaging import Chat, Message
from storage.mirrors import find_room
from storage.people import Person, find_identity
from storage.rooms import (
    Room,
    RoomAccount,
    count_asked,
    count_open,
    find_account,
    forget_leaving,
    page_asked,
    room_of_chat,
)
from storage.whose import person_of

ANSWER, ASKED = "room.answer", "rooms.asked"
QUIET, AT_ONCE = timedelta(hours=1), 5  # so long, and so much, hosts are asked about one room
# what was asked -> what can be answered: (answer, what the button says, whether it takes something away)
ANSWERS: dict[str, tuple[tuple[str, T, bool], ...]] = {
    "unknown": (("bind", T("It belongs to…"), False), ("remove", T("Remove"), True), ("leave", T("Leave be"), False)),
    "in": (("admit", T("Take in"), False), ("remove", T("Remove"), True), ("leave", T("Leave be"), False)),
    "left": (("end", T("Take out of the workshop"), True), ("keep", T("Keep as a member"), False),
             ("again", T("Invite again"), False)),
    "rank": (("cohost", T("Make cohost"), False), ("lower", T("Take the power back"), True),
             ("leave", T("Leave be"), False)),
}  # fmt: skip
OUTCOMES: dict[str, T] = {
    "bind": T("It is being connected with a person."),
    "remove": T("They are taken out of the room."),
    "leave": T("They stay as they are."),
    "admit": T("They are a member now."),
    "end": T("They are no longer a member."),
    "keep": T("They stay a member, and are not asked into the room again."),
    "again": T("They are asked into the room again."),
    "cohost": T("They are cohost now."),
    "lower": T("The power is taken back."),
}


def ask_hosts(ctx: Context, room: Room, community: Community, seen: RoomAccount, what: str,
              person: Person | None = None, doer: Person | None = None) -> None:  # fmt: skip
    """Ask the hosts (of a school or region its administrators) what shall be done; once, until somebody answers."""
    if seen.asked == what:
        return
    again = seen.asked_at is not None and ctx.now - seen.asked_at < QUIET
    settle(ctx, seen, T("This was asked anew."))
    seen.asked, seen.asked_at = what, seen.asked_at if again else ctx.now
    message = write_message(ctx, _question(community, seen, what, person, doer), _rows(community, seen))
    seen.message_id = message.id
    ctx.session.flush()
    people = hosts_of(ctx, community, ("host",) if what == "rank" else HOSTS)
    if not people or again:
        return  # the room's list has it: somebody who comes and goes keeps nobody busy
    asked = count_asked(ctx.session, room.id, ctx.now - QUIET)
    if asked <= AT_ONCE:
        deliver_to_people(ctx, message, people, PERSONAL)
    elif asked == AT_ONCE + 1:
        say = T("Much is going on in the room of “{name}”. What else is to be decided is listed there:",
                name=community.name)  # fmt: skip
        rows: Rows = [[Button(T("To be decided"), f"{ASKED}:{room.pid}")]]
        deliver_to_people(ctx, write_message(ctx, say, rows), people, PERSONAL)


def _rows(community: Community, seen: RoomAccount) -> Rows:
    return [[
        Button(label, f"{ANSWER}:{answer}.{seen.pid}", style="danger" if danger else "")
        for answer, label, danger in ANSWERS[seen.asked] if answer != "admit" or community.kind == "workshop"
    ]]  # fmt: skip


def show_questions(ctx: Context, room_pid: str, chat_id: int) -> int:
    """Say again, in a chat of who acts, what is to be decided about a room's people, a few at a time; how many."""
    rows = list_questions(ctx, room_pid, AT_ONCE)[:AT_ONCE]
    for seen in rows:
        if seen.message_id is not None:
            deliver_to_chats(ctx, ctx.session.get_one(Message, seen.message_id), [chat_id])
    return len(rows)


def count_matters(ctx: Context, room_pid: str) -> tuple[int, int]:
    """(accounts to be decided about, accounts that left on purpose) of a room, for who moderates its community."""
    room = find_room(ctx.session, room_pid)
    if room is None:
        raise not_found("room.unknown")
    get_community_for(ctx, ctx.session.get_one(Community, room.community_id).pid, "moderate")
    return count_open(ctx.session, room.id, list(ANSWERS))


def ask_again(ctx: Context, room_pid: str) -> int:
    """Ask those into a room again who left it on purpose and are still members; returns how many (a host insists)."""
    room = find_room(ctx.session, room_pid)
    if room is None:
        raise not_found("room.unknown")
    community = get_community_for(ctx, ctx.session.get_one(Community, room.community_id).pid, "moderate")
    n = forget_leaving(ctx.session, room.id)
    audit(ctx, "room.asked_again", f"room:{room.pid}", community, people=n)
    ctx.wake("rooms")
    return n


def tell_hosts(ctx: Context, community: Community, say: Node) -> None:
    """Say something about its rooms to whoever decides about them, each privately."""
    if people := hosts_of(ctx, community):
        deliver_to_people(ctx, write_message(ctx, say), people, PERSONAL)


def lost_room(ctx: Context, chat: Chat) -> None:
    """We are in a room no more: its hosts are told, at most once an hour."""
    room = room_of_chat(ctx.session, chat.id)
    if room is None:
        return
    told = room.kept.get("lost")
    if told is not None and ctx.now - datetime.fromisoformat(told) < QUIET:
        return
    room.kept = {**room.kept, "lost": ctx.now.isoformat()}
    community = ctx.session.get_one(Community, room.community_id)
    say = Lines(
        T("I am no longer in the group “{title}” of “{name}”.", title=chat.title or "—", name=community.name),
        T("Add me again, and everything there goes on. If it is meant to be over, unbind it under “rooms”."),
    )
    tell_hosts(ctx, community, say)


def hosts_of(ctx: Context, community: Community, roles: Sequence[str] = HOSTS) -> list[int]:
    """Who decides about a community's rooms: its hosts, else the administrators nearest to it."""
    today = today_in(ctx, community)
    hosts = host_ids(ctx.session, community.id, roles) if community.kind == "workshop" else []
    offices = ("school_admin", "region_admin")
    return hosts or next(filter(None, (holders_near(ctx.session, community, office, today) for office in offices)), [])


def _question(community: Community, seen: RoomAccount, what: str, person: Person | None,
              doer: Person | None) -> Node:  # fmt: skip
    name = person.name if person is not None else seen.name or seen.native
    said: dict[str, Any] = {"who": name, "account": seen.native, "room": community.name}
    match what:
        case "unknown":
            return Lines(
                T("Somebody I do not know is in the room of “{room}”: {who} ({account}).", **said),
                T("What they say is not carried to other rooms. What shall be done?"),
            )
        case "in":
            return T("{who} came into the room of “{room}” and is no member. What shall be done?", **said)
        case "left" if doer is not None:
            return T("{by} put {who} out of the room of “{room}”. What shall be done?", by=doer.name, **said)
        case "left":
            return T("{who} is not in the room of “{room}” any more. What shall be done?", **said)
        case _ if doer is not None:
            return T("{by} gave {who} power in the room of “{room}”. What shall be done?", by=doer.name, **said)
    return T("{who} has power in the room of “{room}” now. What shall be done?", **said)


def answer_question(ctx: Context, account_pid: str, answer: str) -> tuple[RoomAccount, Community]:
    """Decide about an account in a room, for who moderates its community; the first answer counts.

    Raises Conflict when somebody has decided, Invalid for an answer to another question. What "bind" needs besides is
    asked by whoever calls this.
    """
    seen = find_account(ctx.session, account_pid)
    if seen is None:
        raise not_found("room.unknown_account")
    room = ctx.session.get_one(Room, seen.room_id)
    community = get_community_for(ctx, ctx.session.get_one(Community, room.community_id).pid, "moderate")
    if seen.asked not in ANSWERS:
        raise Conflict("room.decided", T("Somebody has decided that already."))
    if answer not in [one for one, _, _ in ANSWERS[seen.asked]]:
        allowed = [one for one, _, _ in ANSWERS[seen.asked]]
        raise Invalid("room.answer", T("That is no answer to this question."), allowed=allowed)
    person = person_of(ctx.session, room.platform, seen.native, ctx.config.matrix.user_template)
    _do(ctx, community, seen, person, answer)
    if answer != "bind":
        if seen.asked in ANSWERS:
            seen.asked = ""
        by = ctx.actor.name if ctx.actor is not None else ""
        settle(ctx, seen, T("{outcome} ({by})", outcome=OUTCOMES[answer], by=by) if by else OUTCOMES[answer])
    audit(ctx, "room.answered", f"room:{room.pid}", community, answer=answer, account=seen.native)
    ctx.session.flush()
    ctx.wake("rooms")
    return seen, community


def list_questions(ctx: Context, room_pid: str, limit: int = 50, after: str | None = None) -> list[RoomAccount]:
    """Accounts in a room about which its hosts are asked something; one more than `limit`. `after`: pid of the last."""
    room = find_room(ctx.session, room_pid)
    if room is None:
        raise not_found("room.unknown")
    get_community_for(ctx, ctx.session.get_one(Community, room.community_id).pid, "moderate")
    return page_asked(ctx.session, room.id, list(ANSWERS), limit + 1, after or "")


class Vouched(NamedTuple):
    """An account, whose somebody says it is, and which school confirms it."""

    account: RoomAccount
    person: Person
    school: Community


def vouch_for(ctx: Context, account_pid: str, person_pid: str) -> Vouched:
    """Say whose an unknown account is; the school's administrators confirm it, and its owner agrees to the notice.

    Raises as asking for a binding does.
    """
    seen = find_account(ctx.session, account_pid)
    if seen is None:
        raise not_found("room.unknown_account")
    room = ctx.session.get_one(Room, seen.room_id)
    community = get_community_for(ctx, ctx.session.get_one(Community, room.community_id).pid, "moderate")
    if seen.asked != "unknown":
        raise Conflict("room.decided", T("Somebody has decided that already."))
    found, person = find_identity(ctx.session, room.platform, seen.native), get_person(ctx, person_pid)
    school = ctx.session.get(Community, person.school_id) if person.school_id is not None else None
    if found is None or school is None:
        raise Conflict("room.no_school", T("{name} has no school here that could confirm it.", name=person.name))
    vouched = T("{host} (“{name}”) says that this account is theirs; the account itself did not say so.",
                host=ctx.me.name, name=community.name)  # fmt: skip
    request_binding(ctx, found[0], school.pid, person.name, vouched=vouched)
    seen.asked = ""
    settle(ctx, seen, T("{by} says that this is {name}; the school confirms it.", by=ctx.me.name, name=person.name))
    audit(ctx, "room.vouched", f"person:{person.pid}", community, account=seen.native)
    return Vouched(seen, person, school)


def _do(ctx: Context, community: Community, seen: RoomAccount, person: Person | None, answer: str) -> None:
    membership = get_membership(ctx.session, person.id, community.id) if person is not None else None
    if answer == "remove":
        seen.asked, seen.left_be = "refused", ""
    elif answer == "leave":
        seen.left_be = "rank" if seen.asked == "rank" else "here"
    elif answer == "admit" and person is not None:
        row = membership or find_or_add_membership(ctx.session, person.id, community.id, ctx.now)
        row.decided_by = ctx.actor.id if ctx.actor is not None else None
        if row.status != "active":
            arrive(replace(ctx, actor=person), community, row)
    elif answer == "end" and person is not None and membership is not None and membership.status == "active":
        remove_member(ctx, community.pid, person.pid)
    elif answer in ("keep", "again"):
        seen.stays_out = answer == "keep"
        if answer == "again":
            seen.asked = "again"
    elif answer == "cohost" and person is not None and membership is not None:
        take_rank(ctx, community, membership, person, leads=True)


def settle(ctx: Context, seen: RoomAccount, outcome: Node) -> None:
    """Change the question into what came of it, for everybody who was asked."""
    message = ctx.session.get(Message, seen.message_id) if seen.message_id is not None else None
    seen.message_id = None
    if message is not None:
        edit_message(ctx, message, Lines(Quote(outcome)), [])
