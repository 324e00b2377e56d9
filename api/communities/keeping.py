"""What is stored of a person's places and offices: handed out, and ended."""

from typing import Any

from api.communities.joining import end_membership
from api.communities.pictures import forget_pictures
from api.context import Context
from storage.appointments import held_by
from storage.memberships import memberships_of
from storage.people import Person
from storage.workshops import requests_of

EVERY = ("active", "pending", "invited", "left", "removed", "declined")


def export_communities(ctx: Context, person: Person) -> dict[str, Any]:
    """Every workshop a person is or was in, every office they hold or held, every workshop they asked for."""
    belongs = memberships_of(ctx.session, person.id, EVERY, archived=True)
    return {
        "memberships": [
            {"workshop": place.name, "role": row.role, "status": row.status, "since": row.since, "ended": row.ended_at}
            for place, row in belongs
        ],
        "offices": [
            {"office": row.office, "place": place.name, "since": row.since, "until": row.until, "ended": row.ended_at}
            for row, place in held_by(ctx.session, person.id)
        ],
        "workshop_requests": [
            {"wish": row.wish, "state": row.state, "at": row.created_at} for row in requests_of(ctx.session, person.id)
        ],
    }


def erase_communities(ctx: Context, person: Person) -> None:
    """Leave every workshop and office; what they wrote in requests for workshops, and pictures of theirs, are
    forgotten."""
    forget_pictures(ctx, person)
    for _, row in memberships_of(ctx.session, person.id, ("active", "pending", "invited"), archived=True):
        end_membership(ctx, row, "left")
    for appointment, _ in held_by(ctx.session, person.id):
        appointment.ended_at = appointment.ended_at or ctx.now
    for request in requests_of(ctx.session, person.id):
        if request.state == "open":
            request.state, request.decided_at = "declined", ctx.now
        request.wish = {**request.wish, "name": "", "subject": "", "about": "", "cohosts": []}
    ctx.session.flush()
