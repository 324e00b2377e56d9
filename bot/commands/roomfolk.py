"""What people do in rooms: who comes, goes, asks, is given power; and what hosts decide about it."""

from api.communities.search import find_people
from api.messaging.dialogues import prompt_of
from api.messaging.tree import Plural, T
from api.rooms.following import ASK_HOST, Event, ask_host, asks_in, came, event_in, ranked, was_invited, went
from api.rooms.questions import ANSWER, ASKED, OUTCOMES, answer_question, ask_again, show_questions, vouch_for
from api.rooms.unforeseen import spoke
from bot.commands.confirming import nobody_found, people_to_pick, press_once
from bot.registry import Feature, Talk
from bot.turn import Turn

WHOSE = "room.whose"


def hear_came(turn: Turn) -> None:
    """Somebody came in."""
    if not turn.private and (event := _event(turn)) is not None:
        came(event)


def hear_went(turn: Turn) -> None:
    """Somebody left, or was put out."""
    payload = turn.inbound.payload
    if not turn.private and (event := _event(turn)) is not None:
        went(event, str(payload.get("how", "left")), str(payload.get("from", "join")))


def hear_invited(turn: Turn) -> None:
    """Somebody was asked in by somebody there."""
    if not turn.private and (event := _event(turn)) is not None:
        was_invited(event)


def hear_asks(turn: Turn) -> None:
    """Somebody asks to be let in."""
    if not turn.private and (event := _event(turn)) is not None:
        asks_in(event, str(turn.inbound.payload.get("chat") or ""))


def hear_ranked(turn: Turn) -> None:
    """Power was given or taken, of several people at once perhaps."""
    if turn.private:
        return
    by = str(turn.inbound.payload.get("by") or "")
    ranked(turn.ctx, turn.face.chat, turn.inbound.payload["ranks"], by)


def overhear_anybody(turn: Turn) -> bool:
    """Whoever speaks is there, whether or not we saw them come."""
    spoke(turn.ctx, turn.face.chat, turn.inbound.sender, turn.inbound.name)
    return False


def _event(turn: Turn) -> Event | None:
    inbound = turn.inbound
    by = str(inbound.payload.get("by") or "")
    event = event_in(turn.ctx, turn.face.chat, inbound.sender, inbound.name, by)
    if event is None or not inbound.payload.get("echo"):
        return event
    known = ("join",) if inbound.kind == "joined" else ("leave", "ban")
    return None if event.seen.state in known else event


def press_answer(turn: Turn, argument: str) -> None:
    """A host decides; whose an account is needs a name besides."""
    answer, _, pid = argument.partition(".")
    done = press_once(turn, answer_question, pid, answer)
    if done is None:
        return
    if answer == "bind":
        turn.ask(WHOSE, "name", T("Whose account is it? Write the name."), account=pid, community=done[1].pid)
    else:
        turn.toast(OUTCOMES[answer])


def take_whose(turn: Turn) -> None:
    """A name, or one of those found: then the school confirms that it is theirs."""
    dialogue = turn.dialogue
    assert dialogue is not None
    data = dialogue.data
    if turn.choice is not None:
        turn.end()
        _account, person, school = vouch_for(turn.ctx, data["account"], turn.choice)
        turn.say(T("I have asked {school} to confirm that this account is {name}.", school=school.name,
                   name=person.name))  # fmt: skip
    elif turn.text:
        found = find_people(turn.ctx, turn.text, within=data["community"])
        prompt = T("Whom do you mean?") if found else nobody_found(turn.text)
        turn.ask(WHOSE, "name", prompt, people_to_pick(found), **data)
    else:
        turn.ask(WHOSE, "name", prompt_of(dialogue), **data)


def press_ask(turn: Turn, pid: str) -> None:
    """Somebody who was turned away asks the hosts."""
    workshop = press_once(turn, ask_host, pid)
    if workshop is not None:
        say = T("I have asked the hosts of “{name}”. You will be let in as soon as one of them says yes.",
                name=workshop.name)  # fmt: skip
        turn.replace_pressed(say)


def press_asked(turn: Turn, room_pid: str) -> None:
    """What is still to be decided about a room's people, again."""
    if not show_questions(turn.ctx, room_pid, turn.face.chat.id):
        turn.toast(T("There is nothing to decide."))


def press_again(turn: Turn, room_pid: str) -> None:
    """Those who left the room on purpose are asked in again."""
    n = ask_again(turn.ctx, room_pid)
    turn.toast(Plural("{n} person is asked in again", "{n} people are asked in again", n))


FEATURE = Feature(
    buttons=((ANSWER, press_answer), (ASKED, press_asked), ("rooms.insist", press_again), (ASK_HOST, press_ask)),
    dialogues=((WHOSE, Talk(T("whose account it is"), take_whose)),),
    overhears=(overhear_anybody,),
    events=(
        ("joined", hear_came), ("left", hear_went), ("invited", hear_invited), ("asked_to_join", hear_asks),
        ("ranked", hear_ranked),
    ),
)  # fmt: skip
