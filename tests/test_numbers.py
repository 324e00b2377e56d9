"""Numbers from outside."""

import pytest

from api.numbers import read_number


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("12", 12), ("１２", 12), ("9" * 17, 10**17 - 1), (None, None), ("", None), ("-1", None), ("1.5", None),
     ("x", None), ("²", None), ("9" * 18, None), ("9" * 5000, None)],
)  # fmt: skip
def test_a_number_or_nothing(text: str | None, number: int | None) -> None:
    assert read_number(text) == number


def test_no_more_digits_than_asked_for() -> None:
    assert read_number("1234", 4) == 1234
    assert read_number("12345", 4) is None
