"""One chunk of a roster, in one transaction: regions, schools, people, transfers, offices."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from api.access import NAMES, today_in
from api.context import Context
from api.errors import NotFound, Problem
from api.messaging.outbox import tell_person
from api.messaging.tree import Node, T
from api.records.service import audit
from api.roster.accounts import Accounts
from api.roster.places import BETWEEN, Places
from api.roster.reading import Row
from storage import roster
from storage.communities import Appointment, Community, Membership, Transfer
from storage.people import Person

Key = tuple[int, str]  # who a person is to the authority: region (its id) and staff number
# what a roster calls an office: where it is held, and its name here
OFFICES: dict[str, tuple[str, str]] = {
    "校长": ("school", "principal"), "principal": ("school", "principal"),
    "学校管理员": ("school", "school_admin"), "管理员": ("school", "school_admin"),
    "school_admin": ("school", "school_admin"), "school administrator": ("school", "school_admin"),
    "校级培训者": ("school", "school_trainer"), "教研组长": ("school", "school_trainer"),
    "骨干教师": ("school", "school_trainer"),
    "school_trainer": ("school", "school_trainer"), "school trainer": ("school", "school_trainer"),
    "县级培训者": ("region", "county_trainer"), "区县培训者": ("region", "county_trainer"),
    "教研员": ("region", "county_trainer"),
    "county_trainer": ("region", "county_trainer"), "county trainer": ("region", "county_trainer"),
    "专家": ("region", "expert"), "expert": ("region", "expert"),
    "区域管理员": ("region", "region_admin"), "县级管理员": ("region", "region_admin"),
    "region_admin": ("region", "region_admin"), "region administrator": ("region", "region_admin"),
    "培训机构管理员": ("region", "provider_admin"), "provider_admin": ("region", "provider_admin"),
}  # fmt: skip
NO_OFFICE = {"教师", "老师", "任课教师", "班主任", "teacher", "-", "无"}


@dataclass(slots=True)
class Chunk:
    """What a chunk did. `rejected`: (row number, why); `notes`: (row number, what is worth a look)."""

    regions: int = 0
    schools: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    transferred: int = 0
    appointed: int = 0
    ended: int = 0  # offices that somebody held at a school they left
    rejected: list[tuple[int, Node]] = field(default_factory=list)
    notes: list[tuple[int, Node]] = field(default_factory=list)
    school_ids: set[int] = field(default_factory=set)
    person_ids: set[int] = field(default_factory=set)
    keys: dict[Key, int] = field(default_factory=dict)  # and the number of the row that has it
    accounts: dict[str, Row] = field(default_factory=dict)  # on Matrix, and the row that names them
    taken: list[tuple[Row, Node]] = field(default_factory=list)  # left out: their account is somebody else's by now


def import_rows(ctx: Context, rows: Sequence[Row], seen: Mapping[Key, int], listed: Mapping[str, Row]) -> Chunk:
    """Import at most 2000 rows. `seen` are the keys of earlier chunks: a number stands once in a region; `listed` their
    Matrix accounts.

    What is empty in the file stays as it is; nobody is removed. A person is found by region and staff number.
    """
    chunk = Chunk()
    places, accounts = Places(ctx), Accounts(ctx, listed)
    good: dict[int, list[tuple[Row, Community]]] = defaultdict(list)
    places.load(row.values["region"] for row in rows if row.fault is None and row.values.get("region"))
    regions: dict[int, Community] = {}
    for row in rows:
        try:
            region, school = _place(row, places, seen, chunk)
            accounts.name(row)
        except Problem as problem:
            chunk.rejected.append((row.number, problem.say))
            continue
        regions[region.id] = region
        good[region.id].append((row, school))
        chunk.school_ids.add(school.id)
    chunk.regions, chunk.schools, chunk.accounts = places.regions_added, places.schools_added, accounts.named
    taken = accounts.conflicts(good)
    chunk.taken = [(row, taken[row.number].say) for row in rows if row.number in taken]
    for region_id, pairs in good.items():
        _import_people(ctx, chunk, regions[region_id], [pair for pair in pairs if pair[0].number not in taken])
    if chunk.added or chunk.changed:
        audit(ctx, "roster.imported", added=chunk.added, changed=chunk.changed, transferred=chunk.transferred)
    return chunk


def _place(row: Row, places: Places, seen: Mapping[Key, int], chunk: Chunk) -> tuple[Community, Community]:
    if row.fault is not None:
        raise NotFound("roster.row", row.fault)
    region = places.region(row.values["region"])
    chunk.notes += [(row.number, say) for say in places.notes]
    places.notes.clear()
    key = (region.id, row.values["staff_no"])  # one region may be written in two ways: "county", "city/county"
    if seen.get(key, row.number) != row.number or key in chunk.keys:
        say = T("The staff number {number} stands in the file twice for this region.", number=key[1])
        raise NotFound("roster.twice", say)
    school = places.school(region, row.values["school"], row.values.get("school_code", ""))
    chunk.keys[key] = row.number
    return region, school


def _import_people(ctx: Context, chunk: Chunk, region: Community, pairs: Sequence[tuple[Row, Community]]) -> None:
    numbers = [row.values["staff_no"] for row, _ in pairs]
    known = {person.staff_no: person for person in roster.people_by_number(ctx.session, region.id, numbers)}
    _note_namesakes(ctx, chunk, [pair for pair in pairs if pair[0].values["staff_no"] not in known])
    moves: list[tuple[Row, Person, int, Community]] = []
    placed: list[tuple[Row, Person, Community]] = []
    for row, school in pairs:
        person = known.get(row.values["staff_no"])
        if person is None:
            person = _new_person(ctx, row, region, school)
            chunk.added += 1
        else:
            changed = _update(person, row)
            if person.school_id != school.id:
                if person.school_id is not None:
                    moves.append((row, person, person.school_id, school))
                    chunk.transferred += 1
                person.school_id, changed = school.id, True
            chunk.changed += changed
            chunk.unchanged += not changed
        placed.append((row, person, school))
    ctx.session.flush()
    chunk.person_ids |= {person.id for _, person, _ in placed}
    if moves:
        _transfer(ctx, [(person, old, new) for _, person, old, new in moves])
        _end_offices(ctx, chunk, moves, region)
    _appoint(ctx, chunk, placed, region)


def _note_namesakes(ctx: Context, chunk: Chunk, new: Sequence[tuple[Row, Community]]) -> None:
    """Somebody let in by their school without a number may be the same person: nobody but the school can tell."""
    names = {row.values["name"] for row, _ in new}
    there = roster.people_without_number(ctx.session, {school.id for _, school in new}, names) if new else {}
    for row, school in new:
        if (pid := there.get((school.id, row.values["name"]))) is not None:
            say = T("{name} was at this school without a staff number already ({id}), and is on the list twice now. "
                    "If that is one person: gongfang person erase {id}", name=row.values["name"], id=pid)  # fmt: skip
            chunk.notes.append((row.number, say))


def _new_person(ctx: Context, row: Row, region: Community, school: Community) -> Person:
    person = Person(
        name=row.values["name"], staff_no=row.values["staff_no"], region_id=region.id, school_id=school.id,
        subject=row.values.get("subject", ""), stage=row.values.get("stage", ""), email=row.values.get("email") or None,
        matrix_id=row.values.get("matrix_id") or None, language=school.language, created_at=ctx.now,
    )  # fmt: skip
    ctx.session.add(person)
    return person


def _update(person: Person, row: Row) -> bool:
    changed = person.removed_at is not None
    person.removed_at = None
    for column in ("name", "subject", "stage", "email", "matrix_id"):
        value = row.values.get(column)
        if value and getattr(person, column) != value:
            setattr(person, column, value)
            changed = True
    return changed


def _transfer(ctx: Context, moves: Sequence[tuple[Person, int, Community]]) -> None:
    """Write the changes of school down; memberships in the old school end, and go on in the new one."""
    people = [person.id for person, _, _ in moves]
    places = {place for _, old, new in moves for place in (old, new.id)}
    held = {(m.person_id, m.community_id): m for m in roster.memberships_at(ctx.session, people, places)}
    by = ctx.actor.id if ctx.actor else None
    for person, old, new in moves:
        ctx.session.add(Transfer(person_id=person.id, from_id=old, to_id=new.id, at=ctx.now, by=by))
        before = held.get((person.id, old))
        if before is None or before.status != "active":
            continue
        before.status, before.ended_at = "left", ctx.now
        after = held.get((person.id, new.id)) or Membership(person_id=person.id, community_id=new.id, since=ctx.now)
        after.role, after.status, after.since, after.ended_at = "member", "active", ctx.now, None
        ctx.session.add(after)


def _end_offices(ctx: Context, chunk: Chunk, moves: Sequence[tuple[Row, Person, int, Community]],
                 region: Community) -> None:  # fmt: skip
    """An office is held at a place: who leaves a school gives its offices up, and with them the right to its people."""
    held = roster.appointments_at(
        ctx.session, [person.id for _, person, _, _ in moves], {old for _, _, old, _ in moves}, today_in(ctx, region)
    )
    for row, person, old, _ in moves:
        for one in held.get((person.id, old), ()):
            school = ctx.session.get_one(Community, old)
            one.ended_at, one.ended_by = ctx.now, ctx.actor.id if ctx.actor else None
            audit(ctx, "appointment.ended", f"appointment:{one.pid}", school, office=one.office, person=person.pid)
            role = {"office": NAMES[one.office], "place": school.name}
            tell_person(ctx, person.id, T("Your appointment as {office} of “{place}” has ended. Thank you!", **role))
            chunk.ended += 1
            say = T("{name} changed school and is no longer {office} of {place}.", name=person.name, **role)
            chunk.notes.append((row.number, say))


def _appoint(ctx: Context, chunk: Chunk, placed: Sequence[tuple[Row, Person, Community]], region: Community) -> None:
    """Offices of the column 职务 that are not held yet. Words that name none are told, not guessed."""
    wanted = [(row, person, school) for row, person, school in placed if row.values.get("office")]
    today = today_in(ctx, region)
    held = roster.offices_of(ctx.session, [person.id for _, person, _ in wanted], today)
    by = ctx.actor.id if ctx.actor else None
    for row, person, school in wanted:
        for word in BETWEEN.split(row.values["office"]):
            if word.lower() in NO_OFFICE or not word:
                continue
            if word.lower() not in OFFICES:
                say = T("“{word}” is not an office that I know; it was left out.", word=word)
                chunk.notes.append((row.number, say))
                continue
            where, office = OFFICES[word.lower()]
            place = school if where == "school" else region
            if (person.id, place.id, office) in held:
                continue
            held.add((person.id, place.id, office))
            ctx.session.add(
                Appointment(person_id=person.id, community_id=place.id, office=office, since=today, appointed_by=by)
            )
            audit(ctx, "appointed", f"person:{person.pid}", place, office=office, by="roster")
            chunk.appointed += 1
