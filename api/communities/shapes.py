"""What communities, members and offices look like over HTTP."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import BaseModel, Field, StrictBool, StrictInt

from api.communities.members import Member
from api.communities.rules import RULE_KEYS, rule
from api.communities.search import Found
from api.communities.service import LONGEST, MOST_COHOSTS
from api.communities.views import View, rights_in
from api.context import Context
from storage.base import PID_ALPHABET, PID_LENGTH
from storage.communities import Appointment, Community, Membership, WorkshopRequest
from storage.people import Person

SHAPE = f"^[{PID_ALPHABET}]{{{PID_LENGTH}}}$"
Pid = Annotated[str, Path(pattern=SHAPE, description="public id")]
PidField = Annotated[str, Field(pattern=SHAPE)]
Role = Literal["host", "cohost", "member", "observer"]
Policy = Literal["open", "approval", "invitation"]
Kind = Literal["region", "school", "workshop"]
Status = Literal["pending", "invited", "active"]


class CommunityOut(BaseModel):
    """A region, school or workshop. `join_code` and `rules` are there for those who may moderate it."""

    pid: str
    kind: Kind
    level: str
    name: str
    about: str
    subject: str
    policy: Policy
    picture: str | None = Field(None, description="public id of an attachment")
    join_code: str | None = None
    rules: dict[str, int] = {}
    created_at: datetime
    archived_at: datetime | None

    @classmethod
    def of(cls, ctx: Context, row: Community) -> "CommunityOut":
        """The shape of a row."""
        out = cls.short(ctx, row)
        if "moderate" in rights_in(ctx, row):
            out.join_code, out.rules = row.join_code, {key: rule(row, key) for key in RULE_KEYS}
        return out

    @classmethod
    def short(cls, _ctx: Context, row: Community) -> "CommunityOut":
        """The same without asking for rights: for lists."""
        names = "pid kind level name about subject policy picture created_at archived_at".split()
        return cls(**{name: getattr(row, name) for name in names})


class WorkshopOut(CommunityOut):
    """A workshop with its hosts' names, how many are active (and wait), and what you may do there."""

    hosts: list[str]
    counts: dict[str, int]
    may: list[str]

    @classmethod
    def seen(cls, ctx: Context, view: View) -> "WorkshopOut":
        """The shape of a view."""
        shown = view.counts if "moderate" in view.may else {"active": view.counts.get("active", 0)}
        base = CommunityOut.of(ctx, view.workshop).model_dump()
        return cls(**base, hosts=view.hosts, counts=shown, may=sorted(view.may))


class WorkshopIn(BaseModel):
    """A workshop to open or to ask for, under the region or school `parent`."""

    parent: PidField
    name: Annotated[str, Field(max_length=LONGEST["name"])]
    subject: Annotated[str, Field(max_length=LONGEST["subject"])] = ""
    about: Annotated[str, Field(max_length=LONGEST["about"])] = ""
    policy: Policy = "approval"
    cohosts: Annotated[list[PidField], Field(max_length=MOST_COHOSTS)] = []


class WorkshopChange(BaseModel):
    """What is given is changed. A rule that is null goes back to its default."""

    name: Annotated[str, Field(max_length=LONGEST["name"])] = ""
    subject: Annotated[str, Field(max_length=LONGEST["subject"])] = ""
    about: Annotated[str, Field(max_length=LONGEST["about"])] = ""
    policy: Policy = "approval"
    rules: dict[str, StrictInt | None] = {}


class PictureChange(BaseModel):
    """A photo that you uploaded (its attachment's pid), in place of the one before; null takes it away."""

    picture: PidField | None


class RequestOut(BaseModel):
    """A wish for a workshop. state: open, approved, declined."""

    pid: str
    state: str
    wish: dict[str, Any]
    created_at: datetime
    decided_at: datetime | None

    @classmethod
    def of(cls, _ctx: Context, row: WorkshopRequest) -> "RequestOut":
        """The shape of a row."""
        return cls.model_validate(row, from_attributes=True)


class Decision(BaseModel):
    """Yes or no."""

    accept: StrictBool


class MembershipOut(BaseModel):
    """Somebody's place in a community."""

    status: str
    role: str
    offered_role: str | None
    since: datetime

    @classmethod
    def of(cls, _ctx: Context, row: Membership) -> "MembershipOut":
        """The shape of a row."""
        return cls(status=row.status, role=row.role, offered_role=row.invited_role, since=row.since)


class MyMembershipOut(MembershipOut):
    """My place in a workshop."""

    workshop: CommunityOut

    @classmethod
    def mine(cls, ctx: Context, pair: tuple[Community, Membership]) -> "MyMembershipOut":
        """The shape of a workshop and my membership."""
        return cls(**MembershipOut.of(ctx, pair[1]).model_dump(), workshop=CommunityOut.short(ctx, pair[0]))


class MemberOut(BaseModel):
    """One line of a list of members. `school` and `away` are for those who may moderate."""

    pid: str
    name: str
    school: str
    role: str
    status: str
    since: datetime | None
    away: bool | None = Field(description="true: none of their accounts can be reached; they have to write once")

    @classmethod
    def of(cls, _ctx: Context, member: Member) -> "MemberOut":
        """The shape of a line."""
        return cls.model_validate(member, from_attributes=True)


class MemberChange(BaseModel):
    """One of: let in or turn away who waits; another role; hand the workshop over to them."""

    accept: StrictBool | None = None
    role: Role | None = None
    hand_over: StrictBool = Field(False, description="true: the workshop is theirs from now on")


class Invitation(BaseModel):
    """Whom to invite, as what."""

    person: PidField
    role: Role = "member"


class JoinCode(BaseModel):
    """A join code, however it is written."""

    code: Annotated[str, Field(max_length=40)]


class FoundOut(BaseModel):
    """Somebody found by name."""

    pid: str
    name: str
    school: str

    @classmethod
    def of(cls, _ctx: Context, found: Found) -> "FoundOut":
        """The shape of somebody found."""
        return cls.model_validate(found, from_attributes=True)


class AppointmentIn(BaseModel):
    """An office to give, from `since` (default: today) until the day before `until` (default: open)."""

    person: PidField
    community: PidField
    office: Annotated[str, Field(max_length=16)]
    since: date | None = None
    until: date | None = None


class AppointmentOut(BaseModel):
    """An office that somebody holds or held."""

    pid: str
    office: str
    since: date
    until: date | None
    ended_at: datetime | None
    person: str
    name: str
    community: str
    place: str

    @classmethod
    def of(cls, ctx: Context, row: Appointment) -> "AppointmentOut":
        """The shape of one appointment."""
        place = ctx.session.get_one(Community, row.community_id)
        return cls.line(row, ctx.session.get_one(Person, row.person_id), place)

    @classmethod
    def line(cls, row: Appointment, person: Person, place: Community) -> "AppointmentOut":
        """The shape of a line of a list."""
        return cls(
            pid=row.pid, office=row.office, since=row.since, until=row.until, ended_at=row.ended_at, person=person.pid,
            name=person.name, community=place.pid, place=place.name,
        )  # fmt: skip
