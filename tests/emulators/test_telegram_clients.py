"""Two independent clients call every method and read every answer and update: aiogram, and python-telegram-bot.

Both are imported in fixtures: aiogram alone takes seconds.
"""

import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
from PIL import Image

from tests.emulators.telegram import Bot, Emulator, Limits, Person, World, add_person
from tests.emulators.telegram.methods import METHODS
from tests.emulators.telegram.updates import KINDS

NOT_OURS = set(  # kinds of updates that nothing in this emulator causes
    "business_connection business_message edited_business_message deleted_business_messages guest_message "
    "message_reaction_count inline_query chosen_inline_result shipping_query pre_checkout_query purchased_paid_media "
    "chat_boost removed_chat_boost managed_bot".split()
)


def picture(color: str = "red") -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", (320, 200), color).save(kept, "PNG")
    return kept.getvalue()


@pytest.fixture
async def telegram() -> AsyncIterator[Emulator]:
    async with Emulator(limits=Limits(on=False)) as running:
        yield running


@pytest.fixture
async def aio(telegram: Emulator, bot: Bot) -> AsyncIterator[Any]:
    """An unmodified aiogram Bot."""
    from aiogram import Bot as Client
    from aiogram.client.session.aiohttp import AiohttpSession
    from aiogram.client.telegram import TelegramAPIServer

    session = AiohttpSession(api=TelegramAPIServer.from_base(telegram.api_base))
    client = Client(bot.token, session=session)
    yield client
    await session.close()


@pytest.fixture
async def ptb(telegram: Emulator, bot: Bot) -> AsyncIterator[Any]:
    """An unmodified python-telegram-bot Bot."""
    from telegram import Bot as Client

    base = telegram.api_base
    async with Client(bot.token, base_url=f"{base}/bot", base_file_url=f"{base}/file/bot") as client:
        yield client


