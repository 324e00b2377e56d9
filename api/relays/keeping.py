"""What is stored of what a person said in rooms: handed out, and forgotten."""

from typing import Any

from api.context import Context
from api.messaging.outbox import delete_message
from api.messaging.render import plain
from api.messaging.tree import unpack
from api.relays.albums import forget_parts
from api.relays.texts import words_of
from storage import relays
from storage.messaging import Message
from storage.people import Person


def export_relays(ctx: Context, person: Person) -> dict[str, Any]:
    """What a person said that counted or was carried to other rooms; the words of what was carried."""
    reader, said = ctx.reader(person), []
    for row in relays.relays_of(ctx.session, person.id):
        message = ctx.session.get_one(Message, row.message_id) if row.message_id is not None else None
        text = plain(words_of(unpack(message.tree)), reader) if message is not None else ""
        said.append({"pid": row.pid, "text": text, "at": row.created_at.isoformat(), "counted": row.counted})
    return {"relays": said, "relayed": person.relayed}


def erase_relays(ctx: Context, person: Person) -> None:
    """What a person said goes from the rooms it was carried to; nothing of it is kept."""
    for row in relays.relays_of(ctx.session, person.id):
        if row.message_id is None:
            continue
        message = ctx.session.get_one(Message, row.message_id)
        if row.removed_at is None:
            row.removed_at = ctx.now
            delete_message(ctx, message)
        message.tree, message.files = "", []
        forget_parts(ctx, row)
    ctx.session.flush()
