"""The pace: a limit is learned from being met, a little is left for others, and it is forgotten again."""

from bot.pacing import FORGET, SLACK, Pace


class Bucket:
    """What a homeserver does: so many at once, then one in a while."""

    def __init__(self, burst: int, period: float) -> None:
        self.burst, self.period, self.level, self.at = float(burst), period, float(burst), 0.0

    def take(self, now: float) -> float:
        """0 when there was one, else the seconds until there is."""
        self.level = min(self.burst, self.level + (now - self.at) / self.period)
        self.at = now
        if self.level < 1 - 1e-9:
            return (1 - self.level) * self.period
        self.level -= 1
        return 0.0


def work(pace: Pace, bucket: Bucket, things: int, now: float = 0.0, people: int = 0) -> tuple[float, int]:
    """Do things one after another, while somebody else takes one of each so many; (the moment of the last, refused)."""
    refused, done = 0, 0
    while done < things:
        now += pace.wait(now)
        if (seconds := bucket.take(now)) > 0:
            refused += 1
            pace.met_limit(now, seconds)
            continue
        pace.did(now)
        done += 1
        if people and done % people == 0:
            bucket.take(now)
    return now, refused


def test_without_limits_everything_is_done_at_once() -> None:
    assert work(Pace(), Bucket(10**6, 0.001), 500) == (0.0, 0)


def test_a_limit_is_met_seldom_and_a_little_is_left() -> None:
    took, refused = work(Pace(), Bucket(10, 5.0), 300)
    assert refused < 15 and 290 * 5 <= took < 290 * 5 * SLACK


def test_it_gets_over_what_others_did() -> None:
    pace = Pace()
    took, refused = work(pace, Bucket(10, 5.0), 300, people=10)
    assert refused < 30 and took < 330 * 5 * SLACK
    assert pace.gap <= 10.0


def test_what_was_learned_is_forgotten() -> None:
    pace, bucket = Pace(), Bucket(10, 5.0)
    now, _ = work(pace, bucket, 20)
    assert pace.wait(now) > 0 and pace.gap > 0
    assert pace.wait(now + FORGET + 1) == 0.0 and pace.gap == 0.0
