"""All that is stored about a person: handing it out, and erasing it. Each capability keeps its own part
(api.registry.PERSON_DATA)."""

import json
from datetime import date, datetime
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from api.context import Context
from api.errors import Conflict
from api.messaging.tree import T
from api.people.keeping import erase_people
from api.people.lookup import require_over
from api.records.service import audit
from api.registry import PERSON_DATA
from storage.people import Person

PEOPLE = "people"


def export_person(ctx: Context, person: Person) -> bytes:
    """A ZIP with one JSON file per capability. For the person, the region's administrators and the command line."""
    if ctx.actor is None or ctx.actor.id != person.id:
        require_over(ctx, person, "roster")
    audit(ctx, "person.exported", f"person:{person.pid}")
    ctx.session.flush()
    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        for capability, (export, _) in sorted(PERSON_DATA.items()):
            text = json.dumps(export(ctx, person), ensure_ascii=False, indent=1, default=_plain)
            archive.writestr(f"{capability}.json", text)
    return out.getvalue()


def erase_person(ctx: Context, person: Person) -> None:
    """Forget who somebody is, for good: what they did keeps counting, under an id that nobody can name any more.

    For the region's administrators and the command line. Raises Conflict when it was done before.
    """
    require_over(ctx, person, "roster")
    if person.erased_at is not None:
        raise Conflict("person.erased", T("This person was erased already."))
    for capability, (_, erase) in sorted(PERSON_DATA.items()):
        if capability != PEOPLE:  # last: the others may still need to know who it is
            erase(ctx, person)
    erase_people(ctx, person)
    audit(ctx, "person.erased", f"person:{person.pid}")


def _plain(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"not for an export: {type(value).__name__}")
