"""Personal reminders in chat: 提醒我 明天下午3点 交教案; the list of them; the buttons of one that rings (C4)."""

import re
from datetime import datetime
from typing import Any

from api.messaging.tree import Bold, Button, Lines, Node, Rows, Seq, T, Words
from api.reminders import service
from api.reminders.holidays import my_overrides
from api.reminders.texts import when_text
from api.reminders.when import Unclear, Understood, hear, without_greeting
from bot.registry import Command, Feature, Talk
from bot.turn import Choices, Primary, Turn

SHOWN = 20
ALREADY = T("That was dealt with already.")
ASK_WHAT = T("What shall I remind you of? Just write it.")
ASK_WHEN = T("When shall I remind you? For example: tomorrow 15:00, Friday 8:30, every Thursday 17:00, in 20 minutes.")
ASK_SURE = T("Is that right? Press a button, or write another time.")
NOTHING: dict[str, Any] = {
    "matter": "", "due": None, "rrule": None, "skip_holidays": False, "assumed": [], "kept": None,
}  # fmt: skip
# whoever says this wants to be reminded, wherever in the sentence it stands
ASKS = re.compile(
    r"提醒(?:一下)?我|叫(?:一下)?我|[设定订加建](?:置|定)?(?:一?[个条])?(?:提醒|闹钟)|"
    r"\bremind me\b|\bset (?:me )?an? (?:reminder|alarm)\b|\bdon['’]t let me forget\b",
    re.IGNORECASE,
)


def handle_remind(turn: Turn) -> None:
    """提醒 / remind: understand what and when, and have it confirmed; ask for what is missing."""
    # "remind me to ..." is understood as a whole; after a slash only what follows is the person's
    text = turn.args if turn.text[:1] in "/!！／" else turn.text
    if turn.args:
        _listen(turn, NOTHING, text)
    else:
        _ask_when(turn, NOTHING)


def offer_reminder(turn: Turn) -> bool:
    """A sentence that says 提醒我 somewhere ("明天下午3点提醒我交教案") and holds a time is taken as one."""
    if turn.face.person is None or not ASKS.search(turn.text) or _hear(turn, turn.text) is None:
        return False
    _listen(turn, NOTHING, turn.text)
    return True


def _hear(turn: Turn, text: str, kept: dict[str, Any] | None = None) -> Understood | Unclear | None:
    ctx = turn.ctx
    return hear(text, ctx.now, ctx.zone(turn.person), turn.person.language, my_overrides(ctx), kept)


def _listen(turn: Turn, data: dict[str, Any], text: str) -> None:
    """Take what was said, and ask for what is still missing.

    With a matter of its own it is another reminder; without, it says when the one in `data` shall ring, and what it
    leaves out of that stays.
    """
    found, dropped = _hear(turn, text, data["kept"]), ""
    matter = found.matter if found is not None else without_greeting(text)
    if matter and matter != data["matter"] and (found is not None or data["matter"]):
        dropped = data["matter"] if data["due"] else ""
        found, data = _hear(turn, text), NOTHING
    data = data | {"matter": matter or data["matter"]}
    if isinstance(found, Understood):
        data = data | _time_of(found)
    elif found is not None or not (matter and data["due"]):
        _ask_when(turn, data, _not_understood(found))
        return
    if data["matter"]:
        _ask_sure(turn, data, dropped)
    else:
        turn.ask("remind", "what", ASK_WHAT, **data)


def _not_understood(found: Unclear | None) -> Node:
    if found is None:
        return T("I found no time in that.")
    return T("I am not sure about “{part}”; a reminder has one time.", part=found.part)


def _ask_when(turn: Turn, data: dict[str, Any], problem: Node | None = None) -> None:
    turn.ask("remind", "when", ASK_WHEN, show=Lines(problem, ASK_WHEN) if problem else ASK_WHEN, **data)


def _time_of(found: Understood) -> dict[str, Any]:
    return {
        "due": found.due.isoformat(), "rrule": found.rrule, "skip_holidays": found.skip_holidays,
        "assumed": [[note.kind, note.value] for note in found.assumed], "kept": found.kept,
    }  # fmt: skip


def _ask_sure(turn: Turn, data: dict[str, Any], dropped: str = "") -> None:
    data = data | {"matter": service.check_matter(data["matter"])}
    due = datetime.fromisoformat(data["due"])
    when = when_text(due, data["rrule"], data["skip_holidays"], turn.person.language)
    parts: list[Node] = [Seq(Words("⏰ "), Bold(when)), Words(data["matter"])]
    notes = [note for kind, value in data["assumed"] if (note := _assumption(kind, value))]
    if dropped:
        notes.append(T("“{matter}” was not confirmed, so it is not saved.", matter=dropped))
    show = Lines(T("I shall remind you:"), *parts, *notes, ASK_SURE)
    choices: Choices = [[Primary(T("Yes, remind me"), "yes")], [(T("Another time"), "time"), (T("No, thanks"), "no")]]
    turn.ask("remind", "sure", ASK_SURE, choices, show=show, **data)


