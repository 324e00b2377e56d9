"""The gate of the pages: cookies, forged requests, security headers, and failures as people or scripts read them."""

import hashlib
import re
import secrets
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import structlog
from fastapi import Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from fastapi.routing import APIRoute
from itsdangerous import Signer
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from api.errors import Forbidden, Invalid, Problem, TooLarge
from api.http import PROBLEM_JSON, UNSTORABLE, Unstorable, reader_of
from api.i18n import gettext, language_of
from api.messaging.receiving import keepable
from api.messaging.render import Reader, plain
from api.messaging.tree import T
from api.people.websessions import LIFE
from api.runtime import Runtime, StorageUnavailable
from api.times import zone_of
from api.webchat.places import SignedOut
from bot.platforms.web import pages, views

log = structlog.get_logger()

MAX_FORM = 1 << 20  # bytes of a form without files
COMES_BACK = re.compile(r"/(?:j|o|web)/[A-Za-z0-9/_-]{1,80}")  # where one is taken after signing in
CHARSET = re.compile(r"charset\s*=\s*[\"']?(?!utf-?8\b)", re.IGNORECASE)
NEXT_SECONDS = 1800
HEADERS = {
    "Content-Security-Policy": pages.CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Cache-Control": "no-store",
}


@dataclass(slots=True)
class Gate:
    """Cookies and tokens of one service. The forgery token is a signature of the cookie, so it needs no storage."""

    runtime: Runtime
    signer: Signer = field(init=False)

    def __post_init__(self) -> None:
        secret = self.runtime.config.web.secret.get_secret_value()
        assert secret, "[web] secret is made before the pages are"
        self.signer = Signer(secret, salt="gongfang.forms", digest_method=hashlib.sha256)

    @property
    def safe(self) -> bool:
        """Whether people reach the pages encrypted."""
        return self.runtime.config.web.base_url.startswith("https://")

    def cookie(self, name: str) -> str:
        """The cookie's full name: encrypted sites may bind it to this host alone."""
        return f"__Host-{name}" if self.safe else name

    def secret_of(self, request: Request) -> str:
        """The session's secret that a browser shows, or nothing."""
        return request.cookies.get(self.cookie("gongfang"), "")

    def token_for(self, request: Request) -> str:
        """The forgery token of this browser's forms."""
        return self.signer.get_signature(self._bearer(request)).decode()

    def _bearer(self, request: Request) -> str:
        """What the token is bound to: the session, or before signing in a cookie of the forms' own."""
        if secret := self.secret_of(request):
            return secret
        if not hasattr(request.state, "form_cookie"):
            request.state.form_cookie = request.cookies.get(self.cookie("gongfang_form")) or secrets.token_urlsafe(16)
        return request.state.form_cookie

    def set_cookie(self, response: Response, name: str, value: str, seconds: int) -> None:
        """HttpOnly, of this site only; `seconds` 0 forgets it."""
        response.set_cookie(self.cookie(name), value, max_age=seconds, httponly=True, secure=self.safe, samesite="lax")

    def keep_session(self, response: Response, secret: str) -> None:
        """Keep the browser signed in for another 180 days."""
        self.set_cookie(response, "gongfang", secret, int(LIFE.total_seconds()))

    async def check_form(self, request: Request) -> None:
        """Refuse what another site makes a browser send. Raises Forbidden, TooLarge."""
        origin = request.headers.get("origin")
        if origin is not None and not self._ours(request, origin):
            raise Forbidden("form.origin", T("This request came from another site. Please use our own pages."))
        token = request.headers.get("x-csrf-token")
        if token is None:
            token = str((await self.form(request)).get("csrf", ""))
        if not self.signer.verify_signature(self._bearer(request), token):
            raise Forbidden("form.forged", T("This page is too old to be sent. Please reload it and try again."))

    def _ours(self, request: Request, origin: str) -> bool:
        base = self.runtime.config.web.base_url
        known = {f"{request.url.scheme}://{request.headers.get('host', '')}", base} - {""}
        return origin in {f"{urlsplit(one).scheme}://{urlsplit(one).netloc}" for one in known}

    async def form(self, request: Request) -> Any:
        """The fields of a form without files, at most 1 MB."""
        length = request.headers.get("content-length", "")
        if not length.isdecimal():
            raise Invalid("form.length", T("The request does not say how long it is."))
        if int(length) > MAX_FORM:
            raise TooLarge("form.too_large", T("This is more than one message can hold."), limit=MAX_FORM)
        check_charset(request)
        form = await request.form(max_files=0, max_fields=50, max_part_size=MAX_FORM)
        return FormData([(name, keepable(str(value))) for name, value in form.multi_items()])

    def page(self, template: str, page: views.Page, status: int = 200, **view: Any) -> HTMLResponse:
        """A drawn page."""
        return HTMLResponse(pages.render(template, page, **view), status)

    def stranger(self, request: Request) -> views.Page:
        """The page of somebody who is not signed in: in their browser's language."""
        asked = request.headers.get("accept-language")
        languages = self.runtime.config.bot.languages
        language = language_of(asked) if asked else languages[0]
        return views.Page(language, self.runtime.config.time.zone, self.token_for(request))


