"""Moments in messages are shown in the reader's zone and language."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from api.messaging.render import Reader, plain
from api.messaging.tree import T, When, pack, unpack

NOW = datetime.fromisoformat("2026-11-23T10:00:00+08:00")
DUE = datetime.fromisoformat("2026-11-27T18:00:00+08:00")


@pytest.mark.parametrize(
    ("style", "chinese", "english"),
    [
        ("full", "11月27日 周五 18:00", "Fri 27 Nov 18:00"),
        ("day", "11月27日 周五", "Fri 27 Nov"),
        ("time", "18:00", "18:00"),
    ],
)
def test_a_moment_in_a_style(style: str, chinese: str, english: str) -> None:
    zone = ZoneInfo("Asia/Shanghai")
    node = unpack(pack(When(DUE, style)))
    assert plain(node, Reader("zh_CN", zone, NOW)) == chinese
    assert plain(node, Reader("en", zone, NOW)) == english


def test_a_moment_as_a_value_of_a_text() -> None:
    assert plain(T("{at}", at=DUE), Reader("en", ZoneInfo("UTC"), NOW)) == "Fri 27 Nov 10:00"
