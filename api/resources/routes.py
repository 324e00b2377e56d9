"""Resource banks and pushes over HTTP, by the same operations as in chat."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, Field, StrictBool

from api.context import Context
from api.http import Caller, Cursor, Limit, Page, paged
from api.resources import pushes, service
from api.resources.service import Found
from storage.broadcasts import Unsent
from storage.communities import Community
from storage.pushes import Push
from storage.resources import Resource

router = APIRouter(tags=["resources"])
Kind = Literal["lesson_plan", "class_recording", "micro_course", "typical_case", "article", "other"]
Place = Literal["rooms", "people", "both"]


class ResourcePatch(BaseModel):
    """What to change; what is left out stays. `files` replaces them: kept ones and new uploads."""

    title: str | None = Field(None, max_length=500)
    kind: Kind | None = None
    subject: str | None = Field(None, max_length=200)
    tags: list[str] | None = Field(None, max_length=50)
    text: str | None = Field(None, max_length=50_000)
    url: str | None = Field(None, max_length=5000)
    files: list[str] | None = Field(None, max_length=50)


class ResourceIn(BaseModel):
    """Something for a bank: words, a link, or files (pids of uploads that nothing holds yet)."""

    community: str = Field(max_length=12, description="pid of the community whose bank it goes into")
    title: str = Field(max_length=500)
    kind: Kind = "other"
    subject: str | None = Field(None, max_length=200, description="none: your own")
    tags: list[str] = Field(default=[], max_length=50)
    text: str = Field("", max_length=50_000)
    url: str = Field("", max_length=5000)
    files: list[str] = Field(default=[], max_length=50)


class ResourceOut(BaseModel):
    """A resource. `version` counts changes of its content."""

    pid: str
    community: str
    title: str
    kind: Kind
    subject: str
    tags: list[str]
    text: str
    url: str
    files: list[str]
    author: str
    version: int
    created_at: datetime
    changed_at: datetime

    @classmethod
    def of(cls, ctx: Context, row: Resource) -> "ResourceOut":
        """The shape of a row."""
        names = (
            "pid",
            "title",
            "kind",
            "subject",
            "tags",
            "text",
            "url",
            "files",
            "version",
            "created_at",
            "changed_at",
        )
        shape: dict[str, Any] = {name: getattr(row, name) for name in names}
        return cls(community=service.bank_of(ctx, row).pid, author=service.author_of(ctx, row).name, **shape)


class PushIn(BaseModel):
    """A push of a resource to a community."""

    resource: str = Field(max_length=12)
    community: str = Field(max_length=12)
    place: Place = "rooms"
    urgent: StrictBool = False
    release_at: AwareDatetime | None = None


class PushOut(BaseModel):
    """A push. The figures are for the one who pushed; others get none."""

    pid: str
    resource: str
    community: str
    place: str
    urgent: bool
    release_at: datetime
    released_at: datetime | None
    withdrawn_at: datetime | None
    reached: int | None = Field(None, description="people it is meant for")
    opened: int | None = None
    rooms: int | None = None
    deliveries: dict[str, int] | None = Field(None, description="state -> deliveries to people")

    @classmethod
    def of(cls, ctx: Context, row: Push) -> "PushOut":
        """The shape of a row for who asks."""
        numbers: dict[str, Any] = {}
        if row.author_id == ctx.me.id:
            states, opened = pushes.figures(ctx, row)
            numbers = {"reached": row.reached, "opened": opened, "rooms": row.rooms, "deliveries": states}
        return cls(
            pid=row.pid, resource=ctx.session.get_one(Resource, row.resource_id).pid,
            community=ctx.session.get_one(Community, row.community_id).pid, place=row.place, urgent=row.urgent,
            release_at=row.release_at, released_at=row.released_at, withdrawn_at=row.withdrawn_at, **numbers,
        )  # fmt: skip


class UnsentOut(BaseModel):
    """Somebody whom a push did not reach."""

    name: str
    state: str = Field(description="the delivery's: dead, unreachable, expired or dropped")
    reason: str = Field(description="why, as in /letters; or dropped")


class LostOut(BaseModel):
    """People whom a push did not reach and why, a page of 20, and how many they are."""

    people: list[UnsentOut]
    n: int


@router.get("/resources")
async def find(
    call: Caller,
    q: Annotated[str, Query(max_length=200, description="all of these words")] = "",
    community: Annotated[str | None, Query(max_length=12)] = None,
    kind: Kind | None = None,
    mine: bool = False,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Page[ResourceOut]:
    """Resources of the banks you may see, newest first."""
    shape = paged(_found, limit, lambda each: each.resource.pid)
    named: dict[str, Any] = {"community_pid": community, "kind": kind or "", "mine": mine, "before": cursor}
    return await call(partial(service.find_resources, **named), q, limit=limit + 1, shape=shape)


@router.post("/resources", status_code=201)
async def add(call: Caller, resource: ResourceIn) -> ResourceOut:
    """Put something into a bank."""
    fields = resource.model_dump(exclude={"community", "title", "kind"})
    operation = partial(service.add_resource, **fields)
    return await call(operation, resource.community, resource.title, resource.kind, shape=ResourceOut.of, status=201)


@router.get("/resources/{pid}")
async def show(call: Caller, pid: str) -> ResourceOut:
    """One resource that you may see."""
    return await call(service.get_resource_for, pid, shape=ResourceOut.of)


@router.patch("/resources/{pid}")
async def edit(call: Caller, pid: str, change: ResourcePatch) -> ResourceOut:
    """Change your resource; new content makes a new version."""
    return await call(partial(service.edit_resource, **change.model_dump(exclude_none=True)), pid, shape=ResourceOut.of)


@router.delete("/resources/{pid}", status_code=204, response_class=Response)
async def remove(call: Caller, pid: str) -> Response:
    """Take your resource out of its bank."""
    await call(service.remove_resource, pid, shape=lambda _ctx, _row: None)
    return Response(status_code=204)


@router.get("/pushes")
async def pushed(call: Caller, cursor: Cursor = None, limit: Limit = 20) -> Page[PushOut]:
    """What you pushed, newest first."""
    return await call(pushes.list_pushes, cursor, limit + 1, shape=paged(PushOut.of, limit, lambda row: row.pid))


@router.post("/pushes", status_code=201)
async def push(call: Caller, wanted: PushIn) -> PushOut:
    """Push a resource to a community, now or later."""
    named = wanted.model_dump(include={"place", "urgent", "release_at"})
    operation = partial(pushes.push_resource, **named)
    return await call(operation, wanted.resource, wanted.community, shape=PushOut.of, status=201)


@router.get("/pushes/{pid}")
async def status(call: Caller, pid: str) -> PushOut:
    """A push: how it goes for the one who pushed, what it is for those it is for."""
    return await call(pushes.get_push_for, pid, shape=PushOut.of)


@router.get("/pushes/{pid}/lost")
async def lost(call: Caller, pid: str, page: Annotated[int, Query(ge=0, le=9999)] = 0) -> LostOut:
    """Whom it did not reach; for the one who pushed only."""
    return await call(pushes.find_lost, pid, page, shape=_lost)


@router.post("/pushes/{pid}/openings", status_code=201)
async def open_(call: Caller, pid: str) -> ResourceOut:
    """Open a push that is for you; counted once."""
    return await call(pushes.open_push, pid, shape=_opened, status=201)


@router.post("/pushes/{pid}/withdrawal", status_code=201)
async def withdraw(call: Caller, pid: str) -> PushOut:
    """Take a push back everywhere."""
    return await call(pushes.withdraw_push, pid, shape=PushOut.of, status=201)


def _found(ctx: Context, found: Found) -> ResourceOut:
    return ResourceOut.of(ctx, found.resource)


def _opened(ctx: Context, opened: pushes.Opened) -> ResourceOut:
    return ResourceOut.of(ctx, opened.resource)


def _lost(_ctx: Context, found: tuple[Push, list[Unsent], int]) -> LostOut:
    return LostOut(people=[UnsentOut(**one._asdict()) for one in found[1]], n=found[2])
