"""Communities and workshops over HTTP."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from api.communities import requests, search, service, views
from api.communities.joining import join_qr, list_joinable, my_workshops, place_of
from api.communities.lookup import get_community_for
from api.communities.pictures import set_picture
from api.communities.service import Wish
from api.communities.shapes import (
    CommunityOut,
    Decision,
    FoundOut,
    Kind,
    MyMembershipOut,
    PictureChange,
    Pid,
    RequestOut,
    WorkshopChange,
    WorkshopIn,
    WorkshopOut,
)
from api.http import Caller, Cursor, Limit, Page, paged
from api.numbers import read_number

router = APIRouter(tags=["communities"])


def _wish(body: WorkshopIn) -> Wish:
    return Wish(body.name, body.subject, body.about, body.policy, list(body.cohosts))


@router.get("/communities")
async def list_communities(
    call: Caller, kind: Kind | None = None, limit: Limit = 50, cursor: Cursor = None
) -> Page[CommunityOut]:
    """Regions, schools and workshops that you may see."""
    shape = paged(CommunityOut.short, limit, lambda row: str(row.id))
    return await call(service.list_communities, kind, limit, cursor, shape=shape)


@router.get("/communities/{pid}")
async def show_community(call: Caller, pid: Pid) -> CommunityOut:
    """One of them; archived ones too, for those who belong there."""
    return await call(get_community_for, pid, "see", archived=True, shape=CommunityOut.of)


@router.patch("/communities/{pid}")
async def change_picture(call: Caller, pid: Pid, body: PictureChange) -> CommunityOut:
    """What its rooms look like, for who manages it."""
    return await call(set_picture, pid, body.picture, shape=CommunityOut.of)


@router.get("/communities/{pid}/people")
async def find_people(
    call: Caller, pid: Pid, q: Annotated[str, Query(max_length=40, description="a name or its beginning")],
    limit: Limit = 50, cursor: Cursor = None,
) -> Page[FoundOut]:  # fmt: skip
    """People by name in a school or region, or (for hosts) in the region of a workshop; the best fit first."""
    shape = paged(FoundOut.of, limit, lambda row: row.pid)
    return await call(search.find_people, q, pid, limit + 1, cursor, shape=shape)


@router.get("/workshops")
async def my_workshops_list(call: Caller, limit: Limit = 50, cursor: Cursor = None) -> Page[MyMembershipOut]:
    """Workshops that you are in, wait for, or are invited to."""
    return await call(my_workshops, limit + 1, cursor, shape=paged(MyMembershipOut.mine, limit, place_of))


@router.get("/joinable-workshops")
async def joinable(call: Caller, limit: Limit = 50, cursor: Cursor = None) -> Page[CommunityOut]:
    """Open and approval workshops of your region that you are not in."""
    return await call(list_joinable, limit, cursor, shape=paged(CommunityOut.short, limit, lambda row: str(row.id)))


@router.post("/workshops", status_code=201)
async def create_workshop(call: Caller, body: WorkshopIn) -> CommunityOut:
    """Open a workshop; you host it. Who may not open one asks: POST /workshop-requests."""
    return await call(service.create_workshop, body.parent, _wish(body), shape=CommunityOut.of, status=201)


@router.get("/workshops/{pid}")
async def show_workshop(call: Caller, pid: Pid) -> WorkshopOut:
    """A workshop, its hosts, how many there are, and what you may do: in an archived one, read."""
    return await call(views.view_workshop, pid, archived=True, shape=WorkshopOut.seen)


@router.patch("/workshops/{pid}")
async def edit_workshop(call: Caller, pid: Pid, body: WorkshopChange) -> CommunityOut:
    """Change name, subject, description, policy or rules."""
    changes = {name: getattr(body, name) for name in body.model_fields_set}
    return await call(service.edit_workshop, pid, shape=CommunityOut.of, **changes)


@router.post("/workshops/{pid}/archive")
async def archive_workshop(call: Caller, pid: Pid) -> CommunityOut:
    """Close it for good; members are told."""
    return await call(service.archive_workshop, pid, shape=CommunityOut.short)


@router.post("/workshops/{pid}/join-code")
async def renew_join_code(call: Caller, pid: Pid) -> CommunityOut:
    """A new join code; the old one stops working."""
    return await call(service.renew_join_code, pid, shape=CommunityOut.of)


@router.get("/workshops/{pid}/join-qr", response_class=Response)
async def show_qr(call: Caller, pid: Pid, kind: Literal["svg", "png"] = "svg") -> Response:
    """The join link as a QR picture."""
    picture = await call(join_qr, pid, kind)
    return Response(picture, media_type="image/svg+xml" if kind == "svg" else "image/png")


@router.post("/workshop-requests", status_code=201)
async def ask_for_workshop(call: Caller, body: WorkshopIn) -> RequestOut:
    """Ask the region's administrators for a workshop."""
    return await call(requests.ask_for_workshop, body.parent, _wish(body), shape=RequestOut.of, status=201)


@router.get("/communities/{pid}/workshop-requests")
async def list_requests(call: Caller, pid: Pid, limit: Limit = 50, cursor: Cursor = None) -> Page[RequestOut]:
    """Undecided requests of a region, oldest first."""
    shape = paged(RequestOut.of, limit, lambda row: str(row.id))
    return await call(requests.list_wishes, pid, limit + 1, read_number(cursor) or 0, shape=shape)


@router.post("/workshop-requests/{pid}/decision")
async def decide_request(call: Caller, pid: Pid, body: Decision) -> RequestOut:
    """Open it or not; the first decision counts."""
    return await call(requests.decide_wish, pid, body.accept, shape=RequestOut.of)
