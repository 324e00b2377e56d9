"""Topics (G12 研讨): opened in a community, said in all its rooms; who takes part answers there and all read it.

Who may `discuss` in a community opens and closes its topics; whoever may `hear` in one that takes part reads them, and
nobody else knows of them. What is said in a topic is carried by the bridge (api.relays).
"""

from collections.abc import Sequence
from typing import NamedTuple

from api.access import can, require
from api.broadcasts import end_message
from api.communities.audiences import places_where
from api.communities.lookup import check_writable, get_community_for
from api.context import Context
from api.errors import Conflict, Invalid, not_found
from api.messaging.outbox import deliver_to_rooms, edit_message, write_message
from api.messaging.render import clean
from api.messaging.tree import Node, Plural, T, Words, unpack
from api.numbers import read_number
from api.records.service import audit, record
from api.relays.texts import words_of
from api.topics import texts
from storage import audiences, topics
from storage.communities import Community
from storage.messaging import Message
from storage.people import Person
from storage.relays import Relay
from storage.topics import Topic, TopicPlace

LEAD, HEAR = "discuss", "hear"
TITLE, LONGEST = 80, 2000


class View(NamedTuple):
    """A topic as somebody sees it: the communities that take part, its own first; how many posts; whether who looks
    leads it; and for those who do, all (row, community) that were invited."""

    topic: Topic
    author: Person
    places: list[Community]
    posts: int
    leads: bool
    invited: list[tuple[TopicPlace, Community]]


class Post(NamedTuple):
    """Something that was said in a topic, by whom, of which community; `files`: how many came with it."""

    relay: Relay
    person: Person
    community: Community
    said: Node
    files: int


def check_topic(title: str, text: str = "") -> tuple[str, str]:
    """(title, text), trimmed; raises Invalid for no title, or too long ones."""
    title, text = " ".join(clean(title).split()), clean(text).strip()
    if not title:
        raise Invalid("topic.no_title", T("A discussion needs a title: what shall people talk about?"))
    if len(title) > TITLE:
        say: Node = T("A title has at most {limit} characters. Put the rest on the next line.", limit=TITLE)
        raise Invalid("topic.title_too_long", say, n=len(title), limit=TITLE)
    if len(text) > LONGEST:
        say = Plural("The words have at most {limit} characters; yours have one more.",
                     "The words have at most {limit} characters; yours have {n} more.",
                     len(text) - LONGEST, limit=LONGEST)  # fmt: skip
        raise Invalid("topic.too_long", say, n=len(text), limit=LONGEST)
    return title, text


def check_place(ctx: Context, pid: str) -> tuple[Community, int]:
    """A community in which who acts may open a topic, and how many rooms it has. Raises Invalid for none."""
    community = get_community_for(ctx, pid, LEAD)
    rooms = audiences.count_rooms(ctx.session, community.id)
    if not rooms:
        say = T("{community} has no room here, so nobody could answer.", community=community.name)
        raise Invalid("topic.no_room", say)
    return community, rooms


def open_topic(ctx: Context, community_pid: str, title: str, text: str = "") -> Topic:
    """Open a topic in a community: it is said in all its rooms, with how to answer.

    Raises NotFound or Forbidden for who may not `discuss` there, Invalid for a title or words that cannot be.
    """
    community, _ = check_place(ctx, community_pid)
    title, text = check_topic(title, text)
    topic = Topic(community_id=community.id, author_id=ctx.me.id, title=title, text=text, created_at=ctx.now)
    ctx.session.add(topic)
    ctx.session.flush()
    message = write_message(ctx, texts.topic_tree(topic, ctx.me, [community]))
    topic.message_id = message.id
    deliver_to_rooms(ctx, message, community.id)
    record(ctx, "topic.opened", f"topic:{topic.pid}", community)
    return topic


def get_topic_for(ctx: Context, pid: str, action: str = HEAR, lock: bool = False) -> Topic:
    """A topic, for who may hear it in a community that takes part, archived or not; `action` LEAD: for who leads it
    where it was opened.

    Raises NotFound, Forbidden saying who could, Conflict for leading where nothing is changed any more.
    """
    topic = topics.get_topic(ctx.session, pid, lock)
    if topic is None or not any(can(ctx, HEAR, one) for one in _parts(ctx, topic)):
        raise not_found("topic.unknown")
    if action == LEAD:
        home = ctx.session.get_one(Community, topic.community_id)
        check_writable(ctx, home)
        require(ctx, LEAD, home)
    return topic


def taking_part(ctx: Context, topic: Topic) -> list[Community]:
    """The communities (not archived) that take part in a topic: the one it was opened in, then those that accepted."""
    return [one for one in _parts(ctx, topic) if one.archived_at is None]


