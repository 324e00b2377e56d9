"""Every command that people or operators can give is explained, and every one of the chat is tried in a dialogue."""

from collections.abc import Iterator

import pytest
import typer.main

from bot.cli import app
from bot.registry import Command
from tests.docs.pages import COMMANDS, LANGUAGES, PAGES, calls, page, said_in_tests


def cli_commands() -> Iterator[str]:
    """ "roster import", "run" ...: every command of the command line."""
    group = typer.main.get_command(app)
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        yield from (f"{name} {part}" for part in inner) if inner else (name,)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_is_explained(command: Command, language: str) -> None:
    word, name = command.words[0], f"`/{command.name}`"
    lacking = [
        f"docs/{language}/{audience}.md lacks {part}"
        for audience in PAGES[command.who]
        for part in (word, name)
        if part not in page(language, audience)
    ]
    if lacking:
        advice = f"Say in these pages what people do with {word} ({name}), and add it to the table at their end."
        pytest.fail("\n".join([advice, *lacking]), pytrace=False)


def test_every_command_is_tried_in_a_dialogue() -> None:
    said = said_in_tests()
    untried = [command for command in COMMANDS if not any(calls(text, command) for text in said)]
    if untried:
        advice = (
            "Nobody says these in a dialogue test. Add one to tests/<capability>/test_chat*.py: "
            'await li.say("…"), then expect what comes (CONTRIBUTING shows one).'
        )
        names = [f"/{command.name} ({command.words[0]})" for command in untried]
        pytest.fail("\n".join([advice, *names]), pytrace=False)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_of_the_command_line_is_explained(language: str) -> None:
    text = page(language, "operator")
    lacking = [command for command in cli_commands() if f"gongfang {command}" not in text]
    if lacking:
        advice = f"docs/{language}/operator.md says what each command is for; these are not in it:"
        pytest.fail("\n".join([advice, *(f"gongfang {command}" for command in lacking)]), pytrace=False)


@pytest.mark.parametrize(
    ("text", "name", "meant"),
    [
        ("日志", "log", True),
        ("日志 今天听了课", "log", True),
        ("/log", "log", True),
        ("日志本丢了", "log", False),
        ("/logs", "log", False),
        ("提醒我明天9点交表", "remind", True),
    ],
)
def test_what_counts_as_saying_a_command(text: str, name: str, meant: bool) -> None:
    command = next(command for command in COMMANDS if command.name == name)
    assert calls(text, command) is meant
