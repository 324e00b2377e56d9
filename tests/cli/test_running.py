"""`gongfang run`: starting, refusing, stopping, and what it must never print."""

import re
import shutil
import signal
import sqlite3
import stat
import time
from collections.abc import Callable

import httpx2
import psycopg
import pytest
from sqlalchemy import make_url

from tests.support.databases import Databases
from tests.support.program import Program, Running

SECRETS = ("hush-telegram", "hush-mail", "hush-web")


def home_of(service: Running, link: str) -> tuple[str, httpx2.Cookies]:
    """What a browser shows that opened a sign-in link and pressed its button, and its cookies."""
    with httpx2.Client(base_url=service.address, timeout=20) as browser:
        page = browser.get(link)
        csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)
        assert csrf, page.text
        answer = browser.post(link, data={"csrf": csrf[1]}, headers={"Origin": service.address})
        assert answer.status_code == 303, answer.text
        return browser.get("/web").text, browser.cookies


def soon(fact: Callable[[], bool]) -> bool:
    """Whether something becomes true within ten seconds."""
    return any(fact() or time.sleep(0.25) for _ in range(40))


def is_ready(service: Running) -> bool:
    """Whether it becomes ready soon."""
    return soon(lambda: service.get("/readyz").status_code == 200)


def test_an_empty_folder_becomes_a_service(program: Program) -> None:
    service = program.run()
    assert min(service.seconds, service.work) < 8
    ready = service.get("/readyz")
    assert (ready.status_code, ready.json()["ready"]) == (200, True)
    assert service.get("/healthz").text == "ok\n"
    front = service.get("/", follow_redirects=True, headers={"Accept": "text/html"})
    assert front.status_code in (200, 401), "signing in"
    assert "<html" in front.text
    assert service.memory() < 150
    secret = program.folder / "gongfang.secret"
    for file in (secret, program.folder / "gongfang.db", *(program.folder / "blobs").rglob("*.*")):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    kept = secret.read_text()
    assert len(kept) > 30
    assert service.stop() < 4
    assert service.process.returncode == 0
    assert "links" not in service.log.read_text()
    again = program.run()
    assert secret.read_text() == kept
    assert again.started["links"] == []
    assert again.stop(signal.SIGINT) < 4


def test_what_stands_in_the_way_of_a_start(migrated: Program) -> None:
    first = migrated.run()
    answer = migrated("run", "--port", "0", "--json")
    assert (answer.code, answer.data["code"]) == (1, "service.running"), "one at a time uses a SQLite database"
    assert str(first.process.pid) in answer.data["detail"]
    assert migrated("db", "check").code == 0, "commands work beside it"
    port = first.address.rpartition(":")[2]
    shutil.copy(migrated.folder / "gongfang.db", migrated.folder / "other.db")
    migrated.env["GONGFANG_DATABASE__URL"] = "sqlite:///other.db"
    answer = migrated("run", "--port", port)
    assert (answer.code, port in answer.err) == (1, True)
    assert first.get("/healthz").status_code == 200
    del migrated.env["GONGFANG_DATABASE__URL"]
    first.stop(signal.SIGKILL)
    assert migrated.run().get("/readyz").status_code == 200, "what a killed one leaves is in nobody's way"


def test_single_roles_need_postgresql(program: Program) -> None:
    for role in ("api", "bot", "worker"):
        answer = program("run", "--role", role, "--json")
        assert (answer.code, answer.data["code"]) == (2, "role.sqlite")


@pytest.mark.parametrize(("revision", "words"), [("0001", "gongfang db upgrade"), ("9999", "newer version")])
def test_another_version_of_the_database_is_refused(revision: str, words: str, migrated: Program) -> None:
    program = migrated
    with sqlite3.connect(program.folder / "gongfang.db") as database:
        database.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    database.close()
    answer = program("run", "--port", "0")
    assert answer.code == 3
    assert words in answer.err


