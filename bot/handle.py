"""Handlers: lease chats of the inbox, and handle each row in one transaction."""

import asyncio
from dataclasses import dataclass, field, replace

import structlog
from structlog.contextvars import bound_contextvars

from api.context import Context
from api.errors import Problem
from api.messaging import receiving, votes
from api.messaging.faces import Chat, recognise
from api.messaging.receiving import LeasedRow
from api.messaging.tracing import SLOW_SECONDS, Trace, reference_of_row
from api.messaging.tree import Code, Node, T
from api.metrics import HANDLED, HANDLER_FAILURES, HANDLER_SECONDS, HANDLING_LAG
from api.people.binding import bind_listed, introduce
from api.rooms.service import served_by_another
from api.runtime import storage_failed
from bot.bots import Bots
from bot.dispatch import Dispatcher
from bot.inbound import Inbound
from bot.patience import READ, TOLD, Patience
from bot.platforms.base import Elsewhere, Platform, SendError, Unreadable
from bot.turn import CHOICE, Turn
from bot.workers import Workers

log = structlog.get_logger()

IDLE_SECONDS = 5.0
# what an account does itself: by it somebody on the list is known
DONE_BY_SENDER = frozenset({
    "said", "edited", "pressed", "voted", "reacted", "started", "joined", "asked_to_join",
})  # fmt: skip
# what one can do once more, so that it may be put aside; nobody else does what else happens in a chat again
REPEATABLE = frozenset({"said", "edited", "pressed", "reacted", "started"})
# what happens to the bot itself in a room
ABOUT_US = frozenset({"bot_removed", "bot_changed", "room_moved"})
STANDING_SECONDS = 10.0  # less than half the lease of a chat: it is not renewed before


@dataclass(slots=True)
class Handlers(Workers[LeasedRow]):
    """The workers of one process. Strictly in order within a chat, concurrent across chats."""

    dispatcher: Dispatcher
    bots: Bots
    patience: Patience = field(init=False)
    signal = "inbox"
    at_once = 32

    def __post_init__(self) -> None:
        self.patience = Patience(self.runtime.config.bot.most_a_minute)

    async def lease(self, limit: int) -> list[LeasedRow]:
        """The oldest row of up to `limit` chats."""
        return await self.runtime.transact(receiving.lease_rows, self.bots.reach, limit)

    async def give_back(self, row: LeasedRow, begun: bool) -> None:
        """A row that was begun is done, or nothing of it is left."""
        await self.runtime.transact(receiving.return_row, row)

    async def idle_seconds(self) -> float:
        """What arrives is signalled."""
        return IDLE_SECONDS

    async def work(self, row: LeasedRow) -> LeasedRow | None:
        """Handle a row; returns the chat's next one."""
        try:
            platform = self.bots.serving(row.platform, row.account)
        except Elsewhere:  # another process serves it now
            await self.insist(receiving.return_row, row)
            return None
        trace = Trace(reference_of_row(row))
        waited = max(0.0, (self.runtime.now() - row.received_at).total_seconds())
        with bound_contextvars(reference=trace.reference):
            try:
                following = await self._handle(platform, row, trace)
            except Exception as error:
                if storage_failed(error):
                    raise
                # not even a refusal was possible; left as it is, it would come back every time the lease runs out
                trace.result = "dead"
                log.exception("a row was put away", platform=row.platform, inbox_id=row.inbox_id)
                following = await self.insist(receiving.pass_over, row, "dead", f"our mistake: {type(error).__name__}")
            self._tell(row, trace, waited)
        return following

    async def _handle(self, platform: Platform, row: LeasedRow, trace: Trace) -> LeasedRow | None:
        try:
            inbound = platform.parse(row.raw)
        except Unreadable as error:
            trace.result = "dead"
            log.error("an event could not be read", platform=row.platform, event_id=row.event_id, error=str(error))
            return await self.insist(receiving.pass_over, row, "dead", str(error))
        if inbound is None:
            trace.result = "passed"
            return await self.insist(receiving.pass_over, row, "done")
        numbered, listed = not platform.capabilities.buttons, platform.capabilities.listed
        if inbound.kind in REPEATABLE:
            verdict = self.patience.judge(row.platform, inbound.sender, row.received_at, inbound.at)
            if verdict != READ:
                return await self._put_aside(platform, row, inbound, trace, verdict == TOLD)
        try:
            administers = await self._standing(platform, row, inbound)
            return await self.insist(
                handle_inbound, row, inbound, self.dispatcher, numbered, administers, listed, trace
            )
        except Problem as problem:
            trace.result = "refused"
            toasts = platform.capabilities.acks
            return await self.insist(refuse_inbound, row, inbound, problem.say, toasts=toasts, listed=listed)
        except Exception as error:
            if storage_failed(error):
                raise
            trace.result, number = "failed", trace.reference
            HANDLER_FAILURES.inc()
            log.exception("a handler failed", platform=row.platform, inbox_id=row.inbox_id)
            return await self.insist(refuse_inbound, row, inbound, sorry(number), number)

    async def _put_aside(self, platform: Platform, row: LeasedRow, inbound: Inbound, trace: Trace, told: bool,
                         ) -> LeasedRow | None:  # fmt: skip
        """Who sends faster than anybody can write is not read for a while, and told so once."""
        trace.result = "aside"
        if not told:
            return await self.insist(receiving.put_aside, row)
        log.warning("an account sends more than is read", platform=row.platform, inbox_id=row.inbox_id)
        how = {"toasts": platform.capabilities.acks, "listed": platform.capabilities.listed}
        return await self.insist(refuse_inbound, row, inbound, TOO_FAST, quiet=True, **how)

    def _tell(self, row: LeasedRow, trace: Trace, waited: float) -> None:
        """What became of a row, for the log and /metrics; the log is asked for all, or for what was slow."""
        HANDLED.labels(row.platform, trace.result).inc()
        HANDLER_SECONDS.labels(row.platform).observe(trace.seconds)
        HANDLING_LAG.labels(row.platform).observe(waited)
        tell = log.info if trace.seconds > SLOW_SECONDS else log.debug
        tell(
            "handled", platform=row.platform, by=trace.by, result=trace.result, said=trace.said,
            waited_ms=round(waited * 1000), ms=round(trace.seconds * 1000),
        )  # fmt: skip

    async def _standing(self, platform: Platform, row: LeasedRow, inbound: Inbound) -> bool | None:
        """What the platform says of who speaks, where a command needs to know; None when it cannot be asked."""
        if not self.dispatcher.asks_standing(inbound):
            return False
        try:
            async with asyncio.timeout(STANDING_SECONDS):
                return await platform.administers(row.raw)
        except (SendError, TimeoutError) as error:
            log.warning("the platform does not say who administers a room", platform=row.platform, error=str(error))
            return None


