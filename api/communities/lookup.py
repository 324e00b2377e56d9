"""Finding communities with the right to do something there. Every capability fetches through here."""

from typing import Any

from sqlalchemy import Select

from api.access import can, forbidden, require
from api.context import Context
from api.errors import Conflict, not_found
from api.messaging.tree import T
from storage import communities
from storage.communities import Community


def get_community_for(ctx: Context, pid: str, action: str, archived: bool = False) -> Community:
    """The community with this public id, if who acts may do `action` (a row of api.access.RULES) in it.

    One that is archived is there for those who belong to it, to be read only: `archived` says that this is what for.
    Raises NotFound, Forbidden saying who could, Conflict where nothing is changed any more.
    """
    community = communities.get_by_pid(ctx.session, pid)
    if community is None:
        raise not_found("community.unknown")
    if community.archived_at is not None and not archived:
        check_writable(ctx, community)
    require(ctx, action, community)
    return community


def check_writable(ctx: Context, community: Community) -> None:
    """Raise Conflict saying so for a community that is archived; NotFound for whom it does not concern."""
    if community.archived_at is None:
        return
    if not can(ctx, "see", community):
        raise not_found("community.unknown")
    say = T("“{name}” is archived: it can still be read, and nothing in it is changed any more.", name=community.name)
    raise Conflict("community.archived", say)


def get_workshop_for(ctx: Context, pid: str, action: str, archived: bool = False) -> Community:
    """A workshop, if who acts may do `action` there. People come into schools and regions by the roster only."""
    workshop = get_community_for(ctx, pid, action, archived)
    if workshop.kind != "workshop":
        raise not_found("workshop.unknown")
    return workshop


def get_community_to_list(ctx: Context, pid: str) -> Community:
    """A community whose people who acts may read one by one. Colleagues of a school and members of a workshop see each
    other; a region's people are for those who may `monitor` it: whoever is just at home there learns how many they are.

    Raises NotFound, or Forbidden saying who could.
    """
    community = get_community_for(ctx, pid, "see")
    if not may_list(ctx, community):
        raise forbidden("monitor")
    return community


def may_list(ctx: Context, community: Community) -> bool:
    """The same as an answer, for a community that who acts may see."""
    return community.kind != "region" or can(ctx, "monitor", community)


def workshops_of(
    ctx: Context, person_id: int, roles: tuple[str, ...] = ("host", "cohost", "member")
) -> list[Community]:
    """The workshops (not archived) in which a person is active in one of `roles`, by name."""
    return communities.find_workshops_of(ctx.session, person_id, roles)


def audience_of(*places: Community) -> Select[Any]:
    """A select of the ids of all people that communities reach, each once: active members of a workshop (observers
    too), people whose home school a school is or lies in a region."""
    return communities.select_audience_of(places)


def count_audience(ctx: Context, community: Community) -> int:
    """How many people that is."""
    return communities.count_people(ctx.session, audience_of(community))
