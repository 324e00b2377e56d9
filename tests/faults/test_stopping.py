"""SIGTERM to processes of every role while people talk, also when nothing that they talk to answers: they leave within
10 s, and the next ones go on with everything."""

import asyncio
import os
import signal
import time
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import make_url

from storage.base import new_pid
from tests.emulators.telegram import Emulator, Limits, add_person
from tests.faults.crew import Crew, a_crew
from tests.faults.school import a_school
from tests.faults.strait import Strait, a_strait
from tests.faults.test_kill_telegram import Teacher, account
from tests.support.databases import Databases
from tests.support.synapse import Synapse

ROUNDS = int(os.environ.get("GONGFANG_TIMES") or 1)
WITHIN = 10.0
SLOW = 0.7  # seconds that every piece takes: an answer takes two of them, a transaction many
SOCKET = ".s.PGSQL.5432"
PHONE = ("YX-1006", "何思齐")

pytestmark = [pytest.mark.faults, pytest.mark.timeout(400 + 200 * ROUNDS)]


async def stop_all(crew: Crew) -> list[float]:
    """Each process's seconds from SIGTERM until it was gone; all of them end well."""

    async def stop(member: object) -> float:
        began = time.monotonic()
        assert await member.end(signal.SIGTERM) == 0, member.log()  # type: ignore[attr-defined]
        return time.monotonic() - began

    return list(await asyncio.gather(*[stop(member) for member in crew.members]))


async def test_stopped_whatever_does_not_answer(
    tmp_path: Path, databases: Databases, synapse: Synapse, chance: Random, seed: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with databases.empty("postgres") as url:
        real = Path(str(make_url(url).query["host"]))
        near = tmp_path / "pg"
        near.mkdir()
        bot = synapse.register(f"bot{new_pid()}")
        async with (
            Emulator(limits=Limits(on=False)) as telegram,
            a_strait(to_socket=real / SOCKET, at_socket=near / SOCKET) as (to_database, _),
            a_strait(to_port=make_url(telegram.api_base).port or 0) as (to_telegram, telegram_port),
            a_strait(to_port=make_url(synapse.url).port or 0) as (to_matrix, matrix_port),
            a_crew(tmp_path, url.replace(str(real), str(near)), ("api", "bot", "worker"), **{
                "GONGFANG_TELEGRAM__TOKEN": telegram.world.add_bot(privacy=False).token,
                "GONGFANG_TELEGRAM__API_BASE": f"http://127.0.0.1:{telegram_port}",
                "GONGFANG_TELEGRAM__MODE": "polling", "GONGFANG_MATRIX__HOMESERVER": f"http://127.0.0.1:{matrix_port}",
                "GONGFANG_MATRIX__USER_ID": bot.user_id, "GONGFANG_MATRIX__PASSWORD": bot.password,
            }) as crew,
            a_school(crew, chance) as school,
        ):  # fmt: skip
            teacher = Teacher(telegram, add_person(telegram.world, PHONE[1]), PHONE[1])
            await teacher.bind(crew.claim_code(PHONE[0]))
            weathers: dict[str, tuple[Strait, ...]] = {
                "nothing": (), "platforms": (to_telegram, to_matrix), "database": (to_database,),
            }  # fmt: skip
            took: dict[str, list[float]] = {}
            over = asyncio.Event()
            async with school.at_work(), asyncio.TaskGroup() as group:
                group.create_task(teacher.work(over))
                for _ in range(ROUNDS):
                    for name, straits in weathers.items():
                        for slow in (False, True) if straits else (False,):
                            await school.wait_for_news(30)
                            await asyncio.sleep(chance.uniform(0, 1))
                            for strait in straits:
                                strait.seconds = SLOW if slow else 0.0
                                if not slow:
                                    strait.close()
                            await asyncio.sleep(chance.uniform(0, 1))
                            key = f"{name} {'slow' if slow else 'hangs'}" if straits else name
                            took.setdefault(key, []).extend(await stop_all(crew))
                            for strait in straits:
                                strait.seconds = 0.0
                                strait.open.set()
                            await crew.start()
                over.set()
            found = await school.close_the_day()
            lost, doubled, ambiguous, odd = account(crew, telegram, [teacher])
    with capsys.disabled():
        print(f"\nseed {seed}, longest {({name: round(max(times), 1) for name, times in took.items()})} s")
        print(f"looked at {dict(found.looked_at)}; Telegram: rounds {teacher.rounds}, doubled {doubled} of {ambiguous}")
    assert (found.lost, found.doubled, found.odd) == ([], [], [])
    assert (lost, odd) == ([], []) and doubled <= ambiguous
    assert max(seconds for times in took.values() for seconds in times) < WITHIN
