"""`gongfang backup` and `gongfang restore`, beside a running service."""

import os
import subprocess
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import httpx2
import pytest

from tests.support.databases import Databases
from tests.support.program import GONGFANG, Program, Running

DISK = "6m"


@pytest.fixture
def ready(migrated: Program) -> Program:
    migrated.json("admin", "create", "--region", "清河县", "--name", "齐安", "--staff-no", "Q000")
    return migrated


@pytest.fixture
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Another machine."""
    made = Program(tmp_path_factory.mktemp("other"))
    yield made
    made.close()


def signed_in(program: Program, service: Running) -> httpx2.Client:
    token = program.json("token", "create", "Q000", "--name", "t", "--scope", "read", "--scope", "write")["token"]
    return httpx2.Client(base_url=service.address, headers={"Authorization": f"Bearer {token}"}, timeout=30)


MOST_FILES = 190  # of one person in a day ten more are taken


class Writing(threading.Thread):
    """Somebody who hands over files and sets reminders without a pause; `done` is what was answered, and when."""

    def __init__(self, http: httpx2.Client) -> None:
        super().__init__()
        self.http, self.ending = http, threading.Event()
        self.done: list[tuple[datetime, str, bytes]] = []

    def run(self) -> None:
        for n in range(MOST_FILES):
            if self.ending.is_set():
                return
            data = os.urandom(20_000)
            sent = self.http.post("/v1/attachments", params={"name": f"{n}.bin"}, content=data)
            assert sent.status_code == 201, sent.text
            self.done.append((datetime.now().astimezone(), sent.json()["pid"], data))
        self.ending.wait()


def test_backup_beside_the_service_and_restore_elsewhere(ready: Program, other: Program) -> None:
    service = ready.run()
    with signed_in(ready, service) as http:
        writing = Writing(http)
        writing.start()
        while len(writing.done) < 30:
            assert writing.is_alive()
        made = ready.outside("backup", str(other.folder), "--json")
        while len(writing.done) < 60:
            assert writing.is_alive()
        writing.ending.set()
        writing.join()
    assert made.code == 0, made
    answer = made.data
    service.stop()
    assert "Traceback" not in service.log.read_text()
    restored = other("restore", answer["file"])
    assert restored.code == 0 and "The service can be started." in restored.out, restored
    again = other.run()
    began = datetime.fromisoformat(answer["backup"]["began_at"])
    early = [(pid, data) for at, pid, data in writing.done if at < began]
    assert len(early) >= 30
    with httpx2.Client(base_url=again.address, headers=http.headers, timeout=30) as reader:
        for pid, data in early:
            assert reader.get(f"/v1/attachments/{pid}/content").content == data
        seen = [reader.get(f"/v1/attachments/{pid}") for _, pid, _ in writing.done]
    assert {answer.status_code for answer in seen} <= {200, 404}
    assert again.get("/readyz").status_code == 200
    assert (other.folder / "gongfang.secret").read_text() == (ready.folder / "gongfang.secret").read_text()


def test_what_the_commands_say(ready: Program, other: Program) -> None:
    made = ready("backup", "one.tar")
    assert made.code == 0 and "Written, and read again to be sure" in made.out and "1 people" in made.out, made
    file = str(ready.folder / "one.tar")
    assert "The backup is whole." in ready("restore", file, "--check").out
    refused = ready("restore", file, "--json")
    assert (refused.code, refused.data["code"]) == (1, "backup.not_empty")
    replaced = ready("restore", file, "--replace")
    assert replaced.code == 0 and "is kept as" in replaced.out, replaced
    other.env = {"LANG": "zh_CN.UTF-8"}
    assert "已恢复，可以启动服务了" in other("restore", file).out
    assert (other.folder / "gongfang.db").stat().st_mode & 0o777 == 0o600
    assert other("db", "check").code == 0
    assert "没有文件夹" in other("backup", "nowhere/one.tar").err
    Path(file).write_bytes(b"text")
    assert other("restore", file, "--check", "--json").data["code"] == "backup.damaged"
    assert other("restore", "nothing.tar").code == 1


def test_nothing_is_restored_under_a_running_service(ready: Program) -> None:
    ready("backup", "one.tar")
    ready.run()
    refused = ready("restore", "one.tar", "--replace", "--json")
    assert (refused.code, refused.data["code"]) == (1, "service.running")


def test_an_older_backup_says_what_to_do(program: Program, databases: Databases) -> None:
    from storage import schema
    from storage.engine import Database

    database = Database(f"sqlite:///{program.folder / 'gongfang.db'}")
    schema.upgrade(database, "0016")
    database.close()
    assert program("backup", "old.tar").code == 0, "a backup is what one makes before upgrading"
    assert "gongfang db upgrade" in program("restore", "old.tar", "--replace").out
    assert program("run", "--port", "0").code == 3
    assert program("db", "upgrade").code == 0


def test_files_that_were_lost_are_said(ready: Program) -> None:
    fill_with_files(ready, 3)
    next((ready.folder / "blobs" / "ab").iterdir()).unlink()
    made = ready("backup", "one.tar")
    assert made.code == 1 and "One file that the database knows is missing in the store" in made.err, made
    assert ready("restore", "one.tar", "--check", "--json").data["backup"]["blobs"] == 2


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a disk of its own can be mounted by root only; the limit below shows the same")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.parametrize("room", [0.5, 4])
def test_a_full_disk_leaves_no_half_backup(ready: Program, small_disk: Path, room: float) -> None:
    """Full while the database is copied, and while the archive is written."""
    (small_disk / "ballast").write_bytes(bytes(int((6 - room) * 2**20)))
    fill_with_files(ready, 3)
    made = ready.outside("backup", str(small_disk))
    assert made.code == 1 and "No backup was made" in made.err and "Traceback" not in made.err, made
    assert [path.name for path in small_disk.iterdir()] == ["ballast"]
    assert ready("db", "check").code == 0


@pytest.mark.parametrize("kilobytes", [64, 2500])
def test_files_that_cannot_grow(ready: Program, kilobytes: int) -> None:
    fill_with_files(ready, 3)
    limited = ["sh", "-c", f'ulimit -f {kilobytes * 2}; exec "$@"', "sh", *GONGFANG, "backup", "backups"]
    (ready.folder / "backups").mkdir()
    done = subprocess.run(limited, cwd=ready.folder, env=ready._environment(), capture_output=True, text=True)
    assert done.returncode == 1 and "No backup was made" in done.stderr and "Traceback" not in done.stderr, done
    assert list((ready.folder / "backups").iterdir()) == []


def fill_with_files(program: Program, number: int) -> None:
    """Files of a megabyte each, in the store and in the database."""
    import sqlite3

    with sqlite3.connect(program.folder / "gongfang.db") as database:
        for n in range(number):
            file = program.folder / "blobs" / "ab" / f"ab{n:010}"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(os.urandom(2**20))
            database.execute(
                "INSERT INTO attachments (pid, platform, account, ref, kind, name, mime, size, state, blob_key, holder,"
                " attempts, created_at) VALUES (?, '', '', '{}', 'document', 'a', 'a/b', 1, 'stored', ?, '', 0, "
                "'2026-01-01 00:00:00')", (f"pid{n:09}", f"ab/{file.name}"),
            )  # fmt: skip
    database.close()
