"""Deliverers: claim what is due, send it, commit what became of it. No transaction is open across the network."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from time import perf_counter

import structlog
from structlog.contextvars import bound_contextvars

from api.messaging.delivering import Capacity, Guard, Outcome, Work, claim_work, finish_works, return_work, when_next
from api.messaging.outbox import LANES
from api.messaging.render import plain
from api.messaging.tracing import SLOW_SECONDS
from api.messaging.tree import rows_for
from api.metrics import AMBIGUOUS_SENDS, DELIVERY_LAG, SEND_SECONDS, SENDS
from api.runtime import StorageUnavailable, storage_failed
from bot.bots import Bots
from bot.platforms.base import Ambiguous, Elsewhere, Ended, Gone, Moved, Platform, Rejected, RetryAfter, SendError
from bot.workers import Together, Workers

log = structlog.get_logger()

MOST_MISTAKES = 3  # of ours with one delivery
IDLE_SECONDS = 5.0
LOOK_AGAIN_SECONDS, SELDOM_SECONDS = 0.2, 1.0
PACE_SECONDS = 0.1  # while a platform takes no more, until it is asked again
KEPT_FREE = 16  # of what is in hand at once, for answers; and for the answers of other bots
OTHERS, NEVER = timedelta(seconds=1), datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class Deliverers(Workers[Work]):
    """The sending workers of one process."""

    bots: Bots
    guards: Mapping[str, Guard]
    signal = "outbox"
    at_once = 80
    kept_free = KEPT_FREE
    settling: Together[tuple[Work, Outcome], Work | None] = field(init=False)
    looked: datetime = NEVER  # when accounts were looked for that no bot is configured for any more
    look_again: float = LOOK_AGAIN_SECONDS
    # by (platform, account)
    pushes: Counter[tuple[str, str]] = field(default_factory=Counter)
    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    crowded: bool = False  # whether more was due than could be taken
    held_back: bool = False  # whether a platform would take no more
    mistakes: Counter[str] = field(default_factory=Counter)  # of ours, by delivery

    def __post_init__(self) -> None:
        self.settling = Together(self.runtime, self._settle)

    async def lease(self, limit: int) -> list[Work]:
        """The next delivery of up to `limit` chats; pushes only as far as their platforms take them."""
        most = {bot: platform.spare(self.pushes[bot]) for bot, platform in self.bots.all()}
        # a platform that takes calls and does not answer leaves room for the others
        answers = {bot: self.at_once - KEPT_FREE - number for bot, number in self.answers.items() if number > 0}
        seldom = self.runtime.now() - self.looked > OTHERS
        pushes = max(0, limit - KEPT_FREE)
        capacity = Capacity(pushes, most, answers, seldom, self.crowded)
        works = await self._claim(limit, capacity)
        if not (works or seldom):
            works = await self._claim(limit, capacity._replace(others=True))
        if seldom:
            self.looked = self.runtime.now()
        if works:
            self.look_again = LOOK_AGAIN_SECONDS
        self.crowded = len(works) >= pushes
        before = self.pushes.copy()
        for work in works:
            self._in_hand(work, 1)
        self.held_back = any(
            number is not None and self.pushes[bot] and self.pushes[bot] - before[bot] >= number
            for bot, number in most.items()
        )
        self.crowded |= self.held_back
        return works

    async def _claim(self, limit: int, capacity: Capacity) -> list[Work]:
        works: list[Work] = await self.runtime.transact(claim_work, self.bots.reach, limit, self.guards, capacity)
        return works

    def _in_hand(self, work: Work, number: int) -> None:
        (self.answers if work.waited_for else self.pushes)[work.chat.platform, work.chat.account] += number

    async def rest(self, found: bool) -> float:
        """A moment where a platform takes no more, however much is due."""
        return PACE_SECONDS if self.held_back else await Workers.rest(self, found)

    async def give_back(self, work: Work, begun: bool) -> None:
        """A delivery that was begun may have been sent."""
        await self.runtime.transact(return_work, work, begun)

    async def idle_seconds(self) -> float:
        """Until the next moment for which something was scheduled."""
        due = await self.runtime.read(when_next, self.bots.reach)
        if due is None:
            return IDLE_SECONDS
        # what another worker is sending, or a bot that was told to wait may not, stays due: look again, but not at once
        pause = max(self.look_again, (due - self.runtime.now()) / timedelta(seconds=1))
        self.look_again = min(2 * self.look_again, SELDOM_SECONDS)
        return min(IDLE_SECONDS, pause)

    async def work(self, work: Work) -> Work | None:
        """Make a delivery and commit what became of it; returns the chat's next one."""
        # what several finish together is committed under nobody's reference
        with bound_contextvars(**({"reference": work.cause} if work.cause is not None else {})):
            began = perf_counter()
            try:
                outcome = await self._send(work)
            finally:
                self._in_hand(work, -1)
            self._tell(work, outcome, perf_counter() - began)
        following = await self.settling.settle((work, outcome))
        if following is not None:
            self._in_hand(following, 1)
        return following

    def _tell(self, work: Work, outcome: Outcome, seconds: float) -> None:
        """What became of an attempt, for the log and /metrics; the log is asked for all, or for what failed or was
        slow. That a platform asks to wait is no failure."""
        platform, lane = work.chat.platform, LANES.get(work.lane, str(work.lane))
        late = max(0.0, (self.runtime.now() - work.due).total_seconds())
        SENDS.labels(platform, work.kind, outcome.result).inc()
        SEND_SECONDS.labels(platform).observe(seconds)
        if outcome.sent is not None:
            DELIVERY_LAG.labels(platform, lane).observe(late)
        well = outcome.sent is not None or outcome.retry_after is not None or outcome.moved_to is not None
        tell = log.debug if well and seconds <= SLOW_SECONDS else log.info
        tell(
            "sent" if outcome.sent is not None else "not sent", delivery=work.pid, platform=platform, kind=work.kind,
            lane=lane, result=outcome.result, attempt=work.attempt, late_ms=round(late * 1000),
            ms=round(seconds * 1000), **({"error": outcome.error} if outcome.error else {}),
        )  # fmt: skip

    async def _settle(self, done: Sequence[tuple[Work, Outcome]]) -> Sequence[Work | None]:
        return await self.insist(finish_works, done, self.guards)

    async def _send(self, work: Work) -> Outcome:
        try:
            platform = self.bots.serving(work.chat.platform, work.chat.account)
        except Elsewhere as error:
            return Outcome(error=str(error))
        # in a room without private answers to presses, whatever is pressed is seen by everybody
        discreet = platform.capabilities.acks or work.chat.kind == "private"
        if (rows := rows_for(work.rows, discreet)) != work.rows:
            work = replace(work, rows=rows)
        risky = work.kind == "send" and not platform.capabilities.idempotent
        if work.repeat and risky:
            AMBIGUOUS_SENDS.labels(platform.name).inc()
        outcome = await self._try(platform, work)
        if outcome.unheard and risky:
            AMBIGUOUS_SENDS.labels(platform.name).inc()
            return outcome
        unsure = not risky and (outcome.unheard or work.repeat)
        # to do it again shows nothing twice
        return replace(outcome, unheard=False, unsure=True) if unsure else outcome

    async def _try(self, platform: Platform, work: Work) -> Outcome:
        try:
            async with asyncio.timeout(work.seconds):
                sent = await platform.send(work)
            self.mistakes.pop(work.pid, None)
            return Outcome(sent=sent)
        except RetryAfter as error:
            return Outcome(retry_after=error.seconds, whole_bot=error.whole_bot, error=str(error))
        except Moved as error:
            return Outcome(moved_to=error.native)
        except Gone as error:
            return Outcome(gone=True, ended=isinstance(error, Ended), error=str(error))
        except Rejected as error:
            return Outcome(rejected=True, error=str(error))
        except (Ambiguous, TimeoutError) as error:
            return Outcome(unheard=True, error=str(error) or type(error).__name__)
        except (SendError, StorageUnavailable) as error:
            return Outcome(error=str(error))
        except Exception as error:
            if storage_failed(error):  # of a platform that is kept in our own database
                return Outcome(error=type(error).__name__)
            log.exception("an adapter failed", delivery=work.pid, platform=work.chat.platform)
            return self._mistaken(work, error)

    def _mistaken(self, work: Work, error: Exception) -> Outcome:
        """What fails for ever must not hold up what comes after it. Only these failures count: its platform may have
        been away before, often. They are known to this process only, another one tries as often once more."""
        if not can_be_drawn(work):  # what is said may be in the error's words
            return Outcome(undrawn=True, error=f"it cannot be put into words: {type(error).__name__}")
        self.mistakes[work.pid] += 1
        if self.mistakes[work.pid] < MOST_MISTAKES:
            return Outcome(unheard=True, error=f"{type(error).__name__}: {error}")
        del self.mistakes[work.pid]
        return Outcome(rejected=True, error=f"{type(error).__name__}: {error}")


def can_be_drawn(work: Work) -> bool:
    """Whether its words can be put together: asked after a failure, so that nothing was sent where they cannot."""
    try:
        for node in (work.tree, *[button.label for row in work.rows for button in row]):
            plain(node, work.reader)
    except Exception:  # whatever it was, it is what the caller has just logged
        return False
    return True
