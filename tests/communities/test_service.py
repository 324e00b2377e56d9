"""Workshops and memberships as operations: who may, what changes, what is written down, who is told."""

import pytest

from api.communities import joining, members, offers, requests, service
from api.communities.lookup import get_community_for
from api.communities.rules import rule
from api.communities.service import Wish
from api.people.service import list_people
from api.records.service import counts
from storage.base import new_pid
from storage.communities import Community, Membership
from storage.people import Audit
from storage.rooms import rooms_of
from tests.support.county import County

JOINED = "workshop.joined"


async def test_a_trainer_opens_a_workshop_and_asks_a_cohost(county: County) -> None:
    wish = Wish("  数学   工坊 ", "数学", "一起备课", "open", [county.li.pid, county.li.pid, county.zhou.pid])
    workshop = await county.run(service.create_workshop, county.county.pid, wish, actor=county.zhou)
    assert (workshop.name, workshop.subject, workshop.policy) == ("数学 工坊", "数学", "open")
    assert workshop.path == f"{county.county.path}{workshop.id}/"
    assert workshop.join_code and workshop.join_code[:2].isalpha() and workshop.join_code[2:].isdecimal()
    assert len(workshop.join_code) == 8
    assert await county.standing(county.zhou, workshop) == ("active", "host")
    assert await county.standing(county.li, workshop) == ("invited", "member")
    assert await county.run(lambda ctx: len(rooms_of(ctx.session, workshop.id))) == 1
    await county.world.settle()
    county.li.expect("周老师", "数学 工坊")
    await county.run(offers.answer_offer, workshop.pid, True, actor=county.li)
    assert await county.standing(county.li, workshop) == ("active", "cohost")
    await county.world.settle()
    county.zhou.expect("李老师", "数学 工坊")
    acts = await county.run(lambda ctx: {row.act for row in ctx.session.query(Audit)})
    assert {"workshop.created", "membership.role"} <= acts


async def test_who_may_not_open_one_asks_and_the_region_decides_once(county: County) -> None:
    wish = Wish("英语工坊", cohosts=[county.chen.pid])
    await county.refused("forbidden", service.create_workshop, county.first.pid, wish, actor=county.li)
    request = await county.run(requests.open_or_ask, county.first.pid, wish, actor=county.li)
    await county.world.settle()
    county.lin.expect("李老师", "第一小学", "英语工坊")
    county.zhou.expect_nothing()
    await county.refused("forbidden", requests.decide_wish, request.pid, True, actor=county.zhou)
    granted = await county.run(requests.decide_wish, request.pid, True, actor=county.lin)
    await county.refused("request.decided", requests.decide_wish, request.pid, False, actor=county.lin)
    workshop = await county.run(lambda ctx: ctx.session.get_one(Community, granted.workshop_id))
    assert await county.standing(county.li, workshop) == ("active", "host")
    await county.world.settle()
    county.li.expect("英语工坊", workshop.join_code)
    county.chen.expect("李老师", "英语工坊")
    assert "林主任" in county.lin.sheets()[-1].text and not county.lin.sheets()[-1].buttons


async def test_a_declined_wish_opens_nothing_and_three_are_enough(county: County) -> None:
    one, _, _ = [
        await county.run(requests.ask_for_workshop, county.county.pid, Wish(f"工坊{n}"), actor=county.li)
        for n in range(3)
    ]
    await county.refused("request.too_many", requests.ask_for_workshop, county.county.pid, Wish("四"), actor=county.li)
    assert len(await county.run(requests.list_wishes, county.county.pid, actor=county.lin)) == 3
    await county.run(requests.decide_wish, one.pid, False, actor=county.lin)
    await county.world.settle()
    county.li.expect("工坊0")
    assert len(await county.run(requests.list_wishes, county.county.pid, actor=county.lin)) == 2
    assert len(await county.run(service.list_communities, "workshop", actor=county.lin)) == 1


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (Wish("　 "), "workshop.no_name"), (Wish("!!!"), "workshop.no_name"), (Wish("长" * 41), "workshop.too_long"),
        (Wish("好", about="长" * 10_000), "workshop.too_long"), (Wish("好", policy="secret"), "workshop.policy"),
        (Wish("好", cohosts=[f"x{n}" for n in range(11)]), "workshop.cohosts"),
    ],
)  # fmt: skip
async def test_what_cannot_be_a_workshop(county: County, wish: Wish, code: str) -> None:
    await county.refused(code, service.create_workshop, county.county.pid, wish, actor=county.zhou)


