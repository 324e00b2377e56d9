"""Handing a file out over HTTP: to be saved, never run; in parts where the reader asks for parts (RFC 9110 §14).

A browser asks each time before it shows what it kept (§8.8.3, §13.1.2): who may see a file changes. What was made for
one person (codes, progress) it does not keep at all.
"""

import re
from collections.abc import AsyncIterator
from urllib.parse import quote

from fastapi import Response
from fastapi.responses import StreamingResponse

from api.attachments.service import Content
from api.runtime import Runtime

RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Accept-Ranges": "bytes",
}


def serve_content(
    runtime: Runtime, content: Content, range_header: str | None = None, known: str | None = None
) -> Response:
    """The answer to a GET of a file that the caller may see: all of it (200), one range (206), or neither (416).

    `known` is If-None-Match: what a browser has already is not sent again (304).
    """
    kept, tag = _keeping(content)
    if tag and known is not None and tag in (mark.strip().removeprefix("W/") for mark in known.split(",")):
        return Response(status_code=304, headers=kept)
    name = f"attachment; filename*=UTF-8''{quote(content.name, safe='')}"
    headers = {**SAFE_HEADERS, **kept, "Content-Disposition": name}
    span = _span(range_header, content.size)
    if span is None:
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{content.size}"})
    start, end = span
    whole = (start, end) == (0, content.size)
    headers["Content-Length"] = str(end - start)
    if not whole:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{content.size}"
    status = 200 if whole else 206
    if content.data is not None:
        return Response(content.data[start:end], status, headers, content.mime)
    assert content.blob_key is not None
    return StreamingResponse(_pieces(runtime, content.blob_key, start, end), status, headers, content.mime)


def _keeping(content: Content) -> tuple[dict[str, str], str]:
    """What a browser may keep, as headers, and the tag it asks with later; none where it keeps nothing."""
    if content.fleeting:
        return {"Cache-Control": "no-store"}, ""
    tag = f'"{content.mark}"'
    return {"Cache-Control": "private, no-cache", "ETag": tag}, tag


async def _pieces(runtime: Runtime, key: str, start: int, end: int) -> AsyncIterator[bytes]:
    if end > start:
        async for piece in runtime.blobs.stream(key, start, end):
            yield piece


def _span(header: str | None, size: int) -> tuple[int, int] | None:
    """[start, end) of one asked range; everything when none is asked in a way we know; None when it lies outside."""
    found = RANGE.fullmatch(header or "")
    if found is None or not (found[1] or found[2]):
        return 0, size
    if not found[1]:
        start, end = max(0, size - int(found[2])), size
    else:
        start, end = int(found[1]), min(size, int(found[2]) + 1) if found[2] else size
    return (start, end) if start < end else None
