"""Opening a workshop, or asking for one: a few questions, a preview, a confirmation (G12)."""

from typing import Any

from api.communities.requests import Community, Wish, open_or_ask
from api.communities.search import find_people
from api.communities.service import MOST_COHOSTS, check_words
from api.communities.texts import POLICIES, names
from api.communities.views import places_to_open
from api.messaging.dialogues import prompt_of
from api.messaging.tree import Bold, Code, Lines, Node, Quote, T, Words
from bot.commands.confirming import nobody_found, people_to_pick
from bot.registry import Feature, Talk
from bot.turn import Choices, Primary, Turn

NEW = "workshop.new"
SUBJECTS = ("语文", "数学", "英语", "科学", "体育", "音乐", "美术", "道法", "班主任")
Data = dict[str, Any]


def press_new(turn: Turn, _rest: str) -> None:
    """Begin: where, when there is a choice, else at once the name."""
    places, may = places_to_open(turn.ctx)
    if not places:
        turn.whisper(T("Ask the administrator of your school to add you to its list first."))
        return
    data: Data = {"may": may, "places": [[place.name, place.pid] for place in places], "cohosts": []}
    if len(places) == 1:
        _ask_name(turn, {**data, "place": places[0].pid, "place_name": places[0].name})
    else:
        _ask(turn, "place", T("Where does the new workshop belong?"), _place_choices(data), data)


def _ask(turn: Turn, step: str, prompt: Node, choices: Choices, data: Data) -> None:
    turn.ask(NEW, step, prompt, choices, **data)


def _ask_name(turn: Turn, data: Data) -> None:
    _ask(turn, "name", T("What is the workshop called?"), [], data)


def take(turn: Turn) -> None:
    """The next thing said or pressed. Where only a button fits, the question is repeated."""
    dialogue = turn.dialogue
    assert dialogue is not None
    data: Data = dict(dialogue.data)
    if not STEPS[dialogue.step](turn, data):
        _ask(turn, dialogue.step, prompt_of(dialogue), CHOICES[dialogue.step](data), data)


def _place(turn: Turn, data: Data) -> bool:
    chosen = next((place for place in data["places"] if turn.choice == place[1] or turn.text == place[0]), None)
    if chosen is None:
        return False
    _ask_name(turn, {**data, "place_name": chosen[0], "place": chosen[1]})
    return True


def _name(turn: Turn, data: Data) -> bool:
    if not turn.text:
        return False
    data["called"] = check_words("name", turn.text)
    _ask(turn, "subject", T("Which subject? Press a button or write it."), _subject_choices(data), data)
    return True


def _subject(turn: Turn, data: Data) -> bool:
    if turn.choice is None and not turn.text:
        return False
    data["subject"] = check_words("subject", "" if turn.choice == "-" else turn.choice or turn.text)
    _ask(turn, "about", T("In a sentence or two: what is it about?"), _about_choices(data), data)
    return True


def _about(turn: Turn, data: Data) -> bool:
    if turn.choice is None and not turn.text:
        return False
    data["about"] = "" if turn.choice else check_words("about", turn.text)
    _ask(turn, "policy", T("How do people join?"), _policy_choices(data), data)
    return True


def _policy(turn: Turn, data: Data) -> bool:
    if turn.choice not in POLICIES:
        return False
    data["policy"] = turn.choice
    prompt = T("Who hosts it with you? Write a name, or go on alone. They will be asked and have to accept.")
    _ask(turn, "cohosts", prompt, _cohost_choices(data), data)
    return True


def _cohosts(turn: Turn, data: Data) -> bool:
    """A name searches, a button adds, "go on" leads to the preview."""
    if turn.choice == "-":
        _preview(turn, data)
        return True
    if turn.choice is None and not turn.text:
        return False
    if turn.choice is not None:
        added = next((one for one in data.get("found", []) if one[1] == turn.choice), None)
        if added is None:
            return False
        data["cohosts"] = [*[one for one in data["cohosts"] if one[1] != added[1]], added][:MOST_COHOSTS]
        asked = names([name for name, _ in data["cohosts"]])
        _ask(
            turn,
            "cohosts",
            T("To be asked: {names}. Another name, or go on?", names=asked),
            _cohost_choices(data),
            data,
        )
        return True
    found = [one for one in find_people(turn.ctx, turn.text) if one.pid != turn.person.pid]
    data["found"] = [[one.name, one.pid] for one in found]
    prompt = T("Whom do you mean?") if found else nobody_found(turn.text)
    _ask(turn, "cohosts", prompt, [*people_to_pick(found), *_cohost_choices(data)], data)
    return True


def _preview(turn: Turn, data: Data) -> None:
    parts: list[Node] = [Bold(T("“{name}” in {place}", name=data["called"], place=data["place_name"]))]
    if data["subject"]:
        parts.append(T("Subject: {subject}", subject=data["subject"]))
    if data["about"]:
        parts.append(Quote(data["about"]))
    parts.append(T("Joining: {policy}", policy=POLICIES[data["policy"]]))
    if data["cohosts"]:
        parts.append(T("Cohosts to be asked: {names}", names=names([name for name, _ in data["cohosts"]])))
    parts.append(T("Shall I open it?") if data["may"] else T("Shall I ask the region's administrators to open it?"))
    data.pop("found", None)
    _ask(turn, "sure", Lines(*parts), _sure_choices(data), data)


def _sure(turn: Turn, data: Data) -> bool:
    if turn.choice == "no":
        turn.end()
        turn.say(T("All right, nothing was changed."))
        return True
    if turn.choice != "yes":
        return False
    wish = Wish(data["called"], data["subject"], data["about"], data["policy"], [pid for _, pid in data["cohosts"]])
    made = open_or_ask(turn.ctx, data["place"], wish)
    turn.end()
    if isinstance(made, Community):
        how = T(
            "Its join code: {code}. Send “workshop” to invite people and to set it up.", code=Code(made.join_code or "")
        )
        turn.say(Lines(T("“{name}” is open, and you are its host!", name=made.name), how))
    else:
        turn.say(T("Sent. You will hear from me as soon as they decide about “{name}”.", name=data["called"]))
    return True


def _place_choices(data: Data) -> Choices:
    return [[(Words(name), pid)] for name, pid in data["places"][:8]]


def _subject_choices(_data: Data) -> Choices:
    rows: Choices = [[(Words(one), one) for one in SUBJECTS[n : n + 3]] for n in range(0, len(SUBJECTS), 3)]
    return [*rows, [(T("Several subjects"), "-")]]


def _about_choices(_data: Data) -> Choices:
    return [[(T("Skip"), "-")]]


def _policy_choices(_data: Data) -> Choices:
    return [[(label, policy)] for policy, label in POLICIES.items()]


def _cohost_choices(data: Data) -> Choices:
    return [[(T("Continue") if data["cohosts"] else T("Alone, go on"), "-")]]


def _sure_choices(data: Data) -> Choices:
    return [[Primary(T("Open it") if data["may"] else T("Send the request"), "yes"), (T("No, leave it"), "no")]]


STEPS = {
    "place": _place, "name": _name, "subject": _subject, "about": _about, "policy": _policy, "cohosts": _cohosts,
    "sure": _sure,
}  # fmt: skip
CHOICES = {
    "place": _place_choices, "name": lambda _data: [], "subject": _subject_choices, "about": _about_choices,
    "policy": _policy_choices, "cohosts": _cohost_choices, "sure": _sure_choices,
}  # fmt: skip

FEATURE = Feature(
    buttons=((NEW, press_new),),
    dialogues=((NEW, Talk(T("a new workshop"), take)),),
)
