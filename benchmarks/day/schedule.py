"""What happens when. Rates are those of a county of 10,000 at its busiest: nothing is denser than it is there, only the
quiet hours between are left out. A smaller county does less a second, as it would.

Where they come from: half of a county opens what it is sent within a quarter of an hour, seven in ten hand in their log
of the week on its last evening, a tenth of these in the busiest ten minutes (700 logs in 600 s).
"""

from dataclasses import dataclass
from typing import NamedTuple


class Load(NamedTuple):
    """An act, and how often somebody begins it, a second in a county of 10,000."""

    act: str
    rate: float


@dataclass(frozen=True, slots=True)
class Phase:
    """`seconds` are played of `of` real minutes; `begins`: what is sent to all at its beginning. A phase that sends
    something lasts at least until Telegram has taken all of it."""

    name: str
    of: int
    seconds: float
    loads: tuple[Load, ...]
    begins: str = ""


ALWAYS = (Load("help", 0.1), Load("progress", 0.1))
DAY = (
    Phase("07:30 a resource for everybody", 60, 60, (Load("resource opened", 5), Load("talk", 0.3), *ALWAYS), "push"),
    Phase("10:00 talk in the workshops", 120, 40, (Load("talk", 2), Load("reminder", 0.3), *ALWAYS)),
    Phase("12:10 the lunch quiz", 50, 80, (Load("quiz answered", 5), Load("talk", 0.5), *ALWAYS), "quiz"),
    Phase("15:00 the afternoon", 240, 30,
          (Load("talk", 1), Load("reminder", 0.2), Load("host's figures", 0.2), *ALWAYS)),
    Phase("19:00 the rush before the deadline", 180, 300,
          (Load("log", 1.2), Load("progress", 0.5), Load("host's figures", 0.3), Load("reminder", 0.1),
           Load("notice received", 3), Load("talk", 1), Load("help", 0.2)), "notice"),
)  # fmt: skip
MINUTES = 10.0  # what the seconds above are for; with other minutes they grow or shrink, rates do not
