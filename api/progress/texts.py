"""What progress says: counts in words, what is due."""

from collections.abc import Callable, Mapping

from api.access import join_names
from api.messaging.tree import Node, Plural, T

# what is shown of all that is recorded, in this order: verb -> so many of it
DONE: dict[str, Callable[[int], Node]] = {
    "journal.submitted": lambda n: Plural("one activity log", "{n} activity logs", n),
    "journal.featured": lambda n: Plural("one log featured", "{n} logs featured", n),
    "journal.commented": lambda n: Plural("one comment", "{n} comments", n),
    "resource.added": lambda n: Plural("one resource shared", "{n} resources shared", n),
    "resource.opened": lambda n: Plural("one resource opened", "{n} resources opened", n),
    "notice.received": lambda n: Plural("one notice received", "{n} notices received", n),
    "quiz.attempted": lambda n: Plural("one quiz taken", "{n} quizzes taken", n),
    "quiz.passed": lambda n: Plural("one quiz passed", "{n} quizzes passed", n),
    "discussion.posted": lambda n: Plural("one contribution to a discussion", "{n} contributions to discussions", n),
}
# the same as headings of columns
COLUMNS: dict[str, T] = {
    "journal.submitted": T("Logs"),
    "journal.featured": T("Featured"),
    "journal.commented": T("Comments"),
    "resource.added": T("Resources"),
    "resource.opened": T("Opened"),
    "notice.received": T("Notices"),
    "quiz.attempted": T("Quizzes"),
    "quiz.passed": T("Quizzes passed"),
    "discussion.posted": T("Discussion"),
}


def counts_text(counts: Mapping[str, int]) -> Node:
    """Counts in words, one after the other; "nothing so far" for none."""
    words = [say(counts[verb]) for verb, say in DONE.items() if counts.get(verb, 0) > 0]
    return join_names(words) if words else T("nothing so far")
