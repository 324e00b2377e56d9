"""Codes, bindings, browsers, links, administrators: what the operations promise, on both databases."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import event

from api.context import Context
from api.errors import Conflict, Forbidden, NotFound, Problem, TooMany
from api.people import codes, papers
from api.people.binding import bind, redeem_claim, redeem_code, unbind_account
from api.people.codes import count_without_account, issue_claim_code, issue_claim_codes, look_up_code, read_code
from api.people.papers import draw_slips, keep_codes
from api.people.service import create_admin, purge_accounts
from api.people.slips import Slip, codes_xlsx, slips_html, slips_of
from api.people.texts import PRIVACY_VERSION
from api.people.websessions import (
    find_web_session,
    list_devices,
    make_one_time_link,
    open_web_session,
    peek_one_time_link,
    revoke_device,
    use_one_time_link,
    web_identity,
)
from api.webchat.entering import renew
from api.webchat.places import SignedOut
from storage.communities import Appointment, Community
from storage.people import Audit, ClaimCode, ClaimFailure, Identity, OneTimeLink, Person, WebSession
from tests.support.talk import Voice, World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


async def school_with(world: World, *names: str) -> tuple[Community, Community, list[Person]]:
    county = await world.region()
    school = await world.school(county, "第一小学")

    def add(ctx: Context) -> list[Person]:
        people = [
            Person(name=name, staff_no=f"T{n}", region_id=county.id, school_id=school.id, created_at=ctx.now)
            for n, name in enumerate(names)
        ]
        ctx.session.add_all(people)
        ctx.session.flush()
        return people

    return county, school, await world.run(add)


async def count(world: World, table: Any, **equal: Any) -> int:
    return await world.run(lambda ctx: ctx.session.query(table).filter_by(**equal).count())


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("ABCD-EFGH-JK34", True), (" abcd efgh jk34 ", True), ("ＡＢＣＤ－ＥＦＧＨ－ＪＫ３４", True),
        ("AB CD\u200bEFGH\nJK34", True), ("https://x.example/c/ABCD-EFGH-JK34?a=1", True), ("ABCD–EFGH–JK34", True),
        ("ABCDEFGHJK3", False), ("ABCD-EFGH-JK344", False), ("今天我们学习了语文和数学啊", False),
        ("good morning all", False), ("", False), ("AB123456", False), ("١٢٣٤٥٦٧٨٩٠١٢", False), ("x" * 10_000, False),
    ],
)  # fmt: skip
def test_codes_are_read_however_they_are_typed(text: str, read: bool) -> None:
    assert read_code(text) == ("ABCDEFGHJK34" if read else None)


def test_codes_are_random_and_unambiguous() -> None:
    made = {codes.new_code() for _ in range(500)}
    assert len(made) == 500 and not set("".join(made)) & set("01IOLZ2S5UV")
    assert re.fullmatch(r"\w{4}-\w{4}-\w{4}", codes.group(made.pop()))


async def test_a_new_code_voids_the_older_one(world: World) -> None:
    _, school, (li, _) = await school_with(world, "李梅", "王刚")
    first = await world.run(issue_claim_code, li)
    issued = await world.run(issue_claim_codes, school)
    assert [one.person.name for one in issued] == ["李梅", "王刚"]
    assert isinstance(await world.run(look_up_code, first.code), Problem)
    claim = await world.run(look_up_code, issued[0].code)
    assert claim.person.id == li.id
    assert await world.run(lambda ctx: {c.hash for c in ctx.session.query(ClaimCode)} & {first.code, "李梅"}) == set()
    world.pass_time(days=14, seconds=1)
    assert isinstance(await world.run(look_up_code, issued[0].code), Problem)


async def test_a_code_works_once(world: World) -> None:
    _, _, (li,) = await school_with(world, "李梅")
    one, other = await world.teacher("手机甲", bound=False), await world.teacher("手机乙", bound=False)
    code = (await world.run(issue_claim_code, li)).code

    def redeem(ctx: Context, voice: Voice) -> None:
        identity = ctx.session.query(Identity).filter_by(native=voice.native).one()
        claim = look_up_code(ctx, code, identity)
        assert not isinstance(claim, Problem)
        redeem_claim(ctx, claim.id, identity)

    def late(ctx: Context) -> None:
        """Both looked it up; the other one was faster."""
        identity = ctx.session.query(Identity).filter_by(native=other.native).one()
        redeem_claim(ctx, ctx.session.query(ClaimCode).one().id, identity)

    await world.run(redeem, one)
    with pytest.raises(Conflict):
        await world.run(late)
    assert await count(world, Identity, person_id=li.id) == 1


async def test_failures_are_counted_by_account_address_and_all(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, (li,) = await school_with(world, "李梅")
    code = (await world.run(issue_claim_code, li)).code
    for n in range(codes.PER_ADDRESS):
        wrong = await world.run(look_up_code, "WRNG-CXDE-3344", None, f"2001:db8::{n:x}")
        assert isinstance(wrong, Problem)
    with pytest.raises(TooMany) as refused:
        await world.run(look_up_code, code, None, "2001:db8::ffff")
    assert 0 < refused.value.data["retry_after"] <= 3600
    assert not isinstance(await world.run(look_up_code, code, None, "2001:db8:1::1"), Problem), "another household"
    assert not isinstance(await world.run(look_up_code, code, None, "203.0.113.9"), Problem)
    monkeypatch.setattr(codes, "BY_ALL", codes.PER_ADDRESS)
    with pytest.raises(TooMany):
        await world.run(look_up_code, code, None, "203.0.113.9")
    world.pass_time(hours=1, seconds=1)
    assert not isinstance(await world.run(look_up_code, code, None, "2001:db8::1"), Problem)


async def test_to_show_an_old_slip_again_is_no_guess(world: World) -> None:
    _, _, (li, wang) = await school_with(world, "李梅", "王刚")
    void, used = [(await world.run(issue_claim_code, li)).code for _ in range(2)]
    await world.run(redeem_code, used, None, "203.0.113.9")
    for _ in range(codes.PER_ADDRESS):
        assert (await world.run(look_up_code, used, None, "203.0.113.9")).code == "code.used"
        assert (await world.run(look_up_code, void, None, "203.0.113.9")).code == "code.over"
    assert await count(world, ClaimFailure) == 0
    code = (await world.run(issue_claim_code, wang)).code
    assert (await world.run(look_up_code, code, None, "203.0.113.9")).person.id == wang.id


async def test_drawn_codes_work_once_they_are_kept(world: World) -> None:
    _, school, (li, wang) = await school_with(world, "李梅", "王刚")
    before = await world.run(issue_claim_code, li)
    slips = (await world.run(draw_slips, school.pid))[1]
    assert isinstance(await world.run(look_up_code, slips[0].code), Problem)
    assert (await world.run(look_up_code, before.code)).person.id == li.id, "the older one works as long"
    await world.run(redeem_code, (await world.run(issue_claim_code, wang)).code, None)
    await keep_codes(world.runtime, school.pid, slips)
    assert (await world.run(look_up_code, slips[0].code)).person.id == li.id
    assert isinstance(await world.run(look_up_code, before.code), Problem)
    assert (await world.run(look_up_code, slips[1].code)).code == "code.unknown", "wang has come in meanwhile"


def test_a_countys_slips_are_several_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(papers, "PER_FILE", 2)
    when = datetime(2026, 12, 7, tzinfo=UTC)
    slips = [Slip(n, "p", "一小", f"老师{n}", "", "AAAA-BBBB-CCCC", "http://x/c/A", when, when) for n in range(3)]
    made = list(papers.draw_papers(slips, "晨光县", "zh_CN"))
    assert [one.name for one in made] == ["绑定码 晨光县.xlsx", "绑定码小条 晨光县 1.html", "绑定码小条 晨光县 2.html"]
    assert [one.data.decode().count("<article>") for one in made[1:]] == [2, 1]


async def test_a_school_gives_no_codes_for_those_above_it(world: World) -> None:
    county, school, (li, boss) = await school_with(world, "李梅", "县领导")
    admin, chief = await world.teacher("周主任", school), await world.teacher("县管理员", school)
    await world.appoint(admin, school, "school_admin")
    await world.appoint(chief, county, "region_admin")
    await world.run(lambda ctx: ctx.session.add(
        Appointment(person_id=boss.id, community_id=county.id, office="region_admin", since=ctx.now.date())
    ))  # fmt: skip
    with pytest.raises(Forbidden):
        await world.run(issue_claim_code, boss, actor=admin)
    assert await world.run(count_without_account, school, actor=admin) == 1
    assert [one.person.name for one in await world.run(issue_claim_codes, school, actor=admin)] == ["李梅"]
    assert (await world.run(issue_claim_code, boss, actor=chief)).person.id == boss.id
    assert await world.run(count_without_account, school, actor=chief) == 2
    assert await world.run(count_without_account, county) == 2, "everybody, for the system"
    names = [one.person.name for one in await world.run(issue_claim_codes, school, actor=chief)]
    assert sorted(names) == sorted(["李梅", "县领导"])
    for nobody in (await world.teacher("老师", school), await world.teacher("外人")):
        with pytest.raises((Forbidden, NotFound)):
            await world.run(count_without_account, school, actor=nobody)
        with pytest.raises((Forbidden, NotFound)):
            await world.run(issue_claim_code, li, actor=nobody)
        with pytest.raises((Forbidden, NotFound)):
            await world.run(issue_claim_codes, school, actor=nobody)


async def test_who_has_no_account_is_counted_by_the_database(world: World) -> None:
    _, school, _ = await school_with(world, "李梅", "王芳", "赵云")
    admin = await world.teacher("周主任", school)
    await world.appoint(admin, school, "school_admin")
    asked: list[str] = []
    event.listen(world.runtime.database.engine, "before_cursor_execute", lambda *how: asked.append(how[2]))
    assert await world.run(count_without_account, school, actor=admin) == 3
    assert [one.split("(")[0] for one in asked if "identities" in one] == ["SELECT count"]


async def test_paper_and_spreadsheet_hold_words_only(world: World) -> None:
    _, school, _ = await school_with(world, "=HYPERLINK(1)", "<script>x</script>")
    issued = await world.run(issue_claim_codes, school)

    def make(ctx: Context) -> tuple[bytes, bytes]:
        slips = slips_of(ctx, issued)
        return codes_xlsx(slips, "zh_CN"), slips_html(slips, "zh_CN")

    book, page = await world.run(make)
    rows = CalamineWorkbook.from_filelike(BytesIO(book)).get_sheet_by_index(0).to_python()
    assert rows[0][:4] == ["学校", "姓名", "工号", "绑定码"]
    assert {row[1] for row in rows[1:]} == {"=HYPERLINK(1)", "<script>x</script>"}
    assert {row[3] for row in rows[1:]} == {one.code for one in issued}
    text = page.decode()
    assert "<script" not in text and "&lt;script&gt;" in text and text.count("<svg") == text.count("viewBox") == 2
    asks = re.search(r"(src|href)\s*=|url\(|@import|https?://(?!www\.w3\.org)", text)
    assert not asks, "it asks the network for nothing"
    assert all(one.code in text for one in issued)


async def test_a_code_opens_a_browser(world: World) -> None:
    _, _, (li,) = await school_with(world, "李梅")

    def sign_in(ctx: Context) -> str:
        code = issue_claim_code(ctx, li).code
        person = redeem_code(ctx, code, None, "203.0.113.9")
        assert isinstance(person, Person)
        return open_web_session(ctx, person, "手机")[1]

    secret = await world.run(sign_in)
    found = await world.run(find_web_session, secret)
    assert found.person.id == li.id and found.identity.platform == "web"
    assert found.person.privacy_version == PRIVACY_VERSION
    assert await world.run(find_web_session, secret + "x") is None
    again = await world.run(sign_in)
    assert await count(world, Identity, platform="web") == 1, "one web account per person"
    assert await count(world, WebSession) == 2
    world.pass_time(days=179)
    assert await world.run(find_web_session, secret), "being seen moves the end"
    world.pass_time(days=2)
    assert await world.run(find_web_session, secret)
    assert await world.run(find_web_session, again) is None, "the other was not seen for 180 days"


async def test_a_visitor_becomes_somebody(world: World) -> None:
    _, _, (li,) = await school_with(world, "李梅")

    def visit(ctx: Context) -> tuple[str, int]:
        session, secret = open_web_session(ctx, None, "平板")
        return secret, session.identity_id

    def bind_visitor(ctx: Context, identity_id: int) -> int:
        return bind(ctx, ctx.session.get_one(Identity, identity_id), ctx.session.get_one(Person, li.id), "code").id

    first, visitor = await world.run(visit)
    assert (await world.run(find_web_session, first)).person is None
    assert await world.run(bind_visitor, visitor) == visitor
    second, other = await world.run(visit)
    assert other != visitor, "visitors do not share an account"
    assert await world.run(bind_visitor, other) == visitor, "merged into the one web account"
    for secret in (first, second):
        assert await world.run(find_web_session, secret) is None, "who sat there before may know it"
    first, second = [await world.run(renew, secret) for secret in (first, second)]
    for secret in (first, second):
        found = await world.run(find_web_session, secret)
        assert (found.person.id, found.identity.id) == (li.id, visitor)
        with pytest.raises(SignedOut):
            await world.run(renew, secret)
    devices = await world.run(list_devices, actor=li)
    assert await world.run(revoke_device, devices[0].pid, actor=li) is True
    assert await world.run(revoke_device, devices[0].pid, actor=li) is False

    def account(ctx: Context) -> str:
        return web_identity(ctx, ctx.session.get_one(Person, li.id)).pid

    await world.run(unbind_account, await world.run(account), actor=li)
    assert await world.run(find_web_session, first) is None and await world.run(find_web_session, second) is None
    assert await world.run(account) is not None and await count(world, Identity, person_id=li.id) == 1


async def test_one_time_links_work_once_and_soon(world: World) -> None:
    _, school, (li,) = await school_with(world, "李梅")
    teacher = await world.teacher("老师", school)
    secret = await world.run(make_one_time_link, li, actor=li)
    with pytest.raises(NotFound):
        await world.run(make_one_time_link, li, actor=teacher)
    for _ in range(2):
        assert (await world.run(peek_one_time_link, secret))[0].id == li.id, "looking uses nothing up"
    assert (await world.run(use_one_time_link, secret)).id == li.id
    with pytest.raises(Conflict):
        await world.run(use_one_time_link, secret)
    late = await world.run(make_one_time_link, li, 15)
    world.pass_time(minutes=15)
    with pytest.raises(Conflict):
        await world.run(use_one_time_link, late)
    with pytest.raises(NotFound):
        await world.run(use_one_time_link, "made-up")
    assert await world.run(lambda ctx: ctx.session.query(OneTimeLink).filter_by(hash=secret).count()) == 0


async def test_the_first_administrator(world: World) -> None:
    issued = await world.run(create_admin, "晨光县", "王局", "A1")
    assert issued.school == "" and issued.person.name == "王局"
    assert await count(world, Appointment, office="region_admin") == 1
    again = await world.run(create_admin, "晨光县", "王局", "A1")
    assert again.person.id == issued.person.id
    assert (await count(world, Community), await count(world, Appointment)) == (1, 1)
    assert isinstance(await world.run(look_up_code, issued.code), Problem), "voided by the newer one"
    with pytest.raises(Conflict):
        await world.run(create_admin, "晨光县", "别人", "A1")


async def test_what_is_long_over_is_forgotten(world: World) -> None:
    _, _, (li,) = await school_with(world, "李梅")
    await world.run(issue_claim_code, li)
    await world.run(make_one_time_link, li)
    await world.run(open_web_session, li, "x")
    await world.run(look_up_code, "WRNG-CXDE-3344")
    assert await world.run(purge_accounts) is False
    assert await count(world, ClaimFailure) == 1
    world.set_time(world.runtime.now() + timedelta(days=400))
    await world.run(purge_accounts)
    for table in (ClaimCode, ClaimFailure, OneTimeLink, WebSession):
        assert await count(world, table) == 0, table
    assert await count(world, Audit) > 0
