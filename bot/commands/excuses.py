"""Excuses in chat: 请假 by a member, 同意 or 不同意 by whichever host is first."""

from datetime import date
from typing import Any

from api.communities.lookup import workshops_of
from api.errors import Invalid
from api.messaging.tree import Lines, Node, Quote, T, Words
from api.reminders import excuses
from api.reminders.periods import read_leave
from api.reminders.texts import period_text
from bot.registry import Command, Feature, Talk
from bot.turn import Primary, Turn

ALREADY = T("That was dealt with already.")
ASK_WORKSHOP = T("For which workshop?")
ASK_DAYS = T("For which days? Press, or write like: tomorrow; 3 days; 2026-11-24 to 2026-11-27.")
ASK_REASON = T("Why? Write a short reason for the hosts, or leave it out.")
ASK_SURE = T("Shall I ask the hosts?")
HOSTS = ("host", "cohost")
NO_WORKSHOP = T("You are a member of no workshop, so there is nothing to be excused from.")
OWES_NOTHING = T("You lead the workshop: nothing is asked of its hosts, so you need not be excused.")


def handle_excuse(turn: Turn) -> None:
    """请假, 请假三天: choose the workshop, the days, give a reason; the hosts decide."""
    if turn.community is not None and turn.community.kind == "workshop":
        _begin(turn, turn.community.pid, turn.args)
        return
    mine = workshops_of(turn.ctx, turn.person.id, ("member",))
    if not mine:
        leads = workshops_of(turn.ctx, turn.person.id, HOSTS)
        turn.whisper(OWES_NOTHING if leads else NO_WORKSHOP)
    elif len(mine) == 1:
        _begin(turn, mine[0].pid, turn.args)
    else:
        choices = [[(Words(workshop.name), workshop.pid)] for workshop in mine]
        turn.ask("excuse", "workshop", ASK_WORKSHOP, choices, said=turn.args)


def press_ask(turn: Turn, pid: str) -> None:
    """The button under a reminder."""
    _begin(turn, pid, "")


def _begin(turn: Turn, pid: str, said: str) -> None:
    """Ask for the days, unless they were said with the command."""
    if any(workshop.pid == pid for workshop in workshops_of(turn.ctx, turn.person.id, HOSTS)):
        turn.whisper(OWES_NOTHING)
    elif said:
        _days(turn, {"workshop": pid}, said)
    else:
        _ask_days(turn, {"workshop": pid})


def _ask_days(turn: Turn, data: dict[str, Any], show: Node | None = None) -> None:
    choices = [[(T("Today"), "1"), (T("Two days"), "2")], [(T("Three days"), "3"), (T("A week"), "7")]]
    turn.ask("excuse", "days", ASK_DAYS, choices, show=show, **data)


def talk_excuse(turn: Turn) -> None:
    """The next thing said or pressed while a request is being made."""
    assert turn.dialogue is not None
    data, step = dict(turn.dialogue.data), turn.dialogue.step
    if step == "workshop":
        _begin(turn, turn.choice, data.get("said", "")) if turn.choice else turn.say(ASK_WORKSHOP)
    elif step == "days":
        _days(turn, data, f"{turn.choice}天" if turn.choice else turn.text)
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


def _days(turn: Turn, data: dict[str, Any], said: str) -> None:
    leave = read_leave(said, turn.ctx.now, turn.ctx.zone(turn.person))
    if leave is None:
        _ask_days(turn, data, Lines(T("I could not read days in that."), ASK_DAYS))
        return
    (since, until), reason = leave
    try:
        excuses.check_days(since, until)
    except Invalid as error:
        _ask_days(turn, data, Lines(error.say, ASK_DAYS))
        return
    data |= {"since": since.isoformat(), "until": until.isoformat()}
    if reason:
        _ask_sure(turn, data, reason)
    else:
        turn.ask("excuse", "reason", ASK_REASON, [[(T("No reason"), "none")]], **data)


def _reason(turn: Turn, data: dict[str, Any]) -> None:
    if turn.choice != "none" and not turn.text:
        turn.say(ASK_REASON)
    else:
        _ask_sure(turn, data, "" if turn.choice == "none" else turn.text)


def _ask_sure(turn: Turn, data: dict[str, Any], reason: str) -> None:
    excuses.check_reason(reason)
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
            "excuse",
            ("请假", "免做", "excuse"),
            T("ask to be excused from a workshop for a while"),
            handle_excuse,
            joined=True,
        ),
    ),
    buttons=(("excuse.ask", press_ask), ("excuse.approve", press_approve), ("excuse.decline", press_decline)),
    dialogues=(("excuse", Talk(T("a request to be excused"), talk_excuse)),),
)
