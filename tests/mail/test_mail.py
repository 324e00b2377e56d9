"""Mails that call people back, through a real SMTP server on this machine (C4)."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from api.clock import run_job
from api.config import Config
from api.context import Context
from api.mail.sender import Mailer
from api.mail.service import Post, call_by_mail, claim_mails, erase_mail, export_mail, finish_mail, renew_mail
from api.registry import JOBS
from api.reminders.service import create_reminder
from api.runtime import Runtime
from storage.base import new_pid
from storage.blobs import Blobs
from storage.engine import Database
from storage.mail import get_call
from storage.messages import these_people
from storage.messaging import Chat
from storage.people import Identity, Person
from storage.webchat import WebPresence
from tests.support.paper import Paper
from tests.support.postbox import Postbox
from tests.support.talk import NOW, World


@pytest.fixture
async def world(database_url: str, postbox: tuple[Postbox, int]) -> AsyncIterator[World]:
    mail = {"url": SecretStr(f"smtp://127.0.0.1:{postbox[1]}"), "from": "gongfang@example.org"}
    config = Config(mail=mail, web={"base_url": "https://gongfang.example.org"})
    runtime = Runtime(config, Database(database_url), Blobs("memory:"), now=lambda: NOW)
    yield World(runtime, Paper())
    await runtime.close()


async def on_the_web(
    world: World, name: str = "张老师", email: str | None = "zhang@example.org", **columns: Any
) -> Person:
    """A person whose home is the built-in web chat."""

    def add(ctx: Context) -> Person:
        person = Person(pid=new_pid(), name=name, email=email, created_at=ctx.now, **columns)
        chat = Chat(pid=new_pid(), platform="web", native=new_pid(), kind="private", created_at=ctx.now)
        ctx.session.add_all([person, chat])
        ctx.session.flush()
        account = Identity(
            pid=new_pid(), platform="web", native=chat.native, person_id=person.id, chat_id=chat.id, created_at=ctx.now
        )
        ctx.session.add(account)
        ctx.session.flush()
        person.home_chat_id, chat.identity_id = chat.id, account.id
        return person

    return await world.run(add)


async def looks(world: World, person: Person) -> None:
    """Their page is open now."""

    def touch(ctx: Context) -> None:
        account = ctx.session.query(Identity).filter_by(person_id=person.id).one()
        ctx.session.merge(WebPresence(identity_id=account.id, seen_at=ctx.now))

    await world.run(touch)


async def call(world: World, *people: Person) -> int:
    return await world.run(lambda ctx: call_by_mail(ctx, these_people([person.id for person in people])))


async def test_a_reminder_reaches_who_closed_the_page(world: World, postbox: tuple[Postbox, int]) -> None:
    box, person = postbox[0], await on_the_web(world)
    await world.run(create_reminder, "看病历本", NOW + timedelta(hours=1), actor=person)
    mailer = Mailer(world.runtime)
    world.pass_time(hours=1)
    await run_job(world.runtime, next(job for job in JOBS if job.name == "reminders.ring"))
    assert await mailer.send_due() == 0, "an open page has two minutes to show it"
    world.pass_time(minutes=2)
    assert await mailer.send_due() == 1
    [letter] = box.letters
    assert letter["To"] == "zhang@example.org"
    assert letter["From"].addresses[0].addr_spec == "gongfang@example.org"
    assert letter["Subject"] == "工坊里有新消息等你看"
    text = letter.get_content()
    assert "https://gongfang.example.org" in text
    assert "病历" not in text, "no contents in a mail"
    assert await mailer.send_due() == 0


async def test_at_most_one_an_hour(world: World, postbox: tuple[Postbox, int]) -> None:
    box, person = postbox[0], await on_the_web(world)
    mailer = Mailer(world.runtime)
    assert await call(world, person) == 1
    assert await call(world, person) == 0, "one is planned already"
    world.pass_time(minutes=3)
    await mailer.send_due()
    await call(world, person)
    world.pass_time(minutes=30)
    assert await mailer.send_due() == 0
    world.pass_time(minutes=31)
    assert await mailer.send_due() == 1
    assert len(box.letters) == 2


async def test_none_while_the_page_is_open_or_once_it_was_seen(world: World, postbox: tuple[Postbox, int]) -> None:
    box, person = postbox[0], await on_the_web(world)
    mailer = Mailer(world.runtime)
    await looks(world, person)
    world.pass_time(hours=1)
    await call(world, person)
    world.pass_time(minutes=1)
    await looks(world, person)
    world.pass_time(hours=1)
    assert await mailer.send_due() == 0
    assert box.letters == []


async def test_only_who_is_at_home_on_the_web_and_has_an_address(world: World) -> None:
    nobody = await on_the_web(world, email=None)
    blank = await on_the_web(world, email="")
    erased = await on_the_web(world, erased_at=NOW)
    elsewhere = (await world.teacher("李老师", email="li@example.org")).person
    assert elsewhere is not None
    assert await call(world, nobody, blank, erased, elsewhere) == 0


async def test_failures_are_tried_again_and_end(world: World, postbox: tuple[Postbox, int]) -> None:
    box, person = postbox[0], await on_the_web(world)
    mailer = Mailer(world.runtime)
    box.refuse = "451 later"
    await call(world, person)
    tried = []
    for _ in range(6):
        world.pass_time(minutes=31)
        tried.append(await mailer.send_due())
    assert tried == [1, 1, 1, 1, 0, 0]
    box.refuse = None
    await call(world, person)
    world.pass_time(minutes=3)
    assert await mailer.send_due() == 1
    assert len(box.letters) == 1


async def test_a_worker_that_died_leaves_it_to_another(world: World, postbox: tuple[Postbox, int]) -> None:
    person = await on_the_web(world)
    await call(world, person)
    world.pass_time(minutes=3)
    assert len(await world.run(claim_mails)) == 1
    assert await Mailer(world.runtime).send_due() == 0
    world.pass_time(minutes=11)
    assert await Mailer(world.runtime).send_due() == 1
    assert len(postbox[0].letters) == 1


@pytest.mark.both_databases
async def test_nobody_is_written_to_twice_by_slow_workers(
    world: World, postbox: tuple[Postbox, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that takes four minutes for each mail, and a second worker that looks for what is due meanwhile."""
    people = [await on_the_web(world, f"老师{n}", f"t{n}@example.org") for n in range(5)]
    await call(world, *people)
    world.pass_time(minutes=3)
    slow, second = Mailer(world.runtime), Mailer(world.runtime)
    send, busy = slow._send, [False]

    async def sent_slowly(post: Post) -> tuple[str | None, bool]:
        world.pass_time(minutes=4)
        if not busy[0]:
            busy[0] = True
            await second.send_due()
            busy[0] = False
        return await send(post)

    monkeypatch.setattr(Mailer, "_send", lambda _self, post: sent_slowly(post))
    await slow.send_due()
    await slow.send_due()
    assert sorted(letter["To"] for letter in postbox[0].letters) == [f"t{n}@example.org" for n in range(5)]


