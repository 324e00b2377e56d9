"""A workshop as somebody sees it: what it is, who hosts it, what they may do there. For cards and for HTTP."""

from dataclasses import dataclass

from api.access import RULES, standing
from api.communities.lookup import get_workshop_for, workshops_of
from api.communities.service import places_for
from api.context import Context
from storage import memberships
from storage.communities import Community


@dataclass(frozen=True, slots=True)
class View:
    """`counts` is by status, `mine` are my roles and offices there, `may` what these allow (rows of RULES)."""

    workshop: Community
    hosts: list[str]
    counts: dict[str, int]
    mine: frozenset[str]
    may: frozenset[str]


def view_workshop(ctx: Context, pid: str, archived: bool = False) -> View:
    """What a workshop's card shows; with `archived` also of one in which nothing is changed any more. Raises NotFound,
    Forbidden or Conflict."""
    workshop = get_workshop_for(ctx, pid, "see", archived)
    mine = standing(ctx, workshop)
    counts = memberships.count_members(ctx.session, workshop.id)
    may = _may(ctx, mine) if workshop.archived_at is None else frozenset({"see"})
    return View(workshop, memberships.host_names(ctx.session, workshop.id), counts, mine, may)


def places_to_open(ctx: Context) -> tuple[list[Community], bool]:
    """Where I may open a workshop (True), else where I may ask for one: my region and my school (False)."""
    places = places_for(ctx, "create_workshop")
    if places:
        return places, True
    home = memberships.find_home(ctx.session, ctx.me)
    if home is None:
        return [], False
    region = ctx.session.get(Community, home.parent_id) if home.kind == "school" and home.parent_id else None
    return ([region, home] if region is not None else [home]), False


def rights_in(ctx: Context, community: Community) -> frozenset[str]:
    """The rows of api.access.RULES that who acts may do in a community."""
    return _may(ctx, standing(ctx, community))


def _may(ctx: Context, mine: frozenset[str]) -> frozenset[str]:
    return frozenset(action for action, who in RULES.items() if ctx.system or who & mine)


def workshops_to_moderate(ctx: Context) -> list[Community]:
    """Workshops that I host alone or with others, by name."""
    return workshops_of(ctx, ctx.me.id, memberships.HOSTS)


def places_to_appoint(ctx: Context) -> list[Community]:
    """Regions and schools in which I may give offices."""
    return places_for(ctx, "appoint_school")
