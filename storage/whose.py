"""Whose an account is, and which account somebody has on a platform."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.people import PRESENT, Identity, Person


def accounts_of(session: Session, platform: str, person_ids: Sequence[int], template: str = "") -> dict[int, str]:
    """person -> account on a platform."""
    query = (
        select(Identity.person_id, Identity.native)
        .join(Person, Person.id == Identity.person_id)
        .where(Identity.platform == platform, Identity.person_id.in_(person_ids), Identity.state == "active", *PRESENT)
        .order_by(Identity.last_spoke_at.nulls_first(), Identity.id)
    )
    return {person_id: native for person_id, native in session.execute(query) if person_id is not None}
