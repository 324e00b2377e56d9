"""Live events (server-sent): each open page is told what changed in the chats it may see.

One feed per process looks for changes, on the signal "web" and every few seconds for those of other processes, and
pokes the lines they concern. A line then asks for its own news, with its rights asked anew; it keeps positions, never
posts, so a slow page costs no memory. A line's cursor is "<toast>~<chat>.<change>.<mark>~..."; replays are harmless.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog

from api.context import Context
from api.messaging.render import plain
from api.metrics import OPEN_PAGES
from api.runtime import Runtime, StorageUnavailable
from api.webchat.live import keep_presence, lately_changed
from api.webchat.places import SignedOut, enter
from api.webchat.reading import begin_reading, read_news
from bot.platforms.web import pages
from bot.platforms.web.drawing import pen_for

log = structlog.get_logger()

LOOK_SECONDS = 2.0  # for changes made by other processes
BACK = timedelta(seconds=30)  # transactions that began before others' commits are still found
PRESENCE_SECONDS = 30.0
RECHECK_SECONDS = 15.0  # rights and sessions are asked again, also where nothing is said
RETRY_MS = 2000
IDLE_SECONDS = 3600.0
LINES_PER_ACCOUNT = 12
Known = dict[str, tuple[int, int | None]]


@dataclass(slots=True, eq=False)
class Line:
    """One open page; `chats`: the ids of those it shows, for pokes."""

    identity_id: int
    awake: asyncio.Event = field(default_factory=asyncio.Event)
    chats: set[int] = field(default_factory=set)
    closed: bool = False

    def poke(self) -> None:
        """Something may have changed for this page."""
        self.awake.set()


@dataclass(frozen=True, slots=True)
class Position:
    """What a page shows. `known`: chat pid -> (change, mark); `toast`: the last one it said."""

    known: Known
    toast: int


@dataclass(frozen=True, slots=True)
class Told:
    """The events of a page as text, where it stands after them, the chats that concern it from now on, and whether one
    of them is seen for the first time."""

    text: str
    position: Position
    chats: set[int]
    fresh: bool


class Feed:
    """What the lines of one process share."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.lines: dict[int, list[Line]] = defaultdict(list)  # by account
        self._by_chat: dict[int, set[Line]] = defaultdict(set)
        self._chats: dict[int, int] = {}  # chat -> its change when last looked
        self._accounts: dict[int, Any] = {}
        self._task: asyncio.Task[None] | None = None
        self.closing = False

    def join(self, line: Line) -> None:
        """Begin telling a page; of very many pages of one account the oldest is let go."""
        mine = self.lines[line.identity_id]
        mine.append(line)
        OPEN_PAGES.inc()
        if len(mine) > LINES_PER_ACCOUNT:
            mine[0].closed = True
            mine[0].poke()
        if self._task is None or self._task.done():
            self._task = self.runtime.spawn(self._watch(), "web-feed")
            self.runtime.spawn(self._wait_for_end(), "web-feed-end")

    def leave(self, line: Line) -> None:
        """Stop telling a page."""
        self.lines[line.identity_id].remove(line)
        OPEN_PAGES.dec()
        if not self.lines[line.identity_id]:
            del self.lines[line.identity_id]
        self.follow(line, set())

    def follow(self, line: Line, chats: set[int]) -> bool:
        """The chats whose changes concern a page; whether there are new ones."""
        new = bool(chats - line.chats)
        for chat in line.chats - chats:
            self._by_chat[chat].discard(line)
            if not self._by_chat[chat]:
                del self._by_chat[chat]
        for chat in chats - line.chats:
            self._by_chat[chat].add(line)
        line.chats = chats
        return new

    def close(self) -> None:
        """End all streams; the pages come back to whoever serves next."""
        self.closing = True
        for lines in self.lines.values():
            for line in lines:
                line.poke()

    async def _wait_for_end(self) -> None:
        waiter = self.runtime.signals.waiter("stopping")
        # everybody is woken when signals were lost, too
        while not self.runtime.stopping:
            await waiter.wait(IDLE_SECONDS)
        self.close()

    async def _watch(self) -> None:
        waiter = self.runtime.signals.waiter("web")
        loop = asyncio.get_running_loop()
        present = 0.0
        while not self.closing:
            try:
                await self._look()
                if self.lines and loop.time() - present > PRESENCE_SECONDS:
                    present = loop.time()
                    await self.runtime.transact(keep_presence, list(self.lines))
            except StorageUnavailable as error:
                log.warning("the database is away; open pages wait", error=str(error))
            await waiter.wait(LOOK_SECONDS)

    async def _look(self) -> None:
        if not self.lines:
            return
        chats, accounts = await self.runtime.read(lately_changed, BACK)
        for chat, change in chats:
            if self._chats.get(chat) != change:
                for line in self._by_chat.get(chat, ()):
                    line.poke()
        for account, at in accounts:
            if self._accounts.get(account) != at:
                for line in self.lines.get(account, ()):
                    line.poke()
        self._chats, self._accounts = dict(chats), dict(accounts)


