"""Queries behind the mirroring of communities: rooms that are due, who belongs into one, how rooms hang together."""

from collections.abc import Collection
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, bindparam, case, delete, func, literal, or_, select, update
from sqlalchemy.orm import Session

from storage.communities import Appointment, Community, Membership, held_on
from storage.messaging import Chat
from storage.people import PRESENT, Identity, Person
from storage.reach import Reach
from storage.rooms import Room, RoomAccount
from storage.writing import QUIET_UPDATE, among, count_changed, table_of, take

AT_ONCE = datetime(2000, 1, 1, tzinfo=UTC)  # due, whatever time it is
MANAGED = Room.due_at.is_not(None)
ROOMS, CHATS = table_of(Room), table_of(Chat)
NOW = bindparam("now", type_=ROOMS.c.due_at.type)
LEASE = (
    update(ROOMS)
    .where(among(ROOMS.c.id, "taken"))
    .values(leased_until=bindparam("until"), due_at=bindparam("until"))
    .returning(*[ROOMS.c[name] for name in ("id", "pid", "platform", "part", "chat_id")])
)


class Belonging(NamedTuple):
    """Somebody's part in a community: a role with its status, an office held at `place`, or a home there."""

    person_id: int
    role: str
    status: str
    place: int
    present: bool  # on the roster, and not erased
    since: datetime | None = None  # of a membership: when it began last


class LeasedRoom(NamedTuple):
    """A room that this worker alone looks at until `until`."""

    id: int
    pid: str
    platform: str
    part: str
    account: str | None
    native: str | None
    until: datetime


def lease_rooms(session: Session, reach: Reach, now: datetime, until: datetime, limit: int,
                ) -> list[LeasedRoom]:  # fmt: skip
    """Take up to `limit` rooms that are due, those that were made first before others: parents before children.

    They are due again when the lease ends: whoever dies with one is followed by somebody else.
    """
    taken = take(session, _due(reach), {"now": now, "most": limit}, LEASE, {"until": until})
    if not taken:
        return []
    chats = [row.chat_id for row in taken if row.chat_id is not None]
    query = select(Chat.id, Chat.account, Chat.native).where(Chat.id.in_(chats))
    there = {chat_id: (account, native) for chat_id, account, native in session.execute(query)}
    found = []
    for row in taken:
        account, native = there.get(row.chat_id, (None, None))
        found.append(LeasedRoom(row.id, row.pid, row.platform, row.part, account, native, until))
    return found


@lru_cache
def _due(reach: Reach) -> Select[Any]:
    free = or_(ROOMS.c.leased_until.is_(None), ROOMS.c.leased_until <= NOW)
    bot = select(CHATS.c.account).where(CHATS.c.id == ROOMS.c.chat_id).correlate(ROOMS).scalar_subquery()
    here = reach.covers(ROOMS.c.platform, func.coalesce(bot, ""))
    query = select(ROOMS.c.id).where(ROOMS.c.due_at <= NOW, free, here).order_by(ROOMS.c.due_at, ROOMS.c.id)
    return query.limit(bindparam("most")).with_for_update(skip_locked=True)


def end_room_leases(session: Session, platform: str | None = None) -> None:
    """Let every room that somebody was looking at (of a platform) be looked at again at once."""
    held = update(Room).where(Room.leased_until.is_not(None))
    if platform is not None:
        held = held.where(Room.platform == platform)
    again = case((MANAGED, AT_ONCE))
    session.execute(held.values(leased_until=None, due_at=again), execution_options=QUIET_UPDATE)


def get_room(session: Session, room_id: int, lock: bool = False) -> Room | None:
    """A room by its inner id."""
    return session.get(Room, room_id, with_for_update=lock, populate_existing=lock)


def find_room(session: Session, pid: str, lock: bool = False) -> Room | None:
    """A room by its public id."""
    query = select(Room).where(Room.pid == pid)
    return session.scalars(query.with_for_update() if lock else query).first()


def make_due(session: Session, condition: Any, at: datetime = AT_ONCE) -> None:
    """Have the managed rooms of a condition looked at, at the latest at `at`."""
    late = update(Room).where(MANAGED, Room.due_at > at, condition)
    session.execute(late.values(due_at=at), execution_options=QUIET_UPDATE)


def make_around_due(session: Session, community: Community) -> None:
    """Have the rooms of a community looked at, and what is above and right below it: it shows them, or lets their
    members in."""
    around = [*community.line, *[one.id for one in children_of(session, community)]]
    make_due(session, Room.community_id.in_(around))


def make_natives_due(session: Session, platform: str, account: str, natives: Collection[str], at: datetime) -> None:
    """The same for rooms by their platform's ids."""
    chats = select(Chat.id).where(Chat.platform == platform, Chat.account == account, Chat.native.in_(list(natives)))
    make_due(session, Room.chat_id.in_(chats), at)


def manage_created(session: Session, path: str, platform: str) -> None:
    """Keep the rooms that we made at and under a path in step (again)."""
    ours = update(Room).where(within(path), Room.platform == platform, Room.origin == "created", Room.due_at.is_(None))
    session.execute(ours.values(due_at=AT_ONCE), execution_options=QUIET_UPDATE)


def release_created(session: Session, path: str, platform: str) -> int:
    """Keep the rooms that we made at and under a path in step no more; those not made yet are forgotten."""
    ours = (within(path), Room.platform == platform, Room.origin == "created")
    session.execute(delete(Room).where(*ours, Room.chat_id.is_(None)), execution_options=QUIET_UPDATE)
    return count_changed(session, update(Room).where(*ours, MANAGED).values(due_at=None))


