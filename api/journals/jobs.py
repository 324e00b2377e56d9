"""What the clock does for logs: tell hosts of new ones, seldom; purge what was withdrawn long ago."""

from datetime import timedelta

from api.communities.audiences import quiet_hours_of
from api.context import Context
from api.messaging.outbox import tell_person
from api.messaging.tree import Button, Plural, T, Words
from api.times import is_quiet
from storage import journals

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
    told = 0
    for workshop, host, waiting in due:
        if is_quiet(ctx.now, quiet_hours_of(ctx, host.quiet_hours), ctx.zone(host)):
            continue
        if not journals.mark_digest(ctx.session, workshop.id, host.id, ctx.now, sent_before):
            continue
        told += 1
        say = Plural("{workshop}: {n} new log to read", "{workshop}: {n} new logs to read", waiting,
                     workshop=Words(workshop.name))  # fmt: skip
        rows = [[Button(T("Read them"), f"review.open:{workshop.pid}", style="primary")]]
        guard = ["journals_waiting", workshop.id]
        tell_person(ctx, host.id, say, rows, guard=guard, expires_at=ctx.now + DIGEST_LIFE)
    return len(due) == BATCH and told > 0


def journals_waiting(ctx: Context, person_id: int, community_id: int) -> bool:
    """Guard of a digest: a cohost may have read them all meanwhile."""
    return journals.has_waiting(ctx.session, community_id, person_id)


def purge_withdrawn(ctx: Context) -> bool:
    """Empty logs withdrawn more than 30 days ago of their words."""
    old = journals.withdrawn_before(ctx.session, ctx.now - KEEP_WITHDRAWN, BATCH)
    journals.forget_words(ctx.session, [entry.id for entry in old])
    return len(old) == BATCH
