"""What bots hear of what people do: privacy mode, membership, groups, polls."""

from typing import Any

import pytest

from tests.emulators.conftest import Ask
from tests.emulators.telegram import Bot, Person, World, add_person
from tests.emulators.telegram.methods.commands import menu

EVERYTHING = ["message", "my_chat_member", "chat_member", "chat_join_request", "poll", "poll_answer", "edited_message"]


def heard(bot: Bot) -> list[tuple[str, dict[str, Any]]]:
    """What waits for a bot, and is then done with."""
    waiting = [(entry.kind, entry.payload) for entry in bot.queue.waiting()]
    bot.queue.clear()
    return waiting


def words(bot: Bot) -> list[str]:
    return [payload.get("text") or next(iter(payload.keys() & SERVICE)) for _, payload in heard(bot)]


SERVICE = {"new_chat_members", "left_chat_member", "forum_topic_created", "new_chat_title", "group_chat_created"}
SERVICE |= {"migrate_to_chat_id", "migrate_from_chat_id", "old_chat_member", "pinned_message", "forum_topic_closed"}


@pytest.mark.parametrize(
    ("said", "private", "open_", "admin"),
    [
        ("大家好", False, True, True),
        ("@gongfang_bot 你好", False, True, True),
        ("/log 今天", True, True, True),
        ("/log@gongfang_bot 今天", True, True, True),
        ("/log@another_bot 今天", False, True, True),
        ("看 /log", False, True, True),
    ],
)
async def test_privacy_mode(said: str, private: bool, open_: bool, admin: bool, li: Person, bot: Bot) -> None:
    group = li.create_group("组", bot)
    heard(bot)
    li.say(group, said)
    assert bool(heard(bot)) == private
    li.promote(group, bot)
    heard(bot)
    li.say(group, said)
    assert bool(heard(bot)) == admin
    li.demote(group, bot)
    bot.privacy = False
    heard(bot)
    li.say(group, said)
    assert bool(heard(bot)) == open_


async def test_replies_and_two_bots(world: World, bot: Bot, li: Person, ask: Ask) -> None:
    other = world.add_bot("other_bot", "别的")
    group = li.create_group("组", bot, other)
    await ask("sendMessage", chat_id=group.id, text="问")
    heard(bot)
    heard(other)
    li.say(group, "答", reply_to=li.sees(group)[-1])
    assert words(bot) == ["答"] and words(other) == []
    li.say(group, "/help")  # goes to the bot that spoke last
    assert words(bot) == ["/help"] and words(other) == []
    await ask("sendMessage", chat_id=group.id, text="我也", token=other.token)
    li.say(group, "/help")
    assert words(bot) == [] and words(other) == ["/help"]  # and no bot hears another


async def test_coming_and_going(world: World, bot: Bot, li: Person) -> None:
    bot.queue.allow(EVERYTHING)
    zhang = add_person(world, "张")
    group = li.create_group("组", bot, zhang)
    assert [(kind, *(payload.keys() & SERVICE)) for kind, payload in heard(bot)] == [
        ("my_chat_member", "old_chat_member"),
        ("message", "group_chat_created"),
    ]
    zhang.leave(group)
    assert words(bot) == ["left_chat_member"]  # chat_member goes to administrators only
    li.promote(group, bot)
    ((kind, change),) = heard(bot)
    assert kind == "my_chat_member" and change["new_chat_member"]["status"] == "administrator"
    li.invite(group, zhang)
    assert [kind for kind, _ in heard(bot)] == ["chat_member", "message"]
    li.remove(group, bot)
    (_, change), (_, farewell) = heard(bot)
    assert change["new_chat_member"]["status"] == "kicked" and farewell["left_chat_member"]["id"] == bot.id
    li.say(group, "/start@gongfang_bot")
    assert heard(bot) == []


async def test_blocking(bot: Bot, li: Person) -> None:
    li.block(bot)
    li.block(bot)
    ((kind, change),) = heard(bot)
    assert kind == "my_chat_member" and change["new_chat_member"]["status"] == "kicked"
    li.say(bot, "又来了")
    assert [kind for kind, _ in heard(bot)] == ["my_chat_member", "message"]


async def test_migration(bot: Bot, li: Person, ask: Ask) -> None:
    group = li.create_group("组", bot)
    heard(bot)
    new = li.migrate(group)
    told = heard(bot)
    assert [kind for kind, _ in told] == ["my_chat_member", "message", "message"]
    assert [payload["chat"]["id"] for _, payload in told] == [new.id, group.id, new.id]
    assert told[1][1]["migrate_to_chat_id"] == new.id and told[2][1]["migrate_from_chat_id"] == group.id
    assert told[1][1]["from"]["id"] == li.id
    assert told[2][1]["from"]["username"] == "GroupAnonymousBot" and told[2][1]["sender_chat"]["id"] == new.id
    assert new.member(li).status == "creator"


