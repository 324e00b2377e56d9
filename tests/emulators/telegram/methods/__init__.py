"""Every method of the Bot API that this emulator knows; importing this registers them."""

from tests.emulators.telegram.methods import account, chats, commands, editing, members, polls, sending, topics
from tests.emulators.telegram.methods.registry import METHODS, check_parameters, find_method

__all__ = [
    "METHODS",
    "account",
    "chats",
    "check_parameters",
    "commands",
    "editing",
    "find_method",
    "members",
    "polls",
    "sending",
    "topics",
]
