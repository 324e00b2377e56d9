"""Files of the web chat: kept before they are said, shown to those who see the post they are in."""

from datetime import timedelta

from api.attachments.service import Content, clean_name, content_of, find_attachments, refuse_size
from api.context import Context
from api.errors import Forbidden, TooMany, not_found
from api.messaging.tree import T
from api.people.websessions import SignedIn
from api.webchat.places import get_place, place_of_post, require_voice
from api.webchat.sniffing import Sniffed
from storage import webposts
from storage.base import new_pid
from storage.webchat import WebUpload

MAX_BYTES = 20 * 2**20
DAILY_BYTES = 500 * 2**20


def prepare_upload(ctx: Context, seat: SignedIn, chat_pid: str, client: str, size: int) -> str | None:
    """Whether a file may come, before it is looked into; the pid of an earlier send of the same one.

    Raises NotFound, Forbidden (also for visitors: anybody could fill the disk), TooLarge naming the limit, TooMany.
    """
    place = get_place(ctx, seat, chat_pid)
    if seat.person is None:
        raise Forbidden("upload.visitor", T("Enter your claim code first: then you can send files."))
    earlier = webposts.upload_by_client(ctx.session, seat.identity.id, client)
    if earlier is not None:
        return earlier.pid
    require_voice(ctx, place)
    if size > MAX_BYTES:
        raise refuse_size(size)
    if webposts.count_bytes(ctx.session, seat.identity.id, ctx.now - timedelta(days=1)) + size > DAILY_BYTES:
        say = T(
            "You have sent {limit} MB today, which is the most. Please send more tomorrow.", limit=DAILY_BYTES // 2**20
        )
        raise TooMany("upload.quota", say, retry_after=3600)
    return None


def add_upload(ctx: Context, seat: SignedIn, chat_pid: str, client: str, name: str, sniffed: Sniffed, size: int,
               blob_key: str, thumb_key: str | None, seconds: int | None = None) -> tuple[str, bool]:  # fmt: skip
    """Keep the row of a file whose blob is stored, of `size` bytes; returns its pid and if the blob is needed (not for
    a repeat)."""
    place = get_place(ctx, seat, chat_pid)
    earlier = webposts.upload_by_client(ctx.session, seat.identity.id, client)
    if earlier is not None:
        return earlier.pid, False
    row = WebUpload(
        pid=new_pid(), identity_id=seat.identity.id, chat_id=place.chat.id, client=client, kind=sniffed.kind,
        name=clean_name(name, sniffed.kind), mime=sniffed.mime, size=size, blob_key=blob_key,
        thumb_key=thumb_key, thumb_size=len(sniffed.thumb or b""), width=sniffed.width, height=sniffed.height,
        seconds=seconds, created_at=ctx.now,
    )  # fmt: skip
    ctx.session.add(row)
    ctx.session.flush()
    return row.pid, True


def open_file(ctx: Context, seat: SignedIn, post_pid: str, file_pid: str, thumb: bool = False) -> Content:
    """A file of a post that one sees. Raises NotFound for all else."""
    _, said = place_of_post(ctx, seat, post_pid)
    if file_pid not in said.post.files:
        raise not_found("file.unknown")
    if said.post.identity_id is None:
        found = find_attachments(ctx, [file_pid])
        if not found or found[0].state not in ("stored", "pending"):
            raise not_found("file.unknown")
        return content_of(ctx, found[0])
    upload = webposts.upload_by_pid(ctx.session, file_pid)
    if upload is None:
        raise not_found("file.unknown")
    if thumb and upload.thumb_key is not None:
        return Content(f"{upload.pid}.thumb", upload.name, "image/webp", upload.thumb_size, upload.thumb_key)
    return Content(upload.pid, upload.name, upload.mime, upload.size, upload.blob_key)


def blob_of_upload(ctx: Context, pid: str) -> str | None:
    """Where the bytes of an upload are, for the worker that keeps files; None when it is gone."""
    upload = webposts.upload_by_pid(ctx.session, pid)
    return upload.blob_key if upload else None
