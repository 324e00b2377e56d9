"""Archives that somebody changed."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any


def parts_of(file: Path) -> list[tuple[tarfile.TarInfo, bytes]]:
    """The files of an archive, with their bytes."""
    with tarfile.open(file) as archive:
        opened = [(member, archive.extractfile(member)) for member in archive.getmembers()]
        return [(member, data.read()) for member, data in opened if data is not None]


def rewrite(file: Path, without: str = "", foreign: str = "") -> None:
    """The same archive without some of its files, or with another one."""
    parts = parts_of(file)
    with tarfile.open(file, "w") as new:
        for member, data in parts:
            if not (without and member.name.startswith(without)):
                new.addfile(member, io.BytesIO(data))
        if foreign:
            new.addfile(tarfile.TarInfo(foreign), io.BytesIO())


def rewrite_manifest(file: Path, **changes: Any) -> None:
    """The same archive with other words about it."""
    parts = parts_of(file)
    with tarfile.open(file, "w") as new:
        for member, data in parts:
            if member.name == "manifest.json":
                data = json.dumps({**json.loads(data), **changes}).encode()
                member.size = len(data)
            new.addfile(member, io.BytesIO(data))
