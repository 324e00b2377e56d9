"""Addresses that Telegram makes no links of (http://localhost) are said: nobody is left without an answer."""

from typing import Any

import pytest

from api.messaging.render import Reader, render
from api.messaging.tree import Button, Lines, Link, Words
from api.times import zone_of
from bot.platforms.telegram.markup import is_web_address, pieces_of
from tests.support.talk import NOW
from tests.support.telegram import TelegramWorld
from tests.telegram.test_sending import tell

HERE = "http://localhost:8000"


async def test_the_way_to_the_pages_is_said_where_it_cannot_be_a_button(world: TelegramWorld) -> None:
    li: Any = await world.teacher("李老师")
    world.runtime.config.web.base_url = HERE
    await li.say("/web")
    said = li.messages()[-1]
    assert f"{HERE}/" in said.text and not any("url" in key for row in said.buttons for key in row)


async def test_check_says_so(world: TelegramWorld) -> None:
    notes = {finding.subject: finding for finding in await world.telegram.check()}
    assert "telegram links" not in notes or not notes["telegram links"].well
    world.runtime.config.web.base_url = HERE
    (finding,) = [one for one in await world.telegram.check() if one.subject == "telegram links"]
    assert not finding.well and HERE in repr(finding.note)
    world.runtime.config.web.base_url = "https://yanxiu.example.org"
    assert "telegram links" not in [one.subject for one in await world.telegram.check()]


async def test_buttons_and_links_that_are_refused_become_words(world: TelegramWorld) -> None:
    li: Any = await world.teacher("李老师")
    rows = [[Button(Words("好"), "x:1"), Button(Words("打开"), url=f"{HERE}/a")],
            [Button(Words("别处"), url="https://example.org/")]]  # fmt: skip
    await tell(world, li, Lines(Words("看"), Link(f"{HERE}/b", Words("这里")), Link(HERE, Words(HERE))), rows)
    (said,) = li.messages()
    assert said.text == f"看\n这里 {HERE}/b\n{HERE}\n打开 {HERE}/a" and said.labels == ["好", "别处"]


@pytest.mark.parametrize(
    ("url", "fine"),
    [("https://example.org/x", True), ("http://10.0.0.1:8000", True), (HERE, False), ("http://host/x.y", False),
     ("mailto:a@b", True), ("http://[bad", False)],
)  # fmt: skip
def test_web_addresses(url: str, fine: bool) -> None:
    assert is_web_address(url) is fine


@pytest.mark.parametrize("text", ["\u200b", "\u2028\u200e ", "\u2800\n"])
def test_what_nobody_sees_is_no_message(text: str) -> None:
    reader = Reader("zh_CN", zone_of("Asia/Shanghai"), NOW)
    assert render(Words(text), reader) and pieces_of(Words(text), reader) == []
