"""Finding people with the right to do something about them."""

from api.access import can, require, today_in
from api.context import Context
from api.errors import not_found
from storage import accounts
from storage.appointments import places_held
from storage.communities import Community
from storage.people import Person


def get_person_for(ctx: Context, pid: str, action: str = "see") -> Person:
    """The person with this public id, if who acts may do `action` (api.access.RULES) where that person is at home.

    Raises NotFound for people one may not know of, Forbidden saying who could.
    """
    person = accounts.person_by_pid(ctx.session, pid)
    if person is None:
        raise not_found("person.unknown")
    if action == "see" and ctx.actor is not None and ctx.actor.id == person.id:
        return person
    require_over(ctx, person, action)
    return person


def require_over(ctx: Context, person: Person, action: str) -> None:
    """Raise unless who acts may do `action` at the person's school, or region where there is none.

    "people" opens doors: it also takes that right wherever the person holds an office, or a school administrator could
    hand out a code for the county's.
    """
    if ctx.system:
        return
    home = home_of(ctx, person)
    if home is None or not can(ctx, "see", home):
        raise not_found("person.unknown")
    require(ctx, action, home)
    if action == "people":
        for place in places_held(ctx.session, person.id, today_in(ctx)):
            require(ctx, action, place)


def home_of(ctx: Context, person: Person) -> Community | None:
    """A person's school, or region where there is none."""
    home_id = person.school_id or person.region_id
    return ctx.session.get(Community, home_id) if home_id else None
