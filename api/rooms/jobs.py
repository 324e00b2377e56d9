"""The clock job of rooms: accounts that were somewhere once and that nobody decided anything about are forgotten."""

from datetime import timedelta

from api.context import Context
from storage.rooms import purge_room_accounts

KEEP_ACCOUNTS, BATCH = timedelta(days=30), 500


def forget_accounts_gone(ctx: Context) -> bool:
    """Forget accounts that left, knocked or never came, and of whom nothing was decided; True when there may be more.

    Whoever comes again is somebody new; what people decided (who stays out, who is left be) is kept.
    """
    return purge_room_accounts(ctx.session, ctx.now - KEEP_ACCOUNTS, BATCH) == BATCH
