"""A day of a teacher, a host and an administrator: the dialogues that are played on paper, word for word on Telegram.

The tests are those of the capabilities; only the world they ask for is another one.
"""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from api.context import Context
from api.people.doors import telegram_link
from storage.communities import Community, Membership
from tests.communities.test_chat import (  # noqa: F401  they run here, with the fixtures of this module
    test_a_code_alone_is_enough,
    test_joining_from_the_list_and_hosts_deciding_once,
    test_opening_a_workshop_with_a_cohost,
    test_the_qr_code_comes_as_a_picture,
)
from tests.journals.test_chat import (  # noqa: F401
    test_change_withdraw_and_list,
    test_from_a_room_it_goes_on_privately,
    test_other_peoples_buttons_do_nothing,
)
from tests.notices.test_chat import (  # noqa: F401
    test_a_notice_in_the_room_is_previewed_privately_and_answered_there,
    test_who_has_not_is_told_to_the_sender_alone_and_only_they_are_reminded,
)
from tests.people.test_chat import (  # noqa: F401
    test_a_code_binds_after_the_privacy_notice,
    test_a_code_in_a_group_is_void,
)
from tests.progress.test_chat import test_my_progress, town  # noqa: F401
from tests.resources.test_chat import (  # noqa: F401
    test_a_forwarded_file_is_in_the_bank_after_two_presses,
    test_a_push_to_the_room_is_opened_privately_and_counted_once,
)
from tests.support.accounts import code_for, owner, school_of
from tests.support.classroom import Classroom, a_classroom, a_photo
from tests.support.county import County, a_county
from tests.support.telegram import TelegramWorld, a_telegram_world


@pytest.fixture
async def county(world: TelegramWorld) -> County:
    return await a_county(world)


@pytest.fixture
async def room(database_url: str) -> AsyncIterator[Classroom]:
    async with a_classroom(database_url, a_telegram_world) as room:
        yield room


async def test_a_deep_link_binds_and_joins(world: TelegramWorld) -> None:
    """As a QR code opens it: t.me/<bot>?start=<code>, a claim code or a join code."""
    county, school = await school_of(world)
    li: Any = await world.teacher("李梅", school)
    workshop = await world.workshop(county, "语文工坊", policy="open")
    await world.run(_set_code, workshop.id)
    phone: Any = world.new_voice("小李")
    code = await code_for(world, li)
    link = await world.run(telegram_link, code.replace("-", ""))
    assert link.startswith(f"https://t.me/{world.bot.username}?start=")
    phone.phone.start(world.bot, link.partition("=")[2])
    await world.settle()
    phone.expect("李梅", "会记录")
    await phone.press("同意")
    assert await owner(world, phone) == "李梅"
    phone.expect("欢迎你")
    phone.phone.start(world.bot, "AB123456")
    await world.settle()
    phone.expect("语文工坊")
    joined = await world.run(lambda ctx: ctx.session.query(Membership).filter_by(community_id=workshop.id).all())
    assert [row.status for row in joined] == ["active"]


def _set_code(ctx: Context, community_id: int) -> None:
    ctx.session.get_one(Community, community_id).join_code = "AB123456"


async def test_a_log_of_words_an_album_and_voice(room: Classroom) -> None:
    li: Any = room.li
    await li.say("日志")
    await li.say("今天听了王老师的识字课，孩子们很投入，我学到很多办法")
    photos = [{"kind": "photo", "name": "", "mime": "image/jpeg", "ref": {"key": f"p{n}"}} for n in range(2)]
    for photo in photos:
        room.world.paper.files[photo["ref"]["key"]] = a_photo()
    await li.say("", files=photos)
    await li.send_file("v.ogg", b"OggS" + b"v" * 50, "voice", "audio/ogg")
    li.expect("2 张照片 · 1 段语音")
    before = len(li.sheets())
    await li.press("预览")
    shown = li.sheets()[before:]
    assert [sheet.files for sheet in shown] == [["photo"], ["photo"], ["voice"], []], "an album, the voice, the words"
    assert "预览" in shown[-1].text and shown[-1].buttons
    await li.press("提交")
    li.expect("已交到识字工作坊")


async def test_what_is_too_long_for_one_message_arrives_whole(room: Classroom) -> None:
    await room.li.say("日志")
    await room.li.say("字" * 5000)
    room.li.expect("5000 字")


async def test_a_spreadsheet_is_a_document(room: Classroom) -> None:
    await room.zhang.say("成员")
    await room.zhang.press("导出表格")
    sheet: Any = room.zhang.expect("请不要转发到群里")
    assert sheet.message.content["document"]["file_name"].endswith(".xlsx")
