"""Parsing: pure, exact where events are well-formed, and never surprised where they are not."""

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.inbound import Inbound
from bot.platforms.base import Unreadable
from bot.platforms.matrix.parsing import parse
from bot.platforms.matrix.rooms import Room, apply_invited, apply_joined, apply_state

ME = "@gongfang:example.org"
LEAF = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
JSON = LEAF | st.lists(LEAF, max_size=2) | st.dictionaries(st.text(max_size=5), LEAF, max_size=2)
KEYS = ("msgtype", "body", "filename", "url", "file", "info", "m.relates_to", "m.new_content", "membership", "redacts",
        "users", "name", "room_version", "additional_creators", "displayname", "is_direct",
        "predecessor", "replacement_room", "m.selections", "org.matrix.msc3381.poll.response")  # fmt: skip
RELATION = st.fixed_dictionaries({}, optional={
    "rel_type": JSON | st.sampled_from(["m.replace", "m.thread", "m.annotation", "m.reference"]),
    "event_id": JSON | st.just("$e"), "key": JSON, "m.in_reply_to": JSON, "is_falling_back": JSON,
})  # fmt: skip
CONTENT = st.fixed_dictionaries({}, optional={
    **dict.fromkeys(KEYS, JSON), "msgtype": JSON | st.sampled_from(["m.text", "m.image"]),
    "m.relates_to": JSON | RELATION, "body": JSON | st.just("好"),
})  # fmt: skip
TYPES = ["m.room.message", "m.reaction", "m.room.redaction", "m.room.member", "m.room.encrypted", "m.room.create",
         "m.room.power_levels", "m.room.name", "m.room.encryption", "m.room.tombstone",
         "m.poll.response", "org.matrix.msc3381.poll.response"]  # fmt: skip
EVENT = st.fixed_dictionaries(
    {"type": st.sampled_from(TYPES), "content": JSON | CONTENT},
    optional={"sender": JSON | st.just("@li:x"), "event_id": JSON | st.just("$e"), "state_key": JSON | st.just(ME),
              "unsigned": JSON, "redacts": JSON},
)  # fmt: skip


def raw(content: dict[str, Any], **event: Any) -> dict[str, Any]:
    said = {"type": "m.room.message", "sender": "@li:example.org", "event_id": "$1", "content": content, **event}
    return {"event": said, "room": "!r", "me": ME, "name": "李"}


def said(content: dict[str, Any], **event: Any) -> Inbound:
    inbound = parse(raw(content, **event))
    assert inbound is not None
    return inbound


@settings(max_examples=600, deadline=None)
@given(event=EVENT)
def test_nothing_that_comes_is_a_surprise(event: dict[str, Any]) -> None:
    with contextlib.suppress(Unreadable):
        found = parse({"event": event, "room": "!r", "me": ME, "name": "李"})
        assert found is None or isinstance(found, Inbound)


@settings(max_examples=600, deadline=None)
@given(event=EVENT, counts=st.fixed_dictionaries({}, optional={"m.joined_member_count": JSON}))
def test_no_state_of_a_room_is_a_surprise(event: dict[str, Any], counts: dict[str, Any]) -> None:
    room = Room("!r")
    apply_state(room, event)
    apply_joined(room, {"summary": counts, "state": {"events": [event]}, "timeline": {"events": [event]}}, ME)
    apply_invited(room, {"invite_state": {"events": [event]}}, ME)
    assert room.kind in ("private", "room") and isinstance(room.level("@li:x"), int)
    assert Room.of("!r", room.state()).state() == room.state()


def test_an_answer_is_without_the_words_it_quotes() -> None:
    content = {"msgtype": "m.text", "body": "> <@a:b> 问题\n> 第二行\n\n回答\n> 我自己引的",
               "m.relates_to": {"m.in_reply_to": {"event_id": "$q"}}}  # fmt: skip
    heard = said(content)
    assert (heard.text, heard.reply_to) == ("回答\n> 我自己引的", "$q")
    assert said({"msgtype": "m.text", "body": "> 没有回复谁"}).text == "> 没有回复谁"


