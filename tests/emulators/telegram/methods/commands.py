"""The menus of commands: by scope and language, and which of them somebody sees."""

import re
from typing import Any

from tests.emulators.telegram import access
from tests.emulators.telegram.call import Call
from tests.emulators.telegram.errors import bad
from tests.emulators.telegram.methods.registry import method
from tests.emulators.telegram.model import Bot, Chat, Json, User

MOST, DESCRIPTION = 100, 256
NAME = re.compile(r"[a-z0-9_]{1,32}")
SIMPLE = {"default", "all_private_chats", "all_group_chats", "all_chat_administrators"}
OF_CHAT = {"chat", "chat_administrators", "chat_member"}


@method("setMyCommands", "commands scope language_code")
def set_my_commands(call: Call) -> bool:
    """The commands of one scope and language."""
    given = call.decoded("commands", "commands", [])
    if not isinstance(given, list):
        raise bad("expected an Array of BotCommand")
    if len(given) > MOST:
        raise bad("BOT_COMMANDS_TOO_MUCH")
    call.bot.commands[_key(call)] = [_command(one) for one in given]
    call.world.touch()
    return True


@method("getMyCommands", "scope language_code")
def get_my_commands(call: Call) -> list[Json]:
    """What was set for exactly this scope and language."""
    return call.bot.commands.get(_key(call), [])


@method("deleteMyCommands", "scope language_code")
def delete_my_commands(call: Call) -> bool:
    """Nothing of this scope and language any more: wider ones show again."""
    call.bot.commands.pop(_key(call), None)
    return True


def menu(bot: Bot, chat: Chat, user: User) -> list[Json]:
    """The commands that somebody's client shows in a chat: the narrowest scope that has any, their language first."""
    admin = chat.type != "private" and chat.member(user).admin
    scopes = [f"chat_member {chat.id} {user.id}"] if chat.type != "private" else []
    scopes += [f"chat_administrators {chat.id}"] if admin else []
    scopes += [f"chat {chat.id}"]
    scopes += ["all_chat_administrators"] if admin else []
    scopes += ["all_private_chats" if chat.type == "private" else "all_group_chats", "default"]
    for scope in scopes:
        for language in (user.language.partition("-")[0], ""):
            if commands := bot.commands.get((scope, language)):
                return commands
    return []


def _key(call: Call) -> tuple[str, str]:
    language = call.text("language_code")
    if language and not re.fullmatch(r"[a-z]{2}", language):
        raise bad("LANG_CODE_INVALID")
    return _scope(call, call.decoded("scope", "BotCommandScope")), language


def _scope(call: Call, given: Any) -> str:
    if given is None:
        return "default"
    if not isinstance(given, dict):
        raise bad("can't parse BotCommandScope: BotCommandScope must be an Object")
    kind = given.get("type")
    if kind in SIMPLE:
        return str(kind)
    if kind not in OF_CHAT:
        raise bad("can't parse BotCommandScope: Unsupported type specified")
    if not given.get("chat_id"):
        raise bad("can't parse BotCommandScope: Empty chat_id specified")
    chat = access.find_chat(call, str(given["chat_id"]))
    if kind != "chat_member":
        return f"{kind} {chat.id}"
    if not isinstance(given.get("user_id"), int) or given["user_id"] <= 0:
        raise bad("can't parse BotCommandScope: Invalid user_id specified")
    return f"chat_member {chat.id} {given['user_id']}"


def _command(given: Any) -> Json:
    if not isinstance(given, dict):
        raise bad("can't parse BotCommand: expected an Object")
    if strange := given.keys() - {"command", "description"}:
        raise bad(f"field {sorted(strange)[0]} of BotCommand is not supported by this emulator")
    name = str(given.get("command", "")).removeprefix("/").lower()
    about = str(given.get("description", ""))
    if not NAME.fullmatch(name):
        raise bad("BOT_COMMAND_INVALID")
    if not about.strip():
        raise bad("BOT_COMMAND_DESCRIPTION_INVALID" if "description" in given else "command description is empty")
    if len(about) > DESCRIPTION:
        raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": name, "description": about}
