"""Journals over HTTP: the operations of /log, /logs and /review, with the same checks."""

from functools import partial
from typing import Any

from fastapi import APIRouter, Response

from api.context import Context
from api.http import Caller, Cursor, Limit, Page
from api.journals.reviewing import (
    feature_entry,
    finish_reading,
    get_for_reading,
    list_for_review,
    reply_or_comment,
    score_entry,
    take_next,
)
from api.journals.service import (
    add_uploads,
    discard_entry,
    get_mine,
    list_mine,
    revise_entry,
    start_entry,
    withdraw_entry,
)
from api.journals.shapes import (
    CommentIn,
    CommentOut,
    EntryBrief,
    EntryIn,
    EntryOut,
    EntryPatch,
    ReviewIn,
    TakenOut,
    comments_shape,
    page_shape,
)
from api.journals.submitting import submit_entry
from api.numbers import read_number
from storage.journals import JournalEntry

router = APIRouter(tags=["journals"])


@router.get("/journal-entries")
async def mine(call: Caller, cursor: Cursor = None, limit: Limit = 50) -> Page[EntryBrief]:
    """Your own logs, drafts too, newest first."""
    return await call(_mine, cursor, limit, shape=partial(page_shape, limit))


@router.post("/journal-entries", status_code=201)
async def write_personal(call: Caller, log: EntryIn) -> EntryOut:
    """Write a personal log, in no workshop."""
    return await call(_write, None, log, shape=EntryOut.of, status=201)


@router.get("/workshops/{pid}/journal-entries")
async def of_workshop(
    call: Caller, pid: str, waiting: bool = False, cursor: Cursor = None, limit: Limit = 50
) -> Page[EntryBrief]:
    """Logs handed in to a workshop, for those who review there. Written down in the audit."""
    shape = partial(page_shape, limit)
    return await call(list_for_review, pid, waiting, cursor, limit, shape=shape, audited=True)


@router.post("/workshops/{pid}/journal-entries", status_code=201)
async def write(call: Caller, pid: str, log: EntryIn) -> EntryOut:
    """Hand a log in to a workshop; `submitting` until its files are here."""
    return await call(_write, pid, log, shape=EntryOut.of, status=201)


@router.post("/workshops/{pid}/journal-entries/next")
async def take(call: Caller, pid: str, after: str | None = None) -> TakenOut:
    """Take the next unreviewed log: yours for 15 minutes. `after` goes past one."""
    return await call(take_next, pid, after, shape=TakenOut.of)


@router.get("/journal-entries/{pid}")
async def show(call: Caller, pid: str) -> EntryOut:
    """One log: your own, or one that you may review (then it is written down)."""
    return await call(get_for_reading, pid, shape=EntryOut.of, audited=True)


@router.patch("/journal-entries/{pid}")
async def revise(call: Caller, pid: str, change: EntryPatch) -> EntryOut:
    """Replace the words of your log."""
    return await call(revise_entry, pid, change.body, shape=EntryOut.of)


@router.post("/journal-entries/{pid}/submission")
async def submit(call: Caller, pid: str) -> EntryOut:
    """Hand your draft in."""
    return await call(submit_entry, pid, shape=EntryOut.of)


@router.delete("/journal-entries/{pid}", status_code=204, response_class=Response)
async def withdraw(call: Caller, pid: str) -> Response:
    """Withdraw your log; a draft is thrown away."""
    await call(_withdraw, pid)
    return Response(status_code=204)


@router.get("/journal-entries/{pid}/comments")
async def comments(call: Caller, pid: str, cursor: Cursor = None, limit: Limit = 50) -> Page[CommentOut]:
    """What was said about a log that you may read, oldest first."""
    shape = partial(comments_shape, limit, read_number(cursor) or 0)
    return await call(get_for_reading, pid, shape=shape, audited=True)


@router.post("/journal-entries/{pid}/comments", status_code=201)
async def comment(call: Caller, pid: str, said: CommentIn) -> CommentOut:
    """Comment as a reviewer, or answer as the author."""
    return await call(reply_or_comment, pid, said.body, shape=CommentOut.of, status=201)


@router.post("/journal-entries/{pid}/review")
async def review(call: Caller, pid: str, judged: ReviewIn) -> EntryOut:
    """Score a log, or just take it out of the queue."""
    return await call(_review, pid, judged.score, shape=EntryOut.of)


@router.put("/journal-entries/{pid}/feature")
async def feature(call: Caller, pid: str) -> EntryOut:
    """Feature a log (推优)."""
    return await call(_feature, pid, True, shape=EntryOut.of)


@router.delete("/journal-entries/{pid}/feature")
async def unfeature(call: Caller, pid: str) -> EntryOut:
    """Take the featuring back."""
    return await call(_feature, pid, False, shape=EntryOut.of)


def _mine(ctx: Context, cursor: str | None, limit: int) -> Any:
    return list_mine(ctx, get_mine(ctx, cursor).id if cursor else None, limit)


def _write(ctx: Context, workshop: str | None, log: EntryIn) -> JournalEntry:
    entry = start_entry(ctx, workshop, log.body)
    if log.attachments:
        add_uploads(ctx, entry.pid, log.attachments)
    return entry if log.draft else submit_entry(ctx, entry.pid)


def _withdraw(ctx: Context, pid: str) -> None:
    if get_mine(ctx, pid).state == "submitted":
        withdraw_entry(ctx, pid)
    else:
        discard_entry(ctx, pid)


def _review(ctx: Context, pid: str, score: int | None) -> JournalEntry:
    return finish_reading(ctx, pid) if score is None else score_entry(ctx, pid, score)


def _feature(ctx: Context, pid: str, featured: bool) -> JournalEntry:
    feature_entry(ctx, pid, featured)
    return get_for_reading(ctx, pid)
