"""The events of a room that one sync is about, with those that it left out (Matrix client-server API, 6.4.1)."""

from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from bot.platforms.matrix.homeserver import Homeserver, Refused, part, room_path
from bot.platforms.matrix.rooms import events_of

log = structlog.get_logger()

AT_ONCE = 100  # events of one room in one sync, and in one page of what was left out; Synapse gives no more
PAGES = 200  # of one gap


class Timeline:
    """What was said in rooms, as one account reads it."""

    def __init__(self, home: Homeserver, me: str) -> None:
        self.home, self.me = home, me

    async def since(self, native: str, section: Mapping[str, Any], cursor: str) -> list[dict[str, Any]]:
        """The events of a room we were in already after the last sync, oldest first. Raises SendError."""
        events = events_of(section, "timeline")
        if start := _gap(section):
            events = (await self._back(native, start, cursor))[::-1] + events
        return events

    async def of_new(self, native: str, section: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The events of a room we just came into: what was said to us before we came in counts, what was said before we
        were asked does not. Raises SendError."""
        events = events_of(section, "timeline")
        start = _gap(section)
        if start and not self._beginning(events):
            events = (await self._back(native, start))[::-1] + events
        return events[self._beginning(events) or 0 :]

    async def _back(self, native: str, start: str, cursor: str = "") -> list[dict[str, Any]]:
        """What came before a position, newest first: down to a cursor, or to where a room begins for us."""
        found: list[dict[str, Any]] = []
        for _ in range(PAGES):
            query = {"dir": "b", "from": start, "limit": AT_ONCE, **({"to": cursor} if cursor else {})}
            try:
                page = await self.home.call("GET", room_path(native, "messages"), query=query)
            except Refused as error:  # all other rooms wait for this one: it goes on without what it may not read
                log.warning("what a sync left out may not be read", room=native, error=str(error))
                break
            events = [event for event in part(page, "chunk", list) if isinstance(event, dict)]
            found += events
            end = page.get("end")
            if not events or not end or end == start or (not cursor and any(map(self._begins, events))):
                break
            start = end
        return found

    def _beginning(self, events: Sequence[Mapping[str, Any]]) -> int | None:
        """Where a room begins for us, the last time it does."""
        return max((n for n, event in enumerate(events) if self._begins(event)), default=None)

    def _begins(self, event: Mapping[str, Any]) -> bool:
        """Whether we were asked in, or came in without that."""
        if event.get("type") != "m.room.member" or event.get("state_key") != self.me:
            return False
        membership = _mapping(event.get("content")).get("membership")
        former = _mapping(_mapping(event.get("unsigned")).get("prev_content")).get("membership")
        return membership == "invite" or (membership == "join" and former not in ("invite", "join"))


def _gap(section: Mapping[str, Any]) -> str:
    """Where what a section left out ends; "" when that is nothing."""
    timeline = _mapping(section.get("timeline"))
    return str(timeline.get("prev_batch") or "") if timeline.get("limited") else ""


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
