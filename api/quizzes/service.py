"""Quiz banks (G8): whoever may push in a community types quizzes into its bank, finds and changes them.

Members never see a bank: the answers are in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from api.access import can, require
from api.communities.audiences import places_where
from api.communities.lookup import get_community_for
from api.context import Context
from api.errors import Invalid, not_found
from api.messaging.outbox import tell_person
from api.messaging.render import clean
from api.messaging.tree import T
from api.quizzes.parsing import Draft, parse
from api.quizzes.questions import MOST_TAGS, TAG_LIMIT, TITLE_LIMIT, Question, render_questions
from api.quizzes.texts import faults_tree, gone_tree
from api.records.service import audit, record
from storage import quiz_pushes, quizzes
from storage.communities import Community
from storage.people import Person
from storage.quizzes import Question as Row
from storage.quizzes import Quiz

TEXT_LIMIT = 20_000
TITLE_OF_STEM = 30
SEARCH_LIMIT = 4000
PUSH = "push"  # the right that a bank asks for


@dataclass(frozen=True, slots=True)
class Found:
    """A quiz with the names around it, and how many questions it has."""

    quiz: Quiz
    bank: str
    author: str
    questions: int


def read_quiz(ctx: Context, text: str) -> Draft:
    """What a typed quiz says, with every fault by its line. Raises Invalid for far too much."""
    if len(text) > TEXT_LIMIT:
        say = T("That is too long: {n} characters; at most {limit}.", n=len(text), limit=TEXT_LIMIT)
        raise Invalid("quiz.too_long", say, n=len(text), limit=TEXT_LIMIT)
    return parse(text)


def add_quiz(ctx: Context, community_pid: str, text: str, title: str = "", tags: Sequence[str] = ()) -> Quiz:
    """Put a typed quiz into a community's bank (`push` there); its title defaults to the text's, then to its beginning.

    Raises Invalid with `faults` (line, code) when some of it cannot be read.
    """
    community = get_community_for(ctx, community_pid, PUSH)
    draft = _faultless(ctx, text)
    quiz = Quiz(community_id=community.id, author_id=ctx.me.id, created_at=ctx.now, changed_at=ctx.now)
    _name(quiz, title or title_of(draft), tags)
    ctx.session.add(quiz)
    ctx.session.flush()
    _keep(ctx, quiz, draft.questions)
    record(ctx, "quiz.added", f"quiz:{quiz.pid}", community)
    return quiz


def edit_quiz(ctx: Context, pid: str, *, title: str | None = None, text: str | None = None,
              tags: Sequence[str] | None = None) -> Quiz:  # fmt: skip
    """Change a quiz of a bank where one may push.

    New questions of a quiz that went out make a new quiz that takes its place: what people answered stays what it
    was. Pushes that still wait go out with the new questions. Returns the quiz that is in the bank then.
    """
    quiz = get_quiz_for(ctx, pid)
    get_community_for(ctx, bank_of(ctx, quiz).pid, PUSH)  # whoever lost the right changes nothing there any more
    title = quiz.title if title is None else title
    tags = quiz.tags if tags is None else tags
    draft = _faultless(ctx, text) if text is not None else None
    scheduled = quiz_pushes.find_scheduled(ctx.session, quiz.id, lock=True) if draft is not None else []
    if draft is not None and quiz_pushes.was_released(ctx.session, quiz.id):
        quiz.removed_at, quiz.removed_by = ctx.now, ctx.me.id
        quiz = Quiz(community_id=quiz.community_id, author_id=quiz.author_id, created_at=ctx.now)
        ctx.session.add(quiz)
    _name(quiz, title, tags)
    quiz.changed_at = ctx.now
    ctx.session.flush()
    for push in scheduled:
        push.quiz_id = quiz.id
    _keep(ctx, quiz, draft.questions if draft is not None else questions_of(ctx, quiz), anew=draft is not None)
    return quiz


def remove_quiz(ctx: Context, pid: str) -> Quiz:
    """Take a quiz of one's own, or of a bank one manages, out of the bank; what was pushed stays answerable.

    Pushes that still wait will not go out; others who scheduled one are told.
    """
    quiz = get_quiz_for(ctx, pid)
    community = bank_of(ctx, quiz)
    if ctx.actor is None or ctx.actor.id != quiz.author_id:
        require(ctx, "manage", community)
        audit(ctx, "quiz.removed", f"quiz:{quiz.pid}", community)
    quiz.removed_at, quiz.removed_by = ctx.now, ctx.actor.id if ctx.actor else None
    for push in quiz_pushes.find_scheduled(ctx.session, quiz.id, lock=True):
        push.withdrawn_at = push.settled_at = ctx.now
        if push.author_id != quiz.removed_by:
            place = ctx.session.get_one(Community, push.community_id)
            tell_person(ctx, push.author_id, gone_tree(quiz, place))
    record(ctx, "quiz.added", f"quiz:{quiz.pid}", community, person_id=quiz.author_id, amount=-1)
    ctx.session.flush()
    return quiz


def count_scheduled(ctx: Context, quiz: Quiz) -> int:
    """How many pushes of a quiz wait for their moment."""
    return len(quiz_pushes.find_scheduled(ctx.session, quiz.id))


def get_quiz_for(ctx: Context, pid: str) -> Quiz:
    """A quiz with its answers, for who may push in its bank's community, and for its author. Raises NotFound."""
    quiz = quizzes.get_quiz(ctx.session, pid)
    if quiz is None:
        raise not_found("quiz.unknown")
    mine = ctx.actor is not None and quiz.author_id == ctx.actor.id
    if not mine and not can(ctx, PUSH, bank_of(ctx, quiz)):
        raise not_found("quiz.unknown")
    return quiz


