"""`gongfang records`: whether progress is what people did, and making it so."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from api.messaging.tree import Plural, T
from bot.cli.output import REFUSED, AsJson, _, answering
from bot.cli.service import ConfigFile, Service, opened

if TYPE_CHECKING:
    from api.records.checking import Difference

app = typer.Typer()
SHOWN = 100
Within = Annotated[str | None, typer.Option(help=_("Only what counts for this community: public id, code or name."))]


@app.command("verify", help=_("Compare the tallies that progress is read from with the records; change nothing."))
def verify(community: Within = None, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Print what differs. Exit code 1 when anything does."""
    from api.records.checking import compare_tallies, name_differences

    async def compare(service: Service) -> list["Difference"]:
        found = compare_tallies(service.runtime, _id_of(service, community))
        return [one async for wrong in found for one in wrong]

    with answering(as_json) as out, opened(config) as service:
        wrong = asyncio.run(compare(service))
        people, places = service.do(name_differences, wrong[:SHOWN])
        shown = [
            {"person": people.get(one.person_id, ""), "community": places.get(one.community_id), "verb": one.verb,
             "day": one.day.isoformat(), "recorded": one.recorded, "tally": one.kept}
            for one in wrong[:SHOWN]
        ]  # fmt: skip
        heads = T("person"), T("community"), T("what"), T("day"), T("records"), T("tally")
        out.table(heads, [["" if value is None else str(value) for value in one.values()] for one in shown])
        if wrong:
            say = Plural("One tally differs. “gongfang records rebuild” puts it right.",
                         "{n} tallies differ. “gongfang records rebuild” puts them right.", len(wrong))  # fmt: skip
            raise out.fail(REFUSED, "records.differ", out.text(say), count=len(wrong), differences=shown)
        out.say(T("Every tally is what the records add up to."))
        out.result(count=0, differences=[])


@app.command("rebuild", help=_("Put the tallies right by the records, while the service runs."))
def rebuild(community: Within = None, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Compute wrong tallies anew in short transactions; what people do meanwhile is counted."""
    from api.records.checking import rebuild_tallies

    with answering(as_json) as out, opened(config) as service:
        n = asyncio.run(rebuild_tallies(service.runtime, _id_of(service, community)))
        out.say(Plural("One tally was put right.", "{n} tallies were put right.", n))
        out.result(corrected=n)


def _id_of(service: Service, community: str | None) -> int | None:
    from api.directory import one_community

    return service.do(lambda ctx: one_community(ctx, community).id) if community is not None else None
