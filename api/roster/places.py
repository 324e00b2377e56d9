"""The regions and schools that a roster names: found by path, name or code, added where missing."""

import re
from collections import defaultdict
from collections.abc import Iterable

from api.access import require
from api.communities.tree import add_community, rename_community
from api.context import Context
from api.errors import NotFound, not_found
from api.messaging.tree import Node, T
from api.records.service import audit
from storage import roster
from storage.communities import Community

LEVELS = ("province", "city", "county")
BETWEEN = re.compile(r"\s*[/>、,;；|+]\s*")


class Places:
    """The regions and schools of some rows: looked up once, added where missing. `notes`: what was moved for it."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.regions_added = self.schools_added = 0
        self.notes: list[Node] = []
        self.regions: dict[tuple[int | None, str], list[Community]] = defaultdict(list)
        self.schools: dict[tuple[int, str], Community] = {}
        self.loaded: set[int] = set()
        self.allowed: set[int] = set()

    def load(self, texts: Iterable[str]) -> None:
        """Fetch every region that the texts name."""
        names = {part for text in texts for part in BETWEEN.split(text) if part}
        for region in roster.regions_named(self.ctx.session, names):
            self._remember(region)

    def _remember(self, region: Community) -> None:
        self.regions[region.parent_id, region.name].append(region)

    def region(self, text: str) -> Community:
        """The region "county" or "city/county" (loaded before); added when missing (by the command line only)."""
        parts = [part for part in BETWEEN.split(text) if part]
        region: Community | None = None
        for n, name in enumerate(parts):
            found = (self.regions[region.id, name] or self._adopt(name, region)) if region else self._anywhere(name)
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

    def _adopt(self, name: str, parent: Community) -> list[Community]:
        """Regions of that name which hang nowhere yet; a single one is the one that is meant, and moves under `parent`.

        It was written without the region above at first, by `gongfang admin create` for one.
        """
        lonely = [one for one in self.regions[None, name] if not parent.path.startswith(one.path)]
        if len(lonely) == 1 and self.ctx.system:
            roster.hang_under(self.ctx.session, lonely[0], parent)
            self.regions[None, name].remove(lonely[0])
            self._remember(lonely[0])
            audit(self.ctx, "region.moved", f"community:{lonely[0].pid}", parent)
            self.notes.append(T("The region {name} was there already and belongs to {parent} now.",
                                name=name, parent=parent.name))  # fmt: skip
        return lonely if self.ctx.system else []

    def _add_region(self, name: str, parent: Community | None, level: str) -> Community:
        if not self.ctx.system:
            raise NotFound("region.unknown", T("There is no region named {name}.", name=name))
        region = add_community(self.ctx, kind="region", name=name, parent=parent, level=level)
        self.regions_added += 1
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
            self.schools_added += 1
            self._remember_school(school)
        elif code and not school.code:
            school.code = code
            self._remember_school(school)
        elif by_code is not None and school.name != name:
            rename_community(self.ctx, school, name)
            self._remember_school(school)
        return school
