"""Finding communities with the right to do something there. Every capability fetches through here."""

from typing import Any

from sqlalchemy import Select

from api.access import can, forbidden, require
from api.context import Context
from api.errors import not_found
from storage import communities
from storage.communities import Community


def get_community_for(ctx: Context, pid: str, action: str) -> Community:
    """The community with this public id, if who acts may do `action` (a row of api.access.RULES) in it.

    Raises NotFound, or Forbidden saying who could.
    """
    community = communities.get_by_pid(ctx.session, pid)
    if community is None or community.archived_at is not None:
        raise not_found("community.unknown")
    require(ctx, action, community)
    return community


def get_workshop_for(ctx: Context, pid: str, action: str) -> Community:
    """A workshop, if who acts may do `action` there. People come into schools and regions by the roster only."""
    workshop = get_community_for(ctx, pid, action)
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


def audience_of(community: Community) -> Select[Any]:
    """A select of the ids of all people a community reaches: active members of a workshop (observers too), people
    whose home school a school is or lies in a region."""
    return communities.select_audience(community)


def count_audience(ctx: Context, community: Community) -> int:
    """How many people that is."""
    return communities.count_people(ctx.session, audience_of(community))
