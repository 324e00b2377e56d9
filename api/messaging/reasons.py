"""Why something was not delivered, in words, and what to do next: for those who sent it and those who look after it."""

from collections.abc import Mapping
from typing import NamedTuple

from api.messaging.tree import Node, Plural, Seq, T, Words
from storage.messaging import (
    BLOCKED,
    CHAT_GONE,
    DROPPED,
    EXPIRED,
    GAVE_UP,
    GUARD,
    NO_ACCOUNT,
    NO_CHAT,
    OTHER,
    REJECTED,
    UNHEARD,
    UNREADABLE,
)


class Reason(NamedTuple):
    """What happened, without blame, and what helps."""

    why: T
    advice: T


OUT_OF_REACH = T("out of reach: their chat with me is closed")
REACH_AGAIN = T("Tell them another way. What still counts goes out as soon as they write to me.")
ASK_OPERATOR = T("Ask whoever runs the service; once the cause is mended, try it again.")
REASONS: dict[str, Reason] = {
    BLOCKED: Reason(OUT_OF_REACH, REACH_AGAIN),
    NO_CHAT: Reason(T("an account, but no private chat with me yet"), T("Ask them to write to me once.")),
    NO_ACCOUNT: Reason(T("no account bound yet"), T("Give them a claim code.")),
    CHAT_GONE: Reason(T("the room is gone, or I am not in it any more"),
                      T("Let me into the room again, then try it again.")),
    REJECTED: Reason(T("the platform refused it"), ASK_OPERATOR),
    UNHEARD: Reason(T("no answer came: it may have arrived"), T("Ask whether it arrived before you try it again.")),
    GAVE_UP: Reason(T("it failed for a whole day"), T("Try it again.")),
    EXPIRED: Reason(T("its time was over"), T("It is not sent any more. Send it anew if it still matters.")),
    UNREADABLE: Reason(T("what it says cannot be read"), ASK_OPERATOR),
    GUARD: Reason(T("I could not find out whether it still counts"), ASK_OPERATOR),
    OTHER: Reason(T("it failed"), T("Try it again.")),
}  # fmt: skip
DROPPED_BY = Reason(T("an administrator dropped it"), T("Send it anew if it still matters."))
# who sent it can neither try it again nor give out claim codes
ASK_ADMINISTRATOR = T("Ask your region administrator, who can try it again.")
TO_SENDERS: dict[str, T] = {
    NO_ACCOUNT: T("Ask a school or region administrator for their claim code."),
    UNHEARD: T("Ask them whether it arrived."),
    **dict.fromkeys((CHAT_GONE, REJECTED, GAVE_UP, UNREADABLE, GUARD, OTHER), ASK_ADMINISTRATOR),
}


def explain(reason: str) -> Node:
    """Why, and what to do next, in one line, for those who look after it. `reason`: of REASONS, or dropped."""
    found = DROPPED_BY if reason == DROPPED else REASONS[reason]
    return Seq(found.why, Words(" — "), found.advice)


def explain_to_sender(reason: str) -> Node:
    """The same for those who sent it."""
    found = DROPPED_BY if reason == DROPPED else REASONS[reason]
    return Seq(found.why, Words(" — "), TO_SENDERS.get(reason, found.advice))


def unreached(lost: Mapping[str, int]) -> list[Node]:
    """How many people something did not reach (why -> how many), for who sent it; what to do is said with it."""
    none, closed, shy = lost.get(NO_ACCOUNT, 0), lost.get(BLOCKED, 0), lost.get(NO_CHAT, 0)
    rest = sum(lost.values()) - none - closed - shy
    lines: list[Node] = []
    if none:
        lines.append(Plural("{n} person has no account here yet and got nothing",
                            "{n} people have no account here yet and got nothing", none))  # fmt: skip
    if closed:
        lines.append(Plural("{n} person is out of reach: tell them another way, or let them write to me",
                            "{n} people are out of reach: tell them another way, or let them write to me",
                            closed))  # fmt: skip
    if shy:
        lines.append(Plural("{n} person never wrote to me: ask them to write to me once",
                            "{n} people never wrote to me: ask them to write to me once", shy))  # fmt: skip
    if rest:
        lines.append(Plural("{n} person did not get it for another reason: ask your region administrator",
                            "{n} people did not get it for other reasons: ask your region administrator",
                            rest))  # fmt: skip
    return lines
