"""What a county of 10,000 teachers left behind: records with all that came with them, months of it."""

from collections.abc import Iterator

from api.context import Context
from benchmarks.bulk import execute, make, without_indexes
from benchmarks.county import add_accounts, add_county, add_places
from storage.communities import Community
from storage.journals import JournalEntry
from storage.messaging import Delivery, Incoming, Message, SentEvent
from storage.records import Record, Tally
from storage.writing import table_of

PEOPLE, WORKSHOPS = 10_000, 300
MINUTES = 500 * 24 * 60  # since the county began
MEMBERSHIPS = """
    INSERT INTO memberships (person_id, community_id, role, status, hands_over, since)
    SELECT id, :workshop + id % :workshops, 'member', 'active', false, :now FROM persons
"""
# for each row of the past: who (from 1), in which workshop, how many minutes ago
WHEN = "SELECT n, 1 + n % {people} AS who, {workshop} + (1 + n % {people}) % {workshops} AS workshop, " \
       "{minutes} - n * {minutes} / ({last} + 1) AS minutes FROM numbers"  # fmt: skip
RECORDS = """
    INSERT INTO records (pid, person_id, verb, object, community_id, amount, result, day, at)
    {numbers}
    SELECT {pid}, who,
           CASE n / :people % 4 WHEN 0 THEN 'journal.submitted' WHEN 1 THEN 'notice.received'
                                WHEN 2 THEN 'quiz.attempted' ELSE 'discussion.posted' END,
           'journal_entry:' || {pid}, workshop, 1, '{{}}'{json}, {day}, {at}
    FROM (<when>) AS past
"""
TALLIES = """
    INSERT INTO tallies (person_id, community_id, verb, day, count)
    {numbers}
    SELECT who, workshop, CASE n / :people % 2 WHEN 0 THEN 'journal.submitted' ELSE 'notice.received' END, {day}, 2
    FROM (SELECT n, who, workshop, (1 + n / :people / 2) * 1440 AS minutes FROM (<when>) AS past) AS days
"""
JOURNALS = """
    INSERT INTO journal_entries (pid, person_id, community_id, body, state, created_at, submitted_at)
    {numbers}
    SELECT {pid}, who, workshop, '今天听了《荷花》，孩子们自己提出了三个问题。', 'submitted', {at}, {at}
    FROM (<when>) AS past
"""
MESSAGES = """
    INSERT INTO messages (pid, tree, buttons, files, created_at)
    {numbers}
    SELECT {pid}, '["words", "收到，谢谢你的日志。"]'{json}, '[]'{json}, '[]'{json}, {at} FROM (<when>) AS past
"""
DELIVERIES = """
    INSERT INTO deliveries (pid, message_id, kind, lane, chat_id, not_before, state, attempts, pending, unheard,
                            sent_at, created_at)
    {numbers}
    SELECT {pid}, 1 + n / 2, 'send', 0, who, {at}, 'sent', 1, false, 0, {at}, {at} FROM (<when>) AS past
"""
EVENTS = """
    INSERT INTO sent_events (delivery_id, chat_id, n, native)
    {numbers}
    SELECT 1 + n, who, 0, 'past' || CAST(n AS VARCHAR) FROM (<when>) AS past
"""
INBOX = """
    INSERT INTO inbox (platform, account, event_id, chat_id, raw, state, received_at, handled_at)
    {numbers}
    SELECT 'paper', '', 'past' || CAST(n AS VARCHAR), who, '{{"kind": "said", "text": "我的进度"}}'{json}, 'done',
           {at}, {at}
    FROM (<when>) AS past
"""
# so many of each for a hundred records
PARTS: tuple[tuple[str, type, int], ...] = (
    (RECORDS, Record, 100), (TALLIES, Tally, 50), (JOURNALS, JournalEntry, 10), (MESSAGES, Message, 10),
    (DELIVERIES, Delivery, 20), (EVENTS, SentEvent, 20), (INBOX, Incoming, 10),
)  # fmt: skip


def settle_county(ctx: Context) -> int:
    """A county whose teachers have accounts and a workshop each; the id of the first workshop."""
    region = ctx.session.get_one(Community, add_county(ctx, PEOPLE))
    first = add_places(ctx, region, "workshop", WORKSHOPS)[0].id
    ctx.session.flush()
    add_accounts(ctx, "paper")
    execute(ctx, MEMBERSHIPS, workshop=first, workshops=WORKSHOPS)
    return first


def parts_of_past(records: int) -> Iterator[tuple[str, type, int]]:
    """(statement, table, how many rows) for a past of so many records."""
    yield from ((statement, table, records * share // 100) for statement, table, share in PARTS)


def fill(ctx: Context, workshop: int, statement: str, table: type, rows: int) -> None:
    """Write one part of the past. `workshop`: the first of them."""
    given = {"people": PEOPLE, "workshops": WORKSHOPS, "minutes": MINUTES, "workshop": workshop}
    when = WHEN.format(last=rows - 1, **given)
    with without_indexes(ctx, table_of(table)):
        make(ctx, statement.replace("<when>", when), rows, **given)
