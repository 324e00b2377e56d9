"""The steps that everything sent to many goes through in chat: to whom, where, when, a preview, and a confirmation.

A dialogue's data carries `community` (pid), `more` (further ones), `place`, `urgent` and `at` (seconds). The buttons of
an older preview do nothing (`open_dialogue`), so nobody sends what they did not see last.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from api.access import forbidden
from api.broadcasts import BOTH, PEOPLE, ROOMS, Broadcast, Part, Plan, plan_broadcast
from api.communities.audiences import communities_where
from api.messaging.faces import Community
from api.messaging.tree import Bold, Bullets, Button, Lines, Node, Plural, T, When, Words
from api.numbers import read_number
from api.reminders.when import understand
from api.times import to_utc, to_wall
from bot.commands import places
from bot.turn import Choices, Primary, Turn

Data = dict[str, Any]
CANCEL = (T("Cancel"), "cancel")
AFTERNOON, MORNING = 18, 8
PLACES: dict[str, T] = {
    ROOMS: T("in the room"),
    PEOPLE: T("to each person in private"),
    BOTH: T("in the room and to each person"),
}
PLACE_BUTTONS: dict[str, T] = {
    ROOMS: T("Room only"),
    PEOPLE: T("Each person only"),
    BOTH: T("Room and each person"),
}


@dataclass(frozen=True, slots=True)
class Sending:
    """One kind of thing sent to many: the dialogue `name`, open to those who may do `action` in a community.

    `take` takes what is said before the audience is asked for, and ends in `go_on`. `show` draws what would be sent.
    `send(turn, data, place=, urgent=, release_at=)` sends it. `terms` are further choices under the preview, and
    `change(turn, data, verb)` takes them; True when it did. `place`: where it always goes, if nobody chooses that.
    `several`: one may go to several communities at once.
    """

    name: str
    action: str
    take: Callable[[Turn, Data], None]
    show: Callable[[Turn, Data], Node]
    send: Callable[..., Broadcast]
    terms: Callable[[Turn, Data], Choices] | None = None
    change: Callable[[Turn, Data, str], bool] | None = None
    place: str = ""
    several: bool = False

    def hear(self, turn: Turn) -> None:
        """The next step of the dialogue."""
        assert turn.dialogue is not None
        data = dict(turn.dialogue.data)
        if turn.choice == "cancel":
            turn.end()
            turn.replace_pressed(T("Cancelled."))
            return
        match turn.dialogue.step:
            case "audience":
                self._take_audience(turn, data)
            case places.STEP:
                if places.take_places(turn, self.name, self.action, data):
                    self._preview(turn, {**data, "place": ""})
            case "when":
                if take_when(turn, data):
                    self._preview(turn, data)
            case "confirm":
                self._take_confirmation(turn, data)
            case _:
                self.take(turn, data)

    def go_on(self, turn: Turn, data: Data) -> None:
        """What to send is known: ask to whom, unless there is only one answer, and show the preview.

        Raises Forbidden for who may send nowhere.
        """
        if not data.get("community"):
            found = communities_where(turn.ctx, self.action)
            if not found:
                raise forbidden(self.action)
            if len(found) > 1:
                self._ask_audience(turn, T("To whom? Choose, or type a part of another name."), found, data)
                return
            data["community"] = found[0].pid
        self._preview(turn, data)

    def _ask_audience(self, turn: Turn, prompt: Node, found: Sequence[Community], data: Data) -> None:
        turn.ask(self.name, "audience", prompt, [*[[(Words(c.name), f"c:{c.pid}")] for c in found], [CANCEL]], **data)

    def _take_audience(self, turn: Turn, data: Data) -> None:
        found = communities_where(turn.ctx, self.action, turn.text) if turn.text and not turn.choice else []
        if turn.choice and turn.choice.startswith("c:"):
            data["community"] = turn.choice[2:]
        elif len(found) == 1:
            data["community"] = found[0].pid
        else:
            several = T("Which one? Choose, or type more of its name.")
            none = T("I found nothing by that name. Type another part of it.")
            self._ask_audience(turn, several if found else none, found, data)
            return
        self._preview(turn, data)

    def _preview(self, turn: Turn, data: Data) -> None:
        """Show what would be sent, to whom, how many, where and when; ask for the confirmation."""
        place = self.place or data.get("place", "")
        plan = plan_broadcast(turn.ctx, places.chosen(data), self.action, place, moment(data))
        data["place"] = plan.place
        facts = describe(plan, bool(data.get("urgent")))
        shown = Lines(Bold(T("Preview")), self.show(turn, data), Words("────────"), *facts)
        prompt = T("Shall I send it like this? Choose below the preview.")
        choices = _choices(plan, data, fixed=bool(self.place))
        if self.several and (len(plan.parts) > 1 or places.offers_others(turn, self.action, data)):
            choices[-1:-1] = [[(T("Also to others"), "also")]]
        if self.terms is not None:
            choices[-1:-1] = self.terms(turn, data)
        turn.ask(self.name, "confirm", prompt, choices, show=shown, **data)

    def _take_confirmation(self, turn: Turn, data: Data) -> None:
        verb, _, value = (turn.choice or "").partition(":")
        if verb == "send":
            self._send(turn, data)
        elif verb == "place" and value in PLACES:
            self._preview(turn, {**data, "place": value})
        elif verb == "urgent":
            self._preview(turn, {**data, "urgent": not data.get("urgent")})
        elif verb == "now":
            self._preview(turn, {**data, "at": None})
        elif verb == "later":
            ask_when(turn, self.name, data)
        elif verb == "also" and self.several:
            places.ask_places(turn, self.name, self.action, data)
        elif verb == "audience":
            if len(communities_where(turn.ctx, self.action, limit=2)) < 2:
                turn.toast(T("There is no other audience you may send to."))
            self.go_on(turn, {**data, "community": None, "more": [], "place": ""})
        elif self.change is None or not self.change(turn, data, verb):
            turn.say(T("Press “Confirm and send” under the preview, or “Cancel”."))

    def _send(self, turn: Turn, data: Data) -> None:
        sent = self.send(turn, data, place=data["place"], urgent=bool(data.get("urgent")), release_at=moment(data))
        turn.end()
        if sent.released_at is not None:
            turn.replace_pressed(T("✓ Sent."))
        else:
            take_back = Button(T("Take back"), f"{self.name}.withdraw:{sent.pid}")
            turn.replace_pressed(T("✓ It goes out {at}.", at=sent.release_at), [[take_back]])


def moment(data: Data) -> datetime | None:
    """The moment that was chosen; None: now."""
    return datetime.fromtimestamp(data["at"], UTC) if data.get("at") else None


def describe(plan: Plan, urgent: bool) -> list[Node]:
    """Who, how many, where, when."""
    people = Plural("{n} person", "{n} people", plan.people)
    if len(plan.parts) == 1:
        whom: list[Node] = [T("To: {community} ({people})", community=plan.parts[0].community.name, people=people)]
    else:
        head = T("To {n} communities, {people} in all (each counted once):", n=len(plan.parts), people=people)
        whom = [head, Bullets(*[_part(part, plan.place) for part in plan.parts])]
    lines: list[Node] = [
        *whom,
        T("How: {place}", place=PLACES[plan.place]),
        T("When: {at}", at=When(plan.at) if plan.at else T("now")),
    ]
    if urgent:
        lines.append(T("Urgent: it also reaches people in their quiet hours."))
    elif plan.wakes_later:
        lines.append(T("It is quiet hours then: private messages arrive when those end."))
    return lines


def _part(part: Part, place: str) -> Node:
    """One of several communities: how many people, and in how many rooms it is said."""
    people, rooms = Plural("{n} person", "{n} people", part.people), Plural("{n} room", "{n} rooms", part.rooms)
    if place == PEOPLE:
        return T("{community} ({people})", community=part.community.name, people=people)
    return T("{community} ({people}, {rooms})", community=part.community.name, people=people, rooms=rooms)


def _choices(plan: Plan, data: Data, fixed: bool = False) -> Choices:
    others = [place for place in PLACES if place != plan.place] if plan.rooms and not fixed else []
    rows: Choices = [[Primary(T("Confirm and send"), "send")]]
    if others:
        rows.append([(PLACE_BUTTONS[place], f"place:{place}") for place in others])
    timing: list[tuple[Node, str]] = [(T("Send now") if plan.at else T("Send later"), "now" if plan.at else "later")]
    if plan.place != ROOMS:
        timing.append((T("Not urgent") if data.get("urgent") else T("Urgent"), "urgent"))
    return [*rows, timing, [(T("Another audience"), "audience"), CANCEL]]


def ask_when(turn: Turn, name: str, data: Data) -> None:
    """Ask for the moment, with the likely ones as buttons."""
    zone, now = turn.ctx.zone(turn.person), turn.ctx.now
    wall = to_wall(now, zone)
    afternoon = to_utc(wall.replace(hour=AFTERNOON, minute=0, second=0, microsecond=0), zone)
    morning = to_utc((wall + timedelta(days=1)).replace(hour=MORNING, minute=0, second=0, microsecond=0), zone)
    moments = [moment for moment in (afternoon, morning) if moment - now > timedelta(minutes=5)]
    choices: Choices = [
        [(When(m), f"at:{int(m.timestamp())}") for m in moments],
        [(T("Now"), "now"), CANCEL],
    ]
    turn.ask(name, "when", T("When shall it go out? Choose, or type a time such as “tomorrow 15:00”."), choices, **data)


def take_when(turn: Turn, data: Data) -> bool:
    """Take the answer to `ask_when`; True when the moment is known."""
    choice = turn.choice or ""
    if choice == "now":
        data.pop("at", None)
        return True
    if choice.startswith("at:") and (seconds := read_number(choice[3:], 10)) is not None:
        data["at"] = seconds
        return True
    understood = understand(turn.text, turn.ctx.now, turn.ctx.zone(turn.person), turn.person.language)
    if understood is None or understood.rrule:
        turn.say(T("I could not read a time from that. Try “today 18:00” or “tomorrow 8:00”, or press a button."))
        return False
    data["at"] = int(understood.due.timestamp())
    return True


def sum_up(characters: int, files: int) -> Node:
    """What was sent so far, in a few words."""
    counted = Plural("{n} file", "{n} files", files)
    if not files:
        return T("Got it: {n} characters.", n=characters)
    if not characters:
        return T("Got it: {files}.", files=counted)
    return T("Got it: {n} characters, {files}.", n=characters, files=counted)
