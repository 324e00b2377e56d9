"""Rooms as programs see them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StrictBool

from api.communities.shapes import PidField
from api.context import Context
from api.rooms.reports import Report
from storage.communities import Community
from storage.rooms import RoomAccount

Aspect = Literal["members", "ranks", "name", "tree"]
Policy = Literal["follow", "ask", "ignore"]
Answer = Literal["remove", "leave", "admit", "end", "keep", "again", "cohost", "lower"]


class ActionOut(BaseModel):
    """Something to do in a room. `who` is an account or a room of the platform."""

    kind: str
    who: str
    value: Any = None


class RoomOut(BaseModel):
    """A place that mirrors a community. `state`: gone | failing | lacking | waiting | unmade | steady | loose; `left`,
    `lacking` (no right to) and `failed` are what the last look left undone."""

    pid: str
    platform: str
    part: str
    origin: str
    community: str
    name: str
    native: str | None
    state: str
    members: int | None
    manages: list[str]
    encrypted: bool
    left: list[ActionOut]
    lacking: list[ActionOut]
    failed: dict[str, str]
    error: str
    looked_at: datetime | None

    @classmethod
    def of(cls, _ctx: Context, one: Report) -> "RoomOut":
        """The shape of a report."""
        room = one.room
        return cls(
            pid=room.pid, platform=room.platform, part=room.part, origin=room.origin, community=one.community.pid,
            name=one.community.name, native=one.chat.native if one.chat else None, state=one.state,
            members=one.members, manages=list(room.manages), encrypted=room.encrypted,
            left=[ActionOut(**action._asdict()) for action in one.left],
            lacking=[ActionOut(**action._asdict()) for action in one.lacking], failed=one.failed, error=one.error,
            looked_at=one.looked_at,
        )  # fmt: skip


class MirrorIn(BaseModel):
    """How a region is to be made."""

    platform: str = Field("matrix", max_length=16)
    encrypted: StrictBool = False


class AdoptIn(BaseModel):
    """A room or space that is there already, and that we are in."""

    native: str = Field(max_length=255)
    platform: str = Field("matrix", max_length=16)
    space: StrictBool = False
    manages: Annotated[list[Aspect], Field(max_length=4)] = ["members", "ranks"]


class RoomChange(BaseModel):
    """What of a bound room is kept in step."""

    manages: Annotated[list[Aspect], Field(max_length=4)]


class PolicyIn(BaseModel):
    """What follows from what people do in a community's rooms."""

    policy: Policy


class PolicyOut(BaseModel):
    """The same, as it is."""

    community: str
    policy: str

    @classmethod
    def of(cls, _ctx: Context, row: Community) -> "PolicyOut":
        """The shape of a community."""
        return cls(community=row.pid, policy=row.room_policy)


class AnswerIn(BaseModel):
    """A decision about an account in a room."""

    answer: Answer


class VouchIn(BaseModel):
    """Whose an account is."""

    person: PidField


class AccountOut(BaseModel):
    """An account in a room, and what is still asked about it."""

    pid: str
    native: str
    name: str
    state: str
    asked: str
    left_be: bool

    @classmethod
    def of(cls, _ctx: Context, row: RoomAccount) -> "AccountOut":
        """The shape of a row."""
        names = ("pid", "native", "name", "state", "asked")
        return cls(left_be=bool(row.left_be), **{name: getattr(row, name) for name in names})


class CountOut(BaseModel):
    """How many rooms something concerns."""

    rooms: int
