"""Which rooms hear each other, over HTTP."""

from fastapi import APIRouter
from pydantic import BaseModel, StrictBool

from api.communities.shapes import Pid
from api.context import Context
from api.http import Caller
from api.relays import bridge
from storage.relays import BridgeRoom

router = APIRouter(tags=["rooms"])


class BridgeRoomOut(BaseModel):
    """A room: `on` if the others hear what is said there, and it hears them."""

    pid: str
    platform: str
    title: str
    encrypted: bool
    on: bool

    @classmethod
    def of(cls, ctx: Context, found: BridgeRoom) -> "BridgeRoomOut":
        return cls(
            pid=found.room.pid, platform=found.chat.platform, title=found.chat.title, encrypted=found.room.encrypted,
            on=found.open,
        )  # fmt: skip


class BridgeOut(BaseModel):
    """All rooms of a community; there are never many."""

    items: list[BridgeRoomOut]


class BridgeIn(BaseModel):
    """`confirmed`: somebody knows that others will read what is said in an encrypted room."""

    on: StrictBool
    confirmed: StrictBool = False


@router.get("/communities/{pid}/bridge")
async def show_bridge(call: Caller, pid: Pid) -> BridgeOut:
    """The rooms of a community, and which of them hear each other. Takes who moderates it."""
    return await call(
        bridge.view_bridge, pid, shape=lambda ctx, all: BridgeOut(items=[BridgeRoomOut.of(ctx, one) for one in all])
    )


@router.patch("/bridge/{pid}")
async def set_bridge(call: Caller, pid: Pid, body: BridgeIn) -> BridgeRoomOut:
    """Let a room (its pid, as the list has it) hear the others and be heard there, or not; it is told. 409 for an
    encrypted one without `confirmed`."""
    return await call(bridge.set_bridge, pid, body.on, body.confirmed, shape=BridgeRoomOut.of)
