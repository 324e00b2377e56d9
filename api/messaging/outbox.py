"""Saying things: a message is a row, committed with its cause; deliveries say to whom. Nothing is sent in here."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select

from api.context import Context
from api.messaging.polls import Poll, pack_poll
from api.messaging.tree import Node, Rows, Words, pack, pack_rows
from storage import messages, outbox
from storage.messaging import Chat, Delivery, Message
from storage.rooms import rooms_of

REPLY, PERSONAL, BULK = 0, 1, 2
ACK_LANE = -1
LANES = {ACK_LANE: "ack", REPLY: "reply", PERSONAL: "personal", BULK: "bulk"}  # as figures and logs call them
ACK_LIFE = timedelta(seconds=10)
LIVE_LIFE = timedelta(hours=48)
EDIT_EVERY = {"private": timedelta(seconds=5), "room": timedelta(seconds=15)}


def write_message(
    ctx: Context, tree: Node, rows: Rows | None = None, files: Sequence[str] = (), live: bool = False,
    poll: Poll | None = None, answers_id: int | None = None,
) -> Message:  # fmt: skip
    """A message nobody is told yet. `files` are pids of attachments; a live one may be edited for 48 hours.

    `answers_id` is the message that it answers, shown as such where that was said, too. `poll` asks the same as the
    words and the rows do, where a platform has polls of its own.
    """
    until = ctx.now + LIVE_LIFE if live else None
    columns = {
        "tree": pack(tree), "buttons": pack_rows(rows or []), "files": list(files), "poll": pack_poll(poll),
        "live_until": until, "answers_id": answers_id,
    }  # fmt: skip
    return messages.add_message(ctx.session, created_at=ctx.now, **columns)


def say_in_chat(ctx: Context, chat_id: int, tree: Node, rows: Rows | None = None, *, files: Sequence[str] = (),
                lane: int = REPLY, live: bool = False, poll: Poll | None = None, **how: Any) -> Message:  # fmt: skip
    """Say something in one chat. `how`: not_before, expires_at, dedupe_key, guard, person_id (who is meant)."""
    message = write_message(ctx, tree, rows, files, live, poll)
    deliver_to_chats(ctx, message, [chat_id], lane, **how)
    return message


def tell_person(ctx: Context, person_id: int, tree: Node, rows: Rows | None = None, *, files: Sequence[str] = (),
                lane: int = PERSONAL, live: bool = False, **how: Any) -> Message:  # fmt: skip
    """Say something to a person, wherever they are at home when it is sent (G11)."""
    message = write_message(ctx, tree, rows, files, live)
    deliver_to_people(ctx, message, [person_id], lane, **how)
    return message


def answer_person(ctx: Context, person_id: int, chat_id: int | None, tree: Node, rows: Rows | None = None, *,
                  files: Sequence[str] = ()) -> Message:  # fmt: skip
    """Answer a person in the private chat of the account they spoke from; where that is over, at home.

    It may also end while the answer waits: then what is addressed to a person is routed anew.
    """
    own = ctx.session.get(Chat, chat_id) if chat_id is not None else None
    if own is None or own.state != "active":
        return tell_person(ctx, person_id, tree, rows, files=files, lane=REPLY)
    return say_in_chat(ctx, own.id, tree, rows, files=files, person_id=person_id)


def deliver_to_chats(ctx: Context, message: Message, chat_ids: Sequence[int], lane: int = REPLY, **how: Any) -> None:
    """One delivery of `message` to each chat."""
    at = how.pop("not_before", None) or ctx.now
    columns = {
        "message_id": message.id, "lane": lane, "not_before": at, "created_at": ctx.now, "cause": ctx.cause, **how,
    }  # fmt: skip
    messages.add_to_chats(ctx.session, chat_ids, **columns)
    ctx.said += len(chat_ids)
    ctx.wake("outbox")


def deliver_to_rooms(ctx: Context, message: Message, community_id: int, lane: int = REPLY, **how: Any) -> int:
    """One delivery to every room of a community; returns how many rooms there are."""
    chat_ids = rooms_of(ctx.session, community_id)
    deliver_to_chats(ctx, message, chat_ids, lane, **how)
    return len(chat_ids)


def deliver_to_people(ctx: Context, message: Message, people: Sequence[int] | Select[Any], lane: int = PERSONAL,
                      not_before: datetime | None = None, **how: Any) -> int:  # fmt: skip
    """One delivery per person: a list of ids, or a select of them (any size, one INSERT ... SELECT).

    `how`: expires_at, guard ([name, argument...]), dedupe_key (one per person and key, ever). Returns how many.
    """
    columns = {
        "message_id": message.id,
        "lane": lane,
        "not_before": not_before or ctx.now,
        "created_at": ctx.now,
        "cause": ctx.cause,
        **how,
    }
    added = messages.add_to_people(ctx.session, messages.these_people(people), **columns)
    ctx.said += added
    ctx.wake("outbox")
    return added


def edit_message(ctx: Context, message: Message, tree: Node, rows: Rows | None = None, poll: Poll | None = None,
                 ) -> None:  # fmt: skip
    """Change what a message says, everywhere it was sent. Unsent deliveries simply show the new text.

    Edits are spaced (5 s in private, 15 s in rooms), only the latest waits, and a live message ends after 48 hours.
    A poll that is not given again goes.
    """
    if message.live_until is not None and message.live_until < ctx.now:
        return
    packed = pack(tree), pack_rows(rows or []), pack_poll(poll)
    if packed == (message.tree, message.buttons, message.poll):
        return
    message.tree, message.buttons, message.poll = packed
    ctx.session.flush()
    # an edit that waits counts from when it will be made: two asked for in a moment are still spaced
    since = message.edited_at or ctx.now - max(EDIT_EVERY.values())
    at = {place: max(ctx.now, since + pause) for place, pause in EDIT_EVERY.items()}
    message.edited_at = _change_everywhere(ctx, message, "edit", at) or message.edited_at


def delete_message(ctx: Context, message: Message) -> None:
    """Take a message back everywhere; what was not sent yet never will be."""
    messages.drop_unsent(ctx.session, message.id)
    ctx.session.expire_all()
    _change_everywhere(ctx, message, "delete", dict.fromkeys(EDIT_EVERY, ctx.now))


def _change_everywhere(ctx: Context, message: Message, kind: str, at: dict[str, datetime]) -> datetime | None:
    ctx.wake("outbox")
    ctx.said += 1
    return messages.change_everywhere(ctx.session, message.id, kind, ctx.now, at, ctx.cause)


def edit_copy(ctx: Context, chat_id: int, native: str, tree: Node, rows: Rows | None = None) -> None:
    """Change one chat's copy of what was said to many; every other copy stays as it is."""
    sent = messages.delivery_of_event(ctx.session, chat_id, native)
    if sent is None:
        return
    copy = write_message(ctx, tree, rows, ctx.session.get_one(Message, sent.message_id).files)
    change = Delivery(
        message_id=copy.id, chat_id=chat_id, person_id=sent.person_id, target_id=sent.id, kind="edit", lane=sent.lane,
        not_before=ctx.now, created_at=ctx.now, cause=ctx.cause,
    )  # fmt: skip
    ctx.said += 1
    ctx.session.add(change)
    ctx.session.flush()
    outbox.wake_chats(ctx.session, [chat_id], ctx.now)
    ctx.wake("outbox")


def message_of_event(ctx: Context, chat_id: int, native: str) -> Message | None:
    """What we said that became this platform event."""
    return messages.message_of_event(ctx.session, chat_id, native)


def acknowledge(ctx: Context, chat_id: int, handle: str, tree: Node | None) -> None:
    """Answer a pressed button: a short word that only the presser sees, or just the end of its waiting."""
    message = write_message(ctx, tree if tree is not None else Words(""))
    how = {"kind": "ack", "handle": handle, "expires_at": ctx.now + ACK_LIFE}
    deliver_to_chats(ctx, message, [chat_id], ACK_LANE, **how)
