"""A day of a county in small, by the real programs, so that the simulation does not rot: it is played to its end,
everything said is answered, and nothing is lost. Two hundred people do as much a second as ten thousand do."""

import pytest

from benchmarks.county_day import ROLES, play
from benchmarks.day.acts import ACTS
from benchmarks.day.report import report
from benchmarks.day.schedule import DAY

TEACHERS, MINUTES, BUSY = 200, 0.5, 50.0
RARE = {"help", "reminder", "host's figures"}  # of which there may be none in so short a day

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.mark.parametrize("kind", ROLES)
async def test_a_small_day(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    day = await play(TEACHERS, MINUTES, kind, busy=BUSY)
    with capsys.disabled():
        print(f"\n{report(day)}")
    assert day.wrong == []
    assert [span.name for span in day.diary.spans] == [phase.name for phase in DAY]
    assert {act for _, act in day.diary.acts} >= ACTS.keys() - RARE
    assert day.diary.told["push"].chats == day.diary.told["notice"].chats == len(day.size.on("telegram")) - 1
    assert day.diary.logs and day.diary.done["opened"] and day.diary.done["quiz"] and day.diary.done["received"]
