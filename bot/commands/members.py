"""/members: who belongs here, privately; hosts see who waits and change roles. /invite: by name."""

from typing import Any

from api.access import HOSTS, NAMES, ROLES
from api.communities.lookup import get_community_for, may_list
from api.communities.members import Member, change_role, count_members, get_member, list_members, remove_member
from api.communities.offers import hand_over
from api.communities.search import find_members
from api.communities.views import rights_in
from api.messaging.dialogues import prompt_of
from api.messaging.reasons import REACH_AGAIN
from api.messaging.tree import Bold, Bullets, Button, Lines, Node, Plural, Rows, T, Words
from api.numbers import read_number
from bot.commands.choosing import NO_WORKSHOP, with_workshop
from bot.commands.confirming import Confirm, nobody_found, people_to_pick, press_once
from bot.registry import Command, Feature, Talk
from bot.turn import Turn

PAGE = 20
ASKED_AT_ONCE = 5
EVERY = ("pending", "active", "invited")
PICK = "member.pick"


def handle_members(turn: Turn) -> None:
    """成员: of this room, of my only workshop, of one that I choose; 成员 实验小学: of what is called so."""
    if turn.community is not None:
        press_members(turn, turn.community.pid)
        return
    join: Rows = [[Button(T("Join a workshop"), "run:join")]]
    kind = "" if turn.args else "workshop"
    with_workshop(turn, "see", "members", press_members, NO_WORKSHOP, join, name=turn.args, kind=kind)


def press_members(turn: Turn, argument: str) -> None:
    """A page of members: `<pid>` or, turning the page in place, `<pid>.<page from 0>`."""
    pid, _, number = argument.partition(".")
    page = read_number(number, 5) or 0
    community = get_community_for(turn.ctx, pid, "see")
    may = rights_in(turn.ctx, community)
    statuses = EVERY if "moderate" in may else ("active",)
    shown = list_members(turn.ctx, pid, statuses, PAGE, offset=page * PAGE) if may_list(turn.ctx, community) else []
    counts = count_members(turn.ctx, pid)
    head: list[Node] = [Bold(Words(community.name)), Plural("{n} member", "{n} members", counts["active"])]
    if counts.get("pending"):
        head.append(Plural("{n} person waits to be let in", "{n} people wait to be let in", counts["pending"]))
    names: list[Node] = [Bullets(*[_line(one, "moderate" in may) for one in shown[:PAGE]])] if shown else []
    if any(one.away for one in shown[:PAGE]):
        names.append(T("Out of reach: {advice}", advice=REACH_AGAIN))
    tree = Lines(*head, *names)
    rows = _rows(pid, page, shown, may, community.kind)
    if turn.inbound.kind == "pressed" and number and turn.private:
        turn.replace_pressed(tree, rows)
    else:
        turn.whisper(tree, rows)


def _line(member: Member, for_hosts: bool) -> Node:
    if member.away:
        return T("{member} · out of reach", member=_who(member, for_hosts))
    return _who(member, for_hosts)


def _who(member: Member, for_hosts: bool) -> Node:
    if not for_hosts:
        return (
            Words(member.name)
            if member.role == "member"
            else T("{name}: {role}", name=member.name, role=NAMES[member.role])
        )
    who = T("{name} ({school})", name=member.name, school=member.school) if member.school else Words(member.name)
    if member.status == "pending":
        return T("{name}: waits to be let in", name=who)
    if member.status == "invited":
        return T("{name}: invited, no answer yet", name=who)
    return T("{name}: {role}", name=who, role=NAMES[member.role])


def _rows(pid: str, page: int, shown: list[Member], may: frozenset[str], kind: str) -> Rows:
    rows: Rows = []
    for one in [member for member in shown[:PAGE] if member.status == "pending"][:ASKED_AT_ONCE]:
        rows.append([Button(T("Let in {name}", name=one.name), f"admit.yes:{pid}.{one.pid}", style="primary"),
                     Button(T("Not now"), f"admit.no:{pid}.{one.pid}")])  # fmt: skip
    turning = [Button(T("‹ Back"), f"members:{pid}.{page - 1}")] if page else []
    turning += [Button(T("More ›"), f"members:{pid}.{page + 1}")] if len(shown) > PAGE else []
    if turning:
        rows.append(turning)
    if kind == "workshop" and "moderate" in may:
        rows.append([Button(T("Their progress"), f"progress.members:{pid}"),
                     Button(T("As a spreadsheet"), f"progress.export:{pid}")])  # fmt: skip
        rows.append([Button(T("Invite"), f"invite:{pid}"), Button(T("Change a member"), f"{PICK}:{pid}")])
    return rows


