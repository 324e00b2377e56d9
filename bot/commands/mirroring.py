"""/mirror: a region is made on a platform and kept in step; /rooms: how the rooms of mine are, what follows from what
people do in them."""

from typing import Any

from api.access import can
from api.communities.audiences import communities_where
from api.communities.lookup import get_community_for
from api.messaging.faces import Community
from api.messaging.tree import Bold, Bullets, Button, Lines, Node, Plural, Rows, T, Words
from api.rooms import texts
from api.rooms.mirroring import (
    CHOICES,
    MATRIX,
    POLICIES,
    change_policy,
    check_platform,
    count_places,
    get_room_for,
    look_again,
    manage_room,
    mirror_region,
    release_region,
)
from api.rooms.questions import ASKED, count_matters
from api.rooms.reports import STATES, Report, count_states, describe, get_report, list_first
from bot.commands.choosing import with_workshop
from bot.commands.confirming import Confirm
from bot.commands.rooms import UNBIND
from bot.registry import LEADER, REGION, Command, Feature
from bot.turn import Turn

SHOWN = 10
ENCRYPTED = ("encrypted", "加密")
OFF = ("off", "关", "停止")
POLICY_NAMES: dict[str, T] = {
    "follow": T("follow what people do"),
    "ask": T("ask a host"),
    "ignore": T("undo it"),
}
ASPECT_NAMES: dict[str, T] = {"members": T("members"), "ranks": T("power"), "name": T("name")}


def handle_mirror(turn: Turn) -> None:
    """/mirror matrix [encrypted | off]: the region that I administer."""
    words = turn.args.lower().split()
    platform = next((word for word in words if word in texts.PLATFORMS), MATRIX)
    check_platform(turn.ctx, platform)
    how = "off" if any(word in OFF for word in words) else "enc" if any(word in ENCRYPTED for word in words) else "on"
    none = T("A region administrator does that, for their region.")
    with_workshop(turn, "roster", f"mirror.{how}", ASK[how], none, kind="region")


def _ask_to_mirror(turn: Turn, pid: str, encrypted: bool = False) -> None:
    region = get_community_for(turn.ctx, pid, "roster")
    schools, workshops = count_places(turn.ctx, pid)
    lines: list[Node] = [
        T("On Matrix, “{name}” becomes a space with all that lies in it:", name=region.name),
        Bullets(
            Plural("{n} school: a space of its own, and a room for its teachers",
                   "{n} schools: each a space of its own, and a room for its teachers", schools),
            Plural("{n} workshop: a room", "{n} workshops: a room each", workshops),
        ),
        T("Whoever belongs there and has a Matrix account is invited. What changes here, changes there by itself."),
    ]  # fmt: skip
    if encrypted:
        lines.append(T("The rooms are encrypted. That cannot be taken back."))
    MIRROR.ask(turn, Lines(*lines), pid=pid, encrypted=encrypted)


def _ask_to_mirror_encrypted(turn: Turn, pid: str) -> None:
    _ask_to_mirror(turn, pid, True)


def _ask_to_release(turn: Turn, pid: str) -> None:
    region = get_community_for(turn.ctx, pid, "roster")
    prompt = T("Keep the rooms of “{name}” on Matrix in step no more? They stay as they are, with everybody in them.",
               name=region.name)  # fmt: skip
    RELEASE.ask(turn, prompt, pid=pid)


ASK = {"on": _ask_to_mirror, "enc": _ask_to_mirror_encrypted, "off": _ask_to_release}


def _mirror(turn: Turn, data: dict[str, Any]) -> None:
    mirror_region(turn.ctx, data["pid"], MATRIX, bool(data["encrypted"]))
    turn.say(T("I am making the rooms. That takes a while; “rooms” shows how far I am."))


def _release(turn: Turn, data: dict[str, Any]) -> None:
    n = release_region(turn.ctx, data["pid"])
    turn.say(Plural("{n} room is left to itself now.", "{n} rooms are left to themselves now.", n))


def handle_rooms(turn: Turn) -> None:
    """聊天室: of this room's community, of what I lead, or of what is called so."""
    if turn.community is not None:
        show_rooms(turn, turn.community.pid)
        return
    found = communities_where(turn.ctx, "moderate", turn.args, SHOWN + 1)
    if len(found) == 1:
        show_rooms(turn, found[0].pid)
    elif found:
        rows: Rows = [[Button(Words(one.name), f"rooms:{one.pid}")] for one in found[:SHOWN]]
        turn.whisper(T("The rooms of which community?"), rows)
    else:
        turn.whisper(T("You lead no community here, so there are no rooms to look after."))


def show_rooms(turn: Turn, pid: str) -> None:
    """How they are, the worst first, and what can be done."""
    community = get_community_for(turn.ctx, pid, "moderate")
    counted = count_states(turn.ctx, pid)
    if not counted:
        say = Lines(
            T("“{name}” has its built-in room on the web only.", name=community.name),
            T("To have one in a group, add me to the group and send /bind there."),
        )
        turn.whisper(say)
        return
    shown = list_first(turn.ctx, pid, SHOWN)
    parts: list[Node] = [Bold(T("Rooms of “{name}”", name=community.name)), Bullets(*_summary(counted))]
    if shown:
        parts.append(Bullets(*[describe(one) for one in shown]))
    parts.append(T("When people leave, invite or give power in a room: {policy}.",
                   policy=POLICY_NAMES[community.room_policy]))  # fmt: skip
    turn.whisper(Lines(*parts), _rows(community, shown, can(turn.ctx, "manage", community)))


