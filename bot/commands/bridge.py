"""The bridge: what is said in one room of a community is heard in its others. /bridge is for a room, /carry for me."""

from collections.abc import Sequence
from typing import Any

from api.errors import Conflict
from api.messaging.tree import Bold, Bullets, Button, Lines, Node, Rows, T, Words
from api.people.settings import set_relayed
from api.relays.bridge import IN_CLEAR, BridgeRoom, get_room_for, room_name, set_bridge, view_bridge
from api.relays.service import Speech, change_relay, relay, take_back
from api.topics.speaking import STAYS, find_topic, post_in_topic
from bot.commands.confirming import Confirm
from bot.registry import BOUND, HOST, ROOM, Command, Feature
from bot.turn import Turn

SWITCH, CARRY = "bridge.set", "bridge.carry"


def hear(turn: Turn) -> None:
    """People talk in a room: the others hear it; what is changed or deleted changes and goes there, too."""
    if turn.community is None:
        return
    chat, inbound = turn.face.chat, turn.inbound
    if inbound.kind == "deleted":
        take_back(turn.ctx, chat, inbound.event)
    elif turn.face.person is not None:
        speech = _speech_of(turn)
        if inbound.kind == "edited":
            change_relay(turn.ctx, chat, speech)
        elif (topic := find_topic(turn.ctx, chat, turn.community, speech.answers, inbound.root)) is None:
            relay(turn.ctx, chat, turn.community, speech)
        elif not post_in_topic(turn.ctx, topic, chat, turn.community, speech):
            turn.whisper(STAYS)


def _speech_of(turn: Turn) -> Speech:
    said = turn.inbound
    parts = [(part.event, part.rich or (Words(part.text) if part.text else None)) for part in said.parts]
    # where there are no threads, what began one is answered
    return Speech(said.event, turn.text, said.rich, turn.files, said.reply_to or said.root, parts)


def handle_bridge(turn: Turn) -> None:
    """Which rooms of this community hear each other, and what can be changed about it."""
    if turn.community is None:
        turn.whisper(T("This room belongs to no community yet, so there are no other rooms to hear."))
        return
    rooms = view_bridge(turn.ctx, turn.community.pid)
    turn.whisper(*_shown(turn.community.name, rooms, turn.face.chat.id))


def _shown(name: str, rooms: Sequence[BridgeRoom], here: int | None = None) -> tuple[Node, Rows]:
    lines = [_line(one, one.chat.id == here) for one in rooms]
    said: list[Node] = [Bold(T("The rooms of “{name}”", name=name)), Bullets(*lines)]
    if len(rooms) < 2 and all(one.open for one in rooms):
        said.append(T("There is only one so far. What is said there is heard in the others once there are some."))
    rows: Rows = [[_button(one)] for one in rooms]
    return Lines(*said), rows


def _line(one: BridgeRoom, here: bool) -> Node:
    where = T("{room}, this one", room=room_name(one)) if here else room_name(one)
    if one.room.encrypted:
        where = T("{room}, encrypted", room=where)
    return T("{room}: hears the others", room=where) if one.open else T("{room}: keeps to itself", room=where)


def _button(one: BridgeRoom) -> Button:
    if one.open:
        return Button(T("Disconnect: {room}", room=room_name(one)), f"{SWITCH}:{one.room.pid}.off")
    return Button(T("Connect: {room}", room=room_name(one)), f"{SWITCH}:{one.room.pid}.on")


def press_switch(turn: Turn, argument: str) -> None:
    """`<room>.on` or `<room>.off`: an encrypted room asks first whether people know what that means."""
    pid, _, wanted = argument.partition(".")
    try:
        with turn.ctx.attempt():
            set_bridge(turn.ctx, pid, wanted == "on")
    except Conflict:
        found, _ = get_room_for(turn.ctx, pid)
        prompt = Lines(T("Connect {room} with the other rooms?", room=room_name(found)), IN_CLEAR)
        ENCRYPTED.ask(turn, prompt, room=pid)
        return
    turn.replace_pressed(*_shown_with(turn, pid))


def _connect(turn: Turn, data: dict[str, Any]) -> None:
    set_bridge(turn.ctx, data["room"], True, confirmed=True)
    turn.say(*_shown_with(turn, data["room"]))


def _shown_with(turn: Turn, pid: str) -> tuple[Node, Rows]:
    """All rooms of the community that a room belongs to."""
    _, community = get_room_for(turn.ctx, pid)
    return _shown(community.name, view_bridge(turn.ctx, community.pid))


def handle_carry(turn: Turn) -> None:
    """Whether what I say in a room is carried to its other rooms."""
    turn.whisper(*_carried(turn.person.relayed))


def press_carry(turn: Turn, wanted: str) -> None:
    """Change it."""
    set_relayed(turn.ctx, wanted == "yes")
    turn.replace_pressed(*_carried(turn.person.relayed))


def _carried(relayed: bool) -> tuple[Node, Rows]:
    if relayed:
        say = T("What you say in a room is heard in the other rooms of the same workshop, with your name.")
        return say, [[Button(T("Keep what I say in its room"), f"{CARRY}:no")]]
    say = T("What you say in a room stays in that room.")
    return say, [[Button(T("Carry it to the other rooms"), f"{CARRY}:yes")]]


ENCRYPTED = Confirm("bridge.encrypted", T("connecting an encrypted room"), T("Yes, connect it"), _connect, danger=True)

FEATURE = Feature(
    commands=(
        Command("bridge", ("互通", "bridge"), T("which rooms of this workshop hear each other"), handle_bridge, HOST,
                frozenset({ROOM})),
        Command("carry", ("转到各群", "carry"), T("whether other rooms hear what you say in one"), handle_carry, BOUND),
    ),
    buttons=((SWITCH, press_switch), (CARRY, press_carry)),
    dialogues=(ENCRYPTED.talk,),
    hears=(hear,),
)  # fmt: skip
