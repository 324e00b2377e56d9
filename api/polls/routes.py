"""Open polls over HTTP: what /poll and its buttons do in chat, by the same operations."""

from functools import partial
from typing import Any

from fastapi import APIRouter

from api.http import Caller, Cursor, Limit, Page, paged
from api.polls import service
from api.polls.shapes import ListedOut, PollIn, PollOut, VoteIn, VoteOut

router = APIRouter(tags=["polls"])


@router.get("/polls")
async def asked(call: Caller, cursor: Cursor = None, limit: Limit = 20) -> Page[ListedOut]:
    """The polls you asked, newest first."""
    return await call(service.list_polls, cursor, limit + 1, shape=paged(ListedOut.of, limit, lambda row: row.pid))


@router.post("/polls", status_code=201)
async def post(call: Caller, poll: PollIn) -> PollOut:
    """Ask openly in the rooms of a community, now or later. It is no quiz: nothing of it is scored or recorded."""
    named: dict[str, Any] = poll.model_dump(exclude={"community", "question", "options"})
    operation = partial(service.post_poll, **named)
    return await call(operation, poll.community, poll.question, poll.options, shape=PollOut.of, status=201)


@router.get("/polls/{pid}")
async def show(call: Caller, pid: str) -> PollOut:
    """A poll you asked, or one of a community of yours, and how it stands."""
    return await call(service.get_poll_for, pid, shape=PollOut.of)


@router.get("/polls/{pid}/votes")
async def votes(call: Caller, pid: str, cursor: Cursor = None, limit: Limit = 20) -> Page[VoteOut]:
    """Who chose what, the first first."""
    shape = paged(VoteOut.of, limit, lambda found: found[0].pid)
    return await call(service.list_votes, pid, cursor, limit + 1, shape=shape)


@router.put("/polls/{pid}/vote")
async def vote(call: Caller, pid: str, vote: VoteIn) -> PollOut:
    """Vote, change your vote, or take it back."""
    return await call(service.vote, pid, vote.picked, shape=PollOut.of)


@router.post("/polls/{pid}/closing", status_code=201)
async def close(call: Caller, pid: str) -> PollOut:
    """End a poll; what was chosen stays to be seen."""
    return await call(service.close_poll, pid, shape=PollOut.of, status=201)


@router.post("/polls/{pid}/withdrawal", status_code=201)
async def withdraw(call: Caller, pid: str) -> PollOut:
    """Take a poll back everywhere."""
    return await call(service.withdraw_poll, pid, shape=PollOut.of, status=201)
