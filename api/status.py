"""How the service does, for those who run it: what waits, what was done lately, what was lost, who works on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from api.beating import Seen, is_here
from api.context import Context
from api.queues import Leases, Queue, what_waits
from storage import processes, stock
from storage.stock import Claim

LATELY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Status:
    """All of it at one moment. What was `handled` and `sent` is of the last `minutes`, by platform; `lost` counts
    deliveries that reached nobody by their state, `unhandled` what arrived and could not be read."""

    now: datetime
    minutes: int
    inbox: Sequence[Queue]
    outbox: Sequence[Queue]
    leases: Leases
    handled: dict[str, int]
    sent: dict[str, int]
    lost: dict[str, int]
    unhandled: int
    processes: Sequence[Seen]
    claims: Sequence[Claim]
    database_bytes: int

    @property
    def running(self) -> Sequence[Seen]:
        """The processes that were seen lately."""
        return [process for process in self.processes if is_here(process, self.now)]


def take_stock(ctx: Context) -> Status:
    """Look at everything; only reads, and looks at what waits or is new, not at what was."""
    since = ctx.now - LATELY
    inbox, outbox, leases = what_waits(ctx)
    return Status(
        ctx.now, int(LATELY.total_seconds() // 60), inbox, outbox, leases,
        stock.handled_since(ctx.session, since), stock.sent_since(ctx.session, since), stock.lost(ctx.session),
        stock.unhandled(ctx.session), processes.all_seen(ctx.session),
        [claim for claim in stock.claims(ctx.session) if claim.until > ctx.now], stock.database_bytes(ctx.session),
    )  # fmt: skip


__all__ = ["LATELY", "Claim", "Status", "take_stock"]
