"""Flood limits, and faults that tests ask for."""

import asyncio

import httpx2
import pytest

from tests.emulators.conftest import Ask
from tests.emulators.telegram import Bot, Emulator, Limits, Person, World, add_person, bad


async def test_one_chat(world: World, bot: Bot, li: Person, ask: Ask) -> None:
    send = {"chat_id": li.id, "text": "x"}
    sent = [await ask("sendMessage", **send) for _ in range(6)]
    assert [body["ok"] for body in sent] == [True] * 5 + [False]  # a short burst passes
    assert sent[-1]["description"] == "Too Many Requests: retry after 1"
    assert sent[-1]["error_code"] == 429 and sent[-1]["parameters"] == {"retry_after": 1}
    assert not (await ask("editMessageText", message_id=sent[0]["result"]["message_id"], **send))["ok"]
    assert (await ask("sendChatAction", chat_id=li.id, action="typing"))["ok"]  # is no message
    world.clock.advance(1)
    assert (await ask("sendMessage", **send))["ok"] and not (await ask("sendMessage", **send))["ok"]
    assert len(world.did("sendMessage")) == 6


async def test_one_group(world: World, bot: Bot, li: Person, ask: Ask) -> None:
    group = li.create_group("组", bot)
    for _ in range(20):
        assert (await ask("sendMessage", chat_id=group.id, text="x"))["ok"]
        world.clock.advance(1)
    body = await ask("sendMessage", chat_id=group.id, text="x")
    assert 38 <= body["parameters"]["retry_after"] <= 40
    world.clock.advance(body["parameters"]["retry_after"])
    assert (await ask("sendMessage", chat_id=group.id, text="x"))["ok"]


async def test_all_together(telegram: Emulator, world: World, bot: Bot, ask: Ask) -> None:
    world.clock._skipped, real = 0, world.clock.time()
    world.clock.time = lambda: real  # type: ignore[method-assign]
    people = [add_person(world, str(number)) for number in range(31)]
    for person in people:
        person.start(bot)
    sent = [await ask("sendMessage", chat_id=person.id, text="x") for person in people]
    assert [body["ok"] for body in sent] == [True] * 30 + [False]
    telegram.limits.on = False
    assert (await ask("sendMessage", chat_id=people[-1].id, text="x"))["ok"]


async def test_limits_can_be_scaled() -> None:
    async with Emulator(limits=Limits(scale=100)) as telegram:
        bot = telegram.world.add_bot()
        li = add_person(telegram.world, "李")
        li.start(bot)
        async with httpx2.AsyncClient(base_url=telegram.api_base, trust_env=False, verify=False) as client:
            for _ in range(10):
                sent = await client.post(f"/bot{bot.token}/sendMessage", data={"chat_id": li.id, "text": "x"})
                await asyncio.sleep(0.01)
                assert sent.json()["ok"]


async def test_faults(telegram: Emulator, world: World, bot: Bot, li: Person, ask: Ask) -> None:
    send = {"chat_id": li.id, "text": "x"}
    flood = telegram.faults.flood("sendMessage", retry_after=7, nth=2)
    assert (await ask("sendMessage", **send))["ok"]
    assert (await ask("sendMessage", **send))["parameters"] == {"retry_after": 7}
    assert (await ask("sendMessage", **send))["ok"] and flood.done == 1
    telegram.faults.refuse("getMe", bad("tired"))
    assert (await ask("getMe"))["description"] == "Bad Request: tired"
    telegram.faults.clear()
    for number, after in enumerate((False, True)):
        telegram.faults.cut("sendMessage", after=after)
        with pytest.raises(httpx2.HTTPError):
            await ask("sendMessage", **send)
        assert len(world.did("sendMessage")) == 2 + number  # cut after the work: done, and nobody knows
    telegram.faults.clear()
    async with httpx2.AsyncClient(base_url=telegram.api_base, trust_env=False, verify=False) as client:
        telegram.faults.fail("getMe", 502)
        broken = await client.get(f"/bot{bot.token}/getMe")
        assert broken.status_code == 502 and broken.text == "Bad Gateway"
        telegram.faults.garbage("getMe")
        garbage = await client.get(f"/bot{bot.token}/getMe")
        assert garbage.status_code == 200 and garbage.text == '{"ok":tru'
        telegram.faults.slow("getMe", 60)
        slow = asyncio.ensure_future(client.get(f"/bot{bot.token}/getMe"))
        await asyncio.sleep(0.05)
        assert not slow.done()
        world.clock.advance(60)
        assert (await slow).json()["ok"]


async def test_faults_of_downloads(telegram: Emulator, world: World, bot: Bot, li: Person, ask: Ask) -> None:
    kept = li.send(bot, "document", b"words" * 100, "a.txt").content["document"]["file_id"]
    path = (await ask("getFile", file_id=kept))["result"]["file_path"]
    async with httpx2.AsyncClient(base_url=telegram.api_base, trust_env=False, verify=False) as client:
        telegram.faults.fail("file", 504)
        assert (await client.get(f"/file/bot{bot.token}/{path}")).status_code == 504
        telegram.faults.clear()
        for after in (False, True):
            telegram.faults.cut("file", after=after)
            with pytest.raises(httpx2.HTTPError):
                await client.get(f"/file/bot{bot.token}/{path}")
        assert (await client.get(f"/file/bot{bot.token}/{path}")).content == b"words" * 100


async def test_what_was_accepted_is_known(world: World, bot: Bot, li: Person, ask: Ask) -> None:
    await ask("sendMessage", chat_id=li.id, text="一")
    await ask("sendMessage", chat_id=4711, text="二")
    (done,) = world.accepted
    assert (done.method, done.bot, done.parameters["text"]) == ("sendmessage", bot, "一")
    assert abs(done.at - world.clock.time()) < 5
