"""Whom a person may address, and how to reach many people without waking them."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select

from api.access import OFFICES, ROLES, RULES, today_in
from api.context import Context
from api.mail.service import call_by_mail
from api.messaging.outbox import BULK, deliver_to_people
from api.times import QuietHours, parse_quiet_hours, release_after_quiet, zone_of
from storage import audiences
from storage.communities import Community
from storage.messaging import Message


def places_where(ctx: Context, action: str, person_id: int | None = None) -> Select[Any]:
    """A select of the communities in which a person (default: who acts) may do `action` (a row of RULES)."""
    roles = RULES[action] & set(ROLES)
    who = person_id if person_id is not None else ctx.me.id
    return audiences.select_places_of(who, today_in(ctx), roles, RULES[action] & set(OFFICES), "member" in roles)


def communities_where(ctx: Context, action: str, text: str = "", limit: int = 8, kind: str = "") -> list[Community]:
    """Communities in which who acts may do `action` and whose name contains `text`, their own and the nearest first.

    `kind`: workshops, schools or regions only.
    """
    return audiences.find_places(
        ctx.session, places_where(ctx, action), text.strip(), limit, ctx.me.id, today_in(ctx), kind
    )


def quiet_hours_of(ctx: Context, setting: str | None) -> QuietHours | None:
    """The quiet hours that a person's setting means: None stands for the service's, "" for none."""
    chosen = ctx.config.time.quiet_hours if setting is None else setting
    return parse_quiet_hours(chosen) if chosen else None


def deliver_in_waking_hours(
    ctx: Context,
    message: Message,
    people: Select[Any],
    *,
    urgent: bool = False,
    lane: int = BULK,
    life: timedelta | None = None,
    until: datetime | None = None,
    **how: Any,
) -> int:
    """Deliver to each of the selected people: now, or when their own quiet hours end (`urgent`: now to everybody).

    It expires `life` after that; whose quiet hours end at or after `until` get none: it would come too late. Who is
    away from the web is called back by mail. One INSERT ... SELECT for each distinct moment, however many people there
    are. Returns how many were added.
    """
    added = 0
    for at, some in [(ctx.now, people)] if urgent else _by_moment(ctx, people):
        if until is None or at < until:
            expires = {"expires_at": at + life} if life is not None else {}
            added += deliver_to_people(ctx, message, some, lane, not_before=at, **expires, **how)
            call_by_mail(ctx, some, at)
    return added


def _by_moment(ctx: Context, people: Select[Any]) -> list[tuple[datetime, Select[Any]]]:
    """The selected people by the moment at which each may be spoken to."""
    moments: dict[datetime, list[tuple[str | None, str | None]]] = defaultdict(list)
    for zone, setting in audiences.waking_settings(ctx.session, people):
        at = release_after_quiet(ctx.now, quiet_hours_of(ctx, setting), zone_of(zone or ctx.config.time.zone))
        moments[at].append((zone, setting))
    return [(at, audiences.with_settings(people, settings)) for at, settings in moments.items()]
