"""Finding people by name, to invite, to ask or to appoint: only where the searcher may see people."""

from dataclasses import dataclass

from api.access import OFFICES, can, today_in
from api.communities.lookup import get_community_for, may_list
from api.context import Context
from api.errors import Invalid
from api.messaging.tree import T
from storage import memberships
from storage.appointments import places_held
from storage.communities import Community

FEW = 8  # of a region's people whoever may not list them finds the best fits, not everybody page by page
TITLES = ("老师", "校长", "主任", "园长", "同学")


@dataclass(frozen=True, slots=True)
class Found:
    """Somebody found: public id, name, home school (or region) to tell namesakes apart."""

    pid: str
    name: str
    school: str


def find_people(
    ctx: Context, text: str, within: str | None = None, limit: int = 8, after: str | None = None
) -> list[Found]:
    """People whose name holds `text`: exact names first, then beginnings; "张老师" finds everybody named 张….

    `within` is the pid of a school or region (needs `see`), or of a workshop (who moderates it finds people of its
    region); without it: my region and the places of my offices. `after`: the pid of the last one seen. Who may not list
    the people of a region gets at most 8 of it, and nothing after them. Raises Invalid for an empty name.
    """
    if within is not None and not may_list(ctx, get_community_for(ctx, within, "see")):
        if after is not None:
            return []
        limit = min(limit, FEW)
    rows = memberships.search_people(ctx.session, _name(text), _paths(ctx, within), limit, after)
    return [Found(person.pid, person.name, school) for person, school in rows]


def find_members(ctx: Context, pid: str, text: str, limit: int = 8) -> list[Found]:
    """Active members of a workshop by name, for who may moderate it; `school` holds nothing."""
    community = get_community_for(ctx, pid, "moderate")
    rows = memberships.search_members(ctx.session, community.id, _name(text), limit)
    return [Found(person.pid, person.name, "") for person, _role in rows]


def _name(text: str) -> str:
    """The name in what was typed: without spaces, and without a title that follows it."""
    name = "".join(c for c in text if c.isprintable() and not c.isspace())
    for title in TITLES:
        if name.endswith(title) and len(name) > len(title):
            name = name.removesuffix(title)
    if not name or len(name) > 40:
        raise Invalid("search.empty", T("Which name? For example “Zhang Wei”."))
    return name


def _paths(ctx: Context, within: str | None) -> list[str]:
    if within is None:
        return _my_paths(ctx)
    place = get_community_for(ctx, within, "see")
    if place.kind != "workshop":
        return [place.path]
    if not can(ctx, "moderate", place):
        return []
    return [region_path(place), *_my_paths(ctx)]


def _my_paths(ctx: Context) -> list[str]:
    if ctx.system:
        return ["/"]
    home = memberships.find_home(ctx.session, ctx.me)
    held = places_held(ctx.session, ctx.me.id, today_in(ctx), OFFICES)
    return [*([region_path(home)] if home else []), *(place.path for place in held)]


def region_path(community: Community) -> str:
    """The path of the nearest region: two levels up at most, since schools and workshops hang off regions."""
    if community.kind == "region":
        return community.path
    return community.path.rstrip("/").rsplit("/", 1)[0] + "/"
