"""/notice: words or files to a room, school, workshop or region that ask for 收到 (G13)."""

import re
from typing import Any

from api.access import can, forbidden
from api.attachments.service import find_attachments, keep_file
from api.attachments.texts import describe
from api.communities.audiences import communities_where
from api.communities.lookup import get_community_for
from api.messaging.tree import Bullets, Button, Lines, Node, Quote, Rows, T, Words
from api.notices import service
from api.notices.service import Notice
from api.notices.texts import missing_tree, reminded_tree
from api.numbers import read_number
from bot.commands.places import chosen
from bot.commands.received import hear_received, overhear_received
from bot.commands.sending import CANCEL, Data, Sending, sum_up
from bot.commands.sent import SentList
from bot.registry import LEADER, Command, Feature, Talk
from bot.turn import Turn

NAME, ACTION = "notice", "notify"
SPOKEN = re.compile(r"通知[\s:：,，]+(?=\S)")
DONE = frozenset({"完成", "done", "好了"})


def handle_notice(turn: Turn) -> None:
    """Begin a notice: in a room to its community, in private to one of those the person may address."""
    data: Data = {"texts": [], "files": [], "community": None}
    if not turn.private:
        if turn.community is None:
            turn.whisper(T("This room belongs to no community yet, so I do not know whom to tell."))
            return
        data["community"] = get_community_for(turn.ctx, turn.community.pid, ACTION).pid
    elif not communities_where(turn.ctx, ACTION, limit=1):
        raise forbidden(ACTION)
    _collect(turn, data, turn.args)
    SENDING.go_on(turn, data) if data["texts"] or data["files"] else _ask_for_words(turn, data)


def overhear_notice(turn: Turn) -> bool:
    """In a room “通知 内容” begins a notice when the speaker may send one; from others it is just talk."""
    spoken = SPOKEN.match(turn.text)
    if not spoken or turn.community is None or turn.face.person is None or not can(turn.ctx, ACTION, turn.community):
        return False
    turn.args = turn.text[spoken.end() :]
    handle_notice(turn)
    return True


def _write(turn: Turn, data: Data) -> None:
    finished = turn.choice == "done" or turn.text.lower() in DONE
    if not finished:
        _collect(turn, data, turn.text)
    if finished and (data["texts"] or data["files"]):
        SENDING.go_on(turn, data)
    else:
        _ask_for_words(turn, data)


def _collect(turn: Turn, data: Data, text: str) -> None:
    if text:
        data["texts"] = [*data["texts"], text]
    kept = [keep_file(turn.ctx, file, turn.face.chat).pid for file in turn.files]
    data["files"] = [*data["files"], *kept]
    service.check_text(_text(data) or "-", len(data["files"]))


def _ask_for_words(turn: Turn, data: Data) -> None:
    if not data["texts"] and not data["files"]:
        prompt: Node = T("What should they know? Send words, photos or files, several if you like.")
        turn.ask(NAME, "write", prompt, [[CANCEL]], **data)
        return
    prompt = Lines(sum_up(len(_text(data)), len(data["files"])), T("Send more, or press “Done”."))
    turn.ask(NAME, "write", prompt, [[(T("Done"), "done"), CANCEL]], **data)


def _show(turn: Turn, data: Data) -> Node:
    parts: list[Node] = [Quote(Words(_text(data)))] if data["texts"] else []
    if data["files"]:
        parts.append(Bullets(*[describe(file) for file in find_attachments(turn.ctx, data["files"])]))
    return Lines(*parts)


def _send(turn: Turn, data: Data, **how: Any) -> Notice:
    return service.send_notice(turn.ctx, chosen(data), _text(data), data["files"], **how)


def _text(data: Data) -> str:
    return "\n".join(data["texts"])


def press_received(turn: Turn, pid: str) -> None:
    """收到: counted once; a private copy says so, in a room only the presser is told."""
    if turn.face.person is None:
        turn.toast(T("I do not know you yet. Open a private chat with me and send your claim code."))
        return
    notice, first = service.receive_notice(turn.ctx, pid)
    if turn.private:
        service.mark_copy_received(turn.ctx, notice, turn.face.chat.id, turn.inbound.event)
    turn.toast(T("Received, thank you.") if first else T("You have said so already."))


def press_missing(turn: Turn, rest: str) -> None:
    """Who has not, in private, a page at a time."""
    pid, _, page = rest.partition(".")
    number = read_number(page, 4) or 0
    notice, people, n = service.find_missing(turn.ctx, pid, number)
    rows: Rows = []
    if n > (number + 1) * service.PAGE:
        rows.append([Button(T("More names"), f"notice.missing:{notice.pid}.{number + 1}")])
    if n and notice.withdrawn_at is None:
        rows.append([Button(T("Remind them ({n})", n=n), f"notice.remind:{notice.pid}")])
    turn.whisper(missing_tree(people, n), rows)


def press_remind(turn: Turn, pid: str) -> None:
    """Remind only those who have not, once a day."""
    n = service.remind_missing(turn.ctx, pid)
    turn.toast(reminded_tree(n, *service.find_resting(turn.ctx, pid)))


def press_withdraw(turn: Turn, pid: str) -> None:
    """Ask before a notice is taken back."""
    waits = service.get_notice_for(turn.ctx, pid).released_at is None
    gone = T("Take this notice back? It disappears for everybody.")
    prompt = T("It has not gone out yet. Shall it not be sent at all?") if waits else gone
    turn.whisper(prompt, [[Button(T("Yes, take it back"), f"notice.withdrawn:{pid}", style="danger")]])


def press_withdrawn(turn: Turn, pid: str) -> None:
    """Take it back."""
    notice = service.withdraw_notice(turn.ctx, pid)
    turn.replace_pressed(T("✓ Taken back.") if notice.released_at is not None else T("✓ It will not be sent."))


SENDING = Sending(NAME, ACTION, _write, _show, _send, several=True)
SENT = SentList(
    NAME, T("My notices"), T("You have sent no notice yet. Send “notice” to write one."), service.list_sent,
    service.describe_sent, service.show_card,
)  # fmt: skip
FEATURE = Feature(
    commands=(
        Command(
            "notice",
            ("通知", "notice"),
            T("tell a room, school or region something and see who received it"),
            handle_notice,
            who=LEADER,
        ),
        Command("notices", ("我的通知", "my notices"), T("what I told: remind, take back"), SENT.handle, who=LEADER),
    ),
    buttons=(
        ("notice.received", press_received),
        ("notice.missing", press_missing),
        ("notice.remind", press_remind),
        ("notice.withdraw", press_withdraw),
        ("notice.withdrawn", press_withdrawn),
        *SENT.buttons,
    ),
    dialogues=((NAME, Talk(T("the notice"), SENDING.hear)),),
    offers=(hear_received,),
    overhears=(overhear_notice, overhear_received),
)
