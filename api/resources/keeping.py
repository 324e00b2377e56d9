"""What is stored of a person's resources and pushes: handed out, and forgotten."""

from typing import Any

from api.context import Context
from api.resources.service import search_words
from storage import pushes, resources
from storage.people import Person


def export_resources(ctx: Context, person: Person) -> dict[str, Any]:
    """Everything a person shared, pushed, and opened."""
    return {
        "resources": [
            {
                "pid": row.pid, "title": row.title, "kind": row.kind, "subject": row.subject, "tags": row.tags,
                "text": row.text, "url": row.url, "version": row.version, "created_at": row.created_at.isoformat(),
                "removed_at": row.removed_at.isoformat() if row.removed_at else None,
            }
            for row in resources.all_of_author(ctx.session, person.id)
        ],
        "pushes": [
            {"pid": row.pid, "place": row.place, "release_at": row.release_at.isoformat()}
            for row in pushes.all_of_author(ctx.session, person.id)
        ],
        "openings": [
            {"push": pid, "at": at.isoformat()} for pid, at in pushes.find_openings_of(ctx.session, person.id)
        ],
    }  # fmt: skip


def erase_resources(ctx: Context, person: Person) -> None:
    """Forget who shared: what is in a bank stays there for its community, but is not found by the person's name any
    more; what was removed from it, and pushes that wait, go."""
    for row in resources.all_of_author(ctx.session, person.id):
        if row.removed_at is not None:
            row.title, row.text, row.url, row.tags, row.files = "", "", "", [], []
        row.search = search_words(row, "") if row.removed_at is None else ""
    for push in pushes.all_of_author(ctx.session, person.id):
        if push.released_at is None and push.withdrawn_at is None:
            push.withdrawn_at = push.settled_at = ctx.now
    ctx.session.flush()
