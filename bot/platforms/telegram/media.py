"""Files in messages: what people sent, as the Bot API describes it. Telegram names documents, videos and music only."""

from typing import Any

from bot.inbound import File

Json = dict[str, Any]

# the message's key, our kind, the media type where Telegram does not say one
SINGLE = (
    ("video", "video", "video/mp4"),
    ("animation", "video", "video/mp4"),
    ("video_note", "video", "video/mp4"),
    ("voice", "voice", "audio/ogg"),
    ("audio", "voice", "audio/mpeg"),
    ("document", "document", "application/octet-stream"),
)


def files_of(message: Json) -> tuple[File, ...]:
    """The files of one message: at most one. Raises KeyError and the like for what is no such message."""
    if message.get("photo"):
        largest = max(message["photo"], key=lambda size: size["width"] * size["height"])
        return (_file(largest, "photo", "image/jpeg"),)
    for key, kind, mime in SINGLE:
        if key in message:  # an animation comes with a document that is the same file
            return (_file(message[key], kind, mime),)
    return ()


def _file(part: Json, kind: str, mime: str) -> File:
    file_id = part["file_id"]
    if not isinstance(file_id, str):
        raise TypeError("file_id")
    name, said = part.get("file_name"), part.get("mime_type")
    size = int(part.get("file_size") or 0)
    if not 0 <= size < 2**63:
        raise ValueError("file_size")
    return File(kind, str(name or ""), str(said or mime), size, {"file_id": file_id})
