"""Who the bot is, and how it gets its updates."""

import asyncio
import re
from typing import Any

from tests.emulators.telegram import views
from tests.emulators.telegram.call import Call
from tests.emulators.telegram.errors import bad, conflict
from tests.emulators.telegram.files import content
from tests.emulators.telegram.methods.registry import method
from tests.emulators.telegram.model import Json

LONGEST_POLL = 50  # seconds
DOUBLED = "terminated by other getUpdates request; make sure that only one bot instance is running"


@method("getMe")
def get_me(call: Call) -> Json:
    """The bot's own account."""
    return views.me(call.bot)


@method("getFile", "file_id")
def get_file(call: Call) -> Json:
    """Where a file can be fetched."""
    stored = call.world.files.offer(call.text("file_id"), call.world.clock.time())
    described = next(iter(content(stored).values()))
    first = described[-1] if isinstance(described, list) else described
    kept = {key: first[key] for key in ("file_id", "file_unique_id", "file_size")}
    return kept | {"file_path": stored.path}


@method("getUpdates", "offset limit timeout allowed_updates")
async def get_updates(call: Call) -> list[Json]:
    """Long polling. One poller at a time; the same offset asked again too soon is slowed down."""
    reader = call.bot.reader
    if call.bot.webhook is not None:
        await reader.refuse(call.world.clock)
        raise conflict(
            "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
        )
    offset, limit = call.integer("offset"), call.integer("limit", 100, 1, 100)
    timeout = call.integer("timeout", 0, 0, LONGEST_POLL)
    call.bot.queue.allow(call.decoded("allowed_updates", "allowed updates"))
    limit, timeout = reader.slow_down(call.world.clock.time(), offset, limit, timeout)
    found = call.bot.queue.take(offset, limit)
    if found or not timeout:
        return [entry.body() for entry in found]
    ended = await _wait(call, timeout)
    if ended:
        await reader.refuse(call.world.clock)
        raise conflict(ended)
    return [entry.body() for entry in call.bot.queue.take(offset if offset > 0 else 0, limit)]


async def _wait(call: Call, timeout: float) -> str:
    """Wait for an update; returns why the wait was ended by another call, or ""."""
    me = call.bot.reader.take_over(DOUBLED)
    arrived = asyncio.ensure_future(call.bot.queue.arrived.wait())
    passed = asyncio.ensure_future(call.world.clock.sleep(timeout))
    awaited: set[asyncio.Future[Any]] = {me, arrived, passed}
    try:
        await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
        return me.result() if me.done() else ""
    finally:
        call.bot.reader.done(me)
        for task in (arrived, passed):
            task.cancel()


@method("setWebhook", "url ip_address max_connections allowed_updates drop_pending_updates secret_token")
async def set_webhook(call: Call) -> bool:
    """Deliver updates to a URL. https, or (here only) http on this machine."""
    return await _change_webhook(call, call.text("url"))


@method("deleteWebhook", "drop_pending_updates")
async def delete_webhook(call: Call) -> bool:
    """Go back to getUpdates."""
    return await _change_webhook(call, "")


@method("getWebhookInfo")
def get_webhook_info(call: Call) -> Json:
    """What is set, and what went wrong last."""
    waiting = len(call.bot.queue.waiting())
    info: Json = {"url": "", "has_custom_certificate": False, "pending_update_count": waiting}
    if (hook := call.bot.webhook) is not None:
        info |= {"url": hook.url, "max_connections": hook.max_connections}
        if hook.last_error:
            info |= {"last_error_date": int(hook.last_error_at), "last_error_message": hook.last_error}
    if call.bot.queue.allowed != call.bot.queue.default:
        info["allowed_updates"] = sorted(call.bot.queue.allowed)
    return info


async def _change_webhook(call: Call, url: str) -> bool:
    from tests.emulators.telegram.webhook import Webhook, check_url

    bot, clock = call.bot, call.world.clock
    if url:
        bot.reader.too_soon(clock.time())
    secret = call.text("secret_token") if url else ""
    most = call.integer("max_connections", 40, 1, 100)
    drop = call.flag("drop_pending_updates")
    changed = bot.queue.allow(call.decoded("allowed_updates", "allowed updates"))
    same = (bot.webhook.settings if bot.webhook else ("", "", 0)) == ((url, secret, most) if url else ("", "", 0))
    if same and not drop:
        call.description = "" if changed else f"Webhook is already {'set' if url else 'deleted'}"
        return True
    if len(secret) > 256:
        raise bad("secret token is too long")
    if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
        raise bad("secret token contains unallowed characters")
    if url:
        check_url(url)
        bot.reader.end("terminated by setWebhook request")
    if bot.webhook is not None:
        await bot.webhook.close()
        bot.webhook = None
    if drop:
        bot.queue.clear()
    if url:
        bot.webhook = Webhook(call.world, bot, url, secret, most)
    call.description = "Webhook was set" if url else "Webhook was deleted"
    return True
