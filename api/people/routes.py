"""People over HTTP: who is there, claim codes, binding requests."""

from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from api.communities.lookup import get_community_for
from api.context import Context
from api.http import Caller, Cursor, Limit, Page
from api.numbers import read_number
from api.people.codes import issue_claim_code, issue_claim_codes
from api.people.lookup import get_person_for
from api.people.requests import NEW, approve_request, decline_request, list_requests
from api.people.service import list_people
from api.people.shapes import (
    ApproveIn,
    CodeOut,
    CodesOut,
    MeOut,
    PersonOut,
    RequestOut,
    code_once,
    codes_once,
    people_page,
    requests_page,
)

router = APIRouter(tags=["people"])
Community = Annotated[str, Query(max_length=12, description="pid of a school, region or workshop")]


@router.get("/me")
async def me(call: Caller) -> MeOut:
    """Who the token acts as."""
    return await call(lambda ctx: ctx.me, shape=MeOut.of)


@router.get("/people")
async def people(
    call: Caller,
    community: Community,
    q: Annotated[str, Query(max_length=80)] = "",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[PersonOut]:
    """The people of a school, region or workshop that you may see."""
    return await call(list_people, community, q, read_number(cursor) or 0, limit + 1, shape=partial(people_page, limit))


@router.post("/people/{pid}/claim-codes", status_code=201, response_model=CodeOut)
async def issue(call: Caller, pid: str) -> Any:
    """A new claim code for somebody of your school or region; older unused ones stop working. Shown once."""
    return await call(lambda ctx: issue_claim_code(ctx, get_person_for(ctx, pid)), shape=code_once, status=201)


@router.post("/schools/{pid}/claim-codes", status_code=201, response_model=CodesOut)
async def issue_all(call: Caller, pid: str) -> Any:
    """New claim codes for everybody of a school (or region) without an account. Shown once."""
    return await call(
        lambda ctx: issue_claim_codes(ctx, get_community_for(ctx, pid, "people")), shape=codes_once, status=201
    )


@router.get("/binding-requests")
async def requests(
    call: Caller,
    community: Community,
    state: Literal["open", "approved", "declined", "bound"] = "open",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[RequestOut]:
    """Accounts that ask a school of yours to be let in, oldest first."""

    def fetch(ctx: Context) -> Any:
        place = get_community_for(ctx, community, "people")
        return list_requests(ctx, place, state, read_number(cursor) or 0, limit + 1)

    return await call(fetch, shape=partial(requests_page, limit))


@router.post("/binding-requests/{pid}/approve")
async def approve(call: Caller, pid: str, body: ApproveIn) -> RequestOut:
    """Let an account in as a person of the list, or as a new person; it binds when they agree to the privacy notice."""
    return await call(approve_request, pid, body.person or NEW, shape=RequestOut.of)


@router.post("/binding-requests/{pid}/decline")
async def decline(call: Caller, pid: str) -> RequestOut:
    """Turn an account away."""
    return await call(decline_request, pid, shape=RequestOut.of)
