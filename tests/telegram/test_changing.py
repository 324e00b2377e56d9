"""What was said changes or is taken back: exactly the new words are left, whatever it became before."""

from typing import Any

import pytest

from api.broadcasts import end_message
from api.context import Context
from api.messaging.outbox import delete_message, edit_message
from api.messaging.tree import Button, Lines, Node, Rows, Words
from storage.messaging import Delivery, SentEvent
from tests.support.telegram import TelegramVoice, TelegramWorld
from tests.telegram.test_sending import a_file, picture, tell

ROWS: Rows = [[Button(Words("收到"), "x:1")]]
GONE = "这条通知已撤回"


@pytest.fixture
async def li(world: TelegramWorld) -> Any:
    return await world.teacher("李老师")


async def files(world: TelegramWorld, photos: int, papers: int) -> list[str]:
    shown = [await a_file(world, f"{n}.png", "photo", picture((40, 30 + n))) for n in range(photos)]
    return shown + [await a_file(world, f"{n}.pdf", "document", b"%PDF" + bytes([n])) for n in range(papers)]


async def change(world: TelegramWorld, message: Any, tree: Node, rows: Rows | None = None) -> None:
    await world.run(lambda ctx: edit_message(ctx, ctx.session.merge(message), tree, rows))
    world.pass_time(minutes=1)
    await world.deliverers.drain()


async def withdraw(world: TelegramWorld, message: Any) -> None:
    await world.run(lambda ctx: end_message(ctx, ctx.session.merge(message), Words(GONE)))
    for _ in range(3):
        world.pass_time(minutes=1)
        await world.deliverers.drain()


def seen(li: TelegramVoice) -> list[tuple[str, list[str], bool]]:
    return [(message.text, message.labels, "text" in message.content) for message in li.messages()]


@pytest.mark.parametrize(
    ("length", "photos", "papers"),
    [(20, 2, 0), (20, 1, 0), (2000, 1, 0), (4500, 2, 1), (9000, 0, 0), (9000, 0, 2), (0, 2, 0)],
)
async def test_nothing_of_what_is_withdrawn_can_be_read_or_seen(
    world: TelegramWorld, li: TelegramVoice, length: int, photos: int, papers: int
) -> None:
    message = await tell(world, li, Words("密" * length), ROWS if length else None, await files(world, photos, papers))
    await withdraw(world, message)
    assert seen(li) == [(GONE, [], True)]
    assert {d.state for d in await world.run(lambda ctx: ctx.session.query(Delivery).all())} == {"sent"}


@pytest.mark.parametrize("fault", ["flood", "away", "dead"])
async def test_a_withdrawal_that_is_cut_short_is_finished_once(
    world: TelegramWorld, li: TelegramVoice, fault: str
) -> None:
    message = await tell(world, li, Words(""), None, await files(world, 3, 0))
    faults = world.emulator.faults
    {
        "flood": lambda: faults.flood("deleteMessage", 3, nth=2),
        "away": lambda: faults.fail("deleteMessage", 502, nth=1, times=2),
        "dead": lambda: faults.flood("deleteMessage", 3, nth=3),
    }[fault]()
    await world.run(lambda ctx: end_message(ctx, ctx.session.merge(message), Words(GONE)))
    world.pass_time(minutes=1)
    await world.deliverers.drain()
    if fault == "dead":
        await world.telegram.close()
        await world.telegram.start()
    for _ in range(3):
        world.pass_time(minutes=1)
        await world.deliverers.drain()
    assert seen(li) == [(GONE, [], True)]


async def test_what_was_half_sent_when_it_was_withdrawn_goes_too(world: TelegramWorld, li: TelegramVoice) -> None:
    world.emulator.faults.flood("sendVoice", 600)
    voice = await a_file(world, "说.ogg", "voice", b"OggS")
    message = await tell(world, li, Words("密" * 3000), ROWS, [*await files(world, 3, 0), voice])
    assert len(seen(li)) == 3
    await withdraw(world, message)
    world.pass_time(minutes=10)
    await world.deliverers.drain()
    assert seen(li) == [(GONE, [], True)]


