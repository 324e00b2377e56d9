"""Everything we say is said in Chinese, completely and with the same values."""

import ast

import pytest

from tests.laws.catalogue import HOLE, Said, entry, missing, of_call, said, translations


def test_every_text_has_its_chinese() -> None:
    lacking = missing()
    if lacking:
        parts = [f"# api/locale/zh_CN/{home}\n\n" + "\n".join(map(entry, texts)) for home, texts in lacking.items()]
        advice = "Translate these (warm, short, plain) into the catalogues named above; `make messages` prints them."
        pytest.fail("\n".join([advice, "", *parts]), pytrace=False)


def test_catalogues_hold_nothing_that_is_not_said() -> None:
    used = {text.msgid for text in said()[0]}
    found = [f"{', '.join(there.where)}: {msgid}" for msgid, there in translations().items() if msgid not in used]
    if found:
        pytest.fail("\n".join(["Nothing says these any more; delete them from the catalogue.", *found]), pytrace=False)


def test_chinese_has_the_same_values() -> None:
    known = translations()
    found = [
        f"{text.where}: {text.msgid!r} has {sorted(text.holes)}, its Chinese {chinese!r} has {sorted(holes)}"
        for text in said()[0]
        for chinese in (known[text.msgid].texts if text.msgid in known else ())
        if chinese and (holes := set(HOLE.findall(chinese))) != text.holes
    ]
    if found:
        pytest.fail("\n".join(["Both languages name the same {values}.", *found]), pytrace=False)


def test_texts_are_given_their_values() -> None:
    found = [
        f"{text.where}: {text.msgid!r} lacks {sorted(lacking)}"
        for text in said()[0]
        if text.values is not None and (lacking := (text.holes | set(HOLE.findall(text.msgid))) - text.values)
    ]
    if found:
        pytest.fail("\n".join(["Give each {value} of the text by name: T(text, value=...).", *found]), pytrace=False)


def test_msgids_can_be_read_from_the_source() -> None:
    unclear = said()[1]
    if unclear:
        advice = "Write the English literally inside T(...); choose between several T(...), not between strings."
        pytest.fail("\n".join([advice, *unclear]), pytrace=False)


def test_one_text_has_one_translation() -> None:
    found = [
        f"{msgid!r}: {' / '.join(sorted(there.texts))} in {', '.join(there.where)}"
        for msgid, there in translations().items()
        if len(there.texts) > 1 or there.fuzzy
    ]
    if found:
        pytest.fail("\n".join(["Decide for one translation, and keep it in one catalogue.", *found]), pytrace=False)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('T("Hello {who}", who=name)', [Said("x", "Hello {who}", values=frozenset({"who"}))]),
        ('tree.T("a" if late else "b")', [Said("x", t, values=frozenset()) for t in ("a", "b")]),
        ('T("a", **values)', [Said("x", "a")]),
        ('Plural("one log", "{n} logs", n)', [Said("x", "one log", "{n} logs", frozenset({"n"}))]),
        ('gettext(language, "a")', [Said("x", "a")]),
        ('_("a {b}", b=1)', [Said("x", "a {b}", values=frozenset({"b"}))]),
        ("T(chosen)", []),
    ],
)
def test_the_laws_see_what_is_said(source: str, expected: list[Said]) -> None:
    call = ast.parse(source, mode="eval").body
    assert isinstance(call, ast.Call)
    assert list(of_call(call, "x")) == expected


def test_missing_entries_can_be_pasted() -> None:
    assert entry(Said("a.py:1", 'Say "hi"\nnow')) == '#: a.py:1\nmsgid "Say \\"hi\\"\\nnow"\nmsgstr ""\n'
    assert 'msgstr[0] ""' in entry(Said("a.py:1", "one", "many"))
