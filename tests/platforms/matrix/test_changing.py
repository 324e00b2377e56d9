"""Edits and withdrawals whose answers nobody heard, and what may still be read after them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from api.attachments.service import store_bytes
from api.broadcasts import end_message
from api.context import Context
from api.messaging.outbox import delete_message, edit_message, say_in_chat
from api.messaging.tree import Words
from bot.platforms.base import Ambiguous, RetryAfter, SendError, Transient
from storage.messaging import Chat, Delivery, Message
from tests.platforms.matrix.test_sending import said, speak
from tests.support.matrix import MatrixWorld


def newest(ctx: Context) -> Message:
    return ctx.session.query(Message).order_by(Message.id.desc()).first()  # type: ignore[return-value]


def edit(ctx: Context, text: str) -> None:
    edit_message(ctx, newest(ctx), Words(text))


def take_back(ctx: Context) -> None:
    delete_message(ctx, newest(ctx))


def withdraw(ctx: Context) -> None:
    end_message(ctx, newest(ctx), Words("已收回"))


def states(ctx: Context) -> list[tuple[str, str]]:
    return [(row.kind, row.state) for row in ctx.session.query(Delivery).order_by(Delivery.id)]


@contextmanager
def failing(world: MatrixWorld, path: str, error: SendError, before: bool = False) -> Iterator[None]:
    """Requests whose path has this in it fail: `before` they reach the homeserver, or after that."""
    home = world.matrix.connection.home
    real = home.call

    async def call(method: str, where: str, *args: Any, **named: Any) -> Any:
        here = method == "PUT" and path in where
        answer = None if here and before else await real(method, where, *args, **named)
        if here:
            raise error
        return answer

    home.call = call  # type: ignore[method-assign]
    try:
        yield
    finally:
        home.call = real  # type: ignore[method-assign]


async def later(world: MatrixWorld) -> None:
    for _ in range(4):
        world.pass_time(seconds=60)
        await world.settle()


async def room_of(world: MatrixWorld) -> str:
    room = await (await world.somebody()).make_room(world.bot.user_id, name="坊")
    await world.pump()
    await later(world)  # it says hello
    return room


async def bodies(world: MatrixWorld, room: str) -> list[str]:
    """What the bot said after its hello."""
    return [content["body"] for content in await said(world, room)][1:]


@pytest.mark.parametrize("heard", [False, True], ids=["unheard", "echo"])
@pytest.mark.parametrize(("change", "shown"), [(take_back, []), (withdraw, ["已收回"])])
async def test_what_was_sent_without_an_answer_is_taken_back(
    world: MatrixWorld, change: Callable[[Context], None], shown: list[str], heard: bool
) -> None:
    room = await room_of(world)
    with failing(world, "/send/m.room.message/", Ambiguous("slow")):
        await world.run(speak, room, Words("甲"))
        await world.settle()
    assert await bodies(world, room) == ["甲"]
    await world.run(change)
    if heard:
        await world.matrix.syncing.step()
    await later(world)
    assert await bodies(world, room) == shown


async def test_what_was_surely_not_sent_is_just_not_sent(world: MatrixWorld) -> None:
    room = await room_of(world)
    with failing(world, "/send/m.room.message/", Transient("away"), before=True):
        await world.run(speak, room, Words("甲"))
        await world.settle()
    await world.run(withdraw)
    await later(world)
    assert await bodies(world, room) == [] and (await world.run(states))[1:] == [("send", "superseded")]


async def test_an_edit_without_an_answer_does_not_hide_the_next(world: MatrixWorld) -> None:
    room = await room_of(world)
    await world.run(speak, room, Words("0 人"))
    await world.settle()
    await world.run(edit, "3 人")
    world.pass_time(seconds=20)
    with failing(world, "-edit", Ambiguous("slow")):
        await world.settle()
    await world.run(edit, "9 人")
    await later(world)
    assert await bodies(world, room) == ["9 人"]


async def test_an_edit_that_is_repeated_shows_what_is_said_by_then(world: MatrixWorld) -> None:
    """Also when the one before was told to wait: the homeserver may have taken it all the same."""
    room = await room_of(world)
    await world.run(speak, room, Words("0 人"))
    await world.settle()
    await world.run(edit, "3 人")
    world.pass_time(seconds=20)
    with failing(world, "-edit", RetryAfter(1.0)):
        await world.settle()
    await world.run(edit, "9 人")
    await later(world)
    assert await bodies(world, room) == ["9 人"]


async def test_a_part_that_was_sent_goes_with_the_rest(world: MatrixWorld) -> None:
    room = await room_of(world)
    with failing(world, "-1", RetryAfter(1.0), before=True):
        await world.run(say_with_file, room, b"PK..")
        await world.settle()
    assert await bodies(world, room) == ["重要通知"]
    await world.run(take_back)
    await later(world)
    assert await bodies(world, room) == []


def say_with_file(ctx: Context, room: str, data: bytes, text: str = "重要通知") -> None:
    chat = ctx.session.query(Chat).filter_by(native=room).one()
    say_in_chat(ctx, chat.id, Words(text), files=[store_bytes(ctx, "表.xlsx", "application/octet-stream", data).pid])


async def test_files_go_when_their_message_is_withdrawn(world: MatrixWorld) -> None:
    room = await room_of(world)
    await world.run(say_with_file, room, b"PK..", "很长的话" * 4_000)
    await world.settle()
    assert len(await said(world, room)) > 2
    await world.run(edit, "短的话")
    await later(world)
    assert await bodies(world, room) == ["短的话", "表.xlsx"]
    await world.run(withdraw)
    await later(world)
    assert await bodies(world, room) == ["已收回"]


async def test_a_file_that_is_too_large_leaves_its_words(world: MatrixWorld) -> None:
    room = await room_of(world)
    world.matrix.connection.home._most = 2**20
    await world.run(say_with_file, room, b"x" * (2**20 + 2**19))
    await world.settle()
    note = "“表.xlsx”有 1.5 MB，太大了，没能发到这里：每个文件最多 1 MB。"
    assert await bodies(world, room) == [f"重要通知\n\n{note}"]
    await world.run(edit, "改过的通知")
    await later(world)
    assert await bodies(world, room) == [f"改过的通知\n\n{note}"]


async def test_a_file_that_a_proxy_does_not_let_through_leaves_its_words(
    world: MatrixWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.platforms.matrix.homeserver import Homeserver, Refused

    async def refuse(*_: Any) -> str:
        raise Refused(413, "", "")

    monkeypatch.setattr(Homeserver, "upload", refuse)
    room = await room_of(world)
    await world.run(say_with_file, room, b"PK..")
    await world.settle()
    assert await bodies(world, room) == ["重要通知\n\n“表.xlsx”有 0 MB，太大了，没能发到这里。"]
