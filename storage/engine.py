"""The engines and the only transaction.

Operations are plain functions of a synchronous Session. On SQLite one writer thread works through a queue and waiting
jobs share a commit, each in its own savepoint; on PostgreSQL a few threads run one transaction per job.
Reasons and measurements: docs/adr/0002-synchronous-inside.md.
"""

import asyncio
import contextvars
import json
import queue
import random
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.orm import Session

from storage.base import keepable

log = structlog.get_logger()

type_job = Callable[[Session], Any]
BATCH_JOBS = 64
BATCH_SECONDS = 0.05
READERS = 8
WRITERS = 4  # on PostgreSQL; more get in each other's way: they wait for the interpreter more than for the database
PG_ATTEMPTS = 10
PAUSE_SECONDS = 1.0  # at most, before a transaction that got in the way of another is run again
IDLE_SECONDS = 5.0
BUSY_SECONDS = 10.0  # SQLite: so long one waits while another process writes
AFTER = "after_commit"
# an escaped NUL, but not an escaped backslash before the letters u0000
ESCAPED_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
CONTENTION = {"40001", "40P01", "55P03"}


class StorageUnavailable(Exception):
    """The database did not answer or could not write (away, full disk, I/O error). Nothing was changed; try again."""


@dataclass(slots=True)
class _Job:
    run: type_job
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Any]"
    since: float = field(default_factory=time.monotonic)
    result: Any = None
    error: BaseException | None = None
    after: list[Callable[[], None]] = field(default_factory=list)


def after_commit(session: Session, action: Callable[[], None]) -> None:
    """Run `action` once the transaction of `session` is durable; never when it is rolled back or run again.

    What it raises is logged and changes nothing: the work is done.
    """
    session.info.setdefault(AFTER, []).append(action)


def storage_failed(error: BaseException) -> bool:
    """Whether an exception says that the database could not do its work (away, full, contention), not that we erred."""
    if isinstance(error, (StorageUnavailable, OperationalError, InterfaceError)):
        return True
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in CONTENTION


@contextmanager
def attempt(session: Session) -> Iterator[None]:
    """A savepoint: what fails inside leaves nothing behind, not even its after-commit actions."""
    actions = session.info.setdefault(AFTER, [])
    before = len(actions)
    try:
        with session.begin_nested():
            yield
    except BaseException:
        del actions[before:]
        raise


class Database:
    """One database: `run` for writing jobs, `read` for reading ones, `transaction` for synchronous callers."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = create_sqlite_engine(url) if self.is_sqlite else create_postgres_engine(url)
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="storage-reader")
        self._writers = ThreadPoolExecutor(WRITERS, thread_name_prefix="storage-writer")  # on PostgreSQL
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._writer: threading.Thread | None = None
        self._lock = threading.Lock()
        self.waited: Callable[[float], None] = lambda _seconds: None  # told how long each job waited for its turn

    async def run(self, job: type_job) -> Any:
        """Run `job(session)` in a transaction of its own; returns after the commit, raises what the job raised.

        The job may be run again (lost neighbours, deadlock), so it must have no effect outside its session. It logs
        with whatever its caller bound.
        Raises StorageUnavailable when the database cannot be written now.
        """
        loop = asyncio.get_running_loop()
        work: type_job = partial(_with, contextvars.copy_context(), job)
        if not self.is_sqlite:
            return await loop.run_in_executor(self._writers, self._run_alone, work, time.monotonic())
        self._start_writer()
        item = _Job(work, loop, loop.create_future())
        self._queue.put(item)
        return await item.future

    async def read(self, job: type_job) -> Any:
        """Run `job(session)` on a reading connection; what it writes is rolled back."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, job)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A transaction for synchronous callers (command line, tests): committed when the block ends well."""
        with translated(), Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session
        _act(session.info.pop(AFTER, []))

    def close(self) -> None:
        """Finish the queue, stop the threads and close the connections."""
        if self._writer is not None:
            self._queue.put(None)
            self._writer.join()
        self._writers.shutdown()
        self._readers.shutdown()
        self.engine.dispose()

    def _read(self, job: type_job) -> Any:
        with translated(), self.engine.connect() as connection:
            info = connection.info  # a connection that breaks meanwhile is not asked for it again
            if self.is_sqlite:
                info["read"] = True
            with Session(connection, expire_on_commit=False) as session:
                try:
                    return job(session)
                finally:
                    info.pop("read", None)
                    session.rollback()

    def _run_alone(self, job: type_job, since: float) -> Any:
        self.waited(time.monotonic() - since)
        for attempt in range(1, PG_ATTEMPTS + 1):
            try:
                with self.transaction() as session:
                    return job(session)
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in CONTENTION or attempt == PG_ATTEMPTS:
                    raise
                # those who met wait unequally long, or they would meet again and again
                time.sleep(random.uniform(0, min(PAUSE_SECONDS, 0.02 * 2**attempt)))
        raise AssertionError("unreachable")

    def _start_writer(self) -> None:
        with self._lock:
            if self._writer is None:
                self._writer = threading.Thread(target=self._write_forever, name="storage-writer", daemon=True)
                self._writer.start()

    def _write_forever(self) -> None:
        while (first := self._queue.get()) is not None:
            batch = [first]
            self._write_batch(batch)
            _settle(batch)

    def _write_batch(self, batch: list[_Job]) -> None:
        """Work through waiting jobs in one shared transaction; `batch` grows while it lasts. Raises nothing: without
        its writer the service could store nothing more."""
        started = time.monotonic()
        try:
            with self.engine.connect() as connection, connection.begin():
                done = 0
                while True:
                    self.waited(time.monotonic() - batch[done].since)
                    _run_in_savepoint(connection, batch[done])
                    done += 1
                    if done == BATCH_JOBS or time.monotonic() - started > BATCH_SECONDS:
                        break
                    try:
                        following = self._queue.get_nowait()
                    except queue.Empty:
                        break
                    if following is None:
                        self._queue.put(None)
                        break
                    batch.append(following)
        except Exception as error:
            if _is_busy(error):
                self._refuse(batch)
                return
            log.warning(
                "shared transaction lost, running its jobs alone", jobs=len(batch), error=str(error.__cause__ or error)
            )
            for item in batch:
                self._write_alone(item)

    def _refuse(self, batch: list[_Job]) -> None:
        """Another process has the database to itself: all who wait are told now, not one after the other, each only
        when the one before has waited in vain."""
        with suppress(queue.Empty):
            while (item := self._queue.get_nowait()) is not None:
                batch.append(item)
            self._queue.put(None)
        log.warning("another process holds the database", jobs=len(batch))
        for item in batch:
            item.after, item.error = [], StorageUnavailable("another process holds the database")

    def _write_alone(self, item: _Job) -> None:
        item.result, item.error, item.after = None, None, []
        try:
            with self.engine.connect() as connection, connection.begin():
                _run_in_savepoint(connection, item)
        except (OperationalError, InterfaceError, sqlite3.Error) as error:
            item.after, item.error = [], StorageUnavailable(str(error.__cause__ or error))
        except Exception as error:  # its waiter is told (_answer)
            item.after, item.error = [], error


