"""How somebody who is not known becomes known: greeting, claim code, privacy notice, or asking the school."""

from api.errors import Problem
from api.messaging.outbox import say_in_chat
from api.messaging.tree import Bold, Button, Lines, Node, Rows, T, Words
from api.people.binding import check_unbound, redeem_claim
from api.people.codes import ALPHABET, look_up_code, read_code, void_codes_in
from api.people.requests import (
    accept_approval,
    approve_request,
    decline_request,
    get_school,
    open_request,
    request_binding,
    search_schools,
    show_requests,
)
from api.people.service import home_name
from api.people.texts import NEW_CODE_ADVICE, UNBOUND_GREETING, privacy_notice
from bot.commands.joining import CODE, handle_join
from bot.registry import ALONE, ANYONE, SCHOOL, TOO_LATE, Command, Feature, Talk
from bot.turn import Primary, Turn

BIND, ASK = "bind", "ask_school"
AGREE, REFUSE, SKIP, SEND, AGAIN = "agree", "refuse", "skip", "send", "again"
DECIDE = T("Do you agree to the privacy notice? Please press “Agree” or “Do not agree”.")
AGREE_ROW = [[Primary(T("Agree"), AGREE), (T("Do not agree"), REFUSE)]]
SEND_ROW = [[Primary(T("Send"), SEND), (T("Fill in again"), AGAIN)]]
PRESS = T("Please press “Send” or “Fill in again”.")
NO_CODE: Rows = [[Button(T("I have no claim code"), "people.request:")]]
HELP: Rows = [[Button(T("What can I do?"), "run:help")]]


def greet(turn: Turn) -> None:
    """Say hello to somebody unknown, with the way in."""
    if open_request(turn.ctx, turn.face.identity) is not None:
        turn.say(T("Your school has your request already. You will hear from me as soon as it decides."))
        return
    turn.say(UNBOUND_GREETING, NO_CODE)


def start(turn: Turn) -> None:
    """/start, alone or with what a deep link carries: a claim code, or a join code for whom we know."""
    given = turn.args or turn.text
    if read_code(given):
        take_code(turn, given)
    elif turn.face.person is not None and CODE.fullmatch(turn.args):
        handle_join(turn)
    elif turn.face.person is None:
        greet(turn)
    else:
        turn.say(T("Good to see you, {name}. “help” shows what you can say.", name=turn.person.name), HELP)


def offer_way_in(turn: Turn) -> bool:
    """A private message that is nothing else: a claim code, or the first words of somebody unknown."""
    if read_code(turn.text):
        take_code(turn, turn.text)
        return True
    if turn.face.person is None:
        greet(turn)
        return True
    return False


def take_code(turn: Turn, text: str) -> None:
    """A claim code was sent privately: show whose it is and the privacy notice, and ask."""
    check_unbound(turn.ctx, turn.face.identity)
    claim = look_up_code(turn.ctx, text, turn.face.identity)
    if isinstance(claim, Problem):
        turn.say(claim.say, NO_CODE)
        return
    hello = T("This code is for {name}, {school}.", name=claim.person.name, school=home_name(turn.ctx, claim.person))
    show = Lines(hello, privacy_notice(), T("Do you agree?"))
    turn.ask(BIND, "privacy", DECIDE, AGREE_ROW, show=show, claim=claim.id)


def answer_privacy(turn: Turn) -> None:
    """Agree or not, in dialogue `bind`."""
    dialogue = turn.dialogue
    assert dialogue is not None
    if turn.choice == AGREE:
        turn.end()
        account = redeem_claim(turn.ctx, dialogue.data["claim"], turn.face.identity)
        if account.id != turn.face.identity.id:
            turn.say(T("You are signed in now. Please reload this page: your chats are waiting there."))
    elif turn.choice == REFUSE:
        turn.end()
        turn.say(T("All right: nothing was connected. The code stays valid in case you change your mind."))
    elif read_code(turn.text):
        take_code(turn, turn.text)
    else:
        turn.ask(BIND, "privacy", DECIDE, AGREE_ROW, **dialogue.data)


def begin_request(turn: Turn, _rest: str = "") -> None:
    """Somebody has no code: ask for name and school."""
    check_unbound(turn.ctx, turn.face.identity)
    if not turn.private:
        turn.say(T("Please open a private chat with me first, then send the command again there."))
    elif open_request(turn.ctx, turn.face.identity) is not None:
        greet(turn)
    else:
        turn.ask(ASK, "name", T("No problem: I can ask your school. What is your name?"))


def answer_request(turn: Turn) -> None:
    """The steps of dialogue `ask_school`: name, school, staff number, send."""
    assert turn.dialogue is not None
    if turn.choice is None and _is_code(turn.text):
        take_code(turn, turn.text)
        return
    {"name": _hear_name, "school": _hear_school, "number": _hear_number, "send": _hear_send}[turn.dialogue.step](turn)


def _is_code(text: str) -> bool:
    """Among answers only what can be nothing else is a code: a staff number may have twelve characters, too."""
    code = read_code(text)
    return code is not None and set(code) <= set(ALPHABET) and not code.isdigit()


