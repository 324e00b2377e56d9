"""Several bots share the load: each person and each group is served by the one that they speak to."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
from pydantic import SecretStr

from api.context import Context
from api.messaging.outbox import tell_person
from api.messaging.tree import Words
from api.people.doors import keep_username, telegram_link
from api.runtime import StorageUnavailable
from bot import opening
from bot.bots import Bots
from bot.commands import FEATURES
from bot.opening import labels_of
from bot.platforms.telegram.adapter import TelegramPlatform
from tests.emulators.telegram import Bot, Emulator, Message, Person, add_person
from tests.support.program import Program
from tests.support.telegram import TelegramVoice, TelegramWorld, no_limits
from tests.telegram.test_program import ALL_SECONDS, SECRET


@pytest.fixture
async def second(world: TelegramWorld) -> AsyncIterator[Bot]:
    """Another bot of ours, open in the same process."""
    bot = world.emulator.world.add_bot("gongfang_two_bot", privacy=False)
    section = world.runtime.config.telegram.model_copy(update={"more_tokens": [SecretStr(bot.token)]})
    world.runtime.config = world.runtime.config.model_copy(update={"telegram": section})
    commands = [command for feature in FEATURES for command in feature.commands]
    platform = TelegramPlatform(world.runtime, commands, no_limits(), token=bot.token)
    await platform.start()
    world.handlers.bots.add(platform)
    receiving = world.runtime.spawn(platform.receive(), "receive-second")
    yield bot
    receiving.cancel()  # else it would connect again after the end
    await asyncio.wait([receiving])
    await platform.close()


async def settle(world: TelegramWorld, *bots: Bot) -> None:
    async with asyncio.timeout(ALL_SECONDS):
        while any(bot.queue.waiting() for bot in bots):
            await asyncio.sleep(0.005)
    await world.settle()


def said_by(voice: TelegramVoice, bot: Bot) -> list[str]:
    return [message.text for message in voice.phone.sees(bot) if message.sender is bot]


async def test_each_answers_where_it_is_spoken_to(world: TelegramWorld, second: Bot) -> None:
    school = await world.school(await world.region(), "第一小学")
    one: Any = await world.teacher("李老师", school)
    two: Any = await world.teacher("王老师", school)
    await one.say("帮助")
    one.expect("日志")
    two.phone.start(second)
    two.phone.say(second, "帮助")
    await settle(world, second)
    assert any("日志" in text for text in said_by(two, second))
    assert not said_by(one, second)


async def test_what_one_is_told_comes_from_the_bot_one_speaks_to(world: TelegramWorld, second: Bot) -> None:
    li: Any = await world.teacher("李老师", await world.school(await world.region(), "第一小学"))

    def tell(ctx: Context, text: str) -> None:
        tell_person(ctx, li.person.id, Words(text))

    await world.run(tell, "第一句")
    await settle(world)
    assert said_by(li, world.bot)[-1] == "第一句"
    li.phone.start(second)
    li.phone.say(second, "进度")
    await settle(world, second)
    await world.run(tell, "第二句")
    await settle(world)
    assert said_by(li, second)[-1] == "第二句" and "第二句" not in said_by(li, world.bot)


async def test_a_group_with_two_of_them_is_answered_once(world: TelegramWorld, second: Bot) -> None:
    workshop = await world.workshop(await world.school(await world.region(), "第一小学"), "识字工坊")
    host: Any = await world.teacher("沈老师")
    await world.join(host, workshop, "host")
    room = await world.room(workshop)
    group = world.place(room)
    for one in (host.phone, second):
        world.owner.invite(group, one)
    await settle(world, second)
    world.pass_time(seconds=10)
    await settle(world, second)
    before = len(said_by(host, world.bot))
    host.phone.say(group, "帮助")
    await settle(world, second)
    assert len(said_by(host, world.bot)) == before + 1, "in private, by the one that the group is bound to"
    assert second not in [message.sender for message in host.phone.sees(group)], "nor does it greet the group"
    assert not said_by(host, second)


async def test_what_belongs_to_one_that_is_not_open_waits(world: TelegramWorld, second: Bot) -> None:
    li: Any = await world.teacher("李老师", await world.school(await world.region(), "第一小学"))
    li.phone.start(second)
    await settle(world, second)
    platform = world.handlers.bots.serving("telegram", second.token.partition(":")[0])
    shut = Bots.of(world.paper, world.telegram)
    shut.wait_for(platform)
    world.handlers.bots = world.deliverers.bots = shut
    before = said_by(li, second)
    li.phone.say(second, "帮助")
    await settle(world, second)
    assert said_by(li, second) == before
    shut.add(platform)
    await settle(world)
    assert any("日志" in text for text in said_by(li, second)[len(before):])


async def test_links_spread_people_over_the_bots(world: TelegramWorld, second: Bot) -> None:
    await world.run(keep_username, second.token.partition(":")[0], "gongfang_two_bot")
    links = [await world.run(telegram_link, f"CODE{n:08}") for n in range(20)]
    assert {link.split("/")[3].split("?")[0] for link in links} == {world.bot.username, "gongfang_two_bot"}
    assert links[0] == await world.run(telegram_link, "CODE00000000"), "a code leads to the same one every time"


def test_an_operator_reads_which_is_which(world: TelegramWorld) -> None:
    other = TelegramPlatform(world.runtime, token="43:x")
    assert labels_of([world.telegram]) == ["telegram"]
    assert labels_of([world.telegram, other]) == [f"telegram {world.telegram.account}", "telegram 43"]


def from_bot(somebody: Person, bot: Bot) -> list[Message]:
    return [message for message in somebody.sees(bot) if message.sender is bot]


@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_the_program_serves_three(program: Program, mode: str) -> None:
    async with Emulator() as emulator:
        bots = [emulator.world.add_bot(name, privacy=False) for name in ("one_bot", "two_bot", "three_bot")]
        program.env |= {
            "GONGFANG_TELEGRAM__TOKEN": bots[0].token, "GONGFANG_TELEGRAM__API_BASE": emulator.api_base,
            "GONGFANG_TELEGRAM__MORE_TOKENS": ",".join(bot.token for bot in bots[1:]),
            "GONGFANG_TELEGRAM__MODE": mode, "GONGFANG_TELEGRAM__WEBHOOK_SECRET": SECRET,
        }  # fmt: skip
        await asyncio.to_thread(program.run)
        for bot in bots:
            somebody = add_person(emulator.world, f"老师{bot.username}")
            somebody.start(bot)
            said = await emulator.world.until(partial(from_bot, somebody, bot), ALL_SECONDS)
            assert "绑定码" in said[0].text



async def test_a_database_that_is_away_is_said_and_waited_for(
    world: TelegramWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str | None] = []

    async def join() -> None:
        said.append(world.runtime.starting.get("telegram"))
        if len(said) == 1:
            raise StorageUnavailable("it restarts")

    monkeypatch.setattr(world.telegram.portion, "join", join)
    monkeypatch.setattr(opening, "OPEN_SECONDS", 0)
    await opening._open(world.runtime, world.telegram, "telegram")
    assert said == [None, "it restarts"] and not world.runtime.starting
