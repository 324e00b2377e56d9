"""/topic (研讨): what people discuss together; hosts open a topic, open it to other workshops, close it (G12)."""

import re
from typing import Any

from api.access import can, forbidden
from api.broadcasts import plan_broadcast
from api.communities.audiences import communities_where
from api.communities.lookup import get_community_for
from api.communities.texts import name_places
from api.messaging.tree import Bold, Button, Lines, Node, Plural, Quote, Rows, Seq, T, When, Words
from api.topics import service
from api.topics.inviting import list_invitations
from api.topics.service import HEAR, LEAD, View
from api.topics.texts import label
from bot.commands.sending import CANCEL
from bot.registry import Command, Feature, Talk
from bot.turn import Primary, Turn

Data = dict[str, Any]
NAME, PAGE, POSTS = "topic", 8, 10
SPOKEN = re.compile(r"研讨[\s:：,，]+(?=\S)")


def handle_topic(turn: Turn) -> None:
    """研讨: my topics, or (with a title, or in a room for who may) the beginning of a new one."""
    here = turn.community
    if not turn.private and here is None:
        turn.whisper(T("This room belongs to no community yet, so nothing can be discussed here together."))
    elif turn.args:
        _begin(turn, turn.args)
    elif here is not None and can(turn.ctx, LEAD, here):
        _begin(turn, "")
    else:
        _show_list(turn, None)


def overhear_topic(turn: Turn) -> bool:
    """In a room “研讨 标题” begins a topic when the speaker may open one; from others it is just talk."""
    spoken = SPOKEN.match(turn.text)
    if not spoken or turn.community is None or turn.face.person is None or not can(turn.ctx, LEAD, turn.community):
        return False
    _begin(turn, turn.text[spoken.end() :])
    return True


def press_new(turn: Turn, _rest: str) -> None:
    """The button under the list."""
    _begin(turn, "")


def _begin(turn: Turn, said: str) -> None:
    """The first line said is the title, the others are the words."""
    title, _, text = said.strip().partition("\n")
    data: Data = {"community": None, "title": "", "text": None}
    if turn.community is not None:
        data["community"] = get_community_for(turn.ctx, turn.community.pid, LEAD).pid
    elif not communities_where(turn.ctx, LEAD, limit=1):
        raise forbidden(LEAD)
    if title:
        data["title"], text = service.check_topic(title, text)
        data["text"] = text or None
    _go_on(turn, data)


def _go_on(turn: Turn, data: Data) -> None:
    """Ask for what is missing; then show how it would look."""
    if not data["community"]:
        found = communities_where(turn.ctx, LEAD)
        if len(found) > 1:
            _ask_place(turn, data, T("Where shall it be discussed? Choose, or type a part of another name."), "")
            return
        data["community"] = found[0].pid
    service.check_place(turn.ctx, data["community"])
    if not data["title"]:
        turn.ask(NAME, "title", T("What shall it be about? Send the title in one line."), [[CANCEL]], **data)
    elif data["text"] is None:
        prompt = T("Some words to begin with: what is the question, what should people think of?")
        turn.ask(NAME, "text", prompt, [[(T("Skip"), "skip"), CANCEL]], **data)
    else:
        _preview(turn, data)


def _ask_place(turn: Turn, data: Data, prompt: Node, text: str) -> None:
    found = communities_where(turn.ctx, LEAD, text)
    turn.ask(NAME, "place", prompt, [*[[(Words(one.name), f"c:{one.pid}")] for one in found], [CANCEL]], **data)


