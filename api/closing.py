"""Until when something sent to many can be answered (quizzes, open polls)."""

from datetime import datetime, timedelta

from api.broadcasts import FARTHEST
from api.context import Context
from api.errors import Invalid
from api.messaging.tree import T
from api.times import to_utc, to_wall
from storage.communities import Community

USUAL_DAYS, USUAL_HOUR = 2, 21
SHORTEST = timedelta(minutes=1)


def usual_closing(ctx: Context, community: Community | None, release_at: datetime | None) -> datetime:
    """When it closes when nobody says: 21:00, two days after it goes out."""
    zone = ctx.zone(community)
    wall = to_wall(max(release_at or ctx.now, ctx.now), zone) + timedelta(days=USUAL_DAYS)
    return to_utc(wall.replace(hour=USUAL_HOUR, minute=0, second=0, microsecond=0), zone)


def check_closing(ctx: Context, what: str, release_at: datetime, closes_at: datetime | None) -> None:
    """Raise Invalid ("<what>.closes_before", "<what>.closes_too_far") for a closing time before or long after `what`
    goes out; none is never."""
    if closes_at is not None and closes_at < max(release_at, ctx.now) + SHORTEST:
        raise Invalid(f"{what}.closes_before", T("It would close before it goes out. Choose a later closing time."))
    if closes_at is not None and closes_at - release_at > FARTHEST:
        raise Invalid(f"{what}.closes_too_far", T("That is more than a year away. Choose an earlier time."))
