"""Every command, as operators and programs call it."""

import errno
import sqlite3
import stat
import subprocess
import sys
import time
import zipfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer

from api.people import papers
from api.runtime import StorageUnavailable
from bot.cli import app
from tests.support.program import Program

ROSTER = """地区,学校,姓名,工号,学科,职务
清河县,清河一小,甄诚,Q001,语文,学校管理员
清河县,清河一小,贾明,Q002,数学,
清河县,清河一小,无号,,数学,
"""


def commands(group: typer.Typer = app, above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every command as its words."""
    found = [(*above, info.name or "") for info in group.registered_commands]
    for inner in group.registered_groups:
        assert inner.typer_instance is not None
        found += commands(inner.typer_instance, (*above, inner.name or ""))
    return found


@pytest.fixture
def ready(migrated: Program) -> Program:
    """With an administrator in 清河县."""
    migrated.json("admin", "create", "--region", "清河县", "--name", "齐安", "--staff-no", "Q000")
    return migrated


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_every_command_explains_itself_and_speaks_json(command: tuple[str, ...], program: Program) -> None:
    answer = program(*command, "--help")
    assert answer.code == 0
    assert "--json" in answer.out


def test_help_is_quick(program: Program) -> None:
    # the best of three: other tests may keep the machine busy
    seconds = []
    for _ in range(3):
        began = time.monotonic()
        assert "run" in program.outside("--help").out
        seconds.append(time.monotonic() - began)
    assert min(seconds) < 1.5


def test_help_speaks_the_language_of_the_terminal(program: Program) -> None:
    assert "Start the service." in program.outside("--help").out
    program.env = {"LANG": "zh_CN.UTF-8"}
    assert "启动服务" in program.outside("--help").out
    assert "数据库是空的" in program("db", "check").err
    program.env = {"LANG": "zh_CN.UTF-8", "LC_ALL": "en_US.UTF-8"}
    assert "Start the service." in program.outside("--help").out


def test_wrong_usage_and_wrong_configuration_end_with_2(program: Program) -> None:
    assert program("fly").code == 2
    assert program("run", "--role", "king").code == 2
    (program.folder / "config.toml").write_text("[web]\nprot = 1")
    answer = program("db", "check")
    assert (answer.code, answer.err.strip()) == (
        2, "config.toml: [web] prot is not a key; allowed here: host, port, base_url, secret",
    )  # fmt: skip
    assert program("db", "check", "--json").data["code"] == "config.invalid"
    assert program("db", "check", "--config", "other.toml").code == 2


def test_wrong_usage_is_answered_in_json_too(program: Program) -> None:
    for wrong in (["fly"], ["run", "--role", "king"], ["roster", "import"], ["roster", "import", "missing.csv"]):
        answer = program(*wrong, "--json")
        assert (answer.code, answer.data["ok"], answer.data["code"]) == (2, False, "usage"), wrong
        assert answer.data["detail"]
    assert program.outside("fly", "--json").code == 2
    assert program("db", "check", "--json").code == 3, "other codes stay"


def test_what_cannot_be_said_is_no_traceback(program: Program) -> None:
    for how in ("", " --json"):
        done = subprocess.run(
            ["sh", "-c", f'"{sys.executable}" -c "from bot.cli import main; main()" config example{how} >/dev/full'],
            cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr


def test_the_example_can_be_used_as_it_is(program: Program) -> None:
    (program.folder / "config.toml").write_text(program("config", "example").out)
    assert program("db", "upgrade").code == 0
    assert {"table", "key", "variable", "default", "meaning"} == set(program.json("config", "example")["keys"][0])


def test_db_upgrade_and_check(program: Program) -> None:
    assert program("db", "check").code == 3
    assert program.json("db", "upgrade") == {"ok": True, "before": "empty", "state": "current"}
    assert program.json("db", "upgrade")["before"] == "current"
    assert program("db", "check").code == 0


def test_a_database_that_is_away_ends_with_3(program: Program) -> None:
    program.env["GONGFANG_DATABASE__URL"] = "postgresql://nobody:hush-hush@127.0.0.1:1/none"
    answer = program("db", "check")
    assert answer.code == 3
    assert "cannot be used" in answer.err
    assert "hush-hush" not in answer.err
    assert program("token", "revoke", "x", "--json").data["code"] == "database.away"


def test_a_file_that_is_no_database_ends_with_3(program: Program) -> None:
    (program.folder / "gongfang.db").write_text("this is a text, and long enough to be looked at" * 100)
    for command in (["db", "check"], ["db", "upgrade"], ["person", "claim-code", "x"], ["token", "revoke", "x"]):
        answer = program(*command)
        assert answer.code == 3 and "file is not a database" in answer.err, command
    assert program("check", "--json").code == 3


def test_commands_on_an_empty_database_say_what_to_do(program: Program) -> None:
    answer = program("admin", "create", "--region", "a", "--name", "b", "--staff-no", "c")
    assert answer.code == 3
    assert "gongfang db upgrade" in answer.err


def test_admin_create_and_claim_codes(ready: Program) -> None:
    again = ready.json("admin", "create", "--region", "清河县", "--name", "齐安", "--staff-no", "Q000")
    assert again["link"] == f"http://127.0.0.1:8080/c/{again['code']}"
    newer = ready.json("person", "claim-code", "Q000")
    assert newer["person"] == again["person"]
    assert newer["code"] != again["code"]
    assert ready("person", "claim-code", "nobody").code == 1
    assert ready("person", "claim-code", newer["person"]).out.startswith("齐安: ")


def test_roster_import_reports_and_repeats(ready: Program) -> None:
    (ready.folder / "people.csv").write_text(ROSTER, encoding="utf-8")
    answer = ready("roster", "import", "people.csv", "--json")
    assert answer.code == 1, "a row was rejected"
    first = answer.data
    assert (first["rows"], first["added"], first["schools"]) == (3, 2, 1)
    assert [row["row"] for row in first["rejected"]] == [4]
    again = ready("roster", "import", "people.csv", "--json").data
    assert (again["added"], again["changed"], again["unchanged"]) == (0, 0, 2)
    shown = ready("roster", "import", "people.csv").out
    assert "1 rows were not used" in shown
    assert ready("roster", "import", "missing.csv").code == 2


def test_codes_for_a_whole_school(ready: Program) -> None:
    (ready.folder / "people.csv").write_text(ROSTER, encoding="utf-8")
    ready("roster", "import", "people.csv")
    made = ready.json("person", "claim-codes", "--school", "清河一小", "--out", "codes")
    assert len(made["codes"]) == 2
    assert made["files"] == ["codes/绑定码 清河一小.xlsx", "codes/绑定码小条 清河一小.html"]
    for name in made["files"]:
        file = ready.folder / name
        assert file.stat().st_size > 1000
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert made["codes"][0]["code"] in (ready.folder / made["files"][1]).read_text()
    shown = ready("person", "claim-codes", "--school", "清河县", "--out", "codes").out
    assert "2 codes: codes/绑定码 清河县.xlsx" in shown and "do not work any more" in shown, "other files"


def usable(program: Program) -> set[str]:
    with sqlite3.connect(program.folder / "gongfang.db") as database:
        return {row[0] for row in database.execute("SELECT hash FROM claim_codes WHERE voided_at IS NULL")}


def test_codes_that_cannot_be_written_void_none(ready: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    (ready.folder / "people.csv").write_text(ROSTER, encoding="utf-8")
    ready("roster", "import", "people.csv")
    ready("person", "claim-codes", "--school", "清河一小", "--out", "codes")
    before, paper = usable(ready), (ready.folder / "codes" / "绑定码小条 清河一小.html").read_bytes()
    assert len(before) == 3
    again = ready("person", "claim-codes", "--school", "清河一小", "--out", "codes")
    assert again.code == 1 and "there already" in again.err
    (ready.folder / "file").write_text("x")
    under_a_file = ready("person", "claim-codes", "--school", "清河一小", "--out", "file", "--json")
    assert (under_a_file.code, under_a_file.data["code"]) == (1, "file.unwritable")

    def full(file: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    disk = ready("person", "claim-codes", "--school", "清河一小", "--out", "other")
    assert disk.code == 1 and "No space left" in disk.err and not list((ready.folder / "other").iterdir())
    assert usable(ready) == before and (ready.folder / "codes" / "绑定码小条 清河一小.html").read_bytes() == paper


def test_codes_are_gone_from_the_disk_when_they_do_not_work(ready: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    (ready.folder / "people.csv").write_text(ROSTER, encoding="utf-8")
    ready("roster", "import", "people.csv")

    async def away(*given: Any) -> None:
        assert len(list((ready.folder / "codes").iterdir())) == 2, "written first"
        raise StorageUnavailable("away")

    monkeypatch.setattr(papers, "keep_codes", away)
    assert ready("person", "claim-codes", "--school", "清河一小", "--out", "codes").code == 3
    assert not list((ready.folder / "codes").iterdir())


def test_appoint_and_dismiss(ready: Program) -> None:
    (ready.folder / "people.csv").write_text(ROSTER, encoding="utf-8")
    ready("roster", "import", "people.csv")
    until = date.today() + timedelta(days=100)
    made = ready.json("appoint", "Q002", "principal", "清河一小", "--until", str(until))
    assert (made["office"], made["until"]) == ("principal", str(until))
    wrong = ready("appoint", "Q002", "king", "清河一小", "--json")
    assert (wrong.code, wrong.data["code"]) == (1, "appointment.office")
    assert ready.json("dismiss", "Q002", "principal", "清河一小")["appointment"] == made["appointment"]
    assert ready("dismiss", "Q002", "principal", "清河一小").code == 1


def test_two_people_of_one_name_need_the_id(ready: Program) -> None:
    (ready.folder / "people.csv").write_text(ROSTER + "清河县,清河一小,贾明,Q003,美术,\n", encoding="utf-8")
    ready("roster", "import", "people.csv")
    answer = ready("person", "claim-code", "贾明", "--json")
    assert (answer.code, answer.data["code"], len(answer.data["candidates"])) == (1, "person.ambiguous", 2)
    assert ready("person", "claim-code", answer.data["candidates"][0]).code == 0


def test_tokens_are_shown_once_and_revoked(ready: Program) -> None:
    token = ready.json("token", "create", "Q000", "--scope", "read", "--scope", "write", "--days", "3")
    assert token["token"].startswith("gf_")
    assert token["scopes"] == ["read", "write"]
    assert ready.json("token", "revoke", token["id"])["id"] == token["id"]
    assert ready("token", "revoke", "nonesuch").code == 1
    assert ready("token", "create", "Q000", "--scope", "everything").code == 1


def test_check_has_a_line_for_each_part(ready: Program) -> None:
    lines = ready("check")
    assert lines.code == 0, lines
    names = [line.split(":")[0].strip("✓✗ ") for line in lines.out.splitlines()]
    assert names[:6] == ["configuration", "database", "blobs", "disk", "inbox", "outbox"]
    assert {"mail", "web"} <= set(names)
    assert f"there is no {ready.folder}/config.toml" in lines.out and f"{ready.folder}/gongfang.db: well" in lines.out
    (ready.folder / "config.toml").write_text("")
    assert f"✓ configuration: {ready.folder}/config.toml" in ready("check").out


def test_check_makes_nothing(program: Program) -> None:
    answer = program("check")
    assert answer.code == 3 and f"✗ database: {program.folder}/gongfang.db: The database is empty." in answer.out
    assert list(program.folder.iterdir()) == []
    program.env["GONGFANG_DATABASE__URL"] = "postgresql://nobody:hush-hush@127.0.0.1:1/none?password=hush-hush"
    answer = program("check")
    assert "✗ database: postgresql://127.0.0.1:1/none: " in answer.out and "hush-hush" not in answer.out


def test_check_says_what_is_wrong(ready: Program) -> None:
    ready.env |= {"GONGFANG_MAIL__URL": "smtp://me:hush-hush@127.0.0.1:1", "GONGFANG_MAIL__FROM": "a@example.org"}
    answer = ready("check")
    assert answer.code == 1
    assert "✗ mail: 127.0.0.1:1 does not take mail" in answer.out
    assert "hush-hush" not in answer.out + answer.err
    ready.env |= {"GONGFANG_TELEGRAM__TOKEN": "42:hush-hush", "GONGFANG_TELEGRAM__API_BASE": "http://127.0.0.1:1"}
    answer = ready("check")
    assert "✗ telegram: No answer from Telegram" in answer.out and "hush-hush" not in answer.out + answer.err
    del ready.env["GONGFANG_TELEGRAM__TOKEN"]
    ready.env["GONGFANG_DATABASE__URL"] = "sqlite:///empty.db"
    answer = ready("check", "--json")
    assert answer.code == 3
    assert {c["name"] for c in answer.data["checks"] if not c["ok"]} == {"database", "mail"}


def test_export_and_erase(ready: Program) -> None:
    made = ready.json("person", "export", "齐安")
    file = ready.folder / made["file"]
    full = ready("person", "export", "齐安", "--out", "/dev/full")
    assert full.code == 1 and "/dev/full cannot be written" in full.err
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with zipfile.ZipFile(file) as archive:
        text = "".join(archive.read(name).decode() for name in archive.namelist() if name.endswith(".json"))
    assert "齐安" in text
    refused = ready("person", "erase", "齐安", stdin="n\n")
    assert refused.code == 1
    assert ready("person", "erase", "齐安", "--json").data["code"] == "erase.not_confirmed"
    assert ready("person", "claim-code", "齐安").code == 0, "nothing was erased"
    assert ready("person", "erase", "齐安", stdin="y\n").code == 0
    assert ready("person", "claim-code", "齐安").code == 1
    assert ready("person", "erase", made["person"], "--yes").code == 1, "it is done already"


def test_tallies_are_verified_and_rebuilt(ready: Program) -> None:
    assert "Every tally is what the records add up to." in ready("records", "verify").out
    with sqlite3.connect(ready.folder / "gongfang.db") as database:
        person, pid = database.execute("SELECT id, pid FROM persons").fetchone()
        place, where = database.execute("SELECT id, pid FROM communities").fetchone()
        database.execute("INSERT INTO tallies VALUES (?, ?, 'notice.received', '2026-11-23', 3)", (person, place))
    database.close()
    told = ready("records", "verify")
    assert told.code == 1 and "notice.received" in told.out and "One tally differs" in told.err
    answer = ready("records", "verify", "--community", "清河县", "--json")
    assert (answer.code, answer.data["code"], answer.data["count"]) == (1, "records.differ", 1)
    assert answer.data["differences"] == [
        {"person": pid, "community": where, "verb": "notice.received", "day": "2026-11-23", "recorded": 0, "tally": 3}
    ]
    assert "One tally was put right." in ready("records", "rebuild", "--community", where).out
    assert ready.json("records", "verify")["count"] == 0
    assert ready("records", "verify", "--community", "没有").code == 1
