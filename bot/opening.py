"""Which platforms a process has, and their lives: opened in the background, so that a slow one keeps nobody waiting."""

import asyncio
import gc
from collections.abc import MutableMapping

import structlog
from fastapi import APIRouter

from api.runtime import Runtime
from bot.commands import FEATURES
from bot.platforms.base import Platform, RetryAfter, SendError
from bot.platforms.web.adapter import WebPlatform

log = structlog.get_logger()

AGAIN_SECONDS = 5.0


def open_platforms(runtime: Runtime) -> list[Platform]:
    """Every platform that the configuration turns on, not started. Their libraries are heavy: imported only then."""
    platforms: list[Platform] = [WebPlatform(runtime)]
    if runtime.config.telegram.token.get_secret_value():
        from bot.platforms.telegram.adapter import TelegramPlatform

        platforms.append(TelegramPlatform(runtime, [command for feature in FEATURES for command in feature.commands]))
    if runtime.config.matrix.homeserver:
        from bot.platforms.matrix.adapter import MatrixPlatform

        platforms.append(MatrixPlatform(runtime))
    return platforms


def webhook_routers(runtime: Runtime) -> list[APIRouter]:
    """Where platforms call us; any process that serves HTTP can take that in."""
    if runtime.config.telegram.token.get_secret_value() and runtime.config.telegram.mode == "webhook":
        from bot.platforms.telegram.webhook import webhook_routes

        return [webhook_routes(runtime)]
    return []


async def live(runtime: Runtime, platform: Platform, opened: MutableMapping[str, Platform]) -> None:
    """Start a platform however often that takes, hand it to the workers, and let it receive until the service stops.

    What waits for it in the inbox and the outbox waits meanwhile; /readyz says why.
    """
    while platform.name not in opened:
        try:
            await platform.start()
            gc.freeze()  # what its library loaded stays: the collector need not look through it again and again
            opened[platform.name] = platform
        except SendError as error:
            runtime.starting[platform.name] = str(error) or type(error).__name__
            pause = error.seconds if isinstance(error, RetryAfter) else AGAIN_SECONDS
            log.warning("a platform cannot be opened", platform=platform.name, error=str(error), again_in=pause)
            await asyncio.sleep(pause)
    runtime.starting.pop(platform.name, None)
    log.info("open", platform=platform.name)
    for signal in ("inbox", "outbox", "files", "rooms"):
        runtime.signals.wake(signal)
    await platform.receive()
