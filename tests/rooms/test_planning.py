"""The planner: a table of what becomes of what, and invariants over any room whatever."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rooms.planning import ASPECTS, LEADS, READS, SPEAKS, Action, Actual, Desired, Seat, Standing, plan
from tests.rooms.simulated import KINDS, all_done

OWN = 100
WANT = Desired(frozenset(ASPECTS), name="语文工坊", seats={"li": Seat(), "wang": Seat(LEADS)})
IS = Actual(OWN, KINDS, name="语文工坊", members={"li": Standing("join"), "wang": Standing("join", LEADS)})


def becomes(want: dict[str, Any], found: dict[str, Any]) -> list[tuple[Any, ...]]:
    """The plan for the usual room with these differences, briefly."""
    made = plan(replace(WANT, **want), replace(IS, **found)).actions
    return [tuple(part for part in action if part not in ("", None)) for action in made]


def there(**standings: Any) -> dict[str, Any]:
    return {"members": {**IS.members, **standings}}


TABLE: list[tuple[str, dict[str, Any], dict[str, Any], list[tuple[Any, ...]]]] = [
    ("nothing to do", {}, {}, []),
    ("renamed", {"name": "数学工坊"}, {}, [("name", "数学工坊")]),
    ("a topic that was taken away", {"topic": "每周三"}, {}, [("topic", "每周三")]),
    ("a picture of theirs stays where we have none", {}, {"picture": "theirs"}, []),
    ("another picture", {"picture": "ours"}, {"picture": "theirs"}, [("picture", "ours")]),
    ("closed to the space", {"access": "restricted:!s"}, {"access": "open"}, [("access", "restricted:!s")]),
    ("encrypted from now on", {"encrypted": True}, {}, [("encrypt",)]),
    ("encryption is never taken away", {}, {"encrypted": True}, []),
    ("archived", {"read_only": True}, {}, [("hush",)]),
    ("open again", {}, {"read_only": True}, [("unhush",)]),
    ("a new child", {"children": frozenset({"!b"})}, {}, [("link", "!b")]),
    ("a child that moved away", {"strangers": frozenset({"!b"})}, {"children": frozenset({"!b"})}, [("unlink", "!b")]),
    ("a child of somebody else's", {}, {"children": frozenset({"!theirs"})}, []),
    ("hung elsewhere", {"parent": "!p", "strangers": frozenset({"!q"})}, {"parents": frozenset({"!q", "!theirs"})},
     [("hang", "!p"), ("unhang", "!q")]),
    ("a place inside for a workshop", {"parts": {"w1": "数学工坊"}}, {"holds_parts": True},
     [("open", "w1", "数学工坊")]),
    ("no place where there is none inside", {"parts": {"w1": "数学工坊"}}, {}, []),
    ("somebody new", {"seats": {**WANT.seats, "chen": Seat()}}, {}, [("invite", "chen")]),
    ("invited already", {"seats": {**WANT.seats, "chen": Seat()}}, there(chen=Standing("invite")), []),
    ("left on purpose", {"seats": {**WANT.seats, "chen": Seat()}, "stay_out": frozenset({"chen"})}, {}, []),
    ("knocks", {"seats": {**WANT.seats, "chen": Seat()}}, there(chen=Standing("knock")), [("admit", "chen")]),
    ("knocks again after leaving", {"seats": {**WANT.seats, "chen": Seat()}, "stay_out": frozenset({"chen"})},
     there(chen=Standing("knock")), [("admit", "chen")]),
    ("may come but is not asked", {"seats": {**WANT.seats, "lin": Seat(LEADS, invited=False)}}, {}, []),
    ("may come and knocks", {"seats": {**WANT.seats, "lin": Seat(LEADS, invited=False)}}, there(lin=Standing("knock")),
     [("admit", "lin")]),
    ("came and leads", {"seats": {**WANT.seats, "lin": Seat(LEADS, invited=False)}}, there(lin=Standing("join")),
     [("rank", "lin", LEADS)]),
    ("banned by us, wanted again", {"seats": {**WANT.seats, "chen": Seat()}}, there(chen=Standing("ban", ours=True)),
     [("unban", "chen"), ("invite", "chen")]),
    ("banned by others", {"seats": {**WANT.seats, "chen": Seat()}}, there(chen=Standing("ban")), []),
    ("a former member", {"out": {"zhou": False}}, there(zhou=Standing("join")), [("remove", "zhou")]),
    ("a former member who was invited", {"out": {"zhou": False}}, there(zhou=Standing("invite")), [("remove", "zhou")]),
    ("a former member who is away", {"out": {"zhou": False}}, there(zhou=Standing("leave")), []),
    ("a former member who knocks", {"out": {"zhou": True}}, there(zhou=Standing("knock")), [("refuse", "zhou")]),
    ("one who was removed", {"out": {"zhou": True}}, there(zhou=Standing("join")), [("ban", "zhou")]),
    ("one who just came", {"out": {"zhou": False}}, there(zhou=Standing("join", fresh=True)), []),
    ("one whose coming was looked into", {"out": {"zhou": False}, "judged": {"zhou": "join"}},
     there(zhou=Standing("join", fresh=True)), [("remove", "zhou")]),
    ("one above us", {"out": {"zhou": False}}, there(zhou=Standing("join", OWN)), []),
    ("a stranger", {}, there(stranger=Standing("join")), []),
    ("a stranger with power", {}, there(stranger=Standing("join", LEADS)), []),
    ("a host without power", {}, there(wang=Standing("join")), [("rank", "wang", LEADS)]),
    ("a host with more power", {}, there(wang=Standing("join", 75)), []),
    ("a member with power", {}, there(li=Standing("join", LEADS)), [("rank", "li", SPEAKS)]),
    ("a member with power that is looked into", {"spared": frozenset({"li"})}, there(li=Standing("join", LEADS)), []),
    ("a member as high as we are", {}, there(li=Standing("join", OWN)), []),
    ("an observer", {"seats": {"li": Seat(READS)}}, {}, [("rank", "li", READS)]),
    ("a host in a room where we are not that high", {}, {"rank": 40, **there(wang=Standing("join"))}, []),
]  # fmt: skip


@pytest.mark.parametrize(("want", "found", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_table(want: dict[str, Any], found: dict[str, Any], expected: list[tuple[Any, ...]]) -> None:
    assert becomes(want, found) == expected


def test_what_we_may_not_do_is_said_and_not_tried() -> None:
    made = plan(replace(WANT, name="数学工坊", seats={**WANT.seats, "chen": Seat()}), replace(IS, may=KINDS - {"name"}))
    assert made.actions == (Action("invite", "chen"),)
    assert made.lacking == (Action("name", value="数学工坊"),)


def test_who_just_came_is_looked_at_again() -> None:
    came = replace(IS, **there(zhou=Standing("join", fresh=True)))
    assert plan(replace(WANT, out={"zhou": False}), came).waits
    assert not plan(replace(WANT, out={"zhou": False}), IS).waits


PEOPLE, PLACES = list("abcdefgh"), ["!1", "!2", "!3", "!4"]
ranks = st.sampled_from([READS, SPEAKS, LEADS, 75, OWN])
some_places = st.frozensets(st.sampled_from(PLACES))


@st.composite
def desires(draw: st.DrawFn) -> Desired:
    seated = draw(st.lists(st.sampled_from(PEOPLE), unique=True))
    seats = {who: Seat(draw(st.sampled_from([READS, SPEAKS, LEADS])), draw(st.booleans())) for who in seated}
    others = [who for who in PEOPLE if who not in seats]
    out = {who: draw(st.booleans()) for who in others if draw(st.booleans())}
    children = draw(some_places)
    return Desired(
        draw(st.frozensets(st.sampled_from(ASPECTS))), name=draw(st.sampled_from(["", "甲", "乙"])),
        topic=draw(st.sampled_from(["", "甲"])), picture=draw(st.sampled_from(["", "p"])),
        access=draw(st.sampled_from(["invite", "knock", "restricted:!1"])), encrypted=draw(st.booleans()),
        parent=draw(st.sampled_from(["", *PLACES])), children=children, strangers=draw(some_places) - children,
        seats=seats, out=out, stay_out=draw(st.frozensets(st.sampled_from(PEOPLE))),
        spared=draw(st.frozensets(st.sampled_from(PEOPLE))), read_only=draw(st.booleans()),
    )  # fmt: skip


@st.composite
def founds(draw: st.DrawFn) -> Actual:
    states = st.sampled_from(["join", "invite", "knock", "leave", "ban"])
    members = {
        who: Standing(draw(states), draw(ranks), draw(st.booleans()))
        for who in draw(st.lists(st.sampled_from(PEOPLE), unique=True))
    }
    may = KINDS if draw(st.booleans()) else draw(st.frozensets(st.sampled_from(sorted(KINDS))))
    return Actual(
        draw(st.sampled_from([SPEAKS, LEADS, OWN])), may, name=draw(st.sampled_from(["", "甲", "丙"])),
        topic=draw(st.sampled_from(["", "乙"])), picture=draw(st.sampled_from(["", "q"])),
        access=draw(st.sampled_from(["open", "invite", "knock"])), encrypted=draw(st.booleans()),
        parents=draw(some_places), children=draw(some_places), members=members, read_only=draw(st.booleans()),
    )  # fmt: skip


@given(desires(), founds())
def test_a_plan_reaches_what_is_desired_and_a_second_one_is_empty(desired: Desired, found: Actual) -> None:
    first = plan(desired, found)
    after = all_done(found, first)
    second = plan(desired, after)
    assert second.actions == ()
    # what was lacking stays lacking; admitting somebody may show a rank that we have no right to give
    assert set(first.lacking) <= set(second.lacking) or second.lacking == first.lacking
    if found.may != KINDS:
        return
    for who, seat in desired.seats.items():
        standing = after.members.get(who, Standing("leave"))
        if "members" in desired.aspects and seat.invited and who not in desired.stay_out:
            assert standing.state in ("join", "invite") or (standing.state == "ban" and not standing.ours)
    for who in desired.out:
        standing = after.members.get(who, Standing("leave"))
        if "members" in desired.aspects and standing.rank < found.rank:
            assert standing.state in ("leave", "ban")
    if "tree" in desired.aspects:
        assert desired.children <= after.children and not after.children & desired.strangers
        assert not desired.parent or desired.parent in after.parents


@given(desires(), founds())
def test_nothing_outside_our_management_is_touched(desired: Desired, found: Actual) -> None:
    after = all_done(found, plan(desired, found))
    kept = {"name": ["name"], "topic": ["topic"], "picture": ["picture"], "access": ["access", "history"],
            "secrecy": ["encrypted"], "tree": ["parents", "children"], "reading": ["read_only"]}  # fmt: skip
    for aspect, names in kept.items():
        if aspect not in desired.aspects:
            assert all(getattr(after, name) == getattr(found, name) for name in names)
    ours = desired.seats.keys() | desired.out.keys()
    for who, standing in found.members.items():
        if who not in ours or not {"members", "ranks"} & desired.aspects:
            assert after.members[who] == standing
        if who in desired.spared or standing.rank >= found.rank:
            assert after.members[who].rank == standing.rank
    assert after.members.keys() - found.members.keys() <= ours
    assert after.children - desired.children == found.children - desired.children - (
        desired.strangers if "tree" in desired.aspects and "unlink" in found.may else frozenset()
    )
