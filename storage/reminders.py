"""Tables of reminders: what people asked for themselves, what hosts ask of members, and days that are not as usual."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, Select, String, UniqueConstraint, func, or_, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.base import Base, Id, Pid, loose_ref, ref
from storage.communities import Community, Membership
from storage.excuses import excused_on
from storage.people import Person
from storage.records import Record

WAITS = text("next_at IS NOT NULL")


class Reminder(Base):
    """Something a person wants to be told at a time, once or again and again."""

    __tablename__ = "reminders"
    __table_args__ = (Index("ix_reminders_next_at", "next_at", sqlite_where=WAITS, postgresql_where=WAITS),)
    id: Mapped[Id]
    pid: Mapped[Pid]
    person_id: Mapped[int] = ref("persons")
    matter: Mapped[str] = mapped_column(String(500))
    rule_id: Mapped[int | None] = ref("reminder_rules")  # "later" was pressed on a workshop's reminder
    start: Mapped[datetime]  # the first moment; a repeating one takes its time of day from it
    rrule: Mapped[str | None] = mapped_column(String(200))
    skip_holidays: Mapped[bool] = mapped_column(default=False)
    zone: Mapped[str] = mapped_column(String(40))  # where the wall clock hangs that it goes by
    next_at: Mapped[datetime | None]  # when it rings next; none: it does not
    rung_at: Mapped[datetime | None]  # rang then, and nobody answered yet
    ended_at: Mapped[datetime | None]  # done or stopped
    created_at: Mapped[datetime]


class ReminderRule(Base):
    """What members of a workshop owe by when, and when those who still owe it are reminded (催交规则)."""

    __tablename__ = "reminder_rules"
    __table_args__ = (Index("ix_reminder_rules_next_at", "next_at", sqlite_where=WAITS, postgresql_where=WAITS),)
    id: Mapped[Id]
    pid: Mapped[Pid]
    community_id: Mapped[int] = ref("communities")
    verb: Mapped[str] = mapped_column(String(40))  # of records
    needed: Mapped[int]
    due_weekday: Mapped[int | None]  # weekly: Monday = 0; else:
    due_on: Mapped[date | None]  # once, by that day
    due_time: Mapped[str] = mapped_column(String(5))  # "18:00" on the community's wall clock
    before_minutes: Mapped[int]  # how long before the due moment, on the wall clock, the reminder goes
    skip_holidays: Mapped[bool] = mapped_column(default=True)
    next_at: Mapped[datetime | None]  # when the next reminder goes; none: paused, stopped or over
    due_at: Mapped[datetime | None]  # the due moment that it is about
    paused_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]
    created_by: Mapped[int | None] = ref("persons", index=False)
    created_at: Mapped[datetime]


class HolidayOverride(Base):
    """A day that is a workday or a day off in a region whatever the official calendar says (调休)."""

    __tablename__ = "holiday_overrides"
    __table_args__ = (UniqueConstraint("region_id", "day"),)
    id: Mapped[Id]
    region_id: Mapped[int] = ref("communities", index=False)
    day: Mapped[date]
    works: Mapped[bool]
    note: Mapped[str] = mapped_column(String(120), default="")
    set_by: Mapped[int | None] = loose_ref()  # persons
    created_at: Mapped[datetime]


def take_due_reminders(session: Session, now: datetime, limit: int) -> list[Reminder]:
    """Reminders to ring now, locked so that no other worker takes them, earliest first."""
    query = select(Reminder).where(Reminder.next_at <= now).order_by(Reminder.next_at, Reminder.id).limit(limit)
    return list(session.scalars(query.with_for_update(skip_locked=True)))


def find_later(session: Session, person_id: int, rule_id: int) -> Reminder | None:
    """A workshop's reminder that a person put off and that has not come again yet."""
    query = select(Reminder).where(
        Reminder.person_id == person_id, Reminder.rule_id == rule_id, Reminder.next_at.is_not(None)
    )
    return session.scalars(query).first()


