"""Files: how long, in which style, what is left for later, and locks that say the same as pyproject.toml."""

import re
import subprocess
import sys
import tomllib

import pytest

from tests.laws.source import ROOT, files, name

LONGEST = 400
# written apart so that this file keeps its own law
LATER = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b")
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-synapse.lock")


def test_no_file_is_two_files() -> None:
    # a revision is written once, by a program, and never read again in one piece
    sources = [path for path in files(".py", ".html", ".js", ".css") if path.parent.name != "versions"]
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in sources}
    found = [f"{name(path)}: {lines} lines" for path, lines in lengths.items() if lines > LONGEST]
    if found:
        advice = f"Past {LONGEST} lines a file is two: find the second thing that moved in and give it its own name."
        pytest.fail("\n".join([advice, *found]), pytrace=False)


def test_nothing_is_left_for_later() -> None:
    found = [
        f"{name(path)}:{number}: {line.strip()}"
        for path in files(".py", ".html", ".js", ".css", ".md", ".po", ".toml")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if LATER.search(line)
    ]
    if found:
        pytest.fail("\n".join(["Do it now, or file an issue and delete the note.", *found]), pytrace=False)


def test_style_is_kept() -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--output-format", "concise", "."],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if checked.returncode:
        advice = "`make format` mends most of these; the rest by hand. An exception is commented where it is made."
        pytest.fail(f"{advice}\n{checked.stdout}{checked.stderr}", pytrace=False)


def test_locks_know_every_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {"requirements.lock": project["dependencies"]}
    needed["requirements-dev.lock"] = project["dependencies"] + project["optional-dependencies"]["dev"]
    found = []
    for lock, requirements in needed.items():
        locked = set(re.findall(r"^([a-z0-9.-]+)==", (ROOT / lock).read_text(), re.MULTILINE))
        names = {re.split(r"[\[<>=~! ;]", line)[0].lower().replace("_", "-") for line in requirements}
        found += [f"{lock} lacks {missing}" for missing in sorted(names - locked)]
    if found:
        pytest.fail("\n".join(["pyproject.toml changed: run `make lock` and commit the locks.", *found]), pytrace=False)


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_record_no_addresses(lock: str) -> None:
    found = [line for line in (ROOT / lock).read_text().splitlines() if "://" in line or line.startswith("-")]
    if found:
        pytest.fail("\n".join([f"Make {lock} by `make lock`: it works behind every mirror.", *found]), pytrace=False)
