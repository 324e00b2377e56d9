"""/newquiz: questions as a host types them, a preview with every fault by its line, then into the bank (G8)."""

import re

from api.access import forbidden
from api.communities.audiences import communities_where
from api.communities.lookup import get_community_for
from api.messaging.render import plain
from api.messaging.tree import Bold, Button, Lines, Node, Plural, Quote, Rows, T, Words
from api.quizzes import service
from api.quizzes.layout import numbers_of
from api.quizzes.marks import NUMBER, is_sure, number_of, tidy, typed_lines
from api.quizzes.parsing import Draft, has_marks, parse
from api.quizzes.texts import faults_tree, with_answer
from bot.commands.sending import CANCEL, Data
from bot.turn import Choices, Primary, Turn

NAME = "newquiz"
SHOWN = 2500  # characters of questions in one preview
PER_ROW = 5
YES = frozenset("好 好的 好了 可以 行 没问题 存 保存 存吧 保存吧 ok yes save".split())
BETWEEN = re.compile(r"[\s,，。.!！、~～]+")
EXAMPLE = T(
    "1. What does the earth go around?\nA. the moon\nB. the sun\nAnswer: B\nExplanation: once in a year.\n"
    "2. What is the capital of China?\nAnswer: Beijing; Peking"
)
MORE = T("Press “Save the quiz”, what you want to change, or send more questions.")
MEND = T("Press “Change a question” and send it again, or send everything again.")


def handle_newquiz(turn: Turn) -> None:
    """Begin a quiz, with the words that followed the command; in a room for its community's bank.

    Faults are named by line: those before the words count too.
    """
    bank = None
    if not turn.private and turn.community is not None:
        bank = get_community_for(turn.ctx, turn.community.pid, service.PUSH).pid
    before = turn.text.removesuffix(turn.args) if turn.args else ""
    begin(turn, "\n" * (len(typed_lines(before)) - 1) + turn.args, bank)


def offer_quiz(turn: Turn) -> bool:
    """Questions with answers that a host just sends: nobody has to know the command."""
    if turn.face.person is None or turn.files:
        return False
    if not any(each.right or each.accepted for each in parse(turn.text[: service.TEXT_LIMIT]).questions):
        return False
    if not communities_where(turn.ctx, service.PUSH, limit=1):
        return False
    begin(turn, turn.text)
    return True


def begin(turn: Turn, text: str, bank: str | None = None) -> None:
    """A new quiz. Raises Forbidden for who may push nowhere."""
    banks = communities_where(turn.ctx, service.PUSH, limit=1)
    if not banks:
        raise forbidden(service.PUSH)
    data: Data = {"text": text, "title": "", "tags": [], "bank": bank or banks[0].pid, "quiz": None}
    _show_card(turn, data) if text else _ask_text(turn, data)


def press_edit(turn: Turn, pid: str) -> None:
    """Change a quiz that is in a bank."""
    quiz = service.get_quiz_for(turn.ctx, pid)
    bank = service.bank_of(turn.ctx, quiz).pid
    text = service.text_of(turn.ctx, quiz)
    _show_card(turn, {"text": text, "title": quiz.title, "tags": quiz.tags, "bank": bank, "quiz": quiz.pid})


def hear(turn: Turn) -> None:
    """The next step of the dialogue."""
    assert turn.dialogue is not None
    data, step = dict(turn.dialogue.data), turn.dialogue.step
    if turn.choice == "cancel":
        turn.end()
        turn.replace_pressed(T("Cancelled."))
    elif step == "card":
        _take_card(turn, data)
    elif turn.choice == "back":
        _show_card(turn, {**data, "more": None})
    elif step == "write":
        _take_text(turn, {**data, "text": turn.text or data["text"]})
    elif step == "more":
        _take_more(turn, data)
    elif step == "which":
        _take_number(turn, data)
    elif step == "one":
        _take_question(turn, data)
    else:
        _take_field(turn, step, data)


def _ask_text(turn: Turn, data: Data) -> None:
    prompt = T("Send me the questions the way you type them, several in one message if you like.")
    kinds = T(
        "True or false: “Answer: true”. Several right options: “Answer: AC”. “;” stands between ways to write it."
    )
    shown = Lines(prompt, Quote(EXAMPLE), kinds)
    back: Choices = [[(T("Leave it as it is"), "back")]] if data["text"] else []
    turn.ask(NAME, "write", prompt, [*back, [CANCEL]], show=shown, **data)


