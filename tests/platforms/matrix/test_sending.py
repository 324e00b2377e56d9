"""What goes out: markup, long texts, files, limits of the homeserver, and the keys that never came."""

import asyncio
from typing import Any

import pytest

from api.attachments.service import store_bytes
from api.context import Context
from api.matrix.jobs import give_up_on_keys
from api.messaging.outbox import delete_message, say_in_chat
from api.messaging.receiving import Arrival, receive
from api.messaging.tree import Bold, Bullets, Code, Lines, Link, Node, Quote, Rows, Words
from storage.messaging import Chat, Incoming, Message
from tests.support.matrix import MatrixWorld, a_matrix_world
from tests.support.synapse import Synapse, running_synapse


def speak(ctx: Context, native: str, tree: Node, rows: Rows | None = None, files: Any = ()) -> None:
    say_in_chat(ctx, ctx.session.query(Chat).filter_by(native=native).one().id, tree, rows, files=files)


async def said(world: MatrixWorld, room: str) -> list[dict[str, Any]]:
    return [message["content"] for message in await world.people[0].shown(room, of=world.bot.user_id)]


async def test_markup_is_the_specifications_and_words_stay_words(world: MatrixWorld) -> None:
    room = await world.chat_with(await world.somebody())
    tree = Lines(
        Bold("粗<b>"), Bullets("甲&", "乙"), Quote("引用"), Code("/help"),
        Link("https://example.org/?a=1&b=2", Words("链<i>接")), Link("javascript:alert(1)", Words("坏")),
    )  # fmt: skip
    await world.run(speak, room, tree)
    await world.settle()
    content = (await said(world, room))[-1]
    assert content["format"] == "org.matrix.custom.html"
    assert content["formatted_body"] == (
        "<strong>粗&lt;b&gt;</strong><ul><li>甲&amp;</li><li>乙</li></ul><blockquote>引用</blockquote><code>!help</code><br>"
        '<a href="https://example.org/?a=1&amp;b=2">链&lt;i&gt;接</a><br>坏'
    )
    assert "粗<b>" in content["body"] and "https://example.org/?a=1&b=2" in content["body"]


@pytest.mark.parametrize("sealed", [False, True], ids=["clear", "encrypted"])
async def test_what_is_too_long_for_one_event_is_several(world: MatrixWorld, sealed: bool) -> None:
    li = await world.somebody()
    how = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
    room = await li.make_room(world.bot.user_id, name="坊", initial_state=[how] if sealed else [])
    await world.pump()
    text = "\n".join(f"第{n}行：" + "很长的话" * 20 for n in range(200))
    await world.run(speak, room, Words(text))
    await world.settle()
    if sealed:
        events = [e for e in await li.events(room) if e["type"] == "m.room.encrypted"]
        assert len(events) > 1
    else:
        parts = [content["body"] for content in await said(world, room)]
        assert len(parts) > 1 and "\n".join(parts) == text


def _send_file(ctx: Context, room: str, data: bytes) -> None:
    speak(ctx, room, Words("表格"), files=[store_bytes(ctx, "表.xlsx", "application/octet-stream", data).pid])


async def test_event_ids_of_old_rooms_are_addresses_too(world: MatrixWorld) -> None:
    """In version 3 every other one has a slash in it."""
    room = await (li := await world.somebody()).make_room(world.bot.user_id, name="坊", room_version="3")
    await world.pump()
    for n in range(8):
        await world.run(speak, room, Words(f"第{n}句"))
    await world.settle()
    before = await li.shown(room, of=world.bot.user_id)
    assert len(before) >= 8 and any("/" in message["event"] for message in before)
    await world.run(take_back)
    await world.settle()
    assert not [message for message in await li.shown(room) if message["content"]["body"].startswith("第")]


def take_back(ctx: Context) -> None:
    for message in ctx.session.query(Message):
        delete_message(ctx, message)


async def test_files_look_like_files(world: MatrixWorld) -> None:
    room = await world.chat_with(await world.somebody())
    await world.run(_send_file, room, b"PK..")
    await world.settle()
    words, file = (await said(world, room))[-2:]
    assert (words["body"], file["msgtype"], file["body"], file["info"]["size"]) == ("表格", "m.file", "表.xlsx", 4)
    assert await world.people[0].download(file["url"]) == b"PK.."


async def test_whoever_cannot_be_decrypted_is_asked_once(world: MatrixWorld) -> None:
    room = await world.chat_with(await world.somebody())
    li = world.people[0].user_id
    event = {"type": "m.room.encrypted", "sender": li, "content": {"session_id": "s"}}
    rows = [Arrival(f"$e{n}", room, "private", {"event": {**event, "event_id": f"$e{n}"}, "room": room, "me": "@b"},
                    state="waiting_key") for n in range(3)]  # fmt: skip
    await world.run(receive, "matrix", world.matrix.account, rows)
    await world.run(give_up_on_keys)
    await world.settle()
    assert len(await said(world, room)) == 1, "keys may still come"
    world.pass_time(minutes=11)
    for _ in range(2):
        await world.run(give_up_on_keys)
        await world.settle()
    assert [content["body"] for content in await said(world, room)][1:] == ["你发来的这条消息我没能解密，请再发一次。"]
    assert await world.run(dead) == 3


def dead(ctx: Context) -> int:
    return int(ctx.session.query(Incoming).filter_by(state="dead").count())


@pytest.mark.slow
async def test_default_limits_delay_and_lose_nothing(database_url: str) -> None:
    """Synapse lets ten messages through at once, then one every five seconds; the outbox waits as it is told."""
    with running_synapse(lifted=False) as synapse:
        async with a_matrix_world(database_url, synapse) as world:
            li = await world.somebody()
            room = await world.chat_with(li)
            for n in range(11):
                await world.run(speak, room, Words(f"第{n}句"))
            for _ in range(40):
                await world.settle()
                bodies = [content["body"] for content in await said(world, room)][1:]
                if len(bodies) == 11:
                    break
                world.pass_time(seconds=1)
                await asyncio.sleep(1)
            assert bodies == [f"第{n}句" for n in range(11)]
            found = {finding.subject: finding for finding in await world.matrix.check()}
            assert not found["matrix limits"].well


async def test_lifted_limits_and_a_good_account_are_well(world: MatrixWorld) -> None:
    assert all(finding.well for finding in await world.matrix.check())


async def test_check_names_what_is_missing(database_url: str, synapse: Synapse) -> None:
    async with a_matrix_world(database_url, synapse) as world:
        connection = world.matrix.connection
        await connection.home.call("POST", "/_matrix/client/v3/logout", {})
        connection.config.password = type(connection.config.password)("")
        found = await world.matrix.check()
        assert [(finding.subject, finding.well) for finding in found] == [("matrix", True), ("matrix account", False)]
        connection.home.url = "http://127.0.0.1:9"
        (only,) = await world.matrix.check()
        assert not only.well and "127.0.0.1:9" in str(only.note)
