"""Where else than on our own pages people can come in: the bot's address on a platform that has such addresses (C3)."""

from zlib import crc32

from api.config import bot_account
from api.context import Context
from api.messaging.receiving import cursor, receive

TELEGRAM, USERNAME = "telegram", "username"


def keep_username(ctx: Context, account: str, username: str) -> None:
    """Remember what Telegram calls our bot: any process that draws a page can link to it."""
    receive(ctx, TELEGRAM, account, [], (USERNAME, username))


def telegram_link(ctx: Context, code: str) -> str:
    """The address that opens a private chat with the bot and hands it a code, if there is one, once they press START;
    "" where the bot is not on Telegram (Bot API, deep linking: at most 64 of A-Z, a-z, 0-9, _ and -).

    Of several bots it is always the same one for a code: so people are spread over them.
    """
    names = [cursor(ctx, TELEGRAM, bot_account(token), USERNAME) for token in ctx.config.telegram.tokens]
    known = [name for name in names if name]
    username = known[crc32(code.encode()) % len(known) if code else 0] if known else ""
    return f"https://t.me/{username}{f'?start={code}' if code else ''}" if username else ""
