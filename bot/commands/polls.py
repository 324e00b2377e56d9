"""/poll: a question to the room in which everybody sees who chose what; a choice of the host, never scored (C4)."""

import re
from collections.abc import Sequence
from typing import Any

from api.access import can, forbidden
from api.broadcasts import ROOMS
from api.closing import check_closing
from api.communities.audiences import communities_where
from api.communities.lookup import get_community_for
from api.messaging.tree import Bold, Button, Lines, Node, T, When, Words
from api.numbers import read_number
from api.polls import service
from api.polls.reading import check_options, check_question, read_options, read_poll
from api.polls.service import OpenPoll
from api.polls.texts import LETTERS, chosen_node
from bot.commands.closing import ask_closing, closing_of, take_closing
from bot.commands.sending import CANCEL, Data, Sending, moment
from bot.commands.sent import SentList
from bot.registry import LEADER, Command, Feature, Talk
from bot.turn import Choices, Turn

NAME, ACTION = "poll", service.PUSH
SPOKEN = re.compile(r"投票[\s:：,，]+(?=\S)")
UNKNOWN = T("I do not know you yet. Open a private chat with me and send your claim code.")


def handle_poll(turn: Turn) -> None:
    """Begin a poll: in a room for its community, in private for one of those the person may ask."""
    data: Data = {"question": "", "options": [], "community": None}
    if not turn.private:
        if turn.community is None:
            turn.whisper(T("This room belongs to no community yet, so I do not know whom to ask."))
            return
        data["community"] = get_community_for(turn.ctx, turn.community.pid, ACTION).pid
    elif not communities_where(turn.ctx, ACTION, limit=1):
        raise forbidden(ACTION)
    _read(turn, data, turn.args)


def overhear_poll(turn: Turn) -> bool:
    """In a room “投票 问题” begins a poll when the speaker may ask one; from others it is just talk."""
    spoken = SPOKEN.match(turn.text)
    if not spoken or turn.community is None or turn.face.person is None:
        return False
    if not can(turn.ctx, ACTION, turn.community):
        return False
    turn.args = turn.text[spoken.end() :]
    handle_poll(turn)
    return True


def _read(turn: Turn, data: Data, text: str) -> None:
    """Take a question, with or without its options; ask for what is missing."""
    question, options = read_poll(text)
    if not question:
        prompt = T("What do you want to ask? Type the question, and the options below it, one a line.")
        turn.ask(NAME, "question", prompt, [[CANCEL]], **data)
        return
    data["question"] = check_question(question)
    if options:
        SENDING.go_on(turn, {**data, "options": check_options(options)})
    else:
        turn.ask(NAME, "options", T("What can they choose from? Type the options, one a line."), [[CANCEL]], **data)


def _take(turn: Turn, data: Data) -> None:
    """The steps before the preview, and the closing time."""
    assert turn.dialogue is not None
    if turn.dialogue.step == "closing":
        if take_closing(turn, data):
            check_closing(turn.ctx, NAME, moment(data) or turn.ctx.now, closing_of(turn, data, ACTION))
            SENDING.go_on(turn, data)
    elif turn.dialogue.step == "options" and turn.text:
        SENDING.go_on(turn, {**data, "options": check_options(read_options(turn.text))})
    elif turn.text:
        _read(turn, data, turn.text)


def _show(turn: Turn, data: Data) -> Node:
    closes = closing_of(turn, data, ACTION)
    options = [Words(f"{LETTERS[n]}．{option}") for n, option in enumerate(data["options"])]
    return Lines(
        Bold(Words(data["question"])), *options,
        T("You may choose several.") if data.get("multiple") else T("One choice each."),
        T("Closes: {at}", at=When(closes) if closes else T("never")),
        T("An open poll: everybody in the room sees who chose what. It is not scored."),
    )  # fmt: skip


def _terms(_turn: Turn, data: Data) -> Choices:
    several = T("One choice only") if data.get("multiple") else T("Several choices")
    return [[(several, "multiple"), (T("Closing time"), "closing")]]


