"""The store of files is away (a folder that is no folder any more; an S3 that refuses, answers 5xx, does not answer)
while people send photos: they are told or they wait, and every photo is taken, once and whole, when it is back."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from random import Random

import httpx2
import pytest
from moto.server import ThreadedMotoServer
from pydantic import SecretStr
from sqlalchemy import select

from api.config import Config
from api.context import Context
from api.runtime import Runtime
from storage.attachments import Attachment
from storage.blobs import Blobs
from storage.engine import Database
from storage.people import Person
from tests.faults.school import a_school
from tests.faults.site import Site
from tests.support.browser import WebWorld
from tests.support.classroom import a_photo
from tests.support.talk import NOW

LOG = "今天听了王老师的一节识字课，孩子们用字卡分组找朋友，课堂很活跃。"
HURRY = 60.0  # seconds in which somebody is told on a slow machine
AWAY_SECONDS = 5.0
TIMES = 1

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]


class Weather:
    """What lies before a store that speaks S3: well, refuses, answers 503, or takes questions and never answers."""

    def __init__(self, port: int) -> None:
        self.real, self.now, self.met = port, "well", Counter[str]()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.met[self.now] += 1
        with suppress(OSError, asyncio.IncompleteReadError):
            if self.now == "503":
                await reader.readuntil(b"\r\n\r\n")
                writer.write(b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                await writer.drain()
            elif self.now == "silent":
                await reader.read()
            elif self.now == "well":
                there, back = await asyncio.open_connection("127.0.0.1", self.real)
                await asyncio.gather(self._pump(reader, back), self._pump(there, writer))
        writer.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(1 << 16):
                writer.write(piece)
                await writer.drain()
        writer.close()


@pytest.fixture
async def weather() -> AsyncIterator[tuple[Weather, str]]:
    """With the URL of a bucket."""
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    made = Weather(moto.get_host_and_port()[1])
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/s3/aws4_request"}
    async with httpx2.AsyncClient(timeout=60) as http:
        (await http.put(f"http://127.0.0.1:{made.real}/gongfang", headers=signed)).raise_for_status()
    yield made, (
        f"s3://gongfang/files?endpoint=http://127.0.0.1:{port}&allow_http=true&virtual_hosted_style_request=false"
        "&region=us-east-1&aws_access_key_id=key&aws_secret_access_key=secret"
    )
    server.close()
    await asyncio.to_thread(moto.stop)


async def test_an_s3_that_is_away(
    weather: tuple[Weather, str], database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sky, url = weather
    runtime = Runtime(Config(web={"secret": SecretStr("for tests only")}), Database(database_url), Blobs(url),
                      now=lambda: NOW)  # fmt: skip
    world, took = WebWorld(runtime), dict[str, float]()
    try:
        teachers = {kind: await world.teacher(f"{kind}老师") for kind in ("refuses", "503", "silent")}
        for kind, teacher in teachers.items():
            await teacher.say(f"日志 {LOG}")
            sky.now = kind
            began = time.monotonic()
            await teacher.send_file("课堂.jpg", a_photo(), "photo", "image/jpeg")
            took[f"a photo, {kind}"] = time.monotonic() - began
            await teacher.press("提交")
            assert "已存为个人日志" not in teacher.sheets()[-1].text
            if kind != "silent":
                browser = await world.browser(teacher)
                began = time.monotonic()
                said = await browser.send_file("课堂.jpg", a_photo(), "image/jpeg", expect=503)
                took[f"an upload, {kind}"] = time.monotonic() - began
                assert "存不了东西" in said, said
            assert [row.state for row in await runtime.transact(photos_of, teacher.name)] == ["pending"]
            # for hours: however often it is tried, it stays
            for _ in range(8 if kind == "refuses" else 0):
                world.pass_time(minutes=10)
                await world.fetchers.drain()
            sky.now = "well"
        for _ in range(3):
            world.pass_time(minutes=10)
            await world.settle()
        rows = {name: await runtime.transact(photos_of, voice.name) for name, voice in teachers.items()}
        whole = [len(await runtime.blobs.get(row.blob_key)) for found in rows.values() for row in found]
        lost = [name for name, found in rows.items() if [row.state for row in found] != ["stored"]]
        doubled = [name for name, found in rows.items() if len(found) > 1]
    finally:
        await runtime.close()
    with capsys.disabled():
        print(f"\nS3 {dict(sky.met)}, photos {len(whole)}, whole {sum(size > 0 for size in whole)}; seconds "
              f"{({what: round(seconds, 1) for what, seconds in took.items()})}; lost {len(lost)}, "
              f"doubled {len(doubled)}")  # fmt: skip
    assert (lost, doubled) == ([], []) and all(whole)
    assert max(took.values()) < HURRY


def photos_of(ctx: Context, name: str) -> list[Attachment]:
    """The photos that somebody's logs hold."""
    mine = select(Person.id).where(Person.name == name).scalar_subquery()
    return list(ctx.session.scalars(select(Attachment).where(Attachment.owner_id == mine)))


async def test_a_folder_that_goes_away_while_people_work(
    site: Site, chance: Random, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """As when a disk is unmounted, or belongs to somebody else after an upgrade."""
    blobs, away = site.folder / "blobs", site.folder / "away"
    refused = 0
    async with a_school(site, chance) as school:
        async with school.at_work():
            for _ in range(TIMES):
                await school.wait_for_news(20)
                await asyncio.sleep(chance.uniform(0, 1))
                blobs.rename(away)
                blobs.write_text("no folder")
                status, wrong = await site.ready()
                assert (status, list(wrong)) == (503, ["blobs"]), wrong
                before = sum(one.page.refused for one in school.people)
                await asyncio.sleep(AWAY_SECONDS)
                refused += sum(one.page.refused for one in school.people) - before
                blobs.unlink()
                away.rename(blobs)
                await site.is_ready()
                await school.wait_for_news(60)
        account = await school.close_the_day()
    with capsys.disabled():
        print(f"\nseed {seed}, away {TIMES} times, refused {refused}, rounds {[one.rounds for one in school.people]}, "
              f"looked at {dict(account.looked_at)}; lost {len(account.lost)}, "
              f"doubled {len(account.doubled)}")  # fmt: skip
    assert (account.lost, account.doubled, account.odd) == ([], [], [])
    assert refused + site.logs().count("Not a directory") > 0 and "Traceback" not in site.logs()
