"""Groups kept in step: what is looked at, what is done, and that doing it twice is doing it once."""

from dataclasses import replace

import pytest

from api.context import Context
from api.rooms.planning import ASPECTS, LEADS, READS, SPEAKS, Action, Desired, Seat, Standing, plan
from bot.platforms.base import Gone, Moved, Rejected, RetryAfter, Transient
from bot.platforms.telegram.adapter import TelegramPlatform
from storage.attachments import Attachment
from tests.emulators.telegram import Person, World, add_person, bad, forbidden
from tests.support.telegram import TelegramWorld
from tests.telegram.test_sending import a_file, picture
from tests.telegram.town import EVERYTHING, PROMOTING, Town


async def test_a_group_is_looked_at_by_two_questions(town: Town, li: Person) -> None:
    town.owner.promote(town.group, li)
    town.knows(**{f"a{li.id}": Standing("join"), "a77": Standing("leave"), "a78": Standing("join", LEADS, fresh=True)})
    town.calls()
    actual = await town.look()
    assert town.calls() == ["getChatAdministrators", "getChat"]
    assert (actual.name, actual.topic, actual.picture, actual.read_only) == ("旧名", "", "", False)
    assert actual.may == EVERYTHING
    assert actual.members == {
        str(li.id): Standing("join", actual.rank), "77": Standing("leave"), "78": Standing("join", SPEAKS, fresh=True),
        str(town.owner.id): Standing("join", 100),
    }, "nobody the bot did not appoint stands below it; who was an administrator is none any more"  # fmt: skip


@pytest.mark.parametrize(
    ("right", "may"),
    [
        ("can_invite_users", {"invite", "admit", "refuse"}),
        ("can_restrict_members", {"remove", "ban", "unban", "hush", "unhush"}),
        ("can_promote_members", {"rank"}),
        ("can_change_info", {"name", "topic", "picture"}),
        ("can_manage_topics", {"open"}),
        ("can_pin_messages", set()),
    ],
)
async def test_what_rights_allow(town: Town, right: str, may: set[str]) -> None:
    town.owner.promote(town.group, town.world.bot, right)
    assert (await town.look()).may == may


async def test_a_list_of_administrators_without_us_is_no_end(town: Town) -> None:
    """A server that leaves bots out, ourselves too: then we ask what we are."""
    town.world.emulator.faults.garbage("getChatAdministrators", b'{"ok": true, "result": []}')
    assert (await town.look()).may == EVERYTHING


async def test_a_plain_member_may_nothing_and_says_what_it_lacks(town: Town) -> None:
    town.owner.demote(town.group, town.world.bot)
    actual = await town.look()
    assert actual.may == frozenset()
    desired = Desired(frozenset({"name", "members"}), name="识字工坊", seats={"77": Seat()}, out={"78": False})
    actual = replace(actual, members={"78": Standing("join")})
    assert {action.kind for action in plan(desired, actual).lacking} == {"name", "invite", "remove"}


async def test_a_link_is_made_once_and_leads_in(town: Town, people: World) -> None:
    zhang, wang = add_person(people, "张老师"), add_person(people, "王老师")
    first, second = await town.do("invite", zhang), await town.do("invite", wang)
    assert first["link"] == second["link"] and town.did("createChatInviteLink") == 1
    made = town.group.links[first["link"]]
    assert made.asks and len(made.name) <= 32
    zhang.join(town.group, first["link"])
    assert not town.group.member(zhang).inside
    await town.do("admit", zhang)
    await town.do("admit", zhang)
    assert town.group.member(zhang).inside
    wang.join(town.group, first["link"])
    await town.do("refuse", wang)
    await town.do("refuse", wang)
    await town.do("refuse", zhang)
    assert not town.group.member(wang).inside and town.group.member(zhang).inside
    with pytest.raises(Rejected, match="HIDE_REQUESTER_MISSING"):
        await town.do("admit", wang)


async def test_who_was_let_in_by_somebody_else_is_in(town: Town, li: Person, people: World) -> None:
    town.world.emulator.faults.refuse("approveChatJoinRequest", bad("HIDE_REQUESTER_MISSING"))
    await town.do("admit", li)
    zhang = add_person(people, "张老师")
    zhang.join(town.group, town.owner.make_link(town.group, asks=True))
    town.owner.decide(town.group, zhang, welcome=False)
    with pytest.raises(Rejected, match="HIDE_REQUESTER_MISSING"):
        await town.do("admit", zhang)