def _hear_name(turn: Turn) -> None:
    if not turn.text or len(turn.text) > 40:
        turn.ask(ASK, "name", T("Please write your name, up to {limit} characters.", limit=40))
    else:
        prompt = T("Thank you, {name}. Which school? Write its name or a part of it.", name=turn.text)
        _ask_school(turn, turn.text, prompt)


def _ask_school(turn: Turn, name: str, prompt: Node) -> None:
    turn.ask(ASK, "school", prompt, who=name)


def _hear_school(turn: Turn) -> None:
    assert turn.dialogue is not None
    name = turn.dialogue.data["who"]
    if turn.choice is not None and turn.choice != AGAIN:
        _ask_number(turn, name, turn.choice)
        return
    found = search_schools(turn.ctx, turn.text) if turn.choice is None else []
    if found:
        choices = [[(Words(school.name), school.pid)] for school in found]
        prompt = T("Which of these is your school? If it is not there, write its name again.")
        turn.ask(ASK, "school", prompt, choices, who=name)
    else:
        _ask_school(turn, name, T("I found no school of that name. Try a shorter part of it, for example 第一小学."))


def _ask_number(turn: Turn, name: str, school: str) -> None:
    prompt = T("Your staff number? It helps your school to recognise you. You may leave it out.")
    turn.ask(ASK, "number", prompt, [[(T("Without a number"), SKIP)]], who=name, school=school)


def _hear_number(turn: Turn) -> None:
    assert turn.dialogue is not None
    data = turn.dialogue.data
    if turn.choice is None and (not turn.text or len(turn.text) > 40):
        _ask_number(turn, data["who"], data["school"])
        return
    number = "" if turn.choice == SKIP else turn.text
    _confirm(turn, data["who"], data["school"], number)


def _confirm(turn: Turn, name: str, school: str, number: str) -> None:
    place = get_school(turn.ctx, school).name
    show = Lines(
        Bold(T("Shall I ask like this?")),
        T("Name: {name}", name=name),
        T("School: {school}", school=place),
        T("Staff number: {number}", number=number or "—"),
    )
    turn.ask(ASK, "send", PRESS, SEND_ROW, show=show, who=name, school=school, number=number)


def _hear_send(turn: Turn) -> None:
    assert turn.dialogue is not None
    data = turn.dialogue.data
    if turn.choice == SEND:
        turn.end()
        request_binding(turn.ctx, turn.face.identity, data["school"], data["who"], data["number"])
        turn.say(T("I have asked your school. As soon as somebody there decides, I will tell you here."))
    elif turn.choice == AGAIN:
        turn.ask(ASK, "name", T("No problem: I can ask your school. What is your name?"))
    else:
        turn.ask(ASK, "send", PRESS, SEND_ROW, **data)


def approve(turn: Turn, rest: str) -> None:
    """An administrator pressed approve: "<request>:<person or new>"."""
    request, _, person = rest.partition(":")
    approve_request(turn.ctx, request, person)
    turn.toast(T("Approved. They are told, and connected once they agree to the privacy notice."))


def decline(turn: Turn, rest: str) -> None:
    """An administrator pressed decline."""
    decline_request(turn.ctx, rest)
    turn.toast(T("Declined. They are told."))


def show_waiting(turn: Turn) -> None:
    """The requests that wait for me, each again with its buttons."""
    if not show_requests(turn.ctx, turn.face.chat.id):
        turn.say(T("Nobody is waiting to be let in."))


def agree(turn: Turn, rest: str) -> None:
    """Somebody whose request was approved agrees to the privacy notice."""
    turn.replace_pressed(T("You agreed to the privacy notice."))
    accept_approval(turn.ctx, rest, turn.face.identity)


def refuse(turn: Turn, _rest: str) -> None:
    """Somebody whose request was approved does not agree: nothing happens, the buttons stay."""
    turn.toast(T("All right: nothing was connected. You can still agree later."))


def overhear_code(turn: Turn) -> bool:
    """A claim code in a room is void: everybody read it."""
    if not void_codes_in(turn.ctx, turn.text, turn.face.identity):
        return False
    say = Lines(
        T("That was a claim code. In a group everybody can read it, so it does not work any more."),
        T("{advice} Send the new one to me privately.", advice=NEW_CODE_ADVICE),
    )
    private = turn.face.identity.chat_id
    say_in_chat(turn.ctx, private if private is not None else turn.face.chat.id, say)
    return True


def hear_edit(turn: Turn) -> None:
    """A message was changed. What was done for the first words stays done; a code put into a room was read there."""
    if not turn.private:
        turn.taken = overhear_code(turn)
    elif turn.face.person is not None:
        turn.say(TOO_LATE)


FEATURE = Feature(
    commands=(
        Command("start", ("开始", "start"), T("begin here"), start, who=ANYONE, places=ALONE),
        Command("requests", ("绑定申请", "requests"), T("who asks to be let in"), show_waiting, SCHOOL, ALONE),
    ),
    buttons=(
        ("people.request", begin_request),
        ("people.approve", approve),
        ("people.decline", decline),
        ("people.agree", agree),
        ("people.refuse", refuse),
    ),
    dialogues=(
        (BIND, Talk(T("connecting your account"), answer_privacy)),
        (ASK, Talk(T("asking your school"), answer_request)),
    ),
    events=(("started", start), ("edited", hear_edit)),
    offers=(offer_way_in,),
    overhears=(overhear_code,),
)  # fmt: skip
