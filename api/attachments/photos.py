"""Pictures without their secrets: place, camera and thumbnails are taken out, the orientation is applied.

Decoding takes gigabytes where somebody means it, so it is the work of a child process: `darkroom.py` runs this file by
its path. It knows nothing of the rest of the program.
"""

import json
import os
import signal
import struct
import sys
import zlib
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from math import isqrt
from typing import Any

MAX_PIXELS = 52_000_000  # larger ones are not decoded: a small file can unfold to gigabytes. A phone takes 50 million
THUMB = 640  # pixels, the longer side
LARGE = 8_000_000  # pixels
HEADER = 65_536  # where formats unknown to us name their Exif part
ORIENTATION, GPS = 0x0112, 0x8825
FORMATS = {
    "JPEG": ("JPEG", "image/jpeg"),
    "MPO": ("JPEG", "image/jpeg"),
    "PNG": ("PNG", "image/png"),
    "WEBP": ("WEBP", "image/webp"),
}
# what Pillow says of damaged pictures: SyntaxError of PNGs, struct.error of Exif, and so on
BROKEN = (OSError, ValueError, SyntaxError, EOFError, TypeError, LookupError, ArithmeticError, struct.error, zlib.error)


class HidesPlace(Exception):
    """A picture that carries such data in a form that cannot be taken out here (HEIC, animations)."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The bytes to keep. `kind` is document for a picture that pages cannot show."""

    data: bytes
    kind: str
    mime: str


def is_picture(kind: str, mime: str) -> bool:
    """Whether a file is looked into: photos, and pictures sent as files."""
    return kind == "photo" or mime.startswith("image/")


def clean_picture(data: bytes, kind: str, mime: str) -> Cleaned:
    """The picture without EXIF, XMP and comments, turned upright.

    One that cannot be rewritten faithfully (animated, another format, enormous) is kept as it is when it carries
    nothing, as a document where pages cannot show it; raises HidesPlace when it does.
    """
    from PIL import Image

    bombs = (Image.DecompressionBombError, Image.DecompressionBombWarning)
    try:
        with Image.open(BytesIO(data)) as image:
            animated = getattr(image, "is_animated", False) and image.format != "MPO"
            if image.format not in FORMATS or animated or image.width * image.height > MAX_PIXELS:
                return _untouched(image, data, kind)
            return _rewritten(image, kind)
    except (*BROKEN, *bombs):
        if _may_tell(data):
            raise HidesPlace from None
        return Cleaned(data, "document", mime if mime.startswith("image/") else "application/octet-stream")


def _rewritten(picture: Any, kind: str) -> Cleaned:
    from PIL import ImageOps

    form, mime = FORMATS[picture.format]
    as_it_was = picture.format == "JPEG" and picture.getexif().get(ORIENTATION, 1) == 1
    profile = picture.info.get("icc_profile")
    if not as_it_was:
        ImageOps.exif_transpose(picture, in_place=True)  # a copy of a large picture takes 200 MB more
    options: dict[str, Any] = {} if form == "PNG" else {"quality": "keep" if as_it_was else 90}
    # what is saved comes from here too: comments, XMP, PNG texts
    for secret in set(picture.info) - {"transparency"}:
        del picture.info[secret]
    out = BytesIO()
    picture.save(out, form, **options, **({"icc_profile": profile} if profile else {}))
    return Cleaned(out.getvalue(), kind, mime)


def _untouched(image: Any, data: bytes, kind: str) -> Cleaned:
    exif = image.getexif()
    # a TIFF is nothing but such tags: of those the place alone is secret
    if (GPS in exif if image.format == "TIFF" else bool(exif)) or any("xmp" in str(key).lower() for key in image.info):
        raise HidesPlace
    shown = image.format in ("GIF", "PNG", "WEBP") and image.width * image.height <= MAX_PIXELS
    return Cleaned(data, kind if shown else "document", image.get_format_mimetype() or "application/octet-stream")


def _may_tell(data: bytes) -> bool:
    """Whether a picture that could not be opened may carry such data: by the names that its parts have."""
    parts = {b"RIFF": (b"EXIF", b"XMP "), b"\x89PNG": (b"eXIf", b"XML:com.adobe.xmp", b"Raw profile type")}
    names = (b"ns.adobe.com/xap", *parts.get(data[:4], ()))
    return b"Exif" in data[:HEADER] or any(name in data for name in names)


def make_thumbnail(data: bytes) -> tuple[bytes, int, int]:
    """(a small WebP, width and height of the picture). Raises one of BROKEN."""
    from PIL import Image

    with Image.open(BytesIO(data)) as opened:
        image: Image.Image = opened
        width, height = image.size
        opened.draft("RGB", (THUMB, THUMB))  # JPEGs can be decoded small
        each = isqrt(image.width * image.height // LARGE) + 1
        if each > 1:  # every second, third... pixel: whole copies of it would be too much for the memory
            image = image.resize((image.width // each or 1, image.height // each or 1), Image.Resampling.NEAREST)
        small = image.convert("RGBA" if "A" in image.getbands() or "transparency" in image.info else "RGB")
        small.thumbnail((THUMB, THUMB))
        out = BytesIO()
        small.save(out, "WEBP", quality=80)
    return out.getvalue(), width, height


def _accept_limits(memory: int, seconds: int) -> None:
    """Bytes and CPU seconds; not every system knows the first. Ends with the service, and before it."""
    import resource

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # meant for the service, which ends this one when it stops
    for name, soft, hard in (
        (resource.RLIMIT_AS, memory, memory),
        (resource.RLIMIT_CPU, seconds, seconds + 1),
        (resource.RLIMIT_CORE, 0, 0),  # what people photograph is left nowhere
    ):
        with suppress(ValueError, OSError):
            resource.setrlimit(name, (soft, hard))
    os.nice(5)
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        with suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
            score.write("1000")  # where memory is short, rather a photo than the service or the database


def main(asked: dict[str, Any]) -> None:
    """One picture: read from standard input, written to the descriptor `into`; a line of JSON says what it is, the
    thumbnail follows. Other ends than exit code 0 mean that it could not be looked into."""
    _accept_limits(asked["memory"], asked["seconds"])
    if os.getppid() != asked["parent"]:
        return  # it ended before we could ask to end with it
    data = os.pread(0, os.fstat(0).st_size, 0)
    thumb = b""
    said: dict[str, Any] = {}
    try:
        clean = clean_picture(data, asked["kind"], asked["mime"])
    except HidesPlace:
        said["hides_place"] = True
    else:
        del data
        with open(asked["into"], "wb", closefd=False) as into:
            into.write(clean.data)
        said = {"kind": clean.kind, "mime": clean.mime}
        if asked["thumb"] and clean.kind == "photo":
            with suppress(*BROKEN):  # an animation that breaks off is kept as it is, and shown to nobody
                thumb, said["width"], said["height"] = make_thumbnail(clean.data)
    sys.stdout.buffer.write(json.dumps(said).encode() + b"\n" + thumb)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
