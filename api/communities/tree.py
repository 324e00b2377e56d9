"""Putting communities into the tree (G12-G14). Everything that makes one comes through `add_community`."""

from typing import Any

from api.context import Context
from storage import communities
from storage.base import new_pid
from storage.communities import Community
from storage.inbox import find_or_add_chat
from storage.rooms import Room, room_of_chat

WEB = "web"


def add_community(ctx: Context, *, kind: str, name: str, parent: Community | None = None, **columns: Any) -> Community:
    """Add a region, school or workshop with its built-in web room. Asks for no right: the caller has.

    `columns`: level, code, about, subject, policy, rules, zone, language, sample.
    """
    community = Community(pid=new_pid(), kind=kind, name=name, created_at=ctx.now, **columns)
    community.language = columns.get("language") or (parent.language if parent else ctx.config.bot.languages[0])
    community.created_by = ctx.actor.id if ctx.actor else None
    communities.add_to_tree(ctx.session, community, parent)
    ensure_web_room(ctx, community)
    return community


def ensure_web_room(ctx: Context, community: Community) -> int:
    """The chat id of the community's room in the web chat, added when it is missing. Its title is the name."""
    native = f"room-{community.pid}"
    chat_id = find_or_add_chat(ctx.session, WEB, "", native, "room", community.name, ctx.now)
    if room_of_chat(ctx.session, chat_id) is None:
        ctx.session.add(Room(
            chat_id=chat_id, community_id=community.id, platform=WEB, origin="built_in", created_at=ctx.now
        ))
        ctx.session.flush()
    return chat_id


def rename_community(ctx: Context, community: Community, name: str) -> None:
    """Give a community another name; its web room follows."""
    community.name = name
    ensure_web_room(ctx, community)
