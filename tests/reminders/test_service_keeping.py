"""What reminders hold about a person can be handed out and forgotten; one bad row stops nobody."""

from datetime import date, datetime

from structlog.testing import capture_logs

from api.context import Context
from api.registry import PERSON_DATA
from api.reminders import excuses, service
from storage.excuses import Excuse
from storage.reminders import Reminder
from tests.reminders.conftest import Town


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00")


async def test_export_and_erase(town: Town) -> None:
    zhang = town.zhang
    await town.world.run(service.create_reminder, "去医院", at("2026-11-24T09:00"), actor=zhang)
    days = date(2026, 11, 24), date(2026, 11, 25)
    await town.world.run(excuses.ask_excuse, town.workshop.pid, *days, "生病", actor=zhang)
    export, erase = PERSON_DATA["reminders"]
    found = await town.world.run(lambda ctx: export(ctx, zhang.person))
    assert found["reminders"][0]["matter"] == "去医院" and found["excuses"][0]["reason"] == "生病"
    await town.world.run(lambda ctx: erase(ctx, zhang.person))

    def words(ctx: Context) -> list[str]:
        return [ctx.session.query(Reminder).one().matter, ctx.session.query(Excuse).one().reason]

    assert await town.world.run(words) == ["", ""]
    town.world.set_time(at("2026-11-24T09:00"))
    town.zhang.unread()
    await town.tick()
    zhang.expect_nothing()


async def test_a_reminder_that_cannot_ring_stops_nobody(town: Town) -> None:
    bad = await town.world.run(
        service.create_reminder, "坏的", at("2026-11-23T11:00"), "FREQ=DAILY", actor=town.zhang
    )
    await town.world.run(service.create_reminder, "好的", at("2026-11-23T11:00"), actor=town.li)

    def spoil(ctx: Context) -> None:
        ctx.session.get_one(Reminder, bad.id).rrule = "FREQ=NEVER"

    await town.world.run(spoil)
    town.world.set_time(at("2026-11-23T11:00"))
    with capture_logs() as logs:
        await town.tick()
    town.li.expect("好的")
    town.zhang.expect_nothing()
    assert [entry["pid"] for entry in logs if "something due failed" in entry["event"]] == [bad.pid]
    assert await town.world.run(service.list_reminders, actor=town.zhang) == []
