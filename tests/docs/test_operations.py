"""What operators load into Grafana and Prometheus speaks of figures that there are, and is explained."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY, generate_latest

import bot.__main__  # noqa: F401  whoever counts something is loaded by it
from tests.docs.pages import LANGUAGES, page
from tests.laws.source import ROOT

FOLDER = ROOT / "docs" / "operations"
NOT_OURS = {"up"}  # Prometheus' own; process_... is the library's
SERIES = re.compile(r"\b((?:gongfang|process)_[a-z_]+|up)\b(?:\{([^}]*)\})?")
LABEL = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
BY = re.compile(r"\bby\s*\(([^)]*)\)")
PROMETHEUS_LABELS = {"instance", "job", "le"}
ENDS = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}


def shown() -> set[str]:
    """The names of all series that /metrics can show."""
    kinds = re.findall(r"^# TYPE (\w+) (\w+)$", generate_latest(REGISTRY).decode(), re.MULTILINE)
    return {name.removesuffix("_total") + end for name, kind in kinds for end in ENDS[kind]} | NOT_OURS


def labels() -> dict[str, set[str]]:
    """The labels of each series of ours."""
    found: dict[str, set[str]] = {}
    for name, metric in REGISTRY._names_to_collectors.items():
        found[name] = set(getattr(metric, "_labelnames", ()))
    return found


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def board() -> dict[str, Any]:
    return json.loads((FOLDER / "grafana-dashboard.json").read_text(encoding="utf-8"))


def expressions() -> Iterator[tuple[str, str]]:
    """(where, PromQL) of everything that is asked."""
    for rule in rules():
        yield rule["alert"], rule["expr"]
    for panel in board()["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def test_figures_that_are_asked_for_exist() -> None:
    known, has = shown(), labels()
    assert {"gongfang_inbox_waiting", "gongfang_sends_total", "gongfang_send_seconds_bucket"} <= known
    wrong = []
    for where, expression in expressions():
        series = SERIES.findall(expression)
        assert series, f"{where} asks for nothing of ours: {expression}"
        mine = PROMETHEUS_LABELS.union(*[has.get(name, set()) for name, _ in series])
        wrong += [f"{where}: there is no {name}" for name, _ in series if name not in known]
        grouped = {label.strip() for group in BY.findall(expression) for label in group.split(",")}
        used = grouped.union(*[LABEL.findall(chosen) for _, chosen in series])
        wrong += [f"{where}: no figure of it has a label {label}" for label in used - mine]
        wrong += [f"{where}: brackets" for pair in ("()", "{}", "[]") if len({*map(expression.count, pair)}) > 1]
    assert not wrong, "\n".join(wrong)


def test_a_false_name_would_be_seen() -> None:
    assert SERIES.findall('rate(gongfang_nothing_total{a="b"}[5m])') == [("gongfang_nothing_total", 'a="b"')]
    assert "gongfang_nothing_total" not in shown()


def test_the_dashboard_is_one() -> None:
    dashboard = board()
    assert dashboard["uid"] and dashboard["title"] and dashboard["schemaVersion"] >= 36
    (source,) = dashboard["templating"]["list"]
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids)) > 20
    places = set()
    for panel in dashboard["panels"]:
        assert re.search(r"[\u4e00-\u9fff]", panel["title"]), panel["title"]
        assert panel["type"] in ("timeseries", "stat") and panel["datasource"]["uid"] == f"${{{source['name']}}}"
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24 and places.isdisjoint(cells), f"{panel['title']} lies on another"
        places |= cells


def test_alerts_are_complete() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names)) > 10
    for rule in rules():
        assert rule["labels"]["severity"] in ("page", "ticket") and rule["annotations"]["summary"], rule
        assert re.fullmatch(r"\d+[mh]", rule.get("for", "1m"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_to_do_is_told_for_every_alert(language: str) -> None:
    text = page(language, "operator")
    lacking = [rule["alert"] for rule in rules() if f"| `{rule['alert']}` |" not in text]
    assert not lacking, f"docs/{language}/operator.md says what to do when these come: {lacking}"
    told = set(re.findall(r"^\| `(Gongfang\w+)` \|", text, re.MULTILINE))
    assert told == {rule["alert"] for rule in rules()}, "and of no others"
