"""From what Telegram says of a group to what a room of ours is. Pure.

Telegram keeps of names and descriptions what fits, knows pictures by ids of its own, and lists administrators only. So
it is remembered (`Place.kept`) what we wanted and what it made of that, and members are those that were seen.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from api.rooms.planning import LEADS, SPEAKS, Actual, Standing
from bot.platforms.base import Place
from bot.platforms.telegram.fields import Json, mapping
from bot.platforms.telegram.reading import split_place
from bot.platforms.telegram.rights import OWNS, may_of, rank_of, state_of

# An administrator can take rights from those whom it appointed itself, and from nobody else: these it stands above.
# What we are not allowed now is told by `Actual.may`, so that what is lacking is said.
OURS = 60
# kept: the accounts that were found inside, though nobody told us when they came; those that we banned
INSIDE, BANNED = "inside", "banned"


def actual_of(place: Place, about: Json, leaders: Sequence[Json], account: str) -> Actual:
    """A group as getChat and getChatAdministrators show it to us (`account`)."""
    chat, _ = split_place(place.native)
    return Actual(
        rank=OURS, may=may_of(own(leaders, account), chat), name=meant(place.kept, "name", name_of(about)),
        topic=meant(place.kept, "topic", topic_of(about)), picture=meant(place.kept, "picture", picture_of(about)),
        members=_members(place, leaders, account), read_only=bool(place.kept.get("open")) and is_quiet(about),
        holds_parts=bool(about.get("is_forum")),
    )  # fmt: skip


def actual_topic(place: Place, leaders: Sequence[Json], account: str) -> Actual:
    """A topic of a forum. Nobody can be asked what it is called or whether it is closed: what we made of it counts.
    Who is there is the group's matter."""
    chat, _ = split_place(place.native)
    return Actual(
        rank=OURS, may=may_of(own(leaders, account), chat, topic=True), name=str(place.kept.get("called") or ""),
        read_only=bool(place.kept.get("closed")),
    )  # fmt: skip


def kept_as(key: str, wanted: str, about: Json) -> Json:
    """What to remember after one of name, topic and picture was set: what we wanted, and what it became."""
    return {key: [wanted, SHOWN[key](about)]}


def noted(kept: Mapping[str, Any], **accounts: tuple[str, bool]) -> Json:
    """What to remember after accounts came into or left one of the lists that are kept: only what changes."""
    found = {}
    for key, (who, there) in accounts.items():
        before = set(kept.get(key) or ())
        after = before | {who} if there else before - {who}
        if after != before:
            found[key] = sorted(after)
    return found


def meant(kept: Mapping[str, Any], key: str, now: str) -> str:
    """What we meant by what is there now, if it is there by us."""
    pair = kept.get(key)
    return str(pair[0]) if isinstance(pair, list | tuple) and len(pair) == 2 and pair[1] == now else now


def name_of(about: Json) -> str:
    """The title of a group."""
    return str(about.get("title") or "")


def topic_of(about: Json) -> str:
    """The description of a group."""
    return str(about.get("description") or "")


def picture_of(about: Json) -> str:
    """What tells one picture of a group from another."""
    return str(mapping(about.get("photo")).get("big_file_unique_id") or "")


SHOWN = {"name": name_of, "topic": topic_of, "picture": picture_of}


def is_quiet(about: Json) -> bool:
    """Whether only administrators can write in a group."""
    return not mapping(about.get("permissions")).get("can_send_messages", True)


def own(leaders: Sequence[Json], account: str) -> Json:
    """Which of the administrators is us; {} where we are none."""
    return next((member for member in leaders if _id(member) == account), {})


def _id(member: Json) -> str:
    return str(mapping(member.get("user")).get("id"))


def _members(place: Place, leaders: Sequence[Json], account: str) -> dict[str, Standing]:
    found = {who: Standing("join") for who in place.kept.get(INSIDE) or ()}
    for who, standing in place.known.items():
        if not standing.state:
            continue  # we heard of them, and not whether they are there
        appointed = standing.state == "join" and standing.rank >= LEADS
        found[who] = standing._replace(rank=SPEAKS) if appointed else standing  # unless they are in the list below
    for who in place.kept.get(BANNED) or ():
        if found.get(who, Standing("leave")).state in ("leave", "ban"):
            found[who] = Standing("ban", ours=True)
    for leader in leaders:
        who = _id(leader)
        if not mapping(leader.get("user")).get("is_bot"):
            rank = _rank_of_leader(leader)
            found[who] = place.known.get(who, Standing("join"))._replace(state=state_of(leader), rank=rank)
    found.pop(account, None)
    return found


def _rank_of_leader(leader: Json) -> int:
    rank = rank_of(leader)
    return rank if rank >= OWNS or leader.get("can_be_edited") else OURS
