"""Rooms on paper, for the executor: they do what actions say, and fail where a test wants them to."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from api.messaging.tree import Node
from api.rooms.planning import Action, Actual, Desired
from bot.platforms.base import Gone, Place
from tests.rooms.simulated import KINDS, done

OWN = 100


class PaperRooms:
    """`failures`: (room, "look" | key of an action) -> what is raised there; a list is used up. `meanwhile` runs while
    a room is looked at."""

    def __init__(self) -> None:
        self.rooms: dict[str, Actual] = {}
        self.failures: dict[tuple[str, str], Exception | list[Exception]] = {}
        self.meanwhile: Callable[[], Awaitable[Any]] | None = None
        self.looks: Counter[str] = Counter()
        self.acts: list[tuple[str, str]] = []

    async def create(self, place: Place, desired: Desired) -> str:
        native = f"made-{place.pid}"
        self._fail(place.pid, "create")
        self.rooms.setdefault(native, Actual(OWN, KINDS, desired.name, access=desired.access, history=desired.history))
        return native

    async def look(self, place: Place) -> Actual:
        self.looks[place.native] += 1
        if (run := self.meanwhile) is not None:
            self.meanwhile = None
            await run()
        self._fail(place.native, "look")
        if place.native not in self.rooms:
            raise Gone("we are not in it")
        return self.rooms[place.native]

    async def act(self, place: Place, action: Action) -> Mapping[str, Any]:
        self.acts.append((place.native, action.key))
        self._fail(place.native, action.key)
        self.rooms[place.native] = done(self.rooms[place.native], action)
        return {}

    def guidance(self, lacking: Sequence[Action], native: str = "") -> Node | None:
        return None

    async def close(self) -> None:
        pass

    def change(self, native: str, **how: Any) -> None:
        """Somebody changes a room there."""
        self.rooms[native] = replace(self.rooms[native], **how)

    def _fail(self, native: str, what: str) -> None:
        failure = self.failures.get((native, what))
        if isinstance(failure, list):
            failure = failure.pop(0) if failure else None
        if failure is not None:
            raise failure
