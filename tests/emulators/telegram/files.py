"""Files: what is kept, under which ids, and what the server reads out of them."""

import io
import mimetypes
import secrets

from PIL import Image, UnidentifiedImageError

from tests.emulators.telegram.errors import Refused, bad
from tests.emulators.telegram.model import Json, StoredFile

UPLOAD_LIMIT = 50 << 20  # bytes a bot may send
PHOTO_LIMIT = 10 << 20
PEOPLE_LIMIT = 2 << 30  # bytes a person may send
LINK_LIFE = 3600  # seconds; "at least an hour", and here not a second more
DOWNLOAD_LIMIT = 20 << 20  # bytes getFile lets a bot fetch
KINDS = {
    "photo": "Photo",
    "document": "Document",
    "voice": "VoiceNote",
    "video": "Video",
    "audio": "Audio",
    "video_note": "VideoNote",
    "sticker": "Sticker",
}
# what is said of a file when its sender said nothing
USUAL: dict[str, Json] = {
    "video": {"width": 640, "height": 360, "duration": 1},
    "voice": {"duration": 1},
    "audio": {"duration": 1},
    "video_note": {"length": 240, "duration": 1},
    "sticker": {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False},
}
MIME = {"voice": "audio/ogg", "video": "video/mp4", "audio": "audio/mpeg", "photo": "image/jpeg"}


class Files:
    """Everything that was ever uploaded."""

    def __init__(self) -> None:
        self._by_id: dict[str, StoredFile] = {}

    def keep(
        self,
        kind: str,
        data: bytes,
        name: str = "",
        about: Json | None = None,
        mime: str = "",
        limit: int = UPLOAD_LIMIT,
    ) -> StoredFile:
        """Keep bytes. Raises Refused for what the server does not take as this kind."""
        if not data:
            raise bad("file must be non-empty")
        if len(data) > limit:
            raise Refused(413, "Request Entity Too Large")
        facts: Json = dict(about or {})
        if kind == "photo":
            if len(data) > PHOTO_LIMIT:
                raise bad(
                    f"file of size {len(data)} bytes is too big for a photo; the maximum size is {PHOTO_LIMIT} bytes"
                )
            facts |= _size(data)
        mime = mime or MIME.get(kind) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        if kind == "photo" and "small" not in facts:
            small = _smaller(data)
            facts["small"] = self._add(StoredFile(_id(60), _id(12), kind, small, name, mime, _size(small)))
        return self._add(StoredFile(_id(60), _id(12), kind, data, name, mime, facts))

    def _add(self, stored: StoredFile) -> StoredFile:
        self._by_id[stored.id] = stored
        return stored

    def forget(self) -> None:
        """No id that was given so far is good any more."""
        self._by_id.clear()

    def again(self, file_id: str, kind: str) -> StoredFile:
        """The file of an id, to be sent once more. Raises Refused for an unknown id or another kind."""
        stored = self._by_id.get(file_id)
        if stored is None:
            raise bad("wrong file identifier/HTTP URL specified")
        if stored.kind != kind:
            raise bad(f"can't use file of type {KINDS[stored.kind]} as {KINDS[kind]}")
        return stored

    def offer(self, file_id: str, now: float) -> StoredFile:
        """Open the link of the file getFile asks for. Raises Refused when there is none or a bot may not fetch it."""
        if not file_id:
            raise bad("file_id not specified")
        stored = self._by_id.get(file_id)
        if stored is None:
            raise bad("invalid file_id")
        if len(stored.data) > DOWNLOAD_LIMIT:
            raise bad("file is too big")
        stored.offered_until = now + LINK_LIFE
        return stored

    def get(self, file_id: str) -> StoredFile:
        """The file of an id that is known to be good."""
        return self._by_id[file_id]

    def at(self, path: str) -> StoredFile | None:
        """The file at a path of the file server."""
        return next((stored for stored in self._by_id.values() if stored.path == path), None)


def is_voice(data: bytes) -> bool:
    """Whether a voice message can be made of bytes: OGG, MP3 or M4A (https://core.telegram.org/bots/api#sendvoice)."""
    return data.startswith((b"OggS", b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2")) or data[4:8] == b"ftyp"


def content(stored: StoredFile) -> Json:
    """The part of a Message that holds the file."""
    seen: Json = {"file_id": stored.id, "file_unique_id": stored.unique_id, "file_size": len(stored.data)}
    if stored.kind == "photo":
        # the smallest first, as the server sorts them
        sizes = [size for size in (stored.about.get("small"), stored) if size is not None]
        return {"photo": [_photo_size(size) for size in sizes]}
    if stored.kind in ("document", "video", "audio") and stored.name:
        seen["file_name"] = stored.name
    if stored.kind not in ("video_note", "sticker"):
        seen["mime_type"] = stored.mime
    usual = USUAL.get(stored.kind, {})
    told = {key: value for key, value in stored.about.items() if key in usual or key in ("performer", "title", "emoji")}
    return {stored.kind: {**seen, **usual, **told}}


def _photo_size(stored: StoredFile) -> Json:
    seen: Json = {"file_id": stored.id, "file_unique_id": stored.unique_id, "file_size": len(stored.data)}
    return seen | {"width": stored.about["width"], "height": stored.about["height"]}


def _size(data: bytes) -> Json:
    try:
        with Image.open(io.BytesIO(data)) as picture:
            width, height = picture.size
    except (UnidentifiedImageError, OSError):
        raise bad("IMAGE_PROCESS_FAILED") from None
    if width + height > 10_000 or max(width, height) > 20 * min(width, height):
        raise bad("PHOTO_INVALID_DIMENSIONS")
    return {"width": width, "height": height}


def _smaller(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as picture:
        picture.thumbnail((90, 90))
        kept = io.BytesIO()
        picture.convert("RGB").save(kept, "JPEG")
    return kept.getvalue()


def _id(length: int) -> str:
    return "AgAD" + secrets.token_urlsafe(length)[:length]
