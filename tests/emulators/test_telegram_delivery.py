"""How updates reach a bot: the rules of the official server, by long polling and by webhook."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from tests.emulators.conftest import Ask
from tests.emulators.telegram import Bot, Emulator, Person, World, add_person


def ids(body: dict[str, Any]) -> list[int]:
    return [update["update_id"] for update in body["result"]]


def texts(body: dict[str, Any]) -> list[str]:
    return [update["message"]["text"] for update in body["result"]]


async def test_an_offset_acknowledges(bot: Bot, li: Person, ask: Ask, world: World) -> None:
    for text in "一二三四":
        li.say(bot, text)
    assert texts(await ask("getUpdates", limit=2)) == ["一", "二"]
    world.clock.advance(5)
    body = await ask("getUpdates")  # nothing was acknowledged
    assert texts(body) == ["一", "二", "三", "四"] and ids(body) == list(range(ids(body)[0], ids(body)[0] + 4))
    assert texts(await ask("getUpdates", offset=ids(body)[1])) == ["二", "三", "四"]
    assert texts(await ask("getUpdates", offset=-1)) == ["四"]
    assert texts(await ask("getUpdates", offset=ids(body)[0])) == ["四"]
    assert texts(await ask("getUpdates", offset=ids(body)[3] + 1000)) == ["四"]  # too far ahead: taken for a mistake
    assert texts(await ask("getUpdates", offset=ids(body)[3] + 1)) == []


async def test_the_same_offset_in_haste(bot: Bot, li: Person, ask: Ask, world: World) -> None:
    for text in "一二三":
        li.say(bot, text)
    assert len((await ask("getUpdates", offset=5))["result"]) == 3
    assert texts(await ask("getUpdates", offset=5)) == ["一"]  # within half a second: one
    world.clock.advance(1)
    assert len((await ask("getUpdates", offset=5))["result"]) == 3
    await ask("getUpdates", offset=-1)
    first = (await ask("getUpdates", offset=6))["result"][0]["update_id"]
    world.clock.advance(1)
    await ask("getUpdates", offset=first + 1)
    waiting = asyncio.ensure_future(ask("getUpdates", offset=first + 1))  # within three seconds: waits for three
    await asyncio.sleep(0.1)
    assert not waiting.done()
    world.clock.advance(3)
    assert (await waiting)["result"] == []


async def test_a_poll_waits_for_news(bot: Bot, li: Person, ask: Ask) -> None:
    waiting = asyncio.ensure_future(ask("getUpdates", timeout=50))
    await asyncio.sleep(0.05)
    li.say(bot, "你好")
    assert texts(await waiting) == ["你好"]


async def test_two_pollers(bot: Bot, ask: Ask, world: World) -> None:
    first = asyncio.ensure_future(ask("getUpdates", timeout=50))
    await asyncio.sleep(0.05)
    second = asyncio.ensure_future(ask("getUpdates", timeout=50, offset=1))
    body = await first
    assert body["error_code"] == 409 and "terminated by other getUpdates request" in body["description"]
    third = asyncio.ensure_future(ask("getUpdates", timeout=50, offset=2))
    await asyncio.sleep(0.1)
    assert not second.done()  # a further refusal is held back for three seconds
    world.clock.advance(3)
    assert (await second)["error_code"] == 409
    bot.reader.end("over")
    world.clock.advance(3)
    await third


async def test_kinds_that_must_be_named(bot: Bot, li: Person, ask: Ask, world: World) -> None:
    group = li.create_group("组", bot)
    li.promote(group, bot)
    bot.queue.clear()
    zhang = add_person(world, "张")
    li.invite(group, zhang)
    assert [list(update)[1] for update in (await ask("getUpdates"))["result"]] == ["message"]
    await ask("getUpdates", offset=-1, allowed_updates=["chat_member", "message_reaction"])
    li.remove(group, zhang)
    kinds = [list(update)[1] for update in (await ask("getUpdates", offset=7))["result"]]
    assert kinds == ["message", "chat_member"]  # what was queued before is not touched
    await ask("getUpdates", offset=-1)
    li.react(li.say(group, "x"), "👍")
    remembered = (await ask("getUpdates", offset=8))["result"][-1]["message_reaction"]
    assert remembered["new_reaction"] == [{"type": "emoji", "emoji": "👍"}]


async def test_updates_age(bot: Bot, li: Person, world: World, ask: Ask) -> None:
    await ask("sendMessage", chat_id=li.id, text="?", reply_markup={"inline_keyboard": [[BUTTON]]})
    li.say(bot, "一")
    li.press(li.sees(bot)[-2], "好")
    assert len(bot.queue.waiting()) == 2
    world.clock.advance(151)
    assert [entry.kind for entry in bot.queue.waiting()] == ["message"]
    world.clock.advance(86_400)
    assert bot.queue.waiting() == []


BUTTON = {"text": "好", "callback_data": "a"}


class Hook:
    """A bot's webhook: notes what comes and answers as it is told."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.secrets: list[str] = []
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.at_once = self.most_at_once = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            part = await receive()
            body, more = body + part.get("body", b""), part.get("more_body", False)
        self.got.append(json.loads(body))
        self.secrets.append(dict(scope["headers"]).get(b"x-telegram-bot-api-secret-token", b"").decode())
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        await self.open.wait()
        self.at_once -= 1
        status, headers, said = self.answers.pop(0) if self.answers else (200, {}, b"")
        told = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": told})
        await send({"type": "http.response.body", "body": said})

    def texts(self) -> list[str]:
        return [update["message"]["text"] for update in self.got]


