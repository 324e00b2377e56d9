"""A workshop's picture: sent in its settings, seen by its own, taken away again."""

import pytest

from api.attachments.service import get_attachment_for, keep_bytes
from api.communities.pictures import set_picture
from api.context import Context
from api.errors import NotFound
from api.privacy import erase_person
from api.registry import HOLDERS
from storage.communities import Community
from storage.people import Person
from tests.support.classroom import a_photo
from tests.support.county import County


async def test_a_workshop_gets_a_picture_and_loses_it(county: County) -> None:
    wang, world = county.wang, county.world
    await world.join(county.li, county.workshop)

    def picture(ctx: Context) -> str | None:
        return ctx.session.get_one(Community, county.workshop.id).picture

    await wang.say("工坊")
    await wang.press("语文工坊")
    await wang.press("设置")
    wang.expect("头像：无")
    await wang.press("头像")
    wang.expect("发一张照片")
    await wang.say("一只猫")
    wang.expect("发一张照片")
    await wang.send_file("猫.pdf", b"%PDF", "document", "application/pdf")
    wang.expect("发一张照片")
    await wang.send_file("猫.jpg", a_photo(), "photo", "image/jpeg")
    wang.expect("头像：有")
    first = await world.run(picture)
    assert first is not None
    await world.run(get_attachment_for, first, HOLDERS, actor=county.li)
    with pytest.raises(NotFound):
        await world.run(get_attachment_for, first, HOLDERS, actor=county.chen)
    await wang.press("头像")
    await wang.send_file("狗.jpg", a_photo(), "photo", "image/jpeg")
    second = await world.run(picture)
    assert second != first
    with pytest.raises(NotFound):
        await world.run(get_attachment_for, first, HOLDERS, actor=wang)
    await wang.press("头像")
    await wang.press("去掉头像")
    wang.expect("头像：无")
    assert await world.run(picture) is None


async def test_with_who_sent_it_the_picture_goes(county: County) -> None:
    def picture(ctx: Context) -> str | None:
        return ctx.session.get_one(Community, county.workshop.id).picture

    def give(ctx: Context) -> None:
        set_picture(ctx, county.w, keep_bytes(ctx, "a.jpg", "image/jpeg", a_photo(), "photo").pid)

    await county.run(give, actor=county.wang)
    assert await county.world.run(picture)
    await county.world.run(lambda ctx: erase_person(ctx, ctx.session.get_one(Person, county.wang.person.id)))
    assert await county.world.run(picture) is None
