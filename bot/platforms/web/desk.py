"""What the page routes stand on: who is signed in, drawn panes, answers of one message."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from api.access import hats
from api.context import Context
from api.runtime import StorageUnavailable
from api.webchat.entering import renew
from api.webchat.places import Outdated, enter
from api.webchat.reading import ChatLine, begin_reading, last_toast, list_chats
from bot.commands import FEATURES
from bot.platforms.web import pages, views
from bot.platforms.web.drawing import Pen, pen_for
from bot.platforms.web.gate import Gate
from bot.platforms.web.live import Position, write_cursor
from bot.registry import ANYONE, BOUND, PRIVATE

# the most wanted first; whoever has no right to one sees the next
CHIPS = ("log", "me", "review", "notice", "remind", "push", "bank", "join", "workshop", "codes", "help", "language")
CHIP_COUNT = 6
Draw = Callable[..., Any]


@dataclass(slots=True)
class Desk:
    """Runs an operation as the browser's account and draws what came of it, in one piece."""

    gate: Gate

    async def read(self, request: Request, draw: Draw, *args: Any) -> Any:
        """`draw(pen, csrf, *args)` on a reading connection."""
        run = self.gate.runtime.read
        return await run(
            _seated, self.gate.secret_of(request), self.gate.token_for(request), False, draw, args, via="web"
        )

    async def write(self, request: Request, draw: Draw, *args: Any) -> Any:
        """`draw(pen, csrf, *args)` in a transaction."""
        run = self.gate.runtime.transact
        return await run(
            _seated, self.gate.secret_of(request), self.gate.token_for(request), True, draw, args, via="web"
        )

    async def pane(self, request: Request, draw: Draw, *args: Any) -> Response:
        """A pane: alone for a script that swaps it in, else in the whole page with the chat list.

        `draw(pen, *args)` returns (template, title, view).
        """
        alone = "hx-request" in request.headers and "hx-history-restore-request" not in request.headers
        if alone:
            return HTMLResponse(await self.read(request, _draw_alone, draw, args))
        try:
            html, fresh = await self.read(request, _draw_whole, draw, args)
        except Outdated:
            return await self._renew(request)
        if fresh:
            with suppress(StorageUnavailable):  # what is there can be read all the same
                await self.write(request, lambda pen, csrf: begin_reading(pen.ctx, pen.seat))
        response = HTMLResponse(html)
        self.gate.keep_session(response, self.gate.secret_of(request))
        return response

    async def _renew(self, request: Request) -> Response:
        """The same page once more, under a new cookie."""
        secret = await self.gate.runtime.transact(renew, self.gate.secret_of(request), via="web")
        response = RedirectResponse(request.url.path, 303)
        self.gate.keep_session(response, secret)
        return response


def _seated(ctx: Context, secret: str, csrf: str, writes: bool, draw: Draw, args: Any) -> Any:
    return draw(pen_for(ctx, enter(ctx, secret, writes)), csrf, *args)


def _draw_alone(pen: Pen, csrf: str, draw: Draw, args: Any) -> str:
    template, _, view = draw(pen, *args)
    return pages.render(template, pen.page(csrf, subtitle=view.pop("about_me", "")), **view)


def _draw_whole(pen: Pen, csrf: str, draw: Draw, args: Any) -> tuple[str, bool]:
    # the list first: what changes while the pane is read is told again by the events
    lines = list_chats(pen.ctx, pen.seat)
    template, title, view = draw(pen, *args)
    page = pen.page(csrf, _cursor(pen, lines), view.pop("about_me", ""))
    html = pages.render("app.html", page, pane=template, title=title, groups=pen.groups(lines), **view)
    return html, any(line.fresh for line in lines)


def _cursor(pen: Pen, lines: list[ChatLine]) -> str:
    known = {line.place.chat.pid: (line.change, line.mark) for line in lines}
    return write_cursor(Position(known, last_toast(pen.ctx, pen.seat)))


def chips_for(ctx: Context, language: str) -> tuple[views.Chip, ...]:
    """The quick commands of a person in their chat with the bot, by role."""
    mine = {ANYONE} if ctx.actor is None else {ANYONE, BOUND, *hats(ctx)}
    commands = {command.name: command for feature in FEATURES for command in feature.commands}
    wanted = [commands[name] for name in CHIPS if name in commands and commands[name].who in mine]
    found = []
    for command in [command for command in wanted if PRIVATE in command.places][:CHIP_COUNT]:
        latin = next((word for word in command.words if word.isascii() and len(word) > 2), command.name)
        word = latin if language == "en" else command.words[0]
        found.append(views.Chip(word, word))
    return tuple(found)
