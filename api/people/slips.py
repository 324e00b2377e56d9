"""Claim codes to hand out, in the clear: a spreadsheet, and paper slips with QR codes.

A slip takes 2 ms to draw, a county's a quarter of a minute: draw them where no transaction is open.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from io import BytesIO

from api.context import Context
from api.i18n import gettext
from api.messaging.tree import T
from api.people.codes import IssuedCode
from api.people.websessions import page_url
from api.times import to_wall

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HTML = "text/html"
STYLE = """
@page { size: A4; margin: 10mm }
body { margin: 0; font: 10pt/1.4 "Noto Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif; color: #000 }
main { display: grid; grid-template-columns: 1fr 1fr }
article { box-sizing: border-box; height: 55mm; padding: 5mm; border: .3mm dashed #999; margin: -.15mm;
  display: grid; grid-template-columns: 1fr 30mm; gap: 4mm; break-inside: avoid; overflow: hidden }
h2 { margin: 0; font-size: 13pt } p { margin: .6mm 0 }
.code { font: bold 13pt ui-monospace, Consolas, monospace; letter-spacing: .04em; white-space: nowrap }
.qr svg { width: 30mm; height: 30mm; display: block } small { color: #333 }
"""
# Which of the eight masks is laid over a QR code is free (ISO/IEC 18004, 7.8). To weigh them all takes five times as
# long as the rest; this one is nearly the best for our links.
MASK = 0


@dataclass(frozen=True, slots=True)
class Slip:
    """What is written on a slip, for when the transaction that drew its code is over."""

    person_id: int
    pid: str
    school: str
    name: str
    number: str
    code: str  # grouped
    link: str
    expires_at: datetime
    until: datetime  # the same on the wall there


def slips_of(ctx: Context, issued: Sequence[IssuedCode]) -> list[Slip]:
    """What to write on the slips of codes."""
    return [
        Slip(one.person.id, one.person.pid, one.school, one.person.name, one.person.staff_no or "", one.code,
             claim_url(ctx, one), one.expires_at, to_wall(one.expires_at, ctx.zone()))
        for one in issued
    ]  # fmt: skip


def codes_xlsx(slips: Sequence[Slip], language: str) -> bytes:
    """A workbook: school, name, staff number, code, link, valid until. What people typed is never a formula or link."""
    # imported here: not everybody who binds an account makes spreadsheets
    from xlsxwriter import Workbook

    out = BytesIO()
    with Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet("codes")
        head = [T("School"), T("Name"), T("Staff number"), T("Claim code"), T("Link"), T("Valid until")]
        sheet.write_row(0, 0, [gettext(language, title.key) for title in head], book.add_format({"bold": True}))
        for n, one in enumerate(slips, 1):
            row = [one.school, one.name, one.number, one.code, one.link, f"{one.until:%Y-%m-%d %H:%M}"]
            sheet.write_row(n, 0, row)
        sheet.freeze_panes(1, 0)
        for column, width in enumerate((24, 12, 16, 18, 44, 18)):
            sheet.set_column(column, column, width)
    return out.getvalue()


def slips_html(slips: Sequence[Slip], language: str) -> bytes:
    """One self-contained page for A4, ten slips a sheet with lines to cut along; it asks nothing of the network."""
    title = escape(gettext(language, "Claim codes"))
    drawn = "".join([_draw(one, language) for one in slips])
    page = f"""<!doctype html>
<html lang="{"zh-CN" if language == "zh_CN" else "en"}"><head><meta charset="utf-8">
<title>{title}</title><style>{STYLE}</style></head><body><main>
{drawn}</main></body></html>
"""
    return page.encode()


def _draw(one: Slip, language: str) -> str:
    import segno

    until = f"{escape(gettext(language, 'Valid until'))} {one.until:%Y-%m-%d}"
    # without a size of its own the picture fills the place that the page gives it
    picture = segno.make(one.link, error="m", mask=MASK, micro=False).svg_inline(border=2, omitsize=True)
    how = gettext(language, "Scan, or send this code to the workshop assistant. It works once and is for you alone.")
    return f"""<article><div><h2>{escape(one.name)}</h2><p>{escape(one.school)}</p>
<p class="code">{one.code}</p><p>{escape(how)}</p><small>{until}</small></div>
<div class="qr">{picture}</div></article>
"""


def claim_url(ctx: Context, one: IssuedCode) -> str:
    """The link that a slip's QR code opens: a page that asks for a confirming press."""
    return page_url(ctx, f"/c/{one.code}")