def _parts(ctx: Context, topic: Topic) -> list[Community]:
    home = ctx.session.get_one(Community, topic.community_id)
    return [home, *accepted(topics.places_of(ctx.session, [topic.id])[topic.id])]


def accepted(places: Sequence[tuple[TopicPlace, Community]]) -> list[Community]:
    """Those of the invited communities whose hosts accepted."""
    return [community for place, community in places if place.state == "accepted"]


def check_open(topic: Topic) -> None:
    """Raise Conflict for a topic that is closed."""
    if topic.closed_at is not None:
        raise Conflict("topic.closed", T("This discussion is closed already."))


def list_topics(ctx: Context, before: str | None = None, limit: int = 20) -> list[Topic]:
    """The topics that who acts may hear, newest first; `before` is a pid."""
    return topics.find_heard(ctx.session, places_where(ctx, HEAR), before, limit)


def view_topics(ctx: Context, found: Sequence[Topic]) -> list[View]:
    """How topics look to who acts, who may hear them."""
    ids = [topic.id for topic in found]
    invited, posts = topics.places_of(ctx.session, ids), topics.count_posts(ctx.session, ids)
    views = []
    for topic in found:
        home = ctx.session.get_one(Community, topic.community_id)
        leads, others = home.archived_at is None and can(ctx, LEAD, home), invited[topic.id]
        author = ctx.session.get_one(Person, topic.author_id)
        places = [home, *accepted(others)]
        views.append(View(topic, author, places, posts.get(topic.id, 0), leads, others if leads else []))
    return views


def view_topic(ctx: Context, pid: str) -> View:
    """One of them. Raises NotFound for who may not hear it."""
    return view_topics(ctx, [get_topic_for(ctx, pid)])[0]


def list_posts(ctx: Context, pid: str, before: str | None = None, limit: int = 10) -> list[Post]:
    """What was said last in a topic, newest first; `before`: cursor of the last one seen. For who may hear it."""
    topic = get_topic_for(ctx, pid)
    found = topics.find_posts(ctx.session, topic.id, read_number(before) if before else None, limit)
    return [_post(ctx, *row) for row in found]


def _post(ctx: Context, relay: Relay, person: Person, community: Community) -> Post:
    message = ctx.session.get(Message, relay.message_id) if relay.message_id is not None else None
    said = words_of(unpack(message.tree)) if message is not None else Words("")
    return Post(relay, person, community, said, len(message.files) if message is not None else 0)


def close_topic(ctx: Context, pid: str) -> Topic:
    """Close a topic: its rooms are told, invitations end, replies are no longer carried. Raises Conflict the second
    time."""
    topic = get_topic_for(ctx, pid, LEAD, lock=True)
    check_open(topic)
    topics.hold_rooms(ctx.session, topic)
    topic.closed_at = ctx.now
    for place, community in topics.places_of(ctx.session, [topic.id])[topic.id]:
        if place.state == "invited":
            end_question(ctx, place, texts.withdrawn_tree(topic, community))
            ctx.session.delete(place)
    ctx.session.flush()
    posts = topics.count_posts(ctx.session, [topic.id]).get(topic.id, 0)
    say_in_rooms(ctx, topic, texts.closing_tree(topic, posts), taking_part(ctx, topic))
    refresh_topic(ctx, topic)
    if topic.author_id != ctx.me.id:
        audit(ctx, "topic.closed", f"topic:{topic.pid}", ctx.session.get_one(Community, topic.community_id))
    return topic


def say_in_rooms(ctx: Context, topic: Topic, tree: Node, places: Sequence[Community]) -> None:
    """Say something about a topic in all rooms of communities, as an answer to its beginning."""
    message = write_message(ctx, tree, answers_id=topic.message_id)
    for community in places:
        deliver_to_rooms(ctx, message, community.id)


def refresh_topic(ctx: Context, topic: Topic) -> Message | None:
    """Let the beginning of a topic say who takes part now, everywhere; returns that message."""
    message = ctx.session.get(Message, topic.message_id) if topic.message_id is not None else None
    if message is not None and topic.title:
        author = ctx.session.get_one(Person, topic.author_id)
        edit_message(ctx, message, texts.topic_tree(topic, author, _parts(ctx, topic)))
    return message


def end_question(ctx: Context, place: TopicPlace, tree: Node) -> None:
    """What asked the hosts of a community becomes its outcome."""
    message = ctx.session.get(Message, place.message_id) if place.message_id is not None else None
    if message is not None:
        end_message(ctx, message, tree)
