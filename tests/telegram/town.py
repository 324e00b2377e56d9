"""A group that is kept in step, and its room as the core would keep it: `do` acts and keeps what is to be kept."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from api.rooms.planning import Action, Actual, Standing
from bot.platforms.base import Place
from bot.platforms.telegram.mirroring import TelegramMirroring
from tests.emulators.telegram import Chat, Person
from tests.emulators.telegram.groups import USUAL_RIGHTS
from tests.support.telegram import TelegramWorld

PROMOTING = (*USUAL_RIGHTS, "can_promote_members")
EVERYTHING = set("invite admit refuse remove ban unban rank name topic picture hush unhush open".split())


class Town:
    """A group, its room as the core would keep it, and the mirroring under test."""

    def __init__(self, world: TelegramWorld, group: Chat, topic: int = 0) -> None:
        self.world, self.group, self.owner = world, group, world.owner
        self.place = Place("room12345678", f"{group.id}/{topic}" if topic else str(group.id), "room", {}, {})

    @property
    def mirroring(self) -> TelegramMirroring:
        """What is under test."""
        return cast(TelegramMirroring, self.world.telegram.mirroring)

    async def look(self) -> Actual:
        """What the group is."""
        return await self.mirroring.look(self.place)

    async def do(self, kind: str, who: Person | None = None, value: Any = None) -> Mapping[str, Any]:
        """Act, and keep what is to be kept."""
        action = Action(kind, str(who.id) if who else "", value)
        kept = await self.mirroring.act(self.place, action)
        self.place = replace(self.place, kept={**self.place.kept, **kept})
        return kept

    def knows(self, **standings: Standing) -> None:
        """What events told of accounts; names are "a<id>"."""
        self.place = replace(self.place, known={name[1:]: standing for name, standing in standings.items()})

    def did(self, method: str) -> int:
        """How often a call was really made."""
        return len(self.world.emulator.world.did(method))

    def calls(self) -> list[str]:
        """The questions since the last time."""
        made = [name for name, _ in self.world.emulator.calls if name.startswith("getChat")]
        self.world.emulator.calls.clear()
        return made
