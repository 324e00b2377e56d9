"""A chat platform on paper: the whole contract in memory, with buttons or without, for dialogue tests."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from api.messaging.delivering import Work
from api.messaging.render import plain, render
from api.messaging.tree import Button
from bot.inbound import File, Inbound, Part
from bot.platforms.base import Capabilities, Finding, Gone, Mirroring, Rejected, SendError, Unreadable


@dataclass(slots=True)
class Sheet:
    """One message as its reader sees it."""

    native: str
    text: str
    buttons: list[tuple[str, Button]] = field(default_factory=list)  # label as read, button
    files: Sequence[str] = ()
    edits: int = 0
    deleted: bool = False
    reply_to: str | None = None  # the native id of what it answers


class Paper:
    """A platform whose chats are lists. `failures` are raised by the next sends, first come first served."""

    name = "paper"
    mirroring: Mirroring | None = None
    account = ""

    def __init__(self, name: str = "paper", **capabilities: Any) -> None:
        self.name = name
        self.capabilities = Capabilities(**capabilities)
        self.chats: dict[str, list[Sheet]] = defaultdict(list)
        self.toasts: dict[str, list[str]] = defaultdict(list)
        self.failures: list[SendError | None] = []
        self.files: dict[str, bytes] = {}
        self.gone: set[str] = set()
        self._numbers = count(1)

    async def start(self) -> None:
        pass

    async def close(self) -> None:
        pass

    def parse(self, raw: dict[str, Any]) -> Inbound | None:
        if raw.get("garbage"):
            raise Unreadable("garbage")
        raw = {name: value for name, value in raw.items() if name != "administers"}
        files, parts = [File(**file) for file in raw.get("files", ())], [Part(**part) for part in raw.get("parts", ())]
        return Inbound(**{**raw, "files": tuple(files), "parts": tuple(parts)})

    async def receive(self) -> None:
        await asyncio.Event().wait()

    def spare(self, claimed: int) -> int | None:
        return None

    async def send(self, work: Work) -> Sequence[str]:
        if self.failures and (failure := self.failures.pop(0)) is not None:
            raise failure
        if work.chat.native in self.gone:
            raise Gone("blocked")
        sheets = self.chats[work.chat.native]
        text = plain(work.tree, work.reader)
        if work.kind == "ack":
            self.toasts[work.handle or ""].append(text)
            return []
        buttons = [(plain(b.label, work.reader), b) for row in work.rows for b in row]
        for _, button in buttons:
            assert button.url or 0 < len(button.action.encode()) <= 64, f"no platform carries this: {button.action}"
        if work.kind == "send":
            if not text and not work.files:
                raise Rejected("empty message")
            for run in render(work.tree, work.reader):
                assert run.text, "an empty span"
            sheets.append(Sheet(f"m{next(self._numbers)}", text, buttons, work.files, reply_to=work.reply_to))
            return [sheets[-1].native]
        for sheet in sheets:
            if sheet.native in work.targets:
                if work.kind == "delete":
                    sheet.deleted = True
                else:
                    sheet.text, sheet.buttons, sheet.files, sheet.edits = text, buttons, work.files, sheet.edits + 1
        return []

    async def fetch(self, file: File) -> AsyncIterator[bytes]:
        if file.ref["key"] not in self.files:
            raise Gone("no such file")
        yield self.files[file.ref["key"]]

    async def administers(self, raw: dict[str, Any]) -> bool:
        if isinstance(raw.get("administers"), SendError):
            raise raw["administers"]
        return bool(raw.get("administers"))

    async def check(self) -> list[Finding]:
        return [Finding(self.name, True, "on paper")]
