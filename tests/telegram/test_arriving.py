"""How updates come in: stored before Telegram hears so, each once, whatever goes wrong; by polling and by webhook."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from prometheus_client import REGISTRY
from pydantic import SecretStr

from api.app import create_app
from api.context import Context
from bot.inbound import Inbound
from bot.platforms.base import Transient
from bot.platforms.telegram.arriving import next_offset, take_in
from bot.platforms.telegram.webhook import MAX_BODY, webhook_routes
from bot.registry import Feature
from bot.turn import Turn
from storage.messaging import Chat, Cursor, Incoming
from tests.emulators.telegram.errors import bad, conflict
from tests.support.telegram import TelegramWorld, a_telegram_world

SECRET = "a-secret-of-the-tests"


class Ears:
    """What the bot heard."""

    def __init__(self) -> None:
        self.heard: list[Inbound] = []

    def take(self, turn: Turn) -> bool:
        self.heard.append(turn.inbound)
        return True

    def feature(self) -> Feature:
        return Feature(offers=(self.take,), overhears=(self.take,))

    @property
    def texts(self) -> list[str]:
        return [inbound.text for inbound in self.heard]


@pytest.fixture
def ears() -> Ears:
    return Ears()


@pytest.fixture
async def world(database_url: str, ears: Ears) -> AsyncIterator[TelegramWorld]:
    async with a_telegram_world(database_url, (ears.feature(),)) as world:
        yield world


def stored(ctx: Context) -> list[tuple[str, str]]:
    return [(row.event_id, row.state) for row in ctx.session.query(Incoming).order_by(Incoming.id)]


def offset(ctx: Context) -> int:
    return int(ctx.session.query(Cursor).filter_by(platform="telegram", name="offset").one().value)


async def test_the_offset_is_kept_with_what_it_stands_for(world: TelegramWorld, ears: Ears) -> None:
    li: Any = await world.teacher("李老师")
    for n in range(3):
        await li.say(f"说{n}")
    rows = await world.run(stored)
    assert ears.texts == ["说0", "说1", "说2"] and len(rows) == 3
    assert await world.run(offset) == int(rows[-1][0]) + 1


@pytest.mark.parametrize("fault", ["conflict", "flood", "502", "cut before", "cut after", "html"])
async def test_polling_survives(world: TelegramWorld, ears: Ears, fault: str) -> None:
    li: Any = await world.teacher("李老师")
    await li.say("先")
    faults = world.emulator.faults
    strike = {
        "conflict": lambda: faults.refuse("getUpdates", conflict("terminated by other getUpdates request"), times=2),
        "flood": lambda: faults.flood("getUpdates", 1),
        "502": lambda: faults.fail("getUpdates", 502, times=2),
        "cut before": lambda: faults.cut("getUpdates", times=2),
        "cut after": lambda: faults.cut("getUpdates", after=True),
        "html": lambda: faults.fail("getUpdates", 200, body=b"<html>hello</html>"),
    }[fault]()
    li.phone.say(world.bot, "一")  # ends the poll that waits; the next ones fail
    li.phone.say(world.bot, "二")
    async with asyncio.timeout(15):
        while not strike.done:
            li.phone.say(world.bot, "三")
            await asyncio.sleep(0.3)
    await world.settle()
    assert ears.texts[:3] == ["先", "一", "二"] and set(ears.texts[3:]) <= {"三"}
    said = [m for m in li.phone.sees(world.bot) if m.sender is li.phone]
    assert len(ears.texts) == len(said), "each once"


async def test_the_same_updates_again_change_nothing(world: TelegramWorld, ears: Ears) -> None:
    li: Any = await world.teacher("李老师")
    await li.say("一")

    def raws(ctx: Context) -> list[Any]:
        return [row.raw for row in ctx.session.query(Incoming)]

    for _ in range(3):
        await take_in(world.runtime, world.telegram.account, await world.run(raws))
    await world.settle()
    assert ears.texts == ["一"]


async def test_malformed_updates_are_dead_and_stall_nobody(world: TelegramWorld, ears: Ears) -> None:
    li: Any = await world.teacher("李老师")
    for kind, payload in (("message", {"message_id": "?"}), ("message", 5), ("poll_answer", {"poll_id": "p"})):
        world.bot.queue.push(kind, payload, "k")
    chat = {"id": li.phone.id, "type": "private"}
    nobody = {"message_id": 5, "date": 1, "chat": chat, "from": {"id": "x"}, "text": "坏"}
    world.bot.queue.push("message", nobody, "k")
    await li.say("好的")
    assert ears.texts == ["好的"]
    assert sorted(state for _, state in await world.run(stored)) == ["dead"] * 4 + ["done"]


NESTED: Any = 1
for _ in range(300):
    NESTED = {"a": NESTED}
STRANGE = {
    "nan": {"x": float("nan")}, "infinite": {"x": [float("inf")]}, "deep": {"x": NESTED},
    "chat": {"chat": {"id": 10**300, "type": "private"}}, "from": {"from": {"id": 10**300, "first_name": "李"}},
    "topic": {"chat": {"id": -5, "type": "supergroup"}, "is_topic_message": True, "message_thread_id": 10**300},
    "size": {"document": {"file_id": "f", "file_size": 10**300}},
}  # fmt: skip


@pytest.mark.both_databases
@pytest.mark.parametrize("name", STRANGE)
async def test_what_no_database_keeps_is_dead_and_stalls_nobody(world: TelegramWorld, ears: Ears, name: str) -> None:
    bad, good = said(7, "坏"), said(8, "好")
    bad["message"] |= STRANGE[name]
    await take_in(world.runtime, world.telegram.account, [bad, good], 9)
    await take_in(world.runtime, world.telegram.account, [bad], 9)
    await world.handlers.drain()
    assert ears.texts == ["好"]
    assert sorted(await world.run(stored)) == [("7", "dead"), ("8", "done")]


@pytest.mark.parametrize("number", ["7", 10**40, -5, None, 1.5, True])
async def test_an_update_without_a_usable_id_moves_no_offset(world: TelegramWorld, number: Any) -> None:
    updates = [said(3, "好"), said(number, "坏")]
    assert next_offset(updates, 2) == 4
    await take_in(world.runtime, world.telegram.account, updates, 4)
    assert sorted(state for _, state in await world.run(stored)) == ["dead", "new"]


async def test_a_file_that_cannot_be_reached_now_is_fetched_later(world: TelegramWorld, ears: Ears) -> None:
    from tests.telegram.test_sending import picture

    li: Any = await world.teacher("李老师")
    li.phone.send(world.bot, "photo", picture())
    await world.settle()
    ((file,),) = [inbound.files for inbound in ears.heard]
    words = "wrong file_id or the file is temporarily unavailable"
    world.emulator.faults.refuse("getFile", bad(words))
    with pytest.raises(Transient, match=words):
        _ = [piece async for piece in world.telegram.fetch(file)]
    assert b"".join([piece async for piece in world.telegram.fetch(file)])


async def test_an_album_whose_parts_come_one_by_one(world: TelegramWorld, ears: Ears) -> None:
    li: Any = await world.teacher("李老师")
    files = [{"kind": "photo", "name": "", "mime": "", "ref": {"key": "x"}}] * 3
    from tests.telegram.test_sending import picture

    world.paper.files["x"] = picture()
    await li.say("三张", files=files)
    (whole,) = ears.heard
    assert (whole.text, len(whole.files)) == ("三张", 3)


async def test_how_old_updates_are_and_when_they_were_asked_for_is_measured(world: TelegramWorld) -> None:
    li: Any = await world.teacher("李老师")
    now = world.runtime.now().timestamp()
    await li.say("一")
    mine = {"platform": "telegram", "account": world.telegram.account}
    assert REGISTRY.get_sample_value("gongfang_last_read_timestamp_seconds", mine) == now
    before = lag()
    old, pressed, strange = said(7001, "迟"), {"update_id": 7002, "callback_query": {"date": 5}}, said(7003, "怪")
    old["message"]["date"] = int(now) - 90
    strange["message"]["date"] = 10**300
    await take_in(world.runtime, world.telegram.account, [old, pressed, strange])
    assert lag() - before == pytest.approx(90, abs=1)
    old["message"]["edit_date"] = int(now) + 60  # clocks differ
    await take_in(world.runtime, world.telegram.account, [old])
    assert lag() - before == pytest.approx(90, abs=1)


def lag() -> float:
    return REGISTRY.get_sample_value("gongfang_arrival_lag_seconds_sum", {"platform": "telegram"}) or 0.0


@pytest.fixture
async def hook(database_url: str, ears: Ears) -> AsyncIterator[tuple[TelegramWorld, httpx2.AsyncClient]]:
    """The route alone, in a process that imported no aiogram for it."""
    section = {"mode": "webhook", "webhook_secret": SecretStr(SECRET)}
    async with a_telegram_world(database_url, (ears.feature(),), receiving=False, **section) as world:
        app = create_app(world.runtime, [webhook_routes(world.runtime)])
        headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://t", headers=headers) as http:
            yield world, http


def said(number: Any, text: str) -> dict[str, Any]:
    chat, who = {"id": 5, "type": "private"}, {"id": 5, "is_bot": False, "first_name": "李"}
    return {"update_id": number, "message": {"message_id": number, "date": 1, "chat": chat, "from": who, "text": text}}


async def test_how_old_a_call_is_is_measured(hook: Any) -> None:
    world, telegram = hook
    update, before = said(7001, "迟"), lag()
    update["message"]["date"] = int(world.runtime.now().timestamp()) - 40
    assert (await telegram.post("/telegram/webhook", json=update)).status_code == 200
    assert lag() - before == pytest.approx(40, abs=1)


async def test_a_call_is_answered_when_it_is_stored(hook: Any, ears: Ears) -> None:
    world, http = hook
    for _ in range(3):
        assert (await http.post("/telegram/webhook", json=said(7, "好"))).status_code == 200
        assert [event for event, _ in await world.run(stored)] == ["7"]
    await world.handlers.drain()
    assert ears.texts == ["好"]


async def test_several_who_joined_are_stored_one_by_one(hook: Any) -> None:
    world, http = hook
    update = said(7, "")
    update["message"]["chat"] = {"id": -100, "type": "supergroup", "title": "组"}
    update["message"]["new_chat_members"] = [{"id": n, "is_bot": False, "first_name": "新"} for n in (8, 9)]
    for _ in range(2):
        assert (await http.post("/telegram/webhook", json=update)).status_code == 200
    assert await world.run(stored) == [("7", "new"), ("7:2", "new")]


@pytest.mark.parametrize("secret", [None, "", "wrong", "秘密", SECRET + "x"])
async def test_without_the_secret_nothing_is_stored(hook: Any, secret: str | None) -> None:
    world, http = hook
    del http.headers["X-Telegram-Bot-Api-Secret-Token"]
    headers = {} if secret is None else {"X-Telegram-Bot-Api-Secret-Token": secret.encode()}
    assert (await http.post("/telegram/webhook", json=said(7, "好"), headers=headers)).status_code == 401
    assert await world.run(stored) == []


async def test_what_is_no_update_is_kept_dead_and_not_sent_again(hook: Any, ears: Ears) -> None:
    world, http = hook
    deep = b'{"a":' * 5000 + b"1" + b"}" * 5000
    newer = json.dumps({"update_id": 1, "news": {}}).encode()
    for body in (b"{", b"\xff\xfe", b"[]", b"5", deep, b'{"update_id": 2, "x": NaN}', newer):
        assert (await http.post("/telegram/webhook", content=body)).status_code == 200
    assert {state for _, state in await world.run(stored)} == {"dead"}
    assert len(await world.run(stored)) == 7
    too_much = await http.post("/telegram/webhook", content=b"x" * (MAX_BODY + 1))
    assert too_much.status_code == 413


async def test_a_database_that_is_away_is_told_so(hook: Any) -> None:
    from api.runtime import StorageUnavailable

    world, http = hook

    async def away(*_: Any, **__: Any) -> None:
        raise StorageUnavailable("away")

    kept, world.runtime.database.run = world.runtime.database.run, away
    answer = await http.post("/telegram/webhook", json=said(7, "好"))
    assert answer.status_code == 503 and answer.headers["retry-after"]
    world.runtime.database.run = kept
    assert (await http.post("/telegram/webhook", json=said(7, "好"))).status_code == 200


async def test_titles_follow_the_group(world: TelegramWorld) -> None:
    li: Any = await world.teacher("李老师")
    group = li.phone.create_group("旧名", world.bot)
    await li.say("一", room=str(group.id))
    li.phone.retitle(group, "新名")
    await world.settle()
    assert await world.run(lambda ctx: ctx.session.query(Chat).filter_by(native=str(group.id)).one().title) == "新名"
