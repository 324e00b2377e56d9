"""Everything the service writes into its log while it is treated badly; what it calls an error is a fault."""

import asyncio
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog

from api.metrics import HANDLER_FAILURES

EXPECTED = frozenset({"an event could not be read"})  # it is dead, with a reason
KEPT = 50


class Watch:
    """How often what was logged, and what should not have happened."""

    def __init__(self) -> None:
        self.said: Counter[str] = Counter()
        self.faults: list[str] = []

    def __call__(self, _logger: Any, method: str, entry: dict[str, Any]) -> Any:
        event = str(entry.get("event"))
        self.said[event] += 1
        if method in ("error", "critical", "exception") and event not in EXPECTED:
            self._fault(entry)
        raise structlog.DropEvent

    def _fault(self, entry: dict[str, Any]) -> None:
        failure = entry.pop("exc_info", None)
        trace = traceback.format_exc() if failure is True else "".join(
            traceback.format_exception(failure)) if isinstance(failure, BaseException) else ""  # fmt: skip
        self.fault(f"{entry!r:.2000}\n{trace[-6000:]}")

    def fault(self, words: str) -> None:
        """Note what should not have happened."""
        if len(self.faults) < KEPT:
            self.faults.append(words)


@contextmanager
def watching() -> Iterator[Watch]:
    """Watch the log, and what an event loop finds nobody looked after."""
    watch, processors = Watch(), structlog.get_config()["processors"]
    before = processors.copy()
    processors[:] = [watch]
    structlog.configure(processors=processors)
    loop, before_that = asyncio.get_running_loop(), failed_handlers()
    loop.set_exception_handler(lambda _, context: watch.fault(f"{context!r:.3000}"))
    try:
        yield watch
        if (failed := failed_handlers() - before_that) and not watch.faults:
            watch.fault(f"{failed} handlers failed")
    finally:
        loop.set_exception_handler(None)
        processors[:] = before
        structlog.configure(processors=processors)


def failed_handlers() -> float:
    """How many handlers of this process have failed so far."""
    return sum(sample.value for family in HANDLER_FAILURES.collect() for sample in family.samples[:1])
