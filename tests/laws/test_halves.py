"""`make test` and `make test-rest` are the full matrix between them, and nothing runs in both."""

from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.databases import CHOICE, QUICK, SLOW_MARKS, is_left_out, kinds_for

FILES = (Path("tests/journals/test_chat.py"), Path("tests/journals/test_service.py"), Path("tests/storage/test_x.py"))


@pytest.mark.parametrize("mark", ["", *SLOW_MARKS])
@pytest.mark.parametrize("path", FILES, ids=str)
def test_each_test_runs_in_one_half(path: Path, mark: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for both, kind in product((False, True), (None, "sqlite", "postgres")):
        monkeypatch.setenv(CHOICE, QUICK)
        runs_before = not mark and (kind is None or kind in kinds_for(path, both))
        monkeypatch.setenv(CHOICE, "rest")
        asked_for = kind is None or kind in kinds_for(path, both)
        runs_after = asked_for and not is_left_out(an_item(path, mark, both, kind))
        assert (runs_before, runs_after) in ((True, False), (False, True)), (both, kind)
        monkeypatch.setenv(CHOICE, "both")
        assert not is_left_out(an_item(path, mark, both, kind))


def an_item(path: Path, mark: str, both: bool, kind: str | None) -> Any:
    marks = {mark, "both_databases" if both else ""}
    called = SimpleNamespace(params={} if kind is None else {"database_kind": kind})
    return SimpleNamespace(path=path, callspec=called, get_closest_marker=lambda name: name if name in marks else None)
