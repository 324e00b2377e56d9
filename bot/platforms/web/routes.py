"""All routes of the web chat, for api.app.create_app."""

import re

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import FileResponse
from starlette.routing import Match
from starlette.types import Scope

from api.runtime import Runtime
from bot.platforms.web import pages
from bot.platforms.web.chats import chat_routes
from bot.platforms.web.desk import Desk
from bot.platforms.web.entrance import entrance_routes
from bot.platforms.web.gate import Gate, route_class
from bot.platforms.web.links import link_routes
from bot.platforms.web.live import Feed
from bot.platforms.web.me import me_routes

TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".png": "image/png",
}


def make_routers(runtime: Runtime) -> list[APIRouter]:
    """The pages, their live events and their assets."""
    desk = Desk(Gate(runtime))
    return [
        entrance_routes(desk), me_routes(desk), link_routes(desk), chat_routes(desk, Feed(runtime)), asset_routes(),
        other_routes(desk.gate),
    ]  # fmt: skip


def other_routes(gate: Gate) -> APIRouter:
    """Every other address that somebody opens, /v1 apart: a page that says so. Another route that fits goes first."""

    # mypy knows no base class that a function returns
    class OtherRoute(route_class(gate)):  # type: ignore[misc]
        def matches(self, scope: Scope) -> tuple[Match, Scope]:
            others = scope.get("method") != "GET" or re.match(r"/v1(?:/|$)", scope["path"])
            return (Match.NONE, {}) if others else super().matches(scope)

    router = APIRouter(route_class=OtherRoute)

    @router.get("/{path:path}")
    async def nothing(path: str) -> Response:
        raise HTTPException(404)

    return router


def asset_routes() -> APIRouter:
    """/web/static: files of static/ under the version of their content, to be kept for ever."""
    router = APIRouter(prefix="/web/static")
    files = {path.relative_to(pages.STATIC).as_posix(): path for path in pages.STATIC.rglob("*") if path.is_file()}

    @router.get("/{version}/{name:path}")
    async def asset(request: Request, version: str, name: str) -> Response:
        path = files.get(name)
        if path is None:
            return Response(status_code=404)
        # a page of an older version gets what is there now, for now
        age = "public, max-age=31536000, immutable" if version == pages.assets_version() else "no-cache"
        headers = {"Cache-Control": age, "X-Content-Type-Options": "nosniff"}
        return FileResponse(path, headers=headers, media_type=TYPES.get(path.suffix, "application/octet-stream"))

    return router
