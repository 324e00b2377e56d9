"""What is stored of a person's topics: handed out, and forgotten. What they said in topics is kept by the bridge."""

from typing import Any

from api.broadcasts import end_message
from api.context import Context
from api.topics.texts import GONE
from storage import topics
from storage.messaging import Message
from storage.people import Person


def export_topics(ctx: Context, person: Person) -> dict[str, Any]:
    """Every topic a person opened."""
    return {
        "topics": [
            {"pid": topic.pid, "title": topic.title, "text": topic.text, "at": topic.created_at.isoformat()}
            for topic in topics.all_of_author(ctx.session, person.id)
        ]
    }


def erase_topics(ctx: Context, person: Person) -> None:
    """Forget the words of a person's topics, everywhere they were said and in what asked hosts; the topics are over."""
    for topic in topics.all_of_author(ctx.session, person.id):
        topic.title, topic.text, topic.closed_at = "", "", topic.closed_at or ctx.now
        asked = [place.message_id for place, _ in topics.places_of(ctx.session, [topic.id])[topic.id]]
        for key in (topic.message_id, *asked):
            message = ctx.session.get(Message, key) if key is not None else None
            if message is not None:
                end_message(ctx, message, GONE)
    ctx.session.flush()
