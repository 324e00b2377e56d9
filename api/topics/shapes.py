"""What topics look like over HTTP."""

from datetime import datetime

from pydantic import BaseModel, Field, StrictBool

from api.communities.shapes import PidField
from api.context import Context
from api.messaging.render import plain
from api.topics.service import LONGEST, TITLE, Post, View, view_topics
from storage.communities import Community
from storage.topics import Topic, TopicPlace


class TopicIn(BaseModel):
    """A topic to open."""

    community: PidField = Field(description="pid of the workshop, school or region in whose rooms it is said")
    title: str = Field(max_length=2 * TITLE)
    text: str = Field("", max_length=2 * LONGEST)


class InvitationsIn(BaseModel):
    """Workshops whose hosts are asked to join in."""

    workshops: list[PidField] = Field(min_length=1, max_length=20)


class AnswerIn(BaseModel):
    """The answer to an invitation: for which workshop, yes or no."""

    workshop: PidField
    accept: StrictBool


class Named(BaseModel):
    """A community or person by public id and name."""

    pid: str
    name: str


class PlaceOut(Named):
    """A community that was invited, and what became of it."""

    state: str = Field(description="invited | accepted | declined | left | recalled (the invitation was taken back)")

    @classmethod
    def of(cls, ctx: Context, place: TopicPlace) -> "PlaceOut":
        """The shape of a row."""
        community = ctx.session.get_one(Community, place.community_id)
        return cls(pid=community.pid, name=community.name, state=place.state)


class TopicOut(BaseModel):
    """A topic for those who take part. `places` are the communities that do, the one it was opened in first."""

    pid: str
    title: str
    text: str
    author: Named
    places: list[Named]
    posts: int = Field(description="how many things were said in it")
    created_at: datetime
    closed_at: datetime | None
    invited: list[PlaceOut] | None = Field(None, description="every invitation, for those who lead the topic")

    @classmethod
    def of(cls, ctx: Context, topic: Topic) -> "TopicOut":
        """The shape of a row for who asks, who may hear it."""
        return cls.seen(ctx, view_topics(ctx, [topic])[0])

    @classmethod
    def seen(cls, ctx: Context, view: View) -> "TopicOut":
        """The shape of a view."""
        topic = view.topic
        return cls(
            pid=topic.pid, title=topic.title, text=topic.text, posts=view.posts, created_at=topic.created_at,
            closed_at=topic.closed_at, author=Named(pid=view.author.pid, name=view.author.name),
            places=[Named(pid=one.pid, name=one.name) for one in view.places],
            invited=[PlaceOut.of(ctx, place) for place, _ in view.invited] if view.leads else None,
        )  # fmt: skip


class PostOut(BaseModel):
    """Something that was said in a topic: by whom, of which community. `text` has no formatting."""

    author: Named
    community: Named
    text: str
    files: int = Field(description="how many files came with it")
    at: datetime

    @classmethod
    def of(cls, ctx: Context, post: Post) -> "PostOut":
        """The shape of a post."""
        return cls(
            author=Named(pid=post.person.pid, name=post.person.name), text=plain(post.said, ctx.reader(ctx.actor)),
            community=Named(pid=post.community.pid, name=post.community.name), files=post.files,
            at=post.relay.created_at,
        )  # fmt: skip


class InvitationOut(BaseModel):
    """A topic that a workshop of yours is invited to."""

    topic: str = Field(description="its pid")
    title: str
    text: str
    workshop: Named = Field(description="who is invited")
    at: datetime

    @classmethod
    def of(cls, _ctx: Context, row: tuple[Topic, TopicPlace, Community]) -> "InvitationOut":
        """The shape of an invitation."""
        topic, place, workshop = row
        named = Named(pid=workshop.pid, name=workshop.name)
        return cls(topic=topic.pid, title=topic.title, text=topic.text, workshop=named, at=place.created_at)
