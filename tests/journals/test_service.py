"""Logs as operations, on both databases: counting, the shared queue, digests, retention."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from api.attachments.service import get_attachment_for, keep_bytes
from api.context import Context
from api.errors import Conflict, Forbidden, NotFound, TooLarge
from api.journals.jobs import purge_withdrawn, send_digests
from api.journals.keeping import erase_journals, export_journals
from api.journals.reviewing import comment_entry, feature_entry, list_for_review, score_entry, take_next
from api.journals.service import (
    MOST_FILES,
    add_uploads,
    drop_files,
    list_mine,
    place_entry,
    revise_entry,
    start_entry,
    withdraw_entry,
)
from api.journals.submitting import submit_entry
from api.journals.texts import count_chars
from api.records.service import my_counts
from api.registry import GUARDS, HOLDERS
from storage.communities import Membership
from storage.journals import JournalComment, JournalEntry
from storage.messaging import Message
from storage.people import Audit
from storage.records import Record
from tests.support.classroom import LONG, Classroom, a_classroom
from tests.support.talk import Voice


@pytest.fixture
async def room(database_url: str) -> AsyncIterator[Classroom]:
    async with a_classroom(database_url) as room:
        yield room


async def handed_in(room: Classroom, voice: Voice, text: str = LONG) -> str:
    """A log that is in; returns its pid."""
    entry = await room.world.run(start_entry, room.workshop.pid, text, actor=voice)
    assert (await room.world.run(submit_entry, entry.pid, actor=voice)).state == "submitted"
    return entry.pid


async def reload(room: Classroom, pid: str) -> JournalEntry:
    return await room.world.run(lambda ctx: ctx.session.query(JournalEntry).filter_by(pid=pid).one())


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        (" \n\t　\u200b\ufeff", 0),
        ("今天 上课", 4),
        ("abc def", 6),
        ("😀👩‍👩‍👧👍🏽🇨🇳❤️", 5),
        ("䶮𠮷é", 3),
        ("e\u0301", 1),
        ("\u202e好\u202c", 1),
    ],
)
def test_characters_are_counted_as_people_do(text: str, count: int) -> None:
    assert count_chars(text) == count


async def test_twenty_characters_are_too_few_and_twenty_one_enough(room: Classroom) -> None:
    short = await room.world.run(start_entry, room.workshop.pid, "字 " * 20, actor=room.li)
    with pytest.raises(Exception, match=r"journal\.too_short") as error:
        await room.world.run(submit_entry, short.pid, actor=room.li)
    assert error.value.data == {"least": 21, "missing": 1}  # type: ignore[attr-defined]
    await room.world.run(revise_entry, short.pid, "字" * 21, actor=room.li)
    assert (await room.world.run(submit_entry, short.pid, actor=room.li)).state == "submitted"


async def test_only_members_hand_in(room: Classroom) -> None:
    with pytest.raises(Forbidden):
        await room.world.run(start_entry, room.workshop.pid, actor=room.lu)
    draft = await room.world.run(start_entry, room.workshop.pid, LONG, actor=room.li)
    with pytest.raises(NotFound):
        await room.world.run(submit_entry, draft.pid, actor=room.zhao)

    def leave(ctx: Context) -> None:
        ctx.session.query(Membership).filter_by(person_id=room.li.person.id).update({"status": "left"})  # type: ignore[union-attr]

    await room.world.run(leave)
    with pytest.raises(Forbidden):
        await room.world.run(submit_entry, draft.pid, actor=room.li)
    await room.world.run(place_entry, draft.pid, None, actor=room.li)
    assert (await room.world.run(submit_entry, draft.pid, actor=room.li)).state == "submitted"


async def test_uploads_are_waited_for_and_seen_by_reviewers_only(room: Classroom) -> None:
    file = await room.world.run(keep_bytes, "a.txt", "text/plain", b"1", actor=room.li)
    draft = await room.world.run(start_entry, room.workshop.pid, LONG, actor=room.li)
    await room.world.run(add_uploads, draft.pid, [file.pid], actor=room.li)
    assert (await room.world.run(submit_entry, draft.pid, actor=room.li)).state == "submitting"
    with pytest.raises(NotFound):
        await room.world.run(get_attachment_for, file.pid, HOLDERS, actor=room.zhang)
    await room.world.settle()
    assert (await reload(room, draft.pid)).state == "submitted"
    room.li.expect("已交到")
    assert (await room.world.run(get_attachment_for, file.pid, HOLDERS, actor=room.zhang)).pid == file.pid
    for other in (room.zhao, room.lu):
        with pytest.raises(NotFound):
            await room.world.run(get_attachment_for, file.pid, HOLDERS, actor=other)
    await room.world.run(withdraw_entry, draft.pid, actor=room.li)
    with pytest.raises(NotFound):
        await room.world.run(get_attachment_for, file.pid, HOLDERS, actor=room.li)


async def test_files_have_a_number_and_can_be_taken_out(room: Classroom) -> None:
    draft = await room.world.run(start_entry, room.workshop.pid, LONG, actor=room.li)
    files = [await room.world.run(keep_bytes, "a", "text/plain", b"1", actor=room.li) for _ in range(MOST_FILES + 1)]
    pids = [file.pid for file in files]
    with pytest.raises(TooLarge):
        await room.world.run(add_uploads, draft.pid, pids, actor=room.li)
    await room.world.run(add_uploads, draft.pid, pids[:3], actor=room.li)
    await room.world.run(drop_files, draft.pid, pids[:1], actor=room.li)
    with pytest.raises(NotFound):
        await room.world.run(get_attachment_for, pids[0], HOLDERS, actor=room.li)
    await room.world.run(add_uploads, draft.pid, pids[3:], actor=room.li)


async def test_handing_in_at_once_twice_counts_once(room: Classroom) -> None:
    draft = await room.world.run(start_entry, room.workshop.pid, LONG, actor=room.li)
    tries = [room.world.run(submit_entry, draft.pid, actor=room.li) for _ in range(4)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, Conflict) for result in results) == 3
    counts = await room.world.run(my_counts, room.li.person.id)  # type: ignore[union-attr]
    assert counts[room.workshop.id, "journal.submitted"] == 1


async def test_reviewers_at_the_same_moment_get_different_logs(room: Classroom) -> None:
    for n in range(6):
        await handed_in(room, room.li, f"{n}{LONG}")
    voices = [room.zhang, room.chen] + [await room.world.teacher(f"副坊主{n}") for n in range(3)]
    for voice in voices[2:]:
        await room.world.join(voice, room.workshop, "cohost")
    taken = await asyncio.gather(*[room.world.run(take_next, room.workshop.pid, actor=voice) for voice in voices])
    assert len({one.entry.pid for one in taken}) == len(voices)
    with pytest.raises(Forbidden):
        await room.world.run(take_next, room.workshop.pid, actor=room.zhao)


async def test_scoring_again_replaces_and_counts_once(room: Classroom) -> None:
    pid = await handed_in(room, room.li)
    for score in (3, 3, 5):
        await room.world.run(score_entry, pid, score, actor=room.zhang)
    assert (await reload(room, pid)).score == 5

    def scores(ctx: Context) -> list[tuple[int, Any]]:
        rows = ctx.session.query(Record).filter_by(verb="journal.scored").order_by(Record.id)
        return [(row.amount, row.result["score"]) for row in rows]

    assert await room.world.run(scores) == [(1, 3), (0, 5)]
    with pytest.raises(Conflict):
        await room.world.run(revise_entry, pid, LONG, actor=room.li)
    assert await room.world.run(feature_entry, pid, True, actor=room.zhang) is True
    assert await room.world.run(feature_entry, pid, True, actor=room.zhang) is False
    await room.world.run(withdraw_entry, pid, actor=room.li)
    counts = await room.world.run(my_counts, room.li.person.id)  # type: ignore[union-attr]
    kept = {verb: n for (place, verb), n in counts.items() if place == room.workshop.id}
    assert (kept["journal.submitted"], kept["journal.featured"]) == (0, 0)


async def test_lists_are_pages_and_reading_them_is_written_down(room: Classroom) -> None:
    pids = [await handed_in(room, room.li, f"{n}{LONG}") for n in range(3)]
    found = await room.world.run(list_for_review, room.workshop.pid, limit=2, actor=room.zhang)
    assert [entry.pid for entry, _ in found] == pids[::-1], "one more than asked for tells that there is more"
    rest = await room.world.run(list_for_review, room.workshop.pid, before_pid=pids[1], actor=room.zhang)
    assert [entry.pid for entry, _ in rest] == pids[:1]
    assert await room.world.run(lambda ctx: ctx.session.query(Audit).filter_by(act="journal.listed").count()) == 2
    assert len(await room.world.run(list_mine, actor=room.li)) == 3
    assert await room.world.run(list_mine, actor=room.zhao) == []


async def test_two_clocks_send_one_digest(room: Classroom) -> None:
    await handed_in(room, room.li)
    await asyncio.gather(*[room.world.run(send_digests) for _ in range(4)])
    assert await room.world.run(lambda ctx: ctx.session.query(Message).count()) == 2, "one each to host and cohost"
    guard, workshop_id = GUARDS["journals_waiting"], room.workshop.id
    host = room.zhang.person.id  # type: ignore[union-attr]
    assert await room.world.run(guard, [host], workshop_id) == {host}
    pid = (await room.world.run(take_next, room.workshop.pid, actor=room.chen)).entry.pid
    await room.world.run(score_entry, pid, 4, actor=room.chen)
    assert not await room.world.run(guard, [host], workshop_id), "what was read meanwhile is not announced"


async def test_withdrawn_words_are_purged_after_a_month(room: Classroom) -> None:
    pid = await handed_in(room, room.li)
    await room.world.run(comment_entry, pid, "很好", actor=room.zhang)
    await room.world.run(withdraw_entry, pid, actor=room.li)
    await room.world.run(purge_withdrawn)
    assert (await reload(room, pid)).body == LONG
    room.world.pass_time(days=31)
    await room.world.run(purge_withdrawn)
    assert (await reload(room, pid)).body == ""
    assert await room.world.run(lambda ctx: ctx.session.query(JournalComment).count()) == 0


async def test_a_person_gets_and_loses_every_word(room: Classroom) -> None:
    pid, other = await handed_in(room, room.li), await handed_in(room, room.zhang)
    await room.world.run(comment_entry, pid, "很好", actor=room.zhang)
    await room.world.run(comment_entry, other, "也很好", actor=room.chen)
    zhang = room.zhang.person
    assert zhang is not None
    told = await room.world.run(export_journals, zhang)
    assert told["journal_entries"][0]["body"] == LONG and told["journal_entries"][0]["comments"] == ["也很好"]
    assert told["journal_comments"][0] == {"entry": pid, "body": "很好", "at": told["journal_comments"][0]["at"]}
    await room.world.run(erase_journals, zhang)
    told = await room.world.run(export_journals, zhang)
    assert [(entry["state"], entry["body"]) for entry in told["journal_entries"]] == [("withdrawn", "")]
    assert told["journal_comments"] == []
    assert (await reload(room, pid)).body == LONG, "others' logs stay"


async def test_a_lease_ends_after_fifteen_minutes(room: Classroom) -> None:
    pid = await handed_in(room, room.li)
    await room.world.run(take_next, room.workshop.pid, actor=room.zhang)
    with pytest.raises(Conflict):
        await room.world.run(score_entry, pid, 4, actor=room.chen)
    room.world.pass_time(seconds=timedelta(minutes=15).total_seconds() + 1)
    await room.world.run(score_entry, pid, 4, actor=room.chen)
