"""Until when something sent to many can be answered: asked for and read the same way for quizzes and open polls.

A dialogue's data carries `closes` in seconds; 0: never, none: the usual time.
"""

from datetime import UTC, datetime, timedelta

from api.closing import usual_closing
from api.communities.lookup import get_community_for
from api.messaging.tree import T, When
from api.numbers import read_number
from api.reminders.when import understand
from api.times import to_utc, to_wall
from bot.commands.sending import CANCEL, Data, moment
from bot.turn import Turn

EVENING = 21


def closing_of(turn: Turn, data: Data, action: str) -> datetime | None:
    """When it closes; none: never."""
    chosen = data.get("closes")
    if chosen is None:
        return usual_closing(turn.ctx, get_community_for(turn.ctx, data["community"], action), moment(data))
    return datetime.fromtimestamp(chosen, UTC) if chosen else None


def ask_closing(turn: Turn, name: str, data: Data) -> None:
    """Ask for it at step "closing" of a dialogue, with the likely times as buttons."""
    zone = turn.ctx.zone(turn.person)
    start = max(moment(data) or turn.ctx.now, turn.ctx.now)
    evening = to_wall(start, zone).replace(hour=EVENING, minute=0, second=0, microsecond=0)
    moments = [to_utc(evening + timedelta(days=days), zone) for days in (0, 1, 7)]
    likely = [(When(at), f"at:{int(at.timestamp())}") for at in moments if at - start > timedelta(minutes=30)]
    prompt = T("Until when may they answer? Choose, or type a time such as “tomorrow 21:00”.")
    turn.ask(name, "closing", prompt, [*[[one] for one in likely], [(T("Never closes"), "never")], [CANCEL]], **data)


def take_closing(turn: Turn, data: Data) -> bool:
    """Take the answer to `ask_closing`; True when the time is known."""
    choice = turn.choice or ""
    if choice == "never":
        data["closes"] = 0
        return True
    if choice.startswith("at:") and (seconds := read_number(choice[3:], 10)) is not None:
        data["closes"] = seconds
        return True
    understood = understand(turn.text, turn.ctx.now, turn.ctx.zone(turn.person), turn.person.language)
    if understood is None or understood.rrule:
        turn.say(T("I could not read a time from that. Try “today 18:00” or “tomorrow 8:00”, or press a button."))
        return False
    data["closes"] = int(understood.due.timestamp())
    return True
