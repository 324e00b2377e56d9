"""What the emulated server refuses, and in whose words: those of the official one."""

from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.emulators.conftest import Ask
from tests.emulators.telegram import Bot, Emulator, Person, Refused, World, add_person
from tests.emulators.telegram.entities import formatted, units

BUTTON = {"text": "好", "callback_data": "a"}


def keyboard(**button: Any) -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": "好", **button}]]}


SENDING: list[tuple[str, dict[str, Any], str]] = [
    ("sendMessage", {"chat_id": ""}, "message text is empty"),
    ("sendMessage", {"chat_id": "", "text": "x"}, "chat_id is empty"),
    ("sendMessage", {"chat_id": 4711, "text": "x"}, "chat not found"),
    ("sendMessage", {"chat_id": -4711, "text": "x"}, "chat not found"),
    ("sendMessage", {"chat_id": "@nobody", "text": "x"}, "chat not found"),
    ("sendMessage", {"text": "  \n "}, "text must be non-empty"),
    ("sendMessage", {"text": "\u202e\u2028"}, "text must be non-empty"),
    ("sendMessage", {"text": "\u200b \u2060"}, "text must be non-empty"),
    ("sendMessage", {"text": "字" * 4097}, "message is too long"),
    ("sendMessage", {"text": "x", "message_thread_id": 1}, "message thread not found"),
    ("sendMessage", {"text": "x", "parse_mode": "HTML"}, "parse_mode is not supported"),
    ("sendMessage", {"text": "x", "parse_mode": "Rich"}, "unsupported parse_mode"),
    ("sendMessage", {"text": "x", "nonsense": 1}, "parameter nonsense of sendMessage is not supported"),
    ("sendMessage", {"text": "x", "reply_parameters": {"message_id": 99}}, "message to be replied not found"),
    ("sendMessage", {"text": "x", "reply_markup": keyboard(callback_data="字" * 22)}, "BUTTON_DATA_INVALID"),
    ("sendMessage", {"text": "x", "reply_markup": keyboard()}, "Text buttons are unallowed in the inline keyboard"),
    ("sendMessage", {"text": "x", "reply_markup": keyboard(url="http://localhost/x")}, "Wrong HTTP URL"),
    ("sendMessage", {"text": "x", "reply_markup": keyboard(callback_data="a", style="pink")}, "invalid button style"),
    ("sendMessage", {"text": "x", "reply_markup": keyboard(web_app={})}, "web_app is not supported"),
    ("sendMessage", {"text": "x", "reply_markup": {"inline_keyboard": [BUTTON]}}, "must be an Array of Arrays"),
    ("sendMessage", {"text": "x", "reply_markup": {"inline_keyboard": [[BUTTON] * 101]}}, "reply markup is too long"),
    ("sendMessage", {"text": "x", "reply_markup": "{"}, "can't parse reply keyboard markup JSON object"),
    ("sendPhoto", {}, "there is no photo in the request"),
    ("sendPhoto", {"photo": "nonsense"}, "wrong file identifier/HTTP URL specified"),
    ("sendPhoto", {"photo": "https://example.org/a.jpg"}, "failed to get HTTP URL content"),
    ("sendPhoto", {"photo": "x", "caption": "字" * 1025}, "message caption is too long"),
    ("sendMediaGroup", {}, 'parameter "media" is required'),
    ("sendMediaGroup", {"media": [{"type": "photo", "media": "x"}]}, "2-10 items"),
    ("sendMediaGroup", {"media": [{"type": "photo", "media": "x"}] * 11}, "too many messages to send as an album"),
    (
        "sendMediaGroup",
        {"media": [{"type": "photo", "media": "x"}, {"type": "document", "media": "y"}]},
        "Document can't be mixed with other media types",
    ),
    ("sendMediaGroup", {"media": [{"type": "photo", "media": "x", "has_spoiler": True}] * 2}, "field has_spoiler"),
    ("sendMediaGroup", {"media": [{"type": "animation", "media": "x"}] * 2}, 'type "animation" is unsupported'),
    ("sendMediaGroup", {"media": [{"type": "photo"}] * 2}, "media not found"),
    ("sendChatAction", {"action": "dancing"}, "wrong parameter action in request"),
    ("sendPoll", {"options": ["a"]}, "text must be non-empty"),
    ("sendPoll", {"question": "字" * 301, "options": ["a"]}, "poll question length must not exceed 300"),
    ("sendPoll", {"question": "?", "options": []}, "poll must have at least one answer option"),
    ("sendPoll", {"question": "?", "options": ["a", "a"]}, "POLL_OPTION_DUPLICATE"),
    ("sendPoll", {"question": "?", "options": [str(n) for n in range(13)]}, "poll can't have more than 12 options"),
    ("sendPoll", {"question": "?", "options": ["a" * 101]}, "poll options length must not exceed 100"),
    ("sendPoll", {"question": "?", "options": ["a"], "type": "quiz"}, "correct quiz option list must be non-empty"),
    ("sendPoll", {"question": "?", "options": ["a"], "type": "test"}, "unsupported poll type specified"),
    ("sendPoll", {"question": "?", "options": ["a"], "open_period": 2}, "POLL_OPEN_PERIOD_INVALID"),
    ("editMessageText", {"message_id": 99, "text": "x"}, "message to edit not found"),
    ("editMessageCaption", {"message_id": 99, "caption": "x"}, "message to edit not found"),
    ("deleteMessage", {"message_id": 99}, "message to delete not found"),
    ("deleteMessages", {}, "message identifiers are not specified"),
    ("stopPoll", {"message_id": 99}, "message with poll to stop not found"),
    ("pinChatMessage", {"message_id": 99}, "message to pin not found"),
    ("copyMessage", {"message_id": 99}, 'parameter "from_chat_id" is required'),
    ("setMessageReaction", {"message_id": 99}, "message to react not found"),
    ("createForumTopic", {"name": "x"}, "the chat is not a forum"),
    ("createChatInviteLink", {}, "can't invite members to a private chat"),
    ("setChatPermissions", {"permissions": {}}, "can't change chat permissions"),
    ("getChatAdministrators", {}, "there are no administrators in the private chat"),
]


