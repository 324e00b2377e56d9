"""Shapes of dead letters over HTTP."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Path
from pydantic import BaseModel, Field

from api.communities.shapes import PidField
from api.context import Context
from api.letters.service import Changed
from api.messaging.reasons import explain
from api.messaging.render import plain
from storage.letters import Counted, LetterRow

ReasonName = Literal[
    "blocked", "no_chat", "no_account", "chat_gone", "rejected", "unheard", "gave_up", "expired", "unreadable", "guard",
    "other",
]  # fmt: skip
# the database makes those of pushes, out of more characters than ours
LetterPid = Annotated[str, Path(pattern="^[0-9a-z]{12}$", description="public id")]
PlatformName = Annotated[str, Field(max_length=16, description="web, telegram, matrix")]


class LetterOut(BaseModel):
    """Something that was not delivered: why, to whom or for which room. What it says is shown to nobody."""

    pid: str
    reason: str
    kind: str = Field(description="send; or edit, delete: a change of something that was sent")
    platform: str | None = Field(description="null: for a person who is at home nowhere")
    person: str | None
    name: str | None
    school: str | None
    community: str | None = Field(description="whose room it was for")
    place: str | None
    attempts: int
    created_at: datetime
    expires_at: datetime | None
    retriable: bool = Field(description="whether it could arrive now")

    @classmethod
    def of(cls, _ctx: Context, letter: LetterRow) -> "LetterOut":
        """The shape of a letter."""
        return cls.model_validate(letter, from_attributes=True)


class ReasonOut(BaseModel):
    """How many letters there are for a reason, and how many of them could arrive now. `means` is for people."""

    reason: str
    means: str
    n: int
    retriable: int


class ReasonsOut(BaseModel):
    """All reasons that there are letters for."""

    items: list[ReasonOut]

    @classmethod
    def of(cls, ctx: Context, counted: list[Counted]) -> "ReasonsOut":
        """The shape of the counts."""
        reader = ctx.reader(ctx.actor)
        return cls(items=[
            ReasonOut(reason=one.reason, means=plain(explain(one.reason), reader), n=one.n, retriable=one.retriable)
            for one in counted
        ])  # fmt: skip


class ManyIn(BaseModel):
    """Letters of one reason: everywhere, or at and under a community; `after` goes on after an earlier answer's
    `next`."""

    reason: ReasonName
    community: PidField | None = None
    platform: PlatformName | None = None
    after: Annotated[str | None, Field(max_length=40)] = None


class ChangedOut(BaseModel):
    """How many were changed, at most 500 at once; of a retry how many are `left` because they could not arrive now."""

    n: int
    left: int
    next: str | None = Field(description="where to go on, if there may be more")

    @classmethod
    def of(cls, _ctx: Context, changed: Changed) -> "ChangedOut":
        """The shape of what came of it."""
        return cls.model_validate(changed, from_attributes=True)