def check_charset(request: Request) -> None:
    """Refuse a form that is not UTF-8: some of Python's codecs take minutes, or make what cannot be stored."""
    if CHARSET.search(request.headers.get("content-type", "")):
        raise Invalid("form.charset", T("Forms are sent in UTF-8."))


def reader_for(gate: Gate, page: views.Page) -> Reader:
    """How whoever sees a page reads."""
    return Reader(page.language, zone_of(page.zone), gate.runtime.now())


def is_script(request: Request) -> bool:
    """Whether a script asks, which wants problem details; a person wants a page."""
    headers = request.headers
    return (
        "hx-request" in headers
        or headers.get("x-requested-with") == "fetch"
        or "text/html" not in headers.get("accept", "")
    )


def route_class(gate: Gate) -> type[APIRoute]:
    """The routes' class: checks every POST, dresses every answer, words every failure."""

    class PageRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            inner = super().get_route_handler()

            async def handle(request: Request) -> Response:
                try:
                    if request.method == "POST":
                        await gate.check_form(request)
                    response = await inner(request)
                except Exception as error:
                    response = _failed(gate, request, error)
                for name, value in HEADERS.items():
                    response.headers.setdefault(name, value)
                if (form := getattr(request.state, "form_cookie", None)) is not None:
                    gate.set_cookie(response, "gongfang_form", form, 86400)
                return response

            return handle

    return PageRoute


def _failed(gate: Gate, request: Request, error: Exception) -> Response:
    if isinstance(error, SignedOut):
        if not is_script(request):
            response: Response = RedirectResponse("/web", 303)
            if request.method == "GET" and COMES_BACK.fullmatch(request.url.path):
                gate.set_cookie(response, "gongfang_next", request.url.path, NEXT_SECONDS)
            return response
        return _answer(gate, request, 401, T("You are signed out. Please sign in again."), "signed-out")
    if isinstance(error, Problem):
        return _answer(gate, request, error.status, error.say, error.code, error.data.get("retry_after"))
    if isinstance(error, StorageUnavailable | OSError):
        log.warning("a page could not be served", path=request.url.path.split("/")[1], error=str(error))
        away = T("The service cannot store anything right now. Nothing was lost; try again shortly.")
        return _answer(gate, request, 503, away, "storage.unavailable", 5)
    if isinstance(error, Unstorable):
        # a NUL character or half of one in an address: whatever was sent, it is not ours to fail on
        return _answer(gate, request, 422, UNSTORABLE, "request.unstorable")
    if isinstance(error, HTTPException):
        return _answer(gate, request, error.status_code, None, f"http.{error.status_code}")
    reference = secrets.token_hex(4)
    log.exception("a page failed", reference=reference, exc_info=error)
    return _answer(gate, request, 500, None, "failed", reference=reference)


def _answer(gate: Gate, request: Request, status: int, say: Any, code: str, after: float | None = None,
            reference: str = "") -> Response:  # fmt: skip
    reader = reader_of(request)
    detail = plain(say, reader) if say is not None else ""
    headers = {"Retry-After": str(int(after) + 1)} if after is not None else None
    if is_script(request):
        if reference:
            detail = gettext(reader.language, "Something went wrong on our side")
            detail = f"{detail} ({reference})"
        body = {"type": f"urn:gongfang:problem:{code}", "title": code, "status": status, "detail": detail, "code": code}
        return JSONResponse(body, status, headers, media_type=PROBLEM_JSON)
    page = gate.stranger(request)
    if gate.secret_of(request):
        nobody = views.Face("", "", "")
        page = views.Page(page.language, page.zone, page.csrf, views.Me("", nobody, True))
    failure = views.Failure(status, detail, reference, int(after) + 1 if after is not None else None)
    response = gate.page("error.html", page, status, failure=failure)
    response.headers.update(headers or {})
    return response
