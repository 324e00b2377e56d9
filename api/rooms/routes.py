"""Rooms over HTTP."""

from fastapi import APIRouter

from api.communities.shapes import CommunityOut, Pid
from api.http import Caller
from api.rooms import service

router = APIRouter(tags=["rooms"])


@router.delete("/rooms/{pid}")
async def unbind_room(call: Caller, pid: Pid) -> CommunityOut:
    """Stop a chat room (its pid) from mirroring its community."""
    return await call(service.unbind_room, pid, shape=CommunityOut.short)
