"""Who may do what where: one table. Rights come from roles in a community and offices held there or above it.

`standing` answers with one query; operations call `require` where they fetch a thing. The table is tested cell by cell.
"""

from collections.abc import Iterable
from datetime import date

from api.context import Context
from api.errors import Forbidden, not_found
from api.messaging.tree import Node, Seq, T, Words
from api.times import local_day
from storage.communities import Community, find_hats, find_standing

ROLES = ("host", "cohost", "member", "observer")
OFFICES = (
    "region_admin", "school_admin", "county_trainer", "principal", "school_trainer", "expert", "provider_admin",
)  # fmt: skip

HOSTS = {"host", "cohost"}
ADMINS = {"region_admin", "school_admin"}
LEADERS = HOSTS | ADMINS | {"principal", "county_trainer"}

RULES: dict[str, frozenset[str]] = {
    # to know that it exists, its members' names (of a region's people: `monitor`), its resources
    "see": frozenset((*ROLES, *OFFICES)),
    # what everybody who belongs there may do: hand in logs, ask, answer
    "take_part": frozenset({"host", "cohost", "member"}),
    # notices (通知) to everybody below
    "notify": frozenset(LEADERS | {"school_trainer"}),
    # push resources
    "push": frozenset(LEADERS | {"school_trainer", "expert"}),
    # put resources into its bank
    "contribute": frozenset({"host", "cohost", "member", *OFFICES}),
    # topics (研讨): open one, open it to other workshops, answer such an invitation, close it; and read them
    "discuss": frozenset(LEADERS),
    "hear": frozenset(LEADERS | set(ROLES)),
    # read and judge members' logs
    "review": frozenset(HOSTS | {"county_trainer"}),
    # members: admit, remove, invite; see their progress
    "moderate": frozenset(HOSTS | ADMINS),
    "monitor": frozenset(LEADERS | {"school_trainer"}),
    # its name, rules, policy, reminders; archive it
    "manage": frozenset({"host", *ADMINS}),
    "remind": frozenset(HOSTS | ADMINS | {"principal", "school_trainer"}),
    # open a workshop under it
    "create_workshop": frozenset({"region_admin", "county_trainer", "expert"}),
    # offices in it, and schools and regions below it
    "appoint": frozenset({"region_admin"}),
    "appoint_school": frozenset({"region_admin", "school_admin", "principal"}),
    # its people: roster, claim codes, binding requests
    "people": frozenset(ADMINS),
    "roster": frozenset({"region_admin"}),
    # what could not be delivered to them and to its rooms
    "letters": frozenset({"region_admin"}),
}

NAMES: dict[str, T] = {
    "host": T("host"),
    "cohost": T("cohost"),
    "member": T("member"),
    "observer": T("observer"),
    "region_admin": T("region administrator"),
    "school_admin": T("school administrator"),
    "county_trainer": T("county trainer"),
    "principal": T("principal"),
    "school_trainer": T("school trainer"),
    "expert": T("expert"),
    "provider_admin": T("provider administrator"),
}


def standing(ctx: Context, community: Community, person_id: int | None = None) -> frozenset[str]:
    """Roles of a person in the community and offices at it or above.

    A person whose home school lies in a region or school is a `member` of it.
    """
    who = person_id if person_id is not None else (ctx.actor.id if ctx.actor else None)
    if who is None:
        return frozenset()
    return find_standing(ctx.session, who, community, today_in(ctx, community))


def today_in(ctx: Context, place: Community | None = None) -> date:
    """The day by which offices begin and end: local to the place, or to the service."""
    return local_day(ctx.now, ctx.zone(place))


def can(ctx: Context, action: str, community: Community) -> bool:
    """Whether who acts may do `action` in the community."""
    return ctx.system or not RULES[action].isdisjoint(standing(ctx, community))


def require(ctx: Context, action: str, community: Community) -> None:
    """Raise unless who acts may: NotFound for what they may not even see, else Forbidden saying who could."""
    if ctx.system:
        return
    mine = standing(ctx, community)
    if RULES[action].isdisjoint(mine):
        if RULES["see"].isdisjoint(mine) and community.policy == "invitation":
            raise not_found()
        raise forbidden(action)


def forbidden(action: str) -> Forbidden:
    """The refusal that says who could do it."""
    who = [role for role in NAMES if role in RULES[action]]
    say = T("You cannot do that here. Who can: {who}.", who=join_names(NAMES[role] for role in who))
    return Forbidden("forbidden", say, action=action, who=who)


def join_names(nodes: Iterable[Node]) -> Node:
    """Names one after the other with a separator that Chinese and English readers both accept."""
    parts: list[Node] = []
    for n, node in enumerate(nodes):
        parts += [Words(" / "), node] if n else [node]
    return Seq(*parts)


def hats(ctx: Context) -> frozenset[str]:
    """Which parts of help concern who acts: any of "leader" (each of the others), "host", "school", "region"."""
    if ctx.actor is None:
        return frozenset()
    roles, offices = find_hats(ctx.session, ctx.actor.id, today_in(ctx))
    worn = {"host"} if roles & HOSTS else set()
    worn |= {"school"} if offices & {"region_admin", "school_admin", "principal", "school_trainer"} else set()
    worn |= {"region"} if offices & {"region_admin", "county_trainer", "expert", "provider_admin"} else set()
    return frozenset(worn | {"leader"} if worn else worn)
