"""What people answer in a topic: carried by the bridge to all rooms of all communities that take part (G12)."""

from api.context import Context
from api.messaging.tree import T
from api.relays.service import Speech, may_speak, relay
from api.topics.service import taking_part
from storage import topics
from storage.communities import Community
from storage.messaging import Chat
from storage.relays import discussing_rooms
from storage.topics import Topic

STAYS = T("This room keeps what is said in it to itself, so only this room reads your reply to the discussion.")


def find_topic(ctx: Context, chat: Chat, community: Community, *natives: str) -> Topic | None:
    """The open topic that the first of these events of a room belongs to (its beginning, or a post of it) and in which
    the room's community takes part; None for any other talk."""
    found = (topics.topic_of_event(ctx.session, chat.id, native) for native in natives if native)
    topic = next(filter(None, found), None)
    if topic is None or topic.closed_at is not None:
        return None
    return topic if any(one.id == community.id for one in taking_part(ctx, topic)) else None


def post_in_topic(ctx: Context, topic: Topic, chat: Chat, community: Community, speech: Speech) -> bool:
    """Carry what who acts said in a room to all the others of a topic, as an answer to its beginning there.

    False when the room keeps to itself what would have been carried: who spoke should know.
    """
    rooms = discussing_rooms(ctx.session, [one.id for one in taking_part(ctx, topic)])
    relay(ctx, chat, community, speech, rooms=rooms, topic_id=topic.id, answers_id=topic.message_id)
    wants = ctx.actor is not None and ctx.actor.relayed and may_speak(ctx, community)
    return chat.id in rooms or not wants
