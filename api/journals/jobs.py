"""What the clock does for logs: tell hosts of new ones, seldom; purge what was withdrawn long ago."""

from collections.abc import Collection
from datetime import timedelta

from api.communities.audiences import quiet_hours_of
from api.context import Context
from api.messaging.outbox import tell_person
from api.messaging.tree import Button, Plural, T, Words
from api.releasing import went_well
from api.times import is_quiet
from storage import journals
from storage.communities import Community
from storage.people import Person

DIGEST_EVERY = timedelta(hours=2)
DIGEST_MEMORY = timedelta(days=7)
DIGEST_LIFE = timedelta(hours=6)
KEEP_WITHDRAWN = timedelta(days=30)
BATCH = 500


def send_digests(ctx: Context) -> bool:
    """Tell each host of a workshop how many logs wait: at most every two hours, never at night, one message for all.

    A host in their night is left for the morning. True when the batch was full and not all of it was night.
    """
    sent_before = ctx.now - DIGEST_EVERY
    due = journals.due_digests(ctx.session, ctx.now - DIGEST_MEMORY, sent_before, BATCH)
    told: list[int] = []
    for workshop, host, waiting in due:
        if not went_well(ctx, _send_digest, host, workshop, waiting, told):
            journals.mark_digest(ctx.session, workshop.id, host.id, ctx.now, sent_before)
    return len(due) == BATCH and bool(told)


def _send_digest(ctx: Context, host: Person, workshop: Community, waiting: int, told: list[int]) -> None:
    if is_quiet(ctx.now, quiet_hours_of(ctx, host.quiet_hours), ctx.zone(host)):
        return
    if not journals.mark_digest(ctx.session, workshop.id, host.id, ctx.now, ctx.now - DIGEST_EVERY):
        return
    say = Plural("{workshop}: {n} new log to read", "{workshop}: {n} new logs to read", waiting,
                 workshop=Words(workshop.name))  # fmt: skip
    rows = [[Button(T("Read them"), f"review.open:{workshop.pid}", style="primary")]]
    guard = ["journals_waiting", workshop.id]
    tell_person(ctx, host.id, say, rows, guard=guard, expires_at=ctx.now + DIGEST_LIFE)
    told.append(host.id)


def journals_waiting(ctx: Context, people: Collection[int | None], community_id: int) -> set[int | None]:
    """Guard of a digest: a cohost may have read them all meanwhile."""
    hosts = {host for host in people if host is not None}
    return {host for host in hosts if journals.has_waiting(ctx.session, community_id, host)}


def purge_withdrawn(ctx: Context) -> bool:
    """Empty logs withdrawn more than 30 days ago of their words."""
    old = journals.withdrawn_before(ctx.session, ctx.now - KEEP_WITHDRAWN, BATCH)
    journals.forget_words(ctx.session, [entry.id for entry in old])
    return len(old) == BATCH
