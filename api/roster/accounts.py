"""The Matrix accounts that a list names: each is one person's, in the file as in the database."""

from collections.abc import Mapping, Sequence

from api.context import Context
from api.errors import Conflict
from api.messaging.tree import T
from api.roster.reading import Row
from storage import roster
from storage.communities import Community
from storage.people import Person
from storage.whose import LISTED, people_of


class Accounts:
    """Who has which account, for some rows. `earlier`: account -> who stands for it further up in the file."""

    def __init__(self, ctx: Context, earlier: Mapping[str, str]) -> None:
        self.ctx, self.earlier = ctx, earlier
        self.named: dict[str, str] = {}

    def name(self, row: Row) -> None:
        """A row names an account. Raises Conflict naming both where another row did."""
        account = row.values.get("matrix_id")
        if not account:
            return
        if (other := self.earlier.get(account) or self.named.get(account)) is not None:
            raise _taken(account, other, row)
        self.named[account] = _called(row.values["name"], row.values["staff_no"])

    def conflicts(self, good: Mapping[int, Sequence[tuple[Row, Community]]]) -> dict[int, Conflict]:
        """What is wrong with rows (their number), by region: their account is somebody else's by now.

        Who gets another account from the same rows gives theirs up, and so does who was taken off the roster.
        """
        rows = {(region, row.values["staff_no"]): row for region, pairs in good.items() for row, _ in pairs}
        wanted = {account: (key, row) for key, row in rows.items() if (account := row.values.get("matrix_id"))}
        roster.free_accounts(self.ctx.session, list(wanted))
        found: dict[int, Conflict] = {}
        for account, person in people_of(self.ctx.session, LISTED, list(wanted)).items():
            key, row = wanted[account]
            holds = person.region_id or 0, person.staff_no or ""
            if holds != key and not _gives_up(person, account, rows.get(holds)):
                found[row.number] = _taken(account, _called(person.name, person.staff_no or ""), row)
        return found


def _gives_up(person: Person, account: str, row: Row | None) -> bool:
    new = row.values.get("matrix_id") if row is not None else None
    return person.matrix_id == account and bool(new) and new != account


def _called(name: str, number: str) -> str:
    return f"{name}（{number}）" if number else name


def _taken(account: str, other: str, row: Row) -> Conflict:
    name = _called(row.values["name"], row.values["staff_no"])
    say = T("The Matrix account {account} is {other}'s: it cannot be {name}'s, too.", account=account, other=other,
            name=name)  # fmt: skip
    return Conflict("roster.account_taken", say)
