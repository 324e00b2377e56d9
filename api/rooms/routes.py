"""Rooms over HTTP."""

from fastapi import APIRouter

from api.communities.shapes import CommunityOut, Pid
from api.context import Context
from api.http import Caller, Cursor, Limit, Page, paged
from api.rooms import mirroring, questions, reports, service
from api.rooms.shapes import (
    AccountOut,
    AdoptIn,
    AnswerIn,
    CountOut,
    MirrorIn,
    PolicyIn,
    PolicyOut,
    RoomChange,
    RoomOut,
    VouchIn,
)
from storage.rooms import Room, RoomAccount

router = APIRouter(tags=["rooms"])


def _room(ctx: Context, room: Room) -> RoomOut:
    return RoomOut.of(ctx, reports.get_report(ctx, room.pid))


def _counted(_ctx: Context, n: int) -> CountOut:
    return CountOut(rooms=n)


def _vouched(ctx: Context, vouched: questions.Vouched) -> AccountOut:
    return AccountOut.of(ctx, vouched.account)


def _answered(ctx: Context, answered: tuple[RoomAccount, object]) -> AccountOut:
    return AccountOut.of(ctx, answered[0])


@router.get("/communities/{pid}/rooms")
async def list_rooms(call: Caller, pid: Pid, limit: Limit = 50, cursor: Cursor = None) -> Page[RoomOut]:
    """The rooms outside the web of a community and all below it, and how they are."""
    shape = paged(RoomOut.of, limit, lambda one: one.cursor)
    return await call(reports.list_rooms, pid, limit, cursor, shape=shape)


@router.post("/communities/{pid}/rooms/look")
async def look_again(call: Caller, pid: Pid) -> CountOut:
    """Look at all of them now that were not looked at within the last minute, and try again what did not work."""
    return await call(mirroring.look_again, pid, shape=_counted)


@router.post("/communities/{pid}/mirror", status_code=201)
async def mirror_region(call: Caller, pid: Pid, body: MirrorIn) -> RoomOut:
    """Have a region with its schools and workshops made on a platform, and kept in step."""
    return await call(mirroring.mirror_region, pid, body.platform, body.encrypted, shape=_room, status=201)


@router.delete("/communities/{pid}/mirror")
async def release_region(call: Caller, pid: Pid) -> CountOut:
    """Keep the rooms of a region in step no more; they stay as they are."""
    return await call(mirroring.release_region, pid, shape=_counted)


@router.post("/communities/{pid}/rooms", status_code=201)
async def adopt_room(call: Caller, pid: Pid, body: AdoptIn) -> RoomOut:
    """Let a room or space that is there already mirror a community; takes a region administrator. Others send /bind in
    the room."""
    what = (body.native, body.platform, body.space, body.manages)
    return await call(mirroring.adopt_room, pid, *what, shape=_room, status=201)


@router.put("/communities/{pid}/rooms/policy")
async def change_policy(call: Caller, pid: Pid, body: PolicyIn) -> PolicyOut:
    """What follows when people leave, invite or give power in its rooms: follow, ask (a host), ignore."""
    return await call(mirroring.change_policy, pid, body.policy, shape=PolicyOut.of)


@router.get("/rooms/{pid}")
async def get_room(call: Caller, pid: Pid) -> RoomOut:
    """How one room is."""
    return await call(reports.get_report, pid, shape=RoomOut.of)


@router.patch("/rooms/{pid}")
async def manage_room(call: Caller, pid: Pid, body: RoomChange) -> RoomOut:
    """Say what of a bound room is kept in step."""
    return await call(mirroring.manage_room, pid, body.manages, shape=_room)


@router.delete("/rooms/{pid}")
async def unbind_room(call: Caller, pid: Pid) -> CommunityOut:
    """Stop a chat room from mirroring its community."""
    return await call(service.unbind_room, pid, shape=CommunityOut.short)


@router.get("/rooms/{pid}/questions")
async def list_questions(call: Caller, pid: Pid, limit: Limit = 50, cursor: Cursor = None) -> Page[AccountOut]:
    """Accounts in a room about which its hosts are asked something."""
    shape = paged(AccountOut.of, limit, lambda one: one.pid)
    return await call(questions.list_questions, pid, limit, cursor, shape=shape)


@router.post("/room-accounts/{pid}/answer")
async def answer_question(call: Caller, pid: Pid, body: AnswerIn) -> AccountOut:
    """Decide about an account in a room; the first answer counts."""
    return await call(questions.answer_question, pid, body.answer, shape=_answered)


@router.post("/room-accounts/{pid}/vouch")
async def vouch_for(call: Caller, pid: Pid, body: VouchIn) -> AccountOut:
    """Say whose an unknown account in a room is; that person's school confirms it."""
    return await call(questions.vouch_for, pid, body.person, shape=_vouched)
