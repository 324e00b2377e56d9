"""How much waits, where, and since when: asked of the database, and shown as gauges of /metrics."""

from datetime import datetime

from prometheus_client import Gauge

from api.context import Context
from api.messaging.outbox import LANES
from api.runtime import Runtime
from storage import waiting
from storage.waiting import Leases, Queue, Waiting, total

INBOX = Gauge("gongfang_inbox_waiting", "Arrived and not handled yet", ["platform"])
INBOX_AGE = Gauge("gongfang_inbox_oldest_seconds", "Age of the oldest of them", ["platform"])
OUTBOX = Gauge("gongfang_outbox_waiting", "Deliveries waiting, due now or for later", ["platform", "lane", "when"])
OUTBOX_AGE = Gauge(
    "gongfang_outbox_oldest_seconds", "How long the oldest due delivery has been due", ["platform", "lane"]
)
LEASES = Gauge("gongfang_leases", "Chats that some process works on now", ["queue"])
FIGURES = (INBOX, INBOX_AGE, OUTBOX, OUTBOX_AGE, LEASES)


def what_waits(ctx: Context) -> tuple[list[Queue], list[Queue], Leases]:
    """The queues of the inbox, those of the outbox, and who works on them."""
    inbox, outbox = waiting.inbox_waiting(ctx.session), waiting.outbox_waiting(ctx.session, ctx.now)
    return inbox, outbox, waiting.leases_held(ctx.session, ctx.now)


def what_is_neglected(ctx: Context) -> tuple[Waiting, Waiting]:
    """How much arrived and is to be sent, and since when nobody does anything about it."""
    inbox, outbox, _leases = what_waits(ctx)
    arrived, sent = waiting.neglected(ctx.session, ctx.config.platforms(), ctx.now)
    return Waiting(total(inbox).count, arrived), Waiting(total(outbox).count, sent)


def show_queues(runtime: Runtime, inbox: list[Queue], outbox: list[Queue], leases: Leases) -> None:
    """What waits, as gauges; nothing waits in between here, so that no other scrape sees them half done."""
    for gauge in FIGURES:
        gauge.clear()
    now = runtime.now()
    for platform in runtime.config.platforms():
        _show_inbox(Queue(platform, 0, 0, 0, None), now)
        for lane in LANES:
            _show_outbox(Queue(platform, lane, 0, 0, None), now)
    for queue in inbox:
        if queue.platform in runtime.config.platforms():  # else it waits until that is switched on again
            _show_inbox(queue, now)
    for queue in outbox:
        _show_outbox(queue, now)
    LEASES.labels("inbox").set(leases.inbox)
    LEASES.labels("outbox").set(leases.outbox)


def _show_inbox(queue: Queue, now: datetime) -> None:
    INBOX.labels(queue.platform).set(queue.due)
    INBOX_AGE.labels(queue.platform).set(age_of(queue.oldest, now))


def _show_outbox(queue: Queue, now: datetime) -> None:
    where = (queue.platform, LANES.get(queue.lane, str(queue.lane)))
    OUTBOX.labels(*where, "now").set(queue.due)
    OUTBOX.labels(*where, "later").set(queue.later)
    OUTBOX_AGE.labels(*where).set(age_of(queue.oldest, now))


def age_of(oldest: datetime | None, now: datetime) -> float:
    """Seconds since then; 0 for nothing."""
    return max(0.0, (now - oldest).total_seconds()) if oldest is not None else 0.0


__all__ = ["Leases", "Queue", "Waiting", "age_of", "show_queues", "what_is_neglected", "what_waits"]
