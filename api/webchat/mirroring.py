"""The built-in rooms as the planner sees rooms anywhere (C2): by the web chat's own rules of who reads and who writes.

They are views of the rows that other rooms are made after, so there is never anything to do but a title;
`gongfang rooms plan` looks at them all the same, and the tests hold both sets of rules together.
"""

from api.access import today_in
from api.context import Context
from api.rooms.planning import Actual, Standing
from storage import webchat
from storage.rooms import community_of_chat, find_chat_of

OWN = 100  # nobody stands above the service in its own rooms
WEB = "web"


def look_at_room(ctx: Context, native: str) -> Actual | None:
    """What a built-in room is; None when there is none of that id."""
    chat = find_chat_of(ctx.session, WEB, native)
    community = community_of_chat(ctx.session, chat.id) if chat is not None else None
    if chat is None or community is None:
        return None
    readers = webchat.accounts_around(ctx.session, community, today_in(ctx, community))
    return Actual(
        OWN, frozenset({"name"}), chat.title, members=dict.fromkeys(readers, Standing("join")),
        read_only=community.archived_at is not None,
    )  # fmt: skip


def retitle_room(ctx: Context, native: str, name: str) -> None:
    """Give a built-in room its community's name."""
    chat = find_chat_of(ctx.session, WEB, native)
    if chat is not None:
        chat.title = name
        ctx.wake("web")
