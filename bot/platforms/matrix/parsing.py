"""From a raw Matrix event to an Inbound. Pure: whatever else is needed was written down beside the event.

raw: {"event": the event, decrypted where it was encrypted, "room": its room, "me": our user id, "name": how the sender
is called, "began": whose private chat our joining began}.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from api.messaging.polls import PREFIX
from api.messaging.tree import Node
from bot.inbound import UNNAMED, File, Inbound
from bot.platforms.base import Unreadable
from bot.platforms.matrix import polls
from bot.platforms.matrix.formatting import rich_of
from bot.platforms.matrix.markup import FORMAT
from bot.platforms.matrix.rooms import number

FILES = {"m.image": "photo", "m.video": "video", "m.audio": "voice", "m.file": "document"}
TEXTS = frozenset({"m.text", "m.emote"})
# how older clients quote what they answer: whose it is comes first, else somebody quotes for themselves
FALLBACK = re.compile(r"> (?:\* )?<@[^\n]*\n(?:>[^\n]*\n)*\n?")
THREAD = re.compile(r"\$\S{1,254}")


def parse(raw: Mapping[str, Any]) -> Inbound | None:
    """The Inbound of an event; None for one that asks nothing of us (our own, notices of other bots, ...)."""
    event, me = raw.get("event"), raw.get("me", "")
    if not isinstance(event, Mapping) or not isinstance(event.get("content"), Mapping):
        raise Unreadable("no event")
    sender, event_id, content = event.get("sender"), event.get("event_id"), event["content"]
    if not isinstance(sender, str) or not isinstance(event_id, str):
        raise Unreadable("no sender or no id")
    if sender == me and event.get("type") != "m.room.member":
        return None
    payload = _payload(content, event_id)
    common: dict[str, Any] = {"sender": sender, "name": str(raw.get("name") or ""), "payload": payload}
    match event.get("type"):
        case "m.room.message":
            return _message(event_id, content, me, common)
        case "m.reaction":
            relation = _relation(content)
            if relation.get("rel_type") != "m.annotation":
                return None
            common["payload"]["key"] = str(relation.get("key") or "")
            return Inbound("reacted", event=str(relation.get("event_id") or ""), **common)
        case polls.RESPONSE | polls.STABLE_RESPONSE:
            if (vote := polls.vote_of(content)) is None:
                return None
            common["payload"]["options"] = vote[1]
            return Inbound("voted", event=f"{PREFIX}{vote[0]}", **common)
        case "m.room.redaction":
            target = event.get("redacts") or content.get("redacts")  # content: from room version 11 on
            return Inbound("deleted", event=str(target), **common) if target else None
        case "m.room.member":
            return _member(raw, event, content, me, common)
        case "m.room.power_levels":
            return _ranked(event, content, common)
        case "m.room.encrypted":
            raise Unreadable("still encrypted")
    return None


def _payload(content: Mapping[str, Any], event_id: str) -> dict[str, Any]:
    """The thread that somebody spoke in, and what they said there: sending.py answers it."""
    relation = _relation(content)
    root = relation.get("event_id")
    if relation.get("rel_type") != "m.thread" or not isinstance(root, str) or not THREAD.fullmatch(root):
        return {}
    return {"thread": f"{root} {event_id}"}


def _message(event_id: str, content: Mapping[str, Any], me: str, common: dict[str, Any]) -> Inbound | None:
    relation = _relation(content)
    if relation.get("rel_type") == "m.replace":
        new = content.get("m.new_content")
        if not isinstance(new, Mapping):
            raise Unreadable("an edit that says nothing new")
        text, rich, files = _said(new, me)
        event = str(relation.get("event_id") or "")
        return Inbound("edited", text=text, rich=rich, files=files, event=event, **common)
    if str(content.get("msgtype")) not in {*TEXTS, *FILES}:
        return None
    answered = relation.get("m.in_reply_to")
    reply_to = str(answered.get("event_id") or "") if isinstance(answered, Mapping) else ""
    if relation.get("rel_type") == "m.thread" and relation.get("is_falling_back"):
        reply_to = ""  # only there for clients that know no threads
    text, rich, files = _said(content, me, stripped=bool(reply_to))
    return Inbound("said", text=text, rich=rich, files=files, event=event_id, reply_to=reply_to, **common)


def _said(content: Mapping[str, Any], me: str, stripped: bool = False,
          ) -> tuple[str, Node | None, tuple[File, ...]]:  # fmt: skip
    body, kind = content.get("body"), FILES.get(str(content.get("msgtype")))
    if not isinstance(body, str):
        raise Unreadable("no body")
    if stripped and (fallback := FALLBACK.match(body)):
        body = body[fallback.end() :]
    rich = rich_of(content.get("formatted_body")) if content.get("format") == FORMAT else None
    if kind is None:
        text = _without_address(body, me)
        return text, rich if text == body else None, ()
    name = content.get("filename")
    caption = body if isinstance(name, str) and name != body else ""
    return caption, rich if caption else None, (_file(kind, name if isinstance(name, str) else body, content),)


def _file(kind: str, name: str, content: Mapping[str, Any]) -> File:
    secret = content.get("file")
    source = secret if isinstance(secret, Mapping) else content
    if not isinstance(source.get("url"), str):
        raise Unreadable("a file without an address")
    told = content.get("info")
    info: Mapping[str, Any] = told if isinstance(told, Mapping) else {}
    mime, size = info.get("mimetype"), info.get("size")
    ref: dict[str, Any] = {"mxc": source["url"]}
    if secret is source:
        ref["file"] = dict(source)
    return File(
        kind, name, mime if isinstance(mime, str) else UNNAMED,
        size if isinstance(size, int) and size > 0 else 0, ref,
    )  # fmt: skip


def _without_address(text: str, me: str) -> str:
    """Without “gongfang: ” at the beginning: in rooms people speak to the bot by its name."""
    local = me[1:].partition(":")[0]
    for name in (me, f"@{local}", local):
        mark = text[len(name) : len(name) + 1]
        if local and text.lower().startswith(name.lower()) and mark in (":", "：", ",", "，"):
            return text[len(name) + 1 :].lstrip()
    return text


def _member(raw: Mapping[str, Any], event: Mapping[str, Any], content: Mapping[str, Any], me: str,
            common: dict[str, Any]) -> Inbound | None:  # fmt: skip
    """Somebody came, went, was asked in or asks; a new name or picture is none of these."""
    who, by = str(event.get("state_key") or ""), str(event.get("sender"))
    former = _mapping(_mapping(event.get("unsigned")).get("prev_content"))
    before, now = str(former.get("membership", "leave")), str(content.get("membership"))
    kind = _change(before, now)
    if kind is None or (who == me and kind not in ("joined", "left")):
        return None
    common = {**common, "event": str(event["event_id"])}
    if who == me and kind == "joined" and raw.get("began"):
        return Inbound("started", **{**common, "sender": str(raw["began"])})
    if who == me:
        made_by_us = by == me and not former and kind == "joined"  # nobody asked us in: nobody is to be greeted
        return None if made_by_us else Inbound("bot_added" if kind == "joined" else "bot_removed", **common)
    name = content.get("displayname") or former.get("displayname")
    common = {**common, "sender": who, "name": name if isinstance(name, str) else ""}
    common["payload"]["by"] = by
    if kind == "left":
        common["payload"]["from"] = before
        common["payload"]["how"] = "banned" if now == "ban" else "left" if by == who else "removed"
    return Inbound(kind, **common)


def _change(before: str, now: str) -> str | None:
    if now == before:
        return None
    if now in ("leave", "ban"):
        return "left" if before in ("join", "invite", "knock") else None
    return {"join": "joined", "invite": "invited", "knock": "asked_to_join"}.get(now)


def _ranked(event: Mapping[str, Any], content: Mapping[str, Any], common: dict[str, Any]) -> Inbound | None:
    """Somebody gave or took power."""
    before, after = _levels(_mapping(_mapping(event.get("unsigned")).get("prev_content"))), _levels(content)
    ranks = {
        who: [before.users.get(who, before.usual), after.users.get(who, after.usual)]
        for who in before.users.keys() | after.users.keys()
    }
    changed = {who: pair for who, pair in ranks.items() if pair[0] != pair[1]}
    if not changed:
        return None
    common["payload"] |= {"by": event.get("sender"), "ranks": changed}
    return Inbound("ranked", event=str(event["event_id"]), **common)


class _Levels(NamedTuple):
    users: dict[str, int]
    usual: int


def _levels(content: Mapping[str, Any]) -> _Levels:
    users = {str(who): number(level) for who, level in _mapping(content.get("users")).items()}
    return _Levels(users, number(content.get("users_default", 0)))


def _relation(content: Mapping[str, Any]) -> Mapping[str, Any]:
    return _mapping(content.get("m.relates_to"))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
