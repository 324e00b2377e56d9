"""Whatever is sent to /v1: no failure of ours, and answers as the document says (schemathesis, its own phases)."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from api.times import utcnow
from storage.engine import Database
from storage.people import Person
from tests.http.sample import ADMIN, HOST, TEACHER, add_letters, add_topics, known
from tests.support.memory import fast_folder
from tests.support.program import Program

ROOT = Path(__file__).parents[2]
CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "negative_data_rejection", "unsupported_method", "allow_header_conformance",
    "ignored_auth", "use_after_free",
)  # fmt: skip


def fuzz(who: str, seconds: int, phases: str) -> None:
    """Run schemathesis against the real service as somebody of the sample county."""
    with fast_folder() as folder:
        program = Program(folder)
        program.json("db", "upgrade")
        program.json("sample", "load")
        token = program.json("token", "create", who, "--scope", "read", "--scope", "write")["token"]
        database = Database(f"sqlite:///{folder / 'gongfang.db'}")
        with database.transaction() as session:
            add_topics(session, utcnow())
            add_letters(session, session.query(Person).limit(20).all(), utcnow())
            (folder / "known.json").write_text(json.dumps(known(session)))
        database.close()
        service = program.run()
        try:
            done = subprocess.run(
                [sys.executable, "-m", "schemathesis.cli", "run", f"{service.address}/v1/openapi.json",
                 "--header", f"Authorization: Bearer {token}", "--phases", phases, "--max-time", str(seconds),
                 "--checks", ",".join(CHECKS), "--continue-on-failure", "--no-color", "--warnings", "off"],
                cwd=folder, capture_output=True, text=True, timeout=seconds + 120,
                env={**os.environ, "PYTHONPATH": str(ROOT), "SCHEMATHESIS_HOOKS": "tests.http.known",
                     "GONGFANG_KNOWN": str(folder / "known.json")},
            )  # fmt: skip
            print(done.stdout[-1500:])
            assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2000:]
            assert "a handler failed" not in service.log.read_text()
            assert "Traceback" not in service.log.read_text()
        finally:
            program.close()


def test_as_an_administrator() -> None:
    fuzz(ADMIN, 12, "coverage,fuzzing")


@pytest.mark.faults
@pytest.mark.timeout(900)
@pytest.mark.parametrize("who", [ADMIN, HOST, TEACHER])
def test_for_long(who: str) -> None:
    fuzz(who, 150, "coverage,fuzzing,stateful")
