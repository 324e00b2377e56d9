"""What is stored of a person's notices and receipts: handed out, and forgotten."""

from typing import Any

from api.broadcasts import end_message
from api.context import Context
from api.notices.texts import WITHDRAWN
from storage import notices
from storage.erasing import blank_copies
from storage.messaging import Message
from storage.people import Person


def export_notices(ctx: Context, person: Person) -> dict[str, Any]:
    """Every notice a person sent, and which they said 收到 to."""
    return {
        "notices": [
            {"pid": row.pid, "text": row.text, "place": row.place, "release_at": row.release_at.isoformat()}
            for row in notices.all_of_author(ctx.session, person.id)
        ],
        "receipts": [
            {"notice": pid, "at": at.isoformat()} for pid, at in notices.find_receipts_of(ctx.session, person.id)
        ],
    }


def erase_notices(ctx: Context, person: Person) -> None:
    """Forget the words of a person's notices, everywhere they were said; those that wait never go out."""
    for row in notices.all_of_author(ctx.session, person.id):
        row.text, row.files, row.settled_at = "", [], row.settled_at or ctx.now
        if row.released_at is None:
            row.withdrawn_at = row.withdrawn_at or ctx.now
        messages = (row.room_message_id, row.people_message_id, row.status_message_id, *row.reminders)
        said = [key for key in messages if key is not None]
        blank_copies(ctx.session, said)
        for key in said:
            end_message(ctx, ctx.session.get_one(Message, key), WITHDRAWN)
    ctx.session.flush()
