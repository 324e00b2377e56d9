"""How much a request may carry: refused before it fills the memory, whoever sends it and whatever it says of itself."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.attachments.service import FILE_LIMIT

MAX_BODY = 1 << 20  # bytes of JSON
FILES = "/v1/attachments"


class BodyLimit:
    """ASGI middleware for /v1. The framework reads a whole body before it asks who sent it; the pages count theirs."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
            await self.app(scope, receive, send)
            return
        limit = FILE_LIMIT if scope["path"] == FILES else MAX_BODY
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise HTTPException(413, f"at most {limit} bytes")
            return message

        await self.app(scope, counted, send)