async def test_aiogram_calls_every_method(
    telegram: Emulator, world: World, bot: Bot, li: Person, aio: Any, tmp_path: Any
) -> None:
    from aiogram import types as t

    group = li.create_group("论坛", bot, forum=True)
    li.promote(group, bot)
    zhang = add_person(world, "张")
    li.invite(group, zhang)
    file = t.BufferedInputFile
    buttons = t.InlineKeyboardMarkup(
        inline_keyboard=[[t.InlineKeyboardButton(text="好", callback_data="a", style="success")]]
    )
    bold = [t.MessageEntity(type="bold", offset=0, length=2)]

    assert (await aio.get_me()).username == bot.username
    text = await aio.send_message(li.id, "😀粗 /help", entities=bold, reply_markup=buttons)
    assert [entity.type for entity in text.entities] == ["bold", "bot_command"]
    assert text.reply_markup.inline_keyboard[0][0].callback_data == "a"
    edited = await aio.edit_message_text("改", chat_id=li.id, message_id=text.message_id)
    assert edited.edit_date and edited.reply_markup is None
    await aio.edit_message_reply_markup(chat_id=li.id, message_id=text.message_id, reply_markup=buttons)
    reply = await aio.send_message(
        li.id, "答", reply_parameters=t.ReplyParameters(message_id=text.message_id, allow_sending_without_reply=True)
    )
    assert reply.reply_to_message.text == "改"

    photo = await aio.send_photo(li.id, file(picture(), "a.png"), caption="图", caption_entities=[])
    assert photo.photo[-1].width == 320 and photo.photo[0].width < photo.photo[-1].width
    again = await aio.send_photo(li.id, photo.photo[-1].file_id)
    changed = await aio.edit_message_media(
        t.InputMediaPhoto(media=file(picture("blue"), "b.png"), caption="蓝"),
        chat_id=li.id,
        message_id=again.message_id,
    )
    assert changed.caption == "蓝"
    assert (await aio.edit_message_caption(chat_id=li.id, message_id=again.message_id, caption="青")).caption == "青"
    document = await aio.send_document(li.id, file(b"%PDF", "教案.pdf"), caption="x")
    assert (document.document.file_name, document.document.mime_type) == ("教案.pdf", "application/pdf")
    assert (await aio.send_voice(li.id, file(b"OggS", "v.ogg"), duration=3)).voice.duration == 3
    assert (await aio.send_video(li.id, file(b"mp4", "v.mp4"), width=10, height=20, duration=4)).video.height == 20
    assert (await aio.send_audio(li.id, file(b"ID3", "s.mp3"), title="歌")).audio.title == "歌"
    found = await aio.get_file(document.document.file_id)
    assert (await aio.download_file(found.file_path)).read() == b"%PDF"
    album = await aio.send_media_group(
        li.id,
        [t.InputMediaPhoto(media=file(picture(), "1.png"), caption="册"), t.InputMediaVideo(media=file(b"m", "2.mp4"))],
    )
    assert len({part.media_group_id for part in album}) == 1 and album[0].caption == "册"

    quiz = await aio.send_poll(
        li.id, "1+1?", ["2", t.InputPollOption(text="3")], type="quiz", correct_option_ids=[0], is_anonymous=False,
        explanation="想一想", open_period=600,
    )  # fmt: skip
    assert quiz.poll.correct_option_ids == [0] and quiz.poll.explanation == "想一想"
    assert (await aio.stop_poll(li.id, quiz.message_id)).is_closed
    assert await aio.send_chat_action(li.id, "typing")

    press = li.press(world.private(li).messages[text.message_id], "好")
    assert await aio.answer_callback_query(press.id, "收到", show_alert=True)
    assert press.answer == {"text": "收到", "show_alert": True, "url": ""}
    assert await aio.set_message_reaction(li.id, text.message_id, [t.ReactionTypeEmoji(emoji="👍")])
    assert await aio.pin_chat_message(group.id, (await aio.send_message(group.id, "钉")).message_id)
    assert await aio.unpin_chat_message(group.id)
    copied = await aio.copy_message(li.id, li.id, document.message_id, caption="抄")
    assert world.private(li).messages[copied.message_id].text == "抄"
    assert (await aio.forward_message(li.id, li.id, text.message_id)).forward_origin.sender_user.id == bot.id
    assert await aio.delete_message(li.id, copied.message_id)
    assert await aio.delete_messages(li.id, [reply.message_id, 4711])

    topic = await aio.create_forum_topic(group.id, "第一课")
    where = {"chat_id": group.id, "message_thread_id": topic.message_thread_id}
    assert (await aio.send_message(text="x", **where)).reply_to_message.forum_topic_created.name == "第一课"
    assert await aio.edit_forum_topic(name="第二课", **where)
    assert await aio.close_forum_topic(**where) and await aio.reopen_forum_topic(**where)
    assert await aio.delete_forum_topic(**where)

    full = await aio.get_chat(group.id)
    assert full.is_forum and full.permissions.can_send_messages
    assert (await aio.get_chat(li.id)).first_name == "李老师"
    assert [admin.status for admin in await aio.get_chat_administrators(group.id)] == ["creator", "administrator"]
    assert (await aio.get_chat_member(group.id, zhang.id)).status == "member"
    assert await aio.get_chat_member_count(group.id) == 3
    assert await aio.set_chat_title(group.id, "新") and await aio.set_chat_description(group.id, "关于")
    assert await aio.set_chat_photo(group.id, t.BufferedInputFile(picture(), "a.png"))
    assert (await aio.get_chat(group.id)).photo
    assert await aio.set_chat_permissions(group.id, t.ChatPermissions(can_send_messages=True))
    assert await aio.export_chat_invite_link(group.id)
    link = await aio.create_chat_invite_link(group.id, name="家长", creates_join_request=True)
    for number, decide in enumerate((aio.approve_chat_join_request, aio.decline_chat_join_request)):
        asker = add_person(world, f"家长{number}")
        asker.join(group, link.invite_link)
        assert await decide(group.id, asker.id)
    assert (await aio.revoke_chat_invite_link(group.id, link.invite_link)).is_revoked
    assert await aio.restrict_chat_member(group.id, zhang.id, t.ChatPermissions(can_send_messages=False))
    assert (await aio.get_chat_member(group.id, zhang.id)).status == "restricted"
    li.promote(group, bot, *group.member(bot).rights, "can_promote_members")
    assert await aio.promote_chat_member(group.id, zhang.id, can_pin_messages=True)
    assert await aio.set_chat_administrator_custom_title(group.id, zhang.id, "助教")
    assert (await aio.get_chat_member(group.id, zhang.id)).custom_title == "助教"
    assert await aio.ban_chat_member(group.id, zhang.id)
    assert (await aio.get_chat_member(group.id, zhang.id)).status == "kicked"
    assert await aio.unban_chat_member(group.id, zhang.id, only_if_banned=True)
    commands = [t.BotCommand(command="log", description="写日志")]
    scope = t.BotCommandScopeChatMember(chat_id=group.id, user_id=zhang.id)
    assert await aio.set_my_commands(commands, scope=scope, language_code="zh")
    kept = await aio.get_my_commands(scope=scope, language_code="zh")
    assert [(one.command, one.description) for one in kept] == [("log", "写日志")]
    assert await aio.delete_my_commands(scope=scope, language_code="zh")
    assert await aio.leave_chat(group.id)
    assert await aio.set_webhook("https://127.0.0.1:8443/x", drop_pending_updates=True, allowed_updates=["message"])
    assert (await aio.get_webhook_info()).url == "https://127.0.0.1:8443/x"
    assert await aio.delete_webhook()
    assert await aio.get_updates(timeout=0) == []

    called = {name.lower() for name, status in telegram.calls if status == 200}
    assert METHODS.keys() - called == set()


