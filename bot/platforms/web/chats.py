"""The routes of the chats: pages, what people say and press, files, live events. Contract of templates and scripts."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import ceil
from os import SEEK_END
from tempfile import TemporaryFile
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, StreamingResponse
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from api.attachments.darkroom import Darkroom
from api.attachments.service import Content, refuse_size
from api.attachments.serving import serve_content
from api.errors import Invalid, not_found
from api.messaging.receiving import keepable
from api.messaging.tree import T
from api.people.codes import read_code
from api.runtime import StorageUnavailable
from api.webchat import posting, reading, uploads
from api.webchat.sniffing import sniff
from bot.platforms.web import pages
from bot.platforms.web.desk import Desk, chips_for
from bot.platforms.web.drawing import Pen
from bot.platforms.web.gate import check_charset, is_script, route_class
from bot.platforms.web.live import Feed, events
from bot.platforms.web.turnstile import Turnstile

SIDE_PARTS = 1 << 20  # bytes of an upload's form beside the file
PICTURES_AT_ONCE = 2
TOO_FAST = T("This is faster than the service can follow. What you have written waits here and is sent in a moment.")


def chat_routes(desk: Desk, feed: Feed) -> APIRouter:
    """/web/chats, /web/messages, /web/events."""
    router = APIRouter(prefix="/web", route_class=route_class(desk.gate))
    runtime = desk.gate.runtime
    darkroom = Darkroom(PICTURES_AT_ONCE)
    # fewer than are read: what is refused here waits in the page, and is not put aside
    turnstile = Turnstile(ceil(runtime.config.bot.most_a_minute / 3), 30.0, "post.too_fast", TOO_FAST)

    def check_hurry(request: Request) -> None:
        if secret := desk.gate.secret_of(request):  # without one it is refused anyway
            turnstile.pass_through(secret)

    @router.get("/chats/{chat}")
    async def show(request: Request, chat: str) -> Response:
        return await desk.pane(request, _draw_chat, chat)

    @router.get("/chats/{chat}/before/{seq}")
    async def before(request: Request, chat: str, seq: str) -> Response:
        if (number := _number(seq)) is None:
            raise not_found("post.unknown")
        return HTMLResponse(await desk.read(request, _draw_before, chat, number))

    @router.post("/chats/{chat}/messages")
    async def say(request: Request, chat: str) -> Response:
        check_hurry(request)
        form = await desk.gate.form(request)
        code = read_code(str(form.get("text", "")))
        if code is not None and await desk.read(request, lambda pen, csrf: pen.seat.person is None):
            # there its person gets a cookie of their own; here who sat at this browser before might read along
            return _go(request, f"/c/{code}")
        client = str(form.get("client") or secrets.token_hex(8))[:40]
        files = [str(pid) for pid in form.getlist("file") if pid]
        said = await desk.write(
            request, _say, chat, client, str(form.get("text", "")), files, str(form.get("reply", ""))
        )
        return HTMLResponse(said) if is_script(request) else RedirectResponse(f"/web/chats/{chat}", 303)

    @router.post("/messages/{post}/edit")
    async def edit(request: Request, post: str) -> Response:
        check_hurry(request)
        form = await desk.gate.form(request)
        return HTMLResponse(await desk.write(request, _edit, post, str(form.get("text", ""))))

    @router.post("/messages/{post}/withdraw")
    async def withdraw(request: Request, post: str) -> Response:
        return HTMLResponse(await desk.write(request, _withdraw, post))

    @router.post("/messages/{post}/press")
    async def press(request: Request, post: str) -> Response:
        check_hurry(request)
        form = await desk.gate.form(request)
        handle = secrets.token_hex(8)
        chat = await desk.write(request, _press, post, str(form.get("value", "")), handle)
        return Response(status_code=204) if is_script(request) else RedirectResponse(f"/web/chats/{chat}", 303)

    @router.post("/chats/{chat}/read")
    async def read(request: Request, chat: str) -> Response:
        form = await desk.gate.form(request)
        if (number := _number(str(form.get("seq", "")))) is not None:
            await desk.write(request, lambda pen, csrf: reading.mark_read(pen.ctx, pen.seat, chat, number))
        return Response(status_code=204)

    @router.post("/chats/{chat}/uploads")
    async def upload(request: Request, chat: str) -> Response:
        length = request.headers.get("content-length", "")
        size = max(0, int(length) - 1000) if length.isdecimal() else 0
        await desk.read(request, lambda pen, csrf: uploads.prepare_upload(pen.ctx, pen.seat, chat, "", size))
        async with _received(request) as sent:
            prepared = await desk.read(
                request, lambda pen, csrf: uploads.prepare_upload(pen.ctx, pen.seat, chat, sent.client, sent.size)
            )
            if prepared is not None:
                return JSONResponse({"id": prepared})
            with TemporaryFile(buffering=0) as clean:  # on the disk from here to there, whoever sends how many at once
                try:
                    sniffed = await sniff(sent.part.file, clean, sent.name, sent.mime, darkroom)
                except asyncio.CancelledError:
                    if runtime.stopping:  # said in words, pages send it again by themselves
                        raise StorageUnavailable("stopping") from None
                    raise
                size = sniffed.file.seek(0, SEEK_END)
                key = await runtime.blobs.put(sniffed.file)
                thumb = await runtime.blobs.put(sniffed.thumb) if sniffed.thumb else None
        kept = (chat, sent.client, sent.name, sniffed, size, key, thumb, sent.seconds)
        try:
            pid, needed = await desk.write(request, lambda pen, csrf: uploads.add_upload(pen.ctx, pen.seat, *kept))
        except BaseException:
            await _forget(runtime.blobs, key, thumb)
            raise
        if not needed:
            await _forget(runtime.blobs, key, thumb)
        return JSONResponse({"id": pid})

    @router.get("/messages/{post}/files/{file}")
    async def file(request: Request, post: str, file: str) -> Response:
        thumb = request.query_params.get("thumb") == "1"
        content: Content = await desk.read(
            request, lambda pen, csrf: uploads.open_file(pen.ctx, pen.seat, post, file, thumb)
        )
        return serve_content(runtime, content, request.headers.get("range"), request.headers.get("if-none-match"))

    @router.get("/events")
    async def listen(request: Request, after: str = "") -> Response:
        # signed out or the database away: an answer in words before the stream begins
        account = await desk.read(request, lambda pen, csrf: pen.seat.identity.id)
        cursor = request.headers.get("last-event-id") or after
        stream = events(feed, account, desk.gate.secret_of(request), cursor, desk.gate.token_for(request))
        return StreamingResponse(stream, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

    return router


def _go(request: Request, path: str) -> Response:
    """Open another page."""
    if is_script(request):
        return Response(status_code=204, headers={"HX-Redirect": path})
    return RedirectResponse(path, 303)


def _number(text: str) -> int | None:
    """A post's number in its chat as a page says it; None for what is none, or larger than a database can hold."""
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _draw_chat(pen: Pen, chat: str) -> tuple[str, str, dict[str, Any]]:
    opened = reading.open_chat(pen.ctx, pen.seat, chat)
    drawn = pen.chat(opened, chips_for(pen.ctx, pen.reader.language))
    return "chat.html", drawn.face.name, {"chat": drawn, "here": drawn.id}


