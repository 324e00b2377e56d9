"""Whatever comes in the place of Telegram's answers is a SendError like any other: it is tried again, and counted."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from aiogram.client.telegram import TelegramAPIServer

from api.messaging.delivering import Work
from api.messaging.polls import Poll
from api.messaging.tree import Words
from bot.inbound import File
from bot.platforms.base import LONGEST_WAIT, Place, RetryAfter, SendError, Transient
from bot.platforms.telegram.arriving import KINDS
from tests.support.nonsense import ENDLESS, NONSENSE, Talker, talking_nonsense
from tests.support.telegram import TelegramWorld, a_telegram_world
from tests.telegram.test_files import counted, later, outcomes
from tests.telegram.test_sending import a_file, claimed, picture, tell

GROUP = {"message": {"message_id": 1, "chat": {"id": -5, "type": "supergroup"}, "from": {"id": 7}}}
TOO_MANY = f'{{"ok": false, "description": "Too Many", "parameters": {{"retry_after": {ENDLESS}}}}}'.encode()
PAGE = NONSENSE["html"]
POLL = Poll("poll:x", Words("几点？"), (Words("三点"), Words("四点")))


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[TelegramWorld]:
    async with a_telegram_world(database_url, receiving=False) as world:
        yield world


@pytest.fixture
async def talker() -> AsyncIterator[Talker]:
    async with talking_nonsense() as talker:
        yield talker


async def fetch(world: TelegramWorld) -> None:
    async for _ in world.telegram.fetch(File("photo", "", "image/jpeg", 5, {"file_id": "f"})):
        pass


def asks_of(world: TelegramWorld) -> dict[str, Callable[[], Awaitable[Any]]]:
    """Everything but deliveries."""
    telegram, client = world.telegram, world.telegram._client
    assert client is not None and telegram.mirroring is not None
    room = Place("p", "-5", "main", {}, {})
    return {
        "start": telegram.start, "poll": lambda: client.updates(None, KINDS), "fetch": lambda: fetch(world),
        "administers": lambda: telegram.administers(GROUP), "look": lambda: telegram.mirroring.look(room),
    }  # fmt: skip


def works_of(work: Work, photos: list[str]) -> dict[str, Work]:
    """Deliveries of every kind."""
    return {
        "words": work, "photo": replace(work, files=photos[:1]), "album": replace(work, files=photos),
        "poll": replace(work, poll=POLL), "edit": replace(work, kind="edit", targets=["5", "6"]),
        "edit of a photo": replace(work, kind="edit", targets=["5"], files=photos[:1]),
        "delete": replace(work, kind="delete", targets=["5"]), "ack": replace(work, kind="ack", handle="7"),
        "end of a poll": replace(work, kind="edit", targets=["5"], poll_id="8", poll=replace(POLL, closed=True)),
    }  # fmt: skip


@pytest.mark.timeout(600)  # a thousand answers
async def test_nonsense_is_a_failure_like_any_other(world: TelegramWorld, talker: Talker) -> None:
    li: Any = await world.teacher("李老师")
    work = await claimed(world, li, Words("好"))
    photos = [await a_file(world, f"{n}.png", "photo", picture()) for n in range(2)]
    assert world.telegram._client is not None
    world.telegram._client.bot.session.api = TelegramAPIServer.from_base(talker.url)
    acts = asks_of(world)
    for name, one in works_of(work, photos).items():
        acts[f"send {name}"] = lambda one=one: world.telegram.send(replace(one, begun=[]))  # type: ignore[misc]
    odd = []
    talker.body, talker.status = TOO_MANY, 429
    with pytest.raises(RetryAfter) as caught:
        await world.telegram.send(work)
    assert caught.value.seconds == LONGEST_WAIT
    for act, do in acts.items():
        for said, body in NONSENSE.items():
            for status in (200, 400, 500):
                talker.body, talker.status = body, status
                try:
                    await do()
                except SendError:
                    continue
                except Exception as error:
                    odd.append(f"{act} was answered {status} {said}: {error!r}"[:200])
    assert not odd, "\n".join(odd)




async def test_an_outage_of_nonsense_loses_nothing_and_doubles_nothing(world: TelegramWorld) -> None:
    """What may have been sent is sent again where answers come again, not until it is given up."""
    li: Any = await world.teacher("李老师")
    before = counted()
    world.emulator.faults.fail("", 200, times=10**6, body=PAGE)
    await tell(world, li, Words("好"))
    await later(world, 30)
    world.emulator.faults.clear()
    await later(world, 3)
    assert [message.text for message in li.messages()] == ["好"]
    assert counted() - before == 1
    assert await world.run(outcomes) == [("sent", None)]


async def test_a_page_instead_of_a_file_is_no_file(world: TelegramWorld) -> None:
    li: Any = await world.teacher("李老师")
    sent = li.phone.send(world.bot, "photo", picture())
    file = File("photo", "", "image/jpeg", 0, {"file_id": sent.content["photo"][-1]["file_id"]})
    fault = world.emulator.faults.fail("file", 200, body=PAGE)
    with pytest.raises(Transient):
        await all_of(world.telegram.fetch(file))
    assert fault.done and await all_of(world.telegram.fetch(file))


async def all_of(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])
