"""What people do in a web chat: say, edit, withdraw, press. A post and its arrival in the inbox are one commit (C1)."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from api.access import can
from api.context import Context
from api.errors import Conflict, Invalid, TooLarge
from api.messaging.receiving import Arrival, receive
from api.messaging.tree import T
from api.people.websessions import WEB, SignedIn
from api.records.service import audit
from api.webchat.places import Place, get_place, place_of_post, require_voice
from storage import webchat, webposts
from storage.base import new_pid
from storage.messaging import Chat
from storage.webchat import WebPost, WebUpload
from storage.webposts import Said

MAX_TEXT = 20_000  # characters
MAX_FILES = 9
EDITABLE = timedelta(hours=24)


def post_message(ctx: Context, seat: SignedIn, chat_pid: str, client: str, text: str, files: Sequence[str] = (),
                 reply_to: str = "") -> WebPost:  # fmt: skip
    """Say something; `client` is the page's own id of it, so that a repeated send is the same post.

    `files` are pids of uploads, `reply_to` the pid of a post of the same chat. Raises TooLarge, Invalid, Forbidden.
    """
    place = get_place(ctx, seat, chat_pid)
    earlier = webposts.post_of_client(ctx.session, place.chat.id, seat.identity.id, client)
    if earlier is not None:
        return earlier
    require_voice(ctx, place)
    _check_text(text)
    if not text.strip() and not files:
        raise Invalid("post.empty", T("There is nothing to send yet: write something or add a file."))
    webchat.lock(ctx.session, place.chat.id, ctx.now)
    # the chat is ours until the commit: what came first on another process shows now
    earlier = webposts.post_of_client(ctx.session, place.chat.id, seat.identity.id, client)
    if earlier is not None:
        return earlier
    sent = _take_uploads(ctx, seat, files)
    answered = webposts.post_by_pid(ctx.session, reply_to) if reply_to else None
    replies = answered if answered is not None and answered.post.chat_id == place.chat.id else None
    seq, change = webchat.number(ctx.session, place.chat.id, ctx.now, new=True)
    post = WebPost(
        pid=new_pid(), chat_id=place.chat.id, seq=seq, change=change, identity_id=seat.identity.id, client=client,
        text=text, files=[upload.pid for upload in sent], reply_to=replies.post.id if replies else None,
        created_at=ctx.now,
    )  # fmt: skip
    ctx.session.add(post)
    ctx.session.flush()
    for upload in sent:
        upload.post_id = post.id
    webchat.set_mark(ctx.session, seat.identity.id, place.chat.id, seq)
    _arrive(
        ctx, seat, place, post.pid, "said", text=text, files=[_file(upload) for upload in sent], event=post.pid,
        reply_to=replies.post.pid if replies else "",
    )  # fmt: skip
    ctx.wake("web")
    return post


def edit_post(ctx: Context, seat: SignedIn, post_pid: str, text: str) -> WebPost:
    """Change the words of one's own message, within 24 hours."""
    place, said = place_of_post(ctx, seat, post_pid, lock=True)
    post = said.post
    if not may_edit(ctx, seat, post):
        say = T("This message cannot be changed any more. You can change your own messages for 24 hours.")
        raise Conflict("post.fixed", say)
    require_voice(ctx, place)
    _check_text(text)
    if not text.strip() and not post.files:
        raise Invalid("post.empty", T("There is nothing to send yet: write something or add a file."))
    if text != post.text:
        post.text, post.edited_at = text, ctx.now
        touch_post(ctx, post)
        _arrive(ctx, seat, place, f"{post.pid}.{post.rev}", "edited", text=text, event=post.pid)
    return post


def withdraw_post(ctx: Context, seat: SignedIn, post_pid: str) -> WebPost:
    """Take a message back: one's own, or (moderators) anybody's in the room. Everybody sees that it was withdrawn."""
    place, said = place_of_post(ctx, seat, post_pid, lock=True)
    post = said.post
    if not may_withdraw(ctx, seat, place, said):
        raise Conflict("post.not_yours", T("You can withdraw your own messages only."))
    if not said.relayed:  # else it goes with all its copies, when the bot hears of this
        post.removed_at, post.text = ctx.now, ""
        touch_post(ctx, post)
    _arrive(ctx, seat, place, f"{post.pid}.{post.rev}", "deleted", event=post.pid)
    if post.identity_id != seat.identity.id:
        audit(ctx, "post.withdrawn", f"web_post:{post.pid}", place.community)
    return post


