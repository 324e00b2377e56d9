"""The kinds of resources, and the likely one of something somebody sent."""

from collections.abc import Sequence

from api.messaging.tree import T

KINDS: dict[str, T] = {
    "lesson_plan": T("lesson plan"),
    "class_recording": T("class recording"),
    "micro_course": T("micro-course"),
    "typical_case": T("typical case"),
    "article": T("article"),
    "other": T("other"),
}

# words that name a kind, looked for in titles and file names; the first that fits wins
SIGNS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("class_recording", ("实录", "录像", "课堂视频", "recording")),
    ("micro_course", ("微课", "micro")),
    ("typical_case", ("课例", "案例", "case")),
    ("lesson_plan", ("教学设计", "教案", "导学案", "lesson plan")),
    ("article", ("论文", "文章", "随笔", "article")),
)


def guess_kind(words: str, file_kinds: Sequence[str], long_text: bool) -> str:
    """The kind that words ("三年级《草船借箭》教案.docx") and kinds of files suggest."""
    lowered = words.lower()
    for kind, signs in SIGNS:
        if any(sign in lowered for sign in signs):
            return kind
    if "video" in file_kinds:
        return "micro_course"
    return "article" if long_text and not file_kinds else "other"
