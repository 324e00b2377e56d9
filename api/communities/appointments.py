"""Offices: who is appointed where, renewed, dismissed (G2). The person is told of every change."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from sqlalchemy import Row

from api.access import NAMES, OFFICES, RULES, standing, today_in
from api.communities.lookup import get_community_for
from api.communities.offers import get_person
from api.context import Context
from api.errors import Conflict, Invalid, not_found
from api.messaging.outbox import tell_person
from api.messaging.tree import Node, T, When
from api.numbers import read_number
from api.records.service import audit
from api.times import to_utc
from storage import appointments
from storage.communities import Appointment, Community
from storage.people import Person

# which offices there are in which kind of community
PLACES: dict[str, frozenset[str]] = {
    "region": frozenset({"region_admin", "county_trainer", "expert", "provider_admin"}),
    "school": frozenset({"school_admin", "principal", "school_trainer", "expert"}),
    "workshop": frozenset(),
}


def right_to_appoint(office: str) -> str:
    """The row of api.access.RULES that giving and taking this office needs."""
    return "appoint_school" if office == "school_trainer" else "appoint"


def appoint(ctx: Context, person_pid: str, community_pid: str, office: str, since: date | None = None,
            until: date | None = None) -> Appointment:  # fmt: skip
    """Give an office from `since` (default: today) until the day before `until` (default: open).

    Who holds it here already is renewed where `until` differs, else Conflict. Raises Invalid for an office that this
    kind of place does not have, or for a period that ends before it starts.
    """
    if office not in OFFICES:
        raise Invalid("appointment.office", T("There is no such office."), allowed=list(OFFICES))
    place = get_community_for(ctx, community_pid, right_to_appoint(office))
    if office not in PLACES[place.kind]:
        allowed = sorted(PLACES[place.kind])
        say = T("“{place}” has no {office}.", place=place.name, office=NAMES[office])
        raise Invalid("appointment.place", say, allowed=allowed)
    person = get_person(ctx, person_pid)
    today = today_in(ctx, place)
    start = since or today
    if until is not None and until <= max(start, today):
        raise Invalid("appointment.period", T("The period would be over before it begins."))
    held = appointments.find_held(ctx.session, person.id, place.id, office, today)
    if held is not None:
        return _renew(ctx, held, person, place, until)
    held = Appointment(
        person_id=person.id, community_id=place.id, office=office, since=start, until=until,
        appointed_by=ctx.actor.id if ctx.actor else None,
    )  # fmt: skip
    ctx.session.add(held)
    ctx.session.flush()
    audit(ctx, "appointment.made", f"appointment:{held.pid}", place, office=office, person=person.pid)
    role = {"office": NAMES[office], "place": place.name, "until": _until(ctx, until)}
    _tell(ctx, person, T("You are {office} of “{place}” now{until}. Send “help” to see what you can do there.", **role))
    return held


def dismiss(ctx: Context, pid: str) -> Appointment:
    """End an appointment now. Nobody dismisses themselves: a region would be left without administrator."""
    held = appointments.get_appointment(ctx.session, pid)
    if held is None:
        raise not_found("appointment.unknown")
    place = ctx.session.get_one(Community, held.community_id)
    get_community_for(ctx, place.pid, right_to_appoint(held.office))
    if held.ended_at is not None:
        raise Conflict("appointment.ended", T("That appointment has ended already."))
    if ctx.actor is not None and held.person_id == ctx.actor.id:
        raise Conflict("appointment.own", T("You cannot end your own appointment. Ask another administrator."))
    held.ended_at, held.ended_by = ctx.now, ctx.actor.id if ctx.actor else None
    person = ctx.session.get_one(Person, held.person_id)
    audit(ctx, "appointment.ended", f"appointment:{held.pid}", place, office=held.office, person=person.pid)
    said = T(
        "Your appointment as {office} of “{place}” has ended. Thank you!", office=NAMES[held.office], place=place.name
    )
    _tell(ctx, person, said)
    return held


def list_appointments(ctx: Context, community_pid: str, limit: int = 50, after: str | None = None,
                      ended: bool = False) -> Sequence[Row[Appointment, Person, Community]]:  # fmt: skip
    """(appointment, person, place) at and under a community; one more than `limit`. `ended` shows past ones too."""
    place = get_community_for(ctx, community_pid, "see")
    start = read_number(after) or 0
    today = None if ended else today_in(ctx, place)
    return appointments.page_appointments(ctx.session, place.path, limit + 1, start, today)


def offices_to_give(ctx: Context, place: Community) -> list[str]:
    """Offices of this kind of place that who acts may give there."""
    mine = standing(ctx, place)
    there = [office for office in OFFICES if office in PLACES[place.kind]]
    return [office for office in there if ctx.system or RULES[right_to_appoint(office)] & mine]


def _renew(ctx: Context, held: Appointment, person: Person, place: Community, until: date | None) -> Appointment:
    if held.until == until:
        say = T("{name} is {role} already.", name=person.name, role=NAMES[held.office])
        raise Conflict("appointment.held", say)
    held.until = until
    audit(ctx, "appointment.renewed", f"appointment:{held.pid}", place, office=held.office, person=person.pid)
    role = {"office": NAMES[held.office], "place": place.name, "until": _until(ctx, until)}
    _tell(ctx, person, T("Your appointment as {office} of “{place}” was renewed{until}.", **role))
    return held


def _until(ctx: Context, until: date | None) -> Node | str:
    if until is None:
        return ""
    last = to_utc(datetime.combine(until - timedelta(days=1), time()), ctx.zone())
    return T(" (until {day})", day=When(last, "day"))


def _tell(ctx: Context, person: Person, say: Node) -> None:
    if ctx.actor is None or person.id != ctx.actor.id:
        tell_person(ctx, person.id, say)
