"""The built-in rooms for whoever plans rooms: there is one for everything, and it is what it should be."""

from collections.abc import Mapping, Sequence
from typing import Any

from api.messaging.tree import Node
from api.rooms.planning import Action, Actual, Desired
from api.runtime import Runtime
from api.webchat.mirroring import look_at_room, retitle_room
from bot.platforms.base import Gone, Place, Rejected


class WebMirroring:
    """The rooms of the web chat."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    async def create(self, place: Place, desired: Desired) -> str:
        """Nothing that anybody has to do. Raises Rejected."""
        raise Rejected("built-in rooms come with their communities")

    async def look(self, place: Place) -> Actual:
        """What the web chat shows. Raises Gone."""
        actual: Actual | None = await self.runtime.read(look_at_room, place.native)
        if actual is None:
            raise Gone("there is no such room")
        return actual

    async def act(self, place: Place, action: Action) -> Mapping[str, Any]:
        """Change a title; all else follows from who is a member. Raises Rejected."""
        if action.kind != "name":
            raise Rejected(f"the web chat knows no {action.kind}")
        await self.runtime.transact(retitle_room, place.native, str(action.value), system=True)
        return {}

    def guidance(self, lacking: Sequence[Action], native: str = "") -> Node | None:
        """Nobody has to do anything."""
        return None

    async def close(self) -> None:
        """Nothing is open."""