async def test_what_is_too_old_to_be_deleted_is_emptied(world: TelegramWorld, li: TelegramVoice) -> None:
    said = await tell(world, li, Words("密" * 4500), ROWS, await files(world, 2, 1))
    world.emulator.world.clock.advance(3 * 24 * 3600)
    before = [m.content.get("photo") or m.content.get("document") for m in li.messages()]
    await withdraw(world, said)
    assert "密" not in "".join(text for text, _, _ in seen(li)) and seen(li)[-1] == (GONE, [], True)
    after = [m.content.get("photo") or m.content.get("document") for m in li.messages()]
    assert [one for one in before if one] and not [one for one in before if one and one in after]


async def test_a_deleted_message_of_many_parts_disappears(world: TelegramWorld, li: TelegramVoice) -> None:
    message = await tell(world, li, Words("密" * 4500), ROWS, await files(world, 2, 1))
    await world.run(lambda ctx: delete_message(ctx, ctx.session.merge(message)))
    await world.deliverers.drain()
    assert seen(li) == []


@pytest.mark.parametrize("photos", [0, 1, 2])
async def test_words_that_shrink_or_grow_leave_nothing_old(
    world: TelegramWorld, li: TelegramVoice, photos: int
) -> None:
    sent = await files(world, photos, 0)
    message = await tell(world, li, Words("旧" * 9000), ROWS, sent)
    for length in (9000, 4100, 10):
        await change(world, message, Words("新" * length), ROWS)
        shown = seen(li)[photos:]
        assert "".join(text for text, _, _ in shown) == "新" * length, length
        assert [labels for _, labels, _ in shown] == [[]] * (len(shown) - 1) + [["收到"]]
        assert len(seen(li)) == photos + len(shown)


async def test_words_that_need_more_room_say_so_and_keep_their_last_line(
    world: TelegramWorld, li: TelegramVoice
) -> None:
    message = await tell(world, li, Words("旧"), ROWS)
    await change(world, message, Lines(Words("新" * 5000), Words("3 人已收到")), ROWS)
    ((text, labels, _),) = seen(li)
    assert text.startswith("新" * 4000) and text.endswith("新…\n3 人已收到") and labels == ["收到"]
    assert len(text) == 4096
    await change(world, message, Words("又" * 5000))
    assert seen(li)[0][0] == "又" * 4094 + "…"


async def test_words_under_a_file_have_room_to_grow(world: TelegramWorld, li: TelegramVoice) -> None:
    one = await files(world, 1, 0)
    captioned, long = [await tell(world, li, Words("旧" * n), ROWS, one) for n in (800, 1000)]
    assert [is_text for _, _, is_text in seen(li)] == [False, False, True]
    await change(world, captioned, Lines(Words("新" * 990), Words("3 人已收到")), ROWS)
    await change(world, long, Lines(Words("新" * 1200), Words("3 人已收到")), ROWS)
    assert seen(li)[0][0] == "新" * 990 + "\n3 人已收到" and seen(li)[2][0] == "新" * 1200 + "\n3 人已收到"
    await change(world, captioned, Lines(Words("再" * 1100), Words("4 人已收到")), ROWS)
    text = seen(li)[0][0]
    assert len(text) == 1024 and text.endswith("再…\n4 人已收到")


async def test_an_edit_remembers_what_it_had_to_send(world: TelegramWorld, li: TelegramVoice) -> None:
    """A reply to the new words is a reply to what they say."""
    message = await tell(world, li, Words("密"), None, await files(world, 1, 0))
    await withdraw(world, message)

    def natives(ctx: Context) -> set[str]:
        return {row.native for row in ctx.session.query(SentEvent)}

    assert str(li.messages()[-1].id) in await world.run(natives)
