"""Opening what a configuration describes: the database in the right shape, the blob store, the secret, the lock."""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import IO

from pydantic import SecretStr

from api.config import Config
from api.context import Context
from api.errors import Conflict, Problem
from api.messaging.tree import T
from api.runtime import Runtime
from storage import schema
from storage.blobs import Blobs
from storage.engine import Database
from storage.kept import keep
from storage.leases import end_leases

SECRET_BYTES = 32


def open_runtime(config: Config) -> Runtime:
    """The runtime of a configuration. Nothing is asked of the database yet. Raises Problem when it cannot even open."""
    try:
        return Runtime(config, Database(config.database.url), Blobs(config.blobs.url))
    except (OSError, ValueError) as error:
        say = T("The files cannot be kept where [blobs] url says: {error}", error=str(error))
        raise Conflict("blobs.unusable", say) from error


def schema_state(database: Database) -> str:
    """empty | current | behind | ahead (made by a newer program). Raises StorageUnavailable."""
    revision = schema.current(database)
    if revision is None:
        return "empty"
    if revision == schema.head():
        return "current"
    return "behind" if schema.knows(revision) else "ahead"


def schema_revision() -> str:
    """The revision of the database that this program works on."""
    return schema.head()


def upgrade_schema(database: Database) -> None:
    """Bring the database to what this program needs; data stays. Raises Problem when a newer program made it."""
    if schema_state(database) == "ahead":
        raise schema_problem("ahead")
    schema.upgrade(database)


def schema_problem(state: str) -> Problem:
    """The words for a database that this program cannot work on."""
    return Conflict(f"database.{state}", {
        "empty": T("The database is empty. Run “gongfang db upgrade” to set it up."),
        "behind": T("The database is older than this program. Run “gongfang db upgrade”; data stays."),
        "ahead": T("The database was made by a newer version of gongfang. Use that version, or restore a backup."),
    }[state])  # fmt: skip


def require_schema(database: Database) -> None:
    """Raise unless the database is what this program needs."""
    if (state := schema_state(database)) != "current":
        raise schema_problem(state)


def keep_secret(runtime: Runtime) -> None:
    """Give `[web] secret` a value where the configuration has none: made once, kept with the database, never a default.

    SQLite: a file beside it that only its owner can read. PostgreSQL: a row, the same for every process.
    """
    if runtime.config.web.secret.get_secret_value():
        return
    fresh = secrets.token_urlsafe(SECRET_BYTES)
    database = runtime.database
    if not database.is_sqlite:
        with database.transaction() as session:
            fresh = keep(session, "web.secret", fresh)
    elif (file := beside(database, ".secret")) is not None:
        fresh = _kept_in(file, fresh)
    runtime.config.web.secret = SecretStr(fresh)


def beside(database: Database, suffix: str) -> Path | None:
    """The file of that suffix next to a SQLite database; None for one in memory."""
    name = database.url.database
    return None if name in (None, "", ":memory:") else Path(name).absolute().with_suffix(suffix)


def lock_database(database: Database) -> IO[str] | None:
    """Make this process the only service on a SQLite database, until the returned file is closed or the process ends.

    Raises Conflict naming the process that is it already. PostgreSQL is shared by any number of them.
    """
    import fcntl

    file = beside(database, ".lock") if database.is_sqlite else None
    if file is None:
        return None
    held = file.open("a+")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        held.seek(0)
        process = held.read().strip()
        held.close()
        say = T("gongfang already runs on this database (process {process}). One service at a time uses SQLite; for "
                "more, see [database] url = postgresql://…", process=process)  # fmt: skip
        raise Conflict("service.running", say, process=process) from error
    held.truncate(0)
    held.write(str(os.getpid()))
    held.flush()
    return held


def take_over(ctx: Context) -> None:
    """Go on at once with what an earlier process was in the middle of, instead of waiting for its leases to run out.

    Only for whoever is alone on the database (`lock_database`).
    """
    end_leases(ctx.session, ctx.now)


def _kept_in(file: Path, fresh: str) -> str:
    with suppress(FileNotFoundError):
        if kept := file.read_text().strip():
            file.chmod(0o600)
            return kept
    # a name of its own until it is complete: a crash in between leaves no half secret
    draft = file.with_suffix(f".secret-{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as written:
        written.write(fresh)
        written.flush()
        os.fsync(descriptor)
    draft.replace(file)
    return fresh
