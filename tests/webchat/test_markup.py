"""From trees and typed words to HTML: nothing that people type becomes markup (issue 2, Bad input)."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.messaging.render import Reader
from api.messaging.tree import Bold, Bullets, Code, Lines, Link, Mention, Quote, Seq, T, Words
from bot.platforms.web.drawing import mark_of
from bot.platforms.web.markup import html_of, html_of_words

READER = Reader("zh_CN", ZoneInfo("Asia/Shanghai"), datetime(2026, 11, 23, tzinfo=UTC))
TAG = re.compile(r"<(/?)(\w+)([^>]*)>")


def test_paragraphs_lists_and_quotations() -> None:
    tree = Lines(Bold(T("cohost")), Bullets(Seq(Bold("甲"), Words(" 一")), "乙"), Words("完"), Quote("引\n文"))
    assert html_of(tree, READER) == (
        "<p><strong>副坊主</strong></p><ul><li><strong>甲</strong> 一</li><li>乙</li></ul><p>完</p>"
        "<blockquote><p>引\n文</p></blockquote>"
    )


def test_codes_are_not_links_and_mentions_stand_out() -> None:
    html = html_of(Lines(Code("https://a.example/x"), Mention("p1", "李<b>")), READER)
    assert "<code>https://a.example/x</code>" in html and "<a " not in html
    assert '<span class="mention">@李&lt;b&gt;</span>' in html


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "vbscript:x"])
def test_only_harmless_addresses_become_links(address: str) -> None:
    assert "<a " not in html_of(Link(address, Words("看")), READER)
    assert "<a " not in html_of_words(address)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("看 https://a.example/x?y=1&z=2。好", "https://a.example/x?y=1&amp;z=2"),
        ("（http://a.example）", "http://a.example"),
        ("https://a.example/a).", "https://a.example/a"),
        ("<https://a.example>", "https://a.example"),
        ("HTTPS://A.example/中文，后面", "HTTPS://A.example/中文"),
    ],
)
def test_typed_addresses_are_links_up_to_the_punctuation(text: str, address: str) -> None:
    html = html_of_words(text)
    assert f'href="{address}"' in html and 'rel="noopener noreferrer nofollow"' in html


@given(st.text(alphabet=st.sampled_from("<>&\"'/ \n•aehpst:.x{}\\`*\u202e\u200b䶮"), max_size=60))
def test_whatever_is_typed_stays_text(text: str) -> None:
    for html in (html_of_words(text), html_of(Lines(Bold(text), Bullets(text), Quote(text), T("cohost")), READER)):
        for _, tag, attributes in TAG.findall(html):
            assert tag in ("p", "a", "strong", "ul", "li", "blockquote"), html
            assert not attributes or re.fullmatch(
                r' href="[^"<>]*" target="_blank" rel="noopener noreferrer nofollow"', attributes
            ), html
        assert "\u202e" not in html


@pytest.mark.parametrize(
    ("name", "mark"),
    [
        ("王建国", "建国"),
        ("陈丽", "陈丽"),
        ("马依努尔·艾合买提", "买提"),
        ("Ada Lovelace", "AL"),
        ("Ada", "A"),
        ("", "·"),
    ],
)
def test_names_have_short_marks(name: str, mark: str) -> None:
    assert mark_of(name) == mark