async def test_a_workshop_hangs_off_no_workshop_and_cohosts_exist(county: County) -> None:
    await county.world.appoint(county.zhou, county.workshop, "expert")
    await county.refused("workshop.parent", service.create_workshop, county.w, Wish("好"), actor=county.zhou)
    stray = Wish("好", cohosts=[new_pid()])
    await county.refused("person.unknown", service.create_workshop, county.county.pid, stray, actor=county.zhou)


async def code_of(county: County) -> str:
    renewed = await county.run(service.renew_join_code, county.w, actor=county.wang)
    return str(renewed.join_code)


async def test_joining_an_open_workshop_by_any_spelling_of_its_code(county: County) -> None:
    code = await code_of(county)
    await county.run(service.edit_workshop, county.w, policy="open", about="每周一课", actor=county.wang)
    typed = f" {code[:2].lower()} {code[2:5]}-{code[5:]}".translate({ord("0") + n: ord("０") + n for n in range(10)})
    await county.run(joining.join_by_code, typed, actor=county.li)
    assert await county.standing(county.li) == ("active", "member")
    await county.refused("membership.already", joining.join_by_code, code, actor=county.li)
    await county.refused("join.unknown_code", joining.join_by_code, "ZZ000000", actor=county.chen)
    await county.world.settle()
    county.li.expect("语文工坊", "每周一课", "王老师", "21")
    made = await county.run(lambda ctx: counts(ctx, county.workshop.id, [JOINED]))
    assert county.li.person and made == {county.li.person.id: {JOINED: 1}}


async def test_hosts_and_only_hosts_are_asked_and_the_first_decides(county: County) -> None:
    await county.world.join(county.zhou, county.workshop, "cohost")
    await county.run(joining.join_workshop, county.w, actor=county.chen)
    assert await county.standing(county.chen) == ("pending", "member")
    await county.refused("membership.pending", joining.join_workshop, county.w, actor=county.chen)
    await county.world.settle()
    county.wang.expect("陈老师", "第二小学", "语文工坊")
    county.zhou.expect("陈老师")
    county.lin.expect_nothing()
    await county.refused(
        "forbidden",
        joining.decide_request,
        county.w,
        county.chen.pid,
        True,
        actor=county.li,
    )
    await county.run(joining.decide_request, county.w, county.chen.pid, True, actor=county.zhou)
    await county.refused("membership.decided", joining.decide_request, county.w, county.chen.pid, False,
        actor=county.wang,
    )  # fmt: skip
    await county.world.settle()
    for host in (county.wang, county.zhou):
        [sheet] = host.sheets()
        assert "周老师" in sheet.text and not sheet.buttons
    county.chen.expect("语文工坊")


async def test_declined_people_are_told_and_may_ask_again(county: County) -> None:
    await county.run(joining.join_workshop, county.w, actor=county.chen)
    await county.run(joining.decide_request, county.w, county.chen.pid, False, actor=county.wang)
    assert await county.standing(county.chen) == ("declined", "member")
    await county.world.settle()
    county.chen.expect("语文工坊")
    await county.run(joining.join_workshop, county.w, actor=county.chen)
    assert await county.standing(county.chen) == ("pending", "member")
    await county.run(joining.leave_workshop, county.w, actor=county.chen)
    assert await county.standing(county.chen) == ("left", "member")


async def test_without_hosts_the_region_is_asked(county: County) -> None:
    await county.run(lambda ctx: ctx.session.query(Membership).delete())
    await county.run(joining.join_workshop, county.w, actor=county.chen)
    await county.world.settle()
    county.lin.expect("陈老师", "语文工坊")


async def test_a_code_never_opens_what_people_are_invited_to(county: County) -> None:
    code = await code_of(county)
    await county.run(service.edit_workshop, county.w, policy="invitation", actor=county.wang)
    await county.refused("join.invitation_only", joining.join_by_code, code, actor=county.chen)
    await county.refused("workshop.unknown", joining.join_workshop, county.w, actor=county.chen)
    await county.refused("join.invitation_only", joining.join_qr, county.w, actor=county.wang)
    assert await county.run(joining.list_joinable, actor=county.chen) == []
    await county.run(offers.invite_person, county.w, county.chen.pid, actor=county.wang)
    await county.refused(
        "membership.invited",
        offers.invite_person,
        county.w,
        county.chen.pid,
        actor=county.wang,
    )
    await county.run(joining.join_by_code, code, actor=county.chen)
    assert await county.standing(county.chen) == ("active", "member")