def live_a_little(world: World, bot: Bot, li: Person) -> None:
    """Cause every kind of update, and every kind of message."""
    bot.queue.allow(list(KINDS))
    bot.privacy = False
    zhang, picked = add_person(world, "张", "zhang_san"), picture()
    group = li.create_group("组", bot)
    li.promote(group, bot)
    forum = li.create_group("论坛", bot, forum=True, username="luntan")
    li.promote(forum, bot)
    channel = li.create_group("频道", bot, kind="channel")
    topic = li.create_topic(forum, "课")
    li.rename_topic(topic, "新课")
    said = li.say(topic, "你好 @zhang_san https://a.cn 😀", reply_to=li.sees(topic)[0])
    li.edit(said, "改")
    li.react(said, "👍")
    li.react(said)
    li.pin(said)
    li.close_topic(topic)
    li.retitle(group, "新组")
    zhang.join(forum)
    zhang.leave(forum)
    li.mute(forum, zhang)
    li.remove(forum, zhang)
    li.make_link(forum, asks=True)
    add_person(world, "王").join(forum, li.make_link(forum, asks=True))
    li.edit(li.say(channel, "公告"), "新公告")
    for kind in ("photo", "document", "voice", "video", "audio", "video_note", "sticker"):
        li.send(bot, kind, picked, f"a.{kind}", caption="题" if kind in ("photo", "document") else "", duration=3)
    li.send_album(bot, [("photo", picked, "1.png"), ("photo", picked, "2.png")], caption="册")
    li.send_raw(bot, {"location": {"latitude": 31.2, "longitude": 121.5}})
    li.send_raw(bot, {"contact": {"phone_number": "123", "first_name": "张"}})
    li.forward(li.say(bot, "原话"), bot)
    li.say(group, "匿名", as_chat=group)
    li.block(bot)
    li.start(bot, "join-abc")
    li.migrate(group)
    li.remove(forum, bot)


