"""What reminders and excuses hold about a person: to hand out, and to forget."""

from typing import Any

from api.context import Context
from storage import excuses, reminders
from storage.people import Person


def export_reminders(ctx: Context, person: Person) -> dict[str, Any]:
    """Everything the person asked to be reminded of, and their excuses."""
    return {
        "reminders": [
            {
                "matter": row.matter, "start": row.start.isoformat(), "rrule": row.rrule,
                "created_at": row.created_at.isoformat(),
                "ended_at": row.ended_at.isoformat() if row.ended_at else None,
            }
            for row in reminders.all_reminders_of(ctx.session, person.id)
        ],
        "excuses": [
            {
                "workshop": workshop.name, "since": row.since.isoformat(), "until": row.until.isoformat(),
                "reason": row.reason, "state": row.state,
            }
            for row, workshop in excuses.excuses_of(ctx.session, person.id)
        ],
    }  # fmt: skip


def erase_reminders(ctx: Context, person: Person) -> None:
    """Forget the person's words; nothing of theirs rings any more. That they were excused stays, without the reason."""
    reminders.forget_reminders(ctx.session, person.id, ctx.now)
    excuses.forget_reasons(ctx.session, person.id)
