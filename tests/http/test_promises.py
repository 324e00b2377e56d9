"""What every call of /v1 promises: a token, its scope, and that a POST repeated under its key does nothing again."""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from api.app import create_app
from api.people.tokens import create_token
from storage.base import Base, new_pid
from tests.http.week import CHANGES, NOBODY, Step, filled, steps
from tests.support.county import County, a_county
from tests.support.talk import World

READING = {"get", "head"}


@pytest.fixture
async def county(world: World) -> County:
    return await a_county(world)


@pytest.fixture
async def http(world: World) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(create_app(world.runtime))
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as made:
        yield made


async def operations(http: httpx2.AsyncClient) -> list[tuple[str, str]]:
    """(method, path) of everything that /v1 says it has."""
    document = (await http.get("/v1/openapi.json")).json()
    return [(method, path) for path, found in document["paths"].items() for method in found]


async def token_of(county: County, who: str, *scopes: str) -> dict[str, str]:
    """The headers of somebody's token."""
    _, secret = await county.run(create_token, getattr(county, who).person, "test", list(scopes))
    return {"Authorization": f"Bearer {secret}"}


def everything(county: County) -> dict[str, list[str]]:
    """All rows of all tables; of tokens only how many, because they remember when they were used."""
    with county.world.runtime.database.transaction() as session:
        rows = {table.name: session.execute(select(table)).all() for table in Base.metadata.sorted_tables}
    rows["api_tokens"] = ["a token"] * len(rows["api_tokens"])
    return {name: sorted(map(str, found)) for name, found in rows.items()}


async def test_nothing_without_a_valid_token(http: httpx2.AsyncClient, county: County) -> None:
    found = await operations(http)
    assert len(found) > 90
    for method, path in found:
        place = re.sub(r"\{day\}", "2026-12-01", re.sub(r"\{(pid|person|workshop)\}", NOBODY, path))
        body = {"json": CHANGES.get(path, {})} if method not in READING else {}
        for headers in ({}, {"Authorization": "Bearer gf_nonsense"}, {"Authorization": "Basic eDp5"}):
            answer = await http.request(method, place, headers=headers, **body)
            # a token that is wrong is looked up with the operation, when the rest of the request was understood
            if headers and answer.status_code == 422:
                continue
            assert answer.status_code == 401, (method, path)
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_reading_token_changes_nothing(http: httpx2.AsyncClient, county: County) -> None:
    headers = await token_of(county, "lin", "read")
    changing = [(method, path) for method, path in await operations(http) if method in ("patch", "put", "delete")]
    assert {path for method, path in changing if method != "delete"} <= set(CHANGES)
    for method, path in changing:
        place = re.sub(r"\{day\}", "2026-12-01", re.sub(r"\{(pid|person|workshop)\}", NOBODY, path))
        how = {"json": CHANGES[path]} if method != "delete" else {}
        answer = await http.request(method, place, headers=headers, **how)
        assert (answer.status_code, answer.json()["code"]) == (403, "token.scope"), (method, path, answer.text)


SECRETS = {"claim-codes", "tokens"}  # what these answer is not kept


async def test_every_post_once_under_its_key(http: httpx2.AsyncClient, county: County) -> None:
    made: dict[str, Any] = {}
    tokens = {who: await token_of(county, who, "read", "write") for who in ("lin", "zhou", "wang", "li", "chen")}
    reading = {who: await token_of(county, who, "read") for who in tokens}
    done, kept_out = set(), set()
    for step in steps(county, made):
        if not isinstance(step, Step):
            await step()
            continue
        path, body = filled(step, made)
        how = {"content": body} if isinstance(body, bytes) else {"json": body} if body is not None else {}
        refused = await http.post(f"/v1{path}", headers=reading[step.who], **how)
        assert (refused.status_code, refused.json()["code"]) == (403, "token.scope"), (step, refused.text)
        key = {"Idempotency-Key": new_pid(), **tokens[step.who]}
        first = await http.post(f"/v1{path}", headers=key, **how)
        assert first.status_code in (200, 201, 204), (step, first.text)
        before = everything(county)
        again = await http.post(f"/v1{path}", headers=key, **how)
        if again.status_code == 409:  # secrets are not kept: their repeat says only that it was done
            assert again.json()["code"] == "idempotency.forgotten", (step, again.text)
            kept_out.add(path.rsplit("/", 1)[-1])
        else:
            assert again.headers.get("idempotency-replayed") == "true", (step, again.status_code, again.text)
            assert (again.status_code, again.content) == (first.status_code, first.content), step
        assert everything(county) == before, step
        other = await http.post("/v1/reminders/222222222222/done", headers=key)
        assert (other.status_code, other.json()["code"]) == (409, "idempotency.reused"), step
        if step.keep:
            made[step.keep] = first.json()
        done.add(re.sub(r"/[2-9a-hj-km-np-z]{12}(?=/|$)", "/{pid}", f"/v1{path}"))
    assert done == {path for method, path in await operations(http) if method == "post"}
    assert kept_out == SECRETS