@pytest.fixture
async def hook() -> AsyncIterator[tuple[Hook, str]]:
    """A hook and its URL."""
    listening, made = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP), Hook()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(made, log_config=None, lifespan="off"))
    serving = asyncio.ensure_future(server.serve(sockets=[listening]))
    yield made, f"http://127.0.0.1:{listening.getsockname()[1]}/hook"
    made.open.set()
    server.should_exit = server.force_exit = True
    await serving
    listening.close()


async def test_a_webhook(bot: Bot, li: Person, ask: Ask, hook: tuple[Hook, str], world: World) -> None:
    made, url = hook
    body = await ask("setWebhook", url=url, secret_token="s3cret", max_connections=3)
    assert body == {"ok": True, "result": True, "description": "Webhook was set"}
    li.say(bot, "一")
    await world.until(lambda: not bot.queue.waiting())
    assert made.texts() == ["一"] and made.secrets == ["s3cret"]
    body = await ask("getUpdates")
    assert body["error_code"] == 409 and "can't use getUpdates method while webhook is active" in body["description"]
    assert (await ask("setWebhook", url=url))["parameters"] == {"retry_after": 1}
    world.clock.advance(1)
    body = await ask("setWebhook", url=url, secret_token="s3cret", max_connections=3)
    assert body["description"] == "Webhook is already set"
    info = (await ask("getWebhookInfo"))["result"]
    assert (info["url"], info["max_connections"], info["pending_update_count"]) == (url, 3, 0)
    assert (await ask("deleteWebhook"))["description"] == "Webhook was deleted"
    li.say(bot, "二")
    assert texts(await ask("getUpdates")) == ["二"]


async def test_failed_deliveries_come_again(
    bot: Bot, li: Person, ask: Ask, hook: tuple[Hook, str], world: World
) -> None:
    made, url = hook
    made.answers = [(500, {}, b""), (500, {}, b""), (503, {"retry-after": "100"}, b""), (200, {}, b"")]
    await ask("setWebhook", url=url)
    li.say(bot, "一")
    li.say(bot, "二")
    await wait_for(lambda: len(made.got) == 2)  # the second try comes at once
    info = (await ask("getWebhookInfo"))["result"]
    assert info["pending_update_count"] == 2 and "500" in info["last_error_message"]
    await asyncio.sleep(0.1)
    assert len(made.got) == 2
    world.clock.advance(2)
    await wait_for(lambda: len(made.got) == 3)
    await asyncio.sleep(0.1)
    world.clock.advance(90)
    await asyncio.sleep(0.1)
    assert len(made.got) == 3  # Retry-After is obeyed
    world.clock.advance(11)
    await world.until(lambda: not bot.queue.waiting())
    assert made.texts() == ["一", "一", "一", "一", "二"]  # one chat's updates keep their order


async def test_chats_are_delivered_side_by_side(
    bot: Bot, li: Person, ask: Ask, hook: tuple[Hook, str], world: World
) -> None:
    made, url = hook
    others = [add_person(world, name) for name in "甲乙丙丁"]
    await ask("setWebhook", url=url, max_connections=3)
    made.open.clear()
    for person in [li, *others]:
        person.say(bot, "一")
        person.say(bot, "二")
    await wait_for(lambda: made.at_once == 3)
    await asyncio.sleep(0.05)
    assert made.most_at_once == 3 and made.texts() == ["一"] * 3
    made.open.set()
    await world.until(lambda: not bot.queue.waiting())
    assert len(made.got) == 10 and made.most_at_once == 3