def _with(context: contextvars.Context, job: type_job, session: Session) -> Any:
    return context.run(job, session)


def _run_in_savepoint(connection: Connection, item: _Job) -> None:
    """Run one job in a savepoint. What the job did wrong is its own; what the database could not do is raised."""
    session = Session(connection, expire_on_commit=False, join_transaction_mode="create_savepoint")
    with session:
        try:
            item.result = item.run(session)
            session.commit()
            item.after = session.info.get(AFTER, [])
        except (OperationalError, InterfaceError, sqlite3.OperationalError):
            raise
        except BaseException as error:
            session.rollback()
            item.error = error


def _is_busy(error: Exception) -> bool:
    """Whether a transaction could not begin, because another process wrote all the while."""
    code = getattr(getattr(error, "orig", None), "sqlite_errorcode", 0)
    return code & 0xFF == sqlite3.SQLITE_BUSY


def _settle(batch: list[_Job]) -> None:
    """Tell every job's waiter, in one visit to each event loop."""
    for item in batch:
        _act(item.after)
    for loop in {item.loop for item in batch}:
        mine = [item for item in batch if item.loop is loop]
        try:
            loop.call_soon_threadsafe(_answer, mine)
        except RuntimeError:
            log.warning("an event loop closed before its jobs were answered", jobs=len(mine))


def _act(actions: list[Callable[[], None]]) -> None:
    for action in actions:
        try:
            action()
        except Exception:  # what was done is committed: nobody can be told that it failed, the log is
            log.exception("an after-commit action failed")


def _answer(items: list[_Job]) -> None:
    for item in items:
        if item.future.done():
            continue
        if item.error is None:
            item.future.set_result(item.result)
        else:
            item.future.set_exception(item.error)


@contextmanager
def translated() -> Iterator[None]:
    """Turn "the database is away, full or damaged" into StorageUnavailable; leave contention to the retry rule."""
    try:
        yield
    except DBAPIError as error:
        damaged = type(error.orig) is sqlite3.DatabaseError  # no database at all, or a torn one
        away = isinstance(error, (OperationalError, InterfaceError))
        if not (damaged or away) or getattr(error.orig, "sqlstate", None) in CONTENTION:
            raise
        raise StorageUnavailable(str(error.orig)) from error


def dump_json(value: Any) -> str:
    """JSON without NUL characters and lone surrogates: PostgreSQL stores none, and one event that carries one must not
    stall the rest."""
    return keepable(ESCAPED_NUL.sub(r"\1", json.dumps(value, ensure_ascii=False)))


def create_sqlite_engine(url: str) -> Engine:
    """SQLite in WAL mode, durable at every commit; writers begin IMMEDIATE so that none fails half-way."""
    how = {"timeout": BUSY_SECONDS, "check_same_thread": False}
    engine = create_engine(url, connect_args=how, pool_size=12, json_serializer=dump_json, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if connection.info.get("read") else "BEGIN IMMEDIATE")

    return engine


def create_postgres_engine(url: str) -> Engine:
    """PostgreSQL through psycopg 3. A connection that lay idle is asked whether it still lives before it is used."""
    engine = create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        pool_size=READERS + WRITERS + 2,
        json_serializer=dump_json,
        hide_parameters=True,
        connect_args={"connect_timeout": 5, "options": "-c timezone=UTC"},
    )

    @event.listens_for(engine, "checkin")
    def remember(_connection: Any, record: Any) -> None:
        record.info["idle_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def ask(connection: Any, record: Any, _proxy: Any) -> None:
        if time.monotonic() - record.info.get("idle_since", time.monotonic()) > IDLE_SECONDS:
            try:
                connection.execute("SELECT 1")
                connection.rollback()
            except engine.dialect.loaded_dbapi.Error as error:
                raise DisconnectionError from error

    return engine
