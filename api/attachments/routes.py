"""Attachments over HTTP: upload the bytes as they are, look at one, fetch its content."""

from datetime import datetime
from tempfile import TemporaryFile
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel

from api.attachments.service import Holders, expect_file, get_attachment_for, keep_bytes, read_attachment
from api.attachments.serving import serve_content
from api.attachments.spooling import Spool, spool
from api.context import Context
from api.errors import Invalid
from api.http import Caller
from api.messaging.tree import T
from storage.attachments import Attachment

BINARY: dict[str, Any] = {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}, "required": True}


class AttachmentOut(BaseModel):
    """A file. `state` pending: its content follows shortly; failed: `error` says why."""

    pid: str
    kind: str
    name: str
    mime: str
    size: int
    state: str
    error: str | None
    created_at: datetime

    @classmethod
    def of(cls, _ctx: Context, row: Attachment) -> "AttachmentOut":
        """The shape of a row."""
        return cls.model_validate(row, from_attributes=True)


def router_for(holders: Holders) -> APIRouter:
    """The routes; `holders` decide who may see what they hold (api.registry.HOLDERS)."""
    router = APIRouter(tags=["attachments"])

    @router.post("/attachments", status_code=201, openapi_extra={"requestBody": BINARY})
    async def upload(
        call: Caller,
        request: Request,
        name: Annotated[str, Query(max_length=255, description="file name")] = "",
        kind: Literal["photo", "voice", "video", "document"] = "document",
    ) -> AttachmentOut:
        """Keep a file: its bytes are the body, its type is Content-Type. Give its pid to what shall hold it."""
        person_id = await call.admit(expect_file, kind, _length(request))
        mime = request.headers.get("content-type", "").partition(";")[0].strip()
        arriving: Spool = request.app.state.spool
        with arriving.place(person_id), TemporaryFile() as file:
            digest = await spool(request.stream(), file)
            async with arriving.whole:
                file.seek(0)
                kept = (keep_bytes, name, mime, file.read(), kind)
                return await call(*kept, shape=AttachmentOut.of, status=201, body=digest)

    @router.get("/attachments/{pid}")
    async def show(call: Caller, pid: str) -> AttachmentOut:
        """One file that you may see."""
        return await call(get_attachment_for, pid, holders, shape=AttachmentOut.of)

    @router.get("/attachments/{pid}/content", response_class=Response)
    async def content(
        call: Caller,
        request: Request,
        pid: str,
        range: Annotated[str | None, Header(max_length=100)] = None,
        if_none_match: Annotated[str | None, Header(max_length=400)] = None,
    ) -> Response:
        """Its bytes, for saving; understands one Range, and If-None-Match."""
        found = await call(read_attachment, pid, holders)
        return serve_content(request.app.state.runtime, found, range, if_none_match)

    return router


def _length(request: Request) -> int:
    """How many bytes the body says it has; raises Invalid when it does not say."""
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or len(length) > 20:
        raise Invalid("attachment.length", T("Say how long the file is: a Content-Length header is needed."))
    return int(length)
