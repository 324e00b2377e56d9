"""The routes of coming in and going out: by code, by one-time link, as a visitor."""

import re
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.errors import Problem
from api.messaging.render import plain
from api.messaging.tree import T
from api.people.codes import household
from api.people.doors import telegram_link
from api.people.texts import PRIVACY_VERSION, privacy_notice
from api.webchat import entering
from api.webchat.places import SignedOut
from bot.platforms.web import views
from bot.platforms.web.desk import Desk
from bot.platforms.web.drawing import Pen
from bot.platforms.web.gate import COMES_BACK, Gate, is_script, reader_for, route_class
from bot.platforms.web.markup import html_of
from bot.platforms.web.turnstile import Turnstile

BROWSERS = (("Edg", "Edge"), ("MicroMessenger", "WeChat"), ("HuaweiBrowser", "Huawei"), ("Firefox", "Firefox"),
            ("Chrome", "Chrome"), ("Safari", "Safari"))  # fmt: skip
SYSTEMS = (("iPhone", "iPhone"), ("iPad", "iPad"), ("HarmonyOS", "HarmonyOS"), ("Android", "Android"),
           ("Windows", "Windows"), ("Mac OS", "Mac"), ("Linux", "Linux"))  # fmt: skip
JOINS = re.compile(r"/j/([A-Za-z0-9]+)")  # where a workshop's link led
VISITS, VISIT_SECONDS = 20, 3600.0  # new visitors of one address
VISITORS = T("Too many new visitors from here. Please try again later, or use a claim code.")


def entrance_routes(desk: Desk) -> APIRouter:
    """/, /web, /web/code, /web/visit, /web/signout, /c, /link."""
    gate = desk.gate
    router = APIRouter(route_class=route_class(gate))
    turnstile = Turnstile(VISITS, VISIT_SECONDS, "visit.too_many", VISITORS)

    @router.get("/")
    async def front() -> Response:
        return RedirectResponse("/web", 303)

    @router.get("/web")
    async def home(request: Request) -> Response:
        try:
            return await desk.pane(request, _draw_home)
        except SignedOut:
            if is_script(request):
                raise
            joins = JOINS.fullmatch(request.cookies.get(gate.cookie("gongfang_next"), ""))
            telegram = await gate.runtime.read(telegram_link, joins[1] if joins else "", via="web")
            return gate.page("signin.html", gate.stranger(request), problem="", telegram=telegram)

    @router.post("/web/signout")
    async def sign_out(request: Request) -> Response:
        await gate.runtime.transact(entering.leave, gate.secret_of(request), via="web")
        response = RedirectResponse("/web", 303)
        gate.set_cookie(response, "gongfang", "", 0)
        return response

    @router.get("/web/code")
    async def ask_code(request: Request) -> Response:
        return gate.page("signin.html", await _whoever(desk, request), problem="")

    @router.post("/web/code")
    async def check_code(request: Request) -> Response:
        code = str((await gate.form(request)).get("code", ""))[:200]
        try:
            found = await _peek(gate, request, code)
        except Problem as problem:
            found = problem
        if isinstance(found, Problem):
            page = await _whoever(desk, request)
            say = plain(found.say, reader_for(gate, page))
            return gate.page("signin.html", page, found.status, problem=say, code=code[:20])
        return RedirectResponse(f"/c/{found.code.replace('-', '')}", 303)

    @router.post("/web/visit")
    async def visit(request: Request) -> Response:
        turnstile.pass_through(household(address_of(request)))
        entered = await gate.runtime.transact(entering.enter_as_visitor, device_of(request), via="web")
        return _let_in(gate, request, entered)

    @router.get("/c/{code}")
    async def invitation(request: Request, code: str) -> Response:
        found = await _peek(gate, request, code)
        if isinstance(found, Problem):
            page = await _whoever(desk, request)
            say = plain(found.say, reader_for(gate, page))
            return gate.page("signin.html", page, found.status, problem=say, code=code[:20])
        page = gate.stranger(request)
        notice = html_of(privacy_notice().children[1], reader_for(gate, page))
        plain_code = found.code.replace("-", "")
        invite = views.Invite(plain_code, found.name, tuple(found.places), notice, str(PRIVACY_VERSION), found.telegram)
        return gate.page("claim.html", page, invite=invite)

    @router.post("/c/{code}")
    async def claim(request: Request, code: str) -> Response:
        version = str((await gate.form(request)).get("privacy_version", ""))
        secret, device = gate.secret_of(request), device_of(request)
        entered = await gate.runtime.transact(
            entering.enter_by_code, code, version, secret, device, address_of(request), via="web"
        )
        if isinstance(entered, Problem):
            raise entered
        return _let_in(gate, request, entered)

    @router.get("/link/{token}")
    async def link(request: Request, token: str) -> Response:
        name, until = await gate.runtime.read(entering.peek_link, token, via="web")
        return gate.page("link.html", gate.stranger(request), link=views.OneTimeLink(token, name, until))

    @router.post("/link/{token}")
    async def use_link(request: Request, token: str) -> Response:
        secret, device = gate.secret_of(request), device_of(request)
        return _let_in(gate, request, await gate.runtime.transact(
            entering.enter_by_link, token, secret, device, via="web"
        ))  # fmt: skip

    return router


def address_of(request: Request) -> str:
    """Where a request comes from; behind a proxy uvicorn has put that right."""
    return request.client.host if request.client else ""


def device_of(request: Request) -> str:
    """A browser for people: "Chrome · Windows"."""
    agent = request.headers.get("user-agent", "")
    names = [next((name for mark, name in known if mark in agent), "") for known in (BROWSERS, SYSTEMS)]
    return " · ".join(filter(None, names)) or re.sub(r"[^\w ./-]", "", agent)[:40]


def _let_in(gate: Gate, request: Request, entered: entering.Entered) -> Response:
    there = request.cookies.get(gate.cookie("gongfang_next"), "")
    safe = COMES_BACK.fullmatch(there)
    response = RedirectResponse(there if safe else "/web", 303)
    if there:
        gate.set_cookie(response, "gongfang_next", "", 0)
    if entered.secret is not None:
        gate.keep_session(response, entered.secret)
    return response


async def _peek(gate: Gate, request: Request, code: str) -> entering.Invited | Problem:
    peek = (entering.peek_code, code, gate.secret_of(request), address_of(request))
    return await gate.runtime.transact(*peek, via="web")


async def _whoever(desk: Desk, request: Request) -> views.Page:
    """The page of whoever asks, signed in or not."""
    try:
        return await desk.read(request, lambda pen, csrf: pen.page(csrf))
    except SignedOut:
        return desk.gate.stranger(request)


def _draw_home(pen: Pen) -> tuple[str, str, dict[str, Any]]:
    return "empty.html", pen._("Chats"), {}
