"""What an operation gets: the session, who acts, and now."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from api.errors import BIND_FIRST, Forbidden
from api.messaging.render import Reader
from api.times import zone_of
from storage.engine import after_commit, attempt

if TYPE_CHECKING:
    from api.config import Config
    from storage.communities import Community
    from storage.people import Person


@dataclass(slots=True)
class Context:
    """One operation's surroundings. `system` is the command line or the clock: nobody's rights are asked.

    `via` says by which face: chat | http | cli | clock | web. `signal(name)` wakes a waiting worker. `cause` is the
    reference of the update that is handled, which the deliveries that come of it keep; `said` counts these.
    """

    session: Session
    actor: "Person | None"
    now: datetime
    config: "Config"
    signal: Callable[[str], None]
    system: bool = False
    via: str = "chat"
    cause: str | None = None
    said: int = 0

    @property
    def me(self) -> "Person":
        """The acting person. Raises Forbidden for accounts that are not bound: anybody may press any button."""
        if self.actor is None:
            raise Forbidden("account.unbound", BIND_FIRST)
        return self.actor

    def wake(self, name: str) -> None:
        """Wake the workers that wait for `name` (inbox, outbox, files, web) once this is committed."""
        signal = self.signal
        after_commit(self.session, lambda: signal(name))

    def attempt(self) -> AbstractContextManager[None]:
        """A savepoint around something that may fail without failing the rest."""
        return attempt(self.session)

    def zone(self, of: "Person | Community | None" = None) -> ZoneInfo:
        """The zone that rules of a person or community are in (default: the service's)."""
        return zone_of((of.zone if of is not None else None) or self.config.time.zone)

    def reader(self, of: "Person | None" = None, language: str | None = None) -> Reader:
        """How a person reads: language, zone, now."""
        spoken = language or (of.language if of is not None else self.config.bot.languages[0])
        return Reader(spoken, self.zone(of), self.now)
