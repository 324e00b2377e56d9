"""What a file really is, by its first bytes; what pages may show is decided by that, never by what the sender says."""

from dataclasses import dataclass
from typing import BinaryIO

from api.attachments.darkroom import Darkroom, Unreadable
from api.attachments.photos import HidesPlace
from api.errors import Invalid
from api.messaging.tree import T

HEAD = 16  # bytes
UNKNOWN = "application/octet-stream"
SHOWN = ("image/jpeg", "image/png", "image/webp", "image/gif")
PROGRAMS = frozenset(
    "apk app bat cmd com cpl dll dmg exe hta jar js jse lnk msi ps1 reg scr sh vbe vbs wsf".split()
)  # fmt: skip
# container -> (what it is called when it is only heard, when it is seen)
SOUND = {
    "webm": ("audio/webm", "video/webm"), "ogg": ("audio/ogg", "video/ogg"), "mp4": ("audio/mp4", "video/mp4"),
    "mp3": ("audio/mpeg", ""), "wav": ("audio/wav", ""), "aac": ("audio/aac", ""), "amr": ("audio/amr", ""),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sniffed:
    """A file as it is kept. `thumb`: a small WebP of a photo; width and height in pixels."""

    file: BinaryIO
    kind: str
    mime: str
    thumb: bytes | None = None
    width: int | None = None
    height: int | None = None


async def sniff(file: BinaryIO, clean: BinaryIO, name: str, said: str, darkroom: Darkroom) -> Sniffed:
    """Look into a file; `said` is the type its sender gave it. Photos are written to `clean`, without EXIF and place.

    Raises Invalid for empty files, programs, and pictures that would tell a place or are too much for us.
    """
    file.seek(0)
    head = file.read(HEAD)
    if not head:
        raise Invalid("upload.empty", T("This file is empty."))
    ending = name.rpartition(".")[2].lower()
    if ending in PROGRAMS or head[:2] == b"MZ":
        say = T(
            "Programs ({kind}) cannot be sent here. Documents, pictures, sound, video and archives can.", kind=ending
        )
        raise Invalid("upload.program", say, kind=ending)
    if _is_picture(head):
        return await _picture(head, file, clean, darkroom)
    if (container := _container(head)) is not None:
        heard, seen = SOUND[container]
        if said.startswith("video/") and seen and container in ("webm", "mp4"):
            return Sniffed(file, "video", seen)
        if said.startswith("audio/"):
            return Sniffed(file, "voice", heard)
    return Sniffed(file, "document", UNKNOWN)


def _is_picture(data: bytes) -> bool:
    return (
        data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a"))
        or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")
        or (data[4:8] == b"ftyp" and data[8:12] in (b"heic", b"heix", b"mif1", b"msf1", b"hevc", b"avif"))
        or data[:4] in (b"II*\0", b"MM\0*")
    )


async def _picture(head: bytes, file: BinaryIO, clean: BinaryIO, darkroom: Darkroom) -> Sniffed:
    try:
        photo = await darkroom.clean(file, clean, "photo", "", thumb=True)
    except HidesPlace:
        say = T(
            "This picture ({kind}) tells where it was taken, and that cannot be removed here. Please send it as JPEG.",
            kind="HEIC" if head[4:8] == b"ftyp" else "TIFF / GIF / WebP",
        )
        raise Invalid("upload.place", say) from None
    except Unreadable:
        say = T("This picture takes more memory or time than there is. Please make it smaller and send it again.")
        raise Invalid("upload.unreadable", say) from None
    if photo.kind != "photo" or photo.mime not in SHOWN or photo.thumb is None:
        return Sniffed(clean, "document", UNKNOWN)
    return Sniffed(clean, "photo", photo.mime, photo.thumb, photo.width, photo.height)


def _container(data: bytes) -> str | None:
    if data[:4] == b"\x1aE\xdf\xa3":
        return "webm"
    if data[:4] == b"OggS":
        return "ogg"
    if data[4:8] == b"ftyp":
        return "mp4"
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return "wav"
    if data[:3] == b"ID3" or (data[0] == 0xFF and data[1:2] and data[1] & 0xE6 == 0xE2):
        return "mp3"
    if data[0] == 0xFF and data[1:2] and data[1] & 0xF6 == 0xF0:
        return "aac"
    return "amr" if data[:5] == b"#!AMR" else None