async def test_the_list_holds_what_is_in_reach(county: County) -> None:
    far = await county.world.region("远山县")
    stranger = await county.world.teacher("远老师", await county.world.school(far, "远山小学"))
    await county.world.workshop(county.first, "校本工坊", policy="open")
    names = [w.name for w in await county.run(joining.list_joinable, actor=county.chen)]
    assert names == ["语文工坊", "校本工坊"]
    assert await county.run(joining.list_joinable, actor=stranger) == []
    await county.refused("workshop.unknown", joining.join_workshop, county.w, actor=stranger)
    code = await code_of(county)
    await county.run(joining.join_by_code, code, actor=stranger)
    assert await county.standing(stranger) == ("pending", "member")


async def test_inviting_who_waits_lets_them_in(county: County) -> None:
    await county.run(joining.join_workshop, county.w, actor=county.chen)
    await county.run(offers.invite_person, county.w, county.chen.pid, "cohost", actor=county.wang)
    assert await county.standing(county.chen) == ("active", "member")
    await county.run(offers.answer_offer, county.w, True, actor=county.chen)
    assert await county.standing(county.chen) == ("active", "cohost")
    await county.refused("offer.over", offers.answer_offer, county.w, True, actor=county.chen)


async def test_saying_no_changes_nothing_but_is_told(county: County) -> None:
    await county.run(offers.invite_person, county.w, county.chen.pid, actor=county.wang)
    await county.run(offers.answer_offer, county.w, False, actor=county.chen)
    assert await county.standing(county.chen) == ("declined", "member")
    await county.world.settle()
    county.wang.expect("陈老师", "语文工坊")
    await county.refused("offer.over", offers.answer_offer, county.w, True, actor=county.li)


async def test_the_last_host_stays_until_there_is_another(county: County) -> None:
    await county.refused("membership.last_host", joining.leave_workshop, county.w, actor=county.wang)
    await county.refused(
        "membership.last_host", members.change_role, county.w, county.wang.pid, "member", actor=county.wang
    )
    await county.refused("membership.last_host", members.remove_member, county.w, county.wang.pid, actor=county.lin)
    await county.refused("membership.not_member", offers.hand_over, county.w, county.li.pid, actor=county.wang)
    await county.world.join(county.li, county.workshop)
    await county.run(offers.hand_over, county.w, county.li.pid, actor=county.wang)
    assert await county.standing(county.wang) == ("active", "host")
    await county.run(offers.answer_offer, county.w, True, actor=county.li)
    assert await county.standing(county.li) == ("active", "host")
    assert await county.standing(county.wang) == ("active", "cohost")
    await county.run(joining.leave_workshop, county.w, actor=county.wang)
    assert await county.standing(county.wang) == ("left", "member")


async def test_no_offer_takes_the_last_host_away(county: County) -> None:
    await county.run(offers.invite_person, county.w, county.wang.pid, "observer", actor=county.lin)
    await county.refused("membership.last_host", offers.answer_offer, county.w, True, actor=county.wang)
    assert await county.standing(county.wang) == ("active", "host")
    await county.world.join(county.zhou, county.workshop, "host")
    await county.run(offers.answer_offer, county.w, True, actor=county.wang)
    assert await county.standing(county.wang) == ("active", "observer")


async def test_an_offer_to_take_over_dies_with_the_office_of_who_made_it(county: County) -> None:
    await county.world.join(county.li, county.workshop)
    await county.world.join(county.zhou, county.workshop, "host")
    await county.run(offers.hand_over, county.w, county.li.pid, actor=county.wang)
    await county.run(members.change_role, county.w, county.wang.pid, "member", actor=county.zhou)
    await county.refused("offer.over", offers.answer_offer, county.w, True, actor=county.li)
    assert await county.standing(county.li) == ("active", "member")


async def test_cohosts_moderate_but_do_not_rule(county: County) -> None:
    await county.world.join(county.zhou, county.workshop, "cohost")
    await county.world.join(county.li, county.workshop)
    await county.refused("forbidden", members.remove_member, county.w, county.wang.pid, actor=county.zhou)
    await county.refused("forbidden", offers.invite_person, county.w, county.chen.pid, "cohost", actor=county.zhou)
    await county.refused("forbidden", members.change_role, county.w, county.li.pid, "observer", actor=county.zhou)
    for role in ("observer", "member", "cohost"):
        await county.refused("forbidden", offers.invite_person, county.w, county.wang.pid, role, actor=county.zhou)
    await county.refused("forbidden", service.edit_workshop, county.w, name="好", actor=county.zhou)
    await county.refused("forbidden", service.archive_workshop, county.w, actor=county.zhou)
    await county.run(members.remove_member, county.w, county.li.pid, actor=county.zhou)
    assert await county.standing(county.li) == ("removed", "member")
    await county.world.settle()
    county.li.expect("语文工坊")


