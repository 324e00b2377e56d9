"""/appoint: offices in my region, its schools, or my school: who holds them, giving and ending them (G2)."""

from typing import Any

from api.access import NAMES
from api.communities.appointments import appoint, dismiss, list_appointments, offices_to_give, right_to_appoint
from api.communities.lookup import get_community_for
from api.communities.search import find_people
from api.communities.views import places_to_appoint, rights_in
from api.messaging.dialogues import prompt_of
from api.messaging.tree import Bold, Bullets, Button, Lines, Rows, T, Words
from api.people.requests import search_schools
from bot.commands.confirming import Confirm, nobody_found, people_to_pick
from bot.registry import SCHOOL, Command, Feature, Talk
from bot.turn import Choices, Turn

APPOINT = "appoint"
PAGE = 15
Data = dict[str, Any]


def handle_appoint(turn: Turn) -> None:
    """任命: where, when there is a choice; then who holds what."""
    places = places_to_appoint(turn.ctx)
    if turn.community is not None and turn.community.kind != "workshop":
        press_place(turn, turn.community.pid)
    elif len(places) == 1:
        press_place(turn, places[0].pid)
    elif places:
        turn.whisper(T("Where?"), [[Button(Words(place.name), f"{APPOINT}:{place.pid}")] for place in places[:20]])
    else:
        turn.whisper(T("Offices are given by the administrators of regions and schools."))


def press_place(turn: Turn, argument: str) -> None:
    """`<pid>` or `<pid>.<cursor>`: who holds offices at and under a place, with what I may do about it."""
    pid, _, after = argument.partition(".")
    place = get_community_for(turn.ctx, pid, "appoint_school")
    held = list_appointments(turn.ctx, pid, PAGE, after or None)
    lines = [
        T("{name}: {office} of {place}", name=person.name, office=NAMES[one.office], place=where.name)
        for one, person, where in held[:PAGE]
    ]
    rows: Rows = [[Button(T("Appoint somebody"), f"{APPOINT}.new:{pid}", style="primary")]]
    if place.kind == "region":
        rows.append([Button(T("In one of its schools"), f"{APPOINT}.school:{pid}")])
    every = "appoint" in rights_in(turn.ctx, place)
    for one, person, _ in held[:PAGE]:
        if person.id == turn.person.id or not (every or right_to_appoint(one.office) == "appoint_school"):
            continue
        label = T("End: {name}, {office}", name=person.name, office=NAMES[one.office])
        rows.append([Button(label, f"{APPOINT}.end:{one.pid}")])
    if len(held) > PAGE:
        rows.append([Button(T("More ›"), f"{APPOINT}:{pid}.{held[PAGE - 1][0].id}")])
    head = Bold(T("Offices in {place}", place=place.name))
    turn.whisper(Lines(head, Bullets(*lines)) if lines else Lines(head, T("Nobody yet.")), rows)


def press_school(turn: Turn, pid: str) -> None:
    """Ask in which school of a region."""
    get_community_for(turn.ctx, pid, "appoint_school")
    turn.ask(APPOINT, "school", T("Which school? Write a part of its name."), pid=pid)


def _take_school(turn: Turn, data: Data) -> None:
    """A school, by a button or a part of its name: its offices then."""
    if turn.choice is not None:
        turn.end()
        press_place(turn, turn.choice)
        return
    region = get_community_for(turn.ctx, data["pid"], "appoint_school")
    found = search_schools(turn.ctx, turn.text, within=region)
    prompt = T("Which one?") if found else T("I found no school by that name here. Write another part of it.")
    turn.ask(APPOINT, "school", prompt, [[(Words(school.name), school.pid)] for school in found], **data)


def press_new(turn: Turn, pid: str) -> None:
    """Ask which office."""
    place = get_community_for(turn.ctx, pid, "appoint_school")
    data: Data = {"pid": pid, "place": place.name, "offices": offices_to_give(turn.ctx, place)}
    turn.ask(APPOINT, "office", T("Which office in {place}?", place=place.name), _offices(data), **data)


def _offices(data: Data) -> Choices:
    return [[(NAMES[office], office)] for office in data["offices"]]


def take(turn: Turn) -> None:
    """The office, the person, the confirmation."""
    dialogue = turn.dialogue
    assert dialogue is not None
    data: Data = dict(dialogue.data)
    if dialogue.step == "school":
        _take_school(turn, data)
        return
    if dialogue.step == "office":
        if turn.choice not in data["offices"]:
            turn.ask(APPOINT, "office", prompt_of(dialogue), _offices(data), **data)
            return
        data["office"] = turn.choice
        turn.ask(APPOINT, "person", T("Who becomes {office}? Write the name.", office=NAMES[data["office"]]), **data)
        return
    found = dict(data.get("found", []))
    if turn.choice in found:
        turn.end()
        role = {"name": found[turn.choice], "office": NAMES[data["office"]], "place": data["place"]}
        prompt = T("Appoint {name} {office} of {place}? They are told.", **role)
        SURE.ask(turn, prompt, pid=data["pid"], office=data["office"], person=turn.choice, called=found[turn.choice])
    elif turn.text:
        people = find_people(turn.ctx, turn.text, within=data["pid"])
        data["found"] = [[one.pid, one.name] for one in people]
        prompt = T("Whom do you mean?") if people else nobody_found(turn.text)
        turn.ask(APPOINT, "person", prompt, people_to_pick(people), **data)
    else:
        turn.ask(APPOINT, "person", prompt_of(dialogue), **data)


def press_end(turn: Turn, pid: str) -> None:
    """Ask before ending an appointment."""
    END.ask(turn, T("End this appointment today? The person is told."), appointment=pid)


def _appoint(turn: Turn, data: Data) -> None:
    appoint(turn.ctx, data["person"], data["pid"], data["office"])
    turn.say(T("{name} is {office} now.", name=data["called"], office=NAMES[data["office"]]))


def _end(turn: Turn, data: Data) -> None:
    dismiss(turn.ctx, data["appointment"])
    turn.say(T("The appointment has ended."))


SURE = Confirm("appoint.sure", T("an appointment"), T("Yes, appoint"), _appoint)
END = Confirm("appoint.end", T("ending an appointment"), T("Yes, end it"), _end, danger=True)

FEATURE = Feature(
    commands=(
        Command(
            "appoint", ("任命", "appoint", "任职"), T("offices in my school or region"), handle_appoint, who=SCHOOL
        ),
    ),
    buttons=(
        (APPOINT, press_place),
        ("appoint.school", press_school),
        ("appoint.new", press_new),
        ("appoint.end", press_end),
    ),
    dialogues=((APPOINT, Talk(T("an appointment"), take)), SURE.talk, END.talk),
)
