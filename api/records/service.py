"""Records of what people did, and the tallies that progress is read from (G11-G13 行为记录)."""

from datetime import date
from typing import Any

from api.context import Context
from api.times import local_day
from storage import records
from storage.communities import Community
from storage.people import Audit
from storage.records import Record


def record(ctx: Context, verb: str, object: str, community: Community | None = None, *, person_id: int | None = None,
           amount: int = 1, **result: Any) -> Record:  # fmt: skip
    """Write down that a person (default: who acts) did something, and add it to the day's tally.

    `verb` is "<capability>.<past tense>", `object` "<table>:<pid>". Taking back is amount=-1 under the same verb;
    it counts on the day of the taking back.
    """
    who = person_id if person_id is not None else ctx.me.id
    day = local_day(ctx.now, ctx.zone(community))
    row = Record(
        person_id=who, verb=verb, object=object, community_id=community.id if community else None, amount=amount,
        result=result, day=day, at=ctx.now,
    )  # fmt: skip
    ctx.session.add(row)
    records.add_to_tallies(ctx.session, [(who, community.id if community else 0, verb, day, amount)])
    return row


def audit(ctx: Context, act: str, object: str = "", community: Community | None = None, **detail: Any) -> None:
    """Write down a privileged act: reading others' work, exporting, changing roles."""
    actor_id = ctx.actor.id if ctx.actor else None
    ctx.session.add(
        Audit(actor_id=actor_id, act=act, object=object, community_id=community.id if community else None,
              detail={"via": ctx.via, **detail}, at=ctx.now)
    )  # fmt: skip


def counts(ctx: Context, community_id: int, verbs: list[str], since: date | None = None,
           until: date | None = None) -> dict[int, dict[str, int]]:  # fmt: skip
    """person id -> verb -> count in a community over local days [since, until]."""
    return records.sum_by_person(ctx.session, community_id, verbs, since, until)


def my_counts(ctx: Context, person_id: int, since: date | None = None) -> dict[tuple[int, str], int]:
    """(community id, verb) -> count of one person."""
    return records.sum_of_person(ctx.session, person_id, since)
