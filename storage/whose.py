"""Whose an account is, and which account a person has: as it was bound, as the authority's list has it, as a template
makes it of the staff number (C2). Only Matrix accounts stand on lists. Who was removed or erased has none.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from functools import cache
from typing import Any

from sqlalchemy import String, and_, bindparam, exists, func, literal, null, or_, select
from sqlalchemy.orm import Session, aliased

from storage.matrixids import MARK, account_of, number_of
from storage.people import PRESENT, Identity, Person
from storage.writing import among

LISTED = "matrix"


def accounts_of(session: Session, platform: str, person_ids: Iterable[int], template: str = "") -> dict[int, str]:
    """The account of each of these people on a platform, by person: the one in use that they spoke from last, else the
    one on the list, else the template's, else one that they do not speak to us from any more. One query for all.

    What belongs to somebody else, or was unbound by its owner, is nobody's by list or template; nor is what fits two.
    """
    query, values = _accounts_query(platform == LISTED, template), {"platform": platform, "people": list(person_ids)}
    found: dict[int, str] = {}
    for person, matrix_id, number, native, state, rival, owner, parted in session.execute(query, values):
        if person in found:
            continue
        account = native if state == "active" else None
        if account is None and platform == LISTED and not rival and (owner == person or not (owner or parted)):
            account = matrix_id or account_of(template, number or "")
        if account or native:
            found[person] = account or native
    return found


@cache
def _accounts_query(on_list: bool, template: str) -> Any:
    """Built once: to build it takes longer than to ask it."""
    bound, taken = aliased(Identity), aliased(Identity)
    platform: Any = bindparam("platform")
    listed: Any = _listed(template) if on_list else null()
    return (
        select(Person.id, Person.matrix_id, Person.staff_key, bound.native, bound.state, _rival(listed))
        .add_columns(taken.person_id, taken.parted_at)
        .outerjoin(bound, and_(bound.person_id == Person.id, bound.platform == platform))
        .outerjoin(taken, and_(taken.platform == platform, taken.native == listed))
        .where(among(Person.id, "people"), *PRESENT)
        .order_by(Person.id, bound.state, bound.last_spoke_at.desc().nulls_last(), bound.id)  # active before gone
    )


def _listed(template: str) -> Any:
    """What the list, or the template, calls a person's account, in SQL."""
    if not template:
        return Person.matrix_id
    before, _, after = template.partition(MARK)
    made = literal(before, String) + Person.staff_key + literal(after, String)
    return func.coalesce(Person.matrix_id, made)


def _rival(listed: Any) -> Any:
    """Whether the same account would be somebody else's, too."""
    other = aliased(Person)
    here = (other.removed_at.is_(None), other.erased_at.is_(None), other.id != Person.id)
    alike = and_(Person.matrix_id.is_(None), other.matrix_id.is_(None), other.staff_key == Person.staff_key)
    return or_(exists().where(*here, other.matrix_id == listed), exists().where(*here, alike))


def people_of(session: Session, platform: str, natives: Collection[str], template: str = "") -> dict[str, Person]:
    """Whose these accounts are, by account; without those that are nobody's. Two queries at most.

    A bound account is its person's. Else the list decides, else the template: where exactly one person fits, and nobody
    unbound that account before.
    """
    known = select(Identity.native, Identity.person_id, Identity.parted_at, Person).outerjoin(
        Person, and_(Person.id == Identity.person_id, *PRESENT)
    )
    here = (Identity.platform == platform, among(Identity.native, "natives"))
    rows = session.execute(known.where(*here), {"natives": list(natives)}).all() if natives else []
    found = {native: person for native, _, _, person in rows if person is not None}
    decided = {native for native, owner, parted, _ in rows if owner is not None or parted is not None}
    rest = [native for native in natives if native not in decided]
    return found | _people_listed(session, rest, template) if platform == LISTED and rest else found


def _people_listed(session: Session, accounts: Collection[str], template: str) -> dict[str, Person]:
    numbers = {number: one for one in accounts if (number := number_of(template, one)) is not None}
    by_list = among(Person.matrix_id, "accounts")
    by_number = and_(Person.matrix_id.is_(None), among(Person.staff_key, "numbers"))
    query = select(Person).where(or_(by_list, by_number) if numbers else by_list, *PRESENT)
    values = {"accounts": list(accounts), **({"numbers": list(numbers)} if numbers else {})}
    listed, made = defaultdict[str, list[Person]](list), defaultdict[str, list[Person]](list)
    for person in session.scalars(query, values):
        if person.matrix_id is not None:
            listed[person.matrix_id].append(person)
        elif person.staff_key is not None:
            made[numbers[person.staff_key]].append(person)
    fitting = made | listed  # the list goes first
    return {account: people[0] for account, people in fitting.items() if len(people) == 1}


def person_of(session: Session, platform: str, native: str, template: str = "") -> Person | None:
    """Whose an account is: see `people_of`."""
    return people_of(session, platform, [native], template).get(native)
