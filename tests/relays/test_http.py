"""The bridge over /v1: the same operations, the same refusals."""

from tests.relays.conftest import Village
from tests.support.calling import client_of


async def test_look_disconnect_connect(village: Village) -> None:
    await village.change_room("paper", village.room, encrypted=True)
    path = f"/communities/{village.workshop.pid}/bridge"
    async with (
        await client_of(village.here, village.host) as host,
        await client_of(village.here, village.li) as li,
    ):
        assert (await li.get(path)).status_code == 403
        rooms = (await host.get(path)).json()["items"]
        assert [(one["platform"], one["encrypted"], one["on"]) for one in rooms] == [
            ("paper", True, False), ("other", False, True),
        ]  # fmt: skip
        sealed, other = (f"/bridge/{one['pid']}" for one in rooms)
        assert (await li.patch(other, json={"on": False})).status_code == 403
        assert (await host.patch(other, json={"on": False})).json()["on"] is False
        assert (await host.patch(other, json={"on": "yes"})).status_code == 422
        assert (await host.patch("/bridge/aaaaaaaaaaaa", json={"on": True})).status_code == 404
        refused = await host.patch(sealed, json={"on": True})
        assert (refused.status_code, refused.json()["code"]) == (409, "bridge.encrypted")
        assert (await host.patch(sealed, json={"on": True, "confirmed": True})).json()["on"] is True
