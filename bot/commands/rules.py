"""Workshop rules in chat (催交规则): what there is, pause and stop, who is missing."""

from typing import Any

from api.messaging.tree import Bold, Bullets, Button, Lines, Node, Plural, Rows, T, Words
from api.reminders import excuses, missing, rules
from api.reminders.texts import rule_card, rule_text
from bot.commands.choosing import with_workshop
from bot.commands.rulemaking import VERBS, press_new, talk_rule
from bot.registry import LEADER, Command, Feature, Talk
from bot.turn import Turn

NAMES_SHOWN = 50
ALREADY = T("That was dealt with already.")


def handle_rule(turn: Turn) -> None:
    """催交规则: the rules of this room's workshop, of the only one I look after, or of one that I choose."""
    with_workshop(turn, "remind", "rule.list", press_list, T("You look after no workshop: its host makes the rules."),
                  name=turn.args)  # fmt: skip


def press_list(turn: Turn, pid: str) -> None:
    """A workshop was chosen."""
    workshop = rules.get_workshop(turn.ctx, pid)
    turn.whisper(*_overview(turn, pid, workshop.name))


def _overview(turn: Turn, pid: str, name: str) -> tuple[Node, Rows]:
    rules.get_workshop(turn.ctx, pid)
    found = rules.list_rules(turn.ctx, pid)
    rows: Rows = []
    for n, rule in enumerate(found, 1):
        pause = (T("Resume {n}", n=n), "resume") if rule.paused_at else (T("Pause {n}", n=n), "pause")
        rows.append([
            Button(T("Who is missing {n}", n=n), f"rule.missing:{rule.pid}"),
            Button(pause[0], f"rule.{pause[1]}:{rule.pid}"),
            Button(T("Stop {n}", n=n), f"rule.stop:{rule.pid}"),
        ])  # fmt: skip
    rows.append([Button(T("A new rule"), f"rule.new:{pid}", style="primary")])
    cards = [T("{n}. {card}", n=n, card=rule_card(rule)) for n, rule in enumerate(found, 1)]
    return Lines(Bold(T("Rules of “{workshop}”", workshop=name)), *(cards or [T("There are none yet.")])), rows


def press_missing(turn: Turn, pid: str) -> None:
    """Who is missing: whispered to whoever may know, with a button for each to be excused."""
    rule, workshop, due, people = missing.list_missing(turn.ctx, pid)
    turn.toast(T("I sent you the names privately."))
    if not people:
        turn.whisper(T("“{workshop}”: everybody has handed in by now.", workshop=workshop.name))
        return
    head = Plural("“{workshop}”, {rule}: one person is missing.", "“{workshop}”, {rule}: {n} people are missing.",
                  len(people), workshop=workshop.name, rule=rule_text(rule))  # fmt: skip
    lines: list[Node] = [Words(name) for _, name in people[:NAMES_SHOWN]]
    rows: Rows = [
        [Button(T("Excuse {name} this time", name=name), f"rule.excuse:{rule.pid}:{person}")]
        for person, name in people[:10]
    ]
    turn.whisper(Lines(head, T("Due {due}.", due=due), Bullets(*lines)), rows)


def press_excuse(turn: Turn, argument: str) -> None:
    """A host excuses one of the missing until the deadline."""
    rule_pid, _, person_pid = argument.partition(":")
    found, changed = excuses.grant_for_rule(turn.ctx, rule_pid, person_pid)
    turn.toast(T("{name} is excused.", name=found.person.name) if changed else ALREADY)


def press_later(turn: Turn, pid: str) -> None:
    """1小时后: once more, to me alone."""
    reminder, changed = missing.remind_me_later(turn.ctx, pid)
    turn.toast(T("⏰ Again {at}.", at=reminder.next_at or reminder.start) if changed else ALREADY)


def _switch(operation: Any, done: T) -> Any:
    def press(turn: Turn, pid: str) -> None:
        rule, changed = operation(turn.ctx, pid)
        turn.toast(done if changed else ALREADY)
        workshop = rules.workshop_of(turn.ctx, rule)
        turn.replace_pressed(*_overview(turn, workshop.pid, workshop.name))

    return press


FEATURE = Feature(
    commands=(
        Command(
            "rule", ("催交规则", "催交", "rules"), T("what members hand in by when, and reminding those missing"),
            handle_rule, who=LEADER,
        ),
    ),
    buttons=(
        ("rule.list", press_list),
        ("rule.new", press_new),
        ("rule.missing", press_missing),
        ("rule.excuse", press_excuse),
        ("rule.later", press_later),
        ("rule.pause", _switch(rules.pause_rule, T("Paused."))),
        ("rule.resume", _switch(rules.resume_rule, T("It goes on."))),
        ("rule.stop", _switch(rules.stop_rule, T("Stopped."))),
    ),
    dialogues=(("rule", Talk(T("a new rule"), talk_rule, answers=frozenset(VERBS))),),
)  # fmt: skip
