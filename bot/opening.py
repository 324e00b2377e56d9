"""Which platforms a process has, and their lives: opened in the background, so that a slow one keeps nobody waiting."""

import asyncio
import gc
from collections import Counter
from collections.abc import Sequence

import structlog
from fastapi import APIRouter

from api.metrics import PLATFORM_OPEN
from api.owning import AGAIN_SECONDS
from api.runtime import Runtime, StorageUnavailable
from bot.bots import Bots
from bot.commands import FEATURES
from bot.platforms.base import Elsewhere, Platform, RetryAfter, SendError
from bot.platforms.web.adapter import WebPlatform

log = structlog.get_logger()

OPEN_SECONDS = 5.0


def open_platforms(runtime: Runtime) -> list[Platform]:
    """Every platform that the configuration turns on, not started. Their libraries are heavy: imported only then."""
    platforms: list[Platform] = [WebPlatform(runtime)]
    if tokens := runtime.config.telegram.tokens:
        from bot.platforms.telegram.adapter import TelegramPlatform

        commands = [command for feature in FEATURES for command in feature.commands]
        platforms += [TelegramPlatform(runtime, commands, token=token) for token in tokens]
    if runtime.config.matrix.homeserver:
        from bot.platforms.matrix.adapter import MatrixPlatform

        platforms.append(MatrixPlatform(runtime))
    return platforms


def labels_of(platforms: Sequence[Platform]) -> list[str]:
    """What each is called where an operator reads it: by its account, too, where a platform has several."""
    several = {name for name, n in Counter(one.name for one in platforms).items() if n > 1}
    return [f"{one.name} {one.account}" if one.name in several else one.name for one in platforms]


def webhook_routers(runtime: Runtime) -> list[APIRouter]:
    """Where platforms call us; any process that serves HTTP can take that in."""
    if runtime.config.telegram.tokens and runtime.config.telegram.mode == "webhook":
        from bot.platforms.telegram.webhook import webhook_routes

        return [webhook_routes(runtime)]
    return []


async def live(runtime: Runtime, platform: Platform, bots: Bots, label: str) -> None:
    """Start a platform however often that takes, hand it to the workers, and let it receive until the service stops.

    What waits for it in the inbox and the outbox waits meanwhile; /readyz says why, and calls it by its `label`. When
    another process serves its account, the workers of this one leave it alone.
    """
    PLATFORM_OPEN.labels(label).set(0)
    while not runtime.stopping:
        await _open(runtime, platform, label)
        bots.add(platform)
        PLATFORM_OPEN.labels(label).set(1)
        log.info("open", platform=label)
        for signal in ("inbox", "outbox", "files", "rooms"):
            runtime.signals.wake(signal)
        try:
            await platform.receive()
        finally:
            PLATFORM_OPEN.labels(label).set(0)
            if not runtime.stopping:  # else the workers finish what they have in hand
                bots.drop(platform)


async def _open(runtime: Runtime, platform: Platform, label: str) -> None:
    waits = False
    while True:
        try:
            await platform.start()
        except Elsewhere as error:
            if not waits:
                log.info("another process serves a platform; this one waits", platform=label, why=str(error))
            waits = True
            runtime.starting.pop(label, None)
            await asyncio.sleep(AGAIN_SECONDS)
        except (SendError, StorageUnavailable) as error:
            runtime.starting[label] = str(error) or type(error).__name__
            pause = error.seconds if isinstance(error, RetryAfter) else OPEN_SECONDS
            log.warning("a platform cannot be opened", platform=label, error=str(error), again_in=pause)
            await asyncio.sleep(pause)
        else:
            gc.freeze()  # what its library loaded stays: the collector need not look through it again and again
            runtime.starting.pop(label, None)
            return
