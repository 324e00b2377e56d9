"""/invite: somebody into a workshop of mine, by name."""

from api.communities.lookup import get_community_for
from api.communities.offers import invite_person
from api.communities.search import find_people
from api.errors import Problem
from api.messaging.dialogues import prompt_of
from api.messaging.tree import T
from bot.commands.choosing import with_workshop
from bot.commands.confirming import nobody_found, people_to_pick
from bot.registry import LEADER, Command, Feature, Talk
from bot.turn import Turn

INVITE = "invite"
DONE = "-"


def handle_invite(turn: Turn) -> None:
    """邀请 张老师: into this room's workshop, my only one, or one that I choose."""
    none = T("You host no workshop. Send “workshop” to open one.")
    with_workshop(turn, "moderate", INVITE, lambda turn, pid: _begin(turn, pid, turn.args), none)


def press_invite(turn: Turn, pid: str) -> None:
    """From a card or list."""
    _begin(turn, pid, "")


def _begin(turn: Turn, pid: str, name: str) -> None:
    workshop = get_community_for(turn.ctx, pid, "moderate")
    if name:
        _search(turn, pid, name)
    else:
        turn.ask(INVITE, "name", T("Whom shall I invite to “{name}”? Write the name.", name=workshop.name), pid=pid)


def _search(turn: Turn, pid: str, name: str) -> None:
    found = find_people(turn.ctx, name, within=pid)
    prompt = T("Whom do you mean?") if found else nobody_found(name)
    turn.ask(INVITE, "name", prompt, people_to_pick(found), pid=pid, found=[[one.pid, one.name] for one in found])


def take(turn: Turn) -> None:
    """A name searches; a button invites and waits for the next name."""
    dialogue = turn.dialogue
    assert dialogue is not None
    pid, found = dialogue.data["pid"], dict(dialogue.data.get("found", []))
    if turn.choice == DONE:
        turn.end()
        turn.say(T("All right."))
    elif turn.choice is not None and turn.choice in found:
        say = _invite(turn, pid, turn.choice, found[turn.choice])
        turn.ask(INVITE, "name", T("Another name, or done?"), [[(T("Done"), DONE)]], pid=pid, show=say)
    elif turn.text:
        _search(turn, pid, turn.text)
    else:
        turn.ask(INVITE, "name", prompt_of(dialogue), pid=pid)


def _invite(turn: Turn, pid: str, person_pid: str, name: str) -> T:
    try:
        with turn.ctx.attempt():
            membership = invite_person(turn.ctx, pid, person_pid)
    except Problem as problem:
        return T("{what} Another name, or done?", what=problem.say)
    if membership.status == "active":
        return T("{name} was waiting and is a member now. Another name, or done?", name=name)
    return T("{name} has been invited. Another name, or done?", name=name)


FEATURE = Feature(
    commands=(Command("invite", ("邀请", "invite"), T("invite somebody to my workshop"), handle_invite, who=LEADER),),
    buttons=((INVITE, press_invite),),
    dialogues=((INVITE, Talk(T("an invitation"), take)),),
)
