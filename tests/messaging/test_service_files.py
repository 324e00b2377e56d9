"""What people are told waits for its photos, whether it is for one or for many."""

from collections.abc import AsyncIterator

import pytest

from api.context import Context
from api.messaging.outbox import BULK, PERSONAL, deliver_to_people, write_message
from api.messaging.tree import Words
from storage.attachments import Attachment
from tests.support.talk import World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


@pytest.mark.parametrize("lane", [PERSONAL, BULK])
async def test_what_is_told_waits_for_its_photo(world: World, lane: int) -> None:
    li = await world.teacher("李老师")
    assert li.person is not None
    person_id = li.person.id

    def tell(ctx: Context) -> str:
        photo = Attachment(
            owner_id=person_id, platform="web", account="", ref={"upload": "u"}, kind="photo", name="通知.jpg",
            mime="image/jpeg", size=3, state="pending", created_at=ctx.now,
        )  # fmt: skip
        ctx.session.add(photo)
        ctx.session.flush()
        message = write_message(ctx, Words("看照片"), files=[photo.pid])
        deliver_to_people(ctx, message, [person_id], lane)
        return photo.pid

    pid = await world.run(tell)
    await world.deliverers.drain()
    assert li.sheets() == []

    def come(ctx: Context) -> None:
        ctx.session.query(Attachment).filter_by(pid=pid).one().state = "stored"

    await world.run(come)
    world.pass_time(minutes=1)
    await world.deliverers.drain()
    assert [(sheet.text, sheet.files) for sheet in li.sheets()] == [("看照片", [pid])]