def take_due_rules(session: Session, now: datetime, limit: int) -> list[tuple[ReminderRule, Community]]:
    """Rules whose reminder goes now, each with its workshop, locked like `take_due_reminders`."""
    query = (
        select(ReminderRule, Community)
        .join(Community, Community.id == ReminderRule.community_id)
        .where(ReminderRule.next_at <= now)
        .order_by(ReminderRule.next_at, ReminderRule.id)
        .limit(limit)
        .with_for_update(of=ReminderRule, skip_locked=True)
    )
    return [(rule, community) for rule, community in session.execute(query)]


def get_reminder(session: Session, pid: str) -> Reminder | None:
    """A reminder by its public id, locked: two presses of its buttons come one after the other."""
    return session.scalars(select(Reminder).where(Reminder.pid == pid).with_for_update()).first()


def reminders_of(session: Session, person_id: int, limit: int, after_id: int = 0) -> list[Reminder]:
    """A person's reminders that still ring, in the order they were made."""
    query = select(Reminder).where(Reminder.person_id == person_id, Reminder.next_at.is_not(None))
    return list(session.scalars(query.where(Reminder.id > after_id).order_by(Reminder.id).limit(limit)))


def all_reminders_of(session: Session, person_id: int) -> list[Reminder]:
    """Everything a person ever asked to be reminded of."""
    return list(session.scalars(select(Reminder).where(Reminder.person_id == person_id).order_by(Reminder.id)))


def forget_reminders(session: Session, person_id: int, now: datetime) -> None:
    """End all reminders of a person and drop their words."""
    session.execute(
        update(Reminder)
        .where(Reminder.person_id == person_id)
        .values(matter="", next_at=None, rung_at=None, ended_at=func.coalesce(Reminder.ended_at, now))
    )


def count_reminders(session: Session, person_id: int) -> int:
    """How many reminders of a person still ring."""
    query = select(func.count()).where(Reminder.person_id == person_id, Reminder.next_at.is_not(None))
    return session.execute(query).scalar_one()


def find_rule(session: Session, pid: str) -> tuple[ReminderRule, Community] | None:
    """A rule and its workshop."""
    query = select(ReminderRule, Community).join(Community, Community.id == ReminderRule.community_id)
    found = session.execute(query.where(ReminderRule.pid == pid)).first()
    return (found[0], found[1]) if found else None


def rules_of(session: Session, community_ids: Sequence[int], limit: int = 200, after_id: int = 0) -> list[ReminderRule]:
    """The rules of workshops that were not stopped, oldest first."""
    query = select(ReminderRule).where(
        ReminderRule.community_id.in_(community_ids), ReminderRule.stopped_at.is_(None), ReminderRule.id > after_id
    )
    return list(session.scalars(query.order_by(ReminderRule.id).limit(limit)))


def look_again(session: Session, path: str, weekday: int, now: datetime) -> None:
    """Have the clock plan anew the weekly rules below a region whose deadlines fall on this weekday."""
    below = select(Community.id).where(Community.path.startswith(path, autoescape=True))
    session.execute(
        update(ReminderRule)
        .where(
            ReminderRule.community_id.in_(below), ReminderRule.due_weekday == weekday, ReminderRule.skip_holidays,
            ReminderRule.next_at.is_not(None),
        )
        .values(next_at=now),
        execution_options={"synchronize_session": False},
    )  # fmt: skip


def select_members(community_id: int) -> Select[Any]:
    """The ids of those who owe what rules ask for: active members, neither hosts nor observers."""
    return (
        select(Membership.person_id)
        .join(Person, Person.id == Membership.person_id)
        .where(
            Membership.community_id == community_id,
            Membership.status == "active",
            Membership.role == "member",
            Person.removed_at.is_(None),
            Person.erased_at.is_(None),
        )
    )


def count_members(session: Session, community_id: int) -> int:
    """How many those are."""
    return session.execute(select(func.count()).select_from(select_members(community_id).subquery())).scalar_one()


