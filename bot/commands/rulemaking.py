"""Making a workshop rule: the usual one by one tap, step by step, or in one sentence; a preview before it is saved."""

from dataclasses import asdict, replace
from datetime import date
from typing import Any

from api.messaging.tree import Lines, Node, Plural, T, Words
from api.reminders import reading, rules
from api.reminders.rules import RuleWish
from api.reminders.texts import DAYS, WHAT, rule_card
from bot.turn import Primary, Turn

STANDARD = RuleWish()
ASK_START = T(
    "The usual: two activity logs a week, by Friday 18:00; who is missing is reminded on Thursday 17:00, "
    "not in holidays. Take it, set it yourself, or write it in a sentence."
)
ASK_VERB = T("What is to be handed in?")
VERBS = {
    "日志": "journal.submitted", "研修日志": "journal.submitted", "log": "journal.submitted",
    "资源": "resource.added", "resource": "resource.added",
}  # fmt: skip
ASK_NEEDED = T("How many each time? Press or write a number.")
ASK_DAY = T("By which day, every week? For once only, write a date, like 2026-12-31.")
ASK_TIME = T("By what time of that day? Press or write one, like 18:00.")
ASK_BEFORE = T("When shall I remind who is missing? Press, or write like: Thursday 17:00, or: 3 hours.")
ASK_HALF = T("Is that in the morning or the afternoon? Write it like 18:00.")
MISSING = {
    "day": T("By which weekday? I found none in that. For once only, press “Set it myself”."),
    "time": T("By what time of that day? I found none in that; write one like 18:00."),
    "half": ASK_HALF,
    "reminder": T("When to remind? Write it like: remind Thursday 17:00; remind 3 hours before."),
}
ASK_HOLIDAYS = T("And when the deadline is a day off?")
ASK_SURE = T("Shall I do it like this?")


def press_new(turn: Turn, pid: str) -> None:
    """Begin a new rule."""
    rules.get_workshop(turn.ctx, pid)
    _ask_start(turn, pid)


def _ask_start(turn: Turn, pid: str, missing: list[str] | None = None) -> None:
    choices = [[(T("Take it"), "take"), (T("Set it myself"), "own")]]
    show = Lines(*(MISSING[part] for part in missing)) if missing else None
    turn.ask("rule", "start", ASK_START, choices, show=show, workshop=pid)


def talk_rule(turn: Turn) -> None:
    """The next thing said or pressed while a rule is being made."""
    assert turn.dialogue is not None
    data = dict(turn.dialogue.data)
    pid, wish = data["workshop"], _wish(data)
    said = turn.choice if turn.choice is not None else turn.text
    step = STEPS.get(turn.dialogue.step)
    if step is None:
        turn.end()
    elif said == "no" and turn.dialogue.step == "sure":
        turn.end()
        turn.say(T("All right, no rule was made."))
    else:
        step(turn, pid, wish, said)


def _wish(data: dict[str, Any]) -> RuleWish:
    fields = {name: value for name, value in data.items() if name != "workshop"}
    if fields.get("due_on"):
        fields["due_on"] = date.fromisoformat(fields["due_on"])
    return replace(STANDARD, **fields)


def _ask(turn: Turn, step: str, prompt: T, choices: Any, pid: str, wish: RuleWish, show: Node | None = None) -> None:
    data = asdict(wish) | {"workshop": pid, "due_on": wish.due_on.isoformat() if wish.due_on else None}
    turn.ask("rule", step, prompt, choices, show=show, **data)


def _start(turn: Turn, pid: str, wish: RuleWish, said: str) -> None:
    if said == "take":
        _ask_sure(turn, pid, STANDARD)
    elif said == "own":
        choices = [[(label, verb)] for verb, label in WHAT.items()]
        _ask(turn, "verb", ASK_VERB, choices, pid, wish)
    else:
        sentence, missing = reading.read_rule_sentence(said)
        _ask_start(turn, pid, missing) if missing else _ask_sure(turn, pid, replace(STANDARD, **sentence))


def _verb(turn: Turn, pid: str, wish: RuleWish, said: str) -> None:
    verb = VERBS.get(said.lower(), said)
    if verb in WHAT:
        _ask_needed(turn, pid, replace(wish, verb=verb))
    else:
        turn.say(ASK_VERB)


