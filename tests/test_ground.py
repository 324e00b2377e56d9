"""The tests' own ground: closed doors, fresh databases, a browser that starts."""

import socket

import httpx2
import psycopg
import pytest
from sqlalchemy import create_engine, inspect, text

from tests.support.chromium import ARGUMENTS, find_chromium
from tests.support.databases import Databases
from tests.support.network import OutsideConnection, is_local


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        (b"localhost", True),
        ("web.localhost", True),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("example.org", False),
        ("localhost.example.org", False),
    ],
)
def test_only_this_machine_is_local(host: str | bytes, local: bool) -> None:
    assert is_local(host) is local


def test_sockets_do_not_leave_this_machine() -> None:
    with socket.socket() as plain, pytest.raises(OutsideConnection, match=r"192\.0\.2\.1"):
        plain.connect(("192.0.2.1", 80))
    with pytest.raises(OutsideConnection, match="example"):
        socket.getaddrinfo("example.org", 80)


async def test_http_clients_do_not_leave_this_machine() -> None:
    with pytest.raises(OutsideConnection):
        async with httpx2.AsyncClient() as client:
            await client.get("http://example.org/")


@pytest.mark.both_databases
@pytest.mark.parametrize("turn", [1, 2])
def test_every_test_has_a_migrated_database_of_its_own(database_url: str, database_kind: str, turn: int) -> None:
    assert database_url.startswith(database_kind)
    engine = create_engine(database_url)
    with engine.begin() as connection:
        assert "persons" in inspect(connection).get_table_names()
        connection.execute(text("CREATE TABLE left_behind (id integer)"))
    engine.dispose()


def test_a_connection_left_open_disturbs_nobody(databases: Databases) -> None:
    with databases.fresh("postgres") as url:
        left_open = psycopg.connect(url.replace("+psycopg", ""))
    with pytest.raises(psycopg.OperationalError):
        left_open.execute("SELECT 1")
    left_open.close()


@pytest.mark.both_databases
def test_an_empty_database_has_no_tables(empty_database_url: str) -> None:
    engine = create_engine(empty_database_url)
    assert inspect(engine).get_table_names() == []
    engine.dispose()


async def test_a_browser_starts() -> None:
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        page = await browser.new_page()
        await page.set_content("<title>工坊</title>")
        assert await page.title() == "工坊"
        await browser.close()
