"""Lists of /v1 come in pages: page by page one gets the same as at once, nothing twice, nothing left out."""

import re
from collections.abc import AsyncIterator, Iterator
from itertools import product
from typing import Any

import httpx2
import pytest

from api.app import create_app
from api.context import Context
from api.directory import one_person
from api.people.tokens import create_token
from api.sample.service import load_sample
from bot.cli.service import Service
from storage.communities import Community
from storage.people import Person
from tests.http.sample import ADMIN, HOST, TEACHER, add_letters, add_rooms, known
from tests.support.talk import World

ALL = 200
NAME = "知"  # what some people of the sample county are called
# nobody asks to be let in, or speaks in a room: the tests of people and topics turn these pages
EMPTY = {"/v1/binding-requests", "/v1/topics/{pid}/posts"}


@pytest.fixture
async def callers(world: World) -> AsyncIterator[list[httpx2.AsyncClient]]:
    """An administrator, a host and a teacher of the sample county, in which a little more was done."""
    load_sample(Service(world.runtime).do)
    await world.run(_add_rooms)
    await world.run(_add_letters)
    transport = httpx2.ASGITransport(create_app(world.runtime))
    made = []
    for number in (ADMIN, HOST, TEACHER):
        person = await world.run(one_person, number)
        _, secret = await world.run(create_token, person, "test", ["read", "write"])
        headers = {"Authorization": f"Bearer {secret}"}
        made.append(httpx2.AsyncClient(transport=transport, base_url="http://test", headers=headers))
    for n in range(3):
        await do_more(*made, n)
    yield made
    for http in made:
        await http.aclose()


def _add_rooms(ctx: Context) -> None:
    for workshop in ctx.session.query(Community).filter_by(kind="workshop"):
        add_rooms(ctx.session, workshop, ctx.now)


def _add_letters(ctx: Context) -> None:
    add_letters(ctx.session, ctx.session.query(Person).filter(Person.school_id.is_not(None)).limit(3).all(), ctx.now)


async def do_more(
    admin: httpx2.AsyncClient, host: httpx2.AsyncClient, teacher: httpx2.AsyncClient, n: int
) -> None:
    """One more of everything that there is a list of."""
    shop = (await host.get("/v1/workshops")).json()["items"][0]["workshop"]["pid"]
    region = (await admin.get("/v1/communities", params={"kind": "region"})).json()["items"][0]["pid"]
    theirs = (await host.get(f"/v1/workshops/{shop}/journal-entries")).json()["items"][-1]["pid"]
    thing = (await host.get("/v1/resources")).json()["items"][0]["pid"]
    me = (await teacher.get("/v1/me")).json()["pid"]
    log = {"body": f"第{n}篇，今天的课上孩子们分组讨论，我学到了很多东西。"}
    away = {"workshop": shop, "person": me, "since": f"2026-12-{n + 1:02}", "until": f"2026-12-{n + 1:02}"}
    done = [
        await teacher.post("/v1/journal-entries", json=log),
        await teacher.post("/v1/reminders", json={"matter": "浇花", "due": f"2026-12-{n + 1:02}T10:00:00+08:00"}),
        await host.post("/v1/excuses", json=away),
        await host.post("/v1/notices", json={"community": shop, "text": f"第{n}件事"}),
        await host.post("/v1/pushes", json={"community": shop, "resource": thing}),
        await host.post(f"/v1/workshops/{shop}/reminder-rules", json={"due_weekday": n}),
        await host.post(f"/v1/journal-entries/{theirs}/comments", json={"body": f"第{n}句"}),
        await admin.post("/v1/workshops", json={"parent": region, "name": f"第{n}工坊"}),
        await teacher.post("/v1/workshop-requests", json={"parent": region, "name": f"想要的第{n}工坊"}),
    ]
    asked = {"community": shop, "text": "1. 太阳从东边升起。（ ）\n答案：对"}
    quiz = (await host.post("/v1/quizzes", json=asked)).json()["pid"]
    done.append(await host.post("/v1/quiz-pushes", json={"community": shop, "quiz": quiz, "attempts": 0}))
    mine = f"/v1/quiz-pushes/{done[-1].json()['pid']}/attempts"
    for _ in range(2 if n == 0 else 0):
        answers = f"/v1/attempts/{(await teacher.post(mine)).json()['pid']}/answers"
        done.append(await teacher.post(answers, json={"n": 1, "picked": [1]}))
    asked = {"community": shop, "question": f"第{n}次教研周几好？", "options": ["周二", "周三"]}
    done.append(await host.post("/v1/polls", json=asked))
    for voter in (host, teacher):
        voted = await voter.put(f"/v1/polls/{done[-1].json()['pid']}/vote", json={"picked": [n % 2]})
        assert voted.status_code == 200, voted.text
    topic = await host.post("/v1/topics", json={"community": shop, "title": f"第{n}个题目"})
    opened = {"workshops": [done[7].json()["pid"]]}
    done += [topic, await host.post(f"/v1/topics/{topic.json()['pid']}/invitations", json=opened)]
    day = await admin.put(f"/v1/regions/{region}/holidays/2026-12-{n + 1:02}", json={"works": False})
    assert day.status_code == 200, day.text
    assert [answer.status_code for answer in done] == [201] * len(done), [answer.text for answer in done]