def _take_text(turn: Turn, data: Data) -> None:
    _show_card(turn, data) if data["text"] else _ask_text(turn, data)


def _show_card(turn: Turn, data: Data) -> None:
    draft = service.read_quiz(turn.ctx, data["text"])
    title = data["title"] or service.title_of(draft)
    banks = {bank.pid: bank for bank in communities_where(turn.ctx, service.PUSH, limit=20)}
    lines: list[Node] = [Bold(T("A new quiz")) if data["quiz"] is None else Bold(T("Changing a quiz"))]
    if draft.faults:
        lines.append(faults_tree(draft.faults, data["text"]))
    else:
        lines.append(T("Title: {title}", title=title))
        lines.append(T("Tags: {tags}", tags=" ".join(f"#{tag}" for tag in data["tags"]) or T("none")))
        lines.append(T("Quiz bank: {bank}", bank=banks[data["bank"]].name if data["bank"] in banks else "?"))
    lines += questions_shown(draft)
    prompt, choices = MEND if draft.faults else MORE, _choices(draft, data, len(banks))
    turn.ask(NAME, "card", prompt, choices, show=Lines(*lines), **data)


def questions_shown(draft: Draft) -> list[Node]:
    """As many questions with their answers as fit into a message."""
    lines: list[Node] = []
    room = SHOWN
    for n, question in enumerate(draft.questions, 1):
        room -= len(question.stem) + len(question.reason) + sum(map(len, question.options)) + 40
        if room < 0 and lines:
            left = len(draft.questions) - n + 1
            lines.append(Plural("and one more question", "and {n} more questions", left))
            break
        if question.right or question.accepted:
            lines += [Words("────────"), with_answer(n, question)]
    return lines


def _choices(draft: Draft, data: Data, banks: int) -> Choices:
    mend: list[tuple[Node, str]] = [(T("Change a question"), "which"), (T("Type it all again"), "write")]
    if draft.faults:
        return [mend, [CANCEL]]
    bank: list[tuple[Node, str]] = [(T("Change the quiz bank"), "bank")] if banks > 1 and data["quiz"] is None else []
    return [
        [Primary(T("Save the quiz"), "save")],
        mend,
        [(T("Change title"), "title"), (T("Add tags"), "tags"), *bank],
        [CANCEL],
    ]


def _take_card(turn: Turn, data: Data) -> None:
    draft = parse(data["text"])
    choice = turn.choice or _typed_choice(turn, draft, data)
    if choice == "save":
        _save(turn, data)
    elif choice == "cancel":
        turn.end()
        turn.say(T("Cancelled."))
    elif choice == "write":
        _ask_text(turn, data)
    elif choice == "which":
        _ask_number(turn, data)
    elif choice in ("title", "tags", "bank"):
        _ask_field(turn, choice, data)
    elif not has_marks(turn.text):
        turn.say(MEND if draft.faults else MORE)
    elif draft.faults:
        prompt = T("Is this more, or everything again?")
        both: list[tuple[Node, str]] = [(T("Everything again"), "all"), (T("Add these questions"), "add")]
        choices: Choices = [both, [(T("Neither"), "back")]]
        turn.ask(NAME, "more", prompt, choices, **{**data, "more": turn.text})
    else:
        _show_card(turn, {**data, "text": f"{data['text']}\n\n{turn.text}"})


def _typed_choice(turn: Turn, draft: Draft, data: Data) -> str:
    """The choice whose label was typed instead of pressed; a “好的，保存” saves. "" for other words."""
    reader = turn.ctx.reader(turn.person)
    rows = _choices(draft, data, len(communities_where(turn.ctx, service.PUSH, limit=2)))
    labels = {plain(label, reader).lower(): value for row in rows for label, value in row}
    said = turn.text.lower()
    if "save" in labels.values() and YES >= {word for word in BETWEEN.split(said) if word} > set():
        return "save"
    return labels.get(said, "")


def _take_more(turn: Turn, data: Data) -> None:
    more = data.pop("more")
    if turn.choice == "all":
        _show_card(turn, {**data, "text": more})
    elif turn.choice == "add":
        _show_card(turn, {**data, "text": f"{data['text']}\n\n{more}"})
    else:
        turn.say(T("Please press one of the buttons."))


