"""What the browser is given besides pages: nothing from elsewhere, no words of its own, one version."""

import json
import re

from bot.platforms.web import pages
from tests.webchat.test_pages import Seen, drawn

SCRIPTS = {path.name: path.read_text(encoding="utf-8") for path in pages.STATIC.glob("*.js")}
OURS = {name: text for name, text in SCRIPTS.items() if name != "htmx.min.js"}


def test_nothing_asks_another_host() -> None:
    for path in [*pages.STATIC.glob("*.css"), *(pages.STATIC / name for name in OURS)]:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"https?://|@import|url\(", text), f"{path.name} asks somebody else"


def test_the_policy_allows_no_inline_and_no_foreign_source() -> None:
    assert "unsafe" not in pages.CSP and "*" not in pages.CSP and "http" not in pages.CSP
    assert "default-src 'none'" in pages.CSP and "frame-ancestors 'none'" in pages.CSP


def test_htmx_is_told_to_keep_to_the_policy_and_to_store_no_pages() -> None:
    (meta,) = [a for tag, a in Seen(drawn("chat")).tags if tag == "meta" and a.get("name") == "htmx-config"]
    config = json.loads(meta["content"] or "")
    assert config["allowEval"] is False and config["includeIndicatorStyles"] is False
    assert config["historyCacheSize"] == 0, "the history cache would keep people's messages in localStorage"
    assert (pages.STATIC / "LICENSE-htmx.txt").exists()


def test_every_word_a_script_says_is_on_the_page_and_none_is_idle() -> None:
    (words,) = [attributes for _, attributes in Seen(drawn("chat")).tags if attributes.get("id") == "words"]
    there = {re.sub(r"-(\w)", lambda m: m[1].upper(), key[5:]) for key in words if key.startswith("data-")}
    calls = " ".join(re.findall(r"\bword\(((?:[^()]|\([^()]*\))*)\)", "\n".join(OURS.values())))
    said = set(re.findall(r'"(\w+)"', calls))
    assert said == there


def test_scripts_import_only_what_is_there() -> None:
    for name, text in OURS.items():
        for imported in re.findall(r'from "(.+?)"', text):
            assert imported.removeprefix("./") in OURS, f"{name} imports {imported}"


def test_assets_carry_the_version_of_their_content() -> None:
    assert pages.asset("app.js") == f"/web/static/{pages.assets_version()}/app.js"
    for tag, attributes in Seen(drawn("chat")).tags:
        address = attributes.get("src") or attributes.get("href") or ""
        if tag in {"script", "link"}:
            assert (pages.STATIC / address.rsplit("/", 1)[1]).is_file()
