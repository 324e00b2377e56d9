"""Clock jobs of Matrix: whoever said something that cannot be decrypted is asked to say it again."""

from datetime import timedelta

from api.context import Context
from api.matrix.service import PLATFORM
from api.messaging.outbox import REPLY, say_in_chat, tell_person
from api.messaging.tree import T
from storage import matrix
from storage.arrivals import NO_KEY
from storage.messaging import Chat
from storage.people import find_identity

PATIENCE = timedelta(minutes=10)  # keys come with the message, or soon after, or never
BATCH = 100
AGAIN = T("I could not decrypt what you sent me. Please send it again.")


def give_up_on_keys(ctx: Context) -> bool:
    """Stop waiting for keys after ten minutes, and ask once for each chat and sender; True when there may be more."""
    rows, asked = matrix.waiting_rows(ctx.session, before=ctx.now - PATIENCE, limit=BATCH), set()
    for row in rows:
        matrix.give_up(ctx.session, row.inbox_id, ctx.now, NO_KEY)
        who = str(row.raw["event"].get("sender"))
        if (row.chat_id, who) not in asked:
            asked.add((row.chat_id, who))
            _ask_again(ctx, ctx.session.get_one(Chat, row.chat_id), who)
    return len(rows) == BATCH


def _ask_again(ctx: Context, chat: Chat, who: str) -> None:
    """Privately: a room need not know."""
    if chat.kind == "private":
        say_in_chat(ctx, chat.id, AGAIN, lane=REPLY)
        return
    found = find_identity(ctx.session, PLATFORM, who)
    if found is not None and found[1] is not None:
        room = chat.title or PLATFORM
        say = T("I could not decrypt what you sent in “{room}”. Please send it there again.", room=room)
        tell_person(ctx, found[1].id, say, lane=REPLY)
