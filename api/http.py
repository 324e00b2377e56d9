"""The HTTP edge: who calls, problem details (RFC 9457), Idempotency-Key, cursor pages.

A route calls one operation through `Call` and answers after the commit.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, FastAPI, Header, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from api.context import Context
from api.errors import Conflict, Forbidden, Problem
from api.i18n import language_of
from api.messaging.render import Reader, plain
from api.messaging.tree import T
from api.runtime import Runtime, StorageUnavailable
from api.times import zone_of
from api.tokens import Principal, use_token
from storage import idempotency

PROBLEM_JSON = "application/problem+json"
METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
# PostgreSQL refuses NUL in texts and numbers out of range, every database halves of characters
Unstorable = (DataError, UnicodeError)
UNSTORABLE = T("Something in the request cannot be stored: a NUL character, or a number too large.")
Item = TypeVar("Item")
Shape = Callable[[Context, Any], BaseModel | Response | None]


class ProblemOut(BaseModel):
    """RFC 9457 problem details. `code` is a stable slug for programs, `detail` is for people in their language."""

    model_config = ConfigDict(extra="allow")
    type: str
    title: str
    status: int
    detail: str = ""
    code: str = ""


class Page(BaseModel, Generic[Item]):
    """A page of a list; `next` is the cursor of the following page, None at the end."""

    items: list[Item]
    next: str | None = None


class Unauthorized(Exception):
    """No token, or none that is valid."""


PROBLEMS: dict[int | str, dict[str, Any]] = {
    code: {"model": ProblemOut, "description": text}
    for code, text in {
        400: "the body is no text", 401: "no valid token", 403: "not allowed; says who could",
        404: "not there, or not visible", 409: "conflict", 413: "too large; names the limit",
        422: "not usable as it is", 429: "too often", 503: "storage unavailable",
    }.items()
}  # fmt: skip

bearer = HTTPBearer(auto_error=False, description="a token from `gongfang token create`")


class Call:
    """One authenticated request: `await call(operation, *args, shape=Out.of)`."""

    def __init__(
        self,
        request: Request,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
        idempotency_key: Annotated[
            str | None, Header(max_length=120, description="makes a repeated POST harmless")
        ] = None,
    ) -> None:
        if credentials is None:
            raise Unauthorized
        self._request, self._token = request, credentials.credentials
        self._needs: frozenset[str] = frozenset()
        self._key = idempotency_key if request.method == "POST" else None

    async def admit(self, operation: Callable[..., Item], *args: Any) -> Item:
        """Check the token and run a reading operation at once, for routes that read more than a little before they
        call."""

        def work(ctx: Context) -> Item:
            self._enter(ctx, writes=False)
            return operation(ctx, *args)

        runtime: Runtime = self._request.app.state.runtime
        return await runtime.read(work, via="http")

    def _enter(self, ctx: Context, writes: bool) -> Principal:
        principal = use_token(ctx, self._token, writes)
        if principal is None:
            raise Unauthorized
        self._check_scope(principal)
        ctx.actor = principal.person
        return principal

    async def __call__(self, operation: Callable[..., Any], *args: Any, shape: Shape | None = None, status: int = 200,
                       audited: bool = False, needs: Sequence[str] = (), body: bytes | None = None,
                       **named: Any) -> Any:  # fmt: skip
        """Run an operation as the token's person; `shape(ctx, result)` makes the answer inside the transaction.

        `audited`: a GET whose reading is written down, so that its transaction is kept. `needs`: further scopes.
        `body`: what tells the request's body from others, where the route has read that in parts.
        """
        runtime: Runtime = self._request.app.state.runtime
        if body is None:
            body = await self._request.body() if self._key else b""
        writes = audited or self._request.method not in ("GET", "HEAD")
        run = runtime.transact if writes else runtime.read
        self._needs = frozenset(needs)
        work = partial(self._work, operation, args, named, shape, status, body, writes)
        return await run(work, via="http")

    def _work(self, operation: Callable[..., Any], args: Any, named: Any, shape: Shape | None, status: int, body: bytes,
              writes: bool, ctx: Context) -> Any:  # fmt: skip
        principal = self._enter(ctx, writes)
        asked = f"{self._request.method} {self._request.url.path}?{self._request.url.query}\n"
        mark = hashlib.sha256(asked.encode() + body).hexdigest()
        if self._key and (earlier := idempotency.take(ctx.session, principal.token_id, self._key, mark, ctx.now)):
            return _replay(earlier, mark)
        result = operation(ctx, *args, **named)
        ctx.session.flush()
        answer = shape(ctx, result) if shape else result
        if self._key:
            stored = answer.model_dump(mode="json") if isinstance(answer, BaseModel) else None
            idempotency.remember(ctx.session, principal.token_id, self._key, status, stored)
        return answer

    def _check_scope(self, principal: Principal) -> None:
        needed = "read" if self._request.method in ("GET", "HEAD") else "write"
        for scope in sorted({needed, *self._needs} - principal.scopes):
            say = T("This token may not do that: it lacks the scope “{scope}”.", scope=scope)
            raise Forbidden("token.scope", say, scope=scope)


Caller = Annotated[Call, Depends()]
Cursor = Annotated[str | None, Query(max_length=40, description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=200)]


def _replay(earlier: idempotency.Idempotent, mark: str) -> Response:
    if earlier.mark != mark:
        raise Conflict("idempotency.reused", T("This Idempotency-Key was used for another request. Use a new one."))
    headers = {"Idempotency-Replayed": "true"}
    if earlier.status == 204:
        return Response(status_code=204, headers=headers)
    if earlier.body is None:  # it was a secret, or named somebody who is erased
        say = T("This was done when it was asked for first. Its answer is not kept; ask for what you need anew.")
        raise Conflict("idempotency.forgotten", say)
    return JSONResponse(earlier.body, earlier.status, headers)


def page_of(items: Sequence[Any], limit: int, cursor_of: Callable[[Any], str]) -> tuple[Sequence[Any], str | None]:
    """Cut a list that was fetched with one row more than `limit`; returns (the page, cursor of the next)."""
    more = len(items) > limit
    items = items[:limit]
    return items, cursor_of(items[-1]) if more else None


def paged(of: Callable[[Context, Any], Item], limit: int, cursor_of: Callable[[Any], str]) -> Shape:
    """The shape of such a list: a page of `of(ctx, row)`."""

    def shape(ctx: Context, rows: Sequence[Any]) -> Page[Item]:
        shown, following = page_of(rows, limit, cursor_of)
        return Page(items=[of(ctx, row) for row in shown], next=following)

    return shape


def install_problems(app: FastAPI) -> None:
    """Turn every failure into problem details."""

    def answer(status: int, title: str, code: str, detail: str = "", headers: Any = None, **data: Any) -> Response:
        body = {
            "type": f"urn:gongfang:problem:{code}",
            "title": title,
            "status": status,
            "detail": detail,
            "code": code,
        }
        return JSONResponse({**body, **data}, status, headers, media_type=PROBLEM_JSON)

    @app.exception_handler(Problem)
    async def expected(request: Request, problem: Problem) -> Response:
        detail = plain(problem.say, reader_of(request))
        after = problem.data.get("retry_after")
        headers = {"Retry-After": str(int(after) + 1)} if after is not None else None
        return answer(problem.status, problem.kind, problem.code, detail, headers, **problem.data)

    @app.exception_handler(Unauthorized)
    async def unauthorized(request: Request, _error: Unauthorized) -> Response:
        detail = plain(T("A valid token is needed: Authorization: Bearer …"), reader_of(request))
        return answer(401, "unauthorized", "unauthorized", detail, {"WWW-Authenticate": "Bearer"})

    @app.exception_handler(StorageUnavailable)
    async def away(request: Request, _error: StorageUnavailable) -> Response:
        detail = plain(
            T("The service cannot store anything right now. Nothing was lost; try again shortly."), reader_of(request)
        )
        return answer(503, "unavailable", "storage.unavailable", detail, {"Retry-After": "5"})

    @app.exception_handler(DataError)
    @app.exception_handler(UnicodeError)
    async def unstorable(request: Request, _error: Exception) -> Response:
        # whatever was sent, it is not ours to fail on
        return answer(422, "invalid", "request.unstorable", plain(UNSTORABLE, reader_of(request)))

    @app.exception_handler(RequestValidationError)
    async def unusable(_request: Request, error: RequestValidationError) -> Response:
        faults = [{"where": list(map(str, fault["loc"])), "what": fault["msg"]} for fault in error.errors()]
        return answer(422, "invalid", "request.invalid", json.dumps(faults, ensure_ascii=False), faults=faults)

    @app.exception_handler(HTTPException)
    async def framework(request: Request, error: HTTPException) -> Response:
        # the framework names the methods of the first route of a path only (RFC 9110, 15.5.6: of the resource)
        headers = {"Allow": ", ".join(_methods_at(request))} if error.status_code == 405 else error.headers
        return answer(error.status_code, str(error.detail), f"http.{error.status_code}", headers=headers)


def _methods_at(request: Request) -> list[str]:
    asked = [(method, {**request.scope, "method": method}) for method in METHODS]
    routes = request.app.routes
    return [method for method, scope in asked if any(route.matches(scope)[0] is Match.FULL for route in routes)]


def reader_of(request: Request) -> Reader:
    """How the caller reads: Accept-Language, else the service's first language."""
    runtime: Runtime = request.app.state.runtime
    asked = request.headers.get("accept-language")
    language = language_of(asked) if asked else runtime.config.bot.languages[0]
    return Reader(language, zone_of(runtime.config.time.zone), runtime.now())
