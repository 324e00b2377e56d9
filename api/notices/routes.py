"""Notices over HTTP: what /notice does in chat, by the same operations."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field, StrictBool

from api.access import can
from api.context import Context
from api.http import Caller, Cursor, Limit, Page, paged
from api.notices import service
from storage.notices import Notice
from storage.people import Person

router = APIRouter(tags=["notices"])
Pid = Annotated[str, Field(max_length=12)]
Place = Literal["rooms", "people", "both"]


class NoticeIn(BaseModel):
    """A notice to send, to one community or several: everybody is reached and counted once.

    `files` are pids of uploaded attachments that nothing holds yet.
    """

    community: str = Field("", max_length=12, description="pid of a workshop, school or region")
    communities: list[Pid] = Field(default=[], max_length=50, description="pids, where it goes to several at once")
    text: str = Field("", max_length=20_000)
    files: list[str] = Field(default=[], max_length=50)
    place: Place = "rooms"
    urgent: StrictBool = Field(False, description="also wakes people in their quiet hours")
    release_at: AwareDatetime | None = Field(None, description="later than now; none: now")


class NoticeOut(BaseModel):
    """A notice. The figures are for its author; others get none, and nothing of what it said once it is taken back."""

    pid: str
    community: str = Field(description="the first of them")
    communities: list[str] = Field(description="all it is for; to its readers those that they may see")
    text: str
    files: list[str]
    place: str
    urgent: bool
    release_at: datetime
    released_at: datetime | None
    withdrawn_at: datetime | None
    reached: int | None = Field(None, description="people it is meant for")
    received: int | None = None
    unreachable: int | None = Field(None, description="people it did not reach")

    @classmethod
    def of(cls, ctx: Context, row: Notice) -> "NoticeOut":
        """The shape of a row for who asks."""
        numbers: dict[str, int] = {}
        own = row.author_id == ctx.me.id
        text, files = (row.text, row.files) if own or row.withdrawn_at is None else ("", [])
        places = [one.pid for one in service.places_of(ctx, row) if own or can(ctx, "see", one)]
        if own:
            received, reached, lost = service.figures(ctx, row)
            numbers = {"received": received, "reached": reached, "unreachable": sum(lost.values())}
        return cls(
            pid=row.pid, community=places[0], communities=places, text=text, files=files,
            place=row.place, urgent=row.urgent, release_at=row.release_at, released_at=row.released_at,
            withdrawn_at=row.withdrawn_at, **numbers,
        )  # fmt: skip


class ReceiptOut(BaseModel):
    """`first`: whether this was the first time; a repeat changes nothing."""

    notice: str
    first: bool


class MissingOut(BaseModel):
    """People who have not said 收到, a page of 20 by name, and how many they are."""

    people: list[dict[str, str]]
    n: int


class RemindedOut(BaseModel):
    """How many people are reminded now; 0 when all were today already."""

    reminded: int


@router.get("/notices")
async def sent(call: Caller, cursor: Cursor = None, limit: Limit = 20) -> Page[NoticeOut]:
    """The notices you sent, newest first."""
    return await call(service.list_sent, cursor, limit + 1, shape=paged(NoticeOut.of, limit, lambda row: row.pid))


@router.post("/notices", status_code=201)
async def send(call: Caller, notice: NoticeIn) -> NoticeOut:
    """Send a notice, now or later."""
    named: dict[str, Any] = {"place": notice.place, "urgent": notice.urgent, "release_at": notice.release_at}
    operation = partial(service.send_notice, **named)
    places = [*([notice.community] if notice.community else []), *notice.communities]
    return await call(operation, places, notice.text, notice.files, shape=NoticeOut.of, status=201)


@router.get("/notices/{pid}")
async def show(call: Caller, pid: str) -> NoticeOut:
    """A notice you sent, or one that is meant for you."""
    return await call(service.get_notice_for, pid, shape=NoticeOut.of)


@router.post("/notices/{pid}/receipts", status_code=201)
async def receive(call: Caller, pid: str) -> ReceiptOut:
    """Say 收到."""
    return await call(service.receive_notice, pid, shape=_receipt, status=201)


@router.get("/notices/{pid}/missing")
async def missing(call: Caller, pid: str, page: Annotated[int, Query(ge=0, le=9999)] = 0) -> MissingOut:
    """Who has not said 收到; for the author only."""
    return await call(service.find_missing, pid, page, shape=_missing)


@router.post("/notices/{pid}/reminders", status_code=201)
async def remind(call: Caller, pid: str) -> RemindedOut:
    """Remind those who have not, each in private and at most once a day."""
    return await call(service.remind_missing, pid, shape=_reminded, status=201)


@router.post("/notices/{pid}/withdrawal", status_code=201)
async def withdraw(call: Caller, pid: str) -> NoticeOut:
    """Take a notice back everywhere."""
    return await call(service.withdraw_notice, pid, shape=NoticeOut.of, status=201)


def _receipt(_ctx: Context, done: tuple[Notice, bool]) -> ReceiptOut:
    return ReceiptOut(notice=done[0].pid, first=done[1])


def _missing(_ctx: Context, found: tuple[Notice, list[Person], int]) -> MissingOut:
    return MissingOut(people=[{"pid": person.pid, "name": person.name} for person in found[1]], n=found[2])


def _reminded(_ctx: Context, n: int) -> RemindedOut:
    return RemindedOut(reminded=n)
