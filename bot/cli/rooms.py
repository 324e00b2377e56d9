"""`gongfang rooms`: what keeps rooms out of step, what would be done about it, doing it, taking over what is there."""

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.messaging.tree import Plural, T, Words
from bot.cli.output import AsJson, Output, _, answering
from bot.cli.service import ConfigFile, opened

if TYPE_CHECKING:
    from api.context import Context
    from api.rooms.passes import Todo
    from api.rooms.reports import Report
    from api.runtime import Runtime
    from bot.platforms.base import Mirroring

app = typer.Typer()
MOST = 10_000  # rooms that one command looks at
STARTING = 60  # seconds a platform may take, with the import of its library
Where = Annotated[str, typer.Argument(help=_("Public id, code or name of a region, school or workshop."),
                                      metavar="PLACE")]  # fmt: skip


@app.command("drift", help=_("How the rooms of a place and all below it were when they were last looked at."))
def drift(place: Where, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """What stands in the database; no platform is asked. Exit code 1 when something is out of step."""
    from api.rooms.reports import LOOSE, STEADY, describe

    with answering(as_json) as out, opened(config) as service:
        reports = service.do(_reports, place)
        for one in reports:
            if one.state not in (STEADY, LOOSE):
                out.say(describe(one))
                _say_rest(out, one)
        steady = sum(one.state in (STEADY, LOOSE) for one in reports)
        out.say(T("{n} of {all} rooms are in step.", n=steady, all=len(reports)))
        out.result(rooms=[_as_json(one) for one in reports])
        if steady < len(reports):
            raise typer.Exit(1)


def _say_rest(out: Output, one: "Report") -> None:
    for action in (*one.left, *one.lacking):
        out.say(Words(f"  {_words(action)}"))
    for key, why in one.failed.items():
        out.say(Words(f"  {key}: {why}"))
    if one.error:
        out.say(Words(f"  {one.error}"))


@app.command("plan", help=_("Ask the platforms how the rooms of a place are, and show what would be done. Nothing is."))
def plan(place: Where, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """A dry run: each room is looked at once."""
    with answering(as_json) as out, opened(config) as service:
        reports = service.do(_reports, place, built_in=True)
        found = asyncio.run(_look(service.runtime, reports))
        for one in reports:
            todo = found.get(one.room.pid)
            heading = T("{platform}, {name} ({part})", platform=one.room.platform, name=one.community.name,
                        part=one.room.part)  # fmt: skip
            if isinstance(todo, str):
                out.say(heading + f": {todo}")
            elif todo is not None and (todo.plan.actions or todo.plan.lacking):
                out.say(heading)
                for action in todo.plan.actions:
                    out.say(Words(f"  {_words(action)}"))
                for action in todo.plan.lacking:
                    out.say(T("{action} (no right to)", action=_words(action)))
        total = sum(len(todo.plan.actions) for todo in found.values() if not isinstance(todo, str))
        out.say(Plural("{n} thing would be done.", "{n} things would be done.", total))
        out.result(rooms={pid: _plan_json(todo) for pid, todo in found.items()}, actions=total)


@app.command("apply", help=_("Have the running service look at the rooms of a place now, and put them in order."))
def apply(place: Where, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """What was tried in vain lately is tried again, too."""
    from api.directory import one_community
    from api.rooms.mirroring import look_again

    with answering(as_json) as out, opened(config) as service:
        n = service.do(lambda ctx: look_again(ctx, one_community(ctx, place).pid))
        out.say(Plural("{n} room is looked at as soon as the service runs.",
                       "{n} rooms are looked at as soon as the service runs.", n))  # fmt: skip
        out.result(rooms=n)


@app.command("mirror", help=_("Make the spaces and rooms of a region on Matrix, and keep them in step."))
def mirror(
    region: Where, encrypted: Annotated[bool, typer.Option(help=_("Encrypt the rooms; for good."))] = False,
    config: ConfigFile = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """The running service makes them."""
    from api.directory import one_community
    from api.rooms.mirroring import MATRIX, mirror_region

    with answering(as_json) as out, opened(config) as service:
        room = service.do(
            lambda ctx: mirror_region(ctx, one_community(ctx, region, ("region",)).pid, MATRIX, encrypted)
        )
        out.say(T("The service makes the rooms of {region} as soon as it runs.", region=region))
        out.result(room=room.pid)


@app.command("adopt", help=_("Let a room or space that is there already mirror a place."))
def adopt(
    place: Where,
    native: Annotated[str, typer.Argument(help=_("Its id on the platform, on Matrix !…"), metavar="ROOM")],
    platform: Annotated[str, typer.Option(help=_("matrix or telegram."))] = "matrix",
    space: Annotated[bool, typer.Option(help=_("It is a space, with rooms in it."))] = False,
    keep: Annotated[str, typer.Option(help=_("What is kept in step: members,ranks,name and of spaces tree."))] = (
        "members,ranks"
    ),
    config: ConfigFile = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """We are in it already, by invitation."""
    from api.directory import one_community
    from api.rooms.mirroring import adopt_room

    aspects = [part.strip() for part in keep.split(",") if part.strip()]
    with answering(as_json) as out, opened(config) as service:
        room = service.do(
            lambda ctx: adopt_room(ctx, one_community(ctx, place).pid, native, platform, space, aspects)
        )
        out.say(T("{room} mirrors {place} now.", room=native, place=place))
        out.result(room=room.pid)


def _reports(ctx: "Context", place: str, built_in: bool = False) -> "list[Report]":
    from api.directory import one_community
    from api.rooms.reports import list_rooms

    return list_rooms(ctx, one_community(ctx, place).pid, MOST, built_in=built_in)[:MOST]


async def _look(runtime: "Runtime", reports: "list[Report]") -> "dict[str, Todo | str]":
    """room pid -> what would be done there, or why it cannot be looked at."""
    from bot.mirror import look_only
    from bot.opening import open_platforms

    found: dict[str, Todo | str] = {}
    wanted = {one.room.platform for one in reports}
    platforms = open_platforms(runtime)
    several = Counter(platform.name for platform in platforms)
    for platform in platforms:
        mine = [one for one in reports if one.room.platform == platform.name and one.room.pid not in found]
        if several[platform.name] > 1:
            mine = [one for one in mine if one.chat is not None and one.chat.account == platform.account]
        if platform.name in wanted and platform.mirroring is not None:
            found |= await _look_at(runtime, platform.mirroring, mine, look_only)
        await platform.close()
    left = {one.room.pid: "this platform is not set up" for one in reports if one.room.pid not in found}
    return found | left


async def _look_at(runtime: "Runtime", mirroring: "Mirroring", mine: "list[Report]", look: Any,
                   ) -> "dict[str, Todo | str]":  # fmt: skip
    from bot.platforms.base import SendError

    found: dict[str, Todo | str] = {}
    for one in mine:
        try:
            async with asyncio.timeout(STARTING):
                todo = await look(runtime, mirroring, one)
        except (SendError, TimeoutError) as error:
            todo = str(error) or type(error).__name__
        found[one.room.pid] = todo
    return found


def _words(action: Any) -> str:
    value = f" → {action.value}" if action.value is not None else ""
    return f"{action.kind} {action.who}{value}".strip() if action.who else f"{action.kind}{value}"


def _as_json(one: "Report") -> dict[str, Any]:
    return {
        "room": one.room.pid, "platform": one.room.platform, "community": one.community.pid, "part": one.room.part,
        "native": one.chat.native if one.chat is not None else None, "state": one.state, "members": one.members,
        "left": [list(action) for action in one.left], "lacking": [list(action) for action in one.lacking],
        "failed": one.failed, "error": one.error,
    }  # fmt: skip


def _plan_json(todo: "Todo | str") -> dict[str, Any]:
    if isinstance(todo, str):
        return {"error": todo}
    return {"actions": [list(one) for one in todo.plan.actions], "lacking": [list(one) for one in todo.plan.lacking]}
