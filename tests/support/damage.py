"""An administrator with a client of their own, who changes rooms of ours as they like."""

from typing import Any
from urllib.parse import quote

from storage.base import new_pid
from tests.support.matrix import Somebody
from tests.support.mirrored import Mirrored
from tests.support.stock import OWN, state_of

LEVELS = "m.room.power_levels"


class Head(Somebody):
    """Somebody nobody here knows; `take_power` makes them as high as the bot."""

    async def take_power(self, bot: Somebody, native: str) -> None:
        """Be let in by the bot's account from another client, and given all power."""
        await bot.ask("POST", f"rooms/{quote(native)}/invite", {"user_id": self.user_id})
        await self.join(native)
        await change_levels(bot, native, {self.user_id: OWN})

    async def put(self, native: str, kind: str, content: dict[str, Any], key: str = "") -> None:
        """Change a room's state."""
        await self.ask("PUT", f"rooms/{quote(native)}/state/{kind}/{quote(key, safe='')}", content)

    async def move(self, native: str, verb: str, who: str) -> None:
        """kick, ban, invite."""
        await self.ask("POST", f"rooms/{quote(native)}/{verb}", {"user_id": who})

    async def upgrade(self, native: str, version: str) -> str:
        """Replace a room; the new one's id."""
        answer = await self.ask("POST", f"rooms/{quote(native)}/upgrade", {"new_version": version})
        return str(answer["replacement_room"])


async def change_levels(client: Somebody, native: str, users: dict[str, int | None], **levels: Any) -> None:
    """Give people levels (None: none of their own), and change others of the room."""
    content = (await state_of(client, native))[LEVELS, ""]
    given = {who: level for who, level in {**content.get("users", {}), **users}.items() if level is not None}
    body = {**content, "users": given, **levels}
    await client.ask("PUT", f"rooms/{quote(native)}/state/{LEVELS}/", body)


def a_head(one: Mirrored) -> Head:
    """Another account on the homeserver; closed with the county's."""
    synapse = one.world.synapse
    head = Head(synapse, synapse.register(f"head{new_pid()}"), "信息中心")
    one.clients[head.user_id] = head
    return head
