"""Faults that tests ask for: on the nth call of a method, so many times.

"file" names the download of a file; cut after the work it ends half way.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tests.emulators.telegram.call import Call
from tests.emulators.telegram.errors import Refused, too_many


@dataclass
class Fault:
    """What goes wrong with calls `nth`, nth+1, … (`times` of them) of a method ("" means any)."""

    method: str
    nth: int = 1
    times: int = 1
    refusal: Refused | None = None  # answered instead of the work
    status: int = 0  # a bare HTTP answer (502, 504 …) instead of the work
    body: bytes = b""  # sent instead of the answer, after the work when `status` is 0
    cut: str = ""  # "before" or "after" the work: the connection ends without an answer
    seconds: float = 0  # wait before the work
    where: Callable[[Call], bool] = lambda call: True
    seen: int = 0
    done: int = 0

    def applies(self, call: Call) -> bool:
        """Count the call, and say whether it is one that goes wrong."""
        if self.method.lower() not in ("", call.method) or not self.where(call):
            return False
        self.seen += 1
        hit = self.nth <= self.seen < self.nth + self.times
        self.done += hit
        return hit


class Faults:
    """The faults that are set; each method returns its Fault, whose `done` counts how often it struck."""

    def __init__(self) -> None:
        self._set: list[Fault] = []

    def flood(self, method: str = "", retry_after: int = 1, nth: int = 1, times: int = 1) -> Fault:
        """429 with retry_after."""
        return self.add(Fault(method, nth, times, refusal=too_many(retry_after)))

    def refuse(self, method: str, refusal: Refused, nth: int = 1, times: int = 1) -> Fault:
        """Any other refusal."""
        return self.add(Fault(method, nth, times, refusal=refusal))

    def fail(
        self, method: str = "", status: int = 502, nth: int = 1, times: int = 1, body: bytes = b"Bad Gateway"
    ) -> Fault:
        """A gateway's error page: no JSON, nothing done."""
        return self.add(Fault(method, nth, times, status=status, body=body))

    def cut(self, method: str = "", after: bool = False, nth: int = 1, times: int = 1) -> Fault:
        """The connection ends; `after` the work was done: the caller cannot know."""
        return self.add(Fault(method, nth, times, cut="after" if after else "before"))

    def slow(self, method: str, seconds: float, nth: int = 1, times: int = 1) -> Fault:
        """The answer takes so long."""
        return self.add(Fault(method, nth, times, seconds=seconds))

    def garbage(self, method: str = "", body: bytes = b'{"ok":tru', nth: int = 1, times: int = 1) -> Fault:
        """The work is done, and the answer is nonsense."""
        return self.add(Fault(method, nth, times, body=body))

    def add(self, fault: Fault) -> Fault:
        """Set any fault."""
        self._set.append(fault)
        return fault

    def clear(self) -> None:
        """All goes well again."""
        self._set.clear()

    def strike(self, call: Call) -> Fault | None:
        """The fault this call meets."""
        hits = [fault for fault in self._set if fault.applies(call)]
        return hits[0] if hits else None
