"""Nothing is lost and nothing counts twice: gaps, restarts, rooms that begin, events of before our time."""

from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY

from api.context import Context
from api.times import utcnow
from bot.platforms.base import Transient
from bot.platforms.matrix.homeserver import Refused
from bot.platforms.matrix.syncing import newest_of
from storage.base import new_pid
from storage.messaging import Chat, Incoming
from tests.support.matrix import CLIENT, MatrixWorld, Somebody, a_matrix_world, in_thread
from tests.support.synapse import Synapse


def said(ctx: Context, native: str) -> list[str]:
    rows = ctx.session.query(Incoming).join(Chat, Chat.id == Incoming.chat_id).filter(Chat.native == native)
    events = [row.raw["event"] for row in rows.order_by(Incoming.id)]
    return [event["content"]["body"] for event in events if event["type"] == "m.room.message"]


async def room_of(world: MatrixWorld, li: Somebody, **how: Any) -> str:
    room = await li.make_room(world.bot.user_id, name="坊", **how)
    await world.pump()
    return room


async def test_what_a_sync_leaves_out_is_fetched(world: MatrixWorld) -> None:
    li = await world.somebody()
    room = await room_of(world, li)
    words = [f"第{n}句" for n in range(230)]
    for word in words:
        await li.say(room, word)
    await world.pump(settle=False)
    assert await world.run(said, room) == words


async def test_a_restart_reads_on_where_it_stopped(database_url: str, synapse: Synapse) -> None:
    async with a_matrix_world(database_url, synapse) as world:
        li = await world.somebody()
        room, bot = await room_of(world, li), world.bot
        await li.say(room, "之前")
        await world.pump()
    async with a_matrix_world(database_url, synapse, bot=bot) as world:
        again = Somebody(synapse, li.account, li.name)
        world.people.append(again)
        for word in ("关着的时候", "又一句"):
            await again.say(room, word)
        await world.pump(settle=False)
        assert await world.run(said, room) == ["之前", "关着的时候", "又一句"]


