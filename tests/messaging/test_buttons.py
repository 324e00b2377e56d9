"""Buttons that are meant for places where presses are private, or for the others."""

from api.messaging.tree import Button, Words, pack_rows, rows_for, unpack_rows

ROWS = [
    [Button(Words("A"), "x.a", only="discreet"), Button(Words("B"), "x.b", style="primary")],
    [Button(Words("C"), "x.c", only="open")],
]


def test_rows_come_back_as_they_were_packed() -> None:
    assert unpack_rows(pack_rows(ROWS)) == ROWS
    assert unpack_rows([[["旧", "x.old", "", ""]]]) == [[Button(Words("旧"), "x.old")]]


def test_each_place_gets_its_own() -> None:
    assert [[b.action for b in row] for row in rows_for(ROWS, discreet=True)] == [["x.a", "x.b"]]
    assert [[b.action for b in row] for row in rows_for(ROWS, discreet=False)] == [["x.b"], ["x.c"]]
