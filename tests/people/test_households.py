"""Who is counted for an address where guessing is slowed down."""

import pytest

from api.people.codes import household


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),  # as a socket that listens on both kinds says it
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::2", "2001:db8:1:2::/64"),
        ("unix:" + "x" * 100, "unix:" + "x" * 55),
        ("", ""),
    ],
)
def test_one_household_is_one(address: str, counted: str) -> None:
    assert household(address) == counted
