"""Entities both ways: what was formatted is what is shown, and nothing else is; hostile offsets are plain words."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.messaging.render import Reader, clean, render
from api.messaging.tree import Bold, Italic, Link, Mono, Node, Quote, Seq, Words
from bot.platforms.telegram.formatting import rich_of
from bot.platforms.telegram.markup import pieces_of, units
from bot.platforms.telegram.reading import read
from tests.support.talk import NOW

READER = Reader("zh_CN", ZoneInfo("Asia/Shanghai"), NOW)
KINDS = {"bold": "bold", "italic": "italic", "code": "code", "pre": "code", "blockquote": "blockquote",
         "expandable_blockquote": "blockquote", "text_link": "text_link"}  # fmt: skip
URLS = ("https://example.org/a?b=1", "http://example.org", "mailto:li@example.org", "javascript:alert(1)", "tg://x", "")
ENTITY = st.fixed_dictionaries(
    {"type": st.sampled_from([*KINDS, "spoiler", "mention", "url"]), "offset": st.integers(-3, 30),
     "length": st.integers(-3, 30), "url": st.sampled_from(URLS)}
)  # fmt: skip
ANYTHING = st.none() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2)
STRANGE = st.dictionaries(st.sampled_from(["type", "offset", "length", "url"]), ANYTHING) | ANYTHING


def entity(kind: str, offset: int, length: int, **more: Any) -> dict[str, Any]:
    return {"type": kind, "offset": offset, "length": length, **more}


@pytest.mark.parametrize(
    ("text", "entities", "tree"),
    [
        ("粗的", [entity("bold", 0, 1)], Seq(Bold(Words("粗")), Words("的"))),
        ("👩🏽‍🏫 讲", [entity("italic", 8, 1)], Seq(Words("👩🏽‍🏫 "), Italic(Words("讲")))),
        ("引粗", [entity("blockquote", 0, 2), entity("bold", 1, 1)],
         Seq(Quote(Words("引")), Quote(Bold(Words("粗"))))),
        ("x = 1", [entity("pre", 0, 5, language="python")], Seq(Mono(Words("x = 1")))),
        ("看这里", [entity("text_link", 1, 2, url="https://example.org")],
         Seq(Words("看"), Link("https://example.org", Words("这里")))),
        ("看这里", [entity("text_link", 1, 2, url="javascript:alert(1)")], None),
        ("@li #x", [entity("mention", 0, 3), entity("hashtag", 4, 2)], None),
        ("𠮷", [entity("bold", 1, 1)], None),  # inside of a character
    ],
)  # fmt: skip
def test_entities_become_a_tree(text: str, entities: list[Any], tree: Node | None) -> None:
    assert rich_of(text, entities) == tree


def test_a_message_keeps_its_formatting_without_the_name_of_the_bot() -> None:
    chat = {"id": -5, "type": "supergroup", "title": "组"}
    who = {"id": 7, "is_bot": False, "first_name": "李"}
    said = {"message_id": 1, "chat": chat, "from": who, "text": "@a_bot 请看粗的", "entities": [entity("bold", 9, 2)]}
    inbound = read({"message": said}, "a_bot")
    assert inbound is not None and inbound.text == "请看粗的"
    assert inbound.rich == Seq(Words("请看"), Bold(Words("粗的")))
    words = {"caption": "图", "caption_entities": [entity("bold", 0, 1)]}
    photo = {"photo": [{"file_id": "f", "width": 1, "height": 1}], **words}
    del said["text"], said["entities"]
    inbound = read({"message": said | photo}, "a_bot")
    assert inbound is not None and inbound.rich == Seq(Bold(Words("图")))


@given(text=st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=20), entities=st.lists(ENTITY, max_size=6))
def test_what_is_shown_is_what_was_formatted(text: str, entities: list[dict[str, Any]]) -> None:
    tree = rich_of(text, entities)
    if tree is None:
        return
    assert "".join(span.text for span in render(tree, READER)) == clean(text).rstrip()
    looks = {(KINDS[one["type"]], one["url"] if one["type"] == "text_link" else None)
             for one in entities if one["type"] in KINDS and one["length"] > 0}  # fmt: skip
    for piece in pieces_of(tree, READER):
        for shown in piece.entities:
            assert (shown["type"], shown.get("url")) in looks
            assert 0 <= shown["offset"] < shown["offset"] + shown["length"] <= units(piece.text)


@given(text=st.text(max_size=10), entities=st.lists(STRANGE, max_size=4) | ANYTHING)
def test_nothing_that_comes_is_a_surprise(text: str, entities: Any) -> None:
    assert isinstance(rich_of(text, entities), Node | None)


def test_a_quotation_with_something_bold_in_it_is_one_quotation() -> None:
    tree = rich_of("引粗引", [entity("blockquote", 0, 3), entity("bold", 1, 1)])
    assert tree is not None
    [piece] = pieces_of(tree, READER)
    assert {(one["type"], one["offset"], one["length"]) for one in piece.entities} == {
        ("blockquote", 0, 3), ("bold", 1, 1),
    }  # fmt: skip