@pytest.mark.parametrize(("method", "arguments", "words"), SENDING)
async def test_what_cannot_be_sent(
    method: str, arguments: dict[str, Any], words: str, ask: Ask, li: Person, world: World
) -> None:
    body = await ask(method, **{"chat_id": li.id, **arguments})
    assert (body["error_code"], body["description"][:13]) == (400, "Bad Request: ")
    assert words in body["description"]
    assert not world.accepted


@pytest.mark.parametrize(
    ("method", "arguments", "words"),
    [
        ("getFile", {}, "file_id not specified"),
        ("getFile", {"file_id": "x"}, "invalid file_id"),
        ("answerCallbackQuery", {"callback_query_id": "1"}, "query is too old and response timeout expired"),
        ("setMyCommands", {"commands": [{"command": "Bad-Name", "description": "x"}]}, "BOT_COMMAND_INVALID"),
        ("setMyCommands", {"commands": [{"command": "x", "description": "x"}] * 101}, "BOT_COMMANDS_TOO_MUCH"),
        ("setMyCommands", {"commands": [{"command": "x", "description": ""}]}, "BOT_COMMAND_DESCRIPTION_INVALID"),
        ("setMyCommands", {"commands": [{"command": "x", "description": "x" * 257}]}, "DESCRIPTION_INVALID"),
        ("setMyCommands", {"commands": [], "language_code": "zh-hans"}, "LANG_CODE_INVALID"),
        ("setMyCommands", {"commands": [], "scope": {"type": "moon"}}, "Unsupported type specified"),
        ("setMyCommands", {"commands": [], "scope": {"type": "chat"}}, "Empty chat_id specified"),
        ("setWebhook", {"url": "http://example.org/x"}, "An HTTPS URL must be provided"),
        ("setWebhook", {"url": "https://127.0.0.1/", "secret_token": "ß"}, "secret token contains unallowed"),
        ("setWebhook", {"url": "https://127.0.0.1/", "secret_token": "a" * 257}, "secret token is too long"),
    ],
)
async def test_what_else_is_ill_formed(method: str, arguments: dict[str, Any], words: str, ask: Ask) -> None:
    body = await ask(method, **arguments)
    assert body["error_code"] == 400 and words in body["description"]


async def test_tokens_methods_and_paths(telegram: Emulator, bot: Bot, ask: Ask) -> None:
    assert (await ask("getMe", token="12:wrong"))["description"] == "Unauthorized"
    assert (await ask("getMe", token="nonsense"))["description"] == "Unauthorized: invalid token specified"
    assert (await ask("sendTelepathy"))["description"] == "Not Found: method not found"
    assert (await ask("GETME"))["result"]["username"] == bot.username
    async with httpx2.AsyncClient(base_url=telegram.api_base, trust_env=False) as client:
        assert (await client.get("/nothing")).json()["error_code"] == 404
        assert (await client.get(f"/bot{bot.token}/getMe")).json()["ok"]
        assert (await client.get(f"/file/bot{bot.token}/photos/none.jpg")).status_code == 404
        assert (await client.post(f"/bot{bot.token}/getMe", content=b"{", headers=JSON)).status_code == 400
        huge = await client.post(f"/bot{bot.token}/sendDocument", files={"document": b"x" * (52 << 20)})
        assert huge.json()["description"] == "Request Entity Too Large"