def lists(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(path, parameters by name) of every list."""
    for path, operations in document["paths"].items():
        if "get" not in operations:
            continue
        answers = operations["get"]["responses"]["200"].get("content", {}).get("application/json", {})
        if re.search(r"Page_", answers.get("schema", {}).get("$ref", "")):
            yield path, {one["name"]: one for one in operations["get"].get("parameters", [])}


def places(path: str, parameters: dict[str, Any], pids: dict[str, list[str]]) -> Iterator[tuple[str, dict[str, str]]]:
    """(path, query) of everything in the county that the list can be of."""
    queries = [{"community": pid} for pid in pids["community"]] if "community" in parameters else [{}]
    if parameters.get("q", {}).get("required"):
        queries = [{"q": NAME}]
    before = re.search(r"/([a-z-]+)/\{pid\}", path)
    for pid, query in product(pids[before[1]] if before else [""], queries):
        yield path.replace("{pid}", pid), query


async def test_page_by_page_is_the_same_as_at_once(world: World, callers: list[httpx2.AsyncClient]) -> None:
    pids = await world.run(lambda ctx: known(ctx.session))
    document = (await callers[0].get("/v1/openapi.json")).json()
    found = dict(lists(document))
    assert len(found) > 15
    assert not [path for path, parameters in found.items() if not {"cursor", "limit"} <= parameters.keys()]
    long = set()
    for path, parameters in found.items():
        for http, (place, query) in product(callers, places(path, parameters, pids)):
            answer = await http.get(place, params={**query, "limit": str(ALL)})
            if answer.status_code == 200 and len(answer.json()["items"]) > 1:
                await turn_pages(http, place, query, answer.json()["items"])
                long.add(path)
                break
    assert found.keys() - long == EMPTY


async def turn_pages(http: httpx2.AsyncClient, path: str, query: dict[str, str], all_at_once: list[Any]) -> None:
    """One by one, by `next`, until there is none."""
    items: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await http.get(path, params={**query, "limit": "1", **cursor})).json()
        assert len(page["items"]) == 1, (path, cursor)
        items += page["items"]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert items == all_at_once, path


async def test_limits_and_cursors_that_are_none(callers: list[httpx2.AsyncClient]) -> None:
    document = (await callers[0].get("/v1/openapi.json")).json()
    for path, parameters in lists(document):
        if "{pid}" in path or "community" in parameters:
            continue
        for limit in ("0", "201", "-1", "x"):
            assert (await callers[0].get(path, params={"limit": limit})).status_code == 422, path
        for cursor in ("x", "-1", "９", "999999999999999999999999", "222222222222"):
            answer = await callers[0].get(path, params={"cursor": cursor})
            assert answer.status_code in (200, 404, 422), (path, cursor)