async def test_several_invited_at_once_share_a_link(town: Town, people: World) -> None:
    """Before what the first one returned is kept."""
    links = set()
    for name in ("甲", "乙", "丙"):
        action = Action("invite", str(add_person(people, name).id))
        links.add((await town.mirroring.act(town.place, action))["link"])
    assert len(links) == 1


async def test_who_is_in_already_gets_no_link(town: Town, li: Person) -> None:
    assert "link" not in await town.do("invite", li)
    assert (await town.look()).members[str(li.id)] == Standing("join")
    town.knows(**{f"a{li.id}": Standing("leave")})
    assert (await town.look()).members[str(li.id)].state == "leave", "what events tell is newer"


async def test_what_is_kept_of_accounts_ends_with_their_being_there(town: Town, li: Person) -> None:
    me = str(li.id)
    for kind, inside, banned in (("invite", [me], []), ("remove", [], []), ("ban", [], [me]), ("unban", [], [])):
        await town.do(kind, li)
        assert (town.place.kept.get("inside", []), town.place.kept.get("banned", [])) == (inside, banned)


async def test_whom_somebody_banned_is_not_invited(town: Town, li: Person) -> None:
    town.owner.remove(town.group, li)
    with pytest.raises(Rejected, match="banned"):
        await town.do("invite", li)


async def test_removed_people_can_come_back_and_banned_ones_cannot(town: Town, li: Person) -> None:
    link = town.owner.make_link(town.group)
    for _ in range(2):
        await town.do("remove", li)
    assert not town.group.member(li).inside
    li.join(town.group, link)
    for _ in range(2):
        await town.do("ban", li)
    with pytest.raises(PermissionError):
        li.join(town.group, link)
    desired = Desired(frozenset({"members"}), seats={str(li.id): Seat()})
    for state in ("leave", "ban"):
        town.knows(**{f"a{li.id}": Standing(state)})
        assert [one.kind for one in plan(desired, await town.look()).actions] == ["unban", "invite"], "it was our ban"
    for _ in range(2):
        await town.do("unban", li)
    li.join(town.group, link)
    assert town.group.member(li).inside
    town.knows(**{f"a{li.id}": Standing("ban")})
    assert plan(desired, await town.look()).actions == (), "that was somebody else's"
    await town.do("unban", li)
    assert town.group.member(li).inside, "unbanning puts nobody out"


async def test_a_basic_group(world: TelegramWorld, li: Person) -> None:
    group = world.owner.create_group("小组", world.bot, li)
    world.owner.promote(group, world.bot, *PROMOTING)
    town = Town(world, group)
    assert (await town.look()).may == EVERYTHING - {"rank"}
    for kind in ("remove", "remove", "ban", "unban"):
        await town.do(kind, li)
    assert not group.member(li).inside
    li.join(group, world.owner.make_link(group))
    await town.do("name", value="新名")
    await town.do("hush")
    assert group.title == "新名" and "can_send_messages" not in group.permissions


async def test_ranks(town: Town, li: Person) -> None:
    me = str(li.id)

    def seat(rank: int) -> Desired:
        return Desired(frozenset({"ranks"}), seats={me: Seat(rank)})

    town.knows(**{f"a{me}": Standing("join")})
    for rank in (LEADS, READS, LEADS, SPEAKS, READS, SPEAKS):
        (action,) = plan(seat(rank), await town.look()).actions
        assert action == Action("rank", me, rank)
        for _ in range(2):
            await town.do("rank", li, rank)
        town.knows(**{f"a{me}": Standing("join", rank)})  # as chat_member tells
        assert plan(seat(rank), await town.look()).actions == ()
        standing = town.group.member(li)
        assert (standing.admin, standing.muted) == (rank == LEADS, rank == READS)
    assert town.did("promoteChatMember") == 4 and town.did("restrictChatMember") == 3


async def test_a_moderator_gets_what_the_bot_has_itself(town: Town, li: Person) -> None:
    town.owner.promote(town.group, town.world.bot, "can_promote_members", "can_pin_messages", "can_change_info")
    await town.do("rank", li, LEADS)
    assert town.group.member(li).rights == {"can_manage_chat", "can_pin_messages"}