def press_pick(turn: Turn, pid: str) -> None:
    """Ask which member."""
    get_community_for(turn.ctx, pid, "moderate")
    turn.ask(PICK, "name", T("Which member? Write the name."), pid=pid)


def take_pick(turn: Turn) -> None:
    """A name, or one of those found: then what can be done with them."""
    dialogue = turn.dialogue
    assert dialogue is not None
    pid = dialogue.data["pid"]
    if turn.choice is not None:
        turn.end()
        _member_card(turn, pid, turn.choice)
    elif not turn.text:
        turn.ask(PICK, "name", prompt_of(dialogue), pid=pid)
    else:
        found = find_members(turn.ctx, pid, turn.text)
        prompt = T("Whom do you mean?") if found else nobody_found(turn.text)
        turn.ask(PICK, "name", prompt, people_to_pick(found), pid=pid)


def _member_card(turn: Turn, pid: str, person_pid: str) -> None:
    membership, person = get_member(turn.ctx, pid, person_pid)
    may = rights_in(turn.ctx, get_community_for(turn.ctx, pid, "moderate"))
    who = f"{pid}.{person_pid}"
    rows: Rows = []
    if "manage" in may:
        others = [role for role in ROLES if role != membership.role]
        rows.append([Button(NAMES[role], f"member.role:{who}.{role}") for role in others])
        if person.id != turn.person.id:
            rows.append([Button(T("Hand over to them"), f"member.over:{who}")])
    if "manage" in may or membership.role not in HOSTS:
        rows.append([Button(T("Remove"), f"member.out:{who}", style="danger")])
    say = Lines(T("{name}: {role}", name=person.name, role=NAMES[membership.role]), T("What shall they be?"))
    turn.whisper(say if "manage" in may else T("{name}: {role}", name=person.name, role=NAMES[membership.role]), rows)


def press_role(turn: Turn, argument: str) -> None:
    """Another role, at once; host and cohost when they accept."""
    pid, person_pid, role = ([*argument.split("."), "", ""])[:3]
    membership = press_once(turn, change_role, pid, person_pid, role)
    if membership is None:
        return
    offered = membership.invited_role == role
    turn.toast(T("Asked") if offered else T("Changed ✓"))
    done = T("They have been asked to be {role} and have to accept.", role=NAMES[role])
    turn.replace_pressed(done if offered else T("They are {role} now.", role=NAMES[role]))


def press_out(turn: Turn, argument: str) -> None:
    """Ask before removing somebody."""
    pid, _, person_pid = argument.partition(".")
    _membership, person = get_member(turn.ctx, pid, person_pid)
    prompt = T("Remove {name}? They are told privately; what they handed in is kept.", name=person.name)
    REMOVE.ask(turn, prompt, pid=pid, person=person_pid, called=person.name)


def press_over(turn: Turn, argument: str) -> None:
    """Ask before handing the workshop over."""
    pid, _, person_pid = argument.partition(".")
    _membership, person = get_member(turn.ctx, pid, person_pid)
    prompt = T(
        "Hand the workshop over to {name}? When they accept, they are its host and you are cohost.", name=person.name
    )
    HAND_OVER.ask(turn, prompt, pid=pid, person=person_pid, called=person.name)


def _remove(turn: Turn, data: dict[str, Any]) -> None:
    remove_member(turn.ctx, data["pid"], data["person"])
    turn.say(T("{name} is no longer a member.", name=data["called"]))


def _hand_over(turn: Turn, data: dict[str, Any]) -> None:
    hand_over(turn.ctx, data["pid"], data["person"])
    turn.say(T("I have asked {name}. You stay host until they accept.", name=data["called"]))


REMOVE = Confirm("member.out", T("removing a member"), T("Yes, remove"), _remove, danger=True)
HAND_OVER = Confirm("member.over", T("handing a workshop over"), T("Yes, hand it over"), _hand_over)

FEATURE = Feature(
    commands=(Command("members", ("成员", "members"), T("who belongs to a workshop or room"), handle_members,
                      asides=("名单",)),),
    buttons=(
        ("members", press_members), (PICK, press_pick), ("member.role", press_role), ("member.out", press_out),
        ("member.over", press_over),
    ),
    dialogues=((PICK, Talk(T("changing a member"), take_pick)), REMOVE.talk, HAND_OVER.talk),
)  # fmt: skip