def press(ctx: Context, seat: SignedIn, post_pid: str, action: str, handle: str) -> str:
    """Press a button of the bot's message. `handle` is unique per press: its answer finds the way back by it.

    Returns the pid of the chat.
    What the button does is authorised when the bot handles it; here it must only be one that the message shows.
    """
    place, said = place_of_post(ctx, seat, post_pid)
    post = said.post
    if not any(action and action == button[1] for row in post.buttons for button in row):
        raise Conflict("button.over", T("That is over already."))
    if place.private and post.pressed != action:
        post.pressed = action
        touch_post(ctx, post)
    _arrive(ctx, seat, place, f"press.{handle}", "pressed", event=post.pid, action=action,
            handle=f"{seat.identity.pid}.{handle}")  # fmt: skip
    return place.chat.pid


def start(ctx: Context, seat: SignedIn) -> None:
    """Tell the bot that somebody opened their chat for the first time."""
    place = Place(get_own_chat(ctx, seat), None)
    _arrive(ctx, seat, place, f"start.{seat.identity.pid}", "started")


def get_own_chat(ctx: Context, seat: SignedIn) -> Chat:
    """The chat of an account with the bot."""
    assert seat.identity.chat_id is not None
    return ctx.session.get_one(Chat, seat.identity.chat_id)


def may_edit(ctx: Context, seat: SignedIn, post: WebPost) -> bool:
    """Whether it is one's own and young enough."""
    return post.identity_id == seat.identity.id and post.removed_at is None and ctx.now - post.created_at < EDITABLE


def may_withdraw(ctx: Context, seat: SignedIn, place: Place, said: Said) -> bool:
    """Whether it is one's own, wherever one said it, or one moderates the room."""
    post = said.post
    if post.removed_at is not None or (post.identity_id is None and not said.relayed):
        return False
    own = said.person is not None and seat.person is not None and said.person.id == seat.person.id
    if post.identity_id == seat.identity.id or (said.relayed and own):
        return True
    return place.community is not None and can(ctx, "moderate", place.community)


def touch_post(ctx: Context, post: WebPost) -> None:
    """A post changed: pages that are open show it anew."""
    _, post.change = webchat.number(ctx.session, post.chat_id, ctx.now, new=False)
    post.rev += 1
    ctx.session.flush()
    ctx.wake("web")


def _check_text(text: str) -> None:
    if len(text) > MAX_TEXT:
        say = T(
            "This message has {n} characters; at most {limit} fit. Please send it in parts.",
            n=len(text),
            limit=MAX_TEXT,
        )
        raise TooLarge("post.too_long", say, n=len(text), limit=MAX_TEXT)


def _take_uploads(ctx: Context, seat: SignedIn, pids: Sequence[str]) -> list[WebUpload]:
    if len(pids) > MAX_FILES:
        raise TooLarge(
            "post.too_many_files", T("At most {limit} files go with one message.", limit=MAX_FILES), limit=MAX_FILES
        )
    found = webposts.fresh_uploads(ctx.session, seat.identity.id, list(pids))
    if len(found) != len(set(pids)):
        raise Conflict("upload.gone", T("A file of this message is not here any more. Please add it again."))
    return found


def _file(upload: WebUpload) -> dict[str, Any]:
    return {
        "kind": upload.kind,
        "name": upload.name,
        "mime": upload.mime,
        "size": upload.size,
        "ref": {"upload": upload.pid},
    }


def _arrive(ctx: Context, seat: SignedIn, place: Place, event_id: str, kind: str, **parts: Any) -> None:
    name = seat.person.name if seat.person else seat.identity.name
    raw = {"kind": kind, "sender": seat.identity.native, "name": name, "language": seat.identity.language, **parts}
    receive(ctx, WEB, "", [Arrival(event_id, place.chat.native, place.chat.kind, raw)])