async def press_and_vote(world: World, li: Person, bot: Bot, client: Any) -> None:
    """The kinds that need something the bot sent."""
    await client.send_poll(li.id, "?", ["a", "b"], is_anonymous=False)
    li.vote(li.sees(bot)[-1], 0)
    private = world.private(li)
    shown = world.post(private, bot, world.text("按"), buttons=[[{"text": "好", "callback_data": "a"}]])
    li.press(shown, "好")
    li.delete(shown)
    li.press(shown, "好")  # the message is gone: an inaccessible one is named


async def test_aiogram_reads_every_update(telegram: Emulator, world: World, bot: Bot, li: Person, aio: Any) -> None:
    live_a_little(world, bot, li)
    await press_and_vote(world, li, bot, aio)
    updates = await aio.get_updates(limit=100)
    assert {update.event_type for update in updates} == set(KINDS) - NOT_OURS
    assert len(updates) == len(bot.queue.waiting())
    by_kind = {update.event_type: update.event for update in updates}
    assert by_kind["callback_query"].message.date == 0
    assert by_kind["chat_join_request"].user_chat_id
    unknown = {name for update in updates for name in strange(update)}
    assert unknown <= {
        "new_chat_member",
        "new_chat_participant",
        "left_chat_participant",
        "all_members_are_administrators",
    }


def strange(shown: Any) -> set[str]:
    """Fields that aiogram has no name for, anywhere inside an object."""
    found = set(getattr(shown, "model_extra", None) or {})
    for value in (
        (getattr(shown, name) for name in type(shown).model_fields) if hasattr(shown, "model_fields_set") else ()
    ):
        for one in value if isinstance(value, list) else [value]:
            found |= strange(one)
    return found


async def test_python_telegram_bot_reads_every_update(
    telegram: Emulator, world: World, bot: Bot, li: Person, ptb: Any
) -> None:
    live_a_little(world, bot, li)
    await press_and_vote(world, li, bot, ptb)
    updates = await ptb.get_updates(limit=100)
    assert len(updates) == len(bot.queue.waiting())
    assert {next(iter(update.to_dict().keys() - {"update_id"})) for update in updates} == set(KINDS) - NOT_OURS
    media = [update.message.effective_attachment for update in updates if update.message]
    assert len([one for one in media if one]) >= 11


async def test_python_telegram_bot_is_answered(world: World, bot: Bot, li: Person, ptb: Any) -> None:
    from telegram import InlineKeyboardButton, InlineKeyboardMarkup, InputMediaDocument, MessageEntity
    from telegram.error import BadRequest, ChatMigrated, Forbidden, RetryAfter

    buttons = InlineKeyboardMarkup([[InlineKeyboardButton("好", callback_data="a")]])
    sent = await ptb.send_message(li.id, "粗体", entities=[MessageEntity("bold", 0, 1)], reply_markup=buttons)
    assert sent.entities[0].type == "bold" and sent.reply_markup.inline_keyboard[0][0].callback_data == "a"
    photo = await ptb.send_photo(li.id, picture(), caption="图")
    fetched = await (await photo.photo[-1].get_file()).download_as_bytearray()
    assert bytes(fetched) == picture()
    album = await ptb.send_media_group(
        li.id, [InputMediaDocument(b"1", filename="1"), InputMediaDocument(b"2", filename="2")]
    )
    assert len(album) == 2
    spoken = [await ptb.send_voice(li.id, data, filename="说") for data in (b"OggS", b"\x1aE\xdf\xa3 a browser's webm")]
    assert [(one.voice is not None, one.document is not None) for one in spoken] == [(True, False), (False, True)]
    with pytest.raises(BadRequest, match="not modified"):
        await ptb.edit_message_text("粗体", li.id, sent.message_id, reply_markup=buttons, entities=sent.entities)
    group = li.create_group("组", bot)
    new = li.migrate(group)
    with pytest.raises(ChatMigrated) as moved:
        await ptb.send_message(group.id, "x")
    assert moved.value.new_chat_id == new.id
    li.block(bot)
    with pytest.raises(Forbidden, match="blocked by the user"):
        await ptb.send_message(li.id, "x")
    assert (await ptb.get_chat(new.id)).title == "组" and RetryAfter
