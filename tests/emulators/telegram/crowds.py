"""What people do with groups: make them, invite, remove, promote, join by links, ask to join, topics."""

from dataclasses import dataclass, field

from tests.emulators.telegram import groups, seeing, views
from tests.emulators.telegram.model import GENERAL, Bot, Chat, InviteLink, JoinRequest, Member, Message, Topic, User
from tests.emulators.telegram.world import World


@dataclass(eq=False)
class Crowd(User):
    """The part of Person that deals with groups. Acts without the right raise PermissionError."""

    world: World = field(kw_only=True)

    def create_group(
        self, title: str, *others: User, kind: str = "group", forum: bool = False, username: str = ""
    ) -> Chat:
        """A new group ("group", "supergroup", "channel") with others in it; a forum is a supergroup with topics."""
        kind = "supergroup" if forum or (username and kind == "group") else kind
        chat = self.world.new_chat(kind, title, forum, username)
        chat.members[self.id] = Member(self, "creator")
        if forum:
            chat.topics[GENERAL] = Topic(chat, GENERAL, "General")
        for other in others if kind == "group" else ():
            groups.set_standing(self.world, chat, other, self, "member")
        if kind == "group":
            self.world.service(chat, self, {"group_chat_created": True})
        else:
            for other in others:
                self.invite(chat, other)
        return chat

    def invite(self, chat: Chat, user: User) -> None:
        """Add somebody, or a bot. Bots enter channels as administrators only."""
        if chat.type == "channel" and isinstance(user, Bot):
            groups.set_standing(self.world, chat, user, self, "administrator", can_be_edited=True)
        else:
            groups.enter(self.world, chat, user, self)

    def remove(self, chat: Chat, user: User) -> None:
        """Remove somebody; they cannot come back by a link."""
        self._need(chat, "can_restrict_members")
        groups.leave(self.world, chat, user, self, "kicked")

    def unban(self, chat: Chat, user: User) -> None:
        """Let somebody who was removed come back by a link."""
        self._need(chat, "can_restrict_members")
        groups.set_standing(self.world, chat, user, self, "left")

    def leave(self, chat: Chat) -> None:
        """Go."""
        groups.leave(self.world, chat, self, self)

    def promote(self, chat: Chat, user: User, *rights: str, without: tuple[str, ...] = ()) -> None:
        """Make somebody an administrator: with the usual rights (all but `without`), or only those named."""
        self._need(chat, "can_promote_members")
        chosen = set(rights) or groups.USUAL_RIGHTS | ({"can_post_messages"} if chat.type == "channel" else set())
        groups.set_standing(
            self.world, chat, user, self, "administrator", (chosen | {"can_manage_chat"}) - set(without)
        )

    def demote(self, chat: Chat, user: User) -> None:
        """Take an administrator's rights away."""
        groups.set_standing(self.world, chat, user, self, "member")

    def mute(self, chat: Chat, user: User) -> None:
        """Let somebody read only (supergroups)."""
        groups.set_standing(self.world, chat, user, self, "restricted", muted=True)

    def migrate(self, chat: Chat) -> Chat:
        """Turn a basic group into a supergroup; returns the new chat."""
        return groups.migrate(self.world, chat, self)

    def make_link(self, chat: Chat, asks: bool = False) -> InviteLink:
        """An invite link of one's own; `asks`: whoever opens it asks to join."""
        link = InviteLink(f"https://t.me/+p{self.world.new_user_id()}", self, asks=asks)
        chat.links[link.link] = link
        return link

    def join(self, chat: Chat, link: InviteLink | str | None = None) -> None:
        """Open an invite link (or a public chat) and join; a link that asks only asks."""
        found = chat.links.get(link if isinstance(link, str) else link.link) if link else None
        if chat.member(self).status == "kicked":
            raise PermissionError("removed people cannot come back by themselves")
        if found is None and (link or not chat.username):
            raise PermissionError("no such link")
        if found is not None and (found.revoked or (found.expires and found.expires < self.world.now())):
            raise PermissionError("the link is no longer valid")
        if found is not None and found.limit and found.used >= found.limit:
            raise PermissionError("the link was used often enough")
        if found is not None and found.asks:
            self._ask(chat, found)
        else:
            groups.enter(self.world, chat, self, self, found)

    def _ask(self, chat: Chat, link: InviteLink) -> None:
        chat.requests[self.id] = JoinRequest(link, self.world.clock.time())
        for bot in seeing.bots_in(chat):
            if chat.member(bot).may("can_invite_users"):
                bot.met.add(self.id)
        payload = views.join_request(chat, self, link, self.world)
        seeing.tell_admins(chat, "chat_join_request", payload, f"member {self.id}", "can_invite_users")
        self.world.touch()

    def decide(self, chat: Chat, user: User, welcome: bool) -> None:
        """As an administrator, let in or turn away somebody who asked."""
        if welcome:
            groups.let_in(self.world, chat, user, self)
        else:
            del chat.requests[user.id]

    def create_topic(self, chat: Chat, name: str) -> Topic:
        """A new topic in a forum."""
        return groups.make_topic(self.world, chat, self, name)

    def rename_topic(self, topic: Topic, name: str) -> None:
        """Give a topic another name."""
        topic.name = name
        self.world.service(topic.chat, self, {"forum_topic_edited": {"name": name}}, topic)

    def close_topic(self, topic: Topic, closed: bool = True) -> None:
        """Close a topic, or open it again."""
        topic.closed = closed
        said = "forum_topic_closed" if closed else "forum_topic_reopened"
        self.world.service(topic.chat, self, {said: {}}, topic)

    def delete_topic(self, topic: Topic) -> None:
        """Delete a topic and all that was said there; no bot hears of it."""
        topic.chat.topics.pop(topic.id)
        chat = topic.chat
        chat.messages = {number: message for number, message in chat.messages.items() if message.thread != topic.id}
        self.world.touch()

    def retitle(self, chat: Chat, title: str) -> None:
        """Give a chat another name."""
        chat.title = title
        self.world.service(chat, self, {"new_chat_title": title})

    def allow(self, chat: Chat, *permissions: str) -> None:
        """Say what everybody in a group may do."""
        self._need(chat, "can_restrict_members")
        chat.permissions = set(permissions)

    def pin(self, message: Message) -> None:
        """Pin a message."""
        message.chat.pinned.append(message.id)
        self.world.service(message.chat, self, {"pinned_message": views.message(message, reply=False)})

    def _need(self, chat: Chat, right: str) -> None:
        if not chat.member(self).may(right):
            raise PermissionError(f"{self.first_name} lacks {right} in “{chat.title}”")
