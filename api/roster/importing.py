"""Importing a roster in chunks: adds and updates by stable keys; the same file twice changes nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from api.context import Context
from api.roster.reading import Row
from api.roster.service import Chunk, import_rows
from api.runtime import Runtime
from storage import roster
from storage.people import Person

CHUNK = 200  # adding 200 people holds the writer about 100 ms
TOGETHER = 2000  # of rows that take accounts from each other
COUNTS = ("regions", "schools", "added", "changed", "unchanged", "transferred", "appointed", "ended")
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Absent:
    """Somebody of an imported school whom the file does not name. Listed, never removed."""

    pid: str
    name: str
    staff_no: str
    school: str


@dataclass(slots=True)
class Report(Chunk):
    """What an import did: all of its chunks together, and who is not in the file any more."""

    rows: int = 0
    absent: list[Absent] = field(default_factory=list)

    def add(self, chunk: Chunk) -> None:
        """Count what a chunk did."""
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + getattr(chunk, name))
        self.rejected += chunk.rejected
        self.taken += chunk.taken
        self.notes += chunk.notes
        self.school_ids |= chunk.school_ids
        self.person_ids |= chunk.person_ids
        self.keys |= chunk.keys
        self.accounts |= chunk.accounts


async def import_roster(runtime: Runtime, rows: Sequence[Row], progress: Progress | None = None, *,
                        actor_id: int | None = None) -> Report:  # fmt: skip
    """Import rows, 200 per transaction, so that nobody waits long behind it. `progress(done, total)`.

    Without `actor_id` it is the command line, which may everything; a person needs "roster" in each region.
    A crash half way leaves whole chunks: importing again goes on.
    """
    report = Report(rows=len(rows))

    async def take_in(part: Sequence[Row]) -> None:
        chunk = await runtime.transact(
            import_rows, part, report.keys, report.accounts, actor_id=actor_id,
            via="cli" if actor_id is None else "chat", system=actor_id is None,
        )  # fmt: skip
        report.add(chunk)

    for start in range(0, len(rows), CHUNK):
        await take_in(rows[start : start + CHUNK])
        if progress:
            progress(min(start + CHUNK, len(rows)), len(rows))
    # whose account somebody else had: who that was may have given it up meanwhile, or gives it up with them
    again, report.taken = [row for row, _ in report.taken], []
    for start in range(0, len(again), TOGETHER):
        await take_in(again[start : start + TOGETHER])
    report.rejected += [(row.number, why) for row, why in report.taken]
    report.rejected.sort(key=lambda pair: pair[0])
    report.notes.sort(key=lambda pair: pair[0])
    report.absent = await runtime.read(
        list_absent, sorted(report.school_ids), report.person_ids, actor_id=actor_id, system=actor_id is None
    )
    return report


def list_absent(ctx: Context, school_ids: Sequence[int], person_ids: set[int]) -> list[Absent]:
    """People of the schools who are not among the people of the file."""
    found: list[tuple[Person, str]] = []
    for start in range(0, len(school_ids), CHUNK):
        found += roster.people_at(ctx.session, school_ids[start : start + CHUNK])
    return [Absent(p.pid, p.name, p.staff_no or "", school) for p, school in found if p.id not in person_ids]
