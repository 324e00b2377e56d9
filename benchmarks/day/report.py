"""What is printed of a day, as tables."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from statistics import quantiles
from typing import TYPE_CHECKING

from api.messaging.outbox import LANES
from benchmarks.day.keeping import WHOLE
from benchmarks.day.schedule import DAY
from benchmarks.day.watching import Moment

if TYPE_CHECKING:
    from benchmarks.county_day import Day

LATER = 8  # looks at the queues that are shown of each phase
MEGA = 1 << 20


def report(day: Day) -> str:
    """All of it."""
    parts = (_head(day), _phases(day), _answers(day), _lags(day), _queues(day), _costs(day), _weights(day), _wrong(day))
    return "\n\n".join(parts)


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def at(waits: Sequence[float], percent: int) -> float:
    """A percentile; of few, the nearest there is."""
    return quantiles(waits, n=100, method="inclusive")[percent - 1] if len(waits) > 1 else sum(waits)


def _percentiles(waits: Sequence[float]) -> list[object]:
    return [len(waits), *[f"{at(waits, percent):.2f}" for percent in (50, 95, 99)], f"{max(waits):.2f}"]


def _head(day: Day) -> str:
    size = day.size
    people = {platform: len(size.on(platform)) for platform in ("telegram", "web", "matrix")}
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    return (f"{size.teachers} teachers ({people}), {size.schools} schools, {size.workshops} workshops, "
            f"{size.pages} pages open; {day.kind}; {day.busy:g} times a county's peaks; "
            f"{os.cpu_count()} cores, load at the end {load}")  # fmt: skip


def _phases(day: Day) -> str:
    real = {phase.name: phase.of for phase in DAY}
    rows = []
    for span in day.diary.spans:
        acts = {act: n for (phase, act), n in day.diary.acts.items() if phase == span.name}
        share = span.refused / max(1, span.sent + span.refused)
        rows.append((span.name, f"{span.seconds:.0f} s of {real[span.name]} min", sum(acts.values()),
                     ", ".join(f"{act} {n}" for act, n in sorted(acts.items())), span.sent,
                     f"{span.sent / span.seconds:.1f}", f"{share:.2%}", f"{span.load:.1f}"))  # fmt: skip
    told = "\n".join(
        f"{what}: accepted by /v1 in {day.diary.queued[what]:.2f} s; {one.chats} chats in {one.seconds:.1f} s, "
        f"{one.rate:.1f} messages and edits a second meanwhile"
        for what, one in day.diary.told.items()
    )
    return _table(("phase", "played", "acts", "of which", "Telegram took", "a second", "429", "load"), rows) + (
        f"\n\n{told}")  # fmt: skip


def _answers(day: Day) -> str:
    rows = [(*key, *_percentiles(waits)) for key, waits in sorted(day.diary.waits.items())]
    whole: dict[tuple[str, str], list[float]] = {}
    for (phase, platform, _act), waits in day.diary.waits.items():
        whole.setdefault((phase, platform), []).extend(waits)
    rows += [(*key, "**all**", *_percentiles(waits)) for key, waits in sorted(whole.items())]
    return "Answers, seconds:\n\n" + _table(("phase", "platform", "what", "n", "p50", "p95", "p99", "longest"), rows)


def _lags(day: Day) -> str:
    rows = [(*key, *_percentiles(lags)) for key, lags in sorted(day.found.lags.items())]
    return "Deliveries, seconds after their moment:\n\n" + _table(
        ("phase", "platform", "lane", "n", "p50", "p95", "p99", "longest"), rows
    )


def _queues(day: Day) -> str:
    rows = []
    for span in day.diary.spans:
        moments = [moment for moment in day.watch.moments if moment.phase == span.name]
        step = max(1, len(moments) // LATER)
        for queue in ("inbox", *LANES):
            due, old = [m.due[queue] for m in moments], [m.oldest[queue] for m in moments]
            if any(due):
                rows.append((span.name, queue, f"{max(due):.0f}", f"{max(old):.1f}", _course(moments[::step], queue)))
    head = ("phase", "queue", "most due", "oldest, s", "due / age of the oldest over time")
    return f"Queues ({len(day.watch.moments)} looks, {day.watch.missed} not answered):\n\n" + _table(head, rows)


def _course(moments: Sequence[Moment], queue: str) -> str:
    return ", ".join(f"{m.due[queue]:.0f}/{m.oldest[queue]:.0f}" for m in moments)


def _costs(day: Day) -> str:
    rows = [(what, f"{cpu:.0f}", f"{share:.2f}", f"{peak:.0f}") for what, (cpu, share, peak) in day.watch.final.items()]
    return _table(("processes", "CPU seconds", "of a core", "peak MB"), rows)


def _weights(day: Day) -> str:
    before, after = day.weights
    grown = {name: size - before.get(name, 0) for name, size in after.items()}
    commits, whole = grown.pop("commits", 0), grown.pop(WHOLE)
    seconds = sum(span.seconds for span in day.diary.spans)
    lines = [
        f"Database: {before[WHOLE] / MEGA:.1f} MB before, {after[WHOLE] / MEGA:.1f} MB after; "
        f"{whole / day.size.teachers:.0f} bytes a teacher; handled {day.found.handled}, sent {day.found.sent}"
    ]
    if commits:
        lines.append(f"Commits: {commits}, {commits / seconds:.0f} a second")
        largest = sorted(grown.items(), key=lambda one: -one[1])[:10]
        lines.append("Grown: " + ", ".join(f"{name} {size / MEGA:.1f} MB" for name, size in largest))
    return "\n".join(lines)


def _wrong(day: Day) -> str:
    found = day.wrong
    head = f"Unanswered {len(day.diary.unanswered)}, lost {len(day.found.lost)}, alarms not rung {len(day.silent)}"
    return "\n".join([head, *found[:20]])
