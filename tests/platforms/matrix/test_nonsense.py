"""Whatever comes in the place of a homeserver's answers is a SendError like any other, and stops nobody."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from api.attachments.service import store_bytes
from api.context import Context
from api.matrix.service import keep_device
from api.messaging.delivering import Work, claim_work
from api.messaging.polls import Poll
from api.messaging.tree import Words
from api.rooms.planning import Action, Desired
from bot.inbound import UNNAMED, File
from bot.platforms.base import LONGEST_WAIT, Place, RetryAfter, SendError, Transient
from bot.platforms.matrix.chores import Chore
from storage.reach import Reach
from tests.platforms.matrix.test_sending import speak
from tests.support.matrix import MatrixWorld, Somebody
from tests.support.nonsense import ENDLESS, NONSENSE, Talker, talking_nonsense
from tests.telegram.test_sending import picture

TOO_MANY = f'{{"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": {ENDLESS}}}'.encode()
SAID = {
    **NONSENSE,
    "broken sync": b'{"next_batch": "s1", "rooms": {"join": {"!r:x": {"timeline": {"events": [5, {"sender": 5}]},'
    b' "summary": 5, "state": []}, "!s:x": null}, "invite": [], "leave": 5}, "to_device": {"events": [5]},'
    b' "device_lists": {"changed": [{}], "left": 5}, "device_one_time_keys_count": {"signed_curve25519": "x"}}',
}
# what a bare {} must not pass for
NEVER = frozenset({
    "sync", "sign in by token", "sign in by password", "send words", "send a photo", "send sealed words", "edit",
    "send a poll", "make a room", "show a picture",
})  # fmt: skip
POLL = Poll("poll:x", Words("几点？"), (Words("三点"), Words("四点")))
PLACE = Place("p", "!r:x", "room", {}, {})


@pytest.fixture
async def talker() -> AsyncIterator[Talker]:
    async with talking_nonsense() as talker:
        yield talker


async def fetch(world: MatrixWorld) -> None:
    async for _ in world.matrix.fetch(File("photo", "", "image/jpeg", 5, {"mxc": "mxc://localhost/abc"})):
        pass


async def sign_in(world: MatrixWorld, token: str) -> None:
    """With a token that is kept, or by the password."""
    connection = world.matrix.connection
    connection.home.token, connection._refused = "", None
    await world.runtime.transact(keep_device, connection.account, connection.holder, connection.device_id, token)
    try:
        await connection.open()
    finally:
        connection.home.token = "again"


def acts_of(world: MatrixWorld, clear: Work, sealed: Work, photo: str) -> dict[str, Callable[[], Awaitable[Any]]]:
    """Everything that is asked of a homeserver."""
    matrix, connection = world.matrix, world.matrix.connection
    mirroring = matrix.mirroring
    assert mirroring is not None
    edit = {"kind": "edit", "targets": ["$5"]}

    def send(work: Work, **how: Any) -> Callable[[], Awaitable[Any]]:
        async def do() -> None:
            connection.secrecy.sharing.forget_members(work.chat.native)
            connection.secrecy.olm.tracked_users.clear()
            matrix.files._known.clear()
            await matrix.send(replace(work, begun=[], **how))

        return do

    async def every(kind: str, who: str = "", value: Any = None) -> None:
        await mirroring.act(PLACE, Action(kind, who, value))

    return {
        "sync": matrix.syncing.step, "chores": lambda: at_once(matrix.syncing.chores),
        "sign in by token": lambda: sign_in(world, "kept"), "sign in by password": lambda: sign_in(world, ""),
        "send words": send(clear), "send a photo": send(clear, files=[photo]), "edit": send(clear, **edit),
        "send sealed words": send(sealed), "send a sealed photo": send(sealed, files=[photo]),
        "send a poll": send(clear, poll=POLL), "delete": send(clear, kind="delete", targets=["$5"]),
        "fetch": lambda: fetch(world), "look": lambda: mirroring.look(PLACE),
        "make a room": lambda: mirroring.create(PLACE, Desired(frozenset())),
        "rank": lambda: every("rank", "@li:localhost", 50), "invite": lambda: every("invite", "@li:localhost"),
        "show a picture": lambda: every("picture", value=photo), "check": matrix.check,
    }  # fmt: skip


async def at_once(chores: Sequence[Chore]) -> None:
    """What has to be done between two syncs, though it failed just now."""
    for chore in chores:
        await chore._do()


@pytest.mark.timeout(600)  # a thousand answers
async def test_nonsense_is_a_failure_like_any_other(world: MatrixWorld, talker: Talker) -> None:
    li, connection = await world.somebody(), world.matrix.connection
    await world.matrix.marking.close()
    works = [await claimed(world, await a_room(world, li, encrypted)) for encrypted in (False, True)]
    photo = await world.run(store)
    invited = await li.make_room(world.bot.user_id, name="请进")
    await world.matrix.syncing.step()
    connection.rooms[invited].membership = "invite"
    acts = acts_of(world, *works, photo)
    connection.home.url = talker.url
    mirroring: Any = world.matrix.mirroring
    mirroring.home.url = talker.url
    odd = []
    talker.body, talker.status = TOO_MANY, 429
    with pytest.raises(RetryAfter) as caught:
        await world.matrix.send(works[0])
    assert caught.value.seconds == LONGEST_WAIT
    for act, do in acts.items():
        for said, body in SAID.items():
            for status in (200, 400, 500):
                talker.body, talker.status, connection.home._most = body, status, None
                cursor = connection.cursor
                try:
                    await do()
                    if act in NEVER and (status, said) == (200, "object"):
                        odd.append(f"{act} is done, says {{}}")
                except SendError:
                    continue
                except Exception as error:
                    odd.append(f"{act} was answered {status} {said}: {error!r}"[:200])
                connection.cursor = cursor
    assert not odd, "\n".join(odd)


async def a_room(world: MatrixWorld, li: Somebody, encrypted: bool) -> str:
    state = [{"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}]
    room = await li.make_room(world.bot.user_id, direct=True, initial_state=state if encrypted else [])
    await world.pump()
    return room


async def claimed(world: MatrixWorld, room: str) -> Work:
    """A delivery to a room."""
    await world.run(speak, room, Words("好"))
    (work,) = await world.run(claim_work, Reach(("matrix",)), 1, {})
    return work


def store(ctx: Context) -> str:
    return store_bytes(ctx, "课.png", "image/png", picture(), kind="photo").pid


@pytest.mark.parametrize("kind", ["text/html", "application/json", "image/png"])
async def test_a_page_instead_of_a_file_is_no_file(world: MatrixWorld, talker: Talker, kind: str) -> None:
    talker.headers, talker.body = {"Content-Type": kind}, b"" if kind == "image/png" else NONSENSE["html"]
    world.matrix.connection.home.url = talker.url
    with pytest.raises(Transient):
        await fetch(world)
    if kind == "text/html":  # somebody's own page
        pieces = world.matrix.fetch(File("document", "", kind, 5, {"mxc": "mxc://localhost/abc"}))
        assert b"".join([piece async for piece in pieces]) == NONSENSE["html"]


@pytest.mark.parametrize("kind", ["text/html", "application/json"])
async def test_a_page_whose_sender_did_not_say_so_arrives(world: MatrixWorld, talker: Talker, kind: str) -> None:
    """By its length it is known to be no error of whatever stands before the homeserver."""
    page = talker.body = NONSENSE["html"]
    talker.headers, world.matrix.connection.home.url = {"Content-Type": kind}, talker.url

    async def fetched(size: int) -> bytes:
        file = File("document", "", UNNAMED, size, {"mxc": "mxc://localhost/abc"})
        return b"".join([piece async for piece in world.matrix.fetch(file)])

    assert await fetched(len(page)) == page and await fetched(0) == page
    with pytest.raises(Transient):
        await fetched(len(page) + 1)
