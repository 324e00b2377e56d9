"""Photos are decoded in a child process, one each: the service stays small, and no picture can bring it down.

A child starts in 0.1 s with 16 MB and imports Pillow only; see photos.py for what it does, ADR 0014 for why.
"""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import structlog

from api.attachments import photos
from api.attachments.photos import HidesPlace

log = structlog.get_logger()

CHILD = Path(photos.__file__)
# 52 million pixels take 0.5 GB and 7 seconds as JPEG or PNG, 1.1 GB and 17 seconds as WebP
MEMORY = 1280 * 2**20  # bytes
CPU_SECONDS = 60
PATIENCE = 90.0  # seconds: beyond that it is not the picture, but a machine with too much to do
TOLD_TO_STOP = (-signal.SIGINT, -signal.SIGTERM)


class Unreadable(Exception):
    """A picture that takes too much memory or time, or ends the process that looks into it. No use to try again."""


@dataclass(frozen=True, slots=True)
class Photo:
    """What became of a picture. `kind` is document where pages cannot show it; `thumb` a small WebP, with width and
    height of the picture in pixels."""

    kind: str
    mime: str
    thumb: bytes | None = None
    width: int | None = None
    height: int | None = None


class Darkroom:
    """Looks into at most `at_once` pictures at the same time; the others wait."""

    def __init__(self, at_once: int = 1) -> None:
        self._places = asyncio.Semaphore(at_once)

    async def clean(self, source: BinaryIO, into: BinaryIO, kind: str, mime: str, thumb: bool = False) -> Photo:
        """Write the picture in the file `source` without its secrets to the empty file `into`.

        Raises HidesPlace, Unreadable; OSError when it could not be tried now.
        """
        async with self._places:
            descriptor = source.fileno()
            source.flush()
            asked = {
                "into": into.fileno(), "kind": kind, "mime": mime, "thumb": thumb, "memory": MEMORY,
                "seconds": CPU_SECONDS, "parent": os.getpid(),
            }  # fmt: skip
            said, small = await _ask_child(asked, descriptor)
        if "hides_place" in said:
            raise HidesPlace
        return Photo(thumb=small or None, **said)


async def _ask_child(asked: dict[str, Any], source: int) -> tuple[dict[str, Any], bytes]:
    """What a child says of the picture, and the thumbnail. The child is gone however this ends."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-P", str(CHILD), json.dumps(asked), stdin=source, stdout=PIPE, stderr=PIPE,
        pass_fds=[asked["into"]], env=_environment(),
    )  # fmt: skip
    try:
        async with asyncio.timeout(PATIENCE):
            answer, complaint = await child.communicate()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode in TOLD_TO_STOP:
        raise InterruptedError("the child process was stopped from outside")
    if child.returncode or not answer:
        log.warning(
            "a picture ended the process that looked into it", code=child.returncode,
            said=complaint.decode(errors="replace")[-2000:],
        )  # fmt: skip
        raise Unreadable(f"exit code {child.returncode}")
    said, _, thumb = answer.partition(b"\n")
    return json.loads(said), thumb


def _environment() -> dict[str, str]:
    """Ours without our settings: nothing that decodes strangers' files needs to know secrets."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GONGFANG_")}
