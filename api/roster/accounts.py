"""The Matrix accounts that a list names: each is one person's, in the file as in the database."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from api.context import Context
from api.errors import Conflict
from api.messaging.tree import Lines, Node, T
from api.roster.reading import Row
from storage import roster
from storage.communities import Community
from storage.people import Person
from storage.whose import LISTED, people_of


class Accounts:
    """Who has which account, for some rows. `earlier`: account -> the row that named it further up in the file."""

    def __init__(self, ctx: Context, earlier: Mapping[str, Row]) -> None:
        self.ctx, self.earlier = ctx, earlier
        self.named: dict[str, Row] = {}

    def name(self, row: Row) -> None:
        """A row names an account. Raises Conflict naming both where another row did."""
        account = row.values.get("matrix_id")
        if not account:
            return
        other = self.earlier.get(account) or self.named.get(account, row)
        if other.number != row.number:
            raise _taken(account, _called(other.values["name"], other.values["staff_no"]), row)
        self.named[account] = row

    def conflicts(self, good: Mapping[int, Sequence[tuple[Row, Community]]]) -> dict[int, Conflict]:
        """What is wrong with rows (their number), by region: their account is somebody else's by now.

        Who gets another account from the same rows gives theirs up, and so does who was taken off the roster. What
        somebody uses moves by no list.
        """
        rows = {(region, row.values["staff_no"]): row for region, pairs in good.items() for row, _ in pairs}
        wanted = {account: (key, row) for key, row in rows.items() if (account := row.values.get("matrix_id"))}
        roster.free_accounts(self.ctx.session, list(wanted))
        holders = people_of(self.ctx.session, LISTED, list(wanted))
        used = roster.used_accounts(self.ctx.session, LISTED, list(wanted))
        found: dict[int, Conflict] = {}
        waits: dict[int, list[tuple[int, Conflict]]] = defaultdict(list)  # whose holder keeps it if this row is refused
        for account, person in holders.items():
            key, row = wanted[account]
            holds = person.region_id or 0, person.staff_no or ""
            if holds == key:
                continue
            why = _taken(account, _called(person.name, person.staff_no or ""), row, account in used)
            if account not in used and (theirs := _giving_up(person, account, rows.get(holds))) is not None:
                waits[theirs.number].append((row.number, why))
            else:
                found[row.number] = why
        refused = [*found]
        while refused:
            for number, why in waits.get(refused.pop(), ()):
                found[number] = why
                refused.append(number)
        return found


def _giving_up(person: Person, account: str, row: Row | None) -> Row | None:
    """The row by which somebody gets another account than this one."""
    new = row.values.get("matrix_id") if row is not None else None
    return row if person.matrix_id == account and new and new != account else None


def _called(name: str, number: str) -> str:
    return f"{name}（{number}）" if number else name


def _taken(account: str, other: str, row: Row, used: bool = False) -> Conflict:
    name = _called(row.values["name"], row.values["staff_no"])
    say: Node = T("The Matrix account {account} is {other}'s: it cannot be {name}'s, too.", account=account,
                  other=other, name=name)  # fmt: skip
    if used:
        say = Lines(say, T("It is in use: its owner has to unbind it first by sending “accounts”."))
    return Conflict("roster.account_taken", say)
