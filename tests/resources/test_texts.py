"""How a resource reads in full (G9), and what is said to who pushed it."""

import pytest

from api.messaging.reasons import REASONS
from api.messaging.render import Reader, plain
from api.resources.texts import lost_tree, resource_tree
from api.times import zone_of
from storage.broadcasts import Unsent
from storage.messaging import DROPPED
from storage.people import Person
from storage.resources import Resource
from tests.support.talk import NOW

READER = Reader("zh_CN", zone_of("Asia/Shanghai"), NOW)


def read(text: str) -> str:
    resource = Resource(title="示范课", kind="other", subject="", tags=[], text=text, url="https://a.cn/1", version=1)
    return plain(resource_tree(resource, Person(name="王老师")), READER)


def test_a_link_stands_below_the_words() -> None:
    assert read("第二段最好").endswith("第二段最好\nhttps://a.cn/1")


def test_a_link_that_stands_in_the_words_is_not_said_twice() -> None:
    assert read("看 https://a.cn/1 第二段").count("https://a.cn/1") == 1


@pytest.mark.parametrize("reason", [*REASONS, DROPPED])
def test_who_pushed_it_is_advised_nothing_that_an_administrator_does(reason: str) -> None:
    said = plain(lost_tree([Unsent("李老师", "dead", reason)], 1), READER)
    assert not any(part in said for part in ("请重发", "再重发", "重发前", "运维", "请把绑定码"))
    assert (reason == "gave_up") <= ("请联系区域管理员" in said)
