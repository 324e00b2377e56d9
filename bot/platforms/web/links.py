"""Where links from elsewhere lead: joining a workshop, opening what was pushed. They act on a confirming POST only."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from markupsafe import Markup

from api.attachments.service import find_attachments
from api.attachments.serving import serve_content
from api.attachments.texts import describe
from api.communities.joining import join_by_code, peek_join_code
from api.context import Context
from api.errors import Conflict
from api.i18n import gettext
from api.messaging.render import Reader
from api.messaging.tree import Lines, Link, Node, T, Words
from api.people.websessions import page_url
from api.resources.texts import about
from api.resources.tokens import open_by_token, read_file_by_token, reader_of_token
from bot.platforms.web import views
from bot.platforms.web.desk import Desk
from bot.platforms.web.drawing import Pen
from bot.platforms.web.gate import reader_for, route_class
from bot.platforms.web.markup import html_of


def link_routes(desk: Desk) -> APIRouter:
    """/j (join codes), /o (pushes)."""
    gate = desk.gate
    router = APIRouter(route_class=route_class(gate))

    @router.get("/o/{token}")
    async def pushed(request: Request, token: str) -> Response:
        title = await gate.runtime.read(_title_of_push, token, via="web")
        page = gate.stranger(request)
        button = gettext(page.language, "Open")
        return gate.page("confirm.html", page, title=title, say="", action=f"/o/{token}", button=button)

    @router.post("/o/{token}")
    async def open_pushed(request: Request, token: str) -> Response:
        page = gate.stranger(request)
        title, html = await gate.runtime.transact(_open_push, token, reader_for(gate, page), via="web")
        return gate.page("confirm.html", page, title=title, say=html, action="", button="")

    @router.get("/o/{token}/files/{pid}")
    async def pushed_file(request: Request, token: str, pid: str) -> Response:
        content = await gate.runtime.read(read_file_by_token, token, pid, via="web")
        return serve_content(gate.runtime, content, request.headers.get("range"), request.headers.get("if-none-match"))

    @router.get("/j/{code}")
    async def ask_to_join(request: Request, code: str) -> Response:
        page, name = await desk.read(request, _draw_join, code)
        title = gettext(page.language, "Join “{name}”?").format(name=name)
        button = gettext(page.language, "Join")
        return gate.page("confirm.html", page, title=title, say="", action=f"/j/{code}", button=button)

    @router.post("/j/{code}")
    async def join(request: Request, code: str) -> Response:
        await desk.write(request, lambda pen, csrf: _join(pen, code))
        return RedirectResponse("/web", 303)

    return router


def _draw_join(pen: Pen, csrf: str, code: str) -> tuple[views.Page, str]:
    if pen.seat.person is None:
        raise _nameless()
    return pen.page(csrf), peek_join_code(pen.ctx, code).name


def _title_of_push(ctx: Context, token: str) -> str:
    return reader_of_token(ctx, token)[1].title


def _open_push(ctx: Context, token: str, reader: Reader) -> tuple[str, Markup]:
    resource = open_by_token(ctx, token).resource
    parts: list[Node] = [about(resource), Words(resource.text)]
    if resource.url and resource.url not in resource.text:
        parts.append(Link(resource.url, Words(resource.url)))
    files = [file for file in find_attachments(ctx, resource.files) if file.state == "stored"]
    parts += [Link(page_url(ctx, f"/o/{token}/files/{file.pid}"), describe(file)) for file in files]
    return resource.title, html_of(Lines(*parts), reader)


def _join(pen: Pen, code: str) -> None:
    if pen.seat.person is None:
        raise _nameless()
    join_by_code(pen.ctx, code)


def _nameless() -> Conflict:
    return Conflict("visitor", T("Enter your claim code first: then the workshop knows who you are."))
