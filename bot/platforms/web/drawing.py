"""From what operations read to what templates draw (views.py), in the reader's language."""

from dataclasses import dataclass

from api.access import can
from api.attachments.texts import reason
from api.context import Context
from api.i18n import gettext, ngettext
from api.messaging.faces import Community, Identity, Person
from api.messaging.render import Reader, clean, plain
from api.messaging.tree import Node, pack, unpack, unpack_rows
from api.people.websessions import SignedIn
from api.relays.texts import without_speaker
from api.webchat import posting
from api.webchat.reading import ChatLine, OpenChat, Posts, Said, WebPost
from bot.platforms.web import views
from bot.platforms.web.markup import html_of, html_of_words

EXCERPT = 120  # characters
SHOWN_PHOTOS = ("image/jpeg", "image/png", "image/webp", "image/gif")


@dataclass(slots=True)
class Pen:
    """Draws for one signed-in reader, inside one operation."""

    ctx: Context
    seat: SignedIn
    reader: Reader

    def _(self, msgid: str, **values: object) -> str:
        text = gettext(self.reader.language, msgid)
        return text.format(**values) if values else text

    def bot(self) -> views.Face:
        """The assistant's face."""
        return views.Face("bot", self._("Assistant"), self._("G"))

    def face(self, author: Identity | None, person: Person | None) -> views.Face:
        """Whoever said something: a person, an account nobody is known for, or the bot."""
        if person is not None:
            return views.Face(person.pid, person.name, mark_of(person.name))
        if author is None:
            return self.bot()
        name = author.name or (self._("You") if author.id == self.seat.identity.id else self._("Somebody"))
        return views.Face(author.pid, name, mark_of(name))

    def place(self, community: Community | None) -> views.Face:
        """A chat's face: the room's community, or the bot."""
        if community is None:
            return self.bot()
        marks = {"workshop": self._("W"), "school": self._("S"), "region": self._("R")}
        return views.Face(community.pid, community.name, marks[community.kind])

    def me(self, subtitle: str = "") -> views.Me:
        """The reader."""
        person, identity = self.seat.person, self.seat.identity
        face = self.face(identity, person)
        if person is None:
            face = views.Face(identity.pid, self._("Visitor"), self._("V"))
        return views.Me(identity.pid, face, person is not None, subtitle)

    def groups(self, lines: list[ChatLine]) -> tuple[views.ChatGroup, ...]:
        """The chat list: own first, then each kind of room under its heading, the latest on top."""
        titles = {
            "me": "", "workshop": self._("Workshops"), "school": self._("Schools"), "region": self._("Regions"),
            "archived": self._("Archived"),
        }  # fmt: skip
        rows = [self.row(line) for line in lines]
        rows.sort(key=lambda row: row.at.timestamp() if row.at else 0.0, reverse=True)
        found = [(key, title, tuple(row for row in rows if row.group == key)) for key, title in titles.items()]
        return tuple(views.ChatGroup(key, title, mine) for key, title, mine in found if mine)

    def row(self, line: ChatLine) -> views.ChatRow:
        """One line of the list."""
        community = line.place.community
        kind = community.kind if community else "bot"
        preview, at = "", None
        if line.last is not None:
            preview, at = self._preview(line), line.last.post.created_at
        return views.ChatRow(
            line.place.chat.pid,
            kind,
            self.place(community),
            preview,
            at,
            line.unread,
            _group(community),
        )

    def _preview(self, line: ChatLine) -> str:
        assert line.last is not None
        post = line.last.post
        if post.removed_at is not None:
            return self._("Withdrawn") if post.identity_id is not None else ""
        text = self.excerpt(post.text, post.tree) or (self._("[file]") if post.files else "")
        mine = post.identity_id == self.seat.identity.id
        if line.place.private or post.identity_id is None or mine:
            return text
        return self._("{name}: {text}", name=self.face(line.last.author, line.last.person).name, text=text)

    def excerpt(self, text: str, tree: object) -> str:
        """The beginning of a message in one line."""
        whole = plain(unpack(tree), self.reader) if tree is not None else clean(text)
        return " ".join(whole.split())[:EXCERPT]

    def chat(self, opened: OpenChat, chips: tuple[views.Chip, ...]) -> views.Chat:
        """An open chat."""
        community = opened.posts.place.community
        subtitle = ""
        if community is not None and opened.people:
            subtitle = ngettext(self.reader.language, "{n} person", "{n} people", opened.people).format(n=opened.people)
        return views.Chat(
            opened.posts.place.chat.pid, community.kind if community else "bot", self.place(community), subtitle,
            tuple(self.posts(opened.posts)), opened.older, opened.unread_from, chips if community is None else (),
            opened.silent is None, plain(opened.silent, self.reader) if opened.silent else "",
            max_text=posting.MAX_TEXT, max_files=posting.MAX_FILES,
        )  # fmt: skip

    def page(self, csrf: str, cursor: str = "", subtitle: str = "") -> views.Page:
        """What every page of this reader needs."""
        return views.Page(self.reader.language, str(self.reader.zone), csrf, self.me(subtitle), cursor)

    def taken_back(self, posts: Posts) -> list[str]:
        """Pids of the posts that the bot took back: they disappear."""
        return [one.post.pid for one in posts.said if one.post.removed_at is not None and one.post.identity_id is None]

    def posts(self, posts: Posts) -> list[views.Post]:
        """Posts of one chat, in the order given; what the bot took back is left out."""
        gone = set(self.taken_back(posts))
        moderates = posts.place.community is not None and can(self.ctx, "moderate", posts.place.community)
        return [self._post(posts, one, moderates) for one in posts.said if one.post.pid not in gone]

    def _post(self, posts: Posts, one: Said, moderates: bool) -> views.Post:
        post, chat = one.post, posts.place.chat
        mine = post.identity_id == self.seat.identity.id
        gone = post.removed_at is not None
        editable = mine and posting.may_edit(self.ctx, self.seat, post)
        html = html_of(_tree(one), self.reader) if post.tree is not None else html_of_words(post.text)
        side: views.Side = "mine" if mine else "other" if post.identity_id is not None or one.relayed else "bot"
        photos, files = self._files(posts, post) if not gone else ((), ())
        return views.Post(
            post.pid, chat.pid, post.seq, side,
            self.face(one.author, one.person), post.created_at, html, post.rev, (post.client or "") if mine else "",
            post.edited_at is not None, gone, self._quoted(posts, post), photos, files, self._buttons(post),
            post.text if editable else "", not gone, editable,
            not gone and (mine or (moderates and side == "other") or (one.relayed and one.person == self.seat.person)),
        )  # fmt: skip

    def _quoted(self, posts: Posts, post: WebPost) -> views.Quoted | None:
        answered = posts.answered.get(post.reply_to) if post.reply_to is not None else None
        if answered is None or answered.post.removed_at is not None:
            return None
        tree = pack(_tree(answered)) if answered.post.tree is not None else None
        text = self.excerpt(answered.post.text, tree) or self._("[file]")
        return views.Quoted(answered.post.pid, self.face(answered.author, answered.person).name, text)

    def _buttons(self, post: WebPost) -> tuple[tuple[views.Button, ...], ...]:
        rows = unpack_rows(post.buttons)
        return tuple(
            tuple(
                views.Button(
                    plain(b.label, self.reader), b.action, b.url, b.style, bool(b.action) and b.action == post.pressed
                )
                for b in row
            )
            for row in rows
        )  # fmt: skip

    def _files(self, posts: Posts, post: WebPost) -> tuple[tuple[views.Photo, ...], tuple[views.File, ...]]:
        photos: list[views.Photo] = []
        files: list[views.File] = []
        for up in sorted(posts.uploads.get(post.id, ()), key=lambda up: post.files.index(up.pid)):
            url = f"/web/messages/{post.pid}/files/{up.pid}"
            if up.kind == "photo":
                photos.append(views.Photo(url, f"{url}?thumb=1", up.name, up.width, up.height))
            else:
                files.append(_file(url, up.name, up.size, up.kind, up.mime, up.seconds))
        for pid in post.files if post.identity_id is None else ():
            url, kept = f"/web/messages/{post.pid}/files/{pid}", posts.attachments.get(pid)
            if kept is None:
                continue
            if kept.kind == "photo" and kept.state == "stored" and kept.mime in SHOWN_PHOTOS:
                photos.append(views.Photo(url, url, kept.name))
            else:
                error = plain(reason(kept), self.reader) if kept.state == "failed" else ""
                files.append(
                    _file(url, kept.name, kept.size, kept.kind, kept.mime, None, kept.state == "pending", error)
                )
        return tuple(photos), tuple(files)


