"""What a signed-in browser reads: the chat list, pages of posts, and what is new since a position."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from api.attachments.service import find_attachments
from api.communities.lookup import count_audience
from api.context import Context
from api.errors import not_found
from api.messaging.tree import Node, unpack
from api.people.websessions import SignedIn
from api.webchat.places import Place, get_place, list_places, why_silent
from api.webchat.speaking import TOAST_LIFE
from storage import webchat, webposts
from storage.attachments import Attachment
from storage.messaging import Chat
from storage.webchat import WebPost, WebUpload
from storage.webposts import Said

PAGE = 40  # posts
MISSED = 120  # more changes of one chat than that are not replayed: the page is fetched again


@dataclass(frozen=True, slots=True)
class ChatLine:
    """A chat in the list: its newest post, how much is unread, and where its changes stand."""

    place: Place
    last: Said | None
    unread: int
    change: int
    mark: int | None  # read up to this seq; None: never looked

    @property
    def fresh(self) -> bool:
        """Whether it is a room seen for the first time: `begin_reading` is due."""
        return self.mark is None and not self.place.private


@dataclass(frozen=True, slots=True)
class Posts:
    """Posts of one chat with everything that drawing them needs."""

    place: Place
    said: list[Said]
    answered: Mapping[int, Said] = field(default_factory=dict)  # by post id
    uploads: Mapping[int, list[WebUpload]] = field(default_factory=dict)  # by post id
    attachments: Mapping[str, Attachment] = field(default_factory=dict)  # by pid


@dataclass(frozen=True, slots=True)
class OpenChat:
    """A page of a chat. `older`: the seq to go back from, None at the beginning; `unread_from`: pid of a post."""

    posts: Posts
    older: int | None
    unread_from: str
    silent: Node | None  # why one may not write
    people: int  # in the room


@dataclass(frozen=True, slots=True)
class News:
    """What changed. `missed`: too much to replay."""

    lines: list[ChatLine]
    posts: list[Posts]
    gone: list[str]  # pids of chats
    toasts: list[tuple[int, Node]]
    chats: set[int]  # ids of all chats one sees now
    missed: bool = False


def list_chats(ctx: Context, seat: SignedIn) -> list[ChatLine]:
    """The chats one sees, own first. Five queries, whatever there is."""
    return _lines(ctx, seat, list_places(ctx, seat))


def _lines(ctx: Context, seat: SignedIn, places: Iterable[Place]) -> list[ChatLine]:
    places = list(places)
    ids = [place.chat.id for place in places]
    counters = webchat.counters(ctx.session, seat.identity.id, ids)
    last = webposts.last_posts(ctx.session, ids)
    lines = []
    for place in places:
        counter = counters.get(place.chat.id)
        seq, change, mark = (counter.last_seq, counter.last_change, counter.mark) if counter else (0, 0, None)
        # a room is read from when one first saw it; the bot's words all count
        read = mark if mark is not None else (0 if place.private else seq)
        lines.append(ChatLine(place, last.get(place.chat.id), seq - read, change, mark))
    return lines


def begin_reading(ctx: Context, seat: SignedIn) -> None:
    """Rooms seen for the first time are read up to now: what comes counts as unread."""
    new = [line for line in list_chats(ctx, seat) if line.fresh]
    seqs = {line.place.chat.id: line.last.post.seq if line.last else 0 for line in new}
    webchat.add_marks(ctx.session, seat.identity.id, seqs)


def open_chat(ctx: Context, seat: SignedIn, chat_pid: str) -> OpenChat:
    """The newest posts of a chat; all of the unread ones, up to a few pages."""
    place = get_place(ctx, seat, chat_pid)
    line = _lines(ctx, seat, [place])[0]
    said = webposts.page_of_posts(ctx.session, place.chat.id, min(max(PAGE, line.unread + 10), 4 * PAGE))
    mark = (line.last.post.seq if line.last else 0) - line.unread
    unread = next((one.post.pid for one in said if one.post.seq > mark), "") if line.unread else ""
    people = count_audience(ctx, place.community) if place.community else 0
    return OpenChat(gather(ctx, place, said), _older(said), unread, why_silent(ctx, place), people)


def open_before(ctx: Context, seat: SignedIn, chat_pid: str, seq: int) -> OpenChat:
    """The page of posts before a seq."""
    place = get_place(ctx, seat, chat_pid)
    said = webposts.page_of_posts(ctx.session, place.chat.id, PAGE, before=seq)
    return OpenChat(gather(ctx, place, said), _older(said), "", why_silent(ctx, place), 0)


def _older(said: list[Said]) -> int | None:
    return said[0].post.seq if said and said[0].post.seq > 1 else None


def gather(ctx: Context, place: Place, said: list[Said]) -> Posts:
    """Posts together with what they answer and carry: three queries, whatever there is."""
    answered = {one.post.reply_to for one in said if one.post.reply_to is not None}
    attached = [pid for one in said if one.post.identity_id is None for pid in one.post.files]
    uploads = [one.post.id for one in said if one.post.identity_id is not None and one.post.files]
    return Posts(
        place, said, webposts.posts_by_id(ctx.session, sorted(answered)),
        webposts.uploads_of_posts(ctx.session, uploads),
        {row.pid: row for row in find_attachments(ctx, attached)} if attached else {},
    )  # fmt: skip


def read_post(ctx: Context, seat: SignedIn, post_pid: str) -> Posts:
    """One post as it stands now, withdrawn or not. Raises NotFound where one does not see it."""
    said = webposts.post_by_pid(ctx.session, post_pid)
    if said is None:
        raise not_found("post.unknown")
    chat = ctx.session.get_one(Chat, said.post.chat_id)
    return gather(ctx, get_place(ctx, seat, chat.pid), [said])


def last_toast(ctx: Context, seat: SignedIn) -> int:
    """The position after the words that were said to an account so far."""
    return webchat.last_toast(ctx.session, seat.identity.id)


def mark_read(ctx: Context, seat: SignedIn, chat_pid: str, seq: int) -> None:
    """One has seen the chat up to a post; the counts on one's other pages follow."""
    place = get_place(ctx, seat, chat_pid)
    counter = webchat.counters(ctx.session, seat.identity.id, [place.chat.id]).get(place.chat.id)
    seen = min(seq, counter.last_seq if counter else 0)
    if webchat.set_mark(ctx.session, seat.identity.id, place.chat.id, seen):
        webchat.touch(ctx.session, [seat.identity.id], changed_at=ctx.now)
        ctx.wake("web")


