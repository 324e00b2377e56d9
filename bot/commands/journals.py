"""/log: write a log message by message in the private chat, look at it, hand it in (G11)."""

from api.errors import Problem
from api.journals.service import (
    add_file,
    add_words,
    community_of,
    discard_entry,
    drop_files,
    files_of,
    find_draft,
    get_mine,
    get_open,
    place_entry,
    places_to_write,
    replace_words,
    revise_entry,
    start_entry,
)
from api.journals.submitting import failed_rows, hand_in_button, show_status, submit_entry, submitted_words
from api.journals.texts import entry_as_seen, headline, in_sum, place
from api.messaging import dialogues
from api.messaging.tree import Button, Italic, Lines, Node, Rows, T, Words
from bot.commands.mylogs import BUTTONS as MY_BUTTONS
from bot.commands.mylogs import COMMAND as MY_LOGS
from bot.commands.mylogs import hear_answer
from bot.registry import TOO_LATE, Command, Feature, Talk
from bot.turn import Choices, Turn

NAME = "log"
PERSONAL = "-"
HAND_IN = frozenset({"提交", "交", "hand in", "submit"})
LOOK = frozenset({"预览", "完成", "preview", "done"})
PREVIEW = T("Preview: your readers will see exactly this.")


def handle_log(turn: Turn) -> None:
    """Begin a log, with the words that followed the command; or ask about the draft that is still there."""
    draft = find_draft(turn.ctx) if not turn.args else None
    if draft is None:
        begin(turn, turn.args)
    elif not draft.body and not files_of(turn.ctx, draft):
        discard_entry(turn.ctx, draft.pid)
        begin(turn, "")
    else:
        held = in_sum(draft, files_of(turn.ctx, draft))
        prompt = T("You have a draft, “{title}” ({sum}). Go on with it?", title=headline(draft), sum=held)
        choices = [[(T("Go on"), "go"), (T("A new one"), "new")], [(T("Throw the draft away"), "drop")]]
        turn.ask(NAME, "draft", prompt, choices, entry=draft.pid)


def begin(turn: Turn, text: str) -> None:
    """A new draft; the workshop is asked for where there are several."""
    places = places_to_write(turn.ctx)
    entry = start_entry(turn.ctx, places[0].pid if len(places) == 1 else None, text)
    if len(places) > 1:
        ask_where(turn, entry.pid)
    else:
        go_on(turn, entry.pid)


def ask_where(turn: Turn, pid: str) -> None:
    """Which of my workshops, or none."""
    rows: Choices = [[(Words(shop.name), shop.pid)] for shop in places_to_write(turn.ctx)]
    rows.append([(T("None: a personal log"), PERSONAL)])
    turn.ask(NAME, "where", T("Which workshop is this log for? Choose below."), rows, entry=pid)


def go_on(turn: Turn, pid: str) -> None:
    """Wait for more; show the draft when it holds something already."""
    entry = get_open(turn.ctx, pid)
    where = place(community_of(turn.ctx, entry))
    prompt = T("A log for {place}: send me words, photos, voice or files, in any order and as many as you like. "
               "Send “hand in” when it is complete.", place=where)  # fmt: skip
    if entry.body:
        wait(turn, pid, prompt)
        look(turn, pid)
    else:
        turn.ask(NAME, "write", prompt, entry=pid)


def wait(turn: Turn, pid: str, prompt: Node) -> None:
    """Open the dialogue without saying anything."""
    chat_id = turn.face.chat.id if turn.private else turn.face.identity.chat_id
    if chat_id is not None:
        identity_id = turn.face.identity.id
        turn.dialogue = dialogues.open_dialogue(turn.ctx, chat_id, identity_id, NAME, "write", prompt, {"entry": pid})


def hear(turn: Turn) -> None:
    """The next thing said or pressed in the dialogue."""
    assert turn.dialogue is not None
    pid, step = turn.dialogue.data["entry"], turn.dialogue.step
    try:
        get_mine(turn.ctx, pid) if step in ("revise", "answer") else get_open(turn.ctx, pid)
    except Problem as gone:  # handed in or thrown away by a button meanwhile
        turn.end()
        turn.say(gone.say)
        return
    match step:
        case "draft":
            hear_draft(turn, pid)
        case "where":
            hear_where(turn, pid)
        case "revise":
            hear_revised(turn, pid)
        case "answer":
            hear_answer(turn, pid)
        case _:
            hear_more(turn, pid)


def hear_draft(turn: Turn, pid: str) -> None:
    """What to do with the draft that is still there."""
    if turn.choice == "go":
        go_on(turn, pid)
    elif turn.choice == "new":
        begin(turn, "")
    elif turn.choice == "drop":
        press_discard(turn, pid)
    else:
        handle_log(turn)


def hear_where(turn: Turn, pid: str) -> None:
    """The workshop was chosen; anything else repeats the question."""
    if turn.choice is None:
        ask_where(turn, pid)
        return
    place_entry(turn.ctx, pid, None if turn.choice == PERSONAL else turn.choice)
    go_on(turn, pid)


def hear_more(turn: Turn, pid: str) -> None:
    """More words and files for the draft. A file that is refused does not take the others along."""
    if not turn.files and turn.text.lower() in HAND_IN:
        press_submit(turn, pid)
        return
    if not turn.files and turn.text.lower() in LOOK:
        look(turn, pid)
        return
    if turn.text:
        add_words(turn.ctx, pid, turn.text)
        _remember(turn, turn.text)
    refused: list[Node] = []
    for file in turn.files:
        try:
            with turn.ctx.attempt():
                add_file(turn.ctx, pid, file, turn.face.chat)
        except Problem as problem:
            refused.append(Lines(Words(file.name), problem.say) if file.name else problem.say)
    for say in refused:
        turn.say(say)
    show_status(turn.ctx, get_open(turn.ctx, pid), turn.face.chat.id)


