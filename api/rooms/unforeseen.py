"""Accounts that are in a room though we did not see them come: before it was bound, or while nobody told us."""

from typing import NamedTuple

from api.context import Context
from api.messaging.tree import Lines, Plural, T
from api.rooms.following import came, event_in
from api.rooms.planning import MEMBERS, Actual, Desired
from api.rooms.questions import tell_hosts
from api.rooms.wanting import GONE
from storage.communities import Community
from storage.messaging import Chat
from storage.rooms import Room, add_joined, known_among, unseen_in
from storage.whose import people_of

MOST = 500  # of one look
NAMED = 20  # of those a host is told about
# it lists its administrators alone, and by numbers: a host is asked about them when they speak
BY_NUMBERS = frozenset({"telegram"})


class Unforeseen(NamedTuple):
    """What a look found: accounts of people who belong there, accounts that are nobody's, whether there are more."""

    known: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()
    more: bool = False


NOBODY = Unforeseen()


def spoke(ctx: Context, chat: Chat, native: str, name: str) -> None:
    """Somebody said something: if nobody told us of them in a room whose members we keep, they have come now.

    Who left the workshop, or was put out of it, has not come back by speaking: the next look takes them out.
    """
    room = unseen_in(ctx.session, chat.id, native)
    if room is None or MEMBERS not in room.manages or (event := event_in(ctx, chat, native, name, "")) is None:
        return
    membership = event.membership()
    if membership is not None and membership.status in GONE:
        event.seen.state = "join"
    else:
        came(event)


def unforeseen(ctx: Context, room: Room, desired: Desired, actual: Actual) -> Unforeseen:
    """Who is in a room and not known there. Who came a moment ago is left to the event that tells of it."""
    here = [who for who, one in actual.members.items()
            if one.state == "join" and not one.fresh and who not in desired.judged]  # fmt: skip
    if MEMBERS not in desired.aspects or not here:
        return NOBODY
    template = ctx.config.matrix.user_template
    rest = sorted({*here} - known_among(ctx.session, room.id, here))
    whose = people_of(ctx.session, room.platform, rest, template)
    seated = set()
    if not whose.keys() <= desired.seats.keys():  # somebody may be here with another account than the one they use
        seated = {one.id for one in people_of(ctx.session, room.platform, [*desired.seats], template).values()}
    known = [who for who in rest if who in desired.seats or (who in whose and whose[who].id in seated)]
    strangers = [who for who in rest if who not in whose and who not in desired.seats and who not in desired.out]
    if room.part == "space" or room.platform in BY_NUMBERS:
        strangers = []
    cut = tuple(known[:MOST]), tuple(strangers[:max(MOST - len(known), 0)])
    return Unforeseen(*cut, more=len(known) + len(strangers) > MOST)


def remember(ctx: Context, room: Room, found: Unforeseen) -> None:
    """Write down who is in a room; of those who are nobody hosts are told, once and of all together."""
    new = sorted({*found.strangers} - known_among(ctx.session, room.id, found.strangers)) if found.strangers else []
    add_joined(ctx.session, room.id, [*found.known, *new], ctx.now)
    if not new:
        return
    community = ctx.session.get_one(Community, room.community_id)
    names = ", ".join(new[:NAMED]) + (" …" if len(new) > NAMED else "")
    tell_hosts(ctx, community, Lines(
        Plural("{n} account that I do not know is in the room of “{room}”: {names}",
               "{n} accounts that I do not know are in the room of “{room}”: {names}",
               n=len(new), room=community.name, names=names),
        T("They stay there, and what they say is not carried to other rooms. Whom you do not want there you put out in "
          "the room itself; whoever is a teacher sends me the claim code."),
    ))  # fmt: skip