def _preview(turn: Turn, data: Data) -> None:
    plan = plan_broadcast(turn.ctx, data["community"], LEAD, "rooms")
    community, people, rooms = plan.parts[0]
    words: list[Node] = [Quote(Words(data["text"]))] if data["text"] else []
    counted = {"people": Plural("{n} person", "{n} people", people), "rooms": Plural("{n} room", "{n} rooms", rooms)}
    where = T("In: {community}", community=T("{community} ({people}, {rooms})", community=community.name, **counted))
    later = T("It is said there at once; people reply to it, and you can open it to other workshops later.")
    shown = Lines(Bold(T("Preview")), Bold(Words(data["title"])), *words, Words("────────"), where, later)
    change = [(T("Another title"), "title"), (T("Other words"), "text")]
    turn.ask(NAME, "confirm", T("Shall I open it like this? Choose below the preview."),
             [[Primary(T("Open the discussion"), "open")], change, [CANCEL]], show=shown, **data)  # fmt: skip


def hear(turn: Turn) -> None:
    """The next step of a new topic."""
    assert turn.dialogue is not None
    data, step = dict(turn.dialogue.data), turn.dialogue.step
    choice = turn.choice or ""
    if choice == "cancel":
        turn.end()
        turn.replace_pressed(T("Cancelled."))
    elif step == "place":
        _take_place(turn, data, choice)
    elif step == "title" and turn.text and not choice:
        data["title"] = service.check_topic(turn.text)[0]
        _go_on(turn, data)
    elif step == "text" and (turn.text or choice == "skip"):
        data["text"] = "" if choice else service.check_topic(data["title"], turn.text)[1]
        _go_on(turn, data)
    elif step == "confirm" and choice == "open":
        topic = service.open_topic(turn.ctx, data["community"], data["title"], data["text"])
        turn.end()
        turn.replace_pressed(T("✓ The discussion is open."))
        press_card(turn, topic.pid)
    elif step == "confirm" and choice in ("title", "text"):
        _go_on(turn, {**data, choice: "" if choice == "title" else None})
    else:
        _go_on(turn, data)


def _take_place(turn: Turn, data: Data, choice: str) -> None:
    found = communities_where(turn.ctx, LEAD, turn.text) if turn.text and not choice else []
    if choice.startswith("c:"):
        data["community"] = choice[2:]
    elif len(found) == 1:
        data["community"] = found[0].pid
    else:
        several, none = T("Which one? Choose, or type more of its name."), T("I found nothing by that name.")
        _ask_place(turn, data, several if found else none, turn.text if found else "")
        return
    _go_on(turn, data)


def press_list(turn: Turn, pid: str) -> None:
    """The page of my topics after one that was seen."""
    _show_list(turn, pid)


def _show_list(turn: Turn, before: str | None) -> None:
    found = service.list_topics(turn.ctx, before, PAGE + 1)
    rows: Rows = []
    lines: list[Node] = []
    if before is None:
        for topic, _, workshop in list_invitations(turn.ctx, PAGE):
            lines.append(T("✉ “{workshop}” is invited to “{title}”.", workshop=workshop.name, title=topic.title))
            rows.append([Button(T("Answer: {title}", title=label(topic)), f"topic.asked:{topic.pid}.{workshop.pid}")])
    for n, view in enumerate(service.view_topics(turn.ctx, found[:PAGE]), 1):
        posts = Plural("{n} post", "{n} posts", view.posts)
        state = [Words(" · "), T("closed")] if view.topic.closed_at is not None else []
        where = Words(f" · {view.places[0].name} · ")
        lines.append(Seq(Words(f"{n}. "), Bold(label(view.topic)), where, posts, *state))
        rows.append([Button(Seq(Words(f"{n}. "), label(view.topic)), f"topic.card:{view.topic.pid}")])
    if len(found) > PAGE:
        rows.append([Button(T("Earlier ones"), f"topic.list:{found[PAGE - 1].pid}")])
    if communities_where(turn.ctx, LEAD, limit=1):
        rows.append([Button(T("New discussion"), "topic.new:")])
    nothing = T("There is no discussion in your communities yet. Hosts open one by sending “topic”.")
    turn.whisper(Lines(Bold(T("Discussions")), *lines) if lines else nothing, rows)


def press_card(turn: Turn, pid: str) -> None:
    """One topic in private: who takes part, how much was said, what can be done."""
    view = service.view_topic(turn.ctx, pid)
    turn.whisper(_card(view), _card_rows(turn, view))