def _ask_needed(turn: Turn, pid: str, wish: RuleWish) -> None:
    _ask(turn, "needed", ASK_NEEDED, [[(Words(str(n)), str(n)) for n in (1, 2, 3, 5)]], pid, wish)


def _needed(turn: Turn, pid: str, wish: RuleWish, said: str) -> None:
    number = reading.read_number(said)
    if number is None or not 1 <= number <= rules.MOST_NEEDED:
        turn.say(T("How many: a number from {low} to {high}.", low=1, high=rules.MOST_NEEDED))
        return
    days = [(day, str(n)) for n, day in enumerate(DAYS)]
    _ask(turn, "day", ASK_DAY, [days[:4], days[4:]], pid, replace(wish, needed=number))


def _day(turn: Turn, pid: str, wish: RuleWish, said: str) -> None:
    zone = turn.ctx.zone()
    weekday = int(said) if turn.choice is not None else reading.read_weekday(said)
    day = None if weekday is not None else reading.read_day(said, turn.ctx.now, zone)
    if weekday is None and day is None:
        turn.say(ASK_DAY)
        return
    wish = replace(wish, due_weekday=weekday, due_on=day)
    times = [(Words(time), time) for time in ("12:00", "17:00", "18:00", "20:00")]
    _ask(turn, "time", ASK_TIME, [times], pid, wish)


def _time(turn: Turn, pid: str, wish: RuleWish, said: str) -> None:
    clock = reading.read_clock(said)
    if len(clock) != 1:
        turn.say(ASK_HALF if clock else ASK_TIME)
        return
    choices = [
        [(T("The day before, 17:00"), "day before 17:00"), (T("The day before, same time"), "1 day")],
        [(T("3 hours before"), "3 hours"), (T("1 hour before"), "1 hour")],
    ]
    _ask(turn, "before", ASK_BEFORE, choices, pid, replace(wish, due_time=clock[0]))


def _before(turn: Turn, pid: str, wish: RuleWish, said: str) -> None:
    weekday = wish.due_on.weekday() if wish.due_on else wish.due_weekday
    minutes = reading.minutes_before(said, weekday, wish.due_time)
    if minutes is None or not 0 < minutes <= rules.MOST_BEFORE.total_seconds() / 60:
        turn.say(ASK_HALF if len(reading.read_clock(said)) > 1 else ASK_BEFORE)
        return
    wish = replace(wish, before_minutes=minutes)
    if wish.due_on is not None:
        _ask_sure(turn, pid, wish)
        return
    choices = [[(T("Leave that week out"), "skip"), (T("Remind all the same"), "keep")]]
    _ask(turn, "holidays", ASK_HOLIDAYS, choices, pid, wish)


def _holidays(turn: Turn, pid: str, wish: RuleWish, said: str) -> None:
    if said in ("skip", "keep"):
        _ask_sure(turn, pid, replace(wish, skip_holidays=said == "skip"))
    else:
        turn.say(ASK_HOLIDAYS)


def _ask_sure(turn: Turn, pid: str, wish: RuleWish) -> None:
    workshop, rule, people, night = rules.preview_rule(turn.ctx, pid, wish)
    who = Plural("It is for one member; only if something is missing, and privately.",
                 "It is for {n} members; only those with something missing, and privately.", people)  # fmt: skip
    parts: list[Node] = [T("“{workshop}”", workshop=workshop.name), rule_card(rule), who]
    if night:
        parts.append(T("⚠ That is in the quiet hours: most will get it only in the morning, or not at all."))
    choices = [[Primary(T("Yes, save"), "yes")], [(T("Start again"), "again"), (T("No"), "no")]]
    _ask(turn, "sure", ASK_SURE, choices, pid, wish, show=Lines(*parts, ASK_SURE))


def _sure(turn: Turn, pid: str, wish: RuleWish, said: str) -> None:
    if said == "yes":
        rule = rules.create_rule(turn.ctx, pid, wish)
        turn.end()
        turn.say(Lines(T("✓ Saved."), rule_card(rule)))
    elif said == "again":
        _ask_start(turn, pid)
    else:
        turn.say(ASK_SURE)


STEPS = {
    "start": _start, "verb": _verb, "needed": _needed, "day": _day, "time": _time, "before": _before,
    "holidays": _holidays, "sure": _sure,
}  # fmt: skip
