"""For whom a process asks the database: the platforms it has open, without bot accounts of theirs that are not."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_


class Reach(NamedTuple):
    """`platforms` are open; `without` names accounts on them that are not yet ("platform:account")."""

    platforms: Sequence[str]
    without: Sequence[str] = ()

    def covers(self, platform: Any, account: Any) -> ColumnElement[bool]:
        """That a row is of one of these, written so that no index is chosen for it: nearly every row is, while only a
        few are due."""
        here: ColumnElement[bool] = platform.concat("").in_(self.platforms)
        if not self.without:
            return here
        return and_(here, platform.concat(":").concat(account).not_in(self.without))
