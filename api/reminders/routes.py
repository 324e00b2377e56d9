"""Reminders, workshop rules, excuses and days off over HTTP: the operations of the chat, with the same checks."""

from contextlib import suppress
from datetime import date
from typing import Any

from fastapi import APIRouter, Response

from api.context import Context
from api.http import Caller, Cursor, Limit, Page, paged
from api.numbers import read_number
from api.reminders import excuses, holidays, missing, rules, service
from api.reminders.excuses import Excused
from api.reminders.shapes import (
    DayIn,
    DayOut,
    DecisionIn,
    ExcuseIn,
    ExcuseOut,
    MissingOut,
    ReminderIn,
    ReminderOut,
    RuleIn,
    RuleOut,
    SnoozeIn,
    SomebodyOut,
)

router = APIRouter(tags=["reminders"])


@router.get("/reminders")
async def mine(call: Caller, cursor: Cursor = None, limit: Limit = 50) -> Page[ReminderOut]:
    """Your reminders that still ring."""
    shape = paged(ReminderOut.of, limit, lambda row: str(row.id))
    return await call(service.list_reminders, limit + 1, read_number(cursor) or 0, shape=shape)


@router.post("/reminders", status_code=201)
async def create(call: Caller, wish: ReminderIn) -> ReminderOut:
    """Be reminded of something."""
    values = wish.matter, wish.due, wish.rrule, wish.skip_holidays
    return await call(service.create_reminder, *values, shape=ReminderOut.of, status=201)


@router.get("/reminders/{pid}")
async def show(call: Caller, pid: str) -> ReminderOut:
    """One of your reminders."""
    return await call(service.get_reminder, pid, shape=ReminderOut.of)


@router.post("/reminders/{pid}/snooze")
async def snooze(call: Caller, pid: str, wish: SnoozeIn) -> ReminderOut:
    """Put off one that rang."""
    return await call(service.snooze_reminder, pid, wish.by, shape=ReminderOut.of_changed)


@router.post("/reminders/{pid}/done")
async def done(call: Caller, pid: str) -> ReminderOut:
    """Answer one that rang: it is done."""
    return await call(service.finish_reminder, pid, shape=ReminderOut.of_changed)


@router.delete("/reminders/{pid}", status_code=204, response_class=Response)
async def stop(call: Caller, pid: str) -> Response:
    """Never ring again."""
    await call(service.stop_reminder, pid)
    return Response(status_code=204)


@router.get("/workshops/{pid}/reminder-rules")
async def rules_there(call: Caller, pid: str, cursor: Cursor = None, limit: Limit = 50) -> Page[RuleOut]:
    """What is asked of the members of a workshop."""
    shape = paged(RuleOut.of, limit, lambda row: str(row.id))
    return await call(rules.list_rules, pid, limit + 1, read_number(cursor) or 0, shape=shape)


@router.post("/workshops/{pid}/reminder-rules", status_code=201)
async def add_rule(call: Caller, pid: str, wish: RuleIn) -> RuleOut:
    """Ask something of the members of a workshop; those missing are reminded privately."""
    return await call(rules.create_rule, pid, wish.wish(), shape=RuleOut.of, status=201)


@router.post("/reminder-rules/{pid}/pause")
async def pause(call: Caller, pid: str) -> RuleOut:
    """Let a rule rest."""
    return await call(rules.pause_rule, pid, shape=RuleOut.of_changed)


@router.post("/reminder-rules/{pid}/resume")
async def resume(call: Caller, pid: str) -> RuleOut:
    """Let a resting rule go on."""
    return await call(rules.resume_rule, pid, shape=RuleOut.of_changed)


@router.delete("/reminder-rules/{pid}", status_code=204, response_class=Response)
async def stop_rule(call: Caller, pid: str) -> Response:
    """End a rule for good."""
    await call(rules.stop_rule, pid)
    return Response(status_code=204)


@router.get("/reminder-rules/{pid}/missing")
async def missing_there(call: Caller, pid: str) -> MissingOut:
    """Who has not handed in everything yet, for those who may remind. Written down in the audit."""
    return await call(missing.list_missing, pid, shape=_missing, audited=True)


@router.get("/excuses")
async def my_excuses(call: Caller, cursor: Cursor = None, limit: Limit = 50) -> Page[ExcuseOut]:
    """Your excuses, newest first."""
    shape = paged(ExcuseOut.of, limit, lambda found: str(found.excuse.id))
    return await call(excuses.my_excuses, limit + 1, read_number(cursor) or 0 or None, shape=shape)


@router.post("/excuses", status_code=201)
async def ask(call: Caller, wish: ExcuseIn) -> ExcuseOut:
    """Ask the hosts to be excused; or, with `person`, excuse a member as a host."""
    return await call(_ask, wish, shape=ExcuseOut.of, status=201)


@router.get("/excuses/{pid}")
async def show_excuse(call: Caller, pid: str) -> ExcuseOut:
    """An excuse of yours, or of a workshop where you may remind."""
    return await call(excuses.get_excuse, pid, shape=ExcuseOut.of)


@router.patch("/excuses/{pid}")
async def decide(call: Caller, pid: str, decision: DecisionIn) -> ExcuseOut:
    """Decide as a host (the first decision stands), or withdraw your own."""
    return await call(_decide, pid, decision.state, shape=ExcuseOut.of)


@router.get("/workshops/{pid}/excuses")
async def excuses_there(call: Caller, pid: str, cursor: Cursor = None, limit: Limit = 50) -> Page[ExcuseOut]:
    """A workshop's excuses, newest first, for those who may remind. Written down in the audit."""
    shape = paged(ExcuseOut.of, limit, lambda found: str(found.excuse.id))
    return await call(excuses.list_there, pid, limit + 1, read_number(cursor) or 0 or None, shape=shape, audited=True)


@router.get("/regions/{pid}/holidays")
async def days(call: Caller, pid: str, cursor: Cursor = None, limit: Limit = 50) -> Page[DayOut]:
    """The days that a region has set, by day."""
    shape = paged(DayOut.of, limit, lambda row: row.day.isoformat())
    return await call(holidays.list_overrides, pid, limit + 1, _day(cursor), shape=shape)


@router.put("/regions/{pid}/holidays/{day}")
async def set_day(call: Caller, pid: str, day: date, wish: DayIn) -> DayOut:
    """Say that people of a region work on a day, or do not."""
    return await call(holidays.set_override, pid, day, wish.works, wish.note, shape=DayOut.of)


@router.delete("/regions/{pid}/holidays/{day}", status_code=204, response_class=Response)
async def clear_day(call: Caller, pid: str, day: date) -> Response:
    """Let the official calendar decide again."""
    await call(holidays.clear_override, pid, day)
    return Response(status_code=204)


def _ask(ctx: Context, wish: ExcuseIn) -> Excused:
    if wish.person is not None:
        return excuses.grant_excuse(ctx, wish.workshop, wish.person, wish.since, wish.until, wish.reason)
    return excuses.ask_excuse(ctx, wish.workshop, wish.since, wish.until, wish.reason)


def _decide(ctx: Context, pid: str, state: str) -> Excused:
    if state == "withdrawn":
        return excuses.withdraw_excuse(ctx, pid)[0]
    return excuses.decide_excuse(ctx, pid, state == "approved")[0]


def _day(cursor: str | None) -> date:
    with suppress(ValueError):
        return date.fromisoformat(cursor or "")
    return date.min


def _missing(ctx: Context, found: Any) -> MissingOut:
    return MissingOut(due=found[2], people=[SomebodyOut(pid=pid, name=name) for pid, name in found[3]])
