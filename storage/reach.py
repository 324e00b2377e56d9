"""For whom a process asks the database: the platforms it has open, without bot accounts of theirs that are not."""

from collections.abc import Collection
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, false, not_, or_

from storage.sharing import somebody_serves


class Reach(NamedTuple):
    """`platforms` are open; `without` names accounts on them that are not yet ("platform:account"), `own` those that
    are. All other accounts of these platforms are nobody's any more, unless another process serves them."""

    platforms: tuple[str, ...]
    without: tuple[str, ...] = ()
    own: tuple[str, ...] = ()

    def covers(self, platform: Any, account: Any) -> ColumnElement[bool]:
        """That a row is of one of these, written so that no index is chosen for it: nearly every row is, while only a
        few are due."""
        bot = platform.concat(":").concat(account)
        here = is_one_of(platform.concat(""), self.platforms)
        if self.without:
            here = and_(here, not_(is_one_of(bot, self.without)))
        return and_(here, or_(is_one_of(bot, self.own), ~somebody_serves(platform, account))) if self.own else here


def is_one_of(value: Any, few: Collection[str]) -> ColumnElement[bool]:
    """That a value is one of a few. IN, which is put into words anew at each use, costs as much as the statement."""
    return or_(false(), *[value == one for one in few])
