"""Polls and quizzes a bot sends."""

from typing import Any

from tests.emulators.telegram import access, polls, views
from tests.emulators.telegram.call import Call
from tests.emulators.telegram.entities import formatted
from tests.emulators.telegram.errors import bad
from tests.emulators.telegram.markup import read_inline
from tests.emulators.telegram.methods.registry import method
from tests.emulators.telegram.methods.sending import SEND, send_content
from tests.emulators.telegram.model import Json, Poll

QUESTION, OPTION, OPTIONS, EXPLANATION = 300, 100, 12, 200
LONGEST = 2_628_000  # seconds a poll can be open
TAKES = (
    "question question_parse_mode question_entities options is_anonymous type allows_multiple_answers allows_revoting "
    "correct_option_id correct_option_ids explanation explanation_parse_mode explanation_entities open_period "
    "close_date is_closed shuffle_options hide_results_until_closes"
)


@method("sendPoll", SEND + TAKES, counts=True)
def send_poll(call: Call) -> Json:
    """A poll; anonymous unless told otherwise, and then no poll_answer comes."""
    question, found = formatted(
        call.text("question"), call.decoded("question_entities", "entities"), call.text("question_parse_mode")
    )
    if not question:
        raise bad("text must be non-empty")
    if len(question) > QUESTION:
        raise bad(f"poll question length must not exceed {QUESTION}")
    options = _options(call)
    quiz = _is_quiz(call)
    settings = _settings(call, quiz)
    if found:
        settings["question_entities"] = found
    correct = _correct(call, len(options)) if quiz else []
    number = str(call.world.new_user_id() * 1_000_003)
    poll = Poll(number, call.bot, question, options, settings, correct, _explanation(call) if quiz else {})
    poll.closed = call.flag("is_closed")
    sent = send_content(call, {}, poll=poll)
    call.world.polls[poll.id] = poll
    if "close_date" in settings:
        call.world.clock.at(settings["close_date"], lambda: polls.close(call.world, poll))
    return views.message(sent, call.bot)


@method("stopPoll", "chat_id message_id reply_markup")
def stop_poll(call: Call) -> Json:
    """Close a poll of one's own; the result is final."""
    chat = access.find_chat(call, write=True)
    message = access.find_message(call, chat, "message with poll to stop")
    if message.poll is None:
        raise bad("message is not a poll")
    if message.sender is not call.bot or message.forwarded_from is not None:
        raise bad("poll can't be stopped")
    if message.poll.closed:
        raise bad("poll has already been closed")
    message.buttons = read_inline(call)
    polls.close(call.world, message.poll)
    return views.poll(message.poll, call.bot)


def _options(call: Call) -> list[Json]:
    given = call.decoded("options", "options", [])
    if not isinstance(given, list):
        raise bad("expected an Array of String as options")
    options = []
    for number, one in enumerate(given):
        if not isinstance(one, str | dict):
            raise bad("expected an option to be of type String")
        one = {"text": one} if isinstance(one, str) else one
        text, found = formatted(str(one.get("text", "")), one.get("text_entities"), one.get("text_parse_mode") or "")
        if not text:
            raise bad("text must be non-empty")
        if len(text) > OPTION:
            raise bad(f"poll options length must not exceed {OPTION}")
        options.append({"text": text, "persistent_id": f"o{number}"} | ({"text_entities": found} if found else {}))
    if not options:
        raise bad("poll must have at least one answer option")
    if len(options) > OPTIONS:
        raise bad(f"poll can't have more than {OPTIONS} options")
    if len({option["text"] for option in options}) < len(options):
        raise bad("POLL_OPTION_DUPLICATE")
    return options


def _is_quiz(call: Call) -> bool:
    if (kind := call.text("type")) not in ("", "regular", "quiz"):
        raise bad("unsupported poll type specified")
    return kind == "quiz"


def _settings(call: Call, quiz: bool) -> Json:
    settings: Json = {
        "type": "quiz" if quiz else "regular",
        "is_anonymous": call.flag("is_anonymous", True),
        "allows_multiple_answers": call.flag("allows_multiple_answers"),
        "allows_revoting": call.flag("allows_revoting", not quiz),
        "members_only": False,
    }
    period, end = call.integer("open_period", 0, 0, LONGEST), call.integer("close_date")
    now = call.world.now()
    if (period and period < 5) or (end and not 5 <= end - now <= LONGEST):
        raise bad("POLL_CLOSE_DATE_INVALID" if end and not period else "POLL_OPEN_PERIOD_INVALID")
    if period or end:
        settings |= {"open_period": period or end - now, "close_date": now + period if period else end}
    return settings


def _correct(call: Call, options: int) -> list[int]:
    given: Any = call.decoded("correct_option_ids", "correct option identifiers")
    if given is None and "correct_option_id" in call.args:
        given = [call.integer("correct_option_id", -1)]
    given = given if given is not None else []
    if not isinstance(given, list):
        raise bad("expected an Array of correct option identifiers")
    if not all(isinstance(number, int) for number in given):
        raise bad("correct option identifier must be of type Number")
    if not given:
        raise bad("correct quiz option list must be non-empty")
    if sorted(set(given)) != given:
        raise bad("correct quiz option list must be increasing")
    if not all(0 <= number < options for number in given):
        raise bad("wrong correct option ID specified")
    return given


def _explanation(call: Call) -> Json:
    text, found = formatted(
        call.text("explanation"), call.decoded("explanation_entities", "entities"), call.text("explanation_parse_mode")
    )
    if len(text) > EXPLANATION or text.count("\n") > 2:
        raise bad("POLL_EXPLANATION_TOO_LONG")
    return {"explanation": text, "explanation_entities": found} if text else {}
