"""Progress over HTTP."""

from datetime import date, datetime
from functools import partial

from fastapi import APIRouter
from pydantic import BaseModel

from api.attachments.service import Attachment
from api.context import Context
from api.http import Caller, Cursor, Limit, Page, page_of
from api.numbers import read_number
from api.progress.service import MyProgress, WorkshopProgress, member_progress, my_progress
from api.progress.sheet import export_progress

router = APIRouter(tags=["progress"])


class DueOut(BaseModel):
    """What a rule asks for now: how many of which verb, how many are in, by when; `excused_until`: nothing is owed."""

    rule: str
    verb: str
    needed: int
    done: int
    due: datetime
    excused_until: date | None


class MyWorkshopOut(BaseModel):
    """One of your workshops and what you owe there."""

    pid: str
    name: str
    hosted: bool
    dues: list[DueOut]


class MyProgressOut(BaseModel):
    """Your workshops; verb -> count of this week and of all time."""

    workshops: list[MyWorkshopOut]
    this_week: dict[str, int]
    since_ever: dict[str, int]

    @classmethod
    def of(cls, ctx: Context, progress: MyProgress) -> "MyProgressOut":
        """The shape of it."""
        return cls(
            workshops=[
                MyWorkshopOut(
                    pid=each.community.pid, name=each.community.name, hosted=each.hosted,
                    dues=[
                        DueOut(
                            rule=due.rule.pid, verb=due.rule.verb, needed=due.rule.needed, done=due.done, due=due.due,
                            excused_until=due.excused_until,
                        )
                        for due in each.dues
                    ],
                )
                for each in progress.workshops
            ],
            this_week=progress.this_week,
            since_ever=progress.since_ever,
        )  # fmt: skip


class MemberOut(BaseModel):
    """A member's sums: verb -> count; rule pid -> how many are in for the present deadline."""

    pid: str
    name: str
    school: str
    role: str
    since_ever: dict[str, int]
    this_week: dict[str, int]
    handed_in: dict[str, int]
    excused: list[str]
    last_day: date | None


class SheetOut(BaseModel):
    """A spreadsheet; its content is at /v1/attachments/{pid}/content."""

    pid: str
    name: str
    size: int

    @classmethod
    def of(cls, ctx: Context, row: Attachment) -> "SheetOut":
        """The shape of an attachment."""
        return cls(pid=row.pid, name=row.name, size=row.size)


@router.get("/me/progress")
async def mine(call: Caller) -> MyProgressOut:
    """Your workshops, what is due, what you did."""
    return await call(my_progress, shape=MyProgressOut.of)


@router.get("/workshops/{pid}/progress")
async def members(call: Caller, pid: str, cursor: Cursor = None, limit: Limit = 50) -> Page[MemberOut]:
    """What the members of a workshop did, for those who may watch it. Written down in the audit."""
    first = read_number(cursor) or 0
    return await call(member_progress, pid, limit + 1, first, shape=partial(_page, limit), audited=True)


@router.post("/workshops/{pid}/progress-sheets", status_code=201)
async def sheet(call: Caller, pid: str) -> SheetOut:
    """The same as a spreadsheet. Written down in the audit."""
    return await call(export_progress, pid, shape=SheetOut.of, status=201)


def _page(limit: int, ctx: Context, progress: WorkshopProgress) -> Page[MemberOut]:
    rows, following = page_of(progress.members, limit, lambda row: str(row[0]))
    items = []
    for _, sums in rows:
        owing = progress.owing if sums.role == "member" else []
        items.append(
            MemberOut(
                pid=sums.pid, name=sums.name, school=sums.school, role=sums.role, since_ever=sums.since_ever,
                this_week=sums.this_week, last_day=sums.last_day,
                handed_in={each.rule.pid: each.handed_in.get(sums.person_id, 0) for each in owing},
                excused=[each.rule.pid for each in owing if sums.person_id in each.excused],
            )
        )  # fmt: skip
    return Page(items=items, next=following)
