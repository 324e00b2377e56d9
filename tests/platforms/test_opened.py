"""JSON that nobody has looked at may be anything that somebody made up: what no database keeps is refused."""

import json

import pytest

from bot.platforms.opened import DEEPEST, check_opened, read_all, read_opened


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


@pytest.mark.parametrize(
    ("text", "value"),
    [('{"x": 1e999, "y": [Infinity, -Infinity, NaN, 1.5, "NaN"]}', {"x": None, "y": [None, None, None, 1.5, "NaN"]}),
     ('{"x": "a\\"[[{", "y": 1}', {"x": 'a"[[{', "y": 1}),
     (f'{{"x": {"9" * 5000}, "y": -7}}', {"x": None, "y": -7}),
     (r'{"x": "\ud83d\ude00 \ud800", "\uDFFF": "\\ud800"}', {"x": "😀 ?", "?": r"\ud800"})],
)  # fmt: skip
def test_what_is_no_number_or_no_text_keeps_nothing_else_away(text: str, value: object) -> None:
    assert read_all(text.encode()) == value


@pytest.mark.parametrize("deep", [DEEPEST - 2, DEEPEST - 1, DEEPEST, DEEPEST + 1, 150, 5000, 500_000])
def test_what_is_nested_too_deep_keeps_nothing_else_away(deep: int) -> None:
    text = '{"odd": ' + '{"]": [' * (deep // 2) + '"[{"' + "]}" * (deep // 2) + ', "next_batch": "s1"}'
    value = read_all(text.encode())
    check_opened(value)
    assert value["next_batch"] == "s1" and "odd" in value


@pytest.mark.parametrize("data", [b"", b"{", b"<html>", b"[" * 2000, b'{"x": NaN', b'"', b"\xff"])
def test_what_is_no_json_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        read_all(data)
