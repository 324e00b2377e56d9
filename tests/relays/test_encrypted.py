"""An encrypted room in the bridge: nothing leaves it before a host knows what that means; then both ways, sealed."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from api.context import Context
from storage.base import new_pid
from storage.messaging import Chat
from storage.people import Identity
from storage.rooms import Room
from tests.support.matrix import MatrixWorld, a_matrix_world
from tests.support.sealed import Sealed, a_sealed_client
from tests.support.synapse import Synapse
from tests.support.talk import Voice

pytestmark = pytest.mark.slow


@dataclass(slots=True)
class Vault:
    """A workshop with a room on paper and an encrypted one, in which Li speaks."""

    world: MatrixWorld
    li: Sealed
    sealed: str
    paper: str
    host: Voice

    async def heard(self) -> list[dict[str, Any]]:
        """What the bot said in the encrypted room, as Li reads it."""
        bot = self.world.bot.user_id
        said = [one for one in await self.li.read(self.sealed) if one["sender"] == bot]
        return [one for one in said if one["type"] == "m.room.message"]

    def texts(self) -> list[str]:
        return [sheet.text for sheet in self.world.paper.chats[self.paper]]


@pytest.fixture
async def vault(database_url: str, synapse: Synapse, tmp_path: Path) -> AsyncIterator[Vault]:
    async with (
        a_matrix_world(database_url, synapse) as world,
        a_sealed_client(synapse, synapse.register(f"s{new_pid()}"), tmp_path / "keys") as li,
    ):
        school = await world.school(await world.region(), "第一小学")
        workshop = await world.workshop(school, "识字工坊")
        host, owner = await world.teacher("沈坊主", school), await world.teacher("李春华", school)
        await world.join(host, workshop, "host")
        await world.join(owner, workshop)
        paper = await world.room(workshop)
        room = str(await li.do("make_room", invite=[world.bot.user_id], direct=False))
        await world.pump()
        await world.pump()
        await li.do("sync")

        def bind(ctx: Context) -> None:  # without saying that it is encrypted: the first that is said there does
            chat = ctx.session.query(Chat).filter_by(platform="matrix", native=room).one()
            ctx.session.add(Room(chat_id=chat.id, community_id=workshop.id, created_at=ctx.now))
            account = ctx.session.query(Identity).filter_by(platform="matrix", native=li.user_id).first()
            account = account or Identity(platform="matrix", native=li.user_id, created_at=ctx.now)
            assert owner.person is not None
            account.person_id = owner.person.id
            ctx.session.add(account)

        await world.run(bind)
        yield Vault(world, li, room, paper, host)


async def test_nothing_leaves_an_encrypted_room_before_it_is_confirmed(vault: Vault) -> None:
    await vault.li.do("send", room=vault.sealed, content={"msgtype": "m.text", "body": "只给群里的人"})
    await vault.world.pump()
    assert vault.texts() == []
    await vault.host.say("群外的话", room=vault.paper, event="e1")
    assert not any("群外的话" in one["content"]["body"] for one in await vault.heard())
    await vault.host.say("/bridge", room=vault.paper)
    await vault.host.press("接通")
    await vault.host.press("确认接通")
    assert any("不加密" in one["content"]["body"] for one in await vault.heard()), "the room is told"
    html = {"format": "org.matrix.custom.html", "formatted_body": "<b>大家</b>好"}
    await vault.li.do("send", room=vault.sealed, content={"msgtype": "m.text", "body": "大家好", **html})
    await vault.host.say("你好", room=vault.paper, event="e2")
    await vault.world.pump()
    assert vault.texts()[-1] == "李春华: 大家好"
    assert (await vault.heard())[-1]["content"]["body"] == "沈坊主: 你好"
    path = f"/_matrix/client/v3/rooms/{vault.sealed}/messages"
    page = await vault.world.matrix.connection.home.call("GET", path, query={"dir": "b", "limit": 100})
    assert not [event for event in page["chunk"] if event["type"] == "m.room.message"], "what comes in is encrypted"


async def test_a_late_key_and_an_edit(vault: Vault) -> None:
    await vault.host.say("/bridge", room=vault.paper)
    await vault.li.do("send", room=vault.sealed, content={"msgtype": "m.text", "body": "先说一句"})
    await vault.world.pump()
    await vault.host.say("/bridge", room=vault.paper)
    await vault.host.press("接通")
    await vault.host.press("确认接通")
    await vault.li.do("sync")
    await vault.li.do("hide_key", room=vault.sealed, hide=vault.world.bot.user_id)
    event = await vault.li.do("send", room=vault.sealed, content={"msgtype": "m.text", "body": "钥匙来晚了"})
    await vault.world.pump()
    assert vault.texts() == []
    await vault.li.do("give_key")
    await vault.world.pump()
    assert vault.texts() == ["李春华: 钥匙来晚了"]
    new = {"msgtype": "m.text", "body": "改过了"}
    relation = {"m.new_content": new, "m.relates_to": {"rel_type": "m.replace", "event_id": event}}
    await vault.li.do("send", room=vault.sealed, content={**new, "body": "* 改过了", **relation})
    await vault.world.pump()
    assert vault.texts() == ["李春华: 改过了"]