async def test_a_worker_that_was_too_late_changes_nothing(world: World) -> None:
    person = await on_the_web(world)
    await call(world, person)
    world.pass_time(minutes=3)
    [late] = await world.run(claim_mails)
    world.pass_time(minutes=11)
    assert await world.run(renew_mail, replace(late, until=NOW)) is None
    [second] = await world.run(claim_mails)
    assert await world.run(renew_mail, late) is None
    await world.run(finish_mail, late, "the network")
    assert await world.run(renew_mail, second) is not None, "still theirs"
    await world.run(erase_mail, person)
    assert await world.run(renew_mail, second) is None
    await world.run(finish_mail, second, "the network")
    world.pass_time(hours=3)
    assert await world.run(claim_mails) == [], "who was erased is not written to"


async def test_an_address_that_is_two_is_not_written_to(world: World, postbox: tuple[Postbox, int]) -> None:
    person = await on_the_web(world, email="a@example.org\nBcc: b@example.org")
    await call(world, person)
    world.pass_time(minutes=3)
    await Mailer(world.runtime).send_due()
    assert postbox[0].letters == []

    def error(ctx: Context) -> str | None:
        row = get_call(ctx.session, person.id)
        assert export_mail(ctx, person)
        return row.error if row else None

    assert await world.run(error)


async def test_no_password_in_the_clear(monkeypatch: pytest.MonkeyPatch, postbox: tuple[Postbox, int]) -> None:
    from api.config import MailSection
    from api.mail import sender

    monkeypatch.setattr(sender, "_is_here", lambda host: False)
    url = SecretStr(f"smtp://user:secret@127.0.0.1:{postbox[1]}")
    settings = MailSection(url=url, sender="gongfang@example.org")
    with pytest.raises(ValueError, match="no TLS"):
        await asyncio.to_thread(sender.send_mail, settings, Post(1, "a@example.org", "x", "y", 1, NOW))


async def test_without_a_mail_server_nothing_is_planned(database_url: str) -> None:
    runtime = Runtime(Config(), Database(database_url), Blobs("memory:"), now=lambda: NOW)
    world = World(runtime, Paper())
    person = await on_the_web(world)
    assert await call(world, person) == 0
    assert await Mailer(runtime).send_due() == 0
    await runtime.close()


async def test_the_worker_hears_at_once(world: World, postbox: tuple[Postbox, int]) -> None:
    person = await on_the_web(world)
    worker = world.runtime.spawn(Mailer(world.runtime).run(), "mail")
    world.pass_time(minutes=-3)
    await call(world, person)
    world.pass_time(minutes=3)
    await call(world, await on_the_web(world, "李老师", "li@example.org"))  # its signal wakes the worker
    for _ in range(200):
        if postbox[0].letters:
            break
        await asyncio.sleep(0.05)
    worker.cancel()
    assert [letter["To"] for letter in postbox[0].letters] == ["zhang@example.org"]


@pytest.mark.both_databases
async def test_planning_on_both_databases(world: World, postbox: tuple[Postbox, int]) -> None:
    people = [await on_the_web(world, f"老师{n}", f"t{n}@example.org") for n in range(3)]
    assert await call(world, *people) == 3
    world.pass_time(minutes=3)
    assert await Mailer(world.runtime).send_due() == 3
    await call(world, *people)
    world.pass_time(minutes=61)
    assert await Mailer(world.runtime).send_due() == 3
    assert len(postbox[0].letters) == 6
