"""Telegram, as far as a bot and the people around it can see it: our own emulator of the Bot API.

    async with Emulator() as telegram:
        world = telegram.world
        bot = world.add_bot("gongfang_bot")          # bot.token, telegram.api_base: the bot's configuration
        li = add_person(world, "李老师")
        li.start(bot)                                 # or start(bot, "payload") for a deep link
        li.say(bot, "加入")                           # where: a bot (private chat), a chat, a topic
        group = li.create_group("识字组", bot, forum=True)
        topic = li.create_topic(group, "第一课")
        li.say(topic, "/log@gongfang_bot")
        said = await world.until(lambda: li.sees(bot)[-1:] and li.sees(bot)[-1].sender is bot and li.sees(bot)[-1])
        press = li.press(said, "同意")
        await world.until(lambda: press.answer)       # {"text": …, "show_alert": …}

People (`Person`): start say edit delete press send send_album send_raw forward vote react block unblock
delete_account sees; create_group invite remove unban leave promote demote mute allow migrate make_link join decide
create_topic rename_topic close_topic delete_topic retitle pin. What their client would not let them do raises
PermissionError.

`world.accepted` / `world.did("sendMessage")`: what bots really did, who and when, also when they never heard of it.
`telegram.calls`: every call and its status. `telegram.faults`: flood, fail, cut, slow, garbage on the nth call.
`telegram.limits`: the flood limits, on by default; `Limits(on=False)` or `Limits(scale=10)`.
`world.clock.advance(seconds)` skips time: retries, deadlines, limits, closing polls, waiting pollers.
`bot.privacy = False` is BotFather's privacy mode switched off.

Stricter than the real server where it passes over things in silence: parameters, button kinds and parse modes that
this emulator does not read are refused with "not supported by this emulator". Alone: `make emulator`.
"""

from tests.emulators.telegram.clock import Clock
from tests.emulators.telegram.errors import Refused, bad, forbidden
from tests.emulators.telegram.limits import Limits
from tests.emulators.telegram.model import Bot, Chat, InviteLink, Message, Poll, Press, Topic, User
from tests.emulators.telegram.people import Person, add_person
from tests.emulators.telegram.server import Emulator
from tests.emulators.telegram.world import World

__all__ = [
    "Bot",
    "Chat",
    "Clock",
    "Emulator",
    "InviteLink",
    "Limits",
    "Message",
    "Person",
    "Poll",
    "Press",
    "Refused",
    "Topic",
    "User",
    "World",
    "add_person",
    "bad",
    "forbidden",
]
