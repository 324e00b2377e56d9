"""What people are shown as an example can be typed just so."""

import pytest

from api.i18n import gettext
from api.quizzes.parsing import parse
from bot.commands.quizmaking import EXAMPLE
from tests.docs.pages import LANGUAGES, blocks, page


@pytest.mark.parametrize("language", LANGUAGES)
def test_examples_are_read_without_a_fault(language: str) -> None:
    shown = [gettext("zh_CN" if language == "zh" else "en", EXAMPLE.key)]
    shown += [text for text in blocks(page(language, "host"), "text") if "1" in text]
    assert len(shown) == 2
    for text in shown:
        draft = parse(text)
        assert not draft.faults
        assert [(each.kind, each.right, bool(each.reason)) for each in draft.questions] == [
            ("single", (1,), True), ("short", (), False),
        ]  # fmt: skip
        assert len(draft.questions[1].accepted) == 2