def write_cursor(position: Position) -> str:
    """A position as text."""
    chats = [f"{pid}.{change}.{'' if mark is None else mark}" for pid, (change, mark) in position.known.items()]
    return "~".join([str(position.toast), *chats])


def read_cursor(text: str) -> Position:
    """The position that a text says; a damaged one is the beginning, where rows alone are sent."""
    known: Known = {}
    first, *rest = text[:20_000].split("~")
    for part in rest:
        pid, _, numbers = part.partition(".")
        change, _, mark = numbers.partition(".")
        if change.isdecimal() and (mark.isdecimal() or not mark) and len(numbers) < 40:
            known[pid] = (int(change), int(mark) if mark else None)
    return Position(known, int(first) if first.isdecimal() and len(first) < 19 else 0)


async def events(feed: Feed, account: int, secret: str, cursor: str, csrf: str) -> AsyncIterator[bytes]:
    """The stream of one page of an account, until it is closed, the session ends, or the service stops."""
    position = read_cursor(cursor)
    line = Line(account)
    greeted = False
    feed.join(line)
    try:
        yield f"retry: {RETRY_MS}\n\n".encode()
        while not (feed.closing or line.closed):
            line.awake.clear()
            text, patience = "", RECHECK_SECONDS
            try:
                told: Told = await feed.runtime.read(_news, secret, position, csrf)
                if feed.follow(line, told.chats):
                    # what changed there before it was followed poked nobody
                    line.poke()
                text, position = told.text, told.position
                if not greeted:  # after the news: on a full disk pages are told what there is all the same
                    await feed.runtime.transact(_greet, secret)
                    greeted = True
                if told.fresh:
                    await feed.runtime.transact(_begin, secret)
            except SignedOut:
                yield _event("signedout", "")
                return
            except StorageUnavailable as error:
                log.warning("the database is away; an open page waits", error=str(error))
                patience = LOOK_SECONDS
            yield text.encode() or b": still here\n\n"
            try:
                await asyncio.wait_for(line.awake.wait(), patience)
            except TimeoutError:
                continue
    finally:
        feed.leave(line)


def _greet(ctx: Context, secret: str) -> None:
    keep_presence(ctx, [enter(ctx, secret).identity.id])


def _begin(ctx: Context, secret: str) -> None:
    begin_reading(ctx, enter(ctx, secret))


def _news(ctx: Context, secret: str, position: Position, csrf: str) -> Told:
    """What happened since a position, drawn here, in a thread. The position itself stays: reading may yet fail."""
    seat = enter(ctx, secret, writes=False)
    pen = pen_for(ctx, seat)
    news = read_news(ctx, seat, position.known, position.toast)
    page = pen.page(csrf)
    known, toast = dict(position.known), position.toast
    parts: list[str] = []
    for pid in news.gone:
        parts.append(_text("nochat", f"c-{pid}"))
        known.pop(pid, None)
    if news.missed:
        parts.append(_text("reset", ""))
    else:
        for posts in news.posts:
            for taken in pen.taken_back(posts):
                parts.append(_text("remove", f"p-{taken}"))
            for post in pen.posts(posts):
                parts.append(_text("post", pages.render("post.html", page, post=post, alone=True)))
    for changed in news.lines:
        parts.append(_text("chat", pages.render("row.html", page, one=pen.row(changed))))
        known[changed.place.chat.pid] = (changed.change, changed.mark)
    for number, tree in news.toasts:
        parts.append(_text("toast", plain(tree, pen.reader)))
        toast = number
    after = Position(known, toast)
    if parts:
        # the last event of a batch carries the position: a broken batch is sent again as a whole
        parts[-1] = f"id: {write_cursor(after)}\n{parts[-1]}"
    return Told("".join(parts), after, news.chats, any(one.fresh for one in news.lines))


def _text(name: str, data: str) -> str:
    return f"event: {name}\n" + "".join(f"data: {part}\n" for part in data.split("\n")) + "\n"


def _event(name: str, data: str) -> bytes:
    return _text(name, data).encode()
