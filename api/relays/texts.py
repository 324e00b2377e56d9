"""How what somebody said elsewhere looks: their name in front of it."""

from collections.abc import Sequence

from api.attachments.texts import reason
from api.messaging.tree import Bold, Bullets, Italic, Lines, Node, Quote, Seq, T, Words
from storage.attachments import Attachment

COLON, DOT = Words(": "), Words(" · ")


def as_said(name: str, said: Node | None, missing: Sequence[Node] = (), place: str = "") -> Node:
    """What a person said, after their name. `missing`: what is said of files that do not come along; `place`: their
    community, where people of several read it."""
    speaker: list[Node] = [Bold(Words(name)), *([DOT, Italic(Words(place))] if place else [])]
    if said is None:
        head: Node = Seq(*speaker)
    elif _is_block(said):
        head = Seq(*speaker, COLON, Words("\n"), said)
    else:
        head = Seq(*speaker, COLON, said)
    return Lines(head, *missing) if missing else head


def without_speaker(tree: Node) -> Node:
    """The same where the name stands beside it anyway; the community does not."""
    match tree:
        case Lines(children=(head, *missing)):
            return Lines(without_speaker(head), *missing)
        case Seq(children=(Bold(), dot, Italic() as place, *said)) if dot == DOT:
            return Seq(place, *([Words("\n"), *said[1:]] if said else []))
        case Seq(children=(Bold(), *said)):
            return Seq(*said[1:])
    return tree


def words_of(tree: Node) -> Node:
    """The same without name and community: what was said."""
    match tree:
        case Lines(children=(head, *missing)):
            return Lines(words_of(head), *missing)
        case Seq(children=(Bold(), dot, Italic(), *said)) if dot == DOT:
            return Seq(*said[1:])
    return without_speaker(tree)


def missing_in(tree: Node) -> tuple[Node, ...]:
    """What `as_said` was given as missing."""
    return tree.children[1:] if isinstance(tree, Lines) else ()


def with_missing(tree: Node, missing: Node) -> Node:
    """What was said, and one more thing that does not come along."""
    head = tree.children[0] if isinstance(tree, Lines) else tree
    return Lines(head, *missing_in(tree), missing)


def did_not_come(name: str, why: Node) -> Node:
    """A file that is not carried along."""
    return T("(“{name}” did not come along: {why})", name=name or "—", why=why)


def missing_file(file: Attachment) -> Node:
    """The same of one whose fetching failed."""
    return did_not_come(file.name, reason(file))


def _is_block(node: Node) -> bool:
    """Whether something begins with what stands on lines of its own."""
    match node:
        case Quote() | Bullets():
            return True
        case Seq(children=(first, *_)):
            return _is_block(first)
    return False
