"""A topic that is opened to other workshops: choosing them, asking their hosts, their answers, leaving (G12)."""

from collections.abc import Callable
from typing import Any

from api.communities.lookup import get_workshop_for
from api.messaging.outbox import message_of_event
from api.messaging.tree import Bullets, Button, Lines, Node, Plural, T, Words
from api.topics import inviting, service, texts
from api.topics.service import LEAD
from bot.commands.confirming import press_once
from bot.commands.sending import CANCEL
from bot.registry import Feature, Talk
from bot.turn import Choices, Primary, Turn

Data = dict[str, Any]
NAME, SHOWN = "topic.others", 8


def press_others(turn: Turn, pid: str) -> None:
    """Choose the workshops whose hosts are to be asked."""
    service.check_open(service.get_topic_for(turn.ctx, pid, LEAD))
    _ask(turn, {"topic": pid, "chosen": []}, "")


def _ask(turn: Turn, data: Data, text: str) -> None:
    found = inviting.find_workshops(turn.ctx, data["topic"], text, SHOWN + len(data["chosen"]))
    picked = [pid for pid, _ in data["chosen"]]
    others = [one for one in found if one.pid not in picked][:SHOWN]
    unknown = T("I found no other workshop by that name in the region.")
    nobody = T("There is no other workshop to ask.")
    names = Bullets(*[Words(name) for _, name in data["chosen"]])
    lines: list[Node] = [T("To be asked:"), names] if picked else []
    more = T("Whom shall I ask to join in? Press a workshop, or type a part of its name.")
    lines.append(more if others else unknown if text else nobody)
    rows: Choices = [[(Words(f"＋ {one.name}"), f"a:{one.pid}")] for one in others]
    rows += [[(Words(f"✓ {name}"), f"r:{pid}")] for pid, name in data["chosen"]]
    if picked:
        rows.append([Primary(Plural("Ask its hosts", "Ask the hosts of {n} workshops", len(picked)), "ask")])
    turn.ask(NAME, "choose", Lines(*lines), [*rows, [CANCEL]], **data)


def hear(turn: Turn) -> None:
    """One more, one away, or ask them all."""
    assert turn.dialogue is not None
    data = dict(turn.dialogue.data)
    verb, _, pid = (turn.choice or "").partition(":")
    chosen, text = list(data["chosen"]), ""
    if verb == "cancel":
        turn.end()
        turn.replace_pressed(T("Cancelled."))
        return
    if verb == "ask" and chosen:
        places = inviting.invite_workshops(turn.ctx, data["topic"], [one for one, _ in chosen])
        turn.end()
        asked = sum(place.state == inviting.INVITED for place in places)
        turn.replace_pressed(T("✓ Asked: I tell you what they answer.") if asked else T("✓ They take part now."))
        return
    if verb == "a":
        workshop = inviting.get_invitable(turn.ctx, data["topic"], pid)
        chosen = [*[one for one in chosen if one[0] != pid], [workshop.pid, workshop.name]]
    elif verb == "r":
        chosen = [one for one in chosen if one[0] != pid]
    elif not verb:
        text = turn.text
        found = inviting.find_workshops(turn.ctx, data["topic"], text, 2) if text else []
        if len(found) == 1 and found[0].pid not in [one for one, _ in chosen]:
            chosen, text = [*chosen, [found[0].pid, found[0].name]], ""
    _ask(turn, {**data, "chosen": chosen}, text)


def press_asked(turn: Turn, rest: str) -> None:
    """The question once more, for a host who did not answer it."""
    topic, place, workshop = inviting.get_invitation(turn.ctx, *rest.partition(".")[::2])
    turn.whisper(inviting.question_of(turn.ctx, topic, place, workshop), texts.question_rows(topic, workshop))


def press_yes(turn: Turn, rest: str) -> None:
    """Accept for one's workshop."""
    _answer(turn, inviting.accept_topic, rest, T("✓ Your workshop takes part. The discussion stands in its rooms now."))


def press_no(turn: Turn, rest: str) -> None:
    """Decline for one's workshop."""
    _answer(turn, inviting.decline_topic, rest, T("✓ All right. I told them kindly."))


def _answer(turn: Turn, operation: Callable[..., inviting.TopicPlace], rest: str, say: T) -> None:
    """The question becomes its outcome for all hosts; one that was shown again does so by itself."""
    place = press_once(turn, operation, *rest.partition(".")[::2])
    if place is None:
        return
    turn.toast(say)
    pressed = message_of_event(turn.ctx, turn.face.chat.id, turn.inbound.event)
    if pressed is not None and pressed.id != place.message_id:
        turn.replace_pressed(say)


def press_uninvite(turn: Turn, rest: str) -> None:
    """Take an invitation back."""
    if press_once(turn, inviting.withdraw_invitation, *rest.partition(".")[::2]) is not None:
        turn.toast(T("The invitation is taken back."))


def press_leave(turn: Turn, rest: str) -> None:
    """Ask before a workshop leaves."""
    pid, _, where = rest.partition(".")
    topic, workshop = service.get_topic_for(turn.ctx, pid), get_workshop_for(turn.ctx, where, LEAD)
    prompt = T("Leave “{title}” with “{workshop}”? Its rooms are told, and replies stay there from then on.",
               title=topic.title, workshop=workshop.name)  # fmt: skip
    turn.whisper(prompt, [[Button(T("Yes, leave"), f"topic.left:{rest}", style="danger")]])


def press_left(turn: Turn, rest: str) -> None:
    """Leave."""
    if press_once(turn, inviting.leave_topic, *rest.partition(".")[::2]) is not None:
        turn.replace_pressed(T("✓ Your workshop has left the discussion."))


FEATURE = Feature(
    buttons=(
        (NAME, press_others),
        ("topic.asked", press_asked),
        ("topic.yes", press_yes),
        ("topic.no", press_no),
        ("topic.uninvite", press_uninvite),
        ("topic.leave", press_leave),
        ("topic.left", press_left),
    ),
    dialogues=((NAME, Talk(T("opening the discussion to others"), hear)),),
)
