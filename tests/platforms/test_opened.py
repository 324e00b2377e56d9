"""JSON that nobody has looked at may be anything that somebody made up: what no database keeps is refused."""

import json

import pytest

from bot.platforms.opened import read_opened


def test_what_clients_send_is_read() -> None:
    said = {"type": "m.room.message", "content": {"body": "好", "info": {"w": 1.5, "list": [1, [2, {"x": None}]]}}}
    assert read_opened(json.dumps(said)) == said


@pytest.mark.parametrize(
    "text",
    ['{"x": 1e999}', '{"x": Infinity}', '{"x": NaN}', "[" * 2000 + "]" * 2000, '{"a":' * 150 + "1" + "}" * 150,
     "{", ""],
)  # fmt: skip
def test_what_cannot_be_kept_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_opened(text)
