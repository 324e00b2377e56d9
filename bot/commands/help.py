"""/help: what this person can do in this place, from the command registry."""

from api.access import hats
from api.errors import BIND_FIRST
from api.messaging.tree import Bold, Bullets, Button, Code, Lines, Node, Rows, Seq, T, Words
from bot.dispatch import RUN
from bot.registry import ANYONE, BOUND, HOST, LEADER, PRIVATE, REGION, ROOM, SCHOOL, Command, Feature
from bot.turn import Turn

HEADINGS: dict[str, T] = {
    BOUND: T("For everybody"),
    LEADER: T("For those who lead"),
    HOST: T("For hosts"),
    SCHOOL: T("For school administrators"),
    REGION: T("For the region"),
}


ASIDES = ("菜单", "?", "？")


def handle_help(turn: Turn) -> None:
    """List the commands of the person's roles in this place, each with its word; answered privately."""
    if turn.face.person is None and not turn.private:
        turn.say(BIND_FIRST)
        return
    mine = {ANYONE, BOUND, *hats(turn.ctx)} if turn.face.person is not None else {ANYONE}
    place = PRIVATE if turn.private else ROOM
    known = [command for command in turn.commands if command.who in mine and place in command.places]
    if turn.face.person is None:
        turn.say(Lines(T("Hello! Send me your claim code and I will know who you are."), Bullets(*map(_line, known))))
        return
    parts: list[Node] = [
        Bold(T("What you can say to me")) if turn.private else Bold(T("What you can say in this room"))
    ]
    for who, heading in HEADINGS.items():
        lines = [_line(command) for command in known if command.who in ({ANYONE, BOUND} if who == BOUND else {who})]
        if lines:
            parts += [Bold(heading), Bullets(*lines)]
    parts.append(T("You need no commands to talk: the word alone is enough. “cancel” ends what I am asking."))
    turn.whisper(Lines(*parts), _shortcuts(known) if turn.private else None)


def _line(command: Command) -> Node:
    return Seq(Bold(Words(command.words[0])), Words("　"), Code(f"/{command.name}"), Words("　"), command.help)


def _shortcuts(known: list[Command]) -> Rows:
    buttons = [Button(Words(command.words[0]), f"{RUN}:{command.name}") for command in known if command.who != ANYONE]
    return [buttons[n : n + 3] for n in range(0, min(len(buttons), 6), 3)]


FEATURE = Feature(
    commands=(
        Command("help", ("帮助", "help"), T("what I can do for you"), handle_help, who=ANYONE, asides=ASIDES),
    ),
)
