"""Topics over HTTP: what /topic does in chat, by the same operations."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.communities.shapes import CommunityOut, Pid
from api.context import Context
from api.http import Caller, Cursor, Limit, Page, paged
from api.topics import inviting, service
from api.topics.shapes import AnswerIn, InvitationOut, InvitationsIn, PlaceOut, PostOut, TopicIn, TopicOut
from storage.topics import TopicPlace

router = APIRouter(tags=["topics"])


def _places(ctx: Context, rows: list[TopicPlace]) -> Page[PlaceOut]:
    return Page(items=[PlaceOut.of(ctx, row) for row in rows])


@router.get("/topics")
async def list_topics(call: Caller, cursor: Cursor = None, limit: Limit = 20) -> Page[TopicOut]:
    """The discussions of your communities, newest first."""
    return await call(service.list_topics, cursor, limit + 1, shape=paged(TopicOut.of, limit, lambda row: row.pid))


@router.post("/topics", status_code=201)
async def open_topic(call: Caller, body: TopicIn) -> TopicOut:
    """Open a discussion: it is said in all rooms of the community, and people answer there."""
    return await call(service.open_topic, body.community, body.title, body.text, shape=TopicOut.of, status=201)


@router.get("/topics/{pid}")
async def show_topic(call: Caller, pid: Pid) -> TopicOut:
    """A discussion of one of your communities, and who takes part."""
    return await call(service.view_topic, pid, shape=TopicOut.seen)


@router.get("/topics/{pid}/posts")
async def list_posts(call: Caller, pid: Pid, cursor: Cursor = None, limit: Limit = 20) -> Page[PostOut]:
    """What was said in it, newest first."""
    shape = paged(PostOut.of, limit, lambda post: str(post.relay.id))
    return await call(service.list_posts, pid, cursor, limit + 1, shape=shape)


@router.post("/topics/{pid}/closing")
async def close_topic(call: Caller, pid: Pid) -> TopicOut:
    """Close it: the rooms are told, replies are no longer carried."""
    return await call(service.close_topic, pid, shape=TopicOut.of)


@router.get("/topics/{pid}/workshops")
async def find_workshops(
    call: Caller, pid: Pid, q: Annotated[str, Query(max_length=40, description="a part of a name")] = "",
    limit: Limit = 20, cursor: Cursor = None,
) -> Page[CommunityOut]:  # fmt: skip
    """Workshops of the region that it may yet be opened to, by name."""
    shape = paged(CommunityOut.short, limit, lambda row: row.pid)
    return await call(inviting.find_workshops, pid, q, limit + 1, cursor, shape=shape)


@router.post("/topics/{pid}/invitations", status_code=201)
async def invite_workshops(call: Caller, pid: Pid, body: InvitationsIn) -> Page[PlaceOut]:
    """Open it to other workshops: their hosts are asked."""
    return await call(inviting.invite_workshops, pid, body.workshops, shape=_places, status=201)


@router.get("/topic-invitations")
async def list_invitations(call: Caller, limit: Limit = 20, cursor: Cursor = None) -> Page[InvitationOut]:
    """Discussions that workshops of yours are invited to, and nobody answered yet."""
    shape = paged(InvitationOut.of, limit, lambda row: str(row[1].id))
    return await call(inviting.list_invitations, limit + 1, cursor, shape=shape)


@router.post("/topics/{pid}/decision")
async def answer_invitation(call: Caller, pid: Pid, body: AnswerIn) -> PlaceOut:
    """Accept it for a workshop, or decline; the first answer counts."""
    answer = inviting.accept_topic if body.accept else inviting.decline_topic
    return await call(answer, pid, body.workshop, shape=PlaceOut.of)


@router.delete("/topics/{pid}/invitations/{workshop}", status_code=204)
async def withdraw_invitation(call: Caller, pid: Pid, workshop: Pid) -> None:
    """Take an invitation back that nobody answered yet."""
    await call(inviting.withdraw_invitation, pid, workshop)


@router.delete("/topics/{pid}/workshops/{workshop}", status_code=204)
async def leave_topic(call: Caller, pid: Pid, workshop: Pid) -> None:
    """Leave it with a workshop that accepted."""
    await call(inviting.leave_topic, pid, workshop)