def _assumption(kind: str, value: str) -> Node | None:
    """What was not said and was assumed, in words."""
    if kind == "hour":
        return T("You did not say exactly when; I took {time}.", time=value)
    if kind == "half":
        return T("You did not say morning or afternoon; I took {time}.", time=value)
    if kind == "moved":
        return T("That time has passed today, so it is the next such day.")
    if kind == "ahead":
        return T("The deadline is {time}; I remind you an hour before.", time=value)
    if kind == "guess":
        return T("The holidays of {year} are not known yet; I take Monday to Friday as workdays.", year=value)
    return None


def talk_remind(turn: Turn) -> None:
    """The next thing said or pressed while a reminder is being made."""
    assert turn.dialogue is not None
    data, step = {**NOTHING, **turn.dialogue.data}, turn.dialogue.step
    if step == "sure" and turn.choice == "yes":
        _create(turn, data)
    elif step == "sure" and turn.choice == "time":
        _ask_when(turn, data)
    elif turn.choice == "no":
        turn.end()
        turn.say(T("All right, no reminder."))
    elif not turn.text:
        turn.say(T("I am waiting for words here, or for “cancel”."))
    elif ASKS.search(turn.text):
        _listen(turn, data, turn.text)
    elif step == "what":
        _ask_sure(turn, data | {"matter": turn.text})
    elif _hear(turn, turn.text, data["kept"]) is not None:
        _listen(turn, data, turn.text)
    elif step == "when":
        _ask_when(turn, data, _not_understood(None))
    else:
        turn.say(ASK_SURE)


def _create(turn: Turn, data: dict[str, Any]) -> None:
    due = datetime.fromisoformat(data["due"])
    if due <= turn.ctx.now:
        _ask_when(turn, data, T("That time has passed meanwhile."))
        return
    reminder = service.create_reminder(turn.ctx, data["matter"], due, data["rrule"], data["skip_holidays"])
    turn.end()
    when = when_text(due, reminder.rrule, reminder.skip_holidays, turn.person.language)
    turn.say(T("✓ I shall remind you: {when}, {matter}", when=when, matter=reminder.matter))


def handle_reminders(turn: Turn) -> None:
    """我的提醒: what will ring, each with a button that stops it."""
    turn.whisper(*_list(turn))


def _list(turn: Turn) -> tuple[Node, Rows]:
    rows = [row for row in service.list_reminders(turn.ctx) if row.rule_id is None]
    rows.sort(key=lambda row: row.next_at or row.start)
    if not rows:
        example = T("remind me tomorrow 15:00 hand in the lesson plan")
        return Lines(T("You have no reminders."), T("Make one like this: {example}", example=example)), []
    lines: list[Node] = []
    for n, row in enumerate(rows[:SHOWN], 1):
        when = when_text(row.next_at or row.start, row.rrule, row.skip_holidays, turn.person.language)
        lines.append(T("{n}. {when}: {matter}", n=n, when=when, matter=row.matter))
    if len(rows) > SHOWN:
        lines.append(T("… and {n} more.", n=len(rows) - SHOWN))
    buttons = [Button(T("Stop {n}", n=n), f"reminder.remove:{row.pid}") for n, row in enumerate(rows[:SHOWN], 1)]
    return Lines(Bold(T("Your reminders")), *lines), [buttons[n : n + 4] for n in range(0, len(buttons), 4)]


def press_done(turn: Turn, pid: str) -> None:
    """完成"""
    reminder, changed = service.finish_reminder(turn.ctx, pid)
    _answer(turn, changed, T("✓ Done: {matter}", matter=reminder.matter))


def press_snooze(turn: Turn, argument: str) -> None:
    """10分钟后, 1小时后, 明天"""
    pid, _, how = argument.partition(":")
    reminder, changed = service.snooze_reminder(turn.ctx, pid, how)
    at = reminder.next_at or reminder.start
    _answer(turn, changed, T("⏰ Again {at}: {matter}", at=at, matter=reminder.matter))


def press_stop(turn: Turn, pid: str) -> None:
    """停止重复"""
    reminder, changed = service.stop_reminder(turn.ctx, pid)
    _answer(turn, changed, T("Stopped: {matter}", matter=reminder.matter))


def press_remove(turn: Turn, pid: str) -> None:
    """A stop button of the list: the list shows what is left."""
    _, changed = service.stop_reminder(turn.ctx, pid)
    turn.toast(T("Stopped.") if changed else ALREADY)
    turn.replace_pressed(*_list(turn))


def _answer(turn: Turn, changed: bool, outcome: Node) -> None:
    turn.toast(outcome if changed else ALREADY)
    if changed:
        turn.replace_pressed(outcome)


FEATURE = Feature(
    commands=(
        Command(
            "remind", ("提醒", "提醒我", "remind me", "remind"), T("remind me: tomorrow 15:00 hand in the lesson plan"),
            handle_remind, joined=True,
        ),
        Command(
            "reminders",
            ("我的提醒", "取消提醒", "删除提醒", "停止提醒", "my reminders", "reminders", "cancel reminders"),
            T("my reminders, and stop them"), handle_reminders,
        ),
    ),
    buttons=(
        ("reminder.done", press_done),
        ("reminder.snooze", press_snooze),
        ("reminder.stop", press_stop),
        ("reminder.remove", press_remove),
    ),
    dialogues=(("remind", Talk(T("a new reminder"), talk_remind)),),
    offers=(offer_reminder,),
)  # fmt: skip
