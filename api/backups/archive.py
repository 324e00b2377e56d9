"""The archive of a backup: a tar of files, the last of which, manifest.json, says what the others are.

    blobs/<key>                    files of people, under the keys by which the database knows them
    database.db | tables/<name>    the database: SQLite's file, or a table of PostgreSQL each
    secret                         what signs cookies, where it is kept beside the database
    manifest.json                  version, schema, counts, and size and SHA-256 of every other file

Any tar reads it. It is read from front to back, so its size does not matter.
"""

import hashlib
import json
import os
import re
import tarfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from api.errors import Conflict, Problem
from api.messaging.tree import T
from storage.copies import DATABASE

FORMAT = 1
MANIFEST, SECRET, TABLES, BLOBS = "manifest.json", "secret", "tables/", "blobs/"
PIECE = 256 * 1024
IN_MEMORY = 2**20  # bytes of a file; larger ones wait on the disk
LARGEST_MANIFEST = 2**28
NAMES = re.compile(rf"{SECRET}|{re.escape(DATABASE)}|{TABLES}\w+|{BLOBS}[\w/-]+")


@dataclass(slots=True)
class Manifest:
    """What is in an archive. `tables`: name -> rows, in the order in which they are put back."""

    program: str  # the version of gongfang that made it
    database: str  # sqlite | postgresql
    schema: str  # the revision of the database
    began_at: str  # what was committed before is in it
    made_at: str
    tables: dict[str, int] = field(default_factory=dict)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)  # name -> {"size": bytes, "sha256": hex}
    missing: list[str] = field(default_factory=list)  # files that the database counts on and the store does not have
    format: int = FORMAT

    @property
    def blobs(self) -> int:
        """How many files of people are in it."""
        return sum(name.startswith(BLOBS) for name in self.files)


class Writer:
    """Writes an archive; it is whole after `finish`."""

    def __init__(self, path: Path, now: datetime) -> None:
        self.files: dict[str, dict[str, Any]] = {}
        self._now = int(now.timestamp())
        # Any: its list of members is no part of what it promises, but it grows for ever
        self._tar: Any = tarfile.TarFile(path, "x", format=tarfile.PAX_FORMAT)

    def add(self, name: str, file: IO[bytes]) -> None:
        """Add an open file from its beginning."""
        file.seek(0, 2)
        size = file.tell()
        file.seek(0)
        reading = _Summing(file)
        self._tar.addfile(self._described(name, size), reading)
        self.files[name] = {"size": size, "sha256": reading.sum.hexdigest()}
        self._tar.members.clear()

    def finish(self, manifest: Manifest) -> None:
        """Write what it all is, and end the archive."""
        manifest.files = self.files
        data = json.dumps(asdict(manifest), ensure_ascii=False, indent=1).encode()
        self._tar.addfile(self._described(MANIFEST, len(data)), BytesIO(data))
        self._tar.close()

    def close(self) -> None:
        """Let go of the file, finished or not."""
        if self._tar.fileobj is not None:
            self._tar.fileobj.close()

    def _described(self, name: str, size: int) -> tarfile.TarInfo:
        described = tarfile.TarInfo(name)
        described.size, described.mode, described.mtime = size, 0o600, self._now
        return described


class _Summing:
    """A file that sums up what is read of it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.sum = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self.sum.update(piece)
        return piece


def members(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """(name, open file) of everything in an archive, in its order; each to be read before the next. Raises Problem for
    what is not ours, tarfile.TarError."""
    archive: Any
    with tarfile.TarFile(path, "r") as archive:
        while (member := archive.next()) is not None:
            file = archive.extractfile(member) if member.isreg() else None
            if file is None or not (member.name == MANIFEST or NAMES.fullmatch(member.name)):
                raise damaged(path, member.name)
            yield member.name, file
            archive.members.clear()


def check_archive(path: Path) -> Manifest:
    """Read all of an archive and compare it with what its manifest says. Raises Problem when it is not whole."""
    found: dict[str, dict[str, Any]] = {}
    manifest: Manifest | None = None
    try:
        for name, file in members(path):
            if name == MANIFEST:
                manifest = _read_manifest(path, file.read(LARGEST_MANIFEST))
            else:
                found[name] = _sum_up(file)
    except (tarfile.TarError, EOFError) as error:
        raise damaged(path, str(error)) from error
    if manifest is None:
        raise damaged(path, MANIFEST)
    wrong = [name for name in manifest.files.keys() | found.keys() if manifest.files.get(name) != found.get(name)]
    if wrong:
        raise damaged(path, ", ".join(sorted(wrong)[:5]))
    return manifest


def damaged(path: Path, what: str) -> Problem:
    """The words for an archive that cannot be used."""
    say = T("{file} is no whole backup of gongfang ({what}). Nothing was changed; take another one.",
            file=str(path), what=what)  # fmt: skip
    return Conflict("backup.damaged", say, file=str(path), what=what)


def _read_manifest(path: Path, data: bytes) -> Manifest:
    try:
        read = json.loads(data)
        if read["format"] > FORMAT:
            say = T("{file} was made by a newer version of gongfang ({version}). Use that version to restore it.",
                    file=str(path), version=str(read["program"]))  # fmt: skip
            raise Conflict("backup.newer", say, file=str(path))
        return Manifest(**read)
    except (ValueError, TypeError, KeyError) as error:
        raise damaged(path, MANIFEST) from error


def _sum_up(file: IO[bytes]) -> dict[str, Any]:
    reading, size = _Summing(file), 0
    while piece := reading.read(PIECE):
        size += len(piece)
    return {"size": size, "sha256": reading.sum.hexdigest()}


def make_durable(path: Path) -> None:
    """A file, or the names in a folder, outlast a power cut from here on."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