def _change(turn: Turn, data: Data, verb: str) -> bool:
    """One tap changes between one choice and several; the closing time is asked for."""
    if verb == "multiple":
        SENDING.go_on(turn, {**data, "multiple": not data.get("multiple")})
    elif verb == "closing":
        ask_closing(turn, NAME, data)
    return verb in ("multiple", "closing")


def _send(turn: Turn, data: Data, *, release_at: Any, **_how: Any) -> OpenPoll:
    return service.post_poll(
        turn.ctx, data["community"], data["question"], data["options"], multiple=bool(data.get("multiple")),
        release_at=release_at, closes_at=closing_of(turn, data, ACTION),
    )  # fmt: skip


def press_vote(turn: Turn, rest: str) -> None:
    """An option under a poll: where one may choose several it is added. Pressing twice changes nothing."""
    pid, _, number = rest.partition(".")
    option = read_number(number, 2)
    if turn.face.person is None:
        turn.toast(UNKNOWN)
    elif option is not None:
        poll, picked = service.choose(turn.ctx, pid, option)
        turn.toast(T("You chose: {options}", options=chosen_node(poll, picked)))


def press_clear(turn: Turn, pid: str) -> None:
    """Take one's vote back."""
    if turn.face.person is None:
        turn.toast(UNKNOWN)
        return
    service.vote(turn.ctx, pid, [])
    turn.toast(T("Your vote is taken back. You may choose anew."))


def hear_vote(turn: Turn, pid: str, picked: Sequence[int]) -> None:
    """A vote in a poll that the platform drew. Of an unknown account nothing comes; there is no chat to say so in."""
    if turn.face.person is not None:
        service.vote(turn.ctx, pid, picked)


def press_end(turn: Turn, pid: str) -> None:
    """Ask before a poll is closed."""
    yes = Button(T("Yes, close it"), f"poll.ended:{service.get_poll_for(turn.ctx, pid).pid}", style="primary")
    turn.whisper(T("Close this poll? Nobody can vote any more; the outcome stays to be seen."), [[yes]])


def press_ended(turn: Turn, pid: str) -> None:
    """Close it."""
    service.close_poll(turn.ctx, pid)
    turn.replace_pressed(T("✓ The poll is closed."))


def press_withdraw(turn: Turn, pid: str) -> None:
    """Ask before a poll is taken back."""
    waits = service.get_poll_for(turn.ctx, pid).released_at is None
    gone = T("Take this poll back? It disappears from the room, with all votes.")
    prompt = T("It has not gone out yet. Shall it not be sent at all?") if waits else gone
    turn.whisper(prompt, [[Button(T("Yes, take it back"), f"poll.withdrawn:{pid}", style="danger")]])


def press_withdrawn(turn: Turn, pid: str) -> None:
    """Take it back."""
    poll = service.withdraw_poll(turn.ctx, pid)
    turn.replace_pressed(T("✓ Taken back.") if poll.released_at is not None else T("✓ It will not be sent."))


SENDING = Sending(NAME, ACTION, _take, _show, _send, _terms, _change, place=ROOMS)
SENT = SentList(
    NAME, T("My polls"), T("You have asked nothing openly yet. Send “poll” to begin."), service.list_polls,
    service.describe_sent, service.show_card,
)  # fmt: skip
FEATURE = Feature(
    commands=(
        Command(NAME, ("投票", "poll"), T("ask the room openly; everybody sees who chose what"), handle_poll,
                who=LEADER),
        Command("polls", ("我的投票", "my polls"), T("what I asked openly: see, close, take back"), SENT.handle,
                who=LEADER),
    ),
    buttons=(
        ("poll.vote", press_vote),
        ("poll.clear", press_clear),
        ("poll.end", press_end),
        ("poll.ended", press_ended),
        ("poll.withdraw", press_withdraw),
        ("poll.withdrawn", press_withdrawn),
        *SENT.buttons,
    ),
    votes=(("poll", hear_vote),),
    dialogues=((NAME, Talk(T("the poll"), SENDING.hear)),),
    overhears=(overhear_poll,),
)  # fmt: skip
