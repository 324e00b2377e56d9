"""Updates and events once more, late, out of order, and broken ones among them."""

import json
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from aiohttp import web

from tests.faults.weather import Answer, Weather

LATE, TWICE = 0.3, 0.5


class Mixer:
    """Mixes up what comes that `way`, while it is `on`. `breaks` makes something broken of a number."""

    def __init__(self, way: Weather, breaks: Callable[[Random, int], Any]) -> None:
        self.chance, self.way, self.breaks = way.chance, way, breaks
        self.on, self.number = False, 0
        self.before: list[Any] = []
        self.held: list[Any] = []

    def broken(self) -> Any:
        """Another one that is none."""
        self.number += 1
        self.way.struck["broken update"] += 1
        return self.breaks(self.chance, self.number)

    def mix(self, came: list[Any]) -> list[Any]:
        """What is told instead of what came. What is late is told the next time."""
        late, self.held = self.held, []
        if not self.on or not came:
            return [*late, *came]
        came = list(came)
        if self.chance.random() < LATE:
            self.held = [came.pop()]
            self.way.struck["late"] += 1
        again = self.before if self.chance.random() < TWICE else []
        self.way.struck["twice"] += len(again)
        self.before = came[-3:]
        mixed = [*late, *again, *came, self.broken()]
        self.chance.shuffle(mixed)
        return mixed

    async def updates(self, request: web.Request, body: bytes, answer: Answer) -> Answer:
        """The answers of Telegram's getUpdates."""
        if not request.path.endswith("/getUpdates") or answer.status != 200:
            return answer
        mixed = self.mix(json.loads(answer.body)["result"])
        return replace(answer, body=json.dumps({"ok": True, "result": mixed}).encode())

    async def posts(self, request: web.Request, body: bytes, answer: Answer) -> Answer:
        """What Telegram posts to our webhook: now and then once more, and something broken after it."""
        if self.on and request.method == "POST" and answer.status == 200:
            if self.chance.random() < TWICE:
                self.way.struck["twice"] += 1
                await self.way.ask(request, body)
            data = json.dumps(self.broken()).encode()
            await self.way.ask(request, self.chance.choice((data, data[:-1])))
        return answer

    async def syncs(self, request: web.Request, body: bytes, answer: Answer) -> Answer:
        """The answers of Matrix's /sync: messages of the rooms that it is about, and broken things everywhere."""
        if not request.path.endswith("/sync") or answer.status != 200:
            return answer
        said = json.loads(answer.body)
        joined = said.setdefault("rooms", {}).setdefault("join", {})
        came = [(room, one) for room, section in joined.items() for one in _events(section) if _is_message(one)]
        for section in joined.values():
            events = [one for one in _events(section) if not _is_message(one)]
            section.setdefault("timeline", {})["events"] = events
        for room, one in self.mix(came):
            joined.setdefault(room, {}).setdefault("timeline", {"limited": False}).setdefault("events", []).append(one)
        if self.on:
            said |= {"to_device": {"events": [5, None, {"type": "m.room.encrypted", "sender": 5, "content": "x"}]},
                     "device_lists": {"changed": [5, {}, None], "left": 5}, "presence": 5}  # fmt: skip
            joined |= {"!none:localhost": None, "!odd:localhost": []}
            said["rooms"] |= {"leave": {"!gone:localhost": 5}, "invite": {"!asked:localhost": {"invite_state": 5}}}
        return replace(answer, body=json.dumps(said).encode())


def _events(section: Any) -> list[Any]:
    return list(section.get("timeline", {}).get("events", []))


def _is_message(event: Any) -> bool:
    return isinstance(event, dict) and event.get("type") == "m.room.message"


def broken_update(chance: Random, number: int, who: int) -> Any:
    """What is no update of Telegram's."""
    chat = {"id": who, "type": "private"}
    return chance.choice([
        None, 5, "update", [], {}, {"update_id": str(number)}, {"update_id": number},
        {"update_id": number, "message": None}, {"update_id": number, "message": {"chat": chat}},
        {"update_id": number, "message": {"message_id": 5, "chat": chat, "from": [], "text": {"a": 1}}},
        {"update_id": number, "callback_query": {"id": 5, "from": {"id": who}, "data": 5}},
        {"update_id": number, "poll_answer": {"user": chat, "option_ids": "x"}},
    ])  # fmt: skip


def broken_event(chance: Random, number: int, room: str, who: str) -> tuple[str, Any]:
    """What is no event of Matrix's, in a room."""
    event = {"event_id": f"$broken{number}", "sender": who, "origin_server_ts": "today"}
    return room, chance.choice([
        None, 5, "event", [], {}, {"type": 5, **event}, {**event, "type": "m.room.message"},
        {**event, "type": "m.room.message", "content": 5}, {**event, "type": "m.room.message", "event_id": 5},
        {**event, "type": "m.room.message", "content": {"msgtype": "m.image", "body": "x"}},
        {**event, "type": "m.room.message", "content": {"msgtype": "m.text", "body": 5}},
        {**event, "type": "m.room.message", "content": {"msgtype": "m.text", "body": "x"}, "sender": []},
        {**event, "type": "m.reaction", "content": {"m.relates_to": []}},
        {**event, "type": "m.room.encrypted", "content": {"algorithm": 5, "session_id": {}, "ciphertext": None}},
        {**event, "type": "m.room.member", "state_key": [], "content": {"membership": {}, "displayname": 5}},
        {**event, "type": "m.room.power_levels", "state_key": "x", "content": {"users": [5]}},
    ])  # fmt: skip