def _tree(said: Said) -> Node:
    """What the bot's post says; whose words it carries stands beside it."""
    tree = unpack(said.post.tree)
    return without_speaker(tree) if said.relayed else tree


def pen_for(ctx: Context, seat: SignedIn) -> Pen:
    """Who draws for a browser: in the person's language, else in the account's."""
    language = seat.person.language if seat.person else seat.identity.language
    return Pen(ctx, seat, ctx.reader(seat.person, language))


def _group(community: Community | None) -> str:
    if community is None:
        return "me"
    return community.kind if community.archived_at is None else "archived"


def _file(url: str, name: str, size: int, kind: str, mime: str, seconds: int | None, pending: bool = False,
          error: str = "") -> views.File:  # fmt: skip
    shown = "voice" if kind == "voice" and mime.startswith("audio/") else kind
    return views.File(url, name, size, shown if shown in ("voice", "video") else "file", mime, seconds, pending, error)


def mark_of(name: str) -> str:
    """One or two characters for a name: the given name of 王建国 is 建国; of Ada Lovelace AL."""
    words = name.replace("·", " ").split()
    if not words:
        return "·"
    if words[-1].isascii():
        return "".join(word[0] for word in (words[0], words[-1])[: len(words)]).upper()
    return words[-1][-2:]
