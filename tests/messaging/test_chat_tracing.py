"""One reference leads through the log from what arrived to what was sent because of it; figures count it all."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import structlog
from prometheus_client import REGISTRY
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from api.context import Context
from api.messaging.outbox import say_in_chat, tell_person
from api.messaging.receiving import Arrival, receive
from api.messaging.tracing import reference_of
from api.messaging.tree import T, Words
from bot import deliver, handle
from bot.commands import FEATURES
from bot.platforms.base import Gone, Rejected, RetryAfter, Transient
from bot.registry import ANYONE, Command, Feature
from bot.turn import Turn
from storage.messaging import Delivery, Incoming
from tests.support.talk import NOW, World, a_world

log = structlog.get_logger()


def fails(turn: Turn) -> None:
    raise RuntimeError("broken on purpose")


def tells(turn: Turn) -> None:
    log.warning("something is odd")
    tell_person(turn.ctx, turn.person.id, Words("for you"))
    turn.say(Words("for all"))


BROKEN = Command("break", ("弄坏",), T("Break it"), fails, ANYONE)
TELLING = Command("tell", ("告诉",), T("Tell it"), tells, ANYONE)


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url, (*FEATURES, Feature((BROKEN, TELLING)))) as world:
        yield world


def figure(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"gongfang_{name}", labels) or 0.0


def lines_of(logs: list[Any], reference: str) -> list[str]:
    return [entry["event"] for entry in logs if entry.get("reference") == reference]


def newest_row(ctx: Context) -> Incoming:
    return ctx.session.query(Incoming).order_by(Incoming.id.desc()).first()


@pytest.mark.both_databases
async def test_one_reference_from_arrival_to_delivery(world: World) -> None:
    li = await world.teacher("李老师")
    with capture_logs(processors=[merge_contextvars]) as logs:
        await li.say("告诉")
    row = await world.run(newest_row)
    reference = reference_of("paper", "", row.event_id)
    assert len(reference) == 8 and reference.isalnum()
    assert lines_of(logs, reference) == ["arrived", "something is odd", "handled", "sent", "sent"]
    (handled,) = [entry for entry in logs if entry["event"] == "handled"]
    assert {key: handled[key] for key in ("by", "result", "said", "platform", "log_level")} == {
        "by": "tell", "result": "done", "said": 2, "platform": "paper", "log_level": "debug",
    }  # fmt: skip
    assert handled["ms"] >= 0 and handled["waited_ms"] >= 0
    sent = [entry for entry in logs if entry["event"] == "sent"]
    assert [(entry["lane"], entry["attempt"], entry["kind"]) for entry in sent] == [
        ("reply", 1, "send"), ("personal", 1, "send"),
    ]  # fmt: skip
    assert "李" not in str(logs) and "for all" not in str(logs), "no names, no texts"


async def test_what_a_press_changes_and_answers_has_its_reference(world: World) -> None:
    li = await world.teacher("李老师")
    await li.say("帮助")
    with capture_logs(processors=[merge_contextvars]) as logs:
        await li.press_action("run:help")
    reference = reference_of("paper", "", (await world.run(newest_row)).event_id)
    assert lines_of(logs, reference).count("sent") == 2, "the ack, and help"
    assert [entry["by"] for entry in logs if entry["event"] == "handled"] == ["help"]


async def test_what_nobody_caused_has_none(world: World) -> None:
    li = await world.teacher("李老师")

    def say(ctx: Context) -> None:
        assert li.person is not None
        tell_person(ctx, li.person.id, Words("good morning"))

    with capture_logs(processors=[merge_contextvars]) as logs:
        await world.run(say)
        await world.settle()
    (sent,) = [entry for entry in logs if entry["event"] == "sent"]
    assert "reference" not in sent
    assert await world.run(lambda ctx: ctx.session.query(Delivery).one().cause) is None


@pytest.mark.both_databases
async def test_a_person_is_told_the_number_that_all_lines_have(world: World) -> None:
    li = await world.teacher("李老师")
    before = figure("handled_total", platform="paper", result="failed")
    with capture_logs(processors=[merge_contextvars]) as logs:
        await li.say("弄坏")
    row = await world.run(newest_row)
    reference = reference_of("paper", "", row.event_id)
    assert row.reason == reference
    li.expect("系统出了点问题", reference)
    assert lines_of(logs, reference) == ["arrived", "a handler failed", "handled", "sent"]
    assert figure("handled_total", platform="paper", result="failed") == before + 1


async def test_a_repeat_is_known_by_the_same_reference(world: World) -> None:
    arrival = Arrival("e-1", "p-1", "private", {"kind": "started", "sender": "u-1"})
    with capture_logs() as logs:
        for _ in range(2):
            await world.runtime.transact(receive, "paper", "", [arrival])
    assert lines_of(logs, reference_of("paper", "", "e-1")) == ["arrived"]
    assert reference_of("paper", "", "e-1") != reference_of("paper", "2", "e-1") != reference_of("web", "2", "e-1")


async def test_what_is_slow_is_told_without_being_asked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    li = await world.teacher("李老师")
    monkeypatch.setattr(handle, "SLOW_SECONDS", -1.0)
    monkeypatch.setattr(deliver, "SLOW_SECONDS", -1.0)
    with capture_logs() as logs:
        await li.say("帮助")
    told = {entry["event"]: entry["log_level"] for entry in logs}
    assert (told["arrived"], told["handled"], told["sent"]) == ("debug", "info", "info")


@pytest.mark.parametrize(
    ("error", "result", "level"),
    [
        (RetryAfter(3), "limited", "debug"),
        (Transient("cut"), "failed", "info"),
        (Gone("blocked"), "gone", "info"),
        (Rejected("bad request"), "rejected", "info"),
        (RuntimeError("odd"), "unheard", "info"),
    ],
)
async def test_what_a_platform_says_is_counted_and_told(
    world: World, error: Any, result: str, level: str
) -> None:
    li = await world.teacher("李老师")
    labels = {"platform": "paper", "kind": "send", "result": result}
    before, timed = figure("sends_total", **labels), figure("send_seconds_count", platform="paper")

    def say(ctx: Context) -> None:
        say_in_chat(ctx, li.person.home_chat_id, Words("好"))  # type: ignore[union-attr, arg-type]

    world.paper.failures.append(error)
    with capture_logs() as logs:
        await world.run(say)
        await world.settle()
    (told,) = [entry for entry in logs if entry["event"] == "not sent"]
    assert (told["result"], told["log_level"]) == (result, level)
    assert figure("sends_total", **labels) == before + 1
    assert figure("send_seconds_count", platform="paper") == timed + 1


async def test_waiting_is_measured(world: World) -> None:
    li = await world.teacher("李老师")
    names = ("handling_lag_seconds_sum", "handler_seconds_count", "arrivals_total")
    before = {name: figure(name, platform="paper") for name in names}
    late = figure("delivery_lag_seconds_sum", platform="paper", lane="reply")
    raw = {"kind": "said", "sender": li.native, "name": "", "text": "帮助"}
    await world.runtime.transact(receive, "paper", "", [Arrival("e-late", li.chat, "private", raw)])
    world.pass_time(seconds=7)
    await world.handlers.drain()
    world.pass_time(seconds=11)
    await world.deliverers.drain()
    grown = {name: figure(name, platform="paper") - before[name] for name in names}
    assert grown == {"handling_lag_seconds_sum": 7.0, "handler_seconds_count": 1.0, "arrivals_total": 1.0}
    assert figure("delivery_lag_seconds_sum", platform="paper", lane="reply") - late == 11.0
    assert world.runtime.now() > NOW