JSON = {"content-type": "application/json"}


async def test_whom_a_bot_can_write_to(world: World, bot: Bot, li: Person, ask: Ask) -> None:
    stranger, neighbour = add_person(world, "陌生人"), add_person(world, "邻座")
    li.create_group("组", bot, neighbour)
    assert (await ask("sendMessage", chat_id=stranger.id, text="x"))["description"] == "Bad Request: chat not found"
    body = await ask("sendMessage", chat_id=neighbour.id, text="x")
    assert (body["error_code"], body["description"]) == (
        403,
        "Forbidden: bot can't initiate conversation with a user",
    )
    neighbour.say(bot, "你好")
    assert (await ask("sendMessage", chat_id=neighbour.id, text="x"))["ok"]
    neighbour.block(bot)
    body = await ask("sendMessage", chat_id=neighbour.id, text="x")
    assert (body["error_code"], body["description"]) == (403, "Forbidden: bot was blocked by the user")
    li.delete_account()
    assert (await ask("sendMessage", chat_id=li.id, text="x"))["description"] == "Forbidden: user is deactivated"


async def test_groups_that_are_over(world: World, bot: Bot, li: Person, ask: Ask) -> None:
    group, other = li.create_group("组", bot), li.create_group("组", bot, kind="supergroup")
    new = li.migrate(group)
    body = await ask("sendMessage", chat_id=group.id, text="x")
    assert body["description"] == "Bad Request: group chat was upgraded to a supergroup chat"
    assert body["parameters"] == {"migrate_to_chat_id": new.id}
    assert (await ask("sendMessage", chat_id=new.id, text="x"))["ok"]
    li.remove(other, bot)
    body = await ask("sendMessage", chat_id=other.id, text="x")
    assert body["description"] == "Forbidden: bot was kicked from the supergroup chat"
    assert (await ask("leaveChat", chat_id=new.id))["ok"]
    body = await ask("getChat", chat_id=new.id)
    assert body["description"] == "Forbidden: bot is not a member of the supergroup chat"


async def test_edits(world: World, bot: Bot, li: Person, ask: Ask) -> None:
    sent = await ask("sendMessage", chat_id=li.id, text="一", reply_markup=keyboard(callback_data="a"))
    which = {"chat_id": li.id, "message_id": sent["result"]["message_id"]}
    body = await ask("editMessageText", **which, text="一", reply_markup=keyboard(callback_data="a"))
    assert body["description"].startswith("Bad Request: message is not modified: specified new message content")
    body = await ask("editMessageCaption", **which, caption="x")
    assert body["description"] == "Bad Request: there is no caption in the message to edit"
    edited = await ask("editMessageText", **which, text="二")
    assert "reply_markup" not in edited["result"] and not li.sees(bot)[-1].buttons
    asked = await ask("sendMessage", chat_id=li.id, text="x", reply_markup={"keyboard": [["好"]]})
    body = await ask("editMessageText", chat_id=li.id, message_id=asked["result"]["message_id"], text="y")
    assert body["description"] == "Bad Request: message can't be edited"
    theirs = li.say(bot, "mine")
    body = await ask("editMessageText", chat_id=li.id, message_id=theirs.id, text="y")
    assert body["description"] == "Bad Request: message can't be edited"


async def test_deleting(world: World, bot: Bot, li: Person, ask: Ask) -> None:
    group = li.create_group("组", bot)
    theirs = li.say(group, "x")
    mine = (await ask("sendMessage", chat_id=group.id, text="x"))["result"]["message_id"]
    assert not (await ask("deleteMessage", chat_id=group.id, message_id=theirs.id))["ok"]
    assert (await ask("deleteMessage", chat_id=group.id, message_id=mine))["ok"]
    old = (await ask("sendMessage", chat_id=group.id, text="x"))["result"]["message_id"]
    world.clock.advance(49 * 3600)
    body = await ask("deleteMessage", chat_id=group.id, message_id=old)
    assert body["description"] == "Bad Request: message can't be deleted for everyone"
    li.promote(group, bot)
    assert (await ask("deleteMessages", chat_id=group.id, message_ids=[old, theirs.id, 4711]))["ok"]
    assert old not in group.messages and theirs.id not in group.messages


