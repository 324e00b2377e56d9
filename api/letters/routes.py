"""Dead letters over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.communities.shapes import PidField
from api.http import Caller, Cursor, Limit, Page, paged
from api.letters import service
from api.letters.shapes import ChangedOut, LetterOut, LetterPid, ManyIn, PlatformName, ReasonName, ReasonsOut

router = APIRouter(tags=["letters"])
Place = Annotated[PidField | None, Query(description="at and under this community; default: all you administer")]


@router.get("/letters")
async def list_letters(call: Caller, community: Place = None, reason: ReasonName | None = None,
                       platform: PlatformName | None = None, limit: Limit = 50, cursor: Cursor = None,
                       ) -> Page[LetterOut]:  # fmt: skip
    """What could not be delivered to your people and rooms, newest first; for region administrators."""
    shape = paged(LetterOut.of, limit, lambda one: one.pid)
    return await call(service.list_letters, community, reason, platform, limit, cursor, shape=shape)


@router.get("/letters/reasons")
async def count_letters(call: Caller, community: Place = None, platform: PlatformName | None = None) -> ReasonsOut:
    """How many there are for each reason, what it means, and how many could arrive now."""
    return await call(service.count_letters, community, platform, shape=ReasonsOut.of)


@router.post("/letters/retry")
async def retry_letters(call: Caller, body: ManyIn) -> ChangedOut:
    """Send what was lost for a reason after all. What could not arrive now is left; what expired is never sent."""
    which = (body.reason, body.community, body.platform, body.after)
    return await call(service.retry_letters, *which, shape=ChangedOut.of)


@router.post("/letters/drop")
async def drop_letters(call: Caller, body: ManyIn) -> ChangedOut:
    """Drop what was lost for a reason: it is not tried again, and not listed any more."""
    which = (body.reason, body.community, body.platform, body.after)
    return await call(service.drop_letters, *which, shape=ChangedOut.of)


@router.post("/letters/{pid}/retry")
async def retry_letter(call: Caller, pid: LetterPid) -> LetterOut:
    """Send one after all, as it was: the answer is the letter as it lay there."""
    return await call(service.retry_letter, pid, shape=LetterOut.of)


@router.post("/letters/{pid}/drop")
async def drop_letter(call: Caller, pid: LetterPid) -> LetterOut:
    """Drop one."""
    return await call(service.drop_letter, pid, shape=LetterOut.of)
