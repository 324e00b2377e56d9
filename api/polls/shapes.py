"""Open polls as /v1 shows them."""

from datetime import datetime

from pydantic import AwareDatetime, BaseModel, Field, StrictBool, StrictInt

from api.context import Context
from api.polls import service
from api.quizzes.service import picked_of
from storage.communities import Community
from storage.people import Person
from storage.polls import OpenPoll, Vote


class PollIn(BaseModel):
    """A question to the rooms of a community, 2 to 12 different options. Everybody there sees who chose what."""

    community: str = Field(max_length=12, description="pid of a workshop, school or region that has a room")
    question: str = Field(max_length=1000)
    options: list[str] = Field(max_length=50)
    multiple: StrictBool = Field(False, description="whether one may choose several")
    release_at: AwareDatetime | None = Field(None, description="later than now; none: now")
    closes_at: AwareDatetime | None = Field(None, description="none: until somebody closes it")


class VoteIn(BaseModel):
    """What you choose, options from 0, in place of what you chose before; none takes your vote back."""

    picked: list[StrictInt] = Field(max_length=50)


class ChosenOut(BaseModel):
    """An option, how many chose it, and the names of the first 20 of them."""

    text: str
    votes: int
    names: list[str]


class PollOut(BaseModel):
    """A poll and how it stands over all rooms."""

    pid: str
    community: str
    author: str
    question: str
    options: list[ChosenOut]
    multiple: bool
    voters: int
    picked: list[int] = Field(description="what you chose, options from 0")
    release_at: datetime
    closes_at: datetime | None
    released_at: datetime | None
    closed_at: datetime | None
    withdrawn_at: datetime | None

    @classmethod
    def of(cls, ctx: Context, poll: OpenPoll) -> "PollOut":
        """The shape of a row for who asks."""
        outcome = service.outcome_of(ctx, poll)
        return cls(
            pid=poll.pid, community=ctx.session.get_one(Community, poll.community_id).pid,
            author=ctx.session.get_one(Person, poll.author_id).pid, question=poll.question,
            options=[
                ChosenOut(text=text, votes=chosen.n, names=list(chosen.names))
                for text, chosen in zip(poll.options, outcome.options, strict=True)
            ],
            multiple=poll.multiple, voters=outcome.voters, picked=list(service.picked_by_me(ctx, poll)),
            release_at=poll.release_at, closes_at=poll.closes_at, released_at=poll.released_at,
            closed_at=poll.closed_at, withdrawn_at=poll.withdrawn_at,
        )  # fmt: skip


class ListedOut(BaseModel):
    """A poll in the list of yours, without who voted."""

    pid: str
    community: str
    question: str
    options: list[str]
    multiple: bool
    release_at: datetime
    closes_at: datetime | None
    released_at: datetime | None
    closed_at: datetime | None
    withdrawn_at: datetime | None

    @classmethod
    def of(cls, ctx: Context, poll: OpenPoll) -> "ListedOut":
        """The shape of a row."""
        return cls(
            pid=poll.pid, community=ctx.session.get_one(Community, poll.community_id).pid, question=poll.question,
            options=poll.options, multiple=poll.multiple, release_at=poll.release_at, closes_at=poll.closes_at,
            released_at=poll.released_at, closed_at=poll.closed_at, withdrawn_at=poll.withdrawn_at,
        )  # fmt: skip


class VoteOut(BaseModel):
    """What somebody chose, options from 0."""

    person: str
    name: str
    picked: list[int]
    at: datetime

    @classmethod
    def of(cls, _ctx: Context, found: tuple[Person, Vote]) -> "VoteOut":
        """The shape of a vote."""
        person, vote = found
        return cls(person=person.pid, name=person.name, picked=list(picked_of(vote.picked)), at=vote.at)
