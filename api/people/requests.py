"""Accounts without a code ask a school, once; its administrators decide by button (issue: a friendly way in)."""

import re
from collections.abc import Sequence
from datetime import timedelta

from api.access import can, require, today_in
from api.context import Context
from api.errors import Conflict, Invalid, TooMany, not_found
from api.messaging.outbox import PERSONAL, deliver_to_chats, deliver_to_people, say_in_chat, write_message
from api.messaging.tree import Button, Lines, Node, Rows, T, Words
from api.people.binding import bind, check_unbound, show_outcome
from api.people.lookup import home_of, require_over
from api.people.texts import account_name, privacy_notice
from api.records.service import audit
from api.roster.reading import clean
from storage import accounts, claims
from storage.appointments import holders_near, places_held
from storage.communities import Community
from storage.messaging import Message
from storage.people import BindingRequest, Identity, Person

NAME_LIMIT = 40
ASK_WINDOW, ASK_LIMIT = timedelta(days=7), 3
CANDIDATES = 5
NEW = "new"
MARKS = " ，。、；：！？,.;:!?“”\"'"
AROUND_NAME = re.compile(r"(?:(?:我叫|我是)(?=..))?(.+?)(?:(?<=..)(?:老师|教师))?")


def search_schools(ctx: Context, text: str, limit: int = 8, within: Community | None = None) -> list[Community]:
    """Schools (`within` a place) by a part of their name, also with the region before it, or by their code; anybody may
    look."""
    text = clean(text).strip(MARKS)[:80]
    return claims.search_schools(ctx.session, text, limit, within) if text else []


def get_school(ctx: Context, pid: str) -> Community:
    """A school by its public id; anybody may look. Raises NotFound."""
    found = claims.schools_by_pid(ctx.session, pid)
    if not found:
        raise not_found("school.unknown")
    return found[0]


def open_request(ctx: Context, identity: Identity) -> BindingRequest | None:
    """The request that an account waits for, if it does."""
    return claims.open_request_of(ctx.session, identity.id)


def clean_name(text: str) -> str:
    """A name as the roster would have it, of what somebody typed: without "I am", a title, and what ends a sentence."""
    text = clean(text).strip(MARKS)
    found = AROUND_NAME.fullmatch(text)
    return found[1] if found else text


def request_binding(ctx: Context, identity: Identity, school_pid: str, name: str, staff_no: str = "",
                    vouched: Node | None = None) -> BindingRequest:  # fmt: skip
    """Ask a school to let an account in; its administrators get buttons. One open request per account.

    `vouched`: who says so, where it was not the account itself.
    """
    check_unbound(ctx, identity)
    name, staff_no = clean_name(name), clean(staff_no)
    school = get_school(ctx, school_pid)
    if not name or len(name) > NAME_LIMIT or len(staff_no) > NAME_LIMIT:
        raise Invalid("request.name", T("A name has 1 to {limit} characters.", limit=NAME_LIMIT), limit=NAME_LIMIT)
    if open_request(ctx, identity) is not None:
        say = T("Your school has your request already. You will hear from me as soon as it decides.")
        raise Conflict("request.open", say)
    if claims.count_requests(ctx.session, identity.id, ctx.now - ASK_WINDOW) >= ASK_LIMIT:
        say = T("You asked several times this week. Please talk to your school directly.")
        raise TooMany("request.too_many", say, retry_after=ASK_WINDOW.total_seconds())
    request = BindingRequest(
        identity_id=identity.id, school_id=school.id, claimed_name=name, claimed_staff_no=staff_no, created_at=ctx.now
    )
    ctx.session.add(request)
    ctx.session.flush()
    _ask_administrators(ctx, request, identity, school, vouched)
    return request


def deciders(ctx: Context, school: Community) -> list[int]:
    """Ids of a school's administrators; with none, those of the nearest region above that has one."""
    today = today_in(ctx, school)
    return holders_near(ctx.session, school, "school_admin", today) or holders_near(
        ctx.session, school, "region_admin", today
    )


