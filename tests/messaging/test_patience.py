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


def test_others_are_judged_by_themselves_and_few_are_known() -> None:
    patience = Patience(2)
    judged(patience, 10, 0.0)
    assert judged(patience, 1, 0.0, sender="wang") == [READ]
    for n in range(MOST_KNOWN + 5):
        judged(patience, 1, 0.0, sender=f"{n}")
    assert len(patience.purses) == MOST_KNOWN