async def test_who_was_removed_comes_back_only_with_a_host(county: County) -> None:
    await county.run(service.edit_workshop, county.w, policy="open", actor=county.wang)
    await county.run(joining.join_workshop, county.w, actor=county.chen)
    await county.run(members.remove_member, county.w, county.chen.pid, actor=county.wang)
    await county.run(joining.join_workshop, county.w, actor=county.chen)
    assert await county.standing(county.chen) == ("pending", "member")


async def test_lists_of_members(county: County) -> None:
    await county.world.join(county.li, county.workshop)
    await county.world.join(county.zhou, county.workshop, "observer")
    await county.run(joining.join_workshop, county.w, actor=county.chen)
    every = ("pending", "active", "invited")
    rows = await county.run(members.list_members, county.w, every, actor=county.wang)
    assert [(m.name, m.role, m.status) for m in rows] == [
        ("陈老师", "member", "pending"), ("王老师", "host", "active"), ("李老师", "member", "active"),
        ("周老师", "observer", "active"),
    ]  # fmt: skip
    assert rows[0].school == "第二小学"
    page = await county.run(members.list_members, county.w, every, 2, actor=county.wang)
    after = await county.run(members.list_members, county.w, every, 2, after=page[1].cursor, actor=county.wang)
    assert [m.name for m in (*page[:2], *after)] == [m.name for m in rows]
    await county.refused("forbidden", members.list_members, county.w, every, actor=county.li)
    seen = await county.run(members.list_members, county.w, actor=county.li)
    assert [m.school for m in seen] == ["", "", ""], "schools are for those who may moderate"
    assert await county.run(members.count_members, county.w, actor=county.li) == {"active": 3}
    assert await county.run(members.count_members, county.w, actor=county.wang) == {
        "active": 3,
        "pending": 1,
        "invited": 0,
    }
    school = await county.run(members.list_members, county.first.pid, actor=county.li)
    assert [m.name for m in school] == ["林主任", "周老师", "王老师", "李老师"]


async def test_the_people_of_a_region_are_listed_for_those_who_look_after_it(county: County) -> None:
    region = county.county.pid
    everybody = ["林主任", "周老师", "王老师", "李老师", "陈老师"]
    for officer, schools in ((county.lin, {"第一小学", "第二小学"}), (county.zhou, {""})):
        rows = await county.run(members.list_members, region, actor=officer)
        assert [m.name for m in rows] == everybody and {m.school for m in rows} == schools
        assert [p.name for p in (await county.run(list_people, region, actor=officer)).people] == everybody
    await county.world.appoint(county.wang, county.first, "school_admin")
    for teacher in (county.li, county.wang):
        await county.refused("forbidden", members.list_members, region, actor=teacher)
        await county.refused("forbidden", list_people, region, actor=teacher)
        assert await county.run(members.count_members, region, actor=teacher) == {"active": 5}
        assert await county.run(get_community_for, region, "see", actor=teacher), "it exists"
    assert len(await county.run(members.list_members, region)) == 5, "the system"


async def test_settings_and_rules(county: County) -> None:
    edited = await county.run(service.edit_workshop, county.w, rules={"log_min_chars": 50}, actor=county.wang)
    assert rule(edited, "log_min_chars") == 50
    await county.refused("rules.unknown", service.edit_workshop, county.w, rules={"x": 1}, actor=county.wang)
    for value in (0, 5001, "20", True, 1.5):
        await county.refused(
            "rules.range", service.edit_workshop, county.w, rules={"log_min_chars": value}, actor=county.wang
        )
    edited = await county.run(
        service.edit_workshop, county.w, rules={"log_min_chars": None}, name="新语文", actor=county.wang
    )
    assert (rule(edited, "log_min_chars"), edited.name, edited.rules) == (21, "新语文", {})


async def test_an_archived_workshop_is_over(county: County) -> None:
    code = await code_of(county)
    await county.world.join(county.li, county.workshop)
    await county.run(service.archive_workshop, county.w, actor=county.lin)
    await county.world.settle()
    county.li.expect("语文工坊")
    county.wang.expect("语文工坊")
    county.chen.expect_nothing()
    await county.refused("join.unknown_code", joining.join_by_code, code, actor=county.chen)
    await county.refused("workshop.unknown", joining.join_workshop, county.w, actor=county.chen)
    await county.refused("community.archived", service.archive_workshop, county.w, actor=county.lin)
    await county.refused("membership.none", joining.leave_workshop, county.w, actor=county.li)


async def test_the_qr_holds_the_link(county: County) -> None:
    await code_of(county)
    svg = await county.run(joining.join_qr, county.w, actor=county.wang)
    assert b"<svg" in svg
    png = await county.run(joining.join_qr, county.w, "png", actor=county.wang)
    assert png.startswith(b"\x89PNG")
