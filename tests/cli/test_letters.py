"""`gongfang letters`: what did not arrive, trying it again, dropping it."""

import json
import sqlite3
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from api.context import Context
from api.letters.service import retry_letter
from api.messaging.outbox import tell_person
from api.messaging.tree import Words
from bot.platforms.base import Rejected
from storage.messaging import Delivery
from tests.support.county import County, a_county
from tests.support.program import Program
from tests.support.talk import World, a_world, utcnow


@pytest.fixture
async def world(migrated: Program) -> AsyncIterator[World]:
    async with a_world(f"sqlite:///{migrated.folder / 'gongfang.db'}") as made:
        yield made


@pytest.fixture
async def county(world: World) -> County:
    """李老师 missed three things, 陈老师 blocked us, 王老师 said something that broke and something unreadable."""
    made = await a_county(world)
    for who, text in ((made.li, "甲"), (made.li, "乙"), (made.li, "丙"), (made.chen, "丁")):
        if who is made.chen:
            world.paper.gone.add(who.chat)
        else:
            world.paper.failures.append(Rejected("can't parse entities"))
        await world.run(tell, who.person, text)
        await world.settle()
    await world.arrive(made.wang, made.wang.chat, "said", garbage=True)
    return made


def tell(ctx: Context, person: object, text: str) -> None:
    tell_person(ctx, person.id, Words(text))  # type: ignore[attr-defined]


async def test_list_retry_drop(migrated: Program, county: County) -> None:
    said = migrated("letters", "list").out
    assert "rejected: 3, of which 3 could arrive now" in said and "blocked: 1, of which 0" in said
    assert "can't parse entities" in said and "李老师" in said and "甲" not in said
    found = migrated("letters", "list", "--reason", "rejected", "--json").data
    assert [one["n"] for one in found["reasons"]] == [1, 3] and len(found["letters"]) == 3
    assert "id" not in found["letters"][0] and found["letters"][0]["name"] == "李老师"
    assert migrated("letters", "list", "--place", "第二小学", "--json").data["letters"][0]["reason"] == "blocked"
    refused = migrated("letters", "retry", "--json")
    assert (refused.code, refused.data["code"]) == (2, "letters.which")
    assert migrated("letters", "drop").code == 2
    pids = [one["pid"] for one in found["letters"]]
    assert migrated("letters", "retry", "--id", pids[0], "--json").data == {"ok": True, "retried": 1, "left": 0}
    twice = migrated("letters", "retry", "--id", pids[0], "--json")
    assert (twice.code, twice.data["code"]) == (1, "letter.over")
    assert migrated("letters", "drop", "--id", pids[1], "--id", pids[1]).out.strip() == "1 letter was dropped."
    every = migrated("letters", "retry", "--all")
    assert "1 letter is on its way." in every.out and "1 is left" in every.out
    assert migrated("letters", "retry", "--platform", "paper", "--json").data == {"ok": True, "retried": 0, "left": 1}
    county.world.set_time(utcnow() + timedelta(days=1))  # the command line goes by the real clock; it may be night
    await county.world.settle()
    texts = [sheet.text for sheet in county.li.sheets()]
    assert texts == ["甲", "丙"], "each once, in their order"
    assert migrated("letters", "drop", "--reason", "blocked", "--json").data["dropped"] == 1
    assert migrated("letters", "list").out.strip() == "There are no dead letters."
    assert migrated("letters", "list", "--reason", "because", "--json").data["code"] == "letter.reason"


async def test_what_could_not_be_handled(migrated: Program, county: County) -> None:
    said = migrated("letters", "list", "--inbox").out
    assert "it could not be read" in said and "garbage" in said
    [row] = migrated("letters", "list", "--inbox", "--json").data["arrivals"]
    assert (row["kind"], row["platform"]) == ("unreadable", "paper")
    assert migrated("letters", "retry", "--inbox", "--id", "99", "--json").data["code"] == "arrivals.none"
    # the clock of the command line stands elsewhere than that of the county: nothing is too old for it
    with sqlite3.connect(migrated.folder / "gongfang.db") as database:
        database.execute("UPDATE inbox SET received_at = '2999-01-01 00:00:00.000000' WHERE reason IS NOT NULL")
    assert migrated("letters", "retry", "--inbox", "--all", "--json").data == {"ok": True, "retried": 1}
    assert migrated("letters", "retry", "--inbox", "--all", "--json").data == {"ok": True, "retried": 0}
    assert migrated("letters", "list", "--inbox").out.strip() == "Everything that arrived was handled."


async def test_both_faces_press_at_once(migrated: Program, county: County) -> None:
    [first, *_] = json.loads(migrated("letters", "list", "--reason", "rejected", "--json").out)["letters"]
    await county.run(retry_letter, first["pid"], actor=county.lin)
    assert migrated("letters", "retry", "--id", first["pid"]).code == 1
    await county.world.settle()
    state = await county.run(lambda ctx: ctx.session.query(Delivery).filter_by(pid=first["pid"]).one().state)
    assert state == "sent" and [sheet.text for sheet in county.li.sheets()] == ["丙"]