async def test_who_is_not_there_has_no_rank(town: Town, people: World) -> None:
    await town.do("rank", add_person(people, "张老师"), LEADS)
    assert not town.did("promoteChatMember")


async def test_an_administrator_of_ours_is_put_out(town: Town, li: Person) -> None:
    await town.do("rank", li, LEADS)
    await town.do("remove", li)
    assert not town.group.member(li).inside


async def test_others_administrators_stay(town: Town, li: Person) -> None:
    town.owner.promote(town.group, li)
    for person in (li, town.owner):
        with pytest.raises(Rejected):
            await town.do("remove", person)
    desired = Desired(frozenset(ASPECTS), name="旧名", seats={str(li.id): Seat(SPEAKS)}, out={str(town.owner.id): True})
    assert plan(desired, await town.look()).actions == ()


WORDS = [("name", "识字工坊"), ("name", "长" * 200), ("name", "  两边 "),
         ("topic", "一起识字"), ("topic", "话\n" * 200), ("topic", "")]  # fmt: skip


@pytest.mark.parametrize(("kind", "value"), WORDS)
async def test_words_are_set_once_whatever_becomes_of_them(town: Town, kind: str, value: str) -> None:
    await town.do("topic", value="旧的")
    desired = Desired(frozenset({kind}), **{kind: value})
    (action,) = plan(desired, await town.look()).actions
    await town.do(action.kind, value=action.value)
    assert plan(desired, await town.look()).actions == ()
    await town.do(kind, value=value)  # done already is done
    town.owner.retitle(town.group, "有人改了")
    town.group.description = "有人改了"
    assert plan(desired, await town.look()).actions == (action,)


async def test_a_picture(town: Town) -> None:
    pids = [await a_file(town.world, f"{n}.png", "photo", picture((60, 60 + n))) for n in range(2)]
    for pid in pids:
        desired = Desired(frozenset({"picture"}), picture=pid)
        (action,) = plan(desired, await town.look()).actions
        await town.do(action.kind, value=action.value)
        assert plan(desired, await town.look()).actions == ()
        await town.do(action.kind, value=action.value)
        assert plan(desired, await town.look()).actions == ()
    town.group.photo = None
    assert plan(desired, await town.look()).actions == (action,)


async def test_a_picture_that_is_not_there(town: Town) -> None:
    pid = await a_file(town.world, "a.png", "photo", picture((60, 60)))

    def wait(ctx: Context) -> None:
        ctx.session.query(Attachment).filter_by(pid=pid).one().state = "pending"

    await town.world.run(wait)
    for value in (pid, "nothing12345"):
        with pytest.raises(Rejected, match="not there"):
            await town.do("picture", value=value)


async def test_an_archived_group_is_read_only_and_open_again_as_it_was(town: Town) -> None:
    town.owner.allow(town.group, "can_send_messages", "can_send_photos", "can_invite_users")
    for _ in range(2):
        await town.do("hush")
        assert (await town.look()).read_only and town.group.permissions == {"can_invite_users"}
    for _ in range(2):
        await town.do("unhush")
        assert not (await town.look()).read_only
        assert town.group.permissions == {"can_send_messages", "can_send_photos", "can_invite_users"}


async def test_a_group_that_its_people_made_quiet_stays_quiet(town: Town) -> None:
    town.owner.allow(town.group, "can_invite_users")
    assert not (await town.look()).read_only
    await town.do("unhush")
    assert town.group.permissions == {"can_invite_users"}


async def test_a_kill_before_the_hush_was_kept_silences_nobody_for_ever(town: Town) -> None:
    await town.mirroring.act(town.place, Action("hush"))  # what it returned is lost
    assert not (await town.look()).read_only
    await town.do("hush")
    assert (await town.look()).read_only
    await town.do("unhush")
    assert "can_send_messages" in town.group.permissions


@pytest.mark.parametrize("kind", sorted(EVERYTHING - {"open"}))
async def test_a_missing_right_is_said_in_the_servers_words(town: Town, li: Person, people: World, kind: str) -> None:
    asks = add_person(people, "张老师")
    asks.join(town.group, town.owner.make_link(town.group, asks=True))
    pid = await a_file(town.world, "a.png", "photo", picture((60, 60)))
    await town.do("hush" if kind == "unhush" else "topic", value="旧的")
    town.owner.demote(town.group, town.world.bot)
    values = {"rank": LEADS, "name": "x", "topic": "x", "picture": pid}
    who = {"rank": li, "remove": li, "ban": li, "unban": li, "invite": asks, "admit": asks, "refuse": asks}.get(kind)
    with pytest.raises(Rejected, match="rights"):
        await town.do(kind, who, values.get(kind))


