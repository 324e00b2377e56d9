"""One delivery as calls of the Bot API: what is said, answered, taken back. Imports aiogram."""

from collections import OrderedDict, deque
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from dataclasses import replace

from aiogram.methods import AnswerCallbackQuery

from api.messaging.delivering import Work
from api.messaging.tree import Lines, Node, T
from api.runtime import Runtime
from bot.platforms.base import Rejected
from bot.platforms.telegram.changing import Changer
from bot.platforms.telegram.client import Client, NothingToDo, ids_of
from bot.platforms.telegram.limits import Limits
from bot.platforms.telegram.markup import CAPTION_LIMIT, toast_of, units
from bot.platforms.telegram.polls import fields_of, send_poll
from bot.platforms.telegram.reading import split_place
from bot.platforms.telegram.saying import Drawn, draw, words_to
from bot.platforms.telegram.uploads import Bunch, Forgotten, Outgoing, Uploads, bunches_of, instead

REMEMBERED = 512  # deliveries with files that were refused
KEPT_DRAWN = 16  # messages
CAPTION_RESERVE = 200  # units that words under a file may grow by when they are changed

Step = Bunch | bytes


class Sender:
    """Makes deliveries. One that becomes several messages begins after those that were sent before (`Work.begun`)."""

    def __init__(self, runtime: Runtime, client: Client, limits: Limits) -> None:
        self.client, self.limits = client, limits
        self.uploads = Uploads(runtime, client)
        self.changer = Changer(client, limits)
        self._drawn: OrderedDict[int, Drawn] = OrderedDict()  # by the identity of the tree, which it holds
        self._tried: OrderedDict[int, dict[str, str]] = OrderedDict()  # delivery -> pid -> what is left to be tried

    async def send(self, work: Work) -> Sequence[str]:
        """Make a delivery; returns the message ids of what was sent. Raises SendError."""
        if work.kind == "send" and work.unheard:
            await self.client.knock()  # it may be there already: it is sent once more where answers come again
        try:
            match work.kind:
                case "send":
                    return await self._say(work)
                case "edit":
                    return await self.changer.change(work)
                case "delete":
                    await self.changer.take_back(work)
                case "ack":
                    text = toast_of(work.tree, work.reader)
                    await self.client.call(AnswerCallbackQuery(callback_query_id=work.handle or "", text=text or None))
                case _:
                    raise Rejected(f"Telegram cannot {work.kind}")
        except NothingToDo:
            pass
        return []

    async def _say(self, work: Work) -> list[str]:
        chat, topic = split_place(work.chat.native)
        fields = fields_of(work.poll, work.reader) if work.poll is not None else None
        push = not work.waited_for
        paid = push and self.limits.paid
        if fields is not None:
            async with self.limits.turn(chat, 1, push):
                with suppress(Rejected):  # a group may forbid polls: then it is said with buttons
                    return await send_poll(self.client, work.chat.native, fields, paid)
        tried = self._tried.get(work.delivery_id, {})
        steps = await self._left(work, tried)
        while steps:
            step = steps.popleft()
            answers = None if work.begun else answered_by(work)
            try:
                async with self._alone(step), self.limits.turn(chat, _messages(step), push):
                    work.begun.extend(await self._make(step, chat, topic, answers, paid))
            except Forgotten:
                steps.appendleft(step)
            except Rejected:
                if isinstance(step, bytes):
                    raise
                tried = tried | {file.pid: instead(step) for file in step.files}
                self._remember(work.delivery_id, tried)
                steps = await self._left(work, tried)
        return work.begun

    def _alone(self, step: Step) -> AbstractAsyncContextManager[None]:
        return self.uploads.alone(step) if isinstance(step, Bunch) else nullcontext()

    async def _make(self, step: Step, chat: int, topic: int | None, reply_to: int | None, paid: bool) -> list[str]:
        if isinstance(step, Bunch):
            return await self.uploads.send(replace(step, reply_to=reply_to, paid=paid), chat, topic)
        return ids_of(await self.client.send(words_to(chat, topic, step, reply_to, paid)))

    async def _left(self, work: Work, tried: dict[str, str]) -> deque[Step]:
        """The steps that are still to be made after the messages that were sent."""
        done, left = len(work.begun), deque[Step]()
        for step in await self._steps(work, tried):
            number = _messages(step)
            if done < number:
                left.append(replace(step, files=step.files[done:]) if isinstance(step, Bunch) else step)
            done = max(0, done - number)
        return left

    async def _steps(self, work: Work, tried: dict[str, str]) -> list[Step]:
        """The files first, the words after them with the buttons; a single file carries short words itself. What no
        file could be made of is said in a word: nothing that belongs to it is lost with it."""
        files, refused = await self.uploads.find(work.files, tried)
        drawn = self._draw(work if not refused else replace(work, tree=Lines(work.tree, *map(_missing, refused))))
        pieces, bunches = drawn.pieces, bunches_of(files)
        if len(files) == 1 and sum(units(piece.text) for piece in pieces) <= CAPTION_LIMIT - CAPTION_RESERVE:
            return [replace(bunches[0], caption=pieces[0] if pieces else None, keyboard=drawn.keyboard)]
        if not bunches and not drawn.written:
            raise Rejected("an empty message")
        return [*bunches, *drawn.written]

    def _draw(self, work: Work) -> Drawn:
        """Words and keyboard. Of a push one tree is claimed for many: what was drawn last is kept, of several."""
        drawn = self._drawn.get(id(work.tree))
        if drawn is None or not drawn.fits(work):
            drawn = self._drawn[id(work.tree)] = draw(work)
            if len(self._drawn) > KEPT_DRAWN:
                self._drawn.popitem(last=False)
        return drawn

    def _remember(self, delivery_id: int, tried: dict[str, str]) -> None:
        self._tried[delivery_id] = tried
        if len(self._tried) > REMEMBERED:
            self._tried.popitem(last=False)


def answered_by(work: Work) -> int | None:
    """The message that a delivery answers; its first part says so."""
    return int(work.reply_to) if work.reply_to is not None and work.reply_to.isdecimal() else None


def _messages(step: Step) -> int:
    return len(step.files) if isinstance(step, Bunch) else 1


def _missing(file: Outgoing) -> Node:
    if file.content.name:
        return T("(“{name}” cannot be sent here.)", name=file.content.name)
    return T("(An attachment cannot be sent here.)")