def _card(view: View) -> Node:
    topic = view.topic
    parts: list[Node] = [Bold(Words(topic.title)) if topic.title else label(topic)]
    if topic.text:
        parts.append(Quote(Words(topic.text)))
    parts.append(T("{name} opened it {at}.", name=view.author.name, at=topic.created_at))
    parts.append(T("Taking part: {names}", names=name_places(view.places, 20)))
    waiting = [community for place, community in view.invited if place.state == "invited"]
    if waiting:
        parts.append(T("Asked, no answer yet: {names}", names=name_places(waiting, 20)))
    parts.append(Plural("{n} post so far", "{n} posts so far", view.posts))
    if topic.closed_at is not None:
        parts.append(T("Closed {at}.", at=topic.closed_at))
    return Lines(*parts)


def _card_rows(turn: Turn, view: View) -> Rows:
    pid = view.topic.pid
    rows: Rows = [[Button(T("Last posts"), f"topic.posts:{pid}")]] if view.posts else []
    if view.topic.closed_at is not None:
        return rows
    if view.leads:
        rows.append([Button(T("Open to other workshops"), f"topic.others:{pid}")])
        for place, community in view.invited:
            if place.state == "invited":
                take_back = T("Take back: {workshop}", workshop=community.name)
                rows.append([Button(take_back, f"topic.uninvite:{pid}.{community.pid}")])
        rows.append([Button(T("Close it"), f"topic.close:{pid}")])
    for community in view.places[1:]:
        if community.archived_at is None and can(turn.ctx, LEAD, community):
            leave = T("Leave with “{workshop}”", workshop=community.name)
            rows.append([Button(leave, f"topic.leave:{pid}.{community.pid}")])
    return rows


def press_posts(turn: Turn, rest: str) -> None:
    """What was said last, in private, the oldest of them first."""
    pid, _, before = rest.partition(".")
    topic = service.get_topic_for(turn.ctx, pid, HEAR)
    found = service.list_posts(turn.ctx, pid, before or None, POSTS + 1)
    shown = found[:POSTS]
    lines: list[Node] = [Bold(label(topic))]
    for post in reversed(shown):
        files = [Words(" "), Plural("({n} file)", "({n} files)", post.files)] if post.files else []
        where = Words(f" · {post.community.name} · ")
        lines.append(Seq(Bold(Words(post.person.name)), where, When(post.relay.created_at)))
        lines.append(Seq(post.said, *files))
    rows: Rows = [[Button(T("Earlier ones"), f"topic.posts:{pid}.{shown[-1].relay.id}")]] if len(found) > POSTS else []
    turn.whisper(Lines(*lines) if shown else T("Nobody has said anything yet."), rows)


def press_close(turn: Turn, pid: str) -> None:
    """Ask before a topic is closed."""
    topic = service.get_topic_for(turn.ctx, pid, LEAD)
    prompt = T("Close “{title}”? Its rooms are told, and replies stay where they are written. It can still be read.",
               title=topic.title)  # fmt: skip
    turn.whisper(prompt, [[Button(T("Yes, close it"), f"topic.closed:{pid}", style="danger")]])


def press_closed(turn: Turn, pid: str) -> None:
    """Close it."""
    service.close_topic(turn.ctx, pid)
    turn.replace_pressed(T("✓ The discussion is closed."))


FEATURE = Feature(
    commands=(
        Command(NAME, ("研讨", "topic"), T("what your communities discuss together; hosts open a topic"), handle_topic),
    ),
    buttons=(
        ("topic.new", press_new),
        ("topic.list", press_list),
        ("topic.card", press_card),
        ("topic.posts", press_posts),
        ("topic.close", press_close),
        ("topic.closed", press_closed),
    ),
    dialogues=((NAME, Talk(T("the new discussion"), hear)),),
    overhears=(overhear_topic,),
)
