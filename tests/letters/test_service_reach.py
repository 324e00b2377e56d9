"""Who blocked us is out of reach, without blame; when they write again, what still counts goes out, once."""

from datetime import timedelta

import pytest

from api.communities.members import list_members
from api.context import Context
from api.errors import Conflict
from api.letters.service import count_letters, drop_letter, drop_letters, list_letters
from api.messaging.jobs import forget_unreached
from api.messaging.outbox import BULK
from api.people.binding import redeem_code
from api.people.codes import issue_claim_code
from api.people.websessions import open_web_session
from storage.people import Identity, Person
from tests.letters.conftest import Post

pytestmark = pytest.mark.both_databases
T1, T2, T3 = "第一件", "第二件", "第三件"


async def away(post: Post) -> dict[str, bool | None]:
    """Whom the host of 语文工坊 sees as out of reach."""
    shown = await post.county.run(list_members, post.county.w, actor=post.county.wang)
    return {one.name: one.away for one in shown}


async def test_out_of_reach_until_they_write_again(post: Post) -> None:
    county, world, li = post.county, post.world, post.county.li
    await world.join(li, county.workshop)
    assert await away(post) == {"王老师": False, "李老师": False}
    world.paper.gone.add(li.chat)
    soon = world.runtime.now() + timedelta(hours=2)
    await post.tell(li, T1, lane=BULK)
    await post.tell(li, T2, expires_at=soon)
    await post.tell(li, T3)
    await post.tell(li, "守着", guard=["notice_stands", 999])
    assert await away(post) == {"王老师": False, "李老师": True}
    assert [one.away for one in await county.run(list_members, county.w, actor=li)] == [None, None], "for hosts only"
    world.pass_time(hours=3)
    world.paper.gone.clear()
    await li.say("我回来了")
    assert post.got(li, [T1, T2, T3, "守着"]) == [T3, T1], "what is over, or does not stand, is not told"
    assert await away(post) == {"王老师": False, "李老师": False}
    assert [one.reason for one in await county.run(list_letters, actor=county.lin)] == ["blocked"], "what expired stays"
    await li.say("还有吗")
    assert post.got(li, [T1, T3]) == [T3, T1]


async def test_what_reached_nobody_is_listed_as_long_as_it_could_be_sent_late(post: Post) -> None:
    county, world = post.county, post.world
    world.paper.gone.add(county.li.chat)
    pid = await post.tell(county.li, T1)
    assert [one.pid for one in await county.run(list_letters, actor=county.lin)] == [pid]
    world.pass_time(days=8)
    assert await world.run(forget_unreached) is False
    assert await county.run(list_letters, actor=county.lin) == await county.run(count_letters, actor=county.lin) == []
    with pytest.raises(Conflict):
        await county.run(drop_letter, pid, actor=county.lin)
    world.paper.gone.clear()
    await county.li.say("我回来了")
    assert post.got(county.li, [T1]) == []


async def test_an_account_that_was_blocked_once_more_is_no_news(post: Post) -> None:
    world, li = post.world, post.county.li
    world.paper.gone.add(li.chat)
    await post.tell(li, T1)
    await world.arrive(li, li.chat, "bot_removed")
    assert (await post.rows())[T1].state == "unreachable"
    world.paper.gone.clear()
    await world.arrive(li, li.chat, "bot_added")  # unblocked, without a word
    assert post.got(li, [T1]) == [T1]


async def test_what_was_dropped_does_not_come_back(post: Post) -> None:
    county, world, li = post.county, post.world, post.county.li
    world.paper.gone.add(li.chat)
    await post.tell(li, T1)
    await county.run(drop_letters, "blocked", actor=county.lin)
    world.paper.gone.clear()
    await li.say("我回来了")
    assert post.got(li, [T1]) == []


async def test_to_sign_in_on_the_web_heals_too(post: Post) -> None:
    county, world, li = post.county, post.world, post.county.li
    world.paper.gone.add(li.chat)
    await post.tell(li, T1)

    def sign_in(ctx: Context) -> None:
        assert li.person is not None
        open_web_session(ctx, ctx.session.get_one(Person, li.person.id))

    await county.run(sign_in)
    assert await county.run(list_letters, actor=county.lin) == []
    assert (await post.rows())[T1].state == "ready"


async def test_another_account_heals_too(post: Post) -> None:
    county, world, li = post.county, post.world, post.county.li
    world.paper.gone.add(li.chat)
    await post.tell(li, T1)
    phone = await world.teacher("李老师", bound=False)

    def claim(ctx: Context) -> None:
        assert li.person is not None
        code = issue_claim_code(ctx, li.person).code
        redeem_code(ctx, code, ctx.session.query(Identity).filter_by(native=phone.native).one())

    await county.run(claim)
    await world.settle()
    assert post.got(phone, [T1]) == [T1]