def _summary(counted: dict[tuple[str, str], int]) -> list[Node]:
    order = list(STATES)
    pairs = sorted(counted.items(), key=lambda pair: (pair[0][0], order.index(pair[0][1])))
    return [
        T("{platform}: {n}, {how}", platform=texts.platform_name(platform), n=n, how=STATES[state])
        for (platform, state), n in pairs
    ]


def _rows(community: Community, shown: list[Report], manages: bool) -> Rows:
    rows: Rows = [
        [Button(Words(one.community.name), f"rooms.one:{one.room.pid}")]
        for one in shown if one.left or one.lacking or one.failed or one.room.origin == "adopted"
    ]  # fmt: skip
    rows.append([Button(T("Look again"), f"rooms.again:{community.pid}")])
    chosen = community.room_policy
    if manages:
        rows.append([
            Button(_ticked(POLICY_NAMES[one], one == chosen), f"rooms.policy:{one}.{community.pid}") for one in POLICIES
        ])  # fmt: skip
    return rows


def _ticked(label: T, on: bool) -> T:
    return T("✓ {what}", what=label) if on else label


def press_one(turn: Turn, pid: str) -> None:
    """One room: what is left to do, what fails, what I may not; what of a bound one is kept in step."""
    report = get_report(turn.ctx, pid)
    parts: list[Node] = [describe(report)]
    if report.error:
        parts.append(T("The last look failed: {error}", error=report.error))
    if report.lacking:
        parts += [T("I have no right there to:"), Bullets(*texts.deeds(report.lacking))]
    undone = [one for one in report.left if one.key not in report.failed]
    if undone:
        parts += [T("Still to be done:"), Bullets(*texts.deeds(undone))]
    if report.failed:
        parts += [T("What does not work:"), Bullets(*texts.failures(report.failed))]
    rows: Rows = []
    on = [one for one in CHOICES if one in report.room.manages]
    if report.room.origin == "adopted" and can(turn.ctx, "manage", report.community):
        parts.append(T("What I keep in step here:"))
        rows = [[
            Button(_ticked(ASPECT_NAMES[one], one in on), f"rooms.manage:{one}.{pid}") for one in CHOICES
        ], [Button(T("Unbind"), f"rooms.unbind:{pid}", style="danger")]]  # fmt: skip
    elif report.room.origin == "adopted" and on:
        parts += [T("What I keep in step here:"), Bullets(*[ASPECT_NAMES[one] for one in on])]
    asked, left = count_matters(turn.ctx, pid)
    if asked:
        rows.insert(0, [Button(T("To be decided ({n})", n=asked), f"{ASKED}:{pid}", style="primary")])
    if left:
        parts.append(Plural("{n} member left the room on purpose and is not asked in again.",
                            "{n} members left the room on purpose and are not asked in again.", left))  # fmt: skip
        rows.append([Button(T("Ask them in again"), f"rooms.insist:{pid}")])
    turn.whisper(Lines(*parts), rows)


def press_unbind(turn: Turn, pid: str) -> None:
    """Ask before a room is let go: also of one that we were removed from."""
    _, community = get_room_for(turn.ctx, pid, "manage")
    prompt = T("Unbind this room from “{name}”? Nothing of it will appear there any more; members stay members.",
               name=community.name)  # fmt: skip
    UNBIND.ask(turn, prompt, chat=pid)


def press_manage(turn: Turn, argument: str) -> None:
    """Switch one of the things that are kept in step."""
    aspect, _, pid = argument.partition(".")
    on = set(get_report(turn.ctx, pid).room.manages) ^ {aspect}
    manage_room(turn.ctx, pid, [one for one in CHOICES if one in on])
    turn.toast(T("Changed ✓"))
    press_one(turn, pid)


def press_policy(turn: Turn, argument: str) -> None:
    """What follows from what people do."""
    policy, _, pid = argument.partition(".")
    change_policy(turn.ctx, pid, policy)
    turn.toast(T("Changed ✓"))
    show_rooms(turn, pid)


def press_again(turn: Turn, pid: str) -> None:
    """Look at all of them now, and try everything again."""
    n = look_again(turn.ctx, pid)
    looking = Plural("Looking at {n} room", "Looking at {n} rooms", n)
    turn.toast(looking if n else T("I looked at all of them a moment ago. Press again in a minute."))


MIRROR = Confirm("rooms.mirror", T("making rooms"), T("Yes, make them"), _mirror)
RELEASE = Confirm("rooms.release", T("letting rooms go"), T("Yes, let them go"), _release, danger=True)

FEATURE = Feature(
    commands=(
        Command("rooms", ("聊天室", "rooms"), T("how the rooms of my communities are"), handle_rooms, LEADER),
        Command("mirror", ("建聊天室", "mirror"), T("make the rooms of my region on Matrix"), handle_mirror, REGION),
    ),
    buttons=(
        ("rooms", show_rooms), ("rooms.one", press_one), ("rooms.again", press_again), ("rooms.policy", press_policy),
        ("rooms.manage", press_manage), ("rooms.unbind", press_unbind),
        *[(f"mirror.{how}", ask) for how, ask in ASK.items()],
    ),
    dialogues=(MIRROR.talk, RELEASE.talk),
)  # fmt: skip