def _ask_administrators(ctx: Context, request: BindingRequest, identity: Identity, school: Community,
                        vouched: Node | None) -> None:  # fmt: skip
    people = deciders(ctx, school)
    namesakes = candidates(ctx, request)
    lines: list[Node] = [
        T("{name} asks to be let in at {school}.", name=request.claimed_name, school=school.name),
        T("Account: {account}", account=account_name(identity.platform, identity.name)),
    ]
    if vouched is not None:
        lines.append(vouched)
    if request.claimed_staff_no:
        lines.append(T("Staff number given: {number}", number=request.claimed_staff_no))
    if namesakes:
        lines.append(T("Is it this person of the school's list? Approve only whom you know."))
    else:
        lines.append(T("Nobody of that name is on the school's list. Approving adds a new person."))
    rows: Rows = [
        [Button(_who(person), f"people.approve:{request.pid}:{person.pid}", style="primary")] for person in namesakes
    ]
    rows.append([
        Button(T("Approve as a new person"), f"people.approve:{request.pid}:{NEW}"),
        Button(T("Do not let in"), f"people.decline:{request.pid}", style="danger"),
    ])  # fmt: skip
    message = write_message(ctx, Lines(*lines), rows)
    request.message_id = message.id
    if people:
        deliver_to_people(ctx, message, people, PERSONAL)


def _who(person: Person) -> Node:
    number = f"（{person.staff_no}）" if person.staff_no else ""
    return T("Approve: {name}", name=Words(person.name + number))


def candidates(ctx: Context, request: BindingRequest) -> Sequence[Person]:
    """People of the school's list who have exactly the name (or the number) that was given."""
    found = claims.find_namesakes(ctx.session, request.school_id, request.claimed_name)
    matching = [p for p in found if request.claimed_staff_no and p.staff_no == request.claimed_staff_no]
    return (matching or found)[:CANDIDATES]


def list_requests(ctx: Context, community: Community, state: str = "open", after: int = 0,
                  limit: int = 50) -> list[BindingRequest]:  # fmt: skip
    """Requests to a school (or a region's schools) that who acts decides on, oldest first."""
    require(ctx, "people", community)
    return claims.requests_within(ctx.session, community, state, after, limit)


def show_requests(ctx: Context, chat_id: int, limit: int = 10) -> int:
    """Show who acts the open requests they decide on, again with their buttons; returns how many were shown."""
    found: dict[int, BindingRequest] = {}
    for place in places_held(ctx.session, ctx.me.id, today_in(ctx), ("school_admin", "region_admin")):
        for request in claims.requests_within(ctx.session, place, "open", 0, limit):
            found[request.id] = request
    shown = [found[key] for key in sorted(found)[:limit]]
    for request in shown:
        if request.message_id is not None:
            deliver_to_chats(ctx, ctx.session.get_one(Message, request.message_id), [chat_id])
    return len(shown)


def get_request_for(ctx: Context, pid: str) -> BindingRequest:
    """The request, if who acts may decide on it."""
    request = claims.request_by_pid(ctx.session, pid, lock=True)
    if request is None:
        raise not_found("request.unknown")
    school = ctx.session.get_one(Community, request.school_id)
    if not can(ctx, "people", school):
        raise not_found("request.unknown")
    return request


