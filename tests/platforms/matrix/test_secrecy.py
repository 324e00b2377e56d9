"""Encrypted rooms, with a client that does not share our store or our loop."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from api.attachments.service import store_bytes
from api.context import Context
from api.matrix.service import keys_of
from api.messaging.outbox import say_in_chat
from api.messaging.tree import Words
from storage.base import new_pid
from storage.matrix import MatrixKey
from storage.messaging import Chat, Incoming
from tests.support.databases import Databases
from tests.support.matrix import MatrixWorld, Somebody, a_matrix_world
from tests.support.sealed import Sealed, a_sealed_client
from tests.support.synapse import Synapse


def say(text: str) -> dict[str, Any]:
    return {"msgtype": "m.text", "body": text}


async def chat_of(world: MatrixWorld, sealed: Sealed, **how: Any) -> str:
    """An encrypted private chat in which the bot has said hello."""
    room = str(await sealed.do("make_room", invite=[world.bot.user_id], **how))
    await world.pump()
    return room


async def answers(world: MatrixWorld, sealed: Sealed, room: str) -> list[str]:
    """What the bot said, decrypted; every one of them was encrypted on its way."""
    heard = [said for said in await sealed.read(room) if said["sender"] == world.bot.user_id]
    return [said["content"]["body"] for said in heard if said["type"] == "m.room.message"]


@pytest.mark.parametrize("version", ["11", "12"])
async def test_both_sides_are_encrypted(world: MatrixWorld, sealed: Sealed, version: str) -> None:
    room = await chat_of(world, sealed, version=version)
    assert any("绑定码" in text for text in await answers(world, sealed, room))
    await sealed.do("send", room=room, content=say("帮助"))
    await world.pump()
    assert any("!help" in text for text in await answers(world, sealed, room))
    spy = await world.somebody("管理员")
    raw = await spy_events(world, room)
    assert spy and raw and not [event for event in raw if event["type"] == "m.room.message"]


async def spy_events(world: MatrixWorld, room: str) -> list[dict[str, Any]]:
    """The room as the homeserver keeps it."""
    home = world.matrix.connection.home
    page = await home.call("GET", f"/_matrix/client/v3/rooms/{room}/messages", query={"dir": "b", "limit": 100})
    return list(page["chunk"])


async def test_a_restart_keeps_the_device_and_reads_on(database_url: str, synapse: Synapse, sealed: Sealed) -> None:
    async with a_matrix_world(database_url, synapse) as world:
        room = await chat_of(world, sealed)
        device, bot = world.matrix.connection.device_id, world.bot
    await sealed.do("send", room=room, content=say("帮助"))
    async with a_matrix_world(database_url, synapse, bot=bot) as world:
        await world.pump()
        assert world.matrix.connection.device_id == device
        assert any("!help" in text for text in await answers(world, sealed, room))


async def test_signing_in_again_keeps_the_keys(world: MatrixWorld, sealed: Sealed) -> None:
    room, connection = await chat_of(world, sealed), world.matrix.connection
    await connection.home.call("POST", "/_matrix/client/v3/logout", {})
    connection.signed_out()
    await world.pump()
    await sealed.do("sync")
    await sealed.do("send", room=room, content=say("帮助"))
    await world.pump()
    assert any("!help" in text for text in await answers(world, sealed, room))
    assert all(finding.well for finding in await world.matrix.check())


async def test_a_key_that_comes_late_counts_late(world: MatrixWorld, sealed: Sealed) -> None:
    room = await chat_of(world, sealed)
    await sealed.do("sync")
    await sealed.do("hide_key", room=room, hide=world.bot.user_id)
    await sealed.do("send", room=room, content=say("帮助"))
    await world.pump()
    assert await world.run(states) == ["waiting_key"]
    assert not any("!help" in text for text in await answers(world, sealed, room))
    await sealed.do("give_key")
    await world.pump()
    assert await world.run(states) == []
    assert any("!help" in text for text in await answers(world, sealed, room))


def states(ctx: Context) -> list[str]:
    return [row.state for row in ctx.session.query(Incoming).filter(Incoming.state != "done")]


async def test_files_are_encrypted_both_ways(world: MatrixWorld, sealed: Sealed) -> None:
    room = await chat_of(world, sealed)
    data = bytes(range(256)) * 40
    await sealed.do("send_file", room=room, name="教案.docx", mime="application/octet-stream",
                    data=data.decode("latin-1"))  # fmt: skip
    await world.pump(settle=False)
    inbound = world.matrix.parse(await world.run(newest))
    assert inbound is not None
    (file,) = inbound.files
    assert b"".join([piece async for piece in world.matrix.fetch(file)]) == data
    await world.settle()
    await world.run(send_file, room, data)
    await world.settle()
    (sent,) = [said for said in await sealed.read(room) if said["content"].get("msgtype") == "m.file"
               and said["sender"] == world.bot.user_id]  # fmt: skip
    assert (await sealed.do("open_file", content=sent["content"])).encode("latin-1") == data


def newest(ctx: Context) -> dict[str, Any]:
    return ctx.session.query(Incoming).order_by(Incoming.id.desc()).first().raw  # type: ignore[union-attr]


def send_file(ctx: Context, room: str, data: bytes) -> None:
    pid = store_bytes(ctx, "名单.xlsx", "application/octet-stream", data).pid
    say_in_chat(ctx, ctx.session.query(Chat).filter_by(native=room).one().id, Words("表格"), files=[pid])


async def test_who_left_cannot_read_on_and_who_came_can(
    world: MatrixWorld, sealed: Sealed, synapse: Synapse, tmp_path: Path
) -> None:
    async with a_sealed_client(synapse, synapse.register(f"s{new_pid()}"), tmp_path / "others") as other:
        room = await chat_of(world, sealed, direct=False)
        await world.run(speak, room, "第一句")
        await world.settle()
        assert "第一句" in await answers(world, sealed, room)
        first = set(world.matrix.connection.secrecy.olm.outbound_group_sessions[room].users_shared_with)
        await world.matrix.connection.home.call(
            "POST", f"/_matrix/client/v3/rooms/{room}/invite", {"user_id": other.user_id}
        )
        await other.do("join", room=room)
        await world.pump()
        await world.run(speak, room, "第二句")
        await world.settle()
        assert "第二句" in await answers(world, other, room)
        second = set(world.matrix.connection.secrecy.olm.outbound_group_sessions[room].users_shared_with)
        assert second - first == {(other.user_id, device) for user, device in second if user == other.user_id}


def speak(ctx: Context, room: str, text: str) -> None:
    say_in_chat(ctx, ctx.session.query(Chat).filter_by(native=room).one().id, Words(text))


async def test_the_device_is_signed_by_its_account(world: MatrixWorld) -> None:
    found = {finding.subject: finding for finding in await world.matrix.check()}
    assert found["matrix encryption"].well and world.matrix.connection.device_id in str(found["matrix encryption"].note)


async def test_a_conversation_begins_when_no_keys_are_left(world: MatrixWorld, sealed: Sealed) -> None:
    """As after a long night without the bot: its one-time keys are used up, the spare one is handed out."""
    li = await world.somebody()
    room = await li.make_room(world.bot.user_id, sealed.user_id, name="坊")
    await world.pump()
    await sealed.do("join", room=room)
    await li.ask("PUT", f"rooms/{room}/state/m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
    await world.pump()
    first = await spare_key(world, li)
    assert first["fallback"] is True
    await sealed.do("sync")
    await sealed.do("send", room=room, content=say("！help"))
    await world.pump()
    assert await answers(world, sealed, room)
    assert (await spare_key(world, li))["key"] != first["key"], "one that was used is replaced"


async def spare_key(world: MatrixWorld, li: Somebody) -> dict[str, Any]:
    """Claim keys of the bot's device until there are no one-time keys any more: what is handed out then."""
    bot, device = world.bot.user_id, world.matrix.connection.device_id
    for _ in range(300):
        body = {"one_time_keys": {bot: {device: "signed_curve25519"}}}
        (key,) = (await li.ask("POST", "keys/claim", body))["one_time_keys"][bot][device].values()
        if key.get("fallback"):
            return dict(key)
    raise AssertionError("always another one-time key")


