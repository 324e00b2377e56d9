"""收到, said as a word: people are used to typing it, in the group and in private (G13)."""

import re

from api.messaging.tree import Button, T
from api.notices import service
from api.notices.texts import label
from bot.turn import Turn

RECEIVED = re.compile(
    r"(?:好的?[，,\s]*)?已?收到(?:了|啦)?(?:[，,\s]*谢谢)?|(?:got it|received)(?:,? thanks)?", re.IGNORECASE
)
ENDING = " 。．.!！~～"
MOST = 5


def is_received(text: str) -> bool:
    """Whether the whole text says nothing but 收到."""
    return RECEIVED.fullmatch(text.strip(ENDING)) is not None


def hear_received(turn: Turn) -> bool:
    """In private: the notice that waits for it; which one, where there are several."""
    if turn.face.person is None or turn.files or not is_received(turn.text):
        return False
    waiting = service.list_waiting(turn.ctx, MOST)
    if len(waiting) == 1:
        notice, _ = service.receive_notice(turn.ctx, waiting[0].pid)
        turn.say(T("✓ Received, thank you: {notice}", notice=label(notice)))
    elif waiting:
        rows = [[Button(label(one), f"notice.received:{one.pid}")] for one in waiting]
        turn.say(T("Which notice did you receive?"), rows)
    else:
        turn.say(T("No notice is waiting for your “received”."))
    return True


def overhear_received(turn: Turn) -> bool:
    """In a room: the newest notice of its community. Nothing is said there: others are talking."""
    if turn.community is None or turn.face.person is None or turn.files or not is_received(turn.text):
        return False
    waiting = service.list_waiting(turn.ctx, 1, turn.community)
    if waiting:
        service.receive_notice(turn.ctx, waiting[0].pid)
    return bool(waiting)
