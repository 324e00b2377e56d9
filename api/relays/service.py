"""What somebody says in a room is heard in the others of its community: once, in order, and taken back with it (C2).

It counts as participation of its author, once, whether or not there are other rooms.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from api.access import RULES, can, standing
from api.attachments.service import SentFile, attachments_of, keep_file, remove_attachments
from api.context import Context
from api.errors import Problem
from api.journals.texts import count_chars
from api.messaging.outbox import PERSONAL, delete_message, deliver_to_chats, edit_message, write_message
from api.messaging.tree import Node, Words, unpack
from api.records.service import record
from api.relays.albums import Parts, change_part, keep_parts
from api.relays.texts import as_said, did_not_come, missing_file, missing_in, with_missing
from storage import messages, outbox, relays
from storage.attachments import Attachment
from storage.base import new_pid
from storage.communities import Community
from storage.messaging import Chat, Message
from storage.people import Person
from storage.relays import Relay, bridged_rooms

HOLDER = "relay"
POSTED = "discussion.posted"
ENOUGH = 21  # characters: contributions of 20 or fewer do not count (a real scheme's rule)
SPEAKERS = RULES["take_part"] | RULES["moderate"]


@dataclass(frozen=True, slots=True)
class Speech:
    """What was said: `event` is its platform's id in the chat, `answers` that of what it answers there. An album has
    `parts`, the first of which is the event."""

    event: str
    text: str
    rich: Node | None = None
    files: Sequence[SentFile] = ()
    answers: str = ""
    parts: Parts = ()

    @property
    def said(self) -> Node | None:
        """The words as a tree; None for no words."""
        return self.rich or (Words(self.text) if self.text.strip() else None)


def relay(ctx: Context, chat: Chat, community: Community, speech: Speech, *, rooms: Sequence[int] | None = None,
          topic_id: int | None = None, answers_id: int | None = None) -> Relay | None:  # fmt: skip
    """Carry what who acts said in a room of a community to the other rooms, in the transaction that handles it.

    `rooms` are the chats that hear each other (default: `bridged_rooms` of the community; of several for a topic): it
    goes to all of them but its own, and nowhere from a chat that is not among them. A topic keeps what was said in it
    even while there is no other room; `answers_id` is the message it answers there, instead of what the speech names.
    Returns None where it neither counts nor has anywhere to go; said again, what the first time made.
    """
    person = ctx.actor
    nothing = speech.said is None and not speech.files  # a sticker, a place on the map
    if person is None or nothing or community.archived_at is not None or not may_speak(ctx, community):
        return None
    heard = bridged_rooms(ctx.session, community.id) if rooms is None else rooms
    carried = person.relayed and chat.id in heard
    others = [key for key in heard if key != chat.id] if carried else []
    kept = bool(others) or (carried and topic_id is not None)
    counts = is_participation(speech.text)
    if not kept and not counts:
        return None
    if (known := relays.relay_at(ctx.session, chat.id, speech.event)) is not None:
        return known
    row = Relay(
        pid=new_pid(), chat_id=chat.id, native=speech.event, person_id=person.id, community_id=community.id,
        topic_id=topic_id if kept else None, created_at=ctx.now,
    )  # fmt: skip
    ctx.session.add(row)
    ctx.session.flush()
    if kept:
        row.message_id = _write(ctx, row, chat, person, speech, answers_id).id
        deliver_to_chats(ctx, ctx.session.get_one(Message, row.message_id), others, PERSONAL)
    keep_parts(ctx, row, speech.parts)
    _count(ctx, row, community, counts)
    return row


def may_speak(ctx: Context, community: Community) -> bool:
    """Whether what who acts says is carried and counts: they take part there, or moderate it."""
    return not SPEAKERS.isdisjoint(standing(ctx, community))


def is_participation(text: str) -> bool:
    """Whether somebody said enough for it to count."""
    return count_chars(text) >= ENOUGH


def find_answered(ctx: Context, chat: Chat, native: str) -> int | None:
    """The message (its id) that an event of a chat stands for: what a person said there, or we did; None for neither.
    """
    if not native:
        return None
    if (said := relays.relay_at(ctx.session, chat.id, native)) is not None:
        return said.message_id
    message = messages.message_of_event(ctx.session, chat.id, native)
    return message.id if message is not None else None


def find_relay(ctx: Context, chat: Chat, native: str) -> Relay | None:
    """What somebody said, by its event or that of a copy of it."""
    said = relays.relay_at(ctx.session, chat.id, native)
    if said is None and (message := messages.message_of_event(ctx.session, chat.id, native)) is not None:
        said = relays.relay_of_message(ctx.session, message.id)
    return said


def change_relay(ctx: Context, chat: Chat, speech: Speech) -> None:
    """Somebody changed what they said, of an album what stands under one of its files: so it reads everywhere, and
    counts by its new words."""
    row = relays.relay_at(ctx.session, chat.id, speech.event)
    if row is None or row.removed_at is not None or ctx.actor is None or row.person_id != ctx.actor.id:
        return
    community = ctx.session.get_one(Community, row.community_id)
    if not may_speak(ctx, community):
        return
    said, text = change_part(ctx, row, speech.event, speech.said, speech.text)
    _count(ctx, row, community, is_participation(text))
    if row.message_id is not None:
        message = ctx.session.get_one(Message, row.message_id)
        missing, place = missing_in(unpack(message.tree)), place_of(ctx, row)
        edit_message(ctx, message, as_said(ctx.actor.name, said, missing, place))


def take_back(ctx: Context, chat: Chat, native: str) -> bool:
    """Something was deleted: it goes from all rooms, and does not count any more. Whether it did.

    What its platform lets somebody delete where it was said is deleted; a copy by its author or who moderates there.
    Of an album any of its messages stands for all: nobody is to look for what is left of it in other rooms.
    """
    row = find_relay(ctx, chat, native)
    if row is None or row.removed_at is not None:
        return False
    community = ctx.session.get_one(Community, row.community_id)
    copy = relays.relay_at(ctx.session, chat.id, native) is None
    author = ctx.actor is not None and row.person_id == ctx.actor.id
    if copy and not author and not can(ctx, "moderate", community):
        return False
    remove_relay(ctx, row, community)
    return True


def remove_relay(ctx: Context, row: Relay, community: Community) -> None:
    """Take something back everywhere. Asks for no right: the caller has."""
    row.removed_at = ctx.now
    _count(ctx, row, community, False)
    if row.message_id is not None:
        delete_message(ctx, ctx.session.get_one(Message, row.message_id))
    remove_attachments(ctx, attachments_of(ctx, holder_of(row)))


def follow_file(ctx: Context, attachment: Attachment) -> None:
    """A file became stored or failed: what waits for it goes out, with a word about one that failed."""
    kind, _, pid = attachment.holder.partition(":")
    row = relays.relay_by_pid(ctx.session, pid) if kind == HOLDER else None
    if row is None or row.message_id is None or row.removed_at is not None:
        return
    message = ctx.session.get_one(Message, row.message_id)
    if attachment.state == "failed":
        message.files = [key for key in message.files if key != attachment.pid]
        edit_message(ctx, message, with_missing(unpack(message.tree), missing_file(attachment)))
    if all(file.state != "pending" for file in attachments_of(ctx, attachment.holder)):
        outbox.wake_chats(ctx.session, relays.make_due(ctx.session, message.id, ctx.now), ctx.now)
        ctx.wake("outbox")


def holder_of(row: Relay) -> str:
    """The name under which a relay holds its files and stands in records."""
    return f"{HOLDER}:{row.pid}"


def place_of(ctx: Context, row: Relay) -> str:
    """The community that stands beside a speaker's name: where several read it; "" for none."""
    return ctx.session.get_one(Community, row.community_id).name if row.topic_id is not None else ""


def _write(
    ctx: Context, row: Relay, chat: Chat, person: Person, speech: Speech, answers_id: int | None
) -> Message:
    files, missing = list[Attachment](), list[Node]()
    for file in speech.files:
        try:
            with ctx.attempt():
                files.append(keep_file(ctx, file, chat, holder_of(row)))
        except Problem as problem:  # too large, or too much for a day: its words go all the same
            missing.append(did_not_come(file.name, problem.say))
    tree = as_said(person.name, speech.said, missing, place_of(ctx, row))
    answered = answers_id if answers_id is not None else find_answered(ctx, chat, speech.answers)
    return write_message(ctx, tree, files=[file.pid for file in files], answers_id=answered)


def _count(ctx: Context, row: Relay, community: Community, counts: bool) -> None:
    if counts != row.counted:
        record(ctx, POSTED, holder_of(row), community, person_id=row.person_id, amount=1 if counts else -1)
        row.counted = counts
