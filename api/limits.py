"""How much a request may carry, and how slowly: refused before it fills the memory, whoever sends it."""

import asyncio

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.attachments.service import FILE_LIMIT

MAX_BODY = 1 << 20  # bytes of JSON, or of a form without files
MOST_HELD = 16 << 20  # bytes of those that all requests hold together
SECONDS, FILE_SECONDS = 30.0, 600.0  # for a whole body to arrive
FILES, PAGE_FILES = "/v1/attachments", "/uploads"
CLOSE = {"Connection": "close"}  # what else the caller still sends is not waited for


class BodyLimit:
    """ASGI middleware. The framework reads a whole body before it asks who sent it. Files go to the disk as they come,
    and the pages count theirs."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path: str = scope["path"]
        file = path == FILES or path.endswith(PAGE_FILES)
        limit = MAX_BODY if not file else FILE_LIMIT if path == FILES else None
        seen, ended = 0, False
        deadline: float | None = None

        async def counted() -> Message:
            nonlocal seen, ended, deadline
            if ended:
                return await receive()  # that the caller went away: no hurry
            deadline = deadline or asyncio.get_running_loop().time() + (FILE_SECONDS if file else SECONDS)
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, "the body came too slowly", CLOSE) from None
            piece = len(message.get("body", b""))
            ended = not message.get("more_body", False)
            seen += piece
            self.held += 0 if file else piece
            if limit is not None and seen > limit:
                raise HTTPException(413, f"at most {limit} bytes", CLOSE)
            if self.held > MOST_HELD and not file:
                raise HTTPException(503, "too much at once", {**CLOSE, "Retry-After": "5"})
            return message

        try:
            await self.app(scope, counted, send)
        finally:
            self.held -= 0 if file else seen
