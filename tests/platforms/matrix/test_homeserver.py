"""What is a homeserver's word, what is a proxy's, and what may have been done without an answer."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from api.messaging.tree import Words
from bot.platforms.base import Ambiguous, RetryAfter, SendError, Transient
from bot.platforms.matrix.homeserver import Homeserver, Refused, SignedOut
from tests.platforms.matrix.test_sending import said, speak
from tests.support.matrix import MatrixWorld

OURS = 29_391


@pytest.fixture
async def answers() -> AsyncIterator[list[web.Response]]:
    """What something in the place of a homeserver says next."""
    found: list[web.Response] = []

    async def say(request: web.Request) -> web.Response:
        if request.path == "/hangs-up":
            assert request.transport is not None
            request.transport.close()
        if request.path == "/sleeps":
            await asyncio.sleep(1)
        return found.pop(0) if found else web.Response(status=404, text="404 page not found\n")

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", say)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", OURS).start()
    yield found
    await runner.cleanup()


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        (404, "page not found", Transient),
        (403, "<html>", Transient),
        (403, '{"errcode": "M_FORBIDDEN"}', Refused),
        (403, '{"errcode": "M_RESOURCE_LIMIT_EXCEEDED"}', Transient),
        (403, '{"errcode": "M_CONSENT_NOT_GIVEN"}', Transient),
        (401, '{"errcode": "M_USER_LOCKED", "soft_logout": true}', Transient),
        (401, '{"errcode": "M_UNKNOWN_TOKEN"}', SignedOut),
        (401, '{"flows": [], "session": "s"}', Refused),
        (413, "<html>", Refused),
        (429, "slow down", RetryAfter),
        (502, "<html>", Ambiguous),
        (200, "<html>", Ambiguous),
    ],
)
async def test_whose_word_it_is(answers: list[web.Response], status: int, said: str, kind: type[SendError]) -> None:
    home = Homeserver(f"http://127.0.0.1:{OURS}")
    answers.append(web.Response(status=status, text=said))
    with pytest.raises(SendError) as caught:
        await home.call("GET", "/_matrix/client/versions")
    await home.close()
    assert type(caught.value) is kind


async def test_one_odd_part_of_an_answer_keeps_nothing_else_away(answers: list[web.Response]) -> None:
    deep = "[" * 5000 + "]" * 5000
    answers.append(web.Response(text=f'{{"next_batch": "s1", "x": NaN, "y": {deep}, "z": "\\ud800"}}'))
    home = Homeserver(f"http://127.0.0.1:{OURS}")
    try:
        said = await home.call("GET", "/sync")
    finally:
        await home.close()
    assert (said["next_batch"], said["x"], said["z"]) == ("s1", None, "?")


@pytest.mark.parametrize("path", ["/hangs-up", "/sleeps"])
async def test_what_was_asked_and_not_answered_may_have_been_done(
    answers: list[web.Response], path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.platforms.matrix.homeserver.PATIENCE", 0.3)
    home = Homeserver(f"http://127.0.0.1:{OURS}")
    with pytest.raises(Ambiguous):
        await home.call("PUT", path, {})
    await home.close()


async def test_what_was_not_even_asked_was_not_done() -> None:
    home = Homeserver("http://127.0.0.1:9")
    with pytest.raises(Transient) as caught:
        await home.call("GET", "/_matrix/client/versions")
    await home.close()
    assert type(caught.value) is Transient


async def test_a_proxy_alone_answers_for_a_while(world: MatrixWorld, answers: list[web.Response]) -> None:
    li = await world.somebody()
    room, connection = await world.chat_with(li), world.matrix.connection
    other, real = await li.make_room(world.bot.user_id, name="坊"), connection.home.url
    invitations = world.matrix.syncing.chores[-1]

    async def away() -> None:
        connection.home.url = f"http://127.0.0.1:{OURS}"
        await world.matrix.syncing.entering.keep_up()

    invitations._do, before = away, invitations._do
    await world.matrix.syncing.step()
    await world.run(speak, room, Words("重要通知"))
    await world.settle()
    connection.home.url, invitations._do = real, before
    world.matrix.syncing.entering._later.clear()  # half a minute later
    world.pass_time(seconds=3)
    for _ in range(2):
        await world.pump()
    assert (await said(world, room))[-1]["body"] == "重要通知"
    assert connection.rooms[other].membership == "join"


async def test_ids_of_people_are_parts_of_addresses(world: MatrixWorld) -> None:
    """Old ones may have anything in them."""
    asked, home = [], world.matrix.connection.home

    async def call(method: str, path: str, *_: Any, **__: Any) -> dict[str, Any]:
        asked.append(path)
        return {"displayname": "李"}

    home.call = call  # type: ignore[method-assign]
    assert await world.matrix.syncing._name("@a/b?c#:x") == "李"
    assert asked == ["/_matrix/client/v3/profile/%40a%2Fb%3Fc%23%3Ax/displayname"]
    del home.call  # type: ignore[method-assign]


async def test_a_password_that_is_not_good_any_more_is_waited_for(world: MatrixWorld) -> None:
    room, connection = await world.chat_with(await world.somebody()), world.matrix.connection
    good, secret = connection.config.password, type(connection.config.password)
    await connection.home.call("POST", "/_matrix/client/v3/logout", {})
    connection.config.password = secret("the old one")
    await world.run(speak, room, Words("重要通知"))
    for _ in range(3):
        await world.settle()
        world.pass_time(seconds=700)
    with pytest.raises(SignedOut):
        await connection.open()
    connection.config.password = good
    with pytest.raises(SignedOut):
        await connection.open()  # guesses are counted: it is tried once in a minute
    connection._refused = None  # a minute later
    await world.settle()
    assert (await said(world, room))[-1]["body"] == "重要通知"
