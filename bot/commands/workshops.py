"""/workshop: my workshops, a card for each with what I may do there, leaving."""

from typing import Any

from api.access import NAMES, ROLES, join_names
from api.attachments.service import store_bytes
from api.communities.audiences import communities_where
from api.communities.joining import join_link, join_qr, leave_workshop, my_workshops
from api.communities.texts import card
from api.communities.views import View, view_workshop
from api.messaging.tree import Bold, Bullets, Button, Code, Lines, Node, Plural, Rows, T
from bot.commands.choosing import MOST, NO_WORKSHOP, as_buttons, more_than, with_workshop
from bot.commands.confirming import Confirm
from bot.registry import Command, Feature
from bot.turn import Turn

WAITING: dict[str, T] = {"pending": T("waiting for a host"), "invited": T("you are invited")}


def handle_workshop(turn: Turn) -> None:
    """工坊: in a workshop's room its card, elsewhere mine and those I look after; 工坊 阅读: those called so."""
    if turn.args or (turn.community is not None and turn.community.kind == "workshop"):
        with_workshop(turn, "see", "workshop", press_card, NO_WORKSHOP, name=turn.args)
    else:
        _list(turn)


def _list(turn: Turn) -> None:
    mine = my_workshops(turn.ctx)
    joined = [w for w, m in mine if m.status == "active"]
    others = [w for w in communities_where(turn.ctx, "see", limit=len(joined) + MOST + 1, kind="workshop")
              if w not in joined]  # fmt: skip
    rows = as_buttons([*joined, *others], "workshop", len(joined) + MOST)
    for workshop, membership in mine:
        if membership.invited_role is not None:
            yes = T("“{name}”: yes, gladly", name=workshop.name)
            no = Button(T("No, thank you"), f"offer.no:{workshop.pid}")
            rows.append([Button(yes, f"offer.yes:{workshop.pid}", style="primary"), no])
    rows.append([Button(T("Join a workshop"), "run:join"), Button(T("Open a new one"), "workshop.new:")])
    lines = [T("{name}: {role}", name=w.name, role=WAITING.get(m.status) or NAMES[m.role]) for w, m in mine]
    parts: list[Node] = [Bold(T("My workshops")), Bullets(*lines)] if mine else [NO_WORKSHOP]
    if others:
        parts.append(T("Workshops that you look after stand below, too."))
    turn.whisper(Lines(*parts, *more_than(others)), rows)


def press_card(turn: Turn, pid: str) -> None:
    """One workshop: what it is, and buttons for what I may do."""
    view = view_workshop(turn.ctx, pid)
    turn.whisper(_card(turn, view), _buttons(view))


def _card(turn: Turn, view: View) -> Node:
    workshop = view.workshop
    parts: list[Node] = [card(workshop, view.hosts)]
    parts.append(Plural("{n} member", "{n} members", view.counts.get("active", 0)))
    if view.mine:
        mine = join_names(name for role, name in NAMES.items() if role in view.mine)
        parts.append(T("You are here as: {roles}", roles=mine))
    waiting = view.counts.get("pending", 0)
    if "moderate" in view.may and waiting:
        parts.append(Plural("{n} person waits to be let in", "{n} people wait to be let in", waiting))
    if "moderate" in view.may and (link := join_link(turn.ctx, workshop)):
        parts.append(T("Join code: {code}", code=Code(workshop.join_code or "")))
        parts.append(T("Link for posters and QR codes: {link}", link=link))
    return Lines(*parts)


def _buttons(view: View) -> Rows:
    pid = view.workshop.pid
    row = [Button(T("Members"), f"members:{pid}")]
    if "moderate" in view.may:
        row.append(Button(T("Invite"), f"invite:{pid}"))
        if view.workshop.policy != "invitation" and view.workshop.join_code:
            row.append(Button(T("QR code"), f"workshop.qr:{pid}"))
    rest = [Button(T("Settings"), f"workshop.set:{pid}")] if "manage" in view.may else []
    if not view.mine.isdisjoint(ROLES):
        rest.append(Button(T("Leave"), f"workshop.leave:{pid}"))
    return [row, rest] if rest else [row]


def press_qr(turn: Turn, pid: str) -> None:
    """The join link as a picture for posters and slides."""
    picture = join_qr(turn.ctx, pid, "png")
    name = view_workshop(turn.ctx, pid).workshop.name
    kept = store_bytes(turn.ctx, f"{name}.png", "image/png", picture, kind="photo")
    turn.whisper(T("Whoever scans this joins “{name}”, or asks to.", name=name), files=[kept.pid])


def press_leave(turn: Turn, pid: str) -> None:
    """Ask before leaving."""
    name = view_workshop(turn.ctx, pid).workshop.name
    prompt = T("Leave “{name}”? You will get nothing more from there; what you handed in is kept.", name=name)
    LEAVE.ask(turn, prompt, pid=pid, called=name)


def _leave(turn: Turn, data: dict[str, Any]) -> None:
    leave_workshop(turn.ctx, data["pid"])
    turn.say(T("You have left “{name}”. You can join again any time.", name=data["called"]))


LEAVE = Confirm("workshop.leave", T("leaving a workshop"), T("Yes, leave"), _leave, danger=True)

FEATURE = Feature(
    commands=(
        Command(
            "workshop", ("工坊", "workshop", "工作坊", "我的工坊"), T("my workshops; open a new one"), handle_workshop
        ),
    ),
    buttons=(("workshop", press_card), ("workshop.qr", press_qr), ("workshop.leave", press_leave)),
    dialogues=(LEAVE.talk,),
)