async def test_refusals_of_rights_are_never_taken_for_an_end(town: Town, li: Person) -> None:
    faults = town.world.emulator.faults
    faults.refuse("promoteChatMember", forbidden("RIGHT_FORBIDDEN"))
    with pytest.raises(Rejected, match="RIGHT_FORBIDDEN"):
        await town.do("rank", li, LEADS)
    faults.flood("setChatTitle", retry_after=7)
    with pytest.raises(RetryAfter):
        await town.do("name", value="新")
    faults.fail("setChatTitle", 502)
    with pytest.raises(Transient):
        await town.do("name", value="新")
    with pytest.raises(Rejected):
        await town.mirroring.act(town.place, Action("remove", "@li:example.org"))
    for kind in ("link", "access", "encrypt"):
        with pytest.raises(Rejected):
            await town.do(kind, value="x")


async def test_a_call_that_was_not_heard_is_made_again(town: Town, li: Person) -> None:
    for kind, who, value in (("name", None, "新名"), ("remove", li, None), ("hush", None, None)):
        method = {"name": "setChatTitle", "remove": "unbanChatMember", "hush": "setChatPermissions"}[kind]
        town.world.emulator.faults.cut(method, after=True)
        with pytest.raises(Transient):
            await town.do(kind, who, value)
        await town.do(kind, who, value)
    assert town.group.title == "新名" and not town.group.member(li).inside
    assert (await town.look()).read_only


@pytest.mark.parametrize("public", [False, True])
async def test_a_group_we_are_out_of(world: TelegramWorld, li: Person, public: bool) -> None:
    group = world.owner.create_group("组", world.bot, kind="supergroup", username="shizi" if public else "")
    town = Town(world, group)
    world.bot.met.add(li.id)
    for status in ("left", "kicked"):
        group.members[world.bot.id].status = status
        with pytest.raises(Gone):
            await town.look()
        with pytest.raises(Gone):
            await town.do("name", value="x")
    group.members[world.bot.id].status = "member"
    assert (await town.look()).may == frozenset()


async def test_migration_in_the_middle(world: TelegramWorld, people: World, li: Person) -> None:
    group = world.owner.create_group("小组", world.bot, li)
    world.owner.promote(group, world.bot, *PROMOTING)
    town, zhang = Town(world, group), add_person(people, "张老师")
    before = await town.do("invite", zhang)
    new = world.owner.migrate(group)
    for kind, who, value in (("name", None, "新"), ("remove", li, None), ("hush", None, None)):
        with pytest.raises(Moved) as moved:
            await town.do(kind, who, value)
        assert moved.value.native == str(new.id)
    town.place, town.group = replace(town.place, native=str(new.id)), new
    after = await town.do("invite", zhang)
    assert after["link"] != before["link"] and after["link"] in new.links
    await town.do("name", value="新")
    await town.do("remove", li)
    assert new.title == "新" and not new.member(li).inside and group.member(li).inside


async def test_a_group_can_be_looked_at_by_a_platform_that_was_not_started(town: Town) -> None:
    """As the command line does."""
    platform = TelegramPlatform(town.world.runtime)
    assert platform.mirroring is not None
    for _ in range(2):
        assert (await platform.mirroring.look(town.place)).name == "旧名"
        await platform.mirroring.close()
        await platform.close()


async def test_bots_make_no_groups(town: Town) -> None:
    with pytest.raises(Rejected):
        await town.mirroring.create(town.place, Desired(frozenset()))


async def test_what_is_newer_than_our_library_does_not_stop_a_look(town: Town) -> None:
    answer = b'{"ok": true, "result": {"id": 1, "type": "supergroup", "title": "\xe6\x96\xb0", "permissions": null}}'
    town.world.emulator.faults.garbage("getChat", answer)
    assert (await town.look()).name == "新"
    for method in ("getChat", "getChatAdministrators"):
        town.world.emulator.faults.garbage(method, b'{"ok": true, "result": "?"}')
        with pytest.raises(Transient):
            await town.look()
