"""Days that are not as the official calendar says (调休), entered by region administrators; nearer regions win."""

from collections.abc import Mapping
from datetime import date

from api.communities.lookup import get_community_for
from api.context import Context
from api.errors import Invalid
from api.messaging.render import clean
from api.messaging.tree import T
from api.records.service import audit
from storage import reminders
from storage.communities import Community, ids_in
from storage.reminders import HolidayOverride


def overrides_for(ctx: Context, place: Community | str | None) -> Mapping[date, bool]:
    """date -> whether people work then, for a community or a path; what `api.times.is_workday` takes."""
    path = place.path if isinstance(place, Community) else place
    if not path:
        return {}
    above = ids_in(path)
    rows = reminders.overrides_in(ctx.session, above)
    return {row.day: row.works for row in sorted(rows, key=lambda row: above.index(row.region_id))}


def my_overrides(ctx: Context) -> Mapping[date, bool]:
    """The same for where who acts is at home."""
    return overrides_for(ctx, reminders.path_of_region(ctx.session, ctx.me.id))


def list_overrides(
    ctx: Context, region_pid: str, limit: int | None = None, after: date = date.min
) -> list[HolidayOverride]:
    """The days after a day that a region itself has set."""
    region = get_community_for(ctx, region_pid, "see")
    return reminders.overrides_in(ctx.session, [region.id], limit, after)


def set_override(ctx: Context, region_pid: str, day: date, works: bool, note: str = "") -> HolidayOverride:
    """Say that people of a region work on a day, or do not. Saying it again changes it."""
    region = _region(ctx, region_pid)
    row = reminders.get_override(ctx.session, region.id, day)
    if row is None:
        row = HolidayOverride(region_id=region.id, day=day, works=works, created_at=ctx.now)
        ctx.session.add(row)
    row.works, row.note, row.set_by = works, clean(note)[:120], ctx.actor.id if ctx.actor else None
    ctx.session.flush()
    reminders.look_again(ctx.session, region.path, day.weekday(), ctx.now)
    audit(ctx, "holiday.set", f"community:{region.pid}", region, day=day.isoformat(), works=works)
    return row


def clear_override(ctx: Context, region_pid: str, day: date) -> None:
    """Let the official calendar decide again; a day that was not set is no error."""
    region = _region(ctx, region_pid)
    row = reminders.get_override(ctx.session, region.id, day)
    if row is not None:
        ctx.session.delete(row)
        ctx.session.flush()
        reminders.look_again(ctx.session, region.path, day.weekday(), ctx.now)
        audit(ctx, "holiday.cleared", f"community:{region.pid}", region, day=day.isoformat())


def _region(ctx: Context, pid: str) -> Community:
    region = get_community_for(ctx, pid, "roster")
    if region.kind != "region":
        raise Invalid("holiday.region", T("Days are set for a whole region."))
    return region


__all__ = ["clear_override", "list_overrides", "my_overrides", "overrides_for", "set_override"]
