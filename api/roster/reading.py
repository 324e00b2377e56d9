"""From a spreadsheet or CSV file to rows: columns found by their Chinese or English headings."""

import csv
import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from io import BytesIO, StringIO
from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile, ZipFile

from api.errors import Invalid, TooLarge
from api.messaging.tree import Lines, Node, T
from storage.matrixids import LONGEST, read_user_id

HEADINGS: dict[str, tuple[str, ...]] = {
    "region": ("地区", "区县", "区域", "县区", "县", "region", "county", "district"),
    "school": ("学校", "学校名称", "单位", "工作单位", "所在学校", "school", "school name"),
    "school_code": ("学校代码", "学校编码", "学校标识码", "单位代码", "school code"),
    "name": ("姓名", "教师姓名", "名字", "name", "full name"),
    "staff_no": ("工号", "教师编号", "教工号", "人员编号", "继教号", "staff number", "staff no", "staff_no", "number"),
    "subject": ("学科", "任教学科", "subject"),
    "stage": ("学段", "任教学段", "stage"),
    "email": ("邮箱", "电子邮箱", "邮件", "email", "e-mail", "mail"),
    "matrix_id": ("Matrix账号", "matrix", "matrix账号", "matrix帐号", "matrix id", "matrix_id", "matrix account"),
    "office": ("职务", "任职", "角色", "office", "role", "position"),
}
NEEDED = ("region", "school", "name", "staff_no")
LIMITS = {
    "region": 120, "school": 120, "school_code": 40, "name": 80, "staff_no": 40, "subject": 40, "stage": 40,
    "email": 254, "matrix_id": LONGEST,
}  # fmt: skip
LOOK_FOR_HEADINGS = 10  # a title or a note may stand above them
MOST_ROWS = 200_000
MOST_CELLS, MOST_BYTES = 10_000_000, 500 * 2**20  # of a sheet, unfolded
CELL = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"')
ENDINGS = (".xlsx", ".xls", ".ods", ".csv", ".txt")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
PADDING = re.compile(r"(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])")
ID_CARD = re.compile(r"\d{17}[\dXx]")
# 2.02601E+11: a long number as a spreadsheet writes it into a CSV file
SCIENTIFIC = re.compile(r"\d(\.\d+)?E\+\d+", re.IGNORECASE)
ERROR = re.compile(r"#(N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!)", re.IGNORECASE)
LOST_DIGITS = T("A long number was kept as a number: its last digits are lost. Format the column as text.")


@dataclass(slots=True)
class Row:
    """One line: `number` as the file's reader sees it (from 1), cleaned values by column, and why it cannot be used."""

    number: int
    values: dict[str, str] = field(default_factory=dict)
    fault: Node | None = None


def read_roster(source: Path | bytes, name: str = "") -> list[Row]:
    """The rows of a file (.xlsx, .xls, .ods, .csv in UTF-8 or GB18030); empty ones are left out.

    Raises Invalid when it cannot be read or a needed column is missing, naming what is allowed.
    """
    data = source if isinstance(source, bytes) else source.read_bytes()
    name = (name or (source.name if isinstance(source, Path) else "")).lower()
    if not name.endswith(ENDINGS):
        allowed = " ".join(ENDINGS)
        raise Invalid("roster.format", T("I can read these files: {allowed}", allowed=allowed), allowed=list(ENDINGS))
    sheets = [("", _csv(data))] if name.endswith((".csv", ".txt")) else _sheets(data)
    looked: list[str] = []
    nearest: dict[int, str] = {}
    for title, lines in sheets:
        if len(lines) > MOST_ROWS:
            raise TooLarge("roster.too_long", T("At most {limit} rows at once.", limit=MOST_ROWS), limit=MOST_ROWS)
        at, columns = _find_headings(lines[:LOOK_FOR_HEADINGS])
        if not _missing(columns):
            rows = (_row(number, cells, columns) for number, cells in enumerate(lines, 1) if number > at)
            return [row for row in rows if row.fault is not None or any(row.values.values())]
        looked.append(title)
        nearest = max(nearest, columns, key=len)
    raise _no_headings(nearest, looked)


