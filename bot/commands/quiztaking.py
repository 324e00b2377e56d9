"""Taking a quiz (C4): questions one after the other in the private chat; in a room a press answers, told by a toast.

Buttons and polls answer by themselves. While another dialogue is open nothing typed is taken as an answer.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from api.errors import Conflict, Invalid, NotFound, Problem
from api.messaging import dialogues
from api.messaging.outbox import REPLY, edit_copy, say_in_chat
from api.messaging.polls import Poll
from api.messaging.tree import Button, Lines, Node, Plural, Rows, T, Words
from api.numbers import read_number
from api.quizzes import answering
from api.quizzes.answering import Answered, Attempt
from api.quizzes.marks import LETTERS
from api.quizzes.polls import question_poll
from api.quizzes.questions import MULTIPLE, SHORT, TRUTH, Question, read_choice, read_truth
from api.quizzes.service import mask_of, picked_of
from api.quizzes.status import NOT_PASSED, PASSED
from api.quizzes.texts import FALSE, TRUE, answer_node, options_node, question_tree, short
from bot.turn import Turn

NAME = "quiztaking"
HAND_IN = frozenset({"提交", "交卷", "交", "submit", "hand in"})
PER_ROW = 4
TOAST_REASON = 80
IN_PRIVATE = T("The questions are in our private chat.")
BUSY = T("The next answer has to be typed, and you are in the middle of something else. Finish that or send “cancel”, "
         "then press “Go on answering”.")  # fmt: skip
PASSED_ON = T("That copy was passed on to you, so nothing was counted. Answer in the one that I sent you.")
UNKNOWN = T("I do not know you yet. Open a private chat with me and send your claim code.")
Result = TypeVar("Result")


def press_start(turn: Turn, pid: str) -> None:
    """Begin or go on: the next question comes in the private chat."""
    if turn.face.person is None:
        turn.toast(UNKNOWN)
        return
    if not turn.private and turn.face.identity.chat_id is None:
        turn.toast(T("Open a private chat with me first, then press again."))
        return
    attempt = _unless_over(turn, partial(answering.start_attempt, turn.ctx, pid))
    if attempt is not None:
        turn.toast(None if turn.private else IN_PRIVATE)
        _ask(turn, attempt)


def press_vote(turn: Turn, rest: str) -> None:
    """An option under a quiz of one question: answered on the spot, told to the presser only."""
    if turn.face.person is None:
        turn.toast(UNKNOWN)
        return
    pid, _, option = rest.partition(".")
    picked = read_number(option, 2)
    if picked is None:
        return
    done = _unless_over(turn, partial(answering.answer_push, turn.ctx, pid, [picked]))
    if done is None:
        return
    left = answering.get_result(turn.ctx, done.attempt).left
    if turn.private:
        _draw(turn, Lines(_judged(done), *_again(left)), _rows_again(done) if left != 0 else None)
    if not turn.numbered:
        turn.toast(Lines(*_verdict(done, TOAST_REASON), *_again(left)))


def press_pick(turn: Turn, rest: str) -> None:
    """One option of a question with one right answer."""
    if (found := _pressed(turn, rest)) is not None:
        _answer(turn, found[0], found[1], [found[2]])


def hear_vote(turn: Turn, rest: str, picked: Sequence[int]) -> None:
    """A vote in a question of one's attempt that the platform drew as its quiz, which tells at once what is right (C4).

    Whoever the question was passed on to is told that it is not theirs; strangers have no chat to be told in.
    """
    if turn.face.person is None or not picked:
        return
    pid, _, number = rest.partition(".")
    try:
        attempt = answering.get_attempt_for(turn.ctx, pid)
    except NotFound:
        turn.whisper(answering.NOT_YOURS)
        return
    operation = partial(answering.answer_question, turn.ctx, pid, int(number), picked, vote_key=_vote_key(turn))
    done = _unless_over(turn, operation)
    if done is not None and done.first:
        _ask(turn, attempt)


def hear_push_vote(turn: Turn, pid: str, picked: Sequence[int]) -> None:
    """A vote in a pushed quiz of one question: in the copy that was sent to who votes, not in one passed on to them."""
    if turn.face.person is None or not picked:
        return
    chat = turn.face.chat
    if not answering.is_own_poll(turn.ctx, chat.platform, chat.account, turn.inbound.event):
        turn.whisper(PASSED_ON)
        return
    operation = partial(answering.answer_push, turn.ctx, pid, picked, vote_key=_vote_key(turn))
    done = _unless_over(turn, operation)
    if done is not None and done.first and (left := answering.get_result(turn.ctx, done.attempt).left) != 0:
        _tell(turn, Lines(*_again(left)), _rows_again(done))


def _vote_key(turn: Turn) -> str:
    return f"{turn.inbound.event}:{turn.face.identity.id}"


def press_mark(turn: Turn, rest: str) -> None:
    """Mark options of a question with several right answers: the button says which are marked when it was pressed."""
    if (found := _pressed(turn, rest)) is None:
        return
    attempt, n, mask = found
    question, picked = answering.get_question(turn.ctx, attempt, n), picked_of(mask)
    asked = answering.next_question(turn.ctx, attempt)
    if asked is None or asked[0] != n:
        _say_over(turn, T("You have answered this question already."))
        return
    if max(picked, default=0) >= len(question.options):
        return
    heard = _wait(turn, attempt, n, question, mask)
    letters = "、".join(LETTERS[each] for each in picked)
    if not turn.numbered:
        turn.toast(T("Marked: {letters}", letters=letters) if picked else T("Nothing is marked."))
    _draw(turn, *_question(turn, attempt, n, question, picked, heard))


def press_hand(turn: Turn, rest: str) -> None:
    """Hand in what is marked."""
    if (found := _pressed(turn, rest)) is not None:
        _hand_in(turn, found[0], found[1], picked_of(found[2]))


def hear(turn: Turn) -> None:
    """An answer that was typed: words, letters, true or false."""
    assert turn.dialogue is not None
    attempt = answering.get_attempt_for(turn.ctx, turn.dialogue.data["attempt"])
    try:
        answering.check_answerable(turn.ctx, attempt)
    except Problem as over:
        turn.end()
        turn.say(over.say)
        return
    n = turn.dialogue.data["n"]
    question = answering.get_question(turn.ctx, attempt, n)
    if question.kind == SHORT:
        _answer(turn, attempt, n, [], turn.text)
    elif question.kind == MULTIPLE and turn.text.lower() in HAND_IN:
        _hand_in(turn, attempt, n, picked_of(turn.dialogue.data["mask"]))
    else:
        picked = read_truth(turn.text) if question.kind == TRUTH else read_choice(turn.text, len(question.options))
        if picked is None:
            turn.say(_hint(question))
        else:
            _answer(turn, attempt, n, list(picked))


def cancelled(turn: Turn) -> None:
    """The word "cancel": what was answered stays, and one may go on later."""
    assert turn.dialogue is not None
    attempt = answering.get_attempt_for(turn.ctx, turn.dialogue.data["attempt"])
    turn.end()
    go_on = Button(T("Go on answering"), f"quiz.start:{answering.push_of(turn.ctx, attempt).pid}")
    turn.say(T("Put away. What you answered is kept; go on before the quiz closes."), [[go_on]])


def _pressed(turn: Turn, rest: str) -> tuple[Attempt, int, int] | None:
    """(own attempt, question, option or options as bits) of "<attempt>.<n>.<number>". NotFound for somebody else's.

    Where others read along nothing is taken: what is pressed there is no button of ours, and its message is theirs too.
    """
    pid, _, numbers = rest.partition(".")
    first, _, second = numbers.partition(".")
    n, number = read_number(first, 3), read_number(second, 4)
    if n is None or number is None:
        return None
    attempt = answering.get_attempt_for(turn.ctx, pid)
    if not turn.private:
        turn.toast(IN_PRIVATE)
        return None
    return attempt, n, number


def _hand_in(turn: Turn, attempt: Attempt, n: int, picked: Sequence[int]) -> None:
    if picked:
        _answer(turn, attempt, n, list(picked))
        return
    asked = answering.next_question(turn.ctx, attempt)
    over = asked is None or asked[0] != n
    _say_over(turn, T("You have answered this question already.") if over else T("Mark what is right first."))


def _answer(turn: Turn, attempt: Attempt, n: int, picked: list[int], words: str = "") -> None:
    operation = partial(answering.answer_question, turn.ctx, attempt.pid, n, picked, words)
    done = _unless_over(turn, operation)
    if done is None:
        return
    if turn.inbound.kind == "pressed" and not turn.numbered:
        _draw(turn, _judged(done))
        turn.toast(_verdict(done)[0])
    else:
        turn.say(Lines(*_verdict(done)))
    _ask(turn, done.attempt)


def _ask(turn: Turn, attempt: Attempt) -> None:
    """The next question, or how it went."""
    asked = answering.next_question(turn.ctx, attempt)
    if asked is None:
        _finish(turn, attempt)
        return
    n, question = asked
    heard = _wait(turn, attempt, n, question, 0)
    if question.kind == SHORT and not heard:
        go_on = Button(T("Go on answering"), f"quiz.start:{answering.push_of(turn.ctx, attempt).pid}")
        _tell(turn, BUSY, [[go_on]])
        return
    closes_at = answering.push_of(turn.ctx, attempt).closes_at
    poll = question_poll(question, f"quiz:{attempt.pid}.{n}", _head(turn, attempt, n), closes_at)
    _tell(turn, *_question(turn, attempt, n, question, heard=heard), poll=poll)


def _head(turn: Turn, attempt: Attempt, n: int) -> Node:
    return T("Question {n} of {all}", n=n, all=answering.get_result(turn.ctx, attempt).questions)


def _question(turn: Turn, attempt: Attempt, n: int, question: Question, chosen: Sequence[int] = (),
              heard: bool = True) -> tuple[Node, Rows]:  # fmt: skip
    """A question as it is asked, and its buttons. A short answer has none: a typed number is an answer there."""
    tree = question_tree(question, _head(turn, attempt, n), chosen)
    mask, about = mask_of(chosen), f"{attempt.pid}.{n}"
    labels: list[Node] = [TRUE, FALSE]
    if question.kind != TRUTH:
        labels = [Words(LETTERS[i]) for i in range(len(question.options))]
    if question.kind == SHORT:
        return Lines(tree, _hint(question)), []
    several = question.kind == MULTIPLE
    actions = [f"mark:{about}.{mask ^ 1 << i}" if several else f"pick:{about}.{i}" for i in range(len(labels))]
    buttons = [Button(label, f"quiz.{action}") for label, action in zip(labels, actions, strict=True)]
    rows: Rows = [buttons[at : at + PER_ROW] for at in range(0, len(buttons), PER_ROW)]
    if not several:
        return tree, rows
    rows.append([Button(T("Hand in the answer"), f"quiz.hand:{about}.{mask}", style="primary")])
    pressed = T("Mark all that are right, then press “Hand in the answer”.")
    return Lines(tree, _hint(question) if heard else pressed), rows


def _hint(question: Question) -> Node:
    if question.kind == SHORT:
        return T("Type your answer.")
    if question.kind == TRUTH:
        return T("Press or type: true or false.")
    if question.kind == MULTIPLE:
        return T("Mark all that are right, then press “Hand in the answer”; or type their letters, such as AC.")
    return T("Press an option or type its letter.")


def _finish(turn: Turn, attempt: Attempt) -> None:
    if turn.dialogue is not None and turn.dialogue.name == NAME:
        turn.end()
    result = answering.get_result(turn.ctx, attempt)
    lines: list[Node] = [T("Done: {score} of {all} right.", score=attempt.score, all=result.questions)]
    if attempt.passed is not None:
        lines.append(PASSED if attempt.passed else NOT_PASSED)
    push = answering.push_of(turn.ctx, attempt)
    rows: Rows = [[Button(T("Try the quiz again"), f"quiz.start:{push.pid}")]] if result.left != 0 else []
    _tell(turn, Lines(*lines, *_again(result.left)), rows)


def _again(left: int | None) -> list[Node]:
    if left == 0:
        return []
    if left is None:
        return [T("You may try again as often as you like.")]
    return [Plural("You may try once more.", "You may try {n} more times.", left)]


def _rows_again(done: Answered) -> Rows:
    return [[Button(T("Try the quiz again"), f"quiz.start:{done.push.pid}")]]


def _verdict(done: Answered, limit: int = 0) -> list[Node]:
    """Right or wrong, what is right, and why; `limit`: so much of words that people typed (a toast is short)."""
    answer = answer_node(done.question)
    if limit and isinstance(answer, Words):
        answer = Words(short(answer.text, limit // 2))
    wrong = T("✗ Not right. The answer is: {answer}", answer=answer)
    lines: list[Node] = [T("✓ Right!") if done.correct else wrong]
    if done.question.reason:
        reason = short(done.question.reason, limit) if limit else done.question.reason
        lines.append(T("Because: {reason}", reason=reason))
    return lines


def _judged(done: Answered) -> Node:
    """A question after its answer."""
    mine = T("Your answer: {answer}", answer=options_node(done.question, done.picked))
    return Lines(question_tree(done.question), mine, *_verdict(done))


def _wait(turn: Turn, attempt: Attempt, n: int, question: Question, mask: int) -> bool:
    """Take what is typed next in the private chat as the answer; False while something else is typed there."""
    chat_id, identity = _private_chat(turn), turn.face.identity.id
    if chat_id is None:
        return False
    open_ = dialogues.current_dialogue(turn.ctx, chat_id, identity)
    if open_ is not None and open_.name != NAME:
        return False
    data = {"attempt": attempt.pid, "n": n, "mask": mask}
    turn.dialogue = dialogues.open_dialogue(turn.ctx, chat_id, identity, NAME, "answer", _hint(question), data)
    return True


def _private_chat(turn: Turn) -> int | None:
    return turn.face.chat.id if turn.private else turn.face.identity.chat_id


def _tell(turn: Turn, tree: Node, rows: Rows | None = None, poll: Poll | None = None) -> None:
    """Say something in the private chat of the account that pressed, where its answers are waited for."""
    if (chat_id := _private_chat(turn)) is not None:
        turn.to_say.append(partial(say_in_chat, turn.ctx, chat_id, tree, rows, lane=REPLY, poll=poll))


def _draw(turn: Turn, tree: Node, rows: Rows | None = None) -> None:
    """Change this chat's copy of what was pressed at once; where choices are numbers it is said: the last message
    is the one that numbers answer."""
    if not turn.numbered:
        turn.to_say.append(partial(edit_copy, turn.ctx, turn.face.chat.id, turn.inbound.event, tree, rows))
    else:
        turn.say(tree, rows)


def _unless_over(turn: Turn, operation: Callable[[], Result]) -> Result | None:
    """What the operation gives; what is over or does not fit is said to the person alone, and nothing happens."""
    try:
        with turn.ctx.attempt():
            return operation()
    except (Conflict, Invalid) as problem:
        _say_over(turn, problem.say)
        return None


def _say_over(turn: Turn, say: Node) -> None:
    turn.toast(say) if turn.inbound.handle else turn.whisper(say)