def select_hosts(community_id: int) -> Select[Any]:
    """The ids of a workshop's hosts and cohosts."""
    return select(Membership.person_id).where(
        Membership.community_id == community_id, Membership.status == "active", Membership.role.in_(("host", "cohost"))
    )


def _handed_in(
    community_id: int, verb: str, since: datetime, until: datetime, people: Collection[int | None] | None = None
) -> Select[Any]:
    """(person, how many different things) recorded in [since, until) and not taken back there."""
    kept = (
        select(Record.person_id, Record.object)
        .where(Record.community_id == community_id, Record.verb == verb, Record.at >= since, Record.at < until)
        .group_by(Record.person_id, Record.object)
        .having(func.sum(Record.amount) > 0)
    )
    if people is not None:
        kept = kept.where(Record.person_id.in_(people))
    found = kept.subquery()
    return select(found.c.person_id, func.count().label("n")).group_by(found.c.person_id)


def count_handed_in(session: Session, community_id: int, verb: str, since: datetime, until: datetime) -> dict[int, int]:
    """person -> how many different things they handed in within [since, until) and did not take back."""
    return {person: int(n) for person, n in session.execute(_handed_in(community_id, verb, since, until))}


def select_missing(
    rule: ReminderRule, since: datetime, until: datetime, days: Sequence[date],
    people: Collection[int | None] | None = None,
) -> Select[Any]:
    """The ids of members who handed in less than the rule asks for in [since, until), excused on none of `days`.

    With `people` only these members, and only their records are counted.
    """
    counts = _handed_in(rule.community_id, rule.verb, since, until, people).subquery()
    members = select_members(rule.community_id).outerjoin(counts, counts.c.person_id == Membership.person_id)
    if people is not None:
        members = members.where(Membership.person_id.in_(people))
    return members.where(
        or_(counts.c.n.is_(None), counts.c.n < rule.needed),
        ~excused_on(Membership.person_id, rule.community_id, days),
    )


def ids_of(session: Session, people: Select[Any]) -> set[int | None]:
    """The selected people's ids."""
    return set(session.scalars(people))


def names_of(session: Session, people: Select[Any], limit: int) -> list[tuple[int, str, str]]:
    """(id, pid, name) of people in the order of their names."""
    query = select(Person.id, Person.pid, Person.name).where(Person.id.in_(people)).order_by(Person.name, Person.id)
    return [(row[0], row[1], row[2]) for row in session.execute(query.limit(limit))]


def own_records(
    session: Session, person_id: int, verbs: Sequence[str], since: datetime
) -> list[tuple[int, str, str, int, datetime]]:
    """(community, verb, object, amount, at) of what a person did since a moment."""
    query = select(Record.community_id, Record.verb, Record.object, Record.amount, Record.at).where(
        Record.person_id == person_id, Record.verb.in_(verbs), Record.at >= since, Record.community_id.is_not(None)
    )
    return [(row[0], row[1], row[2], row[3], row[4]) for row in session.execute(query) if row[0] is not None]


def overrides_in(
    session: Session, region_ids: Sequence[int], limit: int | None = None, after: date = date.min
) -> list[HolidayOverride]:
    """The overridden days of regions, by day; those after a day."""
    query = select(HolidayOverride).where(HolidayOverride.region_id.in_(region_ids), HolidayOverride.day > after)
    return list(session.scalars(query.order_by(HolidayOverride.day).limit(limit)))


def get_override(session: Session, region_id: int, day: date) -> HolidayOverride | None:
    """What a region said about a day."""
    query = select(HolidayOverride).where(HolidayOverride.region_id == region_id, HolidayOverride.day == day)
    return session.scalars(query).first()


def path_of_region(session: Session, person_id: int) -> str | None:
    """The path of a person's home school or region."""
    query = (
        select(Community.path)
        .join(Person, Community.id == func.coalesce(Person.school_id, Person.region_id))
        .where(Person.id == person_id)
    )
    return session.execute(query).scalar_one_or_none()
