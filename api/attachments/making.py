"""Files that take longer to make than a transaction may last: ordered in one, made beside them by the file worker.

An order is a row without bytes. Whoever makes what was ordered commits the files and what is said about them together;
until then nothing is there, and after a crash the order is simply made again.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from api.attachments.service import MADE, clean_name
from api.context import Context
from api.runtime import Runtime
from storage import attachments
from storage.attachments import Attachment, LeasedFile

# makes what a leased order stands for; it raises Problem where that cannot be done any more
Maker = Callable[[Runtime, LeasedFile], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A file as it was made."""

    name: str
    mime: str
    data: bytes


def order_files(ctx: Context, maker: str, **what: Any) -> Attachment:
    """Have files made (api.registry.MAKERS); `what` is kept for the maker as `LeasedFile.ref`, so no secrets."""
    row = Attachment(
        owner_id=ctx.me.id, kind="document", name=maker, mime="application/octet-stream", holder=MADE,
        ref={"maker": maker, **what}, next_at=ctx.now, created_at=ctx.now,
    )  # fmt: skip
    ctx.session.add(row)
    ctx.session.flush()
    ctx.wake("files")
    return row


async def hand_out(runtime: Runtime, order: LeasedFile, made: Sequence[MadeFile],
                   say: Callable[[Context, list[str]], object]) -> bool:  # fmt: skip
    """Store what was made for an order and say so, `say(ctx, pids)`, in one transaction. False when the order is not
    ours any more: somebody else makes it, or it was taken back."""
    keys = [await runtime.blobs.put(one.data) for one in made]
    ours: bool = await runtime.transact(_hand_out, order, made, keys, say)
    if not ours:
        for key in keys:
            await runtime.blobs.delete(key)
    return ours


def _hand_out(ctx: Context, order: LeasedFile, made: Sequence[MadeFile], keys: Sequence[str],
              say: Callable[[Context, list[str]], object]) -> bool:  # fmt: skip
    first = attachments.get_leased(ctx.session, order.id, order.attempt)
    if first is not None and first.blob_key == keys[0]:
        return True  # committed before, only the answer was lost
    if first is None or first.state != order.state:
        return False
    others = [
        Attachment(owner_id=first.owner_id, kind=first.kind, holder=MADE, created_at=ctx.now) for _ in made[1:]
    ]  # fmt: skip
    for row, one, key in zip([first, *others], made, keys, strict=True):
        row.name, row.mime, row.size = clean_name(one.name, row.kind), one.mime, len(one.data)
        row.blob_key, row.state, row.next_at = key, "stored", None
    ctx.session.add_all(others)
    ctx.session.flush()
    say(ctx, [first.pid, *[row.pid for row in others]])
    return True
