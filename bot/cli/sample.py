"""`gongfang sample`: a county to try things out in."""

from datetime import timedelta
from typing import TYPE_CHECKING

import typer

from api.messaging.tree import Node, T
from bot.cli.output import AsJson, Output, _, answering
from bot.cli.service import ConfigFile, Service, opened

if TYPE_CHECKING:
    from api.runtime import Runtime

app = typer.Typer()
LINK_LIFE = timedelta(hours=12)


@app.command("load", help=_("Fill an empty database with a sample county."))
def load(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """One county, two schools, two workshops, thirty teachers and a week of their work."""
    from api.sample.service import load_sample

    with answering(as_json) as out, opened(config) as service:
        counts = load_sample(service.do)
        out.say(T("The sample county is there: {people} people. “gongfang sample wipe” removes it.", **counts))
        out.result(**counts)


@app.command("wipe", help=_("Remove the sample county and everything in it; refuses while real people sit in it."))
def wipe(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Exit code 1 when real people are in the way; they are named."""
    from api.sample.service import wipe_sample

    with answering(as_json) as out, opened(config) as service:
        removed = wipe_sample(service.runtime, service.do)
        out.say(T("The sample county is gone: {people} people and what they did.", people=removed))
        out.result(people=removed)


def sign_in_links(runtime: "Runtime", out: Output) -> list[tuple[Node, str]]:
    """(who, address) of one-time links for a teacher, a host and the administrator of the sample county.

    None when the database has other people: it is not for trying out.
    """
    from api.people.websessions import make_one_time_link, page_url
    from api.sample.service import sign_in_people

    # a Context; naming it would import the service before --help needs it
    def make(ctx):  # type: ignore[no-untyped-def]
        minutes = int(LINK_LIFE.total_seconds() // 60)
        return [(who, page_url(ctx, f"/link/{make_one_time_link(ctx, person, minutes)}"))
                for who, person in sign_in_people(ctx)]  # fmt: skip

    links = Service(runtime).do(make)
    if not links:
        out.say(T("This database holds other people than the sample county's: no sign-in links are printed."))
    return links
