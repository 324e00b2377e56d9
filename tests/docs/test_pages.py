"""The pages hold together: both languages, links that lead somewhere, decisions that are listed."""

import re
import tomllib
from pathlib import Path

import pytest

from api.config import Config
from tests.docs.pages import DOCS, LANGUAGES, anchor, blocks, headings, page, written
from tests.laws.source import ROOT, name

AUDIENCES = ("teacher", "host", "administrator", "operator", "three-platforms", "county-on-matrix",
             "telegram-group")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|<img [^>]*src=\"([^\"]+)\"")
SECTIONS = ["Context", "Decision", "Consequences", "What was measured"]
ADRS = sorted((DOCS / "adr").glob("*.md"))


def links(path: Path) -> list[str]:
    """Where a page links to, other sites left out."""
    found = [left or right for left, right in LINK.findall(path.read_text(encoding="utf-8"))]
    return [link for link in found if "://" not in link]


def targets(path: Path) -> list[Path]:
    """The files that a page links to."""
    return [path.parent / link.partition("#")[0] for link in links(path) if not link.startswith("#")]


@pytest.mark.parametrize("audience", AUDIENCES)
def test_both_languages_tell_the_same_tasks(audience: str) -> None:
    tasks = {language: headings(page(language, audience), 2) for language in LANGUAGES}
    chinese, english = (len(tasks[language]) for language in LANGUAGES)
    assert chinese == english, f"docs/zh/{audience}.md and docs/en/{audience}.md have different sections: {tasks}"


def test_links_lead_to_files() -> None:
    broken = [
        f"{name(path)}: {target.relative_to(path.parent)}"
        for path in written()
        for target in targets(path)
        if target.suffix != ".png" and not target.exists()
    ]
    if broken:
        pytest.fail("\n".join(["These links lead nowhere.", *broken]), pytrace=False)


def test_links_lead_to_headings() -> None:
    broken = []
    for path in written():
        for link in links(path):
            where, _, mark = link.partition("#")
            there = path.parent / where if where else path
            if mark and there.suffix == ".md" and there.exists():
                text = there.read_text(encoding="utf-8")
                if mark not in {anchor(heading) for level in (1, 2, 3) for heading in headings(text, level)}:
                    broken.append(f"{name(path)}: {link}")
    if broken:
        pytest.fail("\n".join(["No heading is called like that.", *broken]), pytrace=False)


@pytest.mark.parametrize("path", [path for path in written() if "```toml" in path.read_text()], ids=name)
def test_configurations_that_pages_show_are_accepted(path: Path) -> None:
    for block in blocks(path.read_text(encoding="utf-8"), "toml"):
        Config(**tomllib.loads(block))


def test_pictures_are_there() -> None:
    missing = {
        name(target.resolve())
        for path in written()
        for target in targets(path)
        if target.suffix == ".png" and not target.exists()
    }
    if missing:
        advice = "Pages show these pictures: take them of the running service (make run), or take the link out."
        pytest.fail("\n".join([advice, *sorted(missing)]), pytrace=False)


@pytest.mark.parametrize("path", ADRS, ids=lambda path: path.stem)
def test_a_decision_is_a_page_of_four_parts(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.fullmatch(r"\d{4}-[a-z-]+", path.stem), "call it docs/adr/NNNN-what-was-decided.md"
    assert headings(text, 2) == SECTIONS, f"{name(path)}: its parts are {', '.join(SECTIONS)}"
    assert len(text.split()) < 700, f"{name(path)}: one page; what is longer belongs into docs/architecture.md"


def test_decisions_are_numbered_and_listed() -> None:
    assert [path.name[:4] for path in ADRS] == [f"{n:04}" for n in range(1, len(ADRS) + 1)]
    overview = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    unlisted = [path.name for path in ADRS if f"(adr/{path.name})" not in overview]
    assert not unlisted, f"docs/architecture.md lists the decisions; it lacks {unlisted}"
