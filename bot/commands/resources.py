"""/bank: resources are found again and opened (G9, G10)."""

import base64

from api.communities.audiences import communities_where
from api.messaging.tree import Bold, Button, Lines, Node, Rows, Seq, T, Words
from api.resources import service
from api.resources.service import Found
from api.resources.texts import about, resource_tree
from bot.commands import keeping
from bot.commands import resource_editing as editing
from bot.registry import Command, Feature, Talk
from bot.turn import Turn

PAGE = 6
MOST_QUERY = 28  # of its base64: what fits into a button


def handle_bank(turn: Turn) -> None:
    """List or search the banks one may see; in a room that community's. The answer is private."""
    community = turn.community.pid if not turn.private and turn.community else None
    _list(turn, turn.args, None, community)


def _list(turn: Turn, words: str, before: str | None, community: str | None = None) -> None:
    found = service.find_resources(turn.ctx, words, community_pid=community, before=before, limit=PAGE + 1)
    if not found:
        nothing = (
            T("I found nothing for “{words}”. Try fewer or other words.", words=words)
            if words
            else T("Nothing is there yet. Send me a file, a link or a text, and I put it in.")
        )
        turn.whisper(nothing)
        return
    shown = found[:PAGE]
    rows: Rows = [
        [Button(Words(f"{n}. {each.resource.title[:20]}"), f"resource.open:{each.resource.pid}")]
        for n, each in enumerate(shown, 1)
    ]
    query = base64.urlsafe_b64encode(words.encode()).decode().rstrip("=")
    if len(found) > PAGE and len(query) <= MOST_QUERY and community is None:
        rows.append([Button(T("More"), f"resource.more:{shown[-1].resource.pid}.{query}")])
    lines = [_line(n, each) for n, each in enumerate(shown, 1)]
    if len(found) > PAGE and (len(query) > MOST_QUERY or community is not None):
        lines.append(T("There are more: send “bank” and a word to find them."))
    turn.whisper(Lines(Bold(T("Resources")), *lines), rows)


def _line(n: int, each: Found) -> Node:
    bank = Words(f" · {each.author} · {each.bank}")
    return Lines(Seq(Words(f"{n}. "), Bold(Words(each.resource.title))), Seq(Words("　"), about(each.resource), bank))


def press_more(turn: Turn, rest: str) -> None:
    """The next page of a list."""
    before, _, query = rest.partition(".")
    try:
        words = base64.urlsafe_b64decode(query + "=" * (-len(query) % 4)).decode()
    except ValueError:
        return
    _list(turn, words, before)


def press_open(turn: Turn, pid: str) -> None:
    """Show a resource in full, privately."""
    show(turn, service.get_resource_for(turn.ctx, pid))


def show(turn: Turn, row: "service.Resource") -> None:
    """A resource with its files and what one may do with it, in private."""
    rows: Rows = [[Button(T("Push"), f"push.start:{row.pid}")]] if communities_where(turn.ctx, "push", limit=1) else []
    if changing := editing.buttons_of(turn, row):
        rows.append(changing)
    turn.whisper(resource_tree(row, service.author_of(turn.ctx, row)), rows, row.files)


FEATURE = Feature(
    commands=(Command("bank", ("资源库", "bank"), T("find resources: add a word to search"), handle_bank,
                      asides=("资源",)),),
    buttons=(("resource.open", press_open), ("resource.more", press_more), *editing.BUTTONS),
    dialogues=((keeping.NAME, Talk(T("the new resource"), keeping.continue_keeping)), editing.TALK),
    offers=(keeping.offer_keeping,),
)
