"""Who is alone on a database goes on at once where a killed service stopped."""

from api.attachments.fetching import lease_files
from api.attachments.service import keep_bytes
from api.messaging.delivering import claim_work
from api.messaging.outbox import tell_person
from api.messaging.receiving import Arrival, lease_rows, receive
from api.messaging.tree import Words
from api.opening import take_over
from storage.attachments import Attachment
from storage.reach import Reach
from tests.support.talk import Voice, World, a_world


async def left_by_a_killed_service(world: World) -> tuple[Voice, Voice, Attachment]:
    """A message being handled in one chat, one being sent in another, a file being fetched."""
    li = await world.teacher("李老师")
    wang = await world.teacher("王老师")
    assert wang.person is not None
    file = await world.run(keep_bytes, "a.txt", "text/plain", b"abc", actor=li)
    raw = {"kind": "said", "sender": li.native, "name": "李老师", "text": "help"}
    await world.runtime.transact(receive, "paper", "", [Arrival("e-1", li.chat, "private", raw)])
    await world.run(tell_person, wang.person.id, Words("早上好"))
    assert len(await world.runtime.transact(lease_rows, Reach(("paper",)), 9)) == 1
    assert len(await world.runtime.transact(claim_work, Reach(("paper",)), 9, {})) == 1
    assert len(await world.runtime.transact(lease_files, Reach(("paper",)), 9)) == 1
    return li, wang, file


async def test_what_it_held_is_free(database_url: str) -> None:
    async with a_world(database_url) as world:
        li, wang, file = await left_by_a_killed_service(world)
        await world.settle()
        assert not li.sheets() and not wang.sheets(), "its leases still run"
        await world.runtime.transact(take_over)
        await world.settle()
        assert [sheet.text for sheet in wang.sheets()] == ["早上好"]
        assert len(li.sheets()) == 1
        kept = await world.run(lambda ctx: ctx.session.get_one(Attachment, file.id).state)
        assert kept == "stored"