def find_quizzes(ctx: Context, words: str = "", *, community_pid: str | None = None, before: str | None = None,
                 limit: int = 20) -> list[Found]:  # fmt: skip
    """Quizzes of the banks one may push from that contain all `words`, newest first; `before` is a pid."""
    community = get_community_for(ctx, community_pid, PUSH) if community_pid else None
    found = quizzes.find_quizzes(
        ctx.session, places_where(ctx, PUSH), words, community_id=community.id if community else None, before=before,
        limit=limit,
    )  # fmt: skip
    counts = quizzes.count_questions(ctx.session, [quiz.id for quiz, _, _ in found])
    return [Found(quiz, bank, author, counts.get(quiz.id, 0)) for quiz, bank, author in found]


def questions_of(ctx: Context, quiz: Quiz) -> list[Question]:
    """The questions of a quiz in order."""
    return [question_of(row) for row in quizzes.questions_of(ctx.session, quiz.id)]


def question_of(row: Row) -> Question:
    """A stored question as it was typed."""
    return Question(
        row.kind, row.stem, tuple(row.options), picked_of(row.answer_key), tuple(row.accepted), row.reason,
        tuple(row.tags),
    )  # fmt: skip


def text_of(ctx: Context, quiz: Quiz) -> str:
    """A quiz as its author could have typed it, without its title."""
    return render_questions("", questions_of(ctx, quiz))


def bank_of(ctx: Context, quiz: Quiz) -> Community:
    """The community whose bank it is in."""
    return ctx.session.get_one(Community, quiz.community_id)


def author_of(ctx: Context, quiz: Quiz) -> Person:
    """Who typed it."""
    return ctx.session.get_one(Person, quiz.author_id)


def title_of(draft: Draft) -> str:
    """What a quiz is called when nobody says: its own title, or the beginning of its first question."""
    if draft.title or not draft.questions:
        return draft.title
    line = " ".join(draft.questions[0].stem.split())
    return line if len(line) <= TITLE_OF_STEM else line[:TITLE_OF_STEM].rstrip() + "…"


def check_name(title: str, tags: Sequence[str]) -> tuple[str, list[str]]:
    """Title and tags, trimmed. Raises Invalid for none, or too much."""
    title = " ".join(clean(title).split())
    if not title:
        raise Invalid("quiz.no_title", T("It needs a title."))
    if len(title) > TITLE_LIMIT:
        say = T("That is too long: {n} characters; at most {limit}.", n=len(title), limit=TITLE_LIMIT)
        raise Invalid("quiz.title_too_long", say, n=len(title), limit=TITLE_LIMIT)
    kept = list(dict.fromkeys(tag for raw in tags if (tag := clean(raw).strip("# \t\n"))))
    if len(kept) > MOST_TAGS or any(len(tag) > TAG_LIMIT for tag in kept):
        say = T("At most {most} tags of {limit} characters each.", most=MOST_TAGS, limit=TAG_LIMIT)
        raise Invalid("quiz.tags", say, most=MOST_TAGS, limit=TAG_LIMIT)
    return title, kept


def mask_of(picked: Sequence[int]) -> int:
    """Indices of options as bits."""
    return sum(1 << n for n in set(picked))


def picked_of(mask: int) -> tuple[int, ...]:
    """Bits as indices of options."""
    return tuple(n for n in range(mask.bit_length()) if mask >> n & 1)


def _faultless(ctx: Context, text: str) -> Draft:
    draft = read_quiz(ctx, text)
    if draft.faults:
        found = [{"line": fault.line, "code": fault.code} for fault in draft.faults]
        raise Invalid("quiz.faults", faults_tree(draft.faults, text), faults=found)
    return draft


def _name(quiz: Quiz, title: str, tags: Sequence[str]) -> None:
    quiz.title, quiz.tags = check_name(title, tags)


def _keep(ctx: Context, quiz: Quiz, questions: Sequence[Question], anew: bool = True) -> None:
    """Store the questions, where they are new, and what the quiz is found by."""
    if anew:
        quizzes.drop_questions(ctx.session, quiz.id)
        for n, each in enumerate(questions, 1):
            ctx.session.add(
                Row(quiz_id=quiz.id, n=n, kind=each.kind, stem=each.stem, options=list(each.options),
                    answer_key=mask_of(each.right), accepted=list(each.accepted), reason=each.reason,
                    tags=list(each.tags))
            )  # fmt: skip
    words = [quiz.title, *quiz.tags, *[word for each in questions for word in (*each.tags, each.stem)]]
    quiz.search = " ".join(words).lower()[:SEARCH_LIMIT]
    ctx.session.flush()
