"""The OpenAPI document of /v1, said exactly: failures are problem details, and only a POST takes an Idempotency-Key."""

from typing import Any

from fastapi import FastAPI

from api.http import PROBLEM_JSON

KEY = "idempotency-key"


def describe(app: FastAPI) -> dict[str, Any]:
    """The document, made once. What the framework cannot say by itself is put right."""
    if app.openapi_schema is None:
        document = FastAPI.openapi(app)
        for path in document["paths"].values():
            for method, operation in path.items():
                _correct(method, operation)
    assert app.openapi_schema is not None
    return app.openapi_schema


def _correct(method: str, operation: dict[str, Any]) -> None:
    for code, answer in operation["responses"].items():
        if code >= "400":
            # the framework describes every model as application/json
            answer["content"] = {PROBLEM_JSON: answer["content"]["application/json"]}
    if method != "post" and "parameters" in operation:
        operation["parameters"] = [one for one in operation["parameters"] if one["name"] != KEY]