@pytest.mark.parametrize("quoted", ["> <@a:b> 问", "> * <@a:b> 问"])
def test_what_somebody_quotes_themselves_is_theirs(quoted: str) -> None:
    """Clients that quote for whom they answer say whose words these are."""
    answer = {"msgtype": "m.text", "m.relates_to": {"m.in_reply_to": {"event_id": "$q"}}}
    own = "> 学生问：天为什么是蓝的？\n我这样回答"
    assert said({**answer, "body": own}).text == own
    assert said({**answer, "body": f"{quoted}\n\n{own}"}).text == own


@pytest.mark.parametrize(("version", "number"), [("12", 12), ("²", 1), ("9" * 5000, 1), ("org.example", 1), ([], 1)])
def test_versions_of_rooms_are_any_words(version: Any, number: int) -> None:
    room = Room("!r")
    apply_state(room, {"type": "m.room.create", "sender": "@li:x", "content": {"room_version": version}})
    assert room.version == number


@pytest.mark.parametrize("body", ["gongfang: 帮助", "@gongfang：帮助", f"{ME}, 帮助", "Gongfang:帮助", "帮助"])
def test_the_bot_may_be_spoken_to_by_name(body: str) -> None:
    assert said({"msgtype": "m.text", "body": body}).text == "帮助"


def test_edits_and_deletions_name_what_they_change() -> None:
    relation = {"rel_type": "m.replace", "event_id": "$old"}
    new = {"msgtype": "m.text", "body": "新"}
    heard = said({"msgtype": "m.text", "body": "* 新", "m.new_content": new, "m.relates_to": relation})
    assert (heard.kind, heard.event, heard.text) == ("edited", "$old", "新")
    for event in ({"redacts": "$old", "content": {}}, {"content": {"redacts": "$old"}}):
        heard = said(**{"content": {}, "type": "m.room.redaction", **event})
        assert (heard.kind, heard.event) == ("deleted", "$old")


def test_notices_and_our_own_words_are_nothing() -> None:
    others, ours = {"msgtype": "m.notice", "body": "哔"}, {"msgtype": "m.text", "body": "我"}
    for content, sender in ((others, "@bot:x"), (ours, ME)):
        event = {"type": "m.room.message", "sender": sender, "event_id": "$1", "content": content}
        assert parse({"event": event, "room": "!r", "me": ME}) is None


def test_a_caption_is_the_text_and_a_bare_name_is_none() -> None:
    file = {"msgtype": "m.image", "url": "mxc://x/y", "info": {"mimetype": "image/png", "size": 3}}
    assert said({**file, "body": "黑板", "filename": "a.png"}).text == "黑板"
    bare = said({**file, "body": "a.png"})
    assert (bare.text, bare.files[0].name, bare.files[0].kind, bare.files[0].ref) == (
        "",
        "a.png",
        "photo",
        {"mxc": "mxc://x/y"},
    )


@pytest.mark.parametrize(("answers", "options"), [
    (["1"], [1]), (["1", "0", "1"], [0, 1]), ([], []), (["1", "x"], []), (["-1"], []), (["٣"], []), (["999"], []),
    ("12", []), (None, []), ([1], []), ([["1"]], []),
])  # fmt: skip
def test_votes_name_their_poll_and_the_options(answers: Any, options: list[int]) -> None:
    relation = {"m.relates_to": {"rel_type": "m.reference", "event_id": "$poll"}}
    unstable = {"org.matrix.msc3381.poll.response": {"answers": answers}}
    stable = {"m.selections": answers}
    for kind, content in (("org.matrix.msc3381.poll.response", unstable), ("m.poll.response", stable)):
        heard = said({**relation, **content}, type=kind)
        assert (heard.kind, heard.event, heard.payload["options"]) == ("voted", "poll:$poll", options)


@pytest.mark.parametrize("target", ["$" + "x" * 9000, "poll", "$a b", ""])
def test_a_vote_in_what_is_no_event_is_none(target: str) -> None:
    relation = {"m.relates_to": {"rel_type": "m.reference", "event_id": target}}
    assert parse(raw({**relation, "m.selections": ["0"]}, type="m.poll.response")) is None
