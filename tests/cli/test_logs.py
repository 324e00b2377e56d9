"""What is logged, and what is taken out of it first."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from bot.cli.logs import configure_logs


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()
    logging.basicConfig(handlers=[logging.NullHandler()], force=True)


def test_secrets_leave_events_values_and_tracebacks(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(["hush-token", "hush-token-longer"], terminal=False)
    log = structlog.get_logger()
    try:
        raise ValueError("https://api.example/bot-hush-token/getMe")
    except ValueError:
        log.exception("failed at hush-token-longer", url="x/hush-token", data={"a": "hush-token"}, count=3)
    logging.getLogger("uvicorn.error").error("hush-token %s", "hush-token")
    shown = capsys.readouterr().err
    assert "hush" not in shown
    first, second = (json.loads(line) for line in shown.splitlines())
    assert (first["event"], first["url"], first["count"]) == ("failed at ***", "x/***", 3)
    assert "ValueError" in first["exception"]
    assert second["event"] == "*** ***"


def test_a_terminal_gets_lines_and_a_file_gets_json(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs([], terminal=True)
    structlog.get_logger().info("started", role="all")
    assert "started" in (shown := capsys.readouterr().err)
    assert not shown.startswith("{")
    configure_logs([], terminal=False)
    structlog.get_logger().info("started", role="all")
    assert json.loads(capsys.readouterr().err)["role"] == "all"


def test_commands_are_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs([], quiet=True, terminal=False)
    structlog.get_logger().info("nothing to tell")
    logging.getLogger("alembic.runtime.migration").info("nothing to tell")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("level", "shown"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_the_least_that_is_shown_can_be_chosen(level: str, shown: int, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs([], terminal=False, level=level)
    log = structlog.get_logger()
    log.debug("handled")
    log.info("started")
    log.warning("away")
    log.error("lost")
    assert len(capsys.readouterr().err.splitlines()) == shown


def test_what_libraries_tell_at_debug_is_never_shown(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs([], terminal=False, level="debug")
    logging.getLogger("aiogram").debug("got an update: what somebody said")
    logging.getLogger("aiogram").info("started")
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["started"]