def adopted_spaces(session: Session, path: str, platform: str) -> list[Room]:
    """The spaces of others at and under a path, held until the commit."""
    theirs = (within(path), Room.platform == platform, Room.origin == "adopted", Room.part == "space")
    query = select(Room).where(*theirs).order_by(Room.id)
    return list(session.scalars(query.with_for_update().execution_options(populate_existing=True)))


def retry_under(session: Session, path: str, looked_before: datetime | None) -> int:
    """Have every managed room at and under a path looked at at once, and everything there tried again; those apart that
    were looked at since `looked_before`."""
    rooms = update(Room).where(within(path), MANAGED)
    if looked_before is not None:
        rooms = rooms.where(or_(Room.looked_at.is_(None), Room.looked_at <= looked_before))
    return count_changed(session, rooms.values(due_at=AT_ONCE, tries={}))


def within(path: str) -> Any:
    """The condition that a room's community lies at or under a path."""
    return Room.community_id.in_(select(Community.id).where(Community.path.startswith(path, autoescape=True)))


def parts_of(session: Session, community_ids: Collection[int], platform: str) -> dict[tuple[int, str], Room]:
    """(community, part) -> its room on a platform; of several the one that was made or bound first."""
    query = select(Room).where(Room.community_id.in_(list(community_ids)), Room.platform == platform)
    return {(room.community_id, room.part): room for room in session.scalars(query.order_by(Room.id.desc()))}


def natives_of(session: Session, rooms: Collection[Room]) -> dict[int, str]:
    """Room id -> its platform's id, of those that exist."""
    chats = {room.chat_id: room.id for room in rooms if room.chat_id is not None}
    query = select(Chat.id, Chat.native).where(Chat.id.in_(list(chats)), Chat.state == "active")
    return {chats[chat_id]: native for chat_id, native in session.execute(query)}


def ours_among(session: Session, platform: str, natives: Collection[str]) -> set[str]:
    """Those of some places that are managed rooms of ours."""
    query = select(Chat.native).join(Room, Room.chat_id == Chat.id).where(MANAGED, Chat.platform == platform)
    return set(session.scalars(query.where(Chat.native.in_(list(natives))))) if natives else set()


def children_of(session: Session, community: Community) -> list[Community]:
    """The communities right below one, archived ones too."""
    return list(session.scalars(select(Community).where(Community.parent_id == community.id).order_by(Community.id)))


def workshops_under(session: Session, path: str) -> list[Community]:
    """The workshops under a path that are open, in the order in which they were opened."""
    under = (Community.path.startswith(path, autoescape=True), Community.kind == "workshop")
    query = select(Community).where(*under, Community.archived_at.is_(None)).order_by(Community.id)
    return list(session.scalars(query))


def count_kinds(session: Session, path: str) -> dict[str, int]:
    """kind -> how many communities at and under a path are open."""
    here = Community.path.startswith(path, autoescape=True)
    query = select(Community.kind, func.count()).where(here, Community.archived_at.is_(None)).group_by(Community.kind)
    return {kind: n for kind, n in session.execute(query)}


def members_of(session: Session, community: Community, today: date) -> list[Belonging]:
    """Everybody who has, or had, to do with a community: memberships of any status, homes at and under it, and offices
    held at it or above."""
    present = and_(*PRESENT)
    roles: Any = (
        select(
            Membership.person_id, Membership.role, Membership.status, literal(community.id), present, Membership.since
        )
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.community_id == community.id)
    )
    offices: Any = (
        select(Appointment.person_id, Appointment.office, literal("office"), Appointment.community_id, present)
        .join(Person, Person.id == Appointment.person_id)
        .where(Appointment.community_id.in_(community.line), held_on(today))
    )
    found = [*session.execute(roles), *session.execute(offices)]
    if community.kind != "workshop":
        below = select(Community.id).where(Community.path.startswith(community.path, autoescape=True))
        here = Person.school_id == community.id if community.kind == "school" else Person.school_id.in_(below)
        homes: Any = select(Person.id, literal("member"), literal("home"), Person.school_id, literal(True))
        homes = homes.where(here, *PRESENT)
        found += session.execute(homes)
    return [Belonging(*row) for row in found]


def accounts_in(session: Session, room_id: int) -> list[tuple[RoomAccount, int | None]]:
    """(what is known of it, its person) of every account that was seen in a room."""
    query = (
        select(RoomAccount, Identity.person_id)
        .join(Room, Room.id == RoomAccount.room_id)
        .outerjoin(Identity, and_(Identity.platform == Room.platform, Identity.native == RoomAccount.native))
        .where(RoomAccount.room_id == room_id)
    )
    return [(account, person_id) for account, person_id in session.execute(query)]


def accounts_of_former(session: Session, platform: str, person_ids: Collection[int]) -> dict[str, int]:
    """account -> person, of bound accounts of people whether or not they are still there."""
    if not person_ids:
        return {}
    query = select(Identity.native, Identity.person_id).where(
        Identity.platform == platform, Identity.person_id.in_(list(person_ids))
    )
    return {native: person_id for native, person_id in session.execute(query) if person_id is not None}


def count_due(session: Session, now: datetime) -> int:
    """How many rooms wait to be looked at."""
    return session.execute(select(func.count()).select_from(Room).where(Room.due_at <= now)).scalar_one()
