"""Mirrors: lease rooms that are due, look at each once, do what the plan says, commit what came of it (C2).

Every action fails alone. Where a platform limits us, things are done one after another, at the pace it allows; a long
limit on an invitation has to do with whom it is for, any other long one stops all actions of its kind.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from api.metrics import ROOM_ACTIONS
from api.rooms.passes import (
    LeasedRoom,
    Look,
    Outcome,
    Todo,
    begin_part,
    finish,
    grow,
    lease_rooms,
    look_at,
    lost_part,
    made_room,
    make_plan,
    opened_part,
    return_room,
)
from api.rooms.planning import Action, Actual, Plan
from api.rooms.reports import Report
from api.runtime import Runtime, storage_failed
from bot.bots import Bots
from bot.pacing import NotYet, Turns
from bot.platforms.base import Ambiguous, Elsewhere, Ended, Gone, Mirroring, Moved, Place, RetryAfter, SendError
from bot.workers import Workers

log = structlog.get_logger()

IDLE_SECONDS = 2.0
WAIT_SECONDS = 5.0  # until a room whose space is not there yet is looked at again
LOOK_SECONDS, PASS_SECONDS = 40.0, 60.0  # with what is begun last, less than a lease


@dataclass(slots=True)
class Mirrors(Workers[LeasedRoom]):
    """The workers of one process."""

    bots: Bots
    signal = "rooms"
    at_once = 4
    turns: Turns = field(init=False)

    def __post_init__(self) -> None:
        self.turns = Turns(self.runtime)

    async def lease(self, limit: int) -> Sequence[LeasedRoom]:
        """Rooms of the platforms that are open and have rooms to keep."""
        names = [name for name, here in self.bots.open.items() if any(one.mirroring for one in here.values())]
        if not names:
            return []
        reach = self.bots.reach._replace(platforms=tuple(names))
        return await self.runtime.transact(lease_rooms, reach, limit, system=True, via="clock")

    async def give_back(self, room: LeasedRoom, begun: bool) -> None:
        """Whatever was done is seen by the next look."""
        await self.runtime.transact(return_room, room, system=True, via="clock")

    async def idle_seconds(self) -> float:
        """What changes in another process is not signalled where there is one database for many."""
        return IDLE_SECONDS

    async def work(self, room: LeasedRoom) -> None:
        """Look at a room and do what is to be done there."""
        outcome = Outcome()
        try:
            await self._pass(room, outcome)
        except RetryAfter as error:
            outcome.error, outcome.again_at = str(error), self._in(error.seconds)
        except Moved as error:
            outcome.moved_to, outcome.again_at = error.native, self._in(WAIT_SECONDS)
        except Ended as error:
            log.warning("a room is no more", room=room.pid, platform=room.platform, error=str(error))
            await self.insist(lost_part, room.id, system=True, via="clock")
        except Gone as error:
            outcome.gone, outcome.error = True, str(error)
        except Elsewhere as error:
            outcome.error, outcome.again_at = str(error), self.runtime.now()
        except (SendError, TimeoutError) as error:
            outcome.error, outcome.again_at = str(error) or type(error).__name__, self._in(60)
        except Exception as error:
            if storage_failed(error):
                raise
            log.exception("a look at a room went wrong", room=room.pid, platform=room.platform)
            outcome.error, outcome.again_at = type(error).__name__, self._in(60)
        if outcome.error:
            log.warning("a room could not be looked at", room=room.pid, platform=room.platform, error=outcome.error)
        await self.insist(finish, room, outcome, system=True, via="clock")

    async def _pass(self, room: LeasedRoom, outcome: Outcome) -> None:
        mirroring = self.bots.serving(room.platform, room.account).mirroring
        if room.part == "space":
            await self.runtime.transact(grow, room.id, system=True, via="clock")
        look: Look | None = await self.runtime.read(look_at, room.id, system=True, via="clock")
        if mirroring is None or look is None:
            return
        if look.ended:
            raise Ended("what was said there found no place")
        over = asyncio.get_running_loop().time() + PASS_SECONDS
        native = room.native
        if native is None:
            if look.waits:
                outcome.again_at = self._in(WAIT_SECONDS)
                return
            native = await self._create(mirroring, room, look, over, outcome)
            if native is None:
                return
        place = Place(room.pid, native, room.part, look.kept, look.known)
        async with asyncio.timeout(LOOK_SECONDS):
            actual: Actual = await mirroring.look(place)
        todo: Todo | None = await self.runtime.read(make_plan, room.id, actual, system=True, via="clock")
        if todo is None:  # it was unbound meanwhile
            return
        outcome.todo = todo
        outcome.guidance = mirroring.guidance(todo.unable, native) if todo.unable else None
        await self._act(mirroring, room, place, over, outcome, todo)

    async def _create(self, mirroring: Mirroring, room: LeasedRoom, look: Look, over: float, outcome: Outcome,
                      ) -> str | None:  # fmt: skip
        """The room that was made; None where it has to wait."""
        place, desired = Place(room.pid, "", room.part, look.kept, look.known), look.desired
        if desired is None:  # somebody else made it a moment ago
            outcome.again_at = self.runtime.now()
            return None
        if (wait := self.turns.wait_for(room.platform, "create")) > 0:
            outcome.again_at = self._in(wait)
            return None
        try:
            native = await self.turns.take(room.platform, "create", over, lambda: mirroring.create(place, desired))
        except RetryAfter as error:
            wait = error.seconds
        except NotYet:
            wait = WAIT_SECONDS
        else:
            return await self._made(room, native)
        outcome.again_at = self._in(wait)
        return None

    async def _made(self, room: LeasedRoom, native: str) -> str:
        account = self.bots.serving(room.platform, room.account).account
        await self.insist(made_room, room.id, account, native, system=True, via="clock")
        ROOM_ACTIONS.labels(room.platform, "create", "done").inc()
        log.info("done in a room", room=room.pid, platform=room.platform, action="create")
        return native

    async def _act(self, mirroring: Mirroring, room: LeasedRoom, place: Place, over: float, outcome: Outcome,
                   todo: Todo) -> None:  # fmt: skip
        for action in todo.plan.actions:
            if action.key in todo.later:
                continue
            if (wait := self.turns.wait_for(room.platform, _limited_by(action))) > 0:
                outcome.until[action.key] = self._in(wait)
                continue
            here = replace(place, kept={**place.kept, **outcome.kept})
            try:
                await self._do(mirroring, room, here, action, over, outcome)
            except NotYet:
                outcome.again_at = self.runtime.now()
                return

    async def _do(self, mirroring: Mirroring, room: LeasedRoom, place: Place, action: Action, over: float,
                  outcome: Outcome) -> None:  # fmt: skip
        result = "done"
        try:
            kind = _limited_by(action)
            call = partial(self._call, mirroring, room, place, action)
            kept = dict(await self.turns.take(room.platform, kind, over, call))
        except RetryAfter as error:
            result = "later"
            outcome.until[action.key] = self._in(error.seconds)
        except (Gone, Moved, NotYet):
            raise
        except (SendError, TimeoutError) as error:
            result = "failed"
            outcome.failed[action.key] = (str(error) or type(error).__name__)[:200]
            if isinstance(error, Ambiguous | TimeoutError):
                outcome.unheard.add(action.key)
            log.warning("something could not be done in a room", room=room.pid, action=action.key, error=str(error))
        except Exception as error:
            if storage_failed(error):
                raise
            result = "failed"
            outcome.failed[action.key] = type(error).__name__
            outcome.unheard.add(action.key)
            log.exception("something went wrong in a room", room=room.pid, action=action.key)
        else:
            outcome.done.append(action.key)
            if action.kind == "invite" and (link := kept.get("link")):
                outcome.links[action.who] = str(link)
            if action.kind == "open":
                account, native = self.bots.serving(room.platform, room.account).account, str(kept.pop("opened"))
                await self.insist(opened_part, room.id, account, action.who, native, system=True, via="clock")
            outcome.kept |= kept
            log.info("done in a room", room=room.pid, platform=room.platform, action=action.key)
        ROOM_ACTIONS.labels(room.platform, action.kind, result).inc()

    async def _call(self, mirroring: Mirroring, room: LeasedRoom, place: Place, action: Action) -> Mapping[str, Any]:
        if action.kind == "open":  # to do that twice shows it twice
            await self.insist(begin_part, room.id, action.who, system=True, via="clock")
        return await mirroring.act(place, action)

    def _in(self, seconds: float) -> datetime:
        return self.runtime.now() + timedelta(seconds=seconds)


def _limited_by(action: Action) -> str:
    """What a long limit is about: how often an account may be invited, whatever the room, or a kind of action."""
    return action.key if action.kind == "invite" else action.kind


async def look_only(runtime: Runtime, mirroring: Mirroring, report: Report) -> Todo:
    """What would be done in a room, without doing it. One that is not there yet would be made. Raises SendError."""
    if report.chat is None:
        return Todo(Plan((Action("create"),)), {}, 0)
    look: Look | None = await runtime.read(look_at, report.room.id, system=True, via="cli")
    if look is None:
        return Todo(Plan(), {}, 0)
    place = Place(report.room.pid, report.chat.native, report.room.part, look.kept, look.known)
    actual = await mirroring.look(place)
    todo: Todo | None = await runtime.read(make_plan, report.room.id, actual, system=True, via="cli")
    return todo or Todo(Plan(), {}, 0)
