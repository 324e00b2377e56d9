"""One chunk of a roster, in one transaction: regions, schools, people, transfers, offices."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from api.access import require, today_in
from api.communities.tree import add_community, rename_community
from api.context import Context
from api.errors import NotFound, Problem, not_found
from api.messaging.tree import Node, T
from api.records.service import audit
from api.roster.reading import Row
from storage import roster
from storage.communities import Appointment, Community, Membership, Transfer
from storage.people import Person

LEVELS = ("province", "city", "county")
BETWEEN = re.compile(r"\s*[/>、,;；|+]\s*")
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
    """What a chunk did. `rejected`: (row number, why); `notes`: (row number, what was not used)."""

    regions: int = 0
    schools: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    transferred: int = 0
    appointed: int = 0
    rejected: list[tuple[int, Node]] = field(default_factory=list)
    notes: list[tuple[int, Node]] = field(default_factory=list)
    school_ids: set[int] = field(default_factory=set)
    person_ids: set[int] = field(default_factory=set)


def import_rows(ctx: Context, rows: Sequence[Row], seen: frozenset[tuple[str, str]] = frozenset()) -> Chunk:
    """Import at most 500 rows. `seen` are the keys (region, staff number) of earlier chunks: a number stands once.

    What is empty in the file stays as it is; nobody is removed. A person is found by region and staff number.
    """
    chunk = Chunk()
    places = _Places(ctx, chunk)
    keys = set(seen)
    good: dict[int, list[tuple[Row, Community]]] = defaultdict(list)
    places.load({row.values["region"] for row in rows if row.fault is None and row.values.get("region")})
    regions: dict[int, Community] = {}
    for row in rows:
        try:
            region, school = _place(row, places, keys)
        except Problem as problem:
            chunk.rejected.append((row.number, problem.say))
            continue
        regions[region.id] = region
        good[region.id].append((row, school))
        chunk.school_ids.add(school.id)
    for region_id, pairs in good.items():
        _import_people(ctx, chunk, regions[region_id], pairs)
    if chunk.added or chunk.changed:
        audit(ctx, "roster.imported", added=chunk.added, changed=chunk.changed, transferred=chunk.transferred)
    return chunk


def _place(row: Row, places: "_Places", keys: set[tuple[str, str]]) -> tuple[Community, Community]:
    if row.fault is not None:
        raise NotFound("roster.row", row.fault)
    key = (row.values["region"], row.values["staff_no"])
    if key in keys:
        say = T("The staff number {number} stands in the file twice for this region.", number=key[1])
        raise NotFound("roster.twice", say)
    region = places.region(row.values["region"])
    school = places.school(region, row.values["school"], row.values.get("school_code", ""))
    keys.add(key)
    return region, school


class _Places:
    """The regions and schools of a chunk: looked up once, added where missing."""

    def __init__(self, ctx: Context, chunk: Chunk) -> None:
        self.ctx, self.chunk = ctx, chunk
        self.regions: dict[tuple[int | None, str], list[Community]] = defaultdict(list)
        self.schools: dict[tuple[int, str], Community] = {}
        self.loaded: set[int] = set()
        self.allowed: set[int] = set()

    def load(self, texts: set[str]) -> None:
        """Fetch every region that the texts name."""
        names = {part for text in texts for part in BETWEEN.split(text) if part}
        for region in roster.regions_named(self.ctx.session, names):
            self._remember(region)

    def _remember(self, region: Community) -> None:
        self.regions[region.parent_id, region.name].append(region)

    def region(self, text: str) -> Community:
        """The region "county" or "city/county"; added when missing (by the command line only)."""
        parts = [part for part in BETWEEN.split(text) if part]
        region: Community | None = None
        for n, name in enumerate(parts):
            found = self.regions[region.id, name] if region else self._anywhere(name)
            if len(found) > 1:
                say = T("There are several regions named {name}. Write it with the one above: city/county.", name=name)
                raise NotFound("region.ambiguous", say)
            region = found[0] if found else self._add_region(name, region, LEVELS[max(0, 3 - len(parts) + n)])
        if region is None:
            raise not_found("region.unknown")
        if region.id not in self.allowed:
            require(self.ctx, "roster", region)
            self.allowed.add(region.id)
        if region.id not in self.loaded:
            self.loaded.add(region.id)
            for school in roster.schools_of_regions(self.ctx.session, [region.id]):
                self._remember_school(school)
        return region

    def _anywhere(self, name: str) -> list[Community]:
        return [region for (_, known), found in self.regions.items() if known == name for region in found]

    def _add_region(self, name: str, parent: Community | None, level: str) -> Community:
        if not self.ctx.system:
            raise NotFound("region.unknown", T("There is no region named {name}.", name=name))
        region = add_community(self.ctx, kind="region", name=name, parent=parent, level=level)
        self.chunk.regions += 1
        self._remember(region)
        return region

    def _remember_school(self, school: Community) -> None:
        assert school.parent_id is not None
        self.schools.setdefault((school.parent_id, f"name:{school.name}"), school)
        if school.code:
            self.schools[school.parent_id, f"code:{school.code}"] = school

    def school(self, region: Community, name: str, code: str) -> Community:
        """The school by its code, else by its name within the region; added when missing."""
        by_code = self.schools.get((region.id, f"code:{code}")) if code else None
        school = by_code or self.schools.get((region.id, f"name:{name}"))
        if school is not None and code and by_code is None and school.code:
            school = None  # another code: another school of the same name
        if school is None:
            school = add_community(self.ctx, kind="school", name=name, parent=region, code=code or None)
            self.chunk.schools += 1
            self._remember_school(school)
        elif code and not school.code:
            school.code = code
            self._remember_school(school)
        elif by_code is not None and school.name != name:
            rename_community(self.ctx, school, name)
            self._remember_school(school)
        return school


def _import_people(ctx: Context, chunk: Chunk, region: Community, pairs: Sequence[tuple[Row, Community]]) -> None:
    numbers = [row.values["staff_no"] for row, _ in pairs]
    known = {person.staff_no: person for person in roster.people_by_number(ctx.session, region.id, numbers)}
    moves: list[tuple[Person, int, Community]] = []
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
                    moves.append((person, person.school_id, school))
                    chunk.transferred += 1
                person.school_id, changed = school.id, True
            chunk.changed += changed
            chunk.unchanged += not changed
        placed.append((row, person, school))
    ctx.session.flush()
    chunk.person_ids |= {person.id for _, person, _ in placed}
    _transfer(ctx, moves)
    _appoint(ctx, chunk, placed, region)


def _new_person(ctx: Context, row: Row, region: Community, school: Community) -> Person:
    person = Person(
        name=row.values["name"], staff_no=row.values["staff_no"], region_id=region.id, school_id=school.id,
        subject=row.values.get("subject", ""), stage=row.values.get("stage", ""), email=row.values.get("email") or None,
        language=school.language, created_at=ctx.now,
    )  # fmt: skip
    ctx.session.add(person)
    return person


def _update(person: Person, row: Row) -> bool:
    changed = person.removed_at is not None
    person.removed_at = None
    for column in ("name", "subject", "stage", "email"):
        value = row.values.get(column)
        if value and getattr(person, column) != value:
            setattr(person, column, value)
            changed = True
    return changed


def _transfer(ctx: Context, moves: Sequence[tuple[Person, int, Community]]) -> None:
    """Write the changes of school down; memberships in the old school end, and go on in the new one."""
    if not moves:
        return
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
