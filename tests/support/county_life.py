"""What happens to a county in a year, done in the database and in the model alike."""

from api.communities.members import remove_member
from api.communities.tree import add_community, rename_community
from api.context import Context
from storage.communities import Appointment, Community, Membership
from storage.memberships import get_membership
from storage.people import Person
from storage.roster import hang_under
from tests.support.large_county import LargeCounty, add_place, join


def _get(ctx: Context, county: LargeCounty, place: str) -> Community:
    return ctx.session.get_one(Community, county.places[place].id)


def _person(ctx: Context, county: LargeCounty, who: str) -> Person:
    return ctx.session.get_one(Person, county.people[who])


def grow(ctx: Context, county: LargeCounty) -> None:
    """Another school with a workshop of its own, and another workshop of the region."""
    add_place(ctx, county, "s9", "新建小学", "school", "region")
    add_place(ctx, county, "w8x", "新建小学工坊", "workshop", "s9")
    add_place(ctx, county, "w9x", "新工坊", "workshop", "region")
    for n, who in enumerate([*county.people][3:8]):
        for workshop in ("w8x", "w9x"):
            join(ctx, county, who, workshop, "host" if n == 0 else "member")


def rename(ctx: Context, county: LargeCounty) -> None:
    """The region, a school and a workshop are called something else."""
    for place, name in (("region", "晨曦县"), ("s1", "实验小学"), ("w1", "数学工坊")):
        rename_community(ctx, _get(ctx, county, place), name)
        county.change(place, name=name)


def move(ctx: Context, county: LargeCounty) -> None:
    """A workshop of the region becomes a school's, and a school's the region's."""
    for workshop, parent in (("w0", "s2"), ("w4", "region")):
        row, above = _get(ctx, county, workshop), _get(ctx, county, parent)
        row.parent_id, row.path = above.id, f"{above.path}{row.id}/"
        county.change(workshop, parent=parent)


def transfer(ctx: Context, county: LargeCounty) -> None:
    """Two teachers change their schools, one of them to the new one."""
    for who, school in (([*county.people][11], "s9"), ([*county.people][12], "s0")):
        _person(ctx, county, who).school_id = county.places[school].id
        county.home[who] = school


def remove(ctx: Context, county: LargeCounty) -> None:
    """Somebody is not on the roster any more, and somebody else put out of a workshop."""
    gone = [*county.people][13]
    _person(ctx, county, gone).removed_at = ctx.now
    del county.home[gone]
    for members in county.members.values():
        members.pop(gone, None)
    out = next(who for who, role in county.members["w1"].items() if role == "member")
    remove_member(ctx, county.places["w1"].pid, _person(ctx, county, out).pid)
    del county.members["w1"][out]


def dismiss(ctx: Context, county: LargeCounty) -> None:
    """An administrator's office ends, and a member becomes cohost."""
    who = next(iter(county.offices.pop("s1")))
    for office in _offices(ctx, county, who):
        office.ended_at = ctx.now
    raised = next(who for who, role in county.members["w2"].items() if role == "member")
    row = get_membership(ctx.session, county.people[raised], county.places["w2"].id)
    assert isinstance(row, Membership)
    row.role = county.members["w2"][raised] = "cohost"


def _offices(ctx: Context, county: LargeCounty, who: str) -> list[Appointment]:
    return ctx.session.query(Appointment).filter_by(person_id=county.people[who]).all()


def hang_elsewhere(ctx: Context, county: LargeCounty) -> None:
    """The region becomes one of a city's; every path in it begins anew."""
    city = add_community(ctx, kind="region", name="临江市", level="city")
    hang_under(ctx.session, _get(ctx, county, "region"), city)


def archive(ctx: Context, county: LargeCounty) -> None:
    """A workshop is over: it can be read by those who are there."""
    _get(ctx, county, "w3").archived_at = ctx.now
    county.change("w3", archived=True)


YEAR = (grow, rename, move, transfer, remove, dismiss, hang_elsewhere, archive)