def _ask_number(turn: Turn, data: Data) -> None:
    draft = parse(data["text"])
    if len(draft.questions) < 2:
        _ask_question(turn, {**data, "n": 1})
        return
    bad = {fault.line for fault in draft.faults}
    labels: list[tuple[Node, str]] = [
        (Words(f"⚠{n}" if any(each.first <= line <= each.last for line in bad) else str(n)), f"n:{n}")
        for n, each in enumerate(draft.questions, 1)
    ]
    rows = [labels[at : at + PER_ROW] for at in range(0, len(labels), PER_ROW)]
    turn.ask(NAME, "which", T("Which question?"), [*rows, [(T("Leave it as it is"), "back")]], **data)


def _take_number(turn: Turn, data: Data) -> None:
    given = (turn.choice or "").removeprefix("n:") or turn.text
    known = [str(n) for n in range(1, len(parse(data["text"]).questions) + 1)]
    if given in known:
        _ask_question(turn, {**data, "n": int(given)})
    else:
        turn.say(T("Choose the number of a question."))


def _ask_question(turn: Turn, data: Data) -> None:
    questions = parse(data["text"]).questions
    prompt = T("Send question {n} again as it should be; it is replaced.", n=data["n"])
    back: Choices = [[(T("Leave it as it is"), "back")]]
    if not questions:
        _ask_text(turn, data)
        return
    question = questions[data["n"] - 1]
    now = "\n".join(typed_lines(data["text"])[question.first - 1 : question.last])
    turn.ask(NAME, "one", prompt, back, show=Lines(prompt, Quote(Words(now))), **data)


def _take_question(turn: Turn, data: Data) -> None:
    if not turn.text:
        return
    lines, question = typed_lines(data["text"]), parse(data["text"]).questions[data["n"] - 1]
    # numbers tell questions apart, so the new one has that of the old one
    old, (first, *rest) = numbers_of(lines).get(question.first), typed_lines(turn.text)
    first = tidy(first)
    mark = NUMBER.match(first)
    if mark is not None and (is_sure(first, mark) or number_of(mark) == old):
        first = first[mark.end() :]
    lines[question.first - 1 : question.last] = [first if old is None else f"{old}、{first}", *rest]
    _show_card(turn, {**data, "text": "\n".join(lines)})


def _ask_field(turn: Turn, field: str, data: Data) -> None:
    prompts = {
        "title": T("What is its title?"),
        "tags": T("Type tags with spaces between them, such as “grade3 reading”."),
        "bank": T("Into which quiz bank?"),
    }
    choices: Choices = []
    if field == "bank":
        choices = [[(Words(c.name), f"v:{c.pid}")] for c in communities_where(turn.ctx, service.PUSH, limit=20)]
    turn.ask(NAME, field, prompts[field], [*choices, [(T("Leave it as it is"), "back")]], **data)


def _take_field(turn: Turn, field: str, data: Data) -> None:
    if field == "bank":
        if not (turn.choice or "").startswith("v:"):
            turn.say(T("Please press one of the buttons."))
            return
        data["bank"] = (turn.choice or "")[2:]
    elif not turn.text:
        return
    else:
        tags = turn.text.replace("#", " ").split() if field == "tags" else data["tags"]
        title, data["tags"] = service.check_name(turn.text if field == "title" else "-", tags)
        data["title"] = title if field == "title" else data["title"]
    _show_card(turn, data)


def _save(turn: Turn, data: Data) -> None:
    if data["quiz"] is None:
        quiz = service.add_quiz(turn.ctx, data["bank"], data["text"], data["title"], data["tags"])
    else:
        quiz = service.edit_quiz(
            turn.ctx, data["quiz"], title=data["title"], text=data["text"], tags=data["tags"]
        )  # fmt: skip
    turn.end()
    bank = service.bank_of(turn.ctx, quiz).name
    turn.replace_pressed(T("✓ “{title}” is in the quiz bank of {bank}.", title=quiz.title, bank=bank))
    turn.say(T("Whoever may push here finds it with “quiz”."), rows_of(quiz.pid))


def rows_of(pid: str) -> Rows:
    """What can be done with a quiz of a bank."""
    push = Button(T("Push this quiz"), f"quiz.push:{pid}", style="primary")
    return [[push, Button(T("Look at it"), f"quiz.show:{pid}")]]
