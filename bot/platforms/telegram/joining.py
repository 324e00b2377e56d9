"""What happens to accounts in a group: coming, going, rights, asking to come in; and to the bot itself. Pure.

Sources: https://core.telegram.org/bots/api#chatmemberupdated and #chatjoinrequest. `chat_member` tells everything, but
only where the bot is an administrator; elsewhere service messages are all that is heard. Where both come they say the
same, and those of the message have `payload["echo"]`: they are news only of an account that is not known to be so.
"""

from bot.inbound import Inbound
from bot.platforms.telegram.fields import Json, get, mapping, who
from bot.platforms.telegram.rights import may_of, rank_of, state_of

CAME, WENT = "new_chat_members", "left_chat_member"


def own_change(change: Json) -> Inbound | None:
    """We came into a chat or lost it (in private: unblocked, blocked), or may do other things there now."""
    chat = get(change, "chat", dict)
    old, new = get(change, "old_chat_member", dict), get(change, "new_chat_member", dict)
    was, now = _state(old), _state(new)
    if get(chat, "type", str) == "channel":
        return None
    actor = who(get(change, "from", dict))
    payload: Json = {"by": actor["sender"]}
    if chat["type"] != "private":
        payload["may"] = sorted(may_of(new, get(chat, "id", int)))
    if (was == "join") != (now == "join"):
        return Inbound("bot_added" if now == "join" else "bot_removed", payload=payload, **actor)
    if now != "join" or _rights(old) == _rights(new):
        return None
    return Inbound("bot_changed", payload=payload, **actor)


def change_of(change: Json, us: str) -> Inbound | None:
    """What happened to somebody else. Bots are nobody.

    `payload["from"]` is how a person who left stood before; "ban" when a ban was lifted. Our own bans are told as
    removals, and their end not at all: we remember them by what we did, and nobody decided that they stay out.
    """
    old, new = get(change, "old_chat_member", dict), get(change, "new_chat_member", dict)
    user = get(new, "user", dict)
    if user.get("is_bot") or get(get(change, "chat", dict), "type", str) == "channel":
        return None
    account, by = who(user), str(get(get(change, "from", dict), "id", int))
    was, now = _state(old), _state(new)
    before, after = rank_of(old) if was == "join" else 0, rank_of(new) if now == "join" else 0
    ranks = {"ranks": {account["sender"]: [before, after]}} if before != after else {}
    if now == "join" and was != "join":
        return Inbound("joined", payload={"by": by, **ranks}, **account)
    if now != was and (was, by) != ("ban", us):
        how = "banned" if now == "ban" and by != us else "left" if by == account["sender"] else "removed"
        return Inbound("left", payload={"by": by, "how": how, "from": was}, **account)
    if now == "join" and ranks:
        return Inbound("ranked", payload={"by": by, **ranks}, **account)
    return None


def request_of(request: Json) -> Inbound | None:
    """Somebody asks to come in. For five minutes, or until it is decided, they can be written to in `chat`."""
    user = get(request, "from", dict)
    if user.get("is_bot") or get(get(request, "chat", dict), "type", str) == "channel":
        return None
    account = who(user)
    payload = {"by": account["sender"], "chat": str(get(request, "user_chat_id", int))}
    return Inbound("asked_to_join", payload=payload, **account)


def told_by_message(message: Json) -> Inbound | None:
    """Somebody came or went, as a service message says it. What names several is taken apart by `one_by_one`."""
    for field in (CAME, WENT):
        if not (named := message.get(field)):
            continue
        user = named[0] if isinstance(named, list) else named
        if not isinstance(user, dict) or user.get("is_bot"):
            return None
        account, actor = who(user), mapping(message.get("from")).get("id")
        by = str(actor) if isinstance(actor, int) else ""
        payload: Json = {"by": by, "echo": True}
        if field == WENT:
            payload |= {"how": "left" if by == account["sender"] else "removed", "from": "join"}
        return Inbound("joined" if field == CAME else "left", payload=payload, **account)
    return None


def one_by_one(update: Json) -> list[Json]:
    """An update for each of several people who came in at once; any other as it is."""
    message = mapping(update.get("message"))
    named = message.get(CAME)
    if not isinstance(named, list) or len(named) < 2:
        return [update]
    return [{**update, "message": {**message, CAME: [one]}} for one in named]


def _state(member: Json) -> str:
    get(member, "status", str)
    return state_of(member)


def _rights(member: Json) -> tuple[object, ...]:
    held = (name for name, value in member.items() if name.startswith("can_") and value)
    return (member["status"], *sorted(held))
