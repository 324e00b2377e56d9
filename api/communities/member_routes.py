"""Memberships, invitations, joining and offices over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.communities import appointments, joining, members, offers
from api.communities.joining import Joined
from api.communities.shapes import (
    AppointmentIn,
    AppointmentOut,
    Decision,
    Invitation,
    JoinCode,
    MemberChange,
    MemberOut,
    MembershipOut,
    MyMembershipOut,
    Pid,
    Status,
)
from api.context import Context
from api.errors import Invalid
from api.http import Caller, Cursor, Limit, Page, paged
from api.messaging.tree import T
from storage.communities import Membership

router = APIRouter(tags=["memberships"])
Statuses = Annotated[tuple[Status, ...], Query(max_length=3, description="default: active")]


def _joined(ctx: Context, joined: Joined) -> MyMembershipOut:
    return MyMembershipOut.mine(ctx, joined)


@router.get("/communities/{pid}/memberships")
async def list_memberships(
    call: Caller, pid: Pid, status: Statuses = (), limit: Limit = 50, cursor: Cursor = None
) -> Page[MemberOut]:
    """Members by role; who waits or is invited is for hosts and administrators."""
    shape = paged(MemberOut.of, limit, lambda row: row.cursor)
    return await call(members.list_members, pid, status or ("active",), limit, after=cursor, shape=shape)


@router.post("/communities/{pid}/memberships", status_code=201)
async def join(call: Caller, pid: Pid) -> MyMembershipOut:
    """Join a workshop of your region, or ask to: `status` says which."""
    return await call(joining.join_workshop, pid, shape=_joined, status=201)


@router.post("/join", status_code=201)
async def join_by_code(call: Caller, body: JoinCode) -> MyMembershipOut:
    """Join by code, or ask to."""
    return await call(joining.join_by_code, body.code, shape=_joined, status=201)


@router.patch("/communities/{pid}/memberships/{person}")
async def change_membership(call: Caller, pid: Pid, person: Pid, body: MemberChange) -> MembershipOut:
    """Let in or turn away who waits, give another role, or hand the workshop over."""
    return await call(_change, pid, person, body, shape=MembershipOut.of)


def _change(ctx: Context, pid: str, person: str, body: MemberChange) -> Membership:
    if [body.accept is not None, body.role is not None, body.hand_over].count(True) != 1:
        raise Invalid("membership.change", T("Give one of: {allowed}.", allowed="accept, role, hand_over"))
    if body.accept is not None:
        return joining.decide_request(ctx, pid, person, body.accept)
    if body.role is not None:
        return members.change_role(ctx, pid, person, body.role)
    return offers.hand_over(ctx, pid, person)


@router.delete("/communities/{pid}/memberships/{person}", status_code=204)
async def end_membership(call: Caller, pid: Pid, person: Pid) -> None:
    """Leave (your own pid), or remove somebody."""
    await call(_end, pid, person)


def _end(ctx: Context, pid: str, person: str) -> None:
    if person == ctx.me.pid:
        joining.leave_workshop(ctx, pid)
    else:
        members.remove_member(ctx, pid, person)


@router.post("/communities/{pid}/invitations", status_code=201)
async def invite(call: Caller, pid: Pid, body: Invitation) -> MembershipOut:
    """Invite somebody, or offer a member another role."""
    return await call(offers.invite_person, pid, body.person, body.role, shape=MembershipOut.of, status=201)


@router.post("/communities/{pid}/invitations/answer")
async def answer_invitation(call: Caller, pid: Pid, body: Decision) -> MembershipOut:
    """Say yes or no to your own invitation or offered role."""
    return await call(offers.answer_offer, pid, body.accept, shape=MembershipOut.of)


@router.get("/communities/{pid}/appointments")
async def list_appointments(
    call: Caller, pid: Pid, ended: bool = False, limit: Limit = 50, cursor: Cursor = None
) -> Page[AppointmentOut]:
    """Offices at and under a community; `ended` shows past ones too."""
    shape = paged(lambda _ctx, row: AppointmentOut.line(*row), limit, lambda row: str(row[0].id))
    return await call(appointments.list_appointments, pid, limit, cursor, ended, shape=shape)


@router.post("/appointments", status_code=201)
async def appoint(call: Caller, body: AppointmentIn) -> AppointmentOut:
    """Give an office, or renew it until another day."""
    given = (body.person, body.community, body.office, body.since, body.until)
    return await call(appointments.appoint, *given, shape=AppointmentOut.of, status=201)


@router.delete("/appointments/{pid}")
async def dismiss(call: Caller, pid: Pid) -> AppointmentOut:
    """End an appointment today."""
    return await call(appointments.dismiss, pid, shape=AppointmentOut.of)
