"""The bot accounts of a process that are open. A platform may have several, each serving the chats that it is in."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from api.messaging.receiving import Reach
from bot.platforms.base import Elsewhere, Platform


@dataclass(slots=True)
class Bots:
    """Which of them are open now; what belongs to the others waits."""

    closed: set[tuple[str, str]] = field(default_factory=set)  # (platform, account)
    open: dict[str, dict[str, Platform]] = field(default_factory=dict)
    first: dict[str, str] = field(default_factory=dict)  # platform -> the account that was named first

    @classmethod
    def of(cls, *platforms: Platform) -> "Bots":
        """All of these, open."""
        found = cls()
        for platform in platforms:
            found.add(platform)
        return found

    def add(self, platform: Platform) -> None:
        """It can be asked from now on."""
        self.first.setdefault(platform.name, platform.account)
        self.closed.discard((platform.name, platform.account))
        self.open.setdefault(platform.name, {})[platform.account] = platform

    def wait_for(self, platform: Platform) -> None:
        """What belongs to it waits until it is added."""
        self.first.setdefault(platform.name, platform.account)
        self.closed.add((platform.name, platform.account))

    def drop(self, platform: Platform) -> None:
        """Another process serves it, or will: what belongs to it is left alone."""
        self.wait_for(platform)
        here = self.open.get(platform.name, {})
        here.pop(platform.account, None)
        if not here:
            self.open.pop(platform.name, None)

    def all(self) -> Iterator[tuple[tuple[str, str], Platform]]:
        """((platform, account), the open one)."""
        for name, here in self.open.items():
            for account, platform in here.items():
                yield (name, account), platform

    @property
    def reach(self) -> Reach:
        """What can be asked of the database on behalf of the open ones."""
        own = tuple(f"{name}:{account}" for (name, account), _ in self.all())
        return Reach(tuple(self.open), tuple(f"{name}:{account}" for name, account in sorted(self.closed)), own)

    def serving(self, name: str, account: str | None) -> Platform:
        """The one that a chat belongs to. What belonged to one that is configured no more the first that is takes over,
        in every process the same: it learns from the platform where it may not go. Raises Elsewhere when it is not
        open here."""
        here = self.open.get(name, {})
        if account not in here and (name, account) not in self.closed:
            account = self.first.get(name)
        if account not in here:
            raise Elsewhere("another process serves this platform now")
        return here[account]
