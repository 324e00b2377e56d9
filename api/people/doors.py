"""Where else than on our own pages people can come in: the bot's address on a platform that has such addresses (C3)."""

from api.context import Context
from api.messaging.receiving import cursor, receive

TELEGRAM, USERNAME = "telegram", "username"


def keep_username(ctx: Context, account: str, username: str) -> None:
    """Remember what Telegram calls our bot: any process that draws a page can link to it."""
    receive(ctx, TELEGRAM, account, [], (USERNAME, username))


def telegram_link(ctx: Context, code: str) -> str:
    """The address that opens a private chat with the bot and hands it a code, if there is one, once they press START;
    "" where the bot is not on Telegram (Bot API, deep linking: at most 64 of A-Z, a-z, 0-9, _ and -)."""
    account = ctx.config.telegram.token.get_secret_value().partition(":")[0]
    username = cursor(ctx, TELEGRAM, account, USERNAME) if account else None
    return f"https://t.me/{username}{f'?start={code}' if code else ''}" if username else ""
