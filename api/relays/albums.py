"""Albums: one thing that is said as several messages, each of which may be answered, and has words that may change."""

from collections.abc import Sequence

from api.context import Context
from api.messaging.render import plain
from api.messaging.tree import Lines, Node, pack, unpack
from storage import relays
from storage.relays import Relay, RelayPart

Parts = Sequence[tuple[str, Node | None]]  # the platform's id of each message, and the words under it


def keep_parts(ctx: Context, row: Relay, parts: Parts) -> None:
    """Remember the messages of an album; their words only where others hear them."""
    heard = row.message_id is not None
    ctx.session.add_all([
        RelayPart(relay_id=row.id, chat_id=row.chat_id, native=native, tree=pack(said) if said and heard else None)
        for native, said in parts
    ])  # fmt: skip
    ctx.session.flush()


def change_part(ctx: Context, row: Relay, native: str, said: Node | None, text: str) -> tuple[Node | None, str]:
    """(tree, text) of all that is said, now that one of its messages says this."""
    parts = relays.parts_of(ctx.session, row.id)
    if not parts or row.message_id is None:
        return said, text
    for part in parts:
        if part.native == native:
            part.tree = pack(said) if said else None
    ctx.session.flush()
    left = [unpack(part.tree) for part in parts if part.tree is not None]
    whole = left[0] if len(left) == 1 else Lines(*left)
    return (whole, plain(whole, ctx.reader(ctx.actor))) if left else (None, "")


def forget_parts(ctx: Context, row: Relay) -> None:
    """Keep nothing of what was said in an album."""
    for part in relays.parts_of(ctx.session, row.id):
        part.tree = None