def _remember(turn: Turn, text: str) -> None:
    """Which message said which words: they may be changed there."""
    dialogue = turn.dialogue
    if dialogue is not None and turn.inbound.event:
        dialogue.data = {**dialogue.data, "said": {**dialogue.data.get("said", {}), turn.inbound.event: text}}


def hear_edited(turn: Turn) -> None:
    """A message of the draft was changed: so is the draft."""
    assert turn.dialogue is not None
    pid, before = turn.dialogue.data["entry"], turn.dialogue.data.get("said", {}).get(turn.inbound.event)
    if before is None or not turn.text:
        turn.say(TOO_LATE)
        return
    replace_words(turn.ctx, pid, before, turn.text)
    _remember(turn, turn.text)
    show_status(turn.ctx, get_open(turn.ctx, pid), turn.face.chat.id)


def hear_revised(turn: Turn, pid: str) -> None:
    """The new words of a log that was handed in."""
    if not turn.text or turn.files:
        turn.say(T("Send the new words of the log as text."))
        return
    entry = revise_entry(turn.ctx, pid, turn.text)
    turn.end()
    turn.say(T("✓ Changed: “{title}”", title=headline(entry)))


def look(turn: Turn, pid: str) -> None:
    """Show a draft exactly as it will be seen."""
    ctx, entry = turn.ctx, get_open(turn.ctx, pid)
    files = files_of(ctx, entry)
    seen = entry_as_seen(entry, turn.person, community_of(ctx, entry), files)
    parts: list[Node] = [Italic(PREVIEW), *seen.children]
    rows: Rows = [[hand_in_button(entry), Button(T("Write on"), f"log.go:{pid}")]]
    rows.append([Button(T("Cancel"), f"log.cancel:{pid}")])
    turn.whisper(Lines(*parts), rows, [file.pid for file in files if file.state == "stored"])


def press_submit(turn: Turn, pid: str) -> None:
    """Hand in; what is missing is said, and the draft goes on waiting."""
    entry = get_open(turn.ctx, pid)
    try:
        with turn.ctx.attempt():
            entry = submit_entry(turn.ctx, pid)
    except Problem as problem:
        wait(turn, pid, T("Your log waits for what is missing."))
        turn.say(problem.say, failed_rows(entry) if problem.code == "journal.failed_files" else None)
        return
    leave(turn, pid)
    if entry.state == "submitting":
        turn.say(T("Its files are still on the way. I hand the log in as soon as they are here, and tell you."))
    else:
        turn.say(*submitted_words(entry, community_of(turn.ctx, entry)))


def press_go(turn: Turn, pid: str) -> None:
    """Go on writing a draft."""
    entry = get_open(turn.ctx, pid)
    wait(turn, pid, T("Your log waits for more words, photos, voice or files."))
    show_status(turn.ctx, entry, turn.face.chat.id)


def press_cancel(turn: Turn, pid: str) -> None:
    """Stop writing; what was written stays."""
    entry = get_open(turn.ctx, pid)
    leave(turn, pid)
    if not entry.body and not files_of(turn.ctx, entry):
        discard_entry(turn.ctx, pid)
        turn.say(T("Cancelled."))
    else:
        away = Button(T("Throw the draft away"), f"log.discard:{pid}", style="danger")
        say = T("Put away. Your draft is kept; send “log” when you want to go on.")
        turn.say(say, [[Button(T("Go on"), f"log.go:{pid}"), away]])


def press_discard(turn: Turn, pid: str) -> None:
    """Throw a draft away."""
    discard_entry(turn.ctx, pid)
    leave(turn, pid)
    turn.say(T("The draft is gone. Send “log” for a new one."))


def press_drop(turn: Turn, pid: str) -> None:
    """Leave out what did not arrive, and go on."""
    drop_files(turn.ctx, pid)
    turn.toast(T("Left out."))
    press_go(turn, pid)


def press_again(turn: Turn, pid: str) -> None:
    """Send again what did not arrive: the failed one goes, the next takes its place."""
    drop_files(turn.ctx, pid)
    turn.ask(NAME, "write", T("Send it again now; then “hand in”."), entry=pid)


def cancelled(turn: Turn) -> None:
    """The word "cancel": the draft is kept."""
    assert turn.dialogue is not None
    pid, step = turn.dialogue.data["entry"], turn.dialogue.step
    if step in ("revise", "answer"):
        turn.end()
        turn.say(T("Cancelled."))
    else:
        press_cancel(turn, pid)


def leave(turn: Turn, pid: str) -> None:
    """End the dialogue of this draft; another one stays."""
    if turn.dialogue is not None and turn.dialogue.name == NAME and turn.dialogue.data.get("entry") == pid:
        turn.end()


FEATURE = Feature(
    commands=(
        Command(NAME, ("日志", "log", "写日志"), T("write an activity log: words, photos, voice, files"), handle_log),
        MY_LOGS,
    ),
    buttons=(
        ("log.preview", look),
        ("log.submit", press_submit),
        ("log.go", press_go),
        ("log.cancel", press_cancel),
        ("log.discard", press_discard),
        ("log.drop", press_drop),
        ("log.again", press_again),
        *MY_BUTTONS,
    ),
    dialogues=((NAME, Talk(T("Log"), hear, cancelled, hear_edited)),),
)