async def test_a_sync_that_could_not_be_kept_is_read_again(world: MatrixWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    li = await world.somebody()
    room = await room_of(world, li)
    await li.say(room, "别丢了我")
    with monkeypatch.context() as patch:
        patch.setattr("bot.platforms.matrix.syncing.take_in", _fail)
        with pytest.raises(OSError):
            await world.matrix.syncing.step()
    await world.pump(settle=False)
    assert await world.run(said, room) == ["别丢了我"]


async def test_how_old_events_are_and_when_they_were_asked_for_is_measured(world: MatrixWorld) -> None:
    li = await world.somebody()
    room = await room_of(world, li)
    later = utcnow() + timedelta(seconds=300)
    world.set_time(later)
    before = lag()
    await li.say(room, "迟了")
    while lag() == before:
        await world.matrix.syncing.step()
    assert lag() - before == pytest.approx(300, abs=60)
    mine = {"platform": "matrix", "account": world.matrix.account}
    assert REGISTRY.get_sample_value("gongfang_last_read_timestamp_seconds", mine) == later.timestamp()


def lag() -> float:
    return REGISTRY.get_sample_value("gongfang_arrival_lag_seconds_sum", {"platform": "matrix"}) or 0.0


def test_what_no_server_should_say_is_no_age() -> None:
    moments = (10**400, -5, True, "1", None, 2**60)
    odd: list[dict[str, Any]] = [{"event": {"origin_server_ts": moment}} for moment in moments]
    assert newest_of(odd) is None
    assert newest_of([*odd, {"event": {"origin_server_ts": 1500}}]) == 1.5


def _fail(_ctx: Context, _batch: Any) -> None:
    raise OSError("no")


async def test_the_same_events_twice_are_there_once(world: MatrixWorld) -> None:
    li = await world.somebody()
    room = await room_of(world, li)
    before = world.matrix.connection.cursor
    await li.say(room, "一次")
    await world.pump(settle=False)
    world.matrix.connection.cursor = before
    await world.pump(settle=False)
    assert await world.run(said, room) == ["一次"]


async def test_words_said_while_inviting_count_and_older_ones_do_not(world: MatrixWorld) -> None:
    li = await world.somebody()
    room = await li.make_room(name="坊")
    await li.say(room, "很久以前")
    await li.ask("POST", f"rooms/{room}/invite", {"user_id": world.bot.user_id})
    await li.say(room, "你来了吗")
    await world.pump(settle=False)
    assert await world.run(said, room) == ["你来了吗"]


@pytest.mark.parametrize("when", ["asked", "joining"])
async def test_all_that_was_said_since_we_were_asked_counts(world: MatrixWorld, when: str) -> None:
    """However much it was: a sync shows the last hundred events."""
    li = await world.somebody()
    room = await li.make_room(name="坊")
    await li.say(room, "很久以前")
    await li.ask("POST", f"rooms/{room}/invite", {"user_id": world.bot.user_id})
    if when == "joining":
        await world.matrix.syncing.step()  # it joins, and is away then
    words = [f"第{n}句" for n in range(130)]
    for word in words:
        await li.say(room, word)
    for _ in range(2):
        await world.pump(settle=False)
    assert await world.run(said, room) == words


async def test_a_gap_that_may_not_be_read_stops_no_other_room(
    world: MatrixWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    li = await world.somebody()
    room, other = await room_of(world, li), await room_of(world, li)
    for n in range(120):
        await li.say(room, f"第{n}句")
    await li.say(other, "别等我")
    home = world.matrix.connection.home
    call = home.call

    async def refuse(method: str, path: str, *args: Any, **named: Any) -> Any:
        if path.endswith("/messages"):
            raise Refused(403, "M_FORBIDDEN", "")
        return await call(method, path, *args, **named)

    monkeypatch.setattr(home, "call", refuse)
    await world.pump(settle=False)
    assert await world.run(said, other) == ["别等我"]


async def test_a_new_name_of_ours_begins_nothing(world: MatrixWorld) -> None:
    li = await world.somebody()
    room = await li.make_room(world.bot.user_id, name="坊")
    await world.matrix.syncing.step()
    await li.say(room, "之前")
    path = f"{CLIENT}/profile/{world.bot.user_id}/displayname"
    await world.matrix.connection.home.call("PUT", path, {"displayname": "助手"})
    await li.say(room, "之后")
    await world.pump(settle=False)
    assert await world.run(said, room) == ["之前", "之后"]


async def test_what_was_said_before_the_first_start_is_left_alone(database_url: str, synapse: Synapse) -> None:
    bot = synapse.register(f"bot{new_pid()}")
    early = Somebody(synapse, bot, "工坊")
    async with a_matrix_world(database_url, synapse) as world:
        li = await world.somebody()
        room = await li.make_room(bot.user_id, name="坊")
        await early.join(room)
        await li.say(room, "帮助")
        await early.close()
    async with a_matrix_world(database_url, synapse, bot=bot) as world:
        again = Somebody(synapse, li.account, li.name)
        world.people.append(again)
        assert await world.run(said, room) == []
        await again.say(room, "现在")
        await world.pump(settle=False)
        assert await world.run(said, room) == ["现在"]


async def test_a_lost_token_is_replaced_on_the_same_device(world: MatrixWorld) -> None:
    li = await world.somebody()
    room, connection = await room_of(world, li), world.matrix.connection
    device = connection.device_id
    await connection.home.call("POST", "/_matrix/client/v3/logout", {})
    await li.say(room, "还在吗")
    with pytest.raises(Transient):
        await world.matrix.syncing.step()
    connection.signed_out()
    await world.pump(settle=False)
    assert connection.device_id == device and await world.run(said, room) == ["还在吗"]


async def test_threads_names_and_notices(world: MatrixWorld) -> None:
    li = await world.somebody("李春华")
    room = await room_of(world, li)
    root = await li.say(room, "开头")
    event = await li.say(room, "楼中", **in_thread(root))
    await li.send(room, {"msgtype": "m.notice", "body": "我也是机器人"})
    await world.pump(settle=False)
    heard = [world.matrix.parse(row) for row in await world.run(raws, room)]
    texts = {inbound.text: inbound for inbound in heard if inbound is not None and inbound.kind == "said"}
    assert set(texts) == {"开头", "楼中"}
    inner = texts["楼中"]
    assert (inner.payload["thread"], inner.reply_to, inner.name) == (f"{root} {event}", "", "李春华")


def raws(ctx: Context, native: str) -> list[dict[str, Any]]:
    rows = ctx.session.query(Incoming).join(Chat, Chat.id == Incoming.chat_id).filter(Chat.native == native)
    return [row.raw for row in rows.order_by(Incoming.id)]