async def test_answers_to_presses(world: World, bot: Bot, li: Person, ask: Ask) -> None:
    await ask("sendMessage", chat_id=li.id, text="?", reply_markup=keyboard(callback_data="a"))
    press = li.press(li.sees(bot)[-1], "好")
    body = await ask("answerCallbackQuery", callback_query_id=press.id, text="字" * 201)
    assert body["description"] == "Bad Request: MESSAGE_TOO_LONG"
    assert (await ask("answerCallbackQuery", callback_query_id=press.id, text="字" * 200))["ok"]
    late = li.press(li.sees(bot)[-1], "好")
    world.clock.advance(16)
    assert "query is too old" in (await ask("answerCallbackQuery", callback_query_id=late.id))["description"]
    assert late.answer is None


async def test_topics(world: World, bot: Bot, li: Person, ask: Ask) -> None:
    forum, plain = li.create_group("论坛", bot, forum=True), li.create_group("组", bot, kind="supergroup")
    assert not (await ask("createForumTopic", chat_id=forum.id, name="课"))["ok"]
    li.promote(forum, bot)
    topic = (await ask("createForumTopic", chat_id=forum.id, name="课"))["result"]["message_thread_id"]
    where = {"chat_id": forum.id, "message_thread_id": topic}
    sent = (await ask("sendMessage", text="x", **where))["result"]
    assert sent["is_topic_message"] and sent["reply_to_message"]["forum_topic_created"]["name"] == "课"
    general = (await ask("sendMessage", text="x", chat_id=forum.id))["result"]
    assert "message_thread_id" not in general and "is_topic_message" not in general
    for thread in (1, 4711):
        body = await ask("sendMessage", text="x", chat_id=forum.id, message_thread_id=thread)
        assert body["description"] == "Bad Request: message thread not found"
    assert (
        "message_thread_id" not in (await ask("sendMessage", text="x", chat_id=plain.id, message_thread_id=9))["result"]
    )
    assert (await ask("closeForumTopic", **where))["ok"]
    assert (await ask("closeForumTopic", **where))["description"] == "Bad Request: TOPIC_NOT_MODIFIED"
    li.promote(forum, bot, without=("can_manage_topics",))
    assert (await ask("sendMessage", text="x", **where))["description"] == "Bad Request: TOPIC_CLOSED"
    assert (await ask("reopenForumTopic", **where))["ok"]  # one's own topic needs no right
    theirs = {"chat_id": forum.id, "message_thread_id": li.create_topic(forum, "别的").id}
    body = await ask("editForumTopic", name="x", **theirs)
    assert body["description"] == "Bad Request: not enough rights to manage topics in the chat"


pieces = st.text(st.sampled_from("ab 字😀🏆\n"), max_size=12)


@given(pieces, st.integers(-1, 14), st.integers(-1, 14))
def test_entities_lie_on_characters(text: str, offset: int, length: int) -> None:
    edges = [units(text[:at]) for at in range(len(text) + 1)]
    good = offset in edges and length >= 0 and offset + length in edges
    try:
        said, found = formatted(text, [{"type": "bold", "offset": offset, "length": length}])
    except Refused as refused:
        assert refused.code == 400 and (not good or not length) and "entity" in refused.description.lower()
        return
    assert said == text.strip() and (good or length == 0)
    whole = covered(text, {"offset": offset, "length": length})
    assert [covered(said, entity).strip() for entity in found] == ([whole.strip()] if whole.strip() else [])


def test_a_link_to_a_host_without_a_dot_is_dropped() -> None:
    link = {"type": "text_link", "offset": 0, "length": 2}
    assert formatted("这里", [{**link, "url": "http://localhost:8000/x"}]) == ("这里", [])
    assert formatted("这里", [{**link, "url": "https://example.org/x"}])[1]


def test_what_the_server_recognises() -> None:
    said, found = formatted("/log@gongfang_bot 看 https://a.cn/x @li_laoshi #课 a@b.cn", None)
    assert {entity["type"]: covered(said, entity) for entity in found} == {
        "bot_command": "/log@gongfang_bot",
        "url": "https://a.cn/x",
        "mention": "@li_laoshi",
        "hashtag": "#课",
        "email": "a@b.cn",
    }


def covered(text: str, entity: dict[str, Any]) -> str:
    """The part of a text that an entity is about."""
    start, stop = entity["offset"], entity["offset"] + entity["length"]
    return text.encode("utf-16-le")[start * 2 : stop * 2].decode("utf-16-le")
