"""HTML both ways: what was formatted is what is shown, what is hostile becomes plain words."""

from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.messaging.render import Reader, render, text_of
from api.messaging.tree import Bold, Italic, Link, Mono, Node, Quote, Seq, Words
from bot.platforms.matrix.formatting import DEEPEST, rich_of
from bot.platforms.matrix.markup import BULLET, contents_of
from bot.platforms.matrix.parsing import parse
from tests.support.talk import NOW

READER = Reader("zh_CN", ZoneInfo("Asia/Shanghai"), NOW)
TAGS = "b strong i em code pre blockquote ul ol li p br a span h1 mx-reply".split()
PIECE = st.one_of(
    st.sampled_from([f"<{tag}>" for tag in TAGS] + [f"</{tag}>" for tag in TAGS]),
    st.sampled_from(["<a href='https://a.org/?a=1&amp;b=2'>", "<a href='javascript:x'>", "<a href='mailto:a@b'>"]),
    st.sampled_from(["<script>", "</script>", "<!-- x -->", "<b", "&lt;b&gt;", "&#60;", "<img src=x o=y>", "<!["]),
    st.text(alphabet="字<>&\"' \nab•1.", max_size=6),
)  # fmt: skip
SHOWN = {"bold": "strong", "italic": "em", "code": "code", "quote": "blockquote"}


class Seen(HTMLParser):
    """The tags and words that a client sees."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.words, self.links = "", set[str]()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert tag == "a" or not attrs
        self.links |= {value or "" for name, value in attrs if name == "href"}

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.mark.parametrize(
    ("html", "tree"),
    [
        ("<b>粗</b>的", Seq(Bold(Words("粗")), Words("的"))),
        ("<strong><em>都</em></strong>", Seq(Bold(Italic(Words("都"))))),
        ('<a href="https://example.org">看</a>', Seq(Link("https://example.org", Words("看")))),
        ('<a href="javascript:alert(1)">看</a>', None),
        ("<pre><code>a  b\n c</code></pre>", Seq(Mono(Words("a  b\n c")))),
        ("<mx-reply><blockquote>别人的话</blockquote></mx-reply>同<b>意</b>", Seq(Words("同"), Bold(Words("意")))),
        ("<blockquote><p>引</p></blockquote>\n<p>答</p>", Seq(Quote(Words("引")), Words("\n\n"), Words("答"))),
        ("<ol><li><p><b>一</b></p></li><li>二</li></ol>",
         Seq(Words("1. "), Bold(Words("一")), Words("\n"), Words("2. "), Words("二"))),
        ("<ul><li><i>甲</i></li></ul>", Seq(Words("• "), Italic(Words("甲")))),
        ("a<br>b", None),
        ("<b>x</b><script>alert(1)</script>", None),
        ("<b>" * (DEEPEST + 1) + "x", None),
        ("<font color='red'>红</font><b>粗</b>", Seq(Words("红"), Bold(Words("粗")))),
        ("<b>粗<br></b>", Seq(Bold(Words("粗")))),
        ("<b>x</b><!-- <i> -->", None),
        ("<![<b>", None),
        (7, None),
    ],
)  # fmt: skip
def test_html_becomes_a_tree(html: object, tree: Node | None) -> None:
    assert rich_of(html) == tree


@settings(max_examples=500, deadline=None)
@given(st.lists(PIECE, max_size=14).map("".join))
def test_what_is_shown_is_what_was_formatted(html: str) -> None:
    tree = rich_of(html)
    if tree is None:
        return
    spans = render(tree, READER)
    allowed = {SHOWN[style] for span in spans for style in span.styles if style in SHOWN} | {"br"}
    body = text_of(spans)
    allowed |= {"ul", "li"} if any(line.startswith(BULLET) for line in body.split("\n")) else set()
    allowed |= {"a"} if any(span.url for span in spans) else set()
    [content] = contents_of(tree, READER, [])
    seen = Seen(content.get("formatted_body", ""))
    assert seen.tags <= allowed
    assert all(link.startswith(("https://", "http://", "mailto:")) for link in seen.links)
    if "formatted_body" in content:
        words = "".join(span.text for span in spans)
        assert seen.words == words.replace("\n", "").replace(BULLET, "") or "•" in words


def test_a_message_with_its_formatting_and_without_our_name() -> None:
    def said(body: str, html: str, **more: str) -> object:
        html_too = {"format": "org.matrix.custom.html", "formatted_body": html}
        content = {"msgtype": "m.text", "body": body, **html_too, **more}
        event = {"type": "m.room.message", "sender": "@li:x", "event_id": "$1", "content": content}
        inbound = parse({"event": event, "room": "!r", "me": "@gongfang:x"})
        assert inbound is not None
        return inbound.rich

    assert said("粗的", "<b>粗</b>的") == Seq(Bold(Words("粗")), Words("的"))
    assert said("gongfang: 帮助", "<a href='https://matrix.to/#/@gongfang:x'>gongfang</a>: 帮助") is None
    assert said("粗", "<b>粗</b>", format="strange") is None