async def claim(world: MatrixWorld, li: Somebody, times: int) -> None:
    device = world.matrix.connection.device_id
    for _ in range(times):
        await li.ask("POST", "keys/claim", {"one_time_keys": {world.bot.user_id: {device: "signed_curve25519"}}})


async def put_back(world: MatrixWorld) -> None:
    """An older database is put back: what others were told since then is not known here."""
    connection, kept = world.matrix.connection, await world.run(keys_of, world.matrix.account)
    li = await world.somebody()
    await claim(world, li, 40)
    for _ in range(2):
        await world.matrix.syncing.step()  # others are made
    await world.run(restore, kept)
    connection._known_device = ""
    await claim(world, li, 40)
    await world.matrix.syncing.step()  # it sees how few there are, and names those it makes as the ones before


def restore(ctx: Context, rows: list[tuple[str, str, str]]) -> None:
    account = ctx.session.query(MatrixKey).first().account  # type: ignore[union-attr]
    ctx.session.query(MatrixKey).delete()
    ctx.session.add_all(MatrixKey(account=account, kind=kind, name=name, value=value) for kind, name, value in rows)


async def test_after_an_older_database_another_device_takes_over(world: MatrixWorld, sealed: Sealed) -> None:
    before = world.matrix.connection.device_id
    await put_back(world)
    for _ in range(2):
        await world.pump()
    assert world.matrix.connection.device_id != before
    room = await chat_of(world, sealed)
    await sealed.do("send", room=room, content=say("帮助"))
    await world.pump()
    assert any("!help" in text for text in await answers(world, sealed, room))
    assert all(finding.well for finding in await world.matrix.check()), "its account vouches for the new one too"


