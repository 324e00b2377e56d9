"""Excuses in chat: 请假 by a member, 同意 or 不同意 by whichever host is first."""

from datetime import date
from typing import Any

from api.communities.lookup import workshops_of
from api.messaging.tree import Lines, Quote, T, Words
from api.reminders import excuses
from api.reminders.reading import read_period
from api.reminders.texts import period_text
from bot.registry import Command, Feature, Talk
from bot.turn import Primary, Turn

ALREADY = T("That was dealt with already.")
ASK_WORKSHOP = T("For which workshop?")
ASK_DAYS = T("For which days? Press, or write like: tomorrow; 3 days; 2026-11-24 to 2026-11-27.")
ASK_REASON = T("Why? Write a short reason for the hosts, or leave it out.")
ASK_SURE = T("Shall I ask the hosts?")


def handle_excuse(turn: Turn) -> None:
    """请假: choose the workshop, the days, give a reason; the hosts decide."""
    if turn.community is not None and turn.community.kind == "workshop":
        _ask_days(turn, turn.community.pid)
        return
    mine = workshops_of(turn.ctx, turn.person.id, ("member",))
    if not mine:
        turn.whisper(T("You are a member of no workshop, so there is nothing to be excused from."))
    elif len(mine) == 1:
        _ask_days(turn, mine[0].pid)
    else:
        choices = [[(Words(workshop.name), workshop.pid)] for workshop in mine]
        turn.ask("excuse", "workshop", ASK_WORKSHOP, choices)


def press_ask(turn: Turn, pid: str) -> None:
    """The button under a reminder."""
    _ask_days(turn, pid)


def _ask_days(turn: Turn, pid: str) -> None:
    choices = [[(T("Today"), "1"), (T("Two days"), "2")], [(T("Three days"), "3"), (T("A week"), "7")]]
    turn.ask("excuse", "days", ASK_DAYS, choices, workshop=pid)


def talk_excuse(turn: Turn) -> None:
    """The next thing said or pressed while a request is being made."""
    assert turn.dialogue is not None
    data, step = dict(turn.dialogue.data), turn.dialogue.step
    if step == "workshop":
        _ask_days(turn, turn.choice) if turn.choice else turn.say(ASK_WORKSHOP)
    elif step == "days":
        _days(turn, data)
    elif step == "reason":
        _reason(turn, data)
    elif turn.choice == "yes":
        excuses.ask_excuse(turn.ctx, data["workshop"], *_period(data), data["reason"])
        turn.end()
        turn.say(T("✓ I asked the hosts. I shall tell you what they say."))
    elif turn.choice == "no":
        turn.end()
        turn.say(T("All right, nothing was sent."))
    else:
        turn.say(ASK_SURE)


def _days(turn: Turn, data: dict[str, Any]) -> None:
    zone = turn.ctx.zone(turn.person)
    said = f"{turn.choice}天" if turn.choice else turn.text
    period = read_period(said, turn.ctx.now, zone)
    if period is None:
        turn.say(Lines(T("I could not read days in that."), ASK_DAYS))
        return
    days = {"since": period[0].isoformat(), "until": period[1].isoformat()}
    turn.ask("excuse", "reason", ASK_REASON, [[(T("No reason"), "none")]], **(data | days))


def _reason(turn: Turn, data: dict[str, Any]) -> None:
    reason = "" if turn.choice == "none" else turn.text
    if not reason and turn.choice != "none":
        turn.say(ASK_REASON)
        return
    if len(reason) > excuses.REASON_LIMIT:
        n, limit = len(reason), excuses.REASON_LIMIT
        turn.say(T("That is {n} characters; a reason holds at most {limit}.", n=n, limit=limit))
        return
    head = T("To be excused: {when}.", when=period_text(*_period(data)))
    show = Lines(head, Quote(reason), ASK_SURE) if reason else Lines(head, ASK_SURE)
    choices = [[Primary(T("Yes, ask them"), "yes"), (T("No"), "no")]]
    turn.ask("excuse", "sure", ASK_SURE, choices, show=show, **(data | {"reason": reason}))


def _period(data: dict[str, Any]) -> tuple[date, date]:
    return date.fromisoformat(data["since"]), date.fromisoformat(data["until"])


def press_approve(turn: Turn, pid: str) -> None:
    """同意: the first of the hosts decides for all."""
    _decide(turn, pid, True)


def press_decline(turn: Turn, pid: str) -> None:
    """不同意"""
    _decide(turn, pid, False)


def _decide(turn: Turn, pid: str, approve: bool) -> None:
    _, changed = excuses.decide_excuse(turn.ctx, pid, approve)
    turn.toast((T("Approved.") if approve else T("Declined.")) if changed else ALREADY)


FEATURE = Feature(
    commands=(
        Command(
            "excuse", ("请假", "免做", "excuse"), T("ask to be excused from a workshop for a while"), handle_excuse
        ),
    ),
    buttons=(("excuse.ask", press_ask), ("excuse.approve", press_approve), ("excuse.decline", press_decline)),
    dialogues=(("excuse", Talk(T("a request to be excused"), talk_excuse)),),
)