def handle_inbound(ctx: Context, row: LeasedRow, inbound: Inbound, dispatcher: Dispatcher,
                   numbered: bool = False, administers: bool | None = False,
                   listed: bool = False, trace: Trace | None = None) -> LeasedRow | None:  # fmt: skip
    """Handle one row: recognise who and where, run the handler, write what it said, mark the row done; one transaction.

    Returns the chat's next row. What the handler could not do is raised: nothing of it is left then. A vote whose poll
    is not known yet waits.
    """
    chat = receiving.hold_row(ctx, row, inbound.about)
    if chat is None:
        return None
    if inbound.kind not in ABOUT_US and served_by_another(ctx, chat):
        return receiving.finish_row(ctx, row)
    if inbound.kind == "voted":
        about = votes.about_of(ctx, row.platform, row.account, inbound.event)
        if about is None:
            return receiving.finish_row(ctx, row, "waiting_poll", inbound.event)
        inbound = replace(inbound, action=about)
    turn = _turn(ctx, row, chat, inbound, listed)
    turn.numbered, turn.administers = numbered, administers
    try:
        dispatcher.handle(turn)
        turn.speak()
    finally:
        if trace is not None:  # of another try of the same, it says the same
            trace.by, trace.said = turn.by, ctx.said
    return receiving.finish_row(ctx, row)


def refuse_inbound(ctx: Context, row: LeasedRow, inbound: Inbound, say: Node, number: str | None = None,
                   toasts: bool = False, listed: bool = False, quiet: bool = False) -> LeasedRow | None:  # fmt: skip
    """After a handler failed: say why, mark the row done under the reference number, go on with the chat's next row.
    `quiet`: nothing that a whole room would read.

    It is said once. Whoever pressed a button under a message reads a toast, where the platform has them. In a dialogue
    the refusal is part of the conversation, and a number is to be kept: these are messages, private where possible.
    """
    chat = receiving.hold_row(ctx, row)
    if chat is None:
        return None
    turn = _turn(ctx, row, chat, inbound, listed)
    unknown = turn.face.person is None and not turn.private  # no message to them that the room would not read
    passing = toasts and number is None and not inbound.action.startswith(f"{CHOICE}:")
    if inbound.kind == "pressed" and (unknown or passing):
        turn.toast(say)
    elif not (quiet and unknown):
        turn.toast(None)
        turn.whisper(say)
    turn.speak()
    return receiving.finish_row(ctx, row, reason=number)


def _turn(ctx: Context, row: LeasedRow, chat: Chat, inbound: Inbound, listed: bool) -> Turn:
    """Who speaks where. `listed`: an account that nobody bound may be somebody's by the list."""
    ctx.cause = reference_of_row(row)
    here = inbound.kind not in ("left", "bot_removed")
    face = recognise(ctx, chat, inbound.sender, inbound.name, inbound.language, here)
    if listed and inbound.kind in DONE_BY_SENDER:
        if face.person is None:
            face.person = bind_listed(ctx, face.identity)
        elif face.private and face.person.privacy_version is None:
            introduce(ctx, chat.id, face.person)  # known from a room, and here for the first time
    ctx.actor = face.person
    return Turn(ctx, face, inbound)


TOO_FAST = T(
    "You write faster than I can read. What came before this I have read; what you send now I put aside unread. Please "
    "wait a minute, then send me once more what matters."
)


def sorry(number: str) -> Node:
    """What a person is told when we failed: nothing was changed, and the number that the log knows it by."""
    return T(
        "Something went wrong on our side. Nothing was changed; please try again. If it happens again, tell your "
        "administrator this number: {number}",
        number=Code(number),
    )
