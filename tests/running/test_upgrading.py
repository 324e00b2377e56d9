"""The database is upgraded under a running service: nobody is refused, nothing is lost, and the next start is told.

The newer program's part is played by a revision that adds what revisions may add; tests/storage/test_additions.py sees
that real ones do no more.
"""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import text

from storage import schema
from storage.engine import Database
from tests.support.databases import Databases
from tests.support.program import Program

NEXT = '''
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "9000", {head!r}, None, None


def upgrade() -> None:
    op.create_table("wishes", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("text", sa.String()))
    for table in ("persons", "messages", "deliveries", "attachments", "inbox", "chats", "records"):
        op.add_column(table, sa.Column("added", sa.String(), nullable=True))
        op.add_column(table, sa.Column("counted", sa.Integer(), nullable=False, server_default="0"))
        op.create_index(f"ix_{{table}}_added", table, ["added"])
    op.execute("UPDATE attachments SET added = name")
'''


@pytest.fixture
def program(database_kind: str, databases: Databases, tmp_path: Path) -> Iterator[Program]:
    with databases.fresh(database_kind) as url:
        made = Program(tmp_path, {"LANG": "C.UTF-8", "GONGFANG_DATABASE__URL": url})
        yield made
        made.close()


@pytest.fixture
def newer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The revisions of the next version, for this process only."""
    folder = tmp_path / "migrations"
    shutil.copytree(schema.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "9000_add_wishes.py").write_text(NEXT.format(head=schema.head()))
    monkeypatch.setattr(schema, "MIGRATIONS", folder)


@pytest.mark.both_databases
def test_a_running_service_goes_on(program: Program, newer: None) -> None:
    with pytest.MonkeyPatch.context() as before:
        before.setattr(schema, "MIGRATIONS", Path(schema.__file__).parent / "migrations")
        program.json("admin", "create", "--region", "清河县", "--name", "齐安", "--staff-no", "Q000")
        token = program.json("token", "create", "Q000", "--name", "t", "--scope", "read", "--scope", "write")["token"]
    service = program.run()
    database = Database(program.env["GONGFANG_DATABASE__URL"])
    sent: list[str] = []
    ending = threading.Event()

    def work() -> None:
        with httpx2.Client(base_url=service.address, headers={"Authorization": f"Bearer {token}"}, timeout=60) as http:
            while not ending.is_set():
                answer = http.post("/v1/attachments", params={"name": "a"}, content=b"1")
                assert answer.status_code == 201, answer.text
                sent.append(answer.json()["pid"])
                assert http.get("/v1/attachments/" + sent[0]).status_code == 200
                assert http.get("/v1/reminders").status_code == 200

    worker = threading.Thread(target=work)
    worker.start()
    while len(sent) < 20:
        assert worker.is_alive()
    schema.upgrade(database)
    assert schema.current(database) == "9000"
    n = len(sent)
    while len(sent) < n + 40:
        assert worker.is_alive(), "somebody was refused"
    ending.set()
    worker.join()
    assert service.get("/readyz").status_code == 200, service.get("/readyz").text
    assert "Traceback" not in service.log.read_text()
    service.stop()
    with database.transaction() as session:
        kept = set(session.execute(text("SELECT pid FROM attachments")).scalars())
    database.close()
    assert set(sent) <= kept
    refused = program.outside("run", "--port", "0")
    assert refused.code == 3 and "newer version" in refused.err, "it only may not start again"
