"""A workshop's progress as a spreadsheet."""

from io import BytesIO

from api.access import NAMES
from api.attachments.service import Attachment, store_bytes
from api.context import Context
from api.i18n import gettext
from api.messaging.render import Reader, plain
from api.messaging.tree import Node, T
from api.progress.service import Owing, WorkshopProgress, sum_up_members
from api.progress.texts import COLUMNS
from api.records.service import audit
from api.reminders.texts import rule_text
from api.times import local_day
from storage.progress import MemberSums

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def export_progress(ctx: Context, workshop_pid: str) -> Attachment:
    """The progress of a workshop's members as an xlsx of who asks, in their language; audited."""
    progress = sum_up_members(ctx, workshop_pid)
    reader = ctx.reader(ctx.actor)
    day = local_day(ctx.now, reader.zone)
    name = f"{progress.community.name} {gettext(reader.language, 'Progress')} {day.isoformat()}.xlsx"
    audit(ctx, "progress.exported", f"community:{progress.community.pid}", progress.community, n=len(progress.members))
    return store_bytes(ctx, name, XLSX, write_sheet(progress, reader))


def write_sheet(progress: WorkshopProgress, reader: Reader) -> bytes:
    """One row per member: name, school, role, each count of all time and of this week, what is owed, the last day.

    People's words stay text: nothing typed becomes a formula, a link or a number.
    """
    import xlsxwriter

    buffer = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(buffer, options)
    page = book.add_worksheet()
    head = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    headings = _headings(progress, reader)
    page.write_row(0, 0, headings, head)
    for n, (_, sums) in enumerate(progress.members, 1):
        page.write_row(n, 0, _row(sums, progress.owing, reader))
    page.freeze_panes(1, 1)
    page.set_column(0, 1, 16)
    page.set_column(2, len(headings) - 1, 11)
    page.autofilter(0, 0, max(1, len(progress.members)), len(headings) - 1)
    book.close()
    return buffer.getvalue()


def _headings(progress: WorkshopProgress, reader: Reader) -> list[str]:
    nodes: list[Node] = [T("Name"), T("School"), T("Role")]
    for label in COLUMNS.values():
        nodes += [label, T("{what}, this week", what=label)]
    nodes += [T("{rule} (this time)", rule=rule_text(owing.rule)) for owing in progress.owing]
    nodes.append(T("Last active"))
    return [plain(node, reader) for node in nodes]


def _row(sums: MemberSums, owing: list[Owing], reader: Reader) -> list[str | int]:
    row: list[str | int] = [sums.name, sums.school, plain(NAMES[sums.role], reader)]
    for verb in COLUMNS:
        row += [sums.since_ever.get(verb, 0), sums.this_week.get(verb, 0)]
    row += [plain(owing_text(sums, each), reader) for each in owing]
    row.append(sums.last_day.isoformat() if sums.last_day else "")
    return row


def owing_text(sums: MemberSums, owing: Owing) -> Node:
    """How much of what a rule asks for is in: 1/2, excused, or nothing for those who owe nothing."""
    if sums.role != "member":
        return T("–")
    if sums.person_id in owing.excused:
        return T("excused")
    return T("{done}/{needed}", done=owing.handed_in.get(sums.person_id, 0), needed=owing.rule.needed)