async def test_other_settings_send_what_is_in_flight_again(
    bot: Bot, li: Person, ask: Ask, hook: tuple[Hook, str], world: World
) -> None:
    made, url = hook
    await ask("setWebhook", url=url)
    made.open.clear()
    li.say(bot, "一")
    await wait_for(lambda: made.at_once == 1)
    world.clock.advance(1)
    await ask("setWebhook", url=url, secret_token="new")
    await wait_for(lambda: len(made.got) == 2)
    made.open.set()
    await world.until(lambda: not bot.queue.waiting())
    assert made.texts() == ["一", "一"] and made.secrets == ["", "new"]


async def test_a_call_inside_the_answer(
    bot: Bot, li: Person, ask: Ask, hook: tuple[Hook, str], telegram: Emulator
) -> None:
    made, url = hook
    said = json.dumps({"method": "sendMessage", "chat_id": li.id, "text": "回答"}).encode()
    refused = json.dumps({"method": "deleteWebhook"}).encode()
    made.answers = [(200, {"content-type": "application/json"}, body) for body in (said, refused)]
    await ask("setWebhook", url=url)
    li.say(bot, "一")
    li.say(bot, "二")
    await telegram.world.until(lambda: not bot.queue.waiting())
    assert [message.text for message in li.sees(bot) if message.sender is bot] == ["回答"]
    assert bot.webhook is not None


async def test_what_was_never_taken_is_dropped_in_the_end(
    bot: Bot, li: Person, ask: Ask, hook: tuple[Hook, str], world: World
) -> None:
    made, url = hook
    made.answers = [(500, {}, b"")] * 99
    await ask("setWebhook", url=url)
    li.say(bot, "一")
    await wait_for(lambda: len(made.got) == 2)
    await asyncio.sleep(0.05)
    world.clock.advance(86_300)
    await wait_for(lambda: len(made.got) == 3)
    await asyncio.sleep(0.05)
    world.clock.advance(101)
    await wait_for(lambda: len(made.got) == 4 or not bot.queue.waiting())
    assert bot.queue.waiting() == []


async def test_a_bot_that_is_gone(bot: Bot, li: Person, ask: Ask, hook: tuple[Hook, str], world: World) -> None:
    made, url = hook
    made.answers = [(410, {}, b"")] * 99
    await ask("setWebhook", url=url)
    li.say(bot, "一")
    await wait_for(lambda: len(made.got) == 2)
    await asyncio.sleep(0.05)
    world.clock.advance(23 * 3600 + 1)
    await wait_for(lambda: bot.webhook is None)
    assert (await ask("getWebhookInfo"))["result"]["url"] == ""


async def test_a_server_that_was_away(world: World, bot: Bot, telegram: Emulator, hook: tuple[Hook, str]) -> None:
    made, url = hook
    async with Emulator(world) as first:
        port = int(first.api_base.rpartition(":")[2])
        async with httpx2.AsyncClient(trust_env=False, verify=False) as client:
            await client.post(f"{first.api_base}/bot{bot.token}/setWebhook", data={"url": url})
    li = add_person(world, "李")
    li.start(bot)
    async with httpx2.AsyncClient(trust_env=False, verify=False) as client:
        with pytest.raises(httpx2.ConnectError):
            await client.get(f"{first.api_base}/bot{bot.token}/getMe")
    assert not made.got
    async with Emulator(world, port=port):
        await world.until(lambda: not bot.queue.waiting())
    assert made.texts() == ["/start"]


async def test_a_link_to_a_file_works_for_an_hour(bot: Bot, li: Person, ask: Ask, telegram: Emulator) -> None:
    kept = li.send(bot, "document", b"words", "a.txt").content["document"]["file_id"]
    large = li.send(bot, "video", bytes((20 << 20) + 1), "v.mp4").content["video"]["file_id"]
    assert (await ask("getFile", file_id=large))["description"] == "Bad Request: file is too big"
    path = (await ask("getFile", file_id=kept))["result"]["file_path"]
    async with httpx2.AsyncClient(base_url=telegram.api_base, trust_env=False, verify=False) as client:
        assert (await client.get(f"/file/bot{bot.token}/{path}")).content == b"words"
        assert (await client.get(f"/file/bot1:wrong/{path}")).status_code == 404
        telegram.world.clock.advance(3601)
        assert (await client.get(f"/file/bot{bot.token}/{path}")).status_code == 404
        await ask("getFile", file_id=kept)
        assert (await client.get(f"/file/bot{bot.token}/{path}")).status_code == 200


async def wait_for(true: Any, seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.01)