def _csv(data: bytes) -> list[Sequence[Any]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError:
            raise _unreadable() from None
    if "\0" in text:
        raise _unreadable()
    first = text.splitlines()[0] if text.splitlines() else ""
    delimiter = max(",\t;", key=first.count)
    try:
        return list(csv.reader(StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise _unreadable() from error


def _sheets(data: bytes) -> Iterator[tuple[str, list[Sequence[Any]]]]:
    """(name, lines) of each sheet of a workbook: a note on how to fill it in may come first."""
    from python_calamine import CalamineError, CalamineWorkbook

    _check_extent(data)
    try:
        book = CalamineWorkbook.from_filelike(BytesIO(data))
        for title in book.sheet_names:
            yield title, list(book.get_sheet_by_name(title).to_python(skip_empty_area=False))
    except (CalamineError, ValueError, OSError) as error:
        raise _unreadable() from error


def _check_extent(data: bytes) -> None:
    """Refuse a workbook that unfolds to more than the memory holds: the reader lays out every cell up to the last one,
    so that one stray mark in the farthest corner would end the process."""
    if not data.startswith(b"PK"):
        return
    try:
        with ZipFile(BytesIO(data)) as archive:
            for name in archive.namelist():
                if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                    with archive.open(name) as sheet:
                        _check_sheet(sheet)
    # what zipfile raises: broken, torn or damaged; a compression that it does not know; locked by a password
    except (BadZipFile, OSError, zlib.error, NotImplementedError, RuntimeError) as error:
        raise _unreadable() from error


def _check_sheet(sheet: IO[bytes]) -> None:
    rows = columns = size = 0
    rest = b""
    while piece := sheet.read(1 << 20):
        size += len(piece)
        for found in CELL.finditer(rest + piece):
            columns = max(columns, reduce(lambda sum, letter: sum * 26 + letter - 64, found[1], 0))
            rows = max(rows, int(found[2]))
        if size > MOST_BYTES or rows * columns > MOST_CELLS:
            raise TooLarge("roster.too_long", T("At most {limit} rows at once.", limit=MOST_ROWS), limit=MOST_ROWS)
        rest = piece[-20:]


def _unreadable() -> Invalid:
    say = T("This file cannot be read. Save it as .xlsx, or as .csv in UTF-8, and try again.")
    return Invalid("roster.unreadable", say)


def _find_headings(lines: Iterable[Sequence[Any]]) -> tuple[int, dict[int, str]]:
    """(line from 1, its columns) of the line that names all columns that are needed, or else most columns."""
    known = {heading.replace(" ", ""): column for column, headings in HEADINGS.items() for heading in headings}
    best: tuple[int, dict[int, str]] = 0, {}
    for number, cells in enumerate(lines, 1):
        found: dict[int, str] = {}
        for n, cell in enumerate(cells):
            column = known.get(re.sub(r"[\s*]+", "", clean(cell)).lower())
            if column and column not in found.values():
                found[n] = column
        if not _missing(found):
            return number, found
        best = max(best, (number, found), key=lambda line: len(line[1]))
    return best


def _missing(columns: dict[int, str]) -> list[str]:
    return [HEADINGS[column][0] for column in NEEDED if column not in columns.values()]


def _no_headings(columns: dict[int, str], sheets: Sequence[str]) -> Invalid:
    missing = " / ".join(_missing(columns))
    others = " / ".join(headings[0] for column, headings in HEADINGS.items() if column not in NEEDED)
    say: Node = T("These columns are missing: {missing}. The first row names them; also understood: {others}",
                  missing=missing, others=others)  # fmt: skip
    if len(sheets) > 1:
        say = Lines(say, T("I looked at the sheets {sheets}.", sheets=", ".join(sheets)))
    return Invalid("roster.columns", say)


def _row(number: int, cells: Sequence[Any], columns: dict[int, str]) -> Row:
    row = Row(number)
    for n, column in columns.items():
        cell = cells[n] if n < len(cells) else ""
        # a spreadsheet keeps 15 digits of a number: a longer one has already lost its end
        if isinstance(cell, float | int) and not isinstance(cell, bool) and abs(cell) >= 1e15:
            row.fault = LOST_DIGITS
        text = clean(cell)
        row.values[column] = "" if ERROR.fullmatch(text) else text  # what a workbook shows so is an empty cell, too
    row.fault = row.fault or next(_faults(row.values), None)
    row.values["matrix_id"] = read_user_id(row.values.get("matrix_id", "")) or ""
    return row


def _faults(values: dict[str, str]) -> Iterator[Node]:
    """Why a row cannot be used; an empty row has no fault, it is not there."""
    if not any(values.values()):
        return
    lacking = [HEADINGS[column][0] for column in NEEDED if not values[column]]
    if lacking:
        yield T("Empty: {columns}", columns=" / ".join(lacking))
    if any(SCIENTIFIC.fullmatch(values.get(column, "")) for column in ("staff_no", "school_code")):
        yield LOST_DIGITS
    if ID_CARD.fullmatch(values["staff_no"]):
        yield T("The staff number looks like an identity card number. Those are not kept here: use the staff number.")
    for column, limit in LIMITS.items():
        if len(values.get(column, "")) > limit:
            yield T("{column} is longer than {limit} characters.", column=HEADINGS[column][0], limit=limit)
    if values.get("email") and not EMAIL.fullmatch(values["email"]):
        yield T("This is not an e-mail address: {text}", text=values["email"])
    if (text := values.get("matrix_id")) and read_user_id(text) is None:
        yield T("This is not a Matrix account: {text}. One looks like @name:example.org", text=text)


def clean(cell: Any) -> str:
    """A cell, or what somebody typed, as people read it: 1001.0 is 1001; the space that pads 张　强 is not its own."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = unicodedata.normalize("NFKC", str(cell if cell is not None else ""))
    return PADDING.sub("", re.sub(r"[\s\u200b\ufeff]+", " ", text)).strip()
