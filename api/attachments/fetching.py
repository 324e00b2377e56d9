"""What the file worker does with the database: lease what is due, commit what became of it, tell the followers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from api.context import Context
from storage import attachments
from storage.attachments import Attachment, LeasedFile
from storage.engine import storage_failed
from storage.reach import Reach

log = structlog.get_logger()

LEASE_SECONDS = 60.0  # after which somebody else may try: who works on a file renews it long before
FETCH_ATTEMPTS = 6  # spread over an hour
SLOWEST_RETRY = 3600.0
PATIENCE = timedelta(days=1)  # with a platform that says again and again when to come back
# a whole room waits for what somebody said there with these: they come soon, or not at all
URGENT, URGENT_ATTEMPTS, URGENT_PATIENCE = "relay:", 2, timedelta(minutes=2)

# told in the settling transaction, when a file became stored or failed
Follower = Callable[[Context, Attachment], None]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of a leased file: its new blob; or why it failed, for good or for now."""

    blob_key: str | None = None
    kind: str = ""
    mime: str = ""
    size: int = 0
    error: str | None = None  # a slug of api.attachments.texts.REASONS
    final: bool = False  # trying again cannot help
    retry_after: float | None = None  # seconds: when the platform said to come back


def lease_files(ctx: Context, reach: Reach, limit: int) -> list[LeasedFile]:
    """Take up to `limit` files that are due."""
    return attachments.lease(ctx.session, reach, ctx.now, limit, LEASE_SECONDS)


def renew_lease(ctx: Context, file: LeasedFile) -> datetime:
    """This worker is still at it; until when it counts now."""
    until = ctx.now + timedelta(seconds=LEASE_SECONDS)
    attachments.renew(ctx.session, file, until)
    return until


def payload_of(ctx: Context, file: LeasedFile) -> bytes:
    """The bytes that wait in the database for a leased file; empty when they are gone."""
    return attachments.get_payload(ctx.session, file.id) or b""


def settle_file(ctx: Context, file: LeasedFile, fetched: Fetched, followers: Sequence[Follower]) -> bool:
    """Commit what became of a file; False when it is not ours any more, so that the blob just made is not needed."""
    row = attachments.get_leased(ctx.session, file.id, file.attempt)
    if row is not None and row.blob_key is not None and row.blob_key == fetched.blob_key:
        return True  # committed before, only the answer was lost
    if row is None or row.state != file.state:
        return False
    before = row.state
    if fetched.retry_after is not None:
        row.tries -= 1
    if fetched.blob_key is not None:
        row.blob_key, row.kind, row.mime, row.size = fetched.blob_key, fetched.kind, fetched.mime, fetched.size
        row.state, row.error, row.next_at = "stored", None, None
        attachments.drop_payload(ctx.session, row.id)
    elif before == "pending" and _hopeless(row, fetched, ctx.now):
        row.state, row.error, row.next_at = "failed", fetched.error, None
        attachments.drop_payload(ctx.session, row.id)
    else:
        row.error = fetched.error
        seconds = fetched.retry_after or min(10.0 * 3 ** min(row.tries, 10), SLOWEST_RETRY)
        row.next_at = ctx.now + timedelta(seconds=seconds)
    ctx.session.flush()
    if row.state != before:
        _tell(ctx, row, followers)
    return True


def _hopeless(row: Attachment, fetched: Fetched, now: datetime) -> bool:
    """Whether a file is not tried again. To be told when to come back is no failure."""
    urgent = row.holder.startswith(URGENT)
    if fetched.retry_after is not None:
        return now - row.created_at > (URGENT_PATIENCE if urgent else PATIENCE)
    return fetched.final or row.tries >= (URGENT_ATTEMPTS if urgent else FETCH_ATTEMPTS)


def forget_file(ctx: Context, file: LeasedFile) -> None:
    """The blob of a removed file is purged: nothing but its row's id was left, and that goes too."""
    row = attachments.get_leased(ctx.session, file.id, file.attempt)
    if row is not None and row.state == "removed":
        attachments.drop_payload(ctx.session, row.id)
        ctx.session.delete(row)


def return_file(ctx: Context, file: LeasedFile) -> None:
    """Leave a file to other workers at once, unless something became of it."""
    attachments.end_lease(ctx.session, file, ctx.now)
    ctx.wake("files")


def when_next_file(ctx: Context) -> datetime | None:
    """When a file is due next; None when none is."""
    return attachments.next_due(ctx.session)


def _tell(ctx: Context, row: Attachment, followers: Sequence[Follower]) -> None:
    """Each follower in a savepoint: one that fails loses neither the file nor the others' part."""
    for follower in followers:
        try:
            with ctx.attempt():
                follower(ctx, row)
        except Exception as error:
            if storage_failed(error):
                raise
            log.exception("a follower of a file failed", attachment=row.pid, follower=follower.__name__)


__all__ = [
    "Fetched", "Follower", "LeasedFile", "forget_file", "lease_files", "payload_of", "renew_lease", "return_file",
    "settle_file", "when_next_file",
]  # fmt: skip
