"""What the processes of this machine count about themselves: their /metrics, read by `gongfang status`."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

PATIENCE = 2.0  # seconds for each process
MOST = 8 * 2**20  # bytes of one answer
FAILURES = ("handler_failures", "job_failures", "worker_restarts", "ambiguous_sends")


@dataclass(frozen=True, slots=True)
class Figures:
    """Samples of one or some processes: (name, labels) -> value. Counts are added up; of gauges the highest holds."""

    samples: Mapping[tuple[str, frozenset[tuple[str, str]]], float] = field(default_factory=dict)
    asked: int = 0  # how many processes answered

    def total(self, name: str, **labels: str) -> float:
        """The sum of all samples of a name with these labels."""
        wanted = labels.items()
        return sum(value for (known, pairs), value in self.samples.items() if known == name and wanted <= pairs)

    def by(self, name: str, label: str) -> dict[str, float]:
        """The sums by one label."""
        found: dict[str, float] = defaultdict(float)
        for (known, pairs), value in self.samples.items():
            if known == name:
                found[dict(pairs).get(label, "")] += value
        return dict(found)

    def oldest(self, name: str, label: str) -> dict[str, float]:
        """The lowest by one label: of several accounts, the one that was heard of least lately."""
        found: dict[str, float] = {}
        for (known, pairs), value in self.samples.items():
            if known == name:
                key = dict(pairs).get(label, "")
                found[key] = min(value, found.get(key, value))
        return found

    def failures(self) -> dict[str, int]:
        """What went wrong since the start, by its kind."""
        return {kind: int(self.total(f"gongfang_{kind}_total")) for kind in FAILURES}

    def mean(self, name: str, **labels: str) -> float | None:
        """What a histogram saw on average; None for nothing."""
        count = self.total(f"{name}_count", **labels)
        return self.total(f"{name}_sum", **labels) / count if count else None


def read_figures(addresses: Iterable[str]) -> Figures:
    """Ask each address for its /metrics; who does not answer is left out."""
    samples: dict[Any, float] = {}
    asked = 0
    for address in addresses:
        text = _fetch(f"{address}/metrics")
        if text is not None:
            asked += 1
            _add(samples, text)
    return Figures(samples, asked)


def _add(samples: dict[Any, float], text: str) -> None:
    from prometheus_client.parser import text_string_to_metric_families

    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            if family.type in ("counter", "histogram"):
                samples[key] = samples.get(key, 0.0) + sample.value
            else:
                samples[key] = max(samples.get(key, sample.value), sample.value)


def _fetch(url: str) -> str | None:
    from http.client import HTTPException
    from urllib.request import ProxyHandler, build_opener

    try:
        # a proxy of the shell is not asked for what runs here
        with build_opener(ProxyHandler({})).open(url, timeout=PATIENCE) as answer:
            return str(answer.read(MOST).decode("utf-8", "replace"))
    except (OSError, HTTPException, ValueError):
        return None