async def test_after_an_older_database_without_the_password_it_goes_on_and_check_tells(
    database_url: str, synapse: Synapse
) -> None:
    bot = synapse.register(f"bot{new_pid()}")
    secret = SecretStr(bot.token)
    async with a_matrix_world(database_url, synapse, bot=bot, password=SecretStr(""), access_token=secret) as world:
        await put_back(world)
        await world.chat_with(await world.somebody())
        li = await world.somebody()
        assert await li.shown(await world.chat_with(li), of=bot.user_id)
        found = {finding.subject: finding for finding in await world.matrix.check()}
        assert not found["matrix encryption"].well and "older backup" in str(found["matrix encryption"].note)


async def test_an_identity_that_another_client_made_stays(
    database_url: str, databases: Databases, synapse: Synapse
) -> None:
    bot = synapse.register(f"bot{new_pid()}")
    async with a_matrix_world(database_url, synapse, bot=bot):
        pass  # that other client
    with databases.fresh("sqlite") as other:
        async with a_matrix_world(other, synapse, bot=bot) as world:
            asked, call = [], world.matrix.connection.home.call

            async def counted(method: str, path: str, *args: Any, **named: Any) -> Any:
                asked.append(path)
                return await call(method, path, *args, **named)

            world.matrix.connection.home.call = counted  # type: ignore[method-assign]
            for _ in range(5):
                await world.matrix.syncing.step()
            assert not [path for path in asked if "/keys/" in path], "once in an hour"
            found = {finding.subject: finding for finding in await world.matrix.check()}
            assert not found["matrix encryption"].well and "another client" in str(found["matrix encryption"].note)
