"""What a bot account may send, divided among the processes that send through it (ADR 0023)."""

from api.context import Context
from storage import sharing
from storage.base import new_pid
from storage.sharing import GONE

BEAT_SECONDS = 2.0  # every process says this often that it is there


def new_holder() -> str:
    """What a process is called here."""
    return new_pid()


def take_part(ctx: Context, platform: str, account: str, holder: str, whole: int) -> tuple[int, bool]:
    """Say that a process is there; returns its part of `whole`, and whether it is alone.

    The parts of all are `whole` together, as far as they know of each other.
    """
    all_of_them = sharing.show_up(ctx.session, platform, account, holder)
    part, rest = divmod(whole, len(all_of_them))
    return part + (all_of_them.index(holder) < rest), len(all_of_them) == 1


def leave_part(ctx: Context, platform: str, account: str, holder: str) -> None:
    """Leave a part to the others; they have it with their next beat."""
    sharing.leave(ctx.session, platform, account, holder)


__all__ = ["BEAT_SECONDS", "GONE", "leave_part", "new_holder", "take_part"]
