"""Everybody can use it: axe finds nothing serious, in light and dark, on a desk and a phone (issue 2, web chat)."""

from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe

from api.communities.tree import ensure_web_room
from tests.support.served import DESK, PHONE, Served


@pytest.mark.parametrize(("look", "scheme"), [(DESK, "light"), (PHONE, "dark")], ids=["desk-light", "phone-dark"])
async def test_axe_finds_nothing_serious(world: Served, look: dict[str, Any], scheme: str) -> None:
    school = await world.school(await world.region(), "第一小学")
    await world.run(ensure_web_room, school)
    li, wang = await world.teacher("李春华", school), await world.teacher("王建国", school)
    code = await world.code_for(wang)
    window = await world.window(li, **look, color_scheme=scheme)
    await window.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    await window.chat()
    await window.say("帮助")
    await window.hears("/help")
    await window.chat("第一小学")
    await window.say("大家好")
    found = await faults(window.page, "room")
    await window.chat()
    found += await faults(window.page, "assistant")
    for path in ("/web", "/web/me", "/web/devices", "/web/chats/none"):
        await window.go(path)
        found += await faults(window.page, path)
    stranger = await world.window(None, **look, color_scheme=scheme)
    for path in ("/web", f"/c/{code}"):
        await stranger.go(path)
        found += await faults(stranger.page, path[:5])
    assert not found, "\n".join(found)


async def faults(page: Any, where: str) -> list[str]:
    """What axe calls serious or critical on the page that is open."""
    result = await Axe().run(page)
    return [
        f"{where}: {fault['id']} ({fault['impact']}): {[node['html'][:150] for node in fault['nodes'][:3]]}"
        for fault in result.response["violations"]
        if fault["impact"] in ("serious", "critical")
    ]
