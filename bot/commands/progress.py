"""Progress in chat: 进度 for everybody's own, the members' figures and their spreadsheet for hosts. Always private."""

from api.messaging.tree import Bold, Button, Lines, Node, Rows, Seq, T, Words
from api.numbers import read_number
from api.progress.service import Due, MyProgress, Workshop, member_progress, my_progress
from api.progress.sheet import export_progress, owing_text
from api.progress.texts import counts_text
from api.reminders.texts import owed_text
from bot.commands.choosing import with_workshop
from bot.registry import LEADER, Command, Feature
from bot.turn import Turn

PAGE = 20


def handle_me(turn: Turn) -> None:
    """我的进度: my workshops, what is due, what I did."""
    progress = my_progress(turn.ctx)
    parts: list[Node] = [Bold(T("Your progress"))]
    for workshop in progress.workshops:
        parts += _workshop(workshop)
    if not progress.workshops:
        parts.append(T("You are in no workshop yet. Send “join” to find one."))
    parts.append(T("This week: {counts}", counts=counts_text(progress.this_week)))
    parts.append(T("In all: {counts}", counts=counts_text(progress.since_ever)))
    turn.whisper(Lines(*parts), _buttons(progress))


def _workshop(workshop: Workshop) -> list[Node]:
    name = Bold(Words(workshop.community.name))
    if workshop.hosted:
        return [Seq(name, T(" (host)"))]
    return [name, *map(_due, workshop.dues)]


def _due(due: Due) -> Node:
    what = owed_text(due.rule)
    if due.excused_until is not None:
        return T("· {what}: excused until {day}", what=what, day=due.excused_until.isoformat())
    if due.settled:
        return T("✓ {what}: {done}/{needed}, all in", what=what, done=due.done, needed=due.rule.needed)
    return T("· {what}: {done}/{needed}, due {due}", what=what, done=due.done, needed=due.rule.needed, due=due.due)


def _buttons(progress: MyProgress) -> Rows:
    rows: Rows = [[Button(T("Write a log"), "run:log", style="primary"), Button(T("My reminders"), "run:reminders")]]
    for workshop in progress.workshops:
        if workshop.hosted:
            label = T("Members of “{workshop}”", workshop=workshop.community.name)
            rows.append([Button(label, f"progress.members:{workshop.community.pid}")])
    return rows


def press_members(turn: Turn, argument: str) -> None:
    """The figures of a workshop's members, a page at a time."""
    pid, _, page = argument.partition(":")
    first = read_number(page, 5) or 0
    progress = member_progress(turn.ctx, pid)
    shown = progress.members[first : first + PAGE]
    lines: list[Node] = []
    for _, sums in shown:
        owed = [Seq(Words("　"), owed_text(each.rule), Words(" "), owing_text(sums, each)) for each in progress.owing]
        line = T("{name}: {counts}", name=sums.name, counts=counts_text(sums.since_ever))
        lines.append(Seq(line, *owed) if sums.role == "member" else line)
    head = T("“{workshop}”: {n} people", workshop=progress.community.name, n=len(progress.members))
    rows: Rows = [[Button(T("As a spreadsheet"), f"progress.export:{pid}")]]
    if first + PAGE < len(progress.members):
        rows[0].append(Button(T("More"), f"progress.members:{pid}:{first + PAGE}"))
    turn.whisper(Lines(Bold(head), *lines), rows)


def press_export(turn: Turn, pid: str) -> None:
    """The spreadsheet, privately."""
    sheet = export_progress(turn.ctx, pid)
    turn.whisper(T("Here is the spreadsheet. It holds names: please keep it to yourself."), files=[sheet.pid])


def handle_export(turn: Turn) -> None:
    """导出: the spreadsheet of this room's workshop, of the only one that I look after, or of one that I choose."""
    none = T("You look after no workshop, so there are no figures to export.")
    with_workshop(turn, "monitor", "progress.export", press_export, none, name=turn.args)


FEATURE = Feature(
    commands=(
        Command("me", ("我的进度", "进度", "progress"), T("my workshops, what is due, what I did"), handle_me,
                asides=("我的",)),
        Command("export", ("导出", "export"), T("a workshop's progress as a spreadsheet"), handle_export, who=LEADER),
    ),
    buttons=(("progress.members", press_members), ("progress.export", press_export)),
)
