"""The pages as HTML: complete, escaped, under a strict policy, in both languages (issue 2, web chat)."""

import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from bot.platforms.web import pages
from tests.webchat import sample

VOID = {"img", "input", "meta", "link", "br", "path", "rect", "circle"}


class Seen(HTMLParser):
    """Tags, attributes and visible words of a page; complains about tags that do not match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        assert self.open == [], f"left open: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def drawn(name: str, language: str = "zh_CN") -> str:
    template, page, view = sample.PAGES[name]
    return pages.render(template, replace(page, language=language), **view)


@pytest.mark.parametrize("language", ["zh_CN", "en"])
@pytest.mark.parametrize("name", sample.PAGES)
def test_every_page_is_whole_and_keeps_the_policy(name: str, language: str) -> None:
    seen = Seen(drawn(name, language))
    for tag, attributes in seen.tags:
        assert tag != "style" and "style" not in attributes, f"inline style in <{tag}>: the policy blocks it"
        assert not [key for key in attributes if key.startswith("on")], f"inline handler in <{tag}>"
        if tag == "script":
            assert attributes.get("src", "").startswith("/web/static/"), "scripts come from static/ only"
        if tag in {"img", "link", "audio", "video", "script"}:
            address = attributes.get("src") or attributes.get("href") or "/"
            assert address.startswith("/"), f"<{tag}> asks somebody else: {address}"
        if tag == "form" and attributes.get("method") == "post":
            assert ("input", {"type": "hidden", "name": "csrf", "value": "csrf-token"}) in seen.tags
        if tag == "a" and attributes.get("target") == "_blank":
            assert "noopener" in attributes["rel"]
    ids = [attributes["id"] for _, attributes in seen.tags if "id" in attributes]
    assert len(ids) == len(set(ids)), "an id is used twice"


@pytest.mark.parametrize("name", sample.PAGES)
def test_what_people_typed_stays_text(name: str) -> None:
    assert "<img src=x" not in drawn(name)


@pytest.mark.parametrize("name", sample.PAGES)
def test_chinese_pages_have_no_english_left(name: str) -> None:
    words = " ".join(Seen(drawn(name)).words)
    for known in (sample.HOSTILE, "Chrome", "English", "Telegram", "XXXX", "docx"):
        words = words.replace(known, "")
    assert not re.findall(r"[A-Za-z]{4,}", words)


def test_forms_that_change_something_are_posts() -> None:
    for name in ("claim", "link"):
        (form,) = [attributes for tag, attributes in Seen(drawn(name)).tags if tag == "form"]
        assert form["method"] == "post"


def test_times_are_the_readers_own() -> None:
    assert "12:00" in drawn("post")
    template, page, view = sample.PAGES["post"]
    assert "04:00" in pages.render(template, replace(page, zone="UTC"), **view)


def test_a_day_line_stands_where_the_day_changes_and_once_for_the_unread() -> None:
    html = drawn("older")
    assert html.count('class="day"') == 2
    assert html.index('class="unread-from"') < html.index(f'id="p-{sample.NEXT_DAY.id}"')
    assert html.index(f'id="p-{sample.SAID.id}"') < html.index('class="unread-from"')


def test_posts_of_one_author_close_together_share_a_heading() -> None:
    first = sample.SAID
    soon = replace(first, seq=9, at=first.at + timedelta(minutes=4))
    assert pages.follows(soon, first)
    assert not pages.follows(soon, None)
    assert not pages.follows(replace(soon, at=first.at + timedelta(minutes=6)), first)
    assert not pages.follows(replace(soon, author=sample.LIN), first)
    assert not pages.follows(replace(soon, side="system"), replace(first, side="system"))


def test_a_new_day_begins_with_a_heading() -> None:
    late = replace(sample.SAID, at=sample.NOON + timedelta(hours=11, minutes=59))
    early = replace(late, id="post00000009", seq=9, at=late.at + timedelta(minutes=2))
    html = pages.render("posts.html", sample.PAGE, chat=replace(sample.CHAT, posts=(late, early)))
    assert html.count('class="day"') == 2 and 'class="post other follows"' not in html


def test_a_withdrawn_post_shows_nothing_of_what_it_said() -> None:
    html = pages.render("post.html", sample.PAGE, post=sample.GONE, alone=True)
    assert "已撤回" in html
    for gone in ("听课", "教案.docx", "/p/1", "提交", "onerror"):
        assert gone not in html


def test_a_pressed_or_disabled_button_cannot_be_pressed() -> None:
    keys = [attributes for tag, attributes in Seen(drawn("post")).tags if tag == "button" and "value" in attributes]
    assert [(key["value"], "disabled" in key) for key in keys] == [("s", False), ("ok", True)]


def test_who_may_not_write_is_told_why_and_gets_no_box() -> None:
    html = drawn("silent")
    assert "只有管理员能发言。" in html and "<textarea" not in html


def test_sizes_and_durations_read_well() -> None:
    assert [pages.size(n) for n in (820, 34_400, 1_540_000)] == ["820 B", "34 KB", "1.5 MB"]
    assert [pages.duration(n) for n in (9, 750)] == ["0:09", "12:30"]