async def test_asking_to_join(world: World, bot: Bot, li: Person, ask: Ask) -> None:
    bot.queue.allow(EVERYTHING)
    group = li.create_group("组", bot, kind="supergroup")
    assert (await ask("createChatInviteLink", chat_id=group.id))["description"].endswith("manage chat invite link")
    li.promote(group, bot)
    link = (await ask("createChatInviteLink", chat_id=group.id, name="家长", creates_join_request=True))["result"]
    heard(bot)
    zhang = add_person(world, "张")
    zhang.join(group, link["invite_link"])
    ((kind, request),) = heard(bot)
    assert (
        kind == "chat_join_request" and request["user_chat_id"] == zhang.id and request["invite_link"]["name"] == "家长"
    )
    assert (await ask("sendMessage", chat_id=zhang.id, text="你是谁？"))["ok"]
    world.clock.advance(301)
    body = await ask("sendMessage", chat_id=zhang.id, text="还在吗？")
    assert body["description"] == "Forbidden: bot can't initiate conversation with a user"
    which = {"chat_id": group.id, "user_id": zhang.id}
    assert (await ask("approveChatJoinRequest", **which))["ok"] and group.member(zhang).inside
    (_, change), (_, greeting) = heard(bot)
    assert change["via_join_request"] and change["invite_link"]["name"] == "家长" and change["from"]["id"] == bot.id
    assert greeting["new_chat_members"][0]["id"] == zhang.id
    assert (await ask("approveChatJoinRequest", **which))["description"] == "Bad Request: USER_ALREADY_PARTICIPANT"
    wang = add_person(world, "王")
    wang.join(group, link["invite_link"])
    assert (await ask("declineChatJoinRequest", chat_id=group.id, user_id=wang.id))["ok"]
    again = await ask("declineChatJoinRequest", chat_id=group.id, user_id=wang.id)
    assert again["description"] == "Bad Request: HIDE_REQUESTER_MISSING" and not group.member(wang).inside
    await ask("revokeChatInviteLink", chat_id=group.id, invite_link=link["invite_link"])
    with pytest.raises(PermissionError):
        wang.join(group, link["invite_link"])


async def test_who_is_put_out_can_come_back_unless_banned(world: World, bot: Bot, li: Person, ask: Ask) -> None:
    bot.queue.allow(EVERYTHING)
    zhang = add_person(world, "张")
    group = li.create_group("组", bot, zhang, kind="supergroup")
    li.promote(group, bot)
    link = li.make_link(group)
    which = {"chat_id": group.id, "user_id": zhang.id}
    heard(bot)
    assert (await ask("unbanChatMember", **which))["ok"]
    assert [payload["new_chat_member"]["status"] for kind, payload in heard(bot) if kind == "chat_member"] == [
        "kicked",
        "left",
    ]
    zhang.join(group, link)
    assert (await ask("banChatMember", **which))["ok"]
    with pytest.raises(PermissionError):
        zhang.join(group, link)
    li.unban(group, zhang)
    zhang.join(group, link)
    basic = li.create_group("小组", bot, zhang)
    li.promote(basic, bot)
    assert (await ask("banChatMember", chat_id=basic.id, user_id=zhang.id))["ok"]
    again = await ask("banChatMember", chat_id=basic.id, user_id=zhang.id)
    assert again["description"] == "Bad Request: USER_NOT_PARTICIPANT"
    zhang.join(basic, li.make_link(basic))  # basic groups ban nobody


async def test_what_everybody_may_do(bot: Bot, li: Person, ask: Ask) -> None:
    group = li.create_group("组", bot)
    refused = await ask("setChatPermissions", chat_id=group.id, permissions={})
    assert refused["description"] == "Bad Request: not enough rights to change chat permissions"
    li.promote(group, bot)
    assert (await ask("setChatPermissions", chat_id=group.id, permissions={"can_send_polls": True}))["ok"]
    assert group.permissions == {"can_send_polls", "can_send_messages"}
    links = {"can_add_web_page_previews": True, "can_pin_messages": True}
    assert (await ask("setChatPermissions", chat_id=group.id, permissions=links))["ok"]
    assert {"can_send_photos", "can_send_messages", "can_manage_topics"} <= group.permissions
    alone = {"permissions": links, "use_independent_chat_permissions": True}
    assert (await ask("setChatPermissions", chat_id=group.id, **alone))["ok"]
    assert group.permissions == {"can_add_web_page_previews", "can_pin_messages", "can_manage_topics"}
    assert "must be uploaded" in (await ask("setChatPhoto", chat_id=group.id, photo="AgAD"))["description"]
    assert "there is no photo" in (await ask("setChatPhoto", chat_id=group.id))["description"]


