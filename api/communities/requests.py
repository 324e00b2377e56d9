"""Wishes for workshops: who may not open one asks the region's administrators, once decided by one of them (G12)."""

from dataclasses import asdict

from api.access import can, require, today_in
from api.communities import texts
from api.communities.lookup import get_community_for
from api.communities.offers import get_person
from api.communities.service import Wish, check_wish, create_workshop, open_workshop
from api.context import Context
from api.errors import Conflict, not_found
from api.messaging.outbox import PERSONAL, deliver_to_people, edit_message, tell_person, write_message
from api.messaging.tree import Lines, Node, T
from storage import workshops
from storage.appointments import holders_near
from storage.communities import Community, WorkshopRequest
from storage.memberships import find_persons, name_of
from storage.messaging import Message
from storage.people import Person

MOST_OPEN = 3


def ask_for_workshop(ctx: Context, parent_pid: str, wish: Wish) -> WorkshopRequest:
    """Ask for a workshop under a region or school that I belong to. Its region administrators get buttons.

    Raises Conflict with three undecided wishes.
    """
    parent = get_community_for(ctx, parent_pid, "contribute")
    check_wish(ctx, wish)
    if len(workshops.open_requests(ctx.session, ctx.me.id)) >= MOST_OPEN:
        say = T("You have {n} requests waiting. Please wait until they are decided.", n=MOST_OPEN)
        raise Conflict("request.too_many", say, limit=MOST_OPEN)
    request = WorkshopRequest(person_id=ctx.me.id, parent_id=parent.id, wish=asdict(wish), created_at=ctx.now)
    ctx.session.add(request)
    ctx.session.flush()
    rows = texts.yes_or_no("wish", request.pid, T("Open it"), T("Not now"))
    ask = write_message(ctx, texts.wishes(request, ctx.me, parent), rows)
    request.message_id = ask.id
    deliver_to_people(ctx, ask, holders_near(ctx.session, parent, "region_admin", today_in(ctx, parent)), PERSONAL)
    return request


def open_or_ask(ctx: Context, parent_pid: str, wish: Wish) -> Community | WorkshopRequest:
    """Open the workshop where I may, else ask for it."""
    parent = get_community_for(ctx, parent_pid, "see")
    if can(ctx, "create_workshop", parent):
        return create_workshop(ctx, parent_pid, wish)
    return ask_for_workshop(ctx, parent_pid, wish)


def decide_wish(ctx: Context, pid: str, accept: bool) -> WorkshopRequest:
    """Grant a wish (the workshop is opened, who asked hosts it) or decline it. Later ones learn by whom (Conflict)."""
    request = workshops.get_request(ctx.session, pid)
    if request is None:
        raise not_found("request.unknown")
    parent = ctx.session.get_one(Community, request.parent_id)
    require(ctx, "appoint", parent)
    if request.state != "open":
        by = name_of(ctx.session, request.decided_by) if request.decided_by else None
        raise Conflict(
            "request.decided", T("{name} has decided that already.", name=by) if by else T("This request is over.")
        )
    person = ctx.session.get_one(Person, request.person_id)
    request.state, request.decided_at = "approved" if accept else "declined", ctx.now
    request.decided_by = ctx.actor.id if ctx.actor else None
    name = request.wish["name"]
    if accept:
        get_person(ctx, person.pid)
        wish = Wish(**request.wish)
        wish.cohosts = [cohost.pid for cohost in find_persons(ctx.session, wish.cohosts)]  # some may have gone since
        workshop = open_workshop(ctx, parent, wish, person)
        request.workshop_id = workshop.id
        how = T("Its join code: {code}. Send “workshop” to invite people and to set it up.", code=workshop.join_code)
        say: Node = Lines(T("“{name}” is open, and you are its host!", name=name), how)
    else:
        say = T("“{name}” cannot be opened at the moment. The region's administrators can tell you more.", name=name)
    tell_person(ctx, person.id, say)
    message = ctx.session.get(Message, request.message_id) if request.message_id else None
    if message is not None:
        by_name = ctx.actor.name if ctx.actor else ""
        edit_message(ctx, message, texts.decided(texts.wishes(request, person, parent), accept, by_name), [])
    return request


def list_wishes(ctx: Context, pid: str, limit: int = 50, after: int = 0) -> list[WorkshopRequest]:
    """Undecided wishes at and under a region, oldest first, those with ids greater than `after`."""
    path = get_community_for(ctx, pid, "appoint").path
    return workshops.open_requests(ctx.session, path=path, limit=limit, after=after)


__all__ = ["Community", "Wish", "ask_for_workshop", "decide_wish", "list_wishes", "open_or_ask"]
