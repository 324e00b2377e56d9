"""Loading the sample county into an empty database, and removing it again without a trace."""

import asyncio
from collections.abc import Callable
from typing import Any

from api.context import Context
from api.errors import Conflict
from api.messaging.tree import Node, Plural, T
from api.runtime import Runtime
from api.sample.county import SIGN_IN
from storage import sample
from storage.people import Person

Do = Callable[..., Any]  # runs operation(ctx, *args) in a transaction of its own, as the system
SHOWN = 10  # names in a refusal


def is_empty(ctx: Context) -> bool:
    """Whether nobody and no place is in the database."""
    return not any(sample.count(ctx.session))


def load_sample(do: Do) -> dict[str, int]:
    """Make the sample county; returns how many people and places it has. Raises Conflict unless the database is empty.

    One transaction per part, so that a running service goes on meanwhile.
    """
    if not do(is_empty):
        raise Conflict("sample.not_empty", T("The sample county goes into an empty database only. This one is in use."))
    from api.sample.making import steps  # imported here: it needs every capability, a start does not

    for step in steps():
        do(step)
    people, places = do(lambda ctx: sample.count(ctx.session))
    return {"people": people, "places": places}


def wipe_sample(runtime: Runtime, do: Do) -> int:
    """Remove the sample county, its people and everything of theirs, files too; returns how many people.

    Raises Conflict naming them when real people are at home, members or in office there, or when there is none.
    """
    people, blobs = do(_wipe)
    asyncio.run(_forget(runtime, blobs))
    return people


def sign_in_people(ctx: Context) -> list[tuple[Node, Person]]:
    """(who it is, person) of a teacher, a host and the administrator of the sample county.

    Nobody when the database has other people too: signing in by a printed link is for trying out.
    """
    if not sample.has_sample(ctx.session) or sample.has_others(ctx.session):
        return []
    teacher, host, admin = (sample.person(ctx.session, number) for number in SIGN_IN)
    return [
        (T("A teacher, {name}", name=teacher.name), teacher),
        (T("A workshop's host, {name}", name=host.name), host),
        (T("The county's administrator, {name}", name=admin.name), admin),
    ]


def _wipe(ctx: Context) -> tuple[int, list[str]]:
    assert ctx.system, "only the command line removes a county"
    if not sample.has_sample(ctx.session):
        raise Conflict("sample.none", T("There is no sample county in this database."))
    real = sample.real_people_inside(ctx.session)
    if real:
        names = [person.name for person in real[:SHOWN]] + (["…"] if len(real) > SHOWN else [])
        say = Plural(
            "A real person sits in the sample county: {names}. Move or remove them first; nothing was changed.",
            "{n} real people sit in the sample county: {names}. Move or remove them first; nothing was changed.",
            len(real), names=", ".join(names),
        )  # fmt: skip
        raise Conflict("sample.in_use", say, people=[person.pid for person in real])
    return sample.wipe(ctx.session)


async def _forget(runtime: Runtime, keys: list[str]) -> None:
    for key in keys:
        await runtime.blobs.delete(key)
