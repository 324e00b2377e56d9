"""Raw updates: what people did, what means nothing, what cannot be read. No aiogram, no network."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.messaging.tree import Bold, Lines, Seq
from bot.inbound import Inbound
from bot.platforms.base import Unreadable
from bot.platforms.telegram.arriving import arrivals_of, next_offset
from bot.platforms.telegram.reading import KINDS, Place, album_of, place_of, read

LI = {"id": 5_000_000_001, "is_bot": False, "first_name": "春华", "last_name": "李", "language_code": "zh-hans"}
PRIVATE = {"id": LI["id"], "type": "private", "first_name": "春华"}
GROUP = {"id": -100_200, "type": "supergroup", "title": "识字组"}
BOT = "gongfang_bot"


def message(chat: Any = PRIVATE, **fields: Any) -> dict[str, Any]:
    return {"update_id": 7, "message": {"message_id": 9, "date": 1, "chat": chat, "from": LI, **fields}}


def heard(update: dict[str, Any]) -> Inbound:
    inbound = read(update, BOT)
    assert inbound is not None
    return inbound


def test_words() -> None:
    inbound = heard(message(text="你好"))
    assert inbound == Inbound("said", str(LI["id"]), "春华 李", "zh-hans", "你好", event="9")
    assert place_of(message(text="x")) == Place(str(LI["id"]), "private")
    edited = {"update_id": 8, "edited_message": message(text="新")["message"]}
    assert (heard(edited).kind, heard(edited).text) == ("edited", "新")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("/log", "/log"), (f"/log@{BOT}", f"/log@{BOT}"), ("/log@GongFang_Bot x", "/log@GongFang_Bot x"),
     ("/log@other_bot", None), (f"@{BOT} 日志", "日志"), (f"@{BOT}，进度", "进度"), (f"@{BOT}x 日志", f"@{BOT}x 日志")],
)  # fmt: skip
def test_commands_and_words_to_a_bot_in_a_group(text: str, expected: str | None) -> None:
    inbound = read(message(GROUP, text=text), BOT)
    assert (inbound.text if inbound else None) == expected


def test_a_deep_link_is_its_command() -> None:
    assert heard(message(text="/start ABCD2345EFGH")).text == "/start ABCD2345EFGH"


def test_topics_and_replies() -> None:
    created = {"message_id": 40, "forum_topic_created": {"name": "识字"}}
    topic = {"message_thread_id": 40, "is_topic_message": True}
    said = message(GROUP, text="好", reply_to_message=created, **topic)
    assert place_of(said) == Place("-100200/40", "room", "识字组 · 识字")
    assert heard(said).reply_to == "", "what created the topic is not answered"
    answer = message(GROUP, text="好", reply_to_message={"message_id": 50, "text": "?"}, **topic)
    assert heard(answer).reply_to == "50" and place_of(answer).title == ""
    thread = message(GROUP, text="好", message_thread_id=50, reply_to_message={"message_id": 50, "text": "?"})
    assert (place_of(thread).native, heard(thread).reply_to) == ("-100200", "50"), "a thread outside forums is no topic"


def test_files() -> None:
    small, large = ({"file_id": f"p{n}", "file_size": n, "width": n, "height": n} for n in (90, 800))
    photo = heard(message(photo=[small, large], caption="图"))
    assert [(f.kind, f.ref, f.size) for f in photo.files] == [("photo", {"file_id": "p800"}, 800)]
    assert photo.text == "图"
    clip = {"file_id": "d", "file_name": "课.mp4", "mime_type": "video/mp4"}
    for key, kind in (("document", "document"), ("video", "video"), ("video_note", "video"), ("voice", "voice"),
                      ("audio", "voice"), ("animation", "video")):  # fmt: skip
        (file,) = heard(message(**{key: clip}, **({"document": clip} if key == "animation" else {}))).files
        assert (file.kind, file.name, file.size) == (kind, "课.mp4", 0)


def test_an_album_is_one_thing_whatever_order_its_parts_have() -> None:
    def part(number: int, **more: Any) -> dict[str, Any]:
        photo = [{"file_id": f"p{number}", "width": 1, "height": 1}]
        return message(message_id=number, media_group_id="g", photo=photo, **more)

    assert album_of(part(1)) == "g" and album_of(message(text="x")) == ""
    whole = heard({"parts": [part(12), part(11, caption="三张"), part(13)]})
    assert (whole.event, whole.text) == ("11", "三张")
    assert [file.ref["file_id"] for file in whole.files] == ["p11", "p12", "p13"]
    assert [(one.event, one.text) for one in whole.parts] == [("11", "三张"), ("12", ""), ("13", "")]
    bold = [{"type": "bold", "offset": 0, "length": 1}]
    both = heard({"parts": [part(12, caption="乙"), part(11, caption="甲", caption_entities=bold), part(13)]})
    assert (both.text, both.rich) == ("甲\n乙", Lines(Seq(Bold("甲")), "乙"))
    alone = heard({"parts": [part(11, caption="甲")]})
    assert (alone.text, alone.rich, alone.parts) == ("甲", None, ())


def test_presses_votes_and_our_own_standing() -> None:
    query = {"id": "77", "from": LI, "message": message(GROUP)["message"], "data": "join:abc", "chat_instance": "1"}
    pressed = heard({"update_id": 1, "callback_query": query})
    assert (pressed.kind, pressed.action, pressed.handle, pressed.event) == ("pressed", "join:abc", "77", "9")
    gone = {**query, "message": {"chat": GROUP, "message_id": 9, "date": 0}}
    assert place_of({"update_id": 1, "callback_query": gone}).native == "-100200"
    vote = heard({"update_id": 1, "poll_answer": {"poll_id": "p", "user": LI, "option_ids": [1]}})
    assert (vote.kind, vote.event, vote.payload) == ("voted", "poll:p", {"options": [1]})
    channel = {"poll_id": "p", "user": LI, "option_ids": [1], "voter_chat": {"id": -100, "type": "channel"}}
    assert read({"update_id": 1, "poll_answer": channel}, "gongfang_bot") is None
    del channel["user"]
    assert place_of({"update_id": 1, "poll_answer": channel}).native == "-100"
    assert read({"update_id": 1, "poll_answer": channel}, "gongfang_bot") is None
    changes = (("left", "member", "bot_added"), ("administrator", "kicked", "bot_removed"),
               ("member", "administrator", "bot_changed"))  # fmt: skip
    for old, new, kind in changes:
        assert heard(_standing({"status": old}, {"status": new})).kind == kind
    for old, new in (("left", "kicked"), ("administrator", "administrator")):
        assert read(_standing({"status": old}, {"status": new, "custom_title": "助手"}), BOT) is None


def _standing(old: Any, new: Any, kind: str = "my_chat_member", chat: Any = GROUP) -> dict[str, Any]:
    change = {"old_chat_member": old, "new_chat_member": new}
    return {"update_id": 1, kind: {"chat": chat, "from": LI, "date": 1, **change}}


ZHANG = {"id": 5_000_000_002, "is_bot": False, "first_name": "张"}
MUTED = {"user": ZHANG, "status": "restricted", "can_send_messages": False}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"status": "left"}, {**MUTED, "is_member": True}, ("joined", {"ranks": {"5000000002": [0, -1]}})),
        ({"status": "left"}, {"status": "administrator"}, ("joined", {"ranks": {"5000000002": [0, 50]}})),
        ({**MUTED, "is_member": True}, MUTED, ("left", {"how": "removed", "from": "join"})),
        (MUTED, {"status": "kicked"}, ("left", {"how": "banned", "from": "leave"})),
        ({"status": "administrator"}, {"status": "creator"}, ("ranked", {"ranks": {"5000000002": [50, 100]}})),
        ({"status": "left"}, MUTED, None),
        ({"status": "member"}, {"status": "restricted", "is_member": True, "can_send_messages": True}, None),
    ],
)
def test_what_happens_to_somebody(old: Any, new: Any, expected: Any) -> None:
    update = _standing({"user": ZHANG, **old}, {"user": ZHANG, **new}, "chat_member")
    inbound = read(update, BOT)
    assert (None if inbound is None else (inbound.kind, inbound.payload)) == (
        expected and (expected[0], {"by": str(LI["id"]), **expected[1]})
    )
    assert inbound is None or (inbound.sender, inbound.name) == ("5000000002", "张")
    assert place_of(update) == Place("-100200", "room", "识字组")
    channel = _standing({"user": ZHANG, **old}, {"user": ZHANG, **new}, "chat_member", {**GROUP, "type": "channel"})
    assert read(channel, BOT) is None


@pytest.mark.parametrize(
    "fields",
    [{"new_chat_title": "新"}, {"new_chat_members": [{**LI, "is_bot": True}]}, {"pinned_message": {}},
     {"left_chat_member": {**LI, "is_bot": True}},
     {"forum_topic_created": {"name": "x"}}, {"text": "说", "sender_chat": GROUP},
     {"text": "说", "from": {**LI, "is_bot": True}}, {"text": "说", "from": None},
     {"text": "/unbind", "forward_origin": {"type": "user"}}],
)  # fmt: skip
def test_what_means_nothing(fields: dict[str, Any]) -> None:
    assert read(message(GROUP, **fields), BOT) is None


def test_a_forwarded_message_is_said_by_who_forwards() -> None:
    assert heard(message(text="转来的", forward_origin={"type": "user"})).text == "转来的"


@pytest.mark.parametrize(
    "update",
    [{"update_id": 1}, {"update_id": 1, "message": 5}, {"update_id": 1, "message": {"message_id": "1"}},
     {"update_id": 1, "brand_new": {}}, message(text=5), message(photo=[{}]), message(document={"file_id": 3}),
     {"update_id": 1, "poll_answer": {"poll_id": "p", "user": LI, "option_ids": ["1"]}}, {"parts": 3},
     _standing({}, {"status": "left"}), _standing({"status": "left"}, {"status": "member"}, "chat_member"),
     {"update_id": 1, "chat_join_request": {"chat": GROUP, "from": LI, "date": 1}},
     message(GROUP, left_chat_member={"first_name": "x"})],
)  # fmt: skip
def test_what_cannot_be_read(update: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        read(update, BOT)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = (
    "message_id chat from text photo document reply_to_message media_group_id message_thread_id is_topic_message "
    "migrate_to_chat_id id type data message user option_ids poll_id new_chat_member old_chat_member "
    "status user_chat_id new_chat_members left_chat_member is_bot can_invite_users"
).split()
SHAPED = st.dictionaries(st.sampled_from(KEYS), JSON | st.dictionaries(st.sampled_from(KEYS), JSON, max_size=4))
UPDATES = st.fixed_dictionaries({"update_id": JSON}, optional={kind: SHAPED | JSON for kind in KINDS})


@given(UPDATES | JSON)
def test_anything_is_kept_and_nothing_but_unreadable_is_raised(update: Any) -> None:
    arrivals = arrivals_of(update)
    assert arrivals and len({arrival.event_id for arrival in arrivals}) == len(arrivals)
    for arrival in arrivals:
        assert arrival.event_id and arrival.chat
        if arrival.dead is None:
            with suppress(Unreadable):
                read(arrival.raw, BOT)


def test_the_offset_follows_what_has_a_number() -> None:
    assert next_offset([{"update_id": 5}, {"no": 1}, {"update_id": 7}], 3) == 8
    assert next_offset([{"no": 1}], 3) == 3
