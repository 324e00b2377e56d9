"""How much of one account is read: all that people say, and not all that a program sends in their name.

What comes faster is put aside, and they are told so once; the chat goes on with what comes at a person's pace again.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

MOST_KNOWN = 10_000  # accounts
LONGEST_AWAY = timedelta(days=1)  # so long platforms keep what people say for us
LONGEST_DEBT = 60.0  # seconds without hurry after which one is read again, however much was put aside
AGAIN = 0.25  # of a minute's messages: so many may be said in one go then
READ, TOLD, ASIDE = "read", "told", "aside"


@dataclass(slots=True)
class Purse:
    """What an account may still say now; less than nothing while what it says is put aside."""

    left: float
    at: datetime  # when the last of it arrived
    said: datetime  # the latest moment at which any of it was said
    closed: bool = False


@dataclass(slots=True)
class Patience:
    """Of every account up to `most` messages a minute are read, half of them in one go; 0: all. Kept in this process: a
    chat in a hurry stays with the one that works on it."""

    most: int
    purses: OrderedDict[tuple[str, str], Purse] = field(default_factory=OrderedDict)

    def judge(self, platform: str, sender: str, at: datetime, said: float | None = None) -> str:
        """What becomes of a message that arrived `at` a moment: READ, or put aside: TOLD for the first of them, that
        its sender is to be told of, and ASIDE for all after it.

        `said`: when its platform says it was said, in seconds since 1970. What people said while we were away arrives
        in one moment, and is as far apart as it was said. (Whoever may write that moment gains a day once.)
        """
        if not self.most:
            return READ
        in_one_go = max(1.0, self.most / 2)
        then = _between(at - LONGEST_AWAY, said, at)
        purse = self.purses.pop((platform, sender), None) or Purse(in_one_go, at, then)
        self.purses[platform, sender] = purse
        if len(self.purses) > MOST_KNOWN:
            self.purses.popitem(last=False)
        a_second = self.most / 60
        # a clock that was put back costs nobody anything
        since = max(0.0, (at - purse.at) / timedelta(seconds=1), (then - purse.said) / timedelta(seconds=1))
        purse.left = min(in_one_go, purse.left + since * a_second) - 1
        purse.at, purse.said = at, max(then, purse.said)
        if purse.closed and purse.left >= 0:
            purse.closed, purse.left = False, max(purse.left, self.most * AGAIN - 1)
        if purse.left >= 0:
            return READ
        purse.left = max(purse.left, -LONGEST_DEBT * a_second)
        told, purse.closed = purse.closed, True
        return ASIDE if told else TOLD


def _between(first: datetime, moment: float | None, last: datetime) -> datetime:
    """A moment, as far as it lies between these; the last for none."""
    seconds = last.timestamp() if moment is None else moment
    return first + timedelta(seconds=max(0.0, min(seconds, last.timestamp()) - first.timestamp()))
