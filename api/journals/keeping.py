"""What is stored of a person's logs: handed out, and forgotten."""

from typing import Any

from api.context import Context
from storage import journals
from storage.people import Person


def export_journals(ctx: Context, person: Person) -> dict[str, Any]:
    """All logs a person wrote, with what was said about them, and what the person said about others'."""
    entries = journals.all_of_person(ctx.session, person.id)
    return {
        "journal_entries": [
            {
                "pid": entry.pid, "state": entry.state, "body": entry.body, "score": entry.score,
                "created_at": entry.created_at.isoformat(),
                "submitted_at": entry.submitted_at.isoformat() if entry.submitted_at else None,
                "comments": [comment.body for comment, _ in journals.comments_of(ctx.session, entry.id)],
            }
            for entry in entries
        ],
        "journal_comments": [
            {"entry": pid, "body": comment.body, "at": comment.created_at.isoformat()}
            for comment, pid in journals.comments_by(ctx.session, person.id)
        ],
    }  # fmt: skip


def erase_journals(ctx: Context, person: Person) -> None:
    """Forget every word a person wrote in logs and comments; rows that records name stay, empty."""
    entries = journals.all_of_person(ctx.session, person.id)
    journals.forget_words(ctx.session, [entry.id for entry in entries])
    journals.forget_comments_by(ctx.session, person.id)
    for entry in entries:
        entry.state, entry.withdrawn_at = "withdrawn", entry.withdrawn_at or ctx.now
