"""Taking a backup while the service runs: the database at one moment, then the files that it counts on.

The database first, since files are stored before they are named. What is purged in between is not named any more
either: where a file is gone, the database is copied again, until everything that the copy counts on is there.
"""

import shutil
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import SpooledTemporaryFile, mkdtemp

from api.backups.archive import BLOBS, IN_MEMORY, SECRET, TABLES, Manifest, Writer, check_archive, make_durable
from api.errors import Conflict, Problem
from api.messaging.tree import T
from api.opening import beside, schema_problem, schema_state
from api.runtime import Runtime, StorageUnavailable
from storage.copies import DATABASE, Copy, Damaged, copy_database

DRAFT = ".gongfang-backup-"


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was taken and checked."""

    file: Path
    size: int  # bytes
    manifest: Manifest


async def take_backup(runtime: Runtime, place: Path) -> Backup:
    """Write a backup to a new file, or into a folder under a name with the time, and read it again.

    Raises Problem; nothing half is left then. The file is its owner's alone: it holds everything that people said.
    """
    if (state := schema_state(runtime.database)) in ("empty", "ahead"):
        raise schema_problem(state)
    file = _named(runtime, place)
    drafts = Path(mkdtemp(prefix=DRAFT, dir=file.parent))
    try:
        draft = drafts / "backup.tar"
        manifest = await _write(runtime, draft, drafts)
        if check_archive(draft) != manifest:
            raise failed("the archive reads differently from what was written")
        draft.chmod(0o600)
        make_durable(draft)
        draft.rename(file)
        make_durable(file.parent)
        return Backup(file, file.stat().st_size, manifest)
    except (OSError, StorageUnavailable, Damaged) as error:
        raise failed(str(error)) from error
    finally:
        shutil.rmtree(drafts, ignore_errors=True)


def failed(why: str) -> Problem:
    """The words for a backup that could not be made."""
    say = T("No backup was made: {error}. Nothing of it was left behind; the service is not touched.", error=why)
    return Conflict("backup.failed", say, why=why)


async def _write(runtime: Runtime, draft: Path, drafts: Path) -> Manifest:
    database = runtime.database
    writer = Writer(draft, runtime.now())
    try:
        missing, gone = set[str](), {""}
        while gone:
            began = runtime.now()
            copy, folder = _copy(runtime, drafts)
            missing = (missing | gone).intersection(copy.blobs)
            gone = await _add_blobs(runtime, writer, [key for key in copy.blobs if key not in missing], drafts)
        for name, path in _parts(copy, folder):
            with path.open("rb") as opened:
                writer.add(name, opened)
        if (secret := beside(database, ".secret") if database.is_sqlite else None) is not None:
            with suppress(FileNotFoundError), secret.open("rb") as opened:
                writer.add(SECRET, opened)
        kind = "sqlite" if database.is_sqlite else "postgresql"
        manifest = Manifest(
            program=version("gongfang"), database=kind, schema=copy.revision,
            began_at=began.isoformat(), made_at=runtime.now().isoformat(), tables=copy.tables, missing=sorted(missing),
        )  # fmt: skip
        writer.finish(manifest)
        return manifest
    finally:
        writer.close()


def _copy(runtime: Runtime, drafts: Path) -> tuple[Copy, Path]:
    folder = drafts / "database"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return copy_database(runtime.database, folder), folder


async def _add_blobs(runtime: Runtime, writer: Writer, keys: list[str], drafts: Path) -> set[str]:
    """Add the files that are not in it yet; returns those that the store does not have."""
    gone = set()
    for key in keys:
        if (name := BLOBS + key) in writer.files:
            continue
        with SpooledTemporaryFile(IN_MEMORY, dir=str(drafts)) as file:
            try:
                async for piece in runtime.blobs.stream(key):
                    file.write(piece)
            except FileNotFoundError:
                gone.add(key)
            else:
                writer.add(name, file)
    return gone


def _parts(copy: Copy, folder: Path) -> list[tuple[str, Path]]:
    if (file := folder / DATABASE).exists():
        return [(DATABASE, file)]
    return [(TABLES + table, folder / f"{table}.copy") for table in copy.tables]


def _named(runtime: Runtime, place: Path) -> Path:
    file = place / f"gongfang-{runtime.now():%Y%m%d-%H%M%S}.tar" if place.is_dir() else place
    if file.exists():
        say = T("{file} is there already, and a backup replaces nothing. Choose another name.", file=str(file))
        raise Conflict("backup.exists", say, file=str(file))
    if not file.absolute().parent.is_dir():
        say = T("There is no folder {folder}. Make it, or name another place.", folder=str(file.absolute().parent))
        raise Conflict("backup.no_folder", say, folder=str(file.absolute().parent))
    return file.absolute()
