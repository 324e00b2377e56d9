"""Pushes (G9, C4): a resource goes to a community; who opened it is counted, once for each person."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from api import broadcasts
from api.broadcasts import ROOMS, check_author, check_broadcast, is_for, still_for
from api.communities.lookup import get_community_for
from api.context import Context
from api.errors import Conflict, Forbidden, not_found
from api.messaging.tree import Node, Rows, Words
from api.records.service import audit, record
from api.releasing import refresh_open, release_due
from api.resources import texts
from api.resources.service import get_resource_for, may_see_resource
from storage import broadcasts as rows
from storage import pushes
from storage.communities import Community
from storage.people import Person
from storage.pushes import Push
from storage.resources import Resource, find_titles, get_resource

PAGE = 20
SHOW_AGAIN_AFTER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Opened:
    """What opening a push gave: the resource; whether this was the first time; whether to show it (no double press)."""

    resource: Resource
    first: bool
    show: bool


def push_resource(ctx: Context, resource_pid: str, community_pid: str, *, place: str = ROOMS, urgent: bool = False,
                  release_at: datetime | None = None) -> Push:  # fmt: skip
    """Push a resource that one may see to a community (`push` there), now or at `release_at`."""
    resource = get_resource_for(ctx, resource_pid)
    community = get_community_for(ctx, community_pid, "push")
    at = check_broadcast(ctx, community, place, release_at)
    push = Push(
        resource_id=resource.id, community_id=community.id, author_id=ctx.me.id, place=place, urgent=urgent,
        created_at=ctx.now, release_at=at, reached=0, rooms=0,
    )  # fmt: skip
    ctx.session.add(push)
    ctx.session.flush()
    if at <= ctx.now:
        release_push(ctx, push)
    return push


def release_push(ctx: Context, push: Push) -> None:
    """Say it to everybody it is meant for now, and show the pusher how it goes; not if the resource was removed."""
    resource, community, author = _around(ctx, push)
    if resource.removed_at is not None:
        push.withdrawn_at = push.settled_at = ctx.now
        return
    tree, buttons = texts.push_tree(resource, community, author), texts.open_rows(push)
    if broadcasts.release(ctx, push, community, "push", tree, buttons, guard=["push_stands", push.id]):
        record(ctx, "resource.pushed", f"push:{push.pid}", community, person_id=author.id, resource=resource.pid)
        refresh_push(ctx, push)


def open_push(ctx: Context, pid: str) -> Opened:
    """Open a push as who acts; counted once. Raises Forbidden for people it is not for, Conflict when taken back."""
    push = rows.get_by_pid(ctx.session, Push, pid)
    if push is None or push.released_at is None:
        raise not_found("push.unknown")
    resource, community, author = _around(ctx, push)
    if push.withdrawn_at is not None or resource.removed_at is not None:
        raise Conflict("push.withdrawn", texts.WITHDRAWN)
    if author.id == ctx.me.id:
        return Opened(resource, False, True)
    if not is_for(ctx, push, community):
        raise Forbidden("push.not_yours", texts.NOT_FOR_YOU)
    first = pushes.add_opening(ctx.session, push.id, ctx.me.id, ctx.now)
    if first:
        record(ctx, "resource.opened", f"push:{push.pid}", community, resource=resource.pid)
        if broadcasts.wants_refresh(ctx, push):
            refresh_push(ctx, push)
        return Opened(resource, True, True)
    opening = pushes.get_opening(ctx.session, push.id, ctx.me.id)
    assert opening is not None
    show = ctx.now - opening.shown_at > SHOW_AGAIN_AFTER
    if show:
        opening.shown_at = ctx.now
    return Opened(resource, False, show)


def may_see_files(ctx: Context, resource_pid: str) -> bool:
    """Whether who acts may see a resource's files: those of its bank's people, and who opened a push of it."""
    if may_see_resource(ctx, resource_pid):
        return True
    resource = get_resource(ctx.session, resource_pid)
    return resource is not None and ctx.actor is not None and may_read_pushed(ctx, resource, ctx.actor.id)


def may_read_pushed(ctx: Context, resource: Resource, person_id: int) -> bool:
    """Whether somebody opened a push of a resource that stands, and still belongs to those it is for."""
    opened = pushes.find_opened(ctx.session, resource.id, person_id)
    return any(push_stands(ctx, [person_id], push_id) for push_id in opened)


def get_push_for(ctx: Context, pid: str) -> Push:
    """A push, for the one who pushed or somebody it is for. Raises NotFound."""
    push = rows.get_by_pid(ctx.session, Push, pid)
    if push is None:
        raise not_found("push.unknown")
    if ctx.system or push.author_id == ctx.me.id:
        return push
    if push.released_at is None or not is_for(ctx, push, ctx.session.get_one(Community, push.community_id)):
        raise not_found("push.unknown")
    return push


def find_lost(ctx: Context, pid: str, page: int = 0) -> tuple[Push, list[rows.Unsent], int]:
    """Those whom a push did not reach, a page of 20, and how many. For the one who pushed only."""
    push = rows.get_by_pid(ctx.session, Push, pid)
    if push is None:
        raise not_found("push.unknown")
    community = ctx.session.get_one(Community, push.community_id)
    check_author(ctx, push, community)
    get_community_for(ctx, community.pid, "push")  # who lost the right to push there must not learn names there
    n = texts.count_lost(rows.count_states(ctx.session, push.people_message_id))
    return push, rows.find_unsent(ctx.session, push.people_message_id, PAGE, max(0, page) * PAGE), n


def withdraw_push(ctx: Context, pid: str) -> Push:
    """Take a push back everywhere (who pushed, or who manages the community); it no longer counts for the workshop."""
    push = rows.get_by_pid(ctx.session, Push, pid, lock=True)
    if push is None:
        raise not_found("push.unknown")
    _, community, author = _around(ctx, push)
    check_author(ctx, push, community, "manage")
    broadcasts.take_back(ctx, push, texts.WITHDRAWN)
    if push.released_at is not None:
        record(ctx, "resource.pushed", f"push:{push.pid}", community, person_id=author.id, amount=-1)
    if ctx.actor is None or ctx.me.id != author.id:
        audit(ctx, "push.withdrawn", f"push:{push.pid}", community)
    if push.status_message_id is not None:
        refresh_push(ctx, push)
    return push


def list_pushes(ctx: Context, before: str | None = None, limit: int = 20) -> list[Push]:
    """What who acts has pushed, newest first; `before` is a pid."""
    return rows.find_of_author(ctx.session, Push, ctx.me.id, before, limit)


def describe_sent(ctx: Context, sent: Sequence[Push]) -> list[tuple[Node, Node]]:
    """(title, where it went) of each."""
    places = rows.find_places(ctx.session, sent)
    titles = find_titles(ctx.session, {push.resource_id for push in sent})
    return [(texts.label(titles[push.resource_id]), Words(places[push.community_id])) for push in sent]


def show_card(ctx: Context, pid: str, chat_id: int) -> Push:
    """Say in a chat of who pushed how it goes, with what can be done about it. NotFound for everybody else."""
    push = rows.get_by_pid(ctx.session, Push, pid, lock=True)
    if push is None:
        raise not_found("push.unknown")
    _, community, _ = _around(ctx, push)
    check_author(ctx, push, community)
    tree, buttons = _status(ctx, push)
    broadcasts.show_card(ctx, push, tree, buttons, chat_id)
    return push


def _status(ctx: Context, push: Push) -> tuple[Node, Rows]:
    resource, community, _ = _around(ctx, push)
    states, opened = figures(ctx, push)
    return texts.status_tree(push, resource, community, states, opened), texts.status_rows(push, states)


def figures(ctx: Context, push: Push) -> tuple[dict[str, int], int]:
    """(state -> deliveries to people, how many opened it)."""
    return rows.count_states(ctx.session, push.people_message_id), pushes.count_openings(ctx.session, push.id)


def refresh_push(ctx: Context, push: Push) -> None:
    """Bring the live figures of a push up to date."""
    broadcasts.show_status(ctx, push, *_status(ctx, push))


def release_due_pushes(ctx: Context) -> bool:
    """Clock job: send the pushes whose moment has come; true when there may be more."""
    return release_due(ctx, Push, release_push)


def refresh_pushes(ctx: Context) -> bool:
    """Clock job: bring the figures that pushers see up to date; true when there may be more."""
    return refresh_open(ctx, Push, refresh_push)


def push_stands(ctx: Context, people: Collection[int | None], push_id: int) -> set[int | None]:
    """Guard: the push was not taken back, and these people still belong to those it is for."""
    return still_for(ctx, ctx.session.get(Push, push_id), people)


def _around(ctx: Context, push: Push) -> tuple[Resource, Community, Person]:
    session = ctx.session
    return (
        session.get_one(Resource, push.resource_id),
        session.get_one(Community, push.community_id),
        session.get_one(Person, push.author_id),
    )
