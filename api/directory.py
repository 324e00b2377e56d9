"""Finding one person or place by what an operator types: public id, number or whole name. For the command line."""

from api.context import Context
from api.errors import Conflict, NotFound
from api.messaging.tree import T
from storage import directory
from storage.communities import Appointment, Community
from storage.people import Person

MOST = 10  # candidates that are listed
KINDS = ("region", "school", "workshop")


def one_person(ctx: Context, text: str) -> Person:
    """The one person with this public id, staff number or name. Raises NotFound, or Conflict listing candidates."""
    assert ctx.system, "this looks everywhere"
    found = directory.people_called(ctx.session, text.strip(), MOST)
    if not found:
        raise NotFound("person.unknown", T("There is nobody with the id, staff number or name “{text}”.", text=text))
    if len(found) > 1 and found[0][0].pid != text:
        names = [f"{person.pid} {person.name} {person.staff_no or ''} {place}" for person, place in found]
        say = T("“{text}” could be several people. Use the id: {found}", text=text, found="; ".join(names))
        raise Conflict("person.ambiguous", say, candidates=[person.pid for person, _ in found])
    return found[0][0]


def one_community(ctx: Context, text: str, kinds: tuple[str, ...] = KINDS) -> Community:
    """The one community with this public id, code or name. Raises NotFound, or Conflict listing candidates."""
    assert ctx.system, "this looks everywhere"
    found = directory.communities_called(ctx.session, text.strip(), kinds, MOST)
    if not found:
        raise NotFound("community.unknown", T("There is no place with the id, code or name “{text}”.", text=text))
    if len(found) > 1 and found[0][0].pid != text:
        names = [f"{place.pid} {place.name} ({above})" for place, above in found]
        say = T("“{text}” could be several places. Use the id: {found}", text=text, found="; ".join(names))
        raise Conflict("community.ambiguous", say, candidates=[place.pid for place, _ in found])
    return found[0][0]


def one_appointment(ctx: Context, person: Person, place: Community, office: str) -> Appointment:
    """The appointment of a person to an office in a place. Raises NotFound."""
    held = [found for found in directory.offices_held(ctx.session, person.id, place.id) if found.office == office]
    if not held:
        raise NotFound("appointment.unknown", T("{name} does not hold that office there.", name=person.name))
    return held[0]
