"""Opening a topic to other workshops: their hosts are asked, and it appears in their rooms once one accepts (G12)."""

from collections.abc import Sequence
from datetime import timedelta

from api.access import HOSTS, can, standing
from api.communities.audiences import places_where
from api.communities.lookup import get_workshop_for
from api.context import Context
from api.errors import Conflict, Invalid, not_found
from api.messaging.outbox import PERSONAL, deliver_to_people, deliver_to_rooms, tell_person, write_message
from api.messaging.tree import Node, T, When
from api.numbers import read_number
from api.topics import texts
from api.topics.service import LEAD, check_open, end_question, get_topic_for, refresh_topic, say_in_rooms
from storage import communities, topics
from storage.audiences import count_rooms
from storage.communities import Community
from storage.memberships import host_ids
from storage.people import Person
from storage.topics import Topic, TopicPlace

MOST = 20
INVITED, ACCEPTED, DECLINED, LEFT, RECALLED = "invited", "accepted", "declined", "left", "recalled"
REST = timedelta(days=1)  # so long hosts who were asked once are not asked again


def find_workshops(ctx: Context, pid: str, text: str = "", limit: int = 8, after: str | None = None) -> list[Community]:
    """Workshops of the same region, by a part of their name, that a topic may yet be opened to; for who leads it.

    Those by invitation only are found by who may see them. `after`: pid of the last one seen.
    """
    topic = get_topic_for(ctx, pid, LEAD)
    home = ctx.session.get_one(Community, topic.community_id)
    others = topics.places_of(ctx.session, [topic.id])[topic.id]
    taken = [home.id, *[place.community_id for place, _ in others if place.state in (INVITED, ACCEPTED)]]
    path = (topics.region_over(ctx.session, home) or home).path
    seen = places_where(ctx, "see")
    return list(topics.find_workshops(ctx.session, path, text.strip(), taken, seen, limit, after))


def invite_workshops(ctx: Context, pid: str, workshop_pids: Sequence[str]) -> list[TopicPlace]:
    """Open a topic to workshops: the hosts of each are asked in private; one's own takes part at once.

    Raises NotFound for one that is not of the same region or not visible, Conflict for one that takes part, is asked
    already or was within a day, Invalid for none, too many, or one without a host or a room; nothing is written then.
    """
    topic = get_topic_for(ctx, pid, LEAD, lock=True)
    check_open(topic)
    wanted = list(dict.fromkeys(workshop_pids))
    others = topics.places_of(ctx.session, [topic.id])[topic.id]
    together = len(wanted) + sum(place.state in (INVITED, ACCEPTED) for place, _ in others)
    if not wanted:
        raise Invalid("topic.nobody", T("Choose at least one workshop."))
    if together > MOST:
        say = T("A discussion is open to at most {limit} other workshops.", limit=MOST)
        raise Invalid("topic.too_many", say, n=together, limit=MOST)
    found = [_get_workshop(ctx, topic, one) for one in wanted]
    return [_invite(ctx, topic, workshop) for workshop in found]


def get_invitable(ctx: Context, pid: str, workshop_pid: str) -> Community:
    """A workshop that a topic may yet be opened to, for who leads it. Raises as `invite_workshops` does."""
    return _get_workshop(ctx, get_topic_for(ctx, pid, LEAD), workshop_pid)


def _get_workshop(ctx: Context, topic: Topic, pid: str) -> Community:
    workshop, home = communities.get_by_pid(ctx.session, pid), ctx.session.get_one(Community, topic.community_id)
    region = topics.region_over(ctx.session, home) or home
    there = workshop is not None and workshop.kind == "workshop" and workshop.archived_at is None
    if workshop is None or not there or not workshop.path.startswith(region.path):
        raise not_found("workshop.unknown")
    if workshop.policy == "invitation" and not can(ctx, "see", workshop):
        raise not_found("workshop.unknown")
    place = topics.get_place(ctx.session, topic.id, workshop.id)
    if workshop.id == home.id or (place is not None and place.state == ACCEPTED):
        raise Conflict("topic.already", T("“{workshop}” takes part already.", workshop=workshop.name))
    if place is not None and place.state == INVITED:
        say = T("“{workshop}” has been asked already and has not answered yet.", workshop=workshop.name)
        raise Conflict("topic.invited", say)
    _check_rest(ctx, place, workshop)
    if not host_ids(ctx.session, workshop.id):
        raise Invalid("topic.no_host", T("“{workshop}” has no host at the moment.", workshop=workshop.name))
    if not count_rooms(ctx.session, workshop.id):
        say = T("{community} has no room here, so nobody could answer.", community=workshop.name)
        raise Invalid("topic.no_room", say)
    return workshop


def _check_rest(ctx: Context, place: TopicPlace | None, workshop: Community) -> None:
    """Raises while hosts who said no, or whose invitation was taken back, are not to be asked again."""
    if place is None or place.state not in (DECLINED, RECALLED) or place.decided_at is None:
        return
    free_at = place.decided_at + REST
    asks_nobody = not HOSTS.isdisjoint(standing(ctx, workshop))
    if free_at > ctx.now and not asks_nobody:
        say = T("“{workshop}” was asked not long ago. You can ask again from {when} on.", workshop=workshop.name,
                when=When(free_at))  # fmt: skip
        raise Conflict("topic.asked_lately", say, free_at=free_at.isoformat())


