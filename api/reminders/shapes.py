"""How reminders, rules and excuses look over HTTP."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field, StrictBool, StrictInt

from api.context import Context
from api.reminders.excuses import REASON_LIMIT, Excused
from api.reminders.rules import MOST_NEEDED, RuleWish
from api.reminders.service import MATTER_LIMIT
from storage.excuses import Excuse
from storage.people import Person
from storage.reminders import HolidayOverride, Reminder, ReminderRule

Pid = Annotated[str, Field(max_length=40)]


class ReminderIn(BaseModel):
    """What to be reminded of; `due` with its offset, `rrule` as in RFC 5545 (daily at most, no COUNT)."""

    matter: str = Field(min_length=1, max_length=MATTER_LIMIT)
    due: AwareDatetime
    rrule: str | None = Field(None, max_length=200, examples=["FREQ=WEEKLY;BYDAY=TH"])
    skip_holidays: StrictBool = False


class SnoozeIn(BaseModel):
    """How long to put it off: 10 minutes, 60 minutes, or to the same time tomorrow."""

    by: Literal["10", "60", "day"]


class ReminderOut(BaseModel):
    """A reminder. `next_at`: when it rings next; `rang_at`: it rang then and was not answered yet."""

    pid: str
    matter: str
    start: datetime
    rrule: str | None
    skip_holidays: bool
    zone: str
    next_at: datetime | None
    rang_at: datetime | None
    ended_at: datetime | None

    @classmethod
    def of(cls, ctx: Context, row: Reminder) -> "ReminderOut":
        """The shape of a row."""
        return cls(
            pid=row.pid, matter=row.matter, start=row.start, rrule=row.rrule, skip_holidays=row.skip_holidays,
            zone=row.zone, next_at=row.next_at, rang_at=row.rung_at, ended_at=row.ended_at,
        )  # fmt: skip

    @classmethod
    def of_changed(cls, ctx: Context, pair: tuple[Reminder, bool]) -> "ReminderOut":
        """The shape of what an operation returned together with whether it changed anything."""
        return cls.of(ctx, pair[0])


class RuleIn(BaseModel):
    """A rule: weekly by `due_weekday` (Monday = 0) or once by `due_on`; `due_time` on the workshop's wall clock."""

    verb: str = Field("journal.submitted", max_length=40)
    needed: StrictInt = Field(1, ge=1, le=MOST_NEEDED)
    due_weekday: StrictInt | None = Field(None, ge=0, le=6)
    due_on: date | None = None
    due_time: str = Field("18:00", pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")
    before_minutes: StrictInt = Field(25 * 60, ge=1, le=7 * 24 * 60)
    skip_holidays: StrictBool = True

    def wish(self) -> RuleWish:
        """What the operation takes."""
        return RuleWish(**self.model_dump())


class RuleOut(BaseModel):
    """A rule with when its next reminder goes and the deadline that it is about."""

    pid: str
    verb: str
    needed: int
    due_weekday: int | None
    due_on: date | None
    due_time: str
    before_minutes: int
    skip_holidays: bool
    next_at: datetime | None
    due_at: datetime | None
    paused_at: datetime | None
    stopped_at: datetime | None

    @classmethod
    def of(cls, ctx: Context, row: ReminderRule) -> "RuleOut":
        """The shape of a row."""
        return cls(**{name: getattr(row, name) for name in cls.model_fields})

    @classmethod
    def of_changed(cls, ctx: Context, pair: tuple[ReminderRule, bool]) -> "RuleOut":
        """The shape of what an operation returned together with whether it changed anything."""
        return cls.of(ctx, pair[0])


class SomebodyOut(BaseModel):
    """Somebody, by public id and name."""

    pid: str
    name: str


class MissingOut(BaseModel):
    """Who has not handed in everything that is due at `due`."""

    due: datetime
    people: list[SomebodyOut]


class ExcuseIn(BaseModel):
    """To be excused in a workshop on local days [since, until]. With `person` a host excuses that member at once."""

    workshop: Pid
    since: date
    until: date
    reason: str = Field("", max_length=REASON_LIMIT)
    person: Pid | None = None


class DecisionIn(BaseModel):
    """What a host decides, or `withdrawn` by whose excuse it is."""

    state: Literal["approved", "declined", "withdrawn"]


class ExcuseOut(BaseModel):
    """An excuse. state: open | approved | declined | withdrawn."""

    pid: str
    person: SomebodyOut
    workshop: str
    since: date
    until: date
    reason: str
    state: str
    decided_at: datetime | None

    @classmethod
    def of(cls, ctx: Context, found: Excused) -> "ExcuseOut":
        """The shape of an excuse."""
        return cls.made(found.excuse, found.person, found.workshop.pid)

    @classmethod
    def made(cls, excuse: Excuse, person: Person, workshop_pid: str) -> "ExcuseOut":
        """The shape of its parts."""
        return cls(
            pid=excuse.pid, person=SomebodyOut(pid=person.pid, name=person.name), workshop=workshop_pid,
            since=excuse.since, until=excuse.until, reason=excuse.reason, state=excuse.state,
            decided_at=excuse.decided_at,
        )  # fmt: skip


class DayIn(BaseModel):
    """Whether people of a region work on a day, whatever the official calendar says."""

    works: StrictBool
    note: str = Field("", max_length=120)


class DayOut(DayIn):
    """A day that a region has set."""

    day: date

    @classmethod
    def of(cls, ctx: Context, row: HolidayOverride) -> "DayOut":
        """The shape of a row."""
        return cls(day=row.day, works=row.works, note=row.note)
