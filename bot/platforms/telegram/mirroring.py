"""Groups, and topics of forums, kept in step with their communities: what the core speaks to. Knows no aiogram.

Bots make no groups: somebody makes one and binds it. The library is imported when the first group is looked at.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from api.messaging.tree import Node
from api.rooms.planning import Action, Actual, Desired
from bot.platforms.base import Place, Rejected
from bot.platforms.telegram.guidance import guide

if TYPE_CHECKING:
    from bot.platforms.telegram.groups import Groups


class TelegramMirroring:
    """What `Mirroring` asks for."""

    def __init__(self, opened: "Callable[[], Awaitable[Groups]]") -> None:
        self._opened = opened

    async def create(self, place: Place, desired: Desired) -> str:
        """Nothing that a bot can do. Raises Rejected."""
        raise Rejected("bots cannot make groups on Telegram")

    async def look(self, place: Place) -> Actual:
        """What a group is now, by two questions; a topic, by one. Raises SendError (Gone: we are not in it)."""
        return await (await self._opened()).look(place)

    async def act(self, place: Place, action: Action) -> Mapping[str, Any]:
        """Do one thing; done already is done. Raises SendError; Rejected for what we may not, in the server's words.

        An "invite" returns the "link" by which somebody can ask to come in; none for who is in already. An "open" whose
        answer was not heard (Ambiguous) may have made a topic; nobody can be asked, but Telegram tells (room_opened).
        """
        return await (await self._opened()).act(place, action)

    def guidance(self, lacking: Sequence[Action], native: str = "") -> Node | None:
        """Which rights these actions lack in a place, what for, and how to give them.

        None where no right is the matter.
        """
        return guide(lacking, native)

    async def close(self) -> None:
        """Nothing of its own: the connections are the adapter's."""