def _draw_before(pen: Pen, csrf: str, chat: str, seq: int) -> str:
    opened = reading.open_before(pen.ctx, pen.seat, chat, seq)
    return pages.render("posts.html", pen.page(csrf), chat=pen.chat(opened, ()))


def _draw_post(pen: Pen, csrf: str, post: reading.WebPost) -> str:
    drawn = pen.posts(reading.read_post(pen.ctx, pen.seat, post.pid))
    return pages.render("post.html", pen.page(csrf), post=drawn[0], alone=True)


def _say(pen: Pen, csrf: str, chat: str, client: str, text: str, files: list[str], reply: str) -> str:
    post = posting.post_message(pen.ctx, pen.seat, chat, client, text.replace("\r\n", "\n"), files, reply)
    return _draw_post(pen, csrf, post)


def _edit(pen: Pen, csrf: str, post: str, text: str) -> str:
    return _draw_post(pen, csrf, posting.edit_post(pen.ctx, pen.seat, post, text.replace("\r\n", "\n")))


def _withdraw(pen: Pen, csrf: str, post: str) -> str:
    return _draw_post(pen, csrf, posting.withdraw_post(pen.ctx, pen.seat, post))


def _press(pen: Pen, csrf: str, post: str, value: str, handle: str) -> str:
    return posting.press(pen.ctx, pen.seat, post, value, handle)


@dataclass(frozen=True, slots=True)
class Sent:
    """An upload as it came. `seconds`: of voice."""

    client: str
    name: str
    mime: str
    size: int
    part: UploadFile
    seconds: int | None


@asynccontextmanager
async def _received(request: Request) -> AsyncIterator[Sent]:
    """An upload, on the disk until the block ends. Counted while it comes: a length may be missing or wrong."""
    limit = uploads.MAX_BYTES + SIDE_PARTS
    check_charset(request)

    async def counted() -> Any:
        seen = 0
        async for piece in request.stream():
            seen += len(piece)
            if seen > limit:
                raise refuse_size(seen)
            yield piece

    try:
        form = await MultiPartParser(request.headers, counted(), max_files=1, max_fields=5, max_part_size=4096).parse()
    except (MultiPartException, KeyError) as error:
        raise Invalid("upload.form", T("This upload could not be read.")) from error
    try:
        part, client = form.get("file"), keepable(str(form.get("client", "")))
        seconds = str(form.get("seconds", ""))
        if part is None or isinstance(part, str) or not 0 < len(client) <= 40:
            raise Invalid("upload.form", T("This upload could not be read."))
        size = part.size or 0
        if size > uploads.MAX_BYTES:
            raise refuse_size(size)
        known = int(seconds) if seconds.isascii() and seconds.isdecimal() and len(seconds) < 6 else None
        yield Sent(client, keepable(part.filename or ""), part.content_type or "", size, part, known)
    finally:
        await form.close()


async def _forget(blobs: Any, *keys: str | None) -> None:
    for key in keys:
        if key is not None:
            await blobs.delete(key)
