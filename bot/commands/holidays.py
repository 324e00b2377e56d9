"""Days off in chat (调休): a region's administrator says that people work on a day, or do not."""

from collections.abc import Sequence

from api.access import can, today_in
from api.communities.audiences import communities_where
from api.communities.lookup import get_community_for
from api.messaging.faces import Community
from api.messaging.tree import Bold, Lines, Node, T, Words
from api.reminders import holidays
from api.reminders.reading import read_day
from bot.registry import REGION, Command, Feature, Talk
from bot.turn import Turn

NAME = "workdays"
WORKS = ("上班", "上课", "补课", "works", "workday")
FREE = ("放假", "休息", "不上班", "off", "holiday")
CLEAR = ("恢复", "clear")
HOW = T("Say it like this: {example}", example=T("workdays 2026-10-10 works (or: off, clear)"))


def handle_holidays(turn: Turn) -> None:
    """调休 2026-10-10 上班 | 放假 | 恢复; alone it lists what is set. With several regions it asks which; in a
    region's room it is that one."""
    here = turn.community
    found = [here] if here and here.kind == "region" and can(turn.ctx, "roster", here) else _regions(turn)
    if not found:
        turn.whisper(T("Only a region's administrator sets days off."))
    elif len(found) == 1:
        _act(turn, found[0], turn.args)
    else:
        _ask(turn, T("For which region? Choose, or type a part of its name."), found, turn.args)


def _regions(turn: Turn, text: str = "") -> list[Community]:
    return communities_where(turn.ctx, "roster", text, kind="region")


def _ask(turn: Turn, prompt: T, found: Sequence[Community], said: str) -> None:
    turn.ask(NAME, "region", prompt, [[(Words(place.name), place.pid)] for place in found], said=said)


def hear_region(turn: Turn) -> None:
    """Which region was meant."""
    assert turn.dialogue is not None
    said = turn.dialogue.data["said"]
    found = [get_community_for(turn.ctx, turn.choice, "roster")] if turn.choice else _regions(turn, turn.text)
    if len(found) == 1:
        turn.end()
        _act(turn, found[0], said)
    else:
        several = T("Which one? Choose, or type more of its name.")
        none = T("I found nothing by that name. Type another part of it.")
        _ask(turn, several if found else none, found or _regions(turn), said)


def _act(turn: Turn, region: Community, said: str) -> None:
    words = said.split()
    day = read_day(words[0], turn.ctx.now, turn.ctx.zone(region)) if len(words) == 2 else None
    if day is None:
        turn.whisper(_overview(turn, region.pid, region.name))
        return
    kind = words[1].lower()
    if kind in CLEAR:
        holidays.clear_override(turn.ctx, region.pid, day)
    elif kind in WORKS or kind in FREE:
        holidays.set_override(turn.ctx, region.pid, day, kind in WORKS)
    else:
        turn.whisper(HOW)
        return
    turn.whisper(Lines(T("✓ Saved. Rules that skip days off follow it."), _overview(turn, region.pid, region.name)))


def _overview(turn: Turn, pid: str, name: str) -> Node:
    today = today_in(turn.ctx).isoformat()
    lines: list[Node] = []
    for row in holidays.list_overrides(turn.ctx, pid):
        if row.day.isoformat() >= today:
            state = T("works") if row.works else T("off")
            lines.append(T("{day}: {state}", day=row.day.isoformat(), state=state))
    head = Bold(T("Days set in {region}", region=Words(name)))
    return Lines(head, *(lines or [T("None: the official calendar holds.")]), HOW)


FEATURE = Feature(
    commands=(
        Command(
            "workdays", ("调休", "workdays"), T("days off and make-up workdays of the region"), handle_holidays,
            who=REGION,
        ),
    ),
    dialogues=((NAME, Talk(T("the region's days off"), hear_region)),),
)  # fmt: skip
