"""`gongfang backup` and `gongfang restore`: one archive of everything, and putting it back."""

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.messaging.tree import Plural, T
from bot.cli.output import REFUSED, AsJson, Output, _, answering
from bot.cli.service import ConfigFile, opened

if TYPE_CHECKING:
    from api.backups.archive import Manifest

Place = Annotated[Path, typer.Argument(help=_("A folder, or the name of a new file."), metavar="FOLDER|FILE")]
Archive = Annotated[Path, typer.Argument(help=_("The file that “gongfang backup” wrote."), metavar="FILE")]
Replace = Annotated[bool, typer.Option("--replace", help=_("Set a SQLite database that is there aside."))]
Check = Annotated[bool, typer.Option("--check", help=_("Only see whether the backup is whole; change nothing."))]


def backup(place: Place, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Take a backup; the service may go on. Exit code 1 when files are missing in the store: what is there is in it."""
    from api.backups.taking import take_backup

    with answering(as_json) as out, opened(config, any_schema=True) as service:
        taken = asyncio.run(take_backup(service.runtime, place))
        manifest = taken.manifest
        missing = len(manifest.missing)
        _tell(out, manifest)
        size = round(taken.size / 2**20, 1)
        out.say(T("Written, and read again to be sure: {file} ({size} MB).", file=str(taken.file), size=size))
        out.say(T("It holds what people said, and keys: let nobody else read it. The configuration is not in it."))
        if missing:
            lost = Plural("One file that the database knows is missing in the store: {keys}",
                          "{n} files that the database knows are missing in the store: {keys}", missing,
                          keys=", ".join(manifest.missing[:10]))  # fmt: skip
            raise out.fail(REFUSED, "backup.files_missing", out.text(lost), file=taken.file, **_brief(manifest))
        out.result(file=taken.file, size=taken.size, **_brief(manifest))


def restore(file: Archive, replace: Replace = False, check: Check = False, config: ConfigFile = None,
            as_json: AsJson = False) -> None:  # fmt: skip
    """Put a backup back into an empty place, while no service runs there."""
    from api.backups.archive import check_archive
    from api.backups.restoring import restore_backup

    with answering(as_json) as out:
        if check:
            manifest = check_archive(file)
            _tell(out, manifest)
            out.say(T("The backup is whole."))
            out.result(**_brief(manifest))
            return
        with opened(config, any_schema=True) as service:
            restored = asyncio.run(restore_backup(service.runtime, file, replace))
        _tell(out, restored.manifest)
        for old in restored.aside:
            out.say(T("What was there is kept as {file}; delete it when you do not need it.", file=str(old)))
        behind = T("Restored. It is of an older version: run “gongfang db upgrade” before you start the service.")
        out.say(behind if restored.behind else T("Restored. The service can be started."))
        state = "behind" if restored.behind else "current"
        out.result(state=state, aside=restored.aside, **_brief(restored.manifest))


def _tell(out: Output, manifest: "Manifest") -> None:
    from datetime import datetime

    out.say(T("A backup of {began}: {people} people, {rows} rows, {files} files; database {kind}, revision {schema}.",
              began=datetime.fromisoformat(manifest.began_at), people=manifest.tables.get("persons", 0),
              rows=sum(manifest.tables.values()), files=manifest.blobs, kind=manifest.database,
              schema=manifest.schema))  # fmt: skip


def _brief(manifest: "Manifest") -> dict[str, Any]:
    known = asdict(manifest)
    files = known.pop("files")
    return {"backup": {**known, "blobs": manifest.blobs, "files": len(files)}}
