"""What the bot says as an answer: the first of its messages says so, and what is answered may be gone."""

from collections.abc import Sequence
from dataclasses import replace

from api.attachments.service import store_bytes
from api.context import Context
from api.messaging.delivering import Work, claim_work
from api.messaging.outbox import say_in_chat
from api.messaging.tree import Words
from storage.messaging import Chat
from storage.reach import Reach
from tests.support.classroom import a_photo
from tests.support.telegram import TelegramVoice, TelegramWorld


async def claimed(world: TelegramWorld, who: TelegramVoice, text: str, files: Sequence[str] = ()) -> Work:
    def say(ctx: Context) -> None:
        chat = ctx.session.query(Chat).filter_by(platform="telegram", native=who.chat).one()
        say_in_chat(ctx, chat.id, Words(text), files=files)

    await world.run(say)
    (work,) = await world.run(claim_work, Reach(("telegram",)), 1, {})
    return work


async def photos(world: TelegramWorld, number: int) -> list[str]:
    def store(ctx: Context) -> list[str]:
        return [store_bytes(ctx, f"{n}.jpg", "image/jpeg", a_photo(), kind="photo").pid for n in range(number)]

    return await world.run(store)


async def test_words_and_files_answer_a_message(world: TelegramWorld) -> None:
    for number, text in ((0, "答"), (1, "一张"), (2, "两张")):
        li: TelegramVoice = await world.teacher(f"老师{number}")  # type: ignore[assignment]
        asked = li.phone.say(world.bot, "问")
        work = await claimed(world, li, text, await photos(world, number))
        await world.telegram.send(replace(work, reply_to=str(asked.id)))
        answers = [message.reply_to for message in li.messages() if message.reply_to]
        # emulated albums answer as one; the words after them answer nothing
        assert answers == [asked.id] * max(1, number)


async def test_what_is_answered_may_be_gone(world: TelegramWorld) -> None:
    li: TelegramVoice = await world.teacher("李老师")  # type: ignore[assignment]
    for gone in ("987654", "$no-message-of-telegram"):
        work = await claimed(world, li, "答")
        await world.telegram.send(replace(work, reply_to=gone))
        assert li.messages()[-1].text == "答" and not li.messages()[-1].reply_to
        await world.run(lambda ctx: ctx.session.query(Chat).update({"leased_until": None, "next_at": ctx.now}))