def read_news(ctx: Context, seat: SignedIn, known: Mapping[str, tuple[int, int | None]], toast: int) -> News:
    """What a page does not know yet. `known`: chat pid -> (change, mark) that it shows; `toast`: the last one it said.

    Membership is asked anew each time: a chat one has left is gone, and nothing of it is sent any more.
    """
    lines = list_chats(ctx, seat)
    changed = [line for line in lines if known.get(line.place.chat.pid) != (line.change, line.mark)]
    posts, missed = [], False
    for line in changed:
        since, _ = known.get(line.place.chat.pid, (line.change, None))
        if since < line.change:
            said = webposts.changed_posts(ctx.session, line.place.chat.id, since, MISSED + 1)
            missed |= len(said) > MISSED
            posts.append(gather(ctx, line.place, said))
    here = {line.place.chat.pid for line in lines}
    said_to_me = webchat.toasts_after(ctx.session, seat.identity.id, toast, ctx.now - TOAST_LIFE)
    toasts = [(word.delivery_id, unpack(word.tree)) for word in said_to_me]
    return News(changed, posts, [pid for pid in known if pid not in here], toasts,
                {line.place.chat.id for line in lines}, missed)  # fmt: skip


__all__ = [
    "ChatLine", "News", "OpenChat", "Posts", "Said", "WebPost", "begin_reading", "gather", "last_toast", "list_chats",
    "mark_read", "open_before", "open_chat", "read_news", "read_post",
]  # fmt: skip
