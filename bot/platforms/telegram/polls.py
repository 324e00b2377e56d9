"""Questions as Telegram's own polls and quizzes, where they fit. Imports aiogram.

Source: https://core.telegram.org/bots/api#sendpoll. Votes name who voted only when a poll is not anonymous.
"""

from datetime import timedelta
from typing import Any

from aiogram.methods import DeleteMessage, SendPoll, StopPoll

from api.messaging.delivering import Work
from api.messaging.polls import PREFIX, Poll
from api.messaging.render import Reader, plain
from bot.platforms.telegram.client import Client, ids_of
from bot.platforms.telegram.markup import units
from bot.platforms.telegram.reading import split_place

QUESTION_LIMIT, OPTION_LIMIT, EXPLANATION_LIMIT = 300, 100, 200
LEAST_OPTIONS, MOST_OPTIONS, MOST_BREAKS = 2, 12, 2
SOONEST, LATEST = timedelta(seconds=60), timedelta(seconds=2_628_000)  # it may close from 5 s on; sending takes time


def fields_of(poll: Poll, reader: Reader) -> dict[str, Any] | None:
    """What `sendPoll` is told of a question; None when it does not fit (or is over): then it is said with buttons."""
    question, options = plain(poll.question, reader), [plain(option, reader) for option in poll.options]
    fits = (
        not poll.closed
        and 0 < units(question) <= QUESTION_LIMIT
        and LEAST_OPTIONS <= len(options) <= MOST_OPTIONS
        and all(0 < units(option) <= OPTION_LIMIT for option in options)
        and len(set(options)) == len(options)
        and units(poll.reason) <= EXPLANATION_LIMIT
        and poll.reason.count("\n") <= MOST_BREAKS
    )
    if not fits:
        return None
    fields: dict[str, Any] = {
        "question": question, "options": options, "is_anonymous": False, "allows_multiple_answers": poll.multiple,
    }  # fmt: skip
    if poll.right:
        # passed on, it would tell others what is right before they have answered themselves
        fields |= {"type": "quiz", "correct_option_ids": list(poll.right), "explanation": poll.reason or None}
        fields["protect_content"] = True
    if poll.closes_at is not None and SOONEST <= poll.closes_at - reader.now <= LATEST:
        fields["close_date"] = int(poll.closes_at.timestamp())
    return fields


async def send_poll(client: Client, native: str, fields: dict[str, Any], paid: bool = False) -> list[str]:
    """Ask in a chat; returns the ids of the message and of the poll. Raises SendError."""
    chat, topic = split_place(native)
    asked = SendPoll(chat_id=chat, message_thread_id=topic, allow_paid_broadcast=paid or None, **fields)
    (sent,) = await client.send(asked)
    poll = sent.get("poll") or {}  # without its id votes are not known, and asking again would not help
    return [*ids_of([sent]), *([f"{PREFIX}{poll['id']}"] if poll.get("id") else [])]


async def change_poll(client: Client, work: Work) -> None:
    """The words of a poll cannot be changed: it ends when it is closed, and goes when there is none any more."""
    chat, _ = split_place(work.chat.native)
    message = int(work.targets[0])
    if work.poll is None:
        await client.call(DeleteMessage(chat_id=chat, message_id=message))
    elif work.poll.closed:
        await client.call(StopPoll(chat_id=chat, message_id=message))
