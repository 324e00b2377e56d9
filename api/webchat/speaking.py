"""What the bot does in a web chat: its deliveries become posts, each exactly once."""

from collections.abc import Sequence
from datetime import timedelta

from api.context import Context
from api.messaging.tree import Node, Rows, Words, pack, pack_rows
from api.webchat.posting import touch_post
from storage import accounts, webchat, webposts
from storage.base import new_pid
from storage.messaging import Chat
from storage.webchat import WebPost, WebToast

TOAST_LIFE = timedelta(seconds=20)


def write_bot_post(
    ctx: Context, chat_id: int, delivery_id: int, tree: Node, rows: Rows, files: Sequence[str],
    reply_to: str | None = None,
) -> str | None:  # fmt: skip
    """Show a delivery in its chat, as an answer to the post `reply_to` (its pid); again changes nothing. Returns the
    post's pid, None when the chat is gone."""
    chat = ctx.session.get(Chat, chat_id)
    if chat is None or chat.state == "gone":
        return None
    webchat.lock(ctx.session, chat_id, ctx.now)
    earlier = webposts.post_of_delivery(ctx.session, delivery_id)
    if earlier is not None:
        return earlier.pid
    answered = webposts.post_by_pid(ctx.session, reply_to) if reply_to is not None else None
    replies = answered.post.id if answered is not None and answered.post.chat_id == chat_id else None
    seq, change = webchat.number(ctx.session, chat_id, ctx.now, new=True)
    post = WebPost(
        pid=new_pid(), chat_id=chat_id, seq=seq, change=change, delivery_id=delivery_id, tree=pack(tree),
        buttons=pack_rows(rows), files=list(files), reply_to=replies, created_at=ctx.now,
    )  # fmt: skip
    ctx.session.add(post)
    ctx.session.flush()
    ctx.wake("web")
    return post.pid


def edit_bot_post(
    ctx: Context, chat_id: int, pids: Sequence[str], tree: Node, rows: Rows, files: Sequence[str]
) -> None:
    """Change what a delivery says and carries: files that are not given again go."""
    for post in webposts.posts_by_pids(ctx.session, chat_id, pids):
        packed = pack(tree), pack_rows(rows), list(files)
        if post.removed_at is None and packed != (post.tree, post.buttons, post.files):
            post.tree, post.buttons, post.files = packed
            post.pressed = None
            touch_post(ctx, post)


def remove_bot_post(ctx: Context, chat_id: int, pids: Sequence[str]) -> None:
    """Take a delivery back: it disappears."""
    for post in webposts.posts_by_pids(ctx.session, chat_id, pids):
        remove_post(ctx, post)


def remove_post(ctx: Context, post: WebPost) -> None:
    """Take one post of the bot's back."""
    if post.removed_at is None:
        post.removed_at, post.tree, post.buttons, post.files = ctx.now, pack(Words("")), [], []
        touch_post(ctx, post)


def answer_press(ctx: Context, handle: str, delivery_id: int, tree: Node) -> None:
    """A short word to whoever pressed, on all of their open pages; an empty one is not shown."""
    identity = accounts.identity_by_pid(ctx.session, handle.partition(".")[0])
    if identity is None or tree == Words(""):
        return
    webchat.add_toast(
        ctx.session, WebToast(identity_id=identity.id, delivery_id=delivery_id, tree=pack(tree), created_at=ctx.now)
    )
    webchat.touch(ctx.session, [identity.id], changed_at=ctx.now)
    ctx.wake("web")


def forget_toasts(ctx: Context) -> int:
    """Delete words that were shown long ago."""
    return webchat.purge_toasts(ctx.session, ctx.now - TOAST_LIFE)
