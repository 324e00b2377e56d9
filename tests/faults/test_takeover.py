"""The bot process that reads Telegram, or serves the Matrix account, is killed: another takes its place within 15 s,
and goes on in the encrypted room."""

import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from storage.base import new_pid
from tests.emulators.telegram import Emulator, Limits, add_person
from tests.faults.crew import Crew, a_crew
from tests.faults.test_kill_matrix import ASKED, DONE, YES, Talk, a_client
from tests.faults.test_kill_telegram import Teacher
from tests.support.databases import Databases
from tests.support.synapse import Registered, Synapse

TIMES = int(os.environ.get("GONGFANG_TIMES") or 2)  # kills for each platform
WITHIN = 15.0  # seconds, over what an answer takes anyway
TEACHERS = {"telegram": ("YX-1004", "林晓岚"), "matrix": ("YX-1005", "周明月")}

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300 + 90 * TIMES)]
Round = Callable[[str], Awaitable[float]]


@asynccontextmanager
async def a_crew_on_both(folder: Path, url: str, synapse: Synapse) -> AsyncIterator[tuple[Crew, Emulator, Registered]]:
    """Two processes of the bot role and of the api role, a worker; they run."""
    account = synapse.register(f"bot{new_pid()}")
    async with Emulator(limits=Limits(on=False)) as telegram:
        bot = telegram.world.add_bot(privacy=False)
        env = {"GONGFANG_TELEGRAM__TOKEN": bot.token, "GONGFANG_TELEGRAM__API_BASE": telegram.api_base,
               "GONGFANG_TELEGRAM__MODE": "polling", "GONGFANG_MATRIX__HOMESERVER": synapse.url,
               "GONGFANG_MATRIX__USER_ID": account.user_id, "GONGFANG_MATRIX__PASSWORD": account.password}  # fmt: skip
        async with a_crew(folder, url, **env) as crew:
            crew.prepare()
            await crew.start()
            await crew.is_ready(90)
            yield crew, telegram, account


def on_telegram(teacher: Teacher) -> Round:
    """A reminder is asked for and confirmed; how long the first answer took."""

    async def round_(tag: str) -> float:
        began = time.monotonic()
        teacher.say(f"提醒我 明天下午3点 {tag}")
        asked = await teacher.hears(ASKED, tag, button=YES)
        took = time.monotonic() - began
        teacher.press(asked, YES)
        await teacher.hears(DONE, tag)
        return took

    return round_


def on_matrix(talk: Talk, say: Callable[[str], Awaitable[None]]) -> Round:
    """The same in an encrypted room."""

    async def round_(tag: str) -> float:
        began = time.monotonic()
        await say(f"提醒我 明天下午3点 {tag}")
        asked = await talk.hears(ASKED, tag, YES)
        took = time.monotonic() - began
        await talk.choose(asked, YES)
        await talk.hears(DONE, tag)
        return took

    return round_


async def test_another_process_takes_over(
    tmp_path: Path, databases: Databases, synapse: Synapse, capsys: pytest.CaptureFixture[str]
) -> None:
    with databases.empty("postgres") as url:
        async with (
            a_crew_on_both(tmp_path, url, synapse) as (crew, telegram, account),
            a_client(synapse, tmp_path / "keys") as sealed,
        ):
            codes = {platform: crew.claim_code(number) for platform, (number, _) in TEACHERS.items()}
            lin = Teacher(telegram, add_person(telegram.world, TEACHERS["telegram"][1]), TEACHERS["telegram"][1])
            await lin.bind(codes["telegram"])
            room = await sealed.do("make_room", invite=[account.user_id])

            async def read() -> list[dict[str, Any]]:
                heard = [said for said in await sealed.read(room) if said["sender"] == account.user_id]
                assert not any(said["type"] == "m.room.encrypted" for said in heard), "something cannot be decrypted"
                return [said["content"] for said in heard if said["type"] == "m.room.message"]

            async def say(text: str) -> None:
                await sealed.do("send", room=room, content={"msgtype": "m.text", "body": text})

            talk = Talk(read, say)
            await talk.enter(codes["matrix"])
            rounds = {"telegram": on_telegram(lin), "matrix": on_matrix(talk, say)}
            names = {"telegram": f"telegram:{lin.bot.token.partition(':')[0]}", "matrix": f"matrix:{account.user_id}"}
            usual = {one: [await rounds[one](f"{one}平常{n}号") for n in range(3)] for one in rounds}
            late: dict[str, list[float]] = {platform: [] for platform in rounds}
            for n in range(TIMES):
                for platform, round_ in rounds.items():
                    owner = await crew.owner_of(names[platform])
                    await owner.end()
                    late[platform].append(await round_(f"{platform}换人{n}号"))
                    await owner.start()
                    await owner.is_ready(60)  # it waits for its turn, and that is well
            await crew.settle()
            await talk.read()
            shown = [m.text for m in lin.phone.sees(lin.bot) if m.sender is lin.bot] + talk.heard
            assert await crew.end(15) == 0, crew.log()
    with capsys.disabled():
        print(f"\nanswers took usually {_rounded(usual)}, after a kill {_rounded(late)} s")
    tags = [f"{platform}{what}{n}号" for platform in rounds for what, times in (("平常", 3), ("换人", TIMES))
            for n in range(times)]  # fmt: skip
    wanted = [(part, tag) for tag in tags for part in (ASKED, DONE)]
    told = Counter((part, tag) for part, tag in wanted for text in shown if part in text and tag in text)
    assert told == Counter(wanted), "each answer once"
    for platform in rounds:
        assert max(late[platform]) < WITHIN + max(usual[platform]), platform


def _rounded(found: dict[str, list[float]]) -> dict[str, list[float]]:
    return {platform: [round(seconds, 1) for seconds in times] for platform, times in found.items()}
