"""What is said about logs, wherever it is said."""

import unicodedata

from api.attachments.texts import count_kind
from api.messaging.tree import Bold, Lines, Node, Plural, Quote, Seq, T, Words
from storage.attachments import Attachment
from storage.communities import Community
from storage.journals import JournalComment, JournalEntry
from storage.people import Person

JOINER = "\u200d"
FLAGS = range(0x1F1E6, 0x1F200)
SKINS = range(0x1F3FB, 0x1F400)
STATES = {
    "draft": T("draft"),
    "submitting": T("waiting for its files"),
    "submitted": T("handed in"),
    "withdrawn": T("withdrawn"),
}


def count_chars(text: str) -> int:
    """How many characters a person would count: no white space, nothing invisible, an emoji is one."""
    count, joined, half_a_flag = 0, False, False
    for char in unicodedata.normalize("NFC", text):
        code = ord(char)
        if char == JOINER:
            joined = True
        elif char.isspace() or unicodedata.category(char) in ("Cf", "Cc", "Mn", "Me") or code in SKINS:
            continue
        elif joined:
            joined = False
        elif half_a_flag and code in FLAGS:
            half_a_flag = False
        else:
            count += 1
            half_a_flag = code in FLAGS
    return count


def headline(entry: JournalEntry, length: int = 18) -> Node:
    """The beginning of an entry, to tell it from others."""
    line = " ".join(entry.body.split())
    return Words(line if len(line) <= length else line[:length] + "…") if line else T("without words")


def in_sum(entry: JournalEntry, files: list[Attachment]) -> Node:
    """What an entry holds so far: "56 characters, 3 photos"."""
    parts: list[Node] = []
    if entry.body:
        parts.append(Plural("{n} character", "{n} characters", count_chars(entry.body)))
    for kind in ("photo", "voice", "video", "document"):
        if n := sum(file.kind == kind for file in files):
            parts.append(count_kind(kind, n))
    joined: list[Node] = []
    for n, part in enumerate(parts):
        joined += [Words(" · "), part] if n else [part]
    return Seq(*joined) if joined else T("nothing yet")


def place(community: Community | None) -> Node:
    """Where an entry goes."""
    return Words(community.name) if community is not None else T("personal log")


def entry_as_seen(entry: JournalEntry, author: Person, community: Community | None, files: list[Attachment]) -> Lines:
    """An entry exactly as its readers see it; the files are sent along."""
    head: list[Node] = [Bold(author.name), Words(" · "), place(community)]
    if entry.edited_at is not None:
        head += [Words(" · "), T("edited")]
    lines: list[Node] = [Seq(*head)]
    if entry.body:
        lines.append(Words(entry.body))
    if files:
        lines.append(Seq(Words("📎 "), in_sum(JournalEntry(body=""), files)))
    return Lines(*lines)


def judgement(entry: JournalEntry, score_max: int) -> list[Node]:
    """What reviewers made of an entry, a line each."""
    lines: list[Node] = []
    if entry.score is not None:
        lines.append(T("Score: {score}", score=score_words(entry.score, score_max)))
    if entry.featured_at is not None:
        lines.append(T("🏅 Featured"))
    return lines


def score_words(score: int, score_max: int) -> Words:
    """A score: stars where there are five, else points of the most."""
    return Words("★" * score + "☆" * (5 - score)) if score_max == 5 else Words(f"{score}/{score_max}")


def said_about(comment: JournalComment, person: Person) -> Node:
    """One comment with who said it."""
    return Seq(Bold(person.name), Words("："), Words(comment.body))


def quoted(text: str) -> Quote:
    """Somebody's words, quoted."""
    return Quote(Words(text))