def _invite(ctx: Context, topic: Topic, workshop: Community) -> TopicPlace:
    place = topics.get_place(ctx.session, topic.id, workshop.id)
    if place is None:
        place = TopicPlace(topic_id=topic.id, community_id=workshop.id)
        ctx.session.add(place)
    place.state, place.asked_by, place.created_at = INVITED, ctx.me.id, ctx.now
    place.decided_by = place.decided_at = place.message_id = None
    if not HOSTS.isdisjoint(standing(ctx, workshop)):
        _join(ctx, topic, place, workshop)
        return place
    ask = write_message(ctx, question_of(ctx, topic, place, workshop), texts.question_rows(topic, workshop))
    deliver_to_people(ctx, ask, host_ids(ctx.session, workshop.id), PERSONAL)
    place.message_id = ask.id
    ctx.session.flush()
    return place


def question_of(ctx: Context, topic: Topic, place: TopicPlace, workshop: Community) -> Node:
    """What the hosts of a workshop are asked."""
    asker, home = ctx.session.get_one(Person, place.asked_by), ctx.session.get_one(Community, topic.community_id)
    return texts.question_tree(topic, asker, home, workshop)


def list_invitations(
    ctx: Context, limit: int = 20, after: str | None = None
) -> list[tuple[Topic, TopicPlace, Community]]:
    """(topic, row, workshop) of the invitations that wait for an answer by who acts, oldest first; `after`: cursor."""
    return topics.find_invited(ctx.session, places_where(ctx, LEAD), limit, read_number(after) or 0)


def accept_topic(ctx: Context, pid: str, workshop_pid: str) -> TopicPlace:
    """Say yes for a workshop in which who acts may `discuss`: the topic appears in its rooms.

    Raises Conflict when somebody answered before, the invitation was taken back, or the topic is closed.
    """
    topic, place, workshop = get_invitation(ctx, pid, workshop_pid)
    _join(ctx, topic, place, workshop)
    end_question(ctx, place, texts.answered_tree(topic, workshop, True, ctx.me.name))
    tell_person(ctx, place.asked_by, texts.outcome_tree(topic, workshop, True))
    return place


def decline_topic(ctx: Context, pid: str, workshop_pid: str) -> TopicPlace:
    """Say no for a workshop; whoever asked is told, kindly. Raises as `accept_topic` does."""
    topic, place, workshop = get_invitation(ctx, pid, workshop_pid)
    _decide(ctx, place, DECLINED)
    end_question(ctx, place, texts.answered_tree(topic, workshop, False, ctx.me.name))
    tell_person(ctx, place.asked_by, texts.outcome_tree(topic, workshop, False))
    return place


def get_invitation(ctx: Context, pid: str, workshop_pid: str) -> tuple[Topic, TopicPlace, Community]:
    """(topic, row, workshop) of an invitation that nobody answered yet, for who may answer it; held till the commit."""
    workshop = get_workshop_for(ctx, workshop_pid, LEAD)
    topic = topics.get_topic(ctx.session, pid, lock=True)
    place = topics.get_place(ctx.session, topic.id, workshop.id) if topic is not None else None
    if topic is None or place is None or place.state == RECALLED:
        raise not_found("topic.unknown")
    if place.state != INVITED:
        by = ctx.session.get(Person, place.decided_by) if place.decided_by is not None else None
        answered = T("{name} has answered already.", name=by.name) if by is not None else T("That is over already.")
        raise Conflict("topic.answered", answered)
    check_open(topic)
    return topic, place, workshop


def _join(ctx: Context, topic: Topic, place: TopicPlace, workshop: Community) -> None:
    topics.hold_rooms(ctx.session, topic, workshop.id)
    _decide(ctx, place, ACCEPTED)
    message = refresh_topic(ctx, topic)
    if message is not None:
        deliver_to_rooms(ctx, message, workshop.id)


def _decide(ctx: Context, place: TopicPlace, state: str) -> None:
    place.state, place.decided_by, place.decided_at = state, ctx.me.id, ctx.now
    ctx.session.flush()


def withdraw_invitation(ctx: Context, pid: str, workshop_pid: str) -> Topic:
    """Take an invitation back that nobody answered yet; for who leads the topic. Raises Conflict when it is over."""
    topic = get_topic_for(ctx, pid, LEAD, lock=True)
    workshop = communities.get_by_pid(ctx.session, workshop_pid)
    place = topics.get_place(ctx.session, topic.id, workshop.id) if workshop is not None else None
    if workshop is None or place is None or place.state == RECALLED:
        raise not_found("workshop.unknown")
    if place.state != INVITED:
        raise Conflict("topic.answered", T("“{workshop}” has answered already.", workshop=workshop.name))
    end_question(ctx, place, texts.withdrawn_tree(topic, workshop))
    _decide(ctx, place, RECALLED)
    return topic


def leave_topic(ctx: Context, pid: str, workshop_pid: str) -> TopicPlace:
    """Leave a topic with a workshop that accepted: its rooms and who opened the topic are told, replies stay there.

    For who may `discuss` in that workshop. Raises Conflict when it does not take part.
    """
    workshop = get_workshop_for(ctx, workshop_pid, LEAD)
    topic = get_topic_for(ctx, pid, lock=True)
    place = topics.get_place(ctx.session, topic.id, workshop.id)
    if place is None or place.state != ACCEPTED:
        raise Conflict("topic.not_in", T("“{workshop}” does not take part in that.", workshop=workshop.name))
    check_open(topic)
    topics.hold_rooms(ctx.session, topic)
    _decide(ctx, place, LEFT)
    refresh_topic(ctx, topic)
    say_in_rooms(ctx, topic, texts.left_tree(topic, workshop), [workshop])
    if topic.author_id != ctx.me.id:
        tell_person(ctx, topic.author_id, texts.gone_tree(topic, workshop))
    return place
