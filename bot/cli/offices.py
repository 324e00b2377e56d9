"""`gongfang admin create`, `appoint`, `dismiss`: who holds which office (G2)."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from api.messaging.tree import T
from bot.cli.output import AsJson, _, answering
from bot.cli.service import ConfigFile, opened

if TYPE_CHECKING:
    from api.context import Context
    from api.directory import Appointment, Community, Person

admin = typer.Typer()
Who = Annotated[str, typer.Argument(help=_("Public id, staff number or whole name."), metavar="PERSON")]
Where = Annotated[str, typer.Argument(help=_("Public id, code or name of the region or school."), metavar="PLACE")]
Office = Annotated[str, typer.Argument(help=_(
    "region_admin, school_admin, county_trainer, principal, school_trainer, expert or provider_admin."
), metavar="OFFICE")]  # fmt: skip
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help=_("First day on which it no longer holds."))]


@admin.callback()
def group() -> None:
    """A group of one command: `gongfang admin create`."""


@admin.command("create", help=_("The first administrator of a region, with a claim code to sign in."))
def create(
    region: Annotated[str, typer.Option(help=_("Name of the region, or city/county; it is added when it is new."))],
    name: Annotated[str, typer.Option(help=_("The administrator's name."))],
    staff_no: Annotated[str, typer.Option(help=_("The administrator's staff number, unique in the region."))],
    config: ConfigFile = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Add region and person where they are missing, appoint, and print a claim code."""
    from api.people.codes import IssuedCode
    from api.people.service import create_admin
    from api.people.slips import claim_url

    def make(ctx: "Context") -> tuple[IssuedCode, str]:
        issued = create_admin(ctx, region, name, staff_no)
        return issued, claim_url(ctx, issued)

    with answering(as_json) as out, opened(config) as service:
        issued, link = service.do(make)
        out.say(T("{name} administers {region}. Claim code: {code}", name=name, region=region, code=issued.code))
        out.say(T("Or open {link}", link=link))
        out.result(person=issued.person.pid, code=issued.code, link=link, expires_at=issued.expires_at)


def appoint(person: Who, office: Office, place: Where, until: Day = None, config: ConfigFile = None,
            as_json: AsJson = False) -> None:  # fmt: skip
    """Appoint from today on; who holds the office already is renewed."""
    from api.communities.appointments import appoint as appoint_to
    from api.directory import one_community, one_person

    def give(ctx: "Context") -> "tuple[Appointment, Person, Community]":
        who, where = one_person(ctx, person), one_community(ctx, place, ("region", "school"))
        return appoint_to(ctx, who.pid, where.pid, office, until=until.date() if until else None), who, where

    with answering(as_json) as out, opened(config) as service:
        held, who, where = service.do(give)
        out.say(T("{name} is {office} of {place} now.", name=who.name, office=_office(office), place=where.name))
        out.result(appointment=held.pid, person=who.pid, place=where.pid, office=office, until=held.until)


def dismiss(person: Who, office: Office, place: Where, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """End the appointment today; its history stays."""
    from api.communities.appointments import dismiss as dismiss_from
    from api.directory import one_appointment, one_community, one_person

    def end(ctx: "Context") -> "tuple[Appointment, Person, Community]":
        who, where = one_person(ctx, person), one_community(ctx, place, ("region", "school"))
        return dismiss_from(ctx, one_appointment(ctx, who, where, office).pid), who, where

    with answering(as_json) as out, opened(config) as service:
        held, who, where = service.do(end)
        out.say(T("{name} is no longer {office} of {place}.", name=who.name, office=_office(office), place=where.name))
        out.result(appointment=held.pid, person=who.pid, place=where.pid, office=office)


def _office(office: str) -> T:
    from api.access import NAMES

    return NAMES[office]
