"""What /v1 says of itself, and what it answers where the framework answers."""

import httpx2
import pytest

from api.app import create_app
from tests.support.talk import World


@pytest.fixture
def client(world: World) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=create_app(world.runtime)), base_url="http://test")


async def test_failures_are_described_as_they_are(client: httpx2.AsyncClient) -> None:
    document = (await client.get("/v1/openapi.json")).json()
    for path, operations in document["paths"].items():
        assert path.startswith("/v1/")
        for method, operation in operations.items():
            problems = {code: answer["content"] for code, answer in operation["responses"].items() if code >= "400"}
            assert set(problems) >= {"401", "403", "404", "422", "503"}, (method, path)
            ref = {"schema": {"$ref": "#/components/schemas/ProblemOut"}}
            assert all(content == {"application/problem+json": ref} for content in problems.values()), (method, path)
            keyed = [one["name"] for one in operation.get("parameters", []) if one["name"] == "idempotency-key"]
            assert len(keyed) == (method == "post"), (method, path)


async def test_a_method_that_is_not_there_names_all_that_are(client: httpx2.AsyncClient) -> None:
    answer = await client.put("/v1/reminders")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "http.405"
    answer = await client.post("/v1/journal-entries/222222222222")
    assert answer.headers["allow"] == "DELETE, GET, PATCH"
    assert (await client.get("/v1/nothing")).status_code == 404


async def test_a_number_is_no_yes_and_words_are_no_number(client: httpx2.AsyncClient) -> None:
    document = (await client.get("/v1/openapi.json")).json()
    models, found = document["components"]["schemas"], 0
    client.headers["Authorization"] = "Bearer any"  # looked up only when the request was understood
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            fields = models.get(body.get("$ref", "").split("/")[-1], {}).get("properties", {})
            for name, schema in fields.items():
                types = {one.get("type") for one in [schema, *schema.get("anyOf", [])]}
                wrong = [1, "yes"] if "boolean" in types else ["1", True] if "integer" in types else []
                for value in wrong:
                    answer = await client.request(method, path.replace("{day}", "2026-12-01"), json={name: value})
                    assert answer.status_code == 422, f"{method} {path} takes {value!r} for {name}: use a Strict type"
                    places = [fault["where"][:2] for fault in answer.json()["faults"]]
                    assert ["body", name] in places, f"{method} {path} takes {value!r} for {name}: use a Strict type"
                    found += 1
    assert found > 20
