"""For whom a process asks the database: the platforms it has open, without bot accounts of theirs that are not."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, or_

from storage.sharing import somebody_serves


class Reach(NamedTuple):
    """`platforms` are open; `without` names accounts on them that are not yet ("platform:account"), `own` those that
    are. All other accounts of these platforms are nobody's any more, unless another process serves them."""

    platforms: Sequence[str]
    without: Sequence[str] = ()
    own: Sequence[str] = ()

    def covers(self, platform: Any, account: Any) -> ColumnElement[bool]:
        """That a row is of one of these, written so that no index is chosen for it: nearly every row is, while only a
        few are due."""
        here: ColumnElement[bool] = platform.concat("").in_(self.platforms)
        bot = platform.concat(":").concat(account)
        if self.without:
            here = and_(here, bot.not_in(self.without))
        return and_(here, or_(bot.in_(self.own), ~somebody_serves(platform, account))) if self.own else here