def test_sample_county_with_links(program: Program) -> None:
    service = program.run("--sample")
    links = [one["link"] for one in service.started["links"]]
    assert len(links) == 3
    assert is_ready(service)
    page, cookies = home_of(service, links[0])
    assert "小学语文阅读教学工坊" in page
    assert "云溪县实验小学" in page
    assert "云溪县" in home_of(service, links[2])[0]
    assert service.get(links[0].removeprefix(service.address)).status_code == 409, "each link works once"
    assert service.memory() < 150
    with httpx2.Client(base_url=service.address, cookies=cookies, timeout=20) as browser, browser.stream(
        "GET", "/web/events"
    ) as live:
        assert live.status_code == 200
        pieces = live.iter_bytes()  # letting go of it would close the page
        assert next(pieces).startswith(b"retry:")
        assert soon(lambda: "gongfang_open_pages 1.0\n" in service.get("/metrics").text)
        assert service.stop() < 5, "open pages do not keep it up"
    log = service.log.read_text()
    assert not [link for link in links if link in log or link.rpartition("/")[2] in log]
    fresh = [one["link"].rpartition("/")[2] for one in program.run("--sample").started["links"]]
    assert not set(fresh) & {link.rpartition("/")[2] for link in links}


def test_no_sample_among_real_people(migrated: Program) -> None:
    program = migrated
    program("admin", "create", "--region", "清河县", "--name", "齐安", "--staff-no", "Q000")
    service = program.run("--sample")
    assert service.started["links"] == []
    assert is_ready(service)
    service.stop()
    assert program("sample", "load").code == 1
    assert program("sample", "wipe").code == 1, "there is none"


def test_no_sample_for_the_network(program: Program) -> None:
    answer = program("run", "--sample", "--host", "0.0.0.0", "--json")
    assert (answer.code, answer.data["code"]) == (2, "sample.not_loopback")
    assert not (program.folder / "gongfang.db").exists()


def test_secrets_are_in_no_log(migrated: Program) -> None:
    program = migrated
    program.env |= {
        "GONGFANG_WEB__SECRET": "hush-web", "GONGFANG_MAIL__URL": "smtp://me:hush-mail@127.0.0.1:1",
        "GONGFANG_MAIL__FROM": "a@example.org",
    }  # fmt: skip
    service = program.run()
    service.get("/link/hush-link")
    service.get("/c/HUSH-CODE-HUSH", params={"token": "hush-query"})
    service.get("/v1/me", headers={"Authorization": "Bearer hush-token"})
    service.get("/metrics")
    service.stop()
    log = service.log.read_text()
    assert "started" in log
    assert "hush" not in log.lower()
    assert not (program.folder / "gongfang.secret").exists()


def test_roles_share_a_postgresql(program: Program, databases: Databases) -> None:
    with databases.empty("postgres") as url:
        program.env["GONGFANG_DATABASE__URL"] = url.replace("+psycopg", "")
        program("db", "upgrade")
        program("sample", "load")
        api, bot, worker = (program.run("--role", role) for role in ("api", "bot", "worker"))
        assert [service.get("/readyz").json() for service in (api, bot, worker) if not is_ready(service)] == []
        assert bot.get("/web").status_code == 404, "only the api role has pages"
        links = [service.stop() for service in (worker, bot, api)]
        assert max(links) < 5
        program.close()


def test_a_database_that_goes_away_and_comes_back(program: Program, databases: Databases) -> None:
    with databases.empty("postgres") as url:
        program.env["GONGFANG_DATABASE__URL"] = url.replace("+psycopg", "")
        service = program.run()
        assert is_ready(service)
        name = make_url(url).database
        let_in(url, name, False)
        wrong = service.get("/readyz", headers={"Accept-Language": "en"})
        assert wrong.status_code == 503
        assert "The database cannot be used" in wrong.text
        assert service.get("/healthz").status_code == 200
        time.sleep(3)
        let_in(url, name, True)
        assert is_ready(service)
        assert service.stop() < 5
        assert '"level": "error"' not in service.log.read_text(), "an outage is a warning, and nobody's fault"
        program.close()


def let_in(url: str, database: str | None, open_: bool) -> None:
    """Let nobody connect to a database and end who is in it, or let everybody in again."""
    server = make_url(url).set(database="postgres", drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS {"true" if open_ else "false"}')
        if not open_:
            ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            connection.execute(ended, (database,))
