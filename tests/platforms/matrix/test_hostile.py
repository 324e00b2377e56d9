"""What one device's keys, and what one member sends our device, concerns nobody else."""

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
import vodozemac

from bot.platforms.matrix.keyring import Keyring
from bot.platforms.matrix.secrecy import Secrecy
from storage.base import new_pid
from tests.platforms.matrix.test_secrecy import answers, speak
from tests.support.databases import Databases
from tests.support.matrix import CLIENT, MatrixWorld, Somebody, a_matrix_world
from tests.support.matrix_keys import OLM, Keys, _words
from tests.support.sealed import Sealed
from tests.support.synapse import Registered, Synapse

ENCRYPTION = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
NO_KEY = "AAAA"
ZERO = "A" * 43  # a key with which nothing secret can be agreed


@pytest.mark.parametrize(
    ("curve", "one_time"), [(NO_KEY, ""), (ZERO, ""), ("", NO_KEY)], ids=["no", "zero", "one-time"]
)
async def test_keys_that_cannot_be_used_silence_nobody(
    world: MatrixWorld, sealed: Sealed, curve: str, one_time: str
) -> None:
    room = await sealed.do("make_room", invite=[world.bot.user_id], direct=False)
    await world.pump()
    bad, connection = await world.somebody("坏人"), world.matrix.connection
    keys = Keys(bad)
    await keys.publish(curve)
    await keys.give_one_time_keys(one_time)
    await connection.home.call("POST", f"{CLIENT}/rooms/{room}/invite", {"user_id": bad.user_id})
    await bad.join(room)
    await world.pump()
    await sealed.do("sync")
    for text in ("第一句", "第二句"):
        await world.run(speak, room, text)
        await world.settle()
    assert (await answers(world, sealed, room))[-2:] == ["第一句", "第二句"]

    ours = connection.secrecy.olm.account.identity_keys["curve25519"]
    await keys.garble(world.bot.user_id, connection.device_id, ours)
    await world.pump()
    li = await world.somebody()
    await world.chat_with(li)
    assert not connection.secrecy.olm.wedged_devices
    assert [room for room in connection.rooms.values() if room.inviter == li.user_id and room.membership == "join"]


@pytest.fixture
def url(databases: Databases) -> Iterator[str]:
    with databases.fresh("postgres") as url:
        yield url


@pytest.mark.parametrize("device", ["D" * 512, "AB\0CD"], ids=["long", "NUL"])
async def test_ids_of_devices_that_no_database_keeps(url: str, synapse: Synapse, device: str) -> None:
    async with a_matrix_world(url, synapse) as world:
        made = synapse.register(f"u{new_pid()}")
        who = {"type": "m.id.user", "user": made.user_id}
        asked = {"type": "m.login.password", "identifier": who, "password": made.password, "device_id": device}
        answer = await (await world.somebody()).ask("POST", "login", asked)
        bad = Somebody(synapse, Registered(made.user_id, device, answer["access_token"], made.password), "坏人")
        world.people.append(bad)
        await Keys(bad).publish()
        room = await bad.make_room(world.bot.user_id, initial_state=[ENCRYPTION], direct=True)
        await world.pump()
        await world.run(speak, room, "你好")
        await world.settle()
        li = await world.somebody()
        chat = await world.chat_with(li)
        assert await li.shown(chat, of=world.bot.user_id)


class Member:
    """Somebody who tells our device keys of rooms."""

    def __init__(self, name: str, secrecy: Secrecy) -> None:
        account = secrecy.olm.account
        account.generate_one_time_keys(1)
        (key,) = list(account._account.one_time_keys.values())[-1:]
        account.mark_keys_as_published()
        self.name, self.keys, self.account = name, account.identity_keys, vodozemac.Account()
        ours = vodozemac.Curve25519PublicKey.from_base64(self.keys["curve25519"])
        self.session = self.account.create_outbound_session(ours, key)

    def tells(self, room: str, group: vodozemac.GroupSession, key: str = "") -> dict[str, Any]:
        """An m.room_key, encrypted for our device."""
        said = {"algorithm": "m.megolm.v1.aes-sha2", "room_id": room, "session_id": group.session_id,
                "session_key": key or group.session_key.to_base64()}  # fmt: skip
        payload = {"type": "m.room_key", "sender": self.name, "sender_device": "D", "recipient": "@bot:x",
                   "keys": {"ed25519": self.account.ed25519_key.to_base64()},
                   "recipient_keys": {"ed25519": self.keys["ed25519"]}, "content": said}  # fmt: skip
        kind, body = self.session.encrypt(json.dumps(payload).encode()).to_parts()
        sealed = {self.keys["curve25519"]: {"type": kind, "body": _words(body)}}
        content = {"algorithm": OLM, "sender_key": self.account.curve25519_key.to_base64(), "ciphertext": sealed}
        return {"type": "m.room.encrypted", "sender": self.name, "content": content}


def secrecy_of(rows: Any = ()) -> Secrecy:
    return Secrecy(cast(Any, SimpleNamespace(me="@bot:x", device_id="BOT", holder="")), Keyring(rows))


def rows_of(secrecy: Secrecy) -> list[tuple[str, str, str]]:
    """As they are read again after a restart."""
    return [(kind, name, json.dumps(value)) for (kind, name), value in secrecy.keyring._rows.items()]


