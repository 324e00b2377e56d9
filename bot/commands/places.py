"""Choosing several communities for one thing: one press each, a part of a name, or all one's workshops at once.

A dialogue's data carries the first as `community` and the others as `more` (pids).
"""

from typing import Any

from api.access import HOSTS, RULES
from api.broadcasts import MOST_PLACES
from api.communities.audiences import communities_where
from api.communities.lookup import get_community_for, workshops_of
from api.communities.texts import name_places
from api.messaging.faces import Community
from api.messaging.tree import Lines, Node, T, Words
from bot.turn import Choices, Primary, Turn

STEP = "also"
SHOWN = 8
Data = dict[str, Any]


def chosen(data: Data) -> list[str]:
    """The communities chosen so far, by public id."""
    first = [data["community"]] if data.get("community") else []
    return [*first, *data.get("more", [])]


def offers_others(turn: Turn, action: str, data: Data) -> bool:
    """Whether there is any further community in which who speaks may do `action`."""
    picked = chosen(data)
    return any(one.pid not in picked for one in communities_where(turn.ctx, action, limit=len(picked) + 1))


def ask_places(turn: Turn, name: str, action: str, data: Data, text: str = "") -> None:
    """Ask for one more, showing what is chosen; `text` is a part of a name that was typed."""
    picked = chosen(data)
    found = communities_where(turn.ctx, action, text, SHOWN + len(picked))
    others = [one for one in found if one.pid not in picked][:SHOWN]
    places = [get_community_for(turn.ctx, pid, action) for pid in picked]
    head = T("So far: {names}", names=name_places(places, SHOWN))
    prompt: Node = T("Press as many as you like, or type a part of a name. Press “Done” when all are chosen.")
    if text and not others:
        prompt = T("I found nothing more by that name. Type another part of it, or press “Done”.")
    rows: Choices = [[(Words(f"＋ {one.name}"), f"a:{one.pid}")] for one in others]
    if len(picked) > 1:
        rows += [[(Words(f"✓ {one.name}"), f"r:{one.pid}")] for one in places]
    mine = [one.pid for one in _my_workshops(turn, action)]
    if len(mine) > 1 and not set(mine) <= set(picked):
        rows.append([(T("All my workshops ({n})", n=len(mine)), "all")])
    rows.append([Primary(T("Done"), "done"), (T("Cancel"), "cancel")])
    turn.ask(name, STEP, Lines(head, prompt), rows, **data)


def take_places(turn: Turn, name: str, action: str, data: Data) -> bool:
    """Take one more, or one away; True when all are chosen."""
    verb, _, pid = (turn.choice or "").partition(":")
    picked = chosen(data)
    if verb == "done":
        return True
    text = ""
    if verb == "a" and pid not in picked:
        picked.append(get_community_for(turn.ctx, pid, action).pid)
    elif verb == "r" and len(picked) > 1:
        picked = [one for one in picked if one != pid]
    elif verb == "all":
        picked += [one.pid for one in _my_workshops(turn, action) if one.pid not in picked]
    elif not verb:
        text = turn.text
        found = communities_where(turn.ctx, action, text, 2) if text else []
        if len(found) == 1 and found[0].pid not in picked:
            picked.append(found[0].pid)
            text = ""
    if len(picked) > MOST_PLACES:
        picked = picked[:MOST_PLACES]
        turn.say(T("One notice goes to at most {limit} communities at once.", limit=MOST_PLACES))
    ask_places(turn, name, action, {**data, "community": picked[0], "more": picked[1:]}, text)
    return False


def _my_workshops(turn: Turn, action: str) -> list[Community]:
    """The workshops one hosts; who hosts fewer than two: all in which one may do it, while they are not too many."""
    hosted = workshops_of(turn.ctx, turn.person.id, tuple(sorted(HOSTS & RULES[action])))
    if len(hosted) > 1:
        return hosted[:MOST_PLACES]
    found = communities_where(turn.ctx, action, limit=MOST_PLACES + 1, kind="workshop")
    return found if len(found) <= MOST_PLACES else []
