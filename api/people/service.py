"""People whom one may see, the first administrator, and upkeep."""

from dataclasses import dataclass

from api.access import can, today_in
from api.communities.lookup import get_community_for, get_community_to_list
from api.context import Context
from api.errors import Conflict, Invalid
from api.messaging.tree import T
from api.people.codes import IssuedCode, issue_claim_code
from api.people.lookup import home_of
from api.records.service import audit
from api.roster.places import Places
from api.roster.reading import clean
from storage import accounts, roster
from storage.appointments import places_held
from storage.communities import Appointment, Community
from storage.people import Person


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """People whom one may see; `numbers`, `schools`: whether their staff numbers and their schools, too."""

    people: list[Person]
    numbers: bool
    schools: bool


def list_people(ctx: Context, community_pid: str, text: str = "", after: int = 0, limit: int = 50) -> PeoplePage:
    """The people at home in a school or region, or of a workshop, by id; `text` is a part of the name, or (for
    administrators) the staff number. `get_community_to_list` says who may list whom."""
    community = get_community_to_list(ctx, community_pid)
    numbers = community.kind != "workshop" and can(ctx, "people", community)
    schools = community.kind != "workshop" or can(ctx, "moderate", community)
    found = accounts.people_of(ctx.session, community, text.strip()[:80], after, limit, numbers)
    return PeoplePage(found, numbers, schools)


def school_names(ctx: Context, people: list[Person]) -> dict[int, str]:
    """Names of the people's home schools, by the school's id."""
    return accounts.names_of(ctx.session, {person.school_id for person in people if person.school_id})


def home_name(ctx: Context, person: Person) -> str:
    """The name of a person's school, or region; empty where there is neither."""
    home = home_of(ctx, person)
    return home.name if home else ""


def administered(ctx: Context) -> list[Community]:
    """The schools and regions whose people who acts administers."""
    return places_held(ctx.session, ctx.me.id, today_in(ctx), ("school_admin", "region_admin"))


def search_people(ctx: Context, place: Community, text: str, limit: int = 8) -> list[Person]:
    """People at home in a school or region, by a part of their name or their number. For its administrators."""
    place = get_community_for(ctx, place.pid, "people")
    return accounts.find_here(ctx.session, place, text.strip()[:80], limit)


def create_admin(ctx: Context, region_name: str, person_name: str, staff_no: str) -> IssuedCode:
    """The first administrator of a region ("county" or "city/county", as a roster writes it), which is added when it is
    missing; returns their claim code."""
    assert ctx.system, "only the command line makes administrators from nothing"
    region_name, person_name, staff_no = clean(region_name), clean(person_name), clean(staff_no)
    if not region_name or not person_name or not staff_no:
        raise Invalid("admin.incomplete", T("An administrator needs a region, a name and a staff number."))
    places = Places(ctx)
    places.load([region_name])
    region = places.region(region_name)
    person = next(iter(roster.people_by_number(ctx.session, region.id, [staff_no])), None)
    if person is None:
        person = Person(
            name=person_name, staff_no=staff_no, region_id=region.id, language=ctx.config.bot.languages[0],
            created_at=ctx.now,
        )  # fmt: skip
        ctx.session.add(person)
        ctx.session.flush()
    elif person.name != person_name:
        say = T("Staff number {number} belongs to {name}.", number=staff_no, name=person.name)
        raise Conflict("person.number_taken", say)
    if (person.id, region.id, "region_admin") not in roster.offices_of(ctx.session, [person.id], today_in(ctx)):
        ctx.session.add(
            Appointment(person_id=person.id, community_id=region.id, office="region_admin", since=today_in(ctx))
        )
        audit(ctx, "appointed", f"person:{person.pid}", region, office="region_admin")
    ctx.session.flush()
    return issue_claim_code(ctx, person)


def purge_accounts(ctx: Context) -> bool:
    """Job: forget failures, links, sessions and codes that are long over; true when there may be more."""
    return accounts.purge(ctx.session, ctx.now)