def told(secrecy: Secrecy, event: dict[str, Any]) -> set[tuple[str, str]]:
    return secrecy.take_in({"to_device": {"events": [event]}})


def message(group: vodozemac.GroupSession, n: int, sender: str = "@li:x") -> dict[str, Any]:
    plain = {"type": "m.room.message", "room_id": "!r", "content": {"msgtype": "m.text", "body": f"{n}"}}
    content = {"algorithm": "m.megolm.v1.aes-sha2", "session_id": group.session_id,
               "ciphertext": group.encrypt(json.dumps(plain).encode()).to_base64()}  # fmt: skip
    return {"type": "m.room.encrypted", "event_id": f"${n}", "sender": sender, "content": content}


@pytest.mark.parametrize("order", ["before", "after"])
@pytest.mark.parametrize("room", ["!r", "!other", "!\ud800\0" + "x" * 900])
def test_nobody_takes_the_key_of_another(order: str, room: str) -> None:
    secrecy, group = secrecy_of(), vodozemac.GroupSession()
    li, evil, key = Member("@li:x", secrecy), Member("@evil:x", secrecy), group.session_key.to_base64()
    copy = evil.tells(room, group, key)
    if order == "before":
        told(secrecy, copy)
    assert told(secrecy, li.tells("!r", group, key)) == {("!r", group.session_id)}
    if order == "after":
        told(secrecy, copy)
    for again in (secrecy, secrecy_of(rows_of(secrecy))):
        plain = again.decrypt("!r", message(group, 1))
        assert plain is not None and plain["content"]["body"] == "1"
        assert again.decrypt("!other", message(group, 2)) is None
        assert again.decrypt("!r", message(group, 3, "@zhao:x")) is None, "it waits for a key of that sender"
    for (_, name), value in secrecy.keyring._changes.items():
        assert len(name) <= 600 and name.isprintable() and (value or "").isascii()


def test_keys_under_their_old_names_are_still_read() -> None:
    secrecy, group = secrecy_of(), vodozemac.GroupSession()
    li = Member("@li:x", secrecy)
    told(secrecy, li.tells("!r", group))
    old = [(kind, group.session_id if kind == "megolm" else name, value) for kind, name, value in rows_of(secrecy)]
    again = secrecy_of(old)
    assert again.decrypt("!r", message(group, 1)) is not None
    assert again.keyring._changes["megolm", group.session_id] is None
    assert ("megolm", f"!r {li.account.curve25519_key.to_base64()} {group.session_id}") in again.keyring._changes


def test_what_comes_before_the_key_that_we_have_waits_for_another() -> None:
    secrecy, group = secrecy_of(), vodozemac.GroupSession()
    early = message(group, 1)
    told(secrecy, Member("@li:x", secrecy).tells("!r", group))
    assert secrecy.decrypt("!r", early) is None
    assert secrecy.decrypt("!r", message(group, 2)) is not None


def test_what_is_said_again_is_known_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.platforms.matrix.secrecy.SEEN_KEPT", 3)
    secrecy, group = secrecy_of(), vodozemac.GroupSession()
    told(secrecy, Member("@li:x", secrecy).tells("!r", group))
    for n in range(9):
        said = message(group, n)
        assert secrecy.decrypt("!r", said) and secrecy.decrypt("!r", said)
        with pytest.raises(ValueError, match="another id"):
            secrecy.decrypt("!r", {**said, "event_id": "$again"})
    assert len(secrecy._seen) == 3


async def test_who_gets_one_time_keys_late_can_read_soon(world: MatrixWorld) -> None:
    li = await world.somebody()
    keys = Keys(li)
    await keys.publish()
    room = await li.make_room(world.bot.user_id, initial_state=[ENCRYPTION], direct=True)
    await world.pump()
    await keys.give_one_time_keys()
    sharing, since = world.matrix.connection.secrecy.sharing, (await li.ask("GET", "sync"))["next_batch"]
    for minutes, came in ((0, 0), (5, 1), (0, 0)):
        sharing._later = {device: at - minutes * 60 for device, at in sharing._later.items()}
        await world.run(speak, room, "好")
        await world.settle()
        heard = await li.ask("GET", "sync", timeout=0, since=since)
        assert len(heard.get("to_device", {}).get("events", [])) == came
        since = heard["next_batch"]


@pytest.mark.parametrize("odd", [None, 5, "x", ["x", None, {}, [1]], {"x": []}, {"changed": [{}], "left": [[]]}])
def test_a_sync_whose_lists_are_none_is_read_all_the_same(odd: Any) -> None:
    secrecy = secrecy_of()
    for name in ("to_device", "device_lists", "device_one_time_keys_count", "device_unused_fallback_key_types"):
        assert secrecy.take_in({name: odd}) == set()
    assert secrecy.take_in({"device_one_time_keys_count": {"signed_curve25519": odd}}) == set()
    assert isinstance(secrecy.olm.uploaded_key_count, int)
    secrecy.take_in({"device_one_time_keys_count": {"signed_curve25519": -(10**9)}})
    assert secrecy.olm.uploaded_key_count == 0, "or a thousand million keys would be made"