def approve_request(ctx: Context, pid: str, person_pid: str = NEW) -> BindingRequest:
    """Let an account in as a person of that school's list, or as a new person. It binds once they agree to the notice.

    Raises Conflict saying by whom when it was decided before.
    """
    request = _undecided(ctx, pid)
    school = ctx.session.get_one(Community, request.school_id)
    person = _new_person(ctx, request, school) if person_pid == NEW else accounts.person_by_pid(ctx.session, person_pid)
    if person is None or person.school_id != school.id:
        raise not_found("person.unknown")
    require_over(ctx, person, "people")
    request.person_id = person.id
    _decide(ctx, request, "approved")
    identity = ctx.session.get_one(Identity, request.identity_id)
    agree = Button(T("Agree"), f"people.agree:{request.pid}", style="primary")
    refuse = Button(T("Do not agree"), f"people.refuse:{request.pid}")
    welcome = T("{school} let you in as {name}. One more step:", school=school.name, name=person.name)
    _tell(ctx, identity, Lines(welcome, privacy_notice(), T("Do you agree?")), [[agree, refuse]])
    return request


def _new_person(ctx: Context, request: BindingRequest, school: Community) -> Person:
    number = request.claimed_staff_no or None
    if number and claims.number_taken(ctx.session, school.parent_id, number):
        say = T("Staff number {number} belongs to somebody else in the region. Check the list first.", number=number)
        raise Conflict("person.number_taken", say)
    person = Person(
        name=request.claimed_name, staff_no=number, region_id=school.parent_id, school_id=school.id,
        language=school.language, created_at=ctx.now,
    )  # fmt: skip
    ctx.session.add(person)
    ctx.session.flush()
    return person


def decline_request(ctx: Context, pid: str) -> BindingRequest:
    """Turn an account away; it is told. Raises Conflict saying by whom when it was decided before."""
    request = _undecided(ctx, pid)
    _decide(ctx, request, "declined")
    identity = ctx.session.get_one(Identity, request.identity_id)
    school = ctx.session.get_one(Community, request.school_id)
    say = T("{school} could not let you in with what you wrote. Ask there for a claim code, then send it to me.",
            school=school.name)  # fmt: skip
    _tell(ctx, identity, say)
    return request


def _undecided(ctx: Context, pid: str) -> BindingRequest:
    request = get_request_for(ctx, pid)
    if ctx.session.get_one(Identity, request.identity_id).person_id is not None and request.decided_by is None:
        raise Conflict("request.bound", T("This account is connected already: there is nothing left to decide."))
    if request.state != "open":
        by = ctx.session.get(Person, request.decided_by) if request.decided_by else None
        name = Words(by.name) if by else T("an administrator")
        yes, no = T("{name} has approved this already.", name=name), T("{name} has declined this already.", name=name)
        raise Conflict("request.decided", no if request.state == "declined" else yes)
    return request


def _decide(ctx: Context, request: BindingRequest, state: str) -> None:
    request.state, request.decided_at = state, ctx.now
    request.decided_by = ctx.actor.id if ctx.actor else None
    school = ctx.session.get_one(Community, request.school_id)
    audit(ctx, f"request.{state}", f"binding_request:{request.pid}", school)
    by = Words(ctx.actor.name) if ctx.actor else T("an administrator")
    show_outcome(ctx, request, T("Approved by {name}.", name=by) if state == "approved" else
                 T("Declined by {name}.", name=by))  # fmt: skip


def _tell(ctx: Context, identity: Identity, say: Node, rows: Rows | None = None) -> None:
    if identity.chat_id is not None:
        say_in_chat(ctx, identity.chat_id, say, rows, lane=PERSONAL)


def accept_approval(ctx: Context, pid: str, identity: Identity) -> Person:
    """The person agrees to the privacy notice after their request was approved: bind. For the asking account only."""
    request = claims.request_by_pid(ctx.session, pid, lock=True)
    if request is None or request.identity_id != identity.id or request.state not in ("approved", "bound"):
        raise not_found("request.unknown")
    check_unbound(ctx, identity)
    if request.state == "bound":
        raise not_found("request.unknown")
    person = ctx.session.get_one(Person, request.person_id)
    if person.removed_at is not None or person.erased_at is not None or home_of(ctx, person) is None:
        raise not_found("person.unknown")
    request.state = "bound"
    bind(ctx, identity, person, "request")
    return person
