"""/codes: claim codes for a school, as a spreadsheet and paper slips, or for one person."""

from api.attachments.service import store_bytes
from api.communities.lookup import get_community_for
from api.messaging.faces import Community, Person
from api.messaging.tree import Code, Lines, T, Words
from api.people.codes import LIFE, count_without_account, issue_claim_code
from api.people.lookup import get_person_for
from api.people.papers import draw_papers, order_codes
from api.people.service import administered, search_people
from api.people.slips import slips_of
from bot.registry import ALONE, SCHOOL, Command, Feature, Talk
from bot.turn import Primary, Turn

CODES = "codes"
ALL, ONE, ISSUE, BACK = "all", "one", "issue", "back"
CHOOSE = T("Codes for everybody without an account, or for one person?")


def start(turn: Turn) -> None:
    """Begin with the place: the only one, or a choice."""
    places = administered(turn.ctx)
    if not places:
        turn.say(T("Claim codes are given out by school and region administrators. You can ask yours for one."))
    elif len(places) == 1:
        _ask_whom(turn, places[0])
    else:
        prompt = T("For which school or region?")
        turn.ask(CODES, "place", prompt, [[(Words(place.name), place.pid)] for place in places[:20]])


def hear(turn: Turn) -> None:
    """The steps of dialogue `codes`: place, whom, confirm or person."""
    assert turn.dialogue is not None
    steps = {"place": _hear_place, "whom": _hear_whom, "confirm": _hear_confirm, "person": _hear_person}
    steps[turn.dialogue.step](turn)


def _place(turn: Turn) -> Community:
    assert turn.dialogue is not None
    return get_community_for(turn.ctx, turn.dialogue.data["place"], "people")


def _hear_place(turn: Turn) -> None:
    if turn.choice is None:
        start(turn)
    else:
        _ask_whom(turn, get_community_for(turn.ctx, turn.choice, "people"))


def _ask_whom(turn: Turn, place: Community) -> None:
    waiting = count_without_account(turn.ctx, place)
    if not waiting:
        turn.ask(CODES, "person", T(
            "Everybody of {place} has an account. A new code for one person? Write the name or the staff number.",
            place=place.name,
        ), place=place.pid)  # fmt: skip
        return
    show = Lines(T("{place}: {n} people have no account yet.", place=place.name, n=waiting), CHOOSE)
    choices = [[(T("Everybody without an account"), ALL)], [(T("One person"), ONE)]]
    turn.ask(CODES, "whom", CHOOSE, choices, show=show, place=place.pid)


def _hear_whom(turn: Turn) -> None:
    place = _place(turn)
    if turn.choice == ALL:
        waiting = count_without_account(turn.ctx, place)
        prompt = T("New codes for {n} people of {place}? Codes given out before that were not used stop working.",
                   n=waiting, place=place.name)  # fmt: skip
        turn.ask(CODES, "confirm", prompt, [[Primary(T("Make the codes"), ISSUE), (T("Back"), BACK)]], place=place.pid)
    elif turn.choice == ONE:
        turn.ask(CODES, "person", T("For whom? Write the name or the staff number."), place=place.pid)
    else:
        _ask_whom(turn, place)


def _hear_confirm(turn: Turn) -> None:
    place = _place(turn)
    if turn.choice != ISSUE:
        _ask_whom(turn, place)
        return
    turn.end()
    order_codes(turn.ctx, place, turn.face.identity.chat_id, turn.face.language)
    turn.whisper(T("I am making the codes for {place}. The files come here in a moment.", place=place.name))


def _hear_person(turn: Turn) -> None:
    place = _place(turn)
    if turn.choice is not None:
        _issue_one(turn, get_person_for(turn.ctx, turn.choice, "people"))
        return
    found = search_people(turn.ctx, place, turn.text) if turn.text else []
    if found:
        prompt = T("Whom do you mean? If the right one is not there, write more of the name.")
        choices = [[(Words(_label(person)), person.pid)] for person in found]
        turn.ask(CODES, "person", prompt, choices, place=place.pid)
    else:
        again = T("I found nobody of that name there. Write the name or the staff number.")
        turn.ask(CODES, "person", again, place=place.pid)


def _label(person: Person) -> str:
    return f"{person.name}（{person.staff_no}）" if person.staff_no else person.name


def _issue_one(turn: Turn, person: Person) -> None:
    issued = issue_claim_code(turn.ctx, person)
    turn.end()
    say = Lines(
        T("Claim code for {name}: {code}", name=person.name, code=Code(issued.code)),
        T("Valid for {days} days, once. Hand it over personally, never in a group. Earlier codes stop working.",
          days=LIFE.days),
    )  # fmt: skip
    papers = draw_papers(slips_of(turn.ctx, [issued]), person.name, turn.face.language)
    turn.whisper(say, files=[store_bytes(turn.ctx, one.name, one.mime, one.data).pid for one in papers])


FEATURE = Feature(
    commands=(
        Command("codes", ("绑定码", "codes"), T("claim codes for your people"), start, who=SCHOOL, places=ALONE),
    ),
    dialogues=((CODES, Talk(T("claim codes"), hear)),),
)
