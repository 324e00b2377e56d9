"""The routes about oneself: settings, devices."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.people.settings import DEFAULT, NEVER, set_language, set_quiet_hours, set_relayed
from api.webchat import entering
from bot.platforms.web import views
from bot.platforms.web.desk import Desk
from bot.platforms.web.drawing import Pen
from bot.platforms.web.gate import is_script, route_class

QUIET_CHOICES = ("21:00-07:00", "22:00-06:30", "23:00-07:00")


def me_routes(desk: Desk) -> APIRouter:
    """/web/me, /web/devices."""
    gate = desk.gate
    router = APIRouter(prefix="/web", route_class=route_class(gate))

    @router.get("/me")
    async def me(request: Request) -> Response:
        return await desk.pane(request, _draw_me)

    @router.post("/me")
    async def change_me(request: Request) -> Response:
        form = await gate.form(request)
        wanted = {name: str(form[name]) for name in ("language", "quiet_hours", "relayed") if name in form}
        changed = await desk.write(request, _change_me, wanted)
        if is_script(request):
            return Response(status_code=204, headers={"HX-Refresh": "true"} if changed else {})
        return RedirectResponse("/web/me", 303)

    @router.get("/devices")
    async def devices(request: Request) -> Response:
        return await desk.pane(request, _draw_devices)

    @router.post("/devices/{device}/revoke")
    async def revoke(request: Request, device: str) -> Response:
        await desk.write(request, lambda pen, csrf: entering.sign_out_browser(pen.ctx, pen.seat, device))
        return await desk.pane(request, _draw_devices) if is_script(request) else RedirectResponse("/web/devices", 303)

    return router


def _draw_me(pen: Pen) -> tuple[str, str, dict[str, Any]]:
    person, language = pen.seat.person, pen.reader.language
    spoken = tuple(
        views.Option(value, label, value == language) for value, label in (("zh_CN", "中文"), ("en", "English"))
    )
    settings = [views.Setting("language", pen._("Language"), "", spoken)]
    if person is not None:
        usual = pen.ctx.config.time.quiet_hours or "—"
        now = DEFAULT if person.quiet_hours is None else person.quiet_hours or NEVER
        hours = dict.fromkeys((*QUIET_CHOICES, *([now] if now not in (DEFAULT, NEVER) else [])))
        labels = {DEFAULT: pen._("As usual here ({hours})", hours=usual), **{h: h for h in hours},
                  NEVER: pen._("Never: tell me at any time")}  # fmt: skip
        options = tuple(views.Option(value, label, value == now) for value, label in labels.items())
        hint = pen._("Reminders and notices wait until these hours are over.")
        settings.append(views.Setting("quiet_hours", pen._("Quiet hours"), hint, options))
        carried = {"yes": pen._("Carried to the other rooms"), "no": pen._("Stays in the room I said it in")}
        chosen = "yes" if person.relayed else "no"
        options = tuple(views.Option(value, label, value == chosen) for value, label in carried.items())
        hint = pen._("A workshop may have rooms in several apps. What you say in one is heard in the others.")
        settings.append(views.Setting("relayed", pen._("What I say in rooms"), hint, options))
    me = " · ".join(filter(None, [entering.home_of(pen.ctx, pen.seat), person.subject if person else ""]))
    return "me.html", pen._("Me"), {"settings": tuple(settings), "about_me": me}


def _change_me(pen: Pen, csrf: str, wanted: dict[str, str]) -> bool:
    """Whether the page has to be drawn anew: in another language."""
    before = pen.reader.language
    if "language" in wanted:
        set_language(pen.ctx, wanted["language"], pen.seat.identity)
    if "quiet_hours" in wanted and pen.seat.person is not None:
        set_quiet_hours(pen.ctx, wanted["quiet_hours"])
    if "relayed" in wanted and pen.seat.person is not None:
        set_relayed(pen.ctx, wanted["relayed"] == "yes")
    return wanted.get("language", before) != before


def _draw_devices(pen: Pen) -> tuple[str, str, dict[str, Any]]:
    rows = entering.list_browsers(pen.ctx, pen.seat)
    this = pen.seat.session.id
    devices = tuple(
        views.Device(row.pid, row.device or pen._("A browser"), "", row.seen_at, row.created_at, row.id == this)
        for row in rows
    )  # fmt: skip
    return "devices.html", pen._("Devices"), {"devices": devices}
