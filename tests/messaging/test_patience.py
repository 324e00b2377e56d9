"""How much of one account is read."""

from datetime import timedelta

from bot.patience import ASIDE, MOST_KNOWN, READ, TOLD, Patience
from tests.support.talk import NOW


def judged(patience: Patience, number: int, apart: float, since: float = 0.0, sender: str = "li") -> list[str]:
    """What becomes of so many messages, `apart` seconds from each other."""
    return [patience.judge("web", sender, NOW + timedelta(seconds=since + n * apart)) for n in range(number)]


def test_people_are_always_read() -> None:
    assert set(judged(Patience(120), 1000, 0.5)) == {READ}
    assert set(judged(Patience(120), 60, 0.0)) == {READ}, "an evening's worth of photos in one go"


def test_a_flood_is_told_once_however_long_it_lasts() -> None:
    verdicts = judged(Patience(120), 60_000, 0.02)
    assert verdicts.count(TOLD) == 1
    assert set(verdicts[verdicts.index(TOLD) + 1 :]) == {ASIDE}


def test_after_a_minute_one_may_say_several_things() -> None:
    patience = Patience(120)
    judged(patience, 5000, 0.01)
    assert judged(patience, 30, 0.1, since=50 + 62) == [READ] * 30


def test_who_cannot_wait_is_read_too_in_the_end() -> None:
    patience = Patience(120)
    judged(patience, 5000, 0.01)
    assert judged(patience, 12, 10, since=51)[-1] == READ


def test_a_clock_that_is_put_back_shuts_nobody_out() -> None:
    patience = Patience(120)
    judged(patience, 50, 0.0)
    assert set(judged(patience, 300, 1.0, since=-3600)) == {READ}


def test_what_waited_while_we_were_away_is_as_far_apart_as_it_was_said() -> None:
    patience, said = Patience(120), NOW.timestamp() - 36_000
    verdicts = [patience.judge("telegram", "li", NOW, said + 20 * n) for n in range(400)]
    assert set(verdicts) == {READ}, "a host's evening"
    flood = [patience.judge("telegram", "wang", NOW, said + n // 50) for n in range(2000)]
    assert flood.count(TOLD) == 1


def test_whoever_writes_the_moment_gains_a_day_once() -> None:
    patience, ago = Patience(60), NOW.timestamp() - 3_000_000
    verdicts = [patience.judge("matrix", "li", NOW, ago + 1000 * n) for n in range(10_000)]
    assert verdicts.count(READ) <= 24 * 60 * 60 + 30
    assert [patience.judge("matrix", "li", NOW, ago + n % 2 * 2_900_000) for n in range(500)].count(READ) == 0


def test_others_are_judged_by_themselves_and_few_are_known() -> None:
    patience = Patience(2)
    judged(patience, 10, 0.0)
    assert judged(patience, 1, 0.0, sender="wang") == [READ]
    for n in range(MOST_KNOWN + 5):
        judged(patience, 1, 0.0, sender=f"{n}")
    assert len(patience.purses) == MOST_KNOWN