async def test_votes(world: World, bot: Bot, li: Person, ask: Ask) -> None:
    quiz = {"question": "1+1?", "options": ["2", "3"], "type": "quiz", "correct_option_ids": [0], "is_anonymous": False}
    await ask("sendPoll", chat_id=li.id, **quiz)
    asked = li.sees(bot)[-1]
    li.vote(asked, 1)
    (_, answer), (_, state) = heard(bot)
    assert answer["option_ids"] == [1] and answer["user"]["id"] == li.id and len(answer["option_persistent_ids"]) == 1
    assert [option["voter_count"] for option in state["options"]] == [0, 1] and state["total_voter_count"] == 1
    with pytest.raises(PermissionError):
        li.vote(asked, 0)  # quizzes are answered once
    stopped = await ask("stopPoll", chat_id=li.id, message_id=asked.id)
    assert stopped["result"]["is_closed"] and stopped["result"]["correct_option_id"] == 0
    assert (await ask("stopPoll", chat_id=li.id, message_id=asked.id))["description"].endswith("already been closed")
    heard(bot)
    await ask("sendPoll", chat_id=li.id, question="?", options=["a", "b"], open_period=60)
    poll = li.sees(bot)[-1]
    li.vote(poll, 0)
    li.vote(poll)
    assert [kind for kind, _ in heard(bot)] == ["poll", "poll"]  # anonymous: nobody is named
    world.clock.advance(60)
    assert [payload["is_closed"] for _, payload in heard(bot)] == [True]
    with pytest.raises(PermissionError):
        li.vote(poll, 0)


async def test_a_forwarded_poll_is_the_same_poll(world: World, bot: Bot, li: Person, ask: Ask) -> None:
    zhang = add_person(world, "张")
    group = li.create_group("组", zhang)
    await ask("sendPoll", chat_id=li.id, question="?", options=["a", "b"], is_anonymous=False)
    copy = li.forward(li.sees(bot)[-1], group)
    zhang.vote(copy, 1)
    assert [kind for kind, _ in heard(bot)] == ["poll_answer", "poll"]


async def test_menus(world: World, bot: Bot, li: Person, ask: Ask) -> None:
    group, zhang = li.create_group("组", bot), add_person(world, "张", language="en")
    one = {"commands": [{"command": "log", "description": "写日志"}]}
    await ask("setMyCommands", **one)
    await ask("setMyCommands", commands=[{"command": "log", "description": "journal"}], language_code="en")
    await ask("setMyCommands", commands=[], scope={"type": "all_group_chats"})
    private = world.private(zhang, bot)
    assert menu(bot, private, zhang)[0]["description"] == "journal"
    assert menu(bot, world.private(li, bot), li)[0]["description"] == "写日志"
    host = {"type": "chat_administrators", "chat_id": group.id}
    await ask("setMyCommands", commands=[{"command": "push", "description": "推送"}], scope=host)
    assert menu(bot, group, li)[0]["command"] == "push" and menu(bot, group, zhang)[0]["command"] == "log"
    assert (await ask("getMyCommands", scope=host))["result"] == [{"command": "push", "description": "推送"}]
    assert (await ask("deleteMyCommands", scope=host))["ok"] and menu(bot, group, li)[0]["command"] == "log"


async def test_editing_topics_and_long_words(bot: Bot, li: Person) -> None:
    bot.privacy = False
    forum = li.create_group("论坛", bot, forum=True)
    topic = li.create_topic(forum, "课")
    heard(bot)
    said = li.say(topic, "一")
    li.edit(said, "一")
    li.edit(said, "二")
    (_, message), (kind, edited) = heard(bot)
    assert message["message_thread_id"] == topic.id and message["is_topic_message"]
    assert message["reply_to_message"]["forum_topic_created"]["name"] == "课"
    assert kind == "edited_message" and edited["text"] == "二" and edited["edit_date"]
    li.say(forum, "在总区")
    assert not heard(bot)[0][1].keys() & {"message_thread_id", "is_topic_message", "reply_to_message"}
    li.close_topic(topic)
    assert words(bot) == ["forum_topic_closed"]
    li.say(bot, "长" * 5000)
    assert [len(text) for text in words(bot)] == [4096, 904]


async def test_chats_that_speak(bot: Bot, li: Person) -> None:
    bot.privacy = False
    group = li.create_group("组", bot, kind="supergroup")
    channel = li.create_group("频道", bot, kind="channel")
    heard(bot)
    li.say(group, "匿名", as_chat=group)
    li.say(group, "频道说", as_chat=channel)
    li.say(channel, "公告")
    (_, anonymous), (_, by_channel), (kind, post) = heard(bot)
    assert anonymous["sender_chat"]["id"] == group.id and anonymous["from"]["username"] == "GroupAnonymousBot"
    assert by_channel["sender_chat"]["type"] == "channel" and by_channel["from"]["username"] == "Channel_Bot"
    assert kind == "channel_post" and "from" not in post


async def test_replies_in_supergroups_have_a_thread(bot: Bot, li: Person) -> None:
    bot.privacy = False
    group = li.create_group("组", bot, kind="supergroup")
    first = li.say(group, "一")
    li.say(group, "二", reply_to=first)
    (_, reply) = heard(bot)[-1]
    assert reply["message_thread_id"] == first.id and "is_topic_message" not in reply
