"""How a text is laid out: what is a question's number, what an option's letter, what belongs to no question."""

import pytest

from api.quizzes.parsing import parse
from api.quizzes.questions import TRUTH


@pytest.mark.parametrize(
    "heading",
    [
        "判断题", "【判断题】", "（二）判断题", "第二部分 判断题", "二、判断（每题2分）",
        "二、判断题（对的打√，错的打×，每题2分，共10分）",
        "二、案例分析题", "判断题：对的打√", "第2大题 判断题",
        "二、多项选择题：本大题共5小题，每小题4分，共20分。在每小题列出的五个备选项中至少有两个是符合题目要求的，"
        "请将其选出，错选、多选或未选均无分。",
    ],
)  # fmt: skip
def test_headings_belong_to_no_question(heading: str) -> None:
    draft = parse(f"{heading}\n1．甲？\nA．一 B．二\n答案：A\n{heading}\n2．乙。（ ）\n答案：对")
    assert not draft.faults and not draft.title
    assert [(q.stem, q.options, q.reason) for q in draft.questions] == [
        ("甲？", ("一", "二"), ""),
        ("乙。（ ）", (), ""),
    ]


@pytest.mark.parametrize(
    "line", ["一起完成填空题。", "判断题目是否完整", "选择题小测", "二、下面哪个判断是对的？", "判断题：太阳从东边升起"]
)
def test_words_about_kinds_of_questions_are_no_headings(line: str) -> None:
    draft = parse(f"1．甲：\n{line}\n答案：对")
    assert not draft.faults and draft.questions[0].stem == f"甲：\n{line}"


@pytest.mark.parametrize(
    ("text", "stems"),
    [
        ("1.教师应怎样备课？\nA.一\nB.二\n答案：A\n2.2022年版课标提出几个？\nA.三\nB.四\n答案：B",
         ["教师应怎样备课？", "2022年版课标提出几个？"]),
        ("1.3+4=（ ）\nA.6 B.7\n答案：B\n解析：数一数\n2.5+6=？\n答案：11", ["3+4=（ ）", "5+6=？"]),
        ("1.3+4=7（√）\n2.5+6=12（×）", ["3+4=7（ ）", "5+6=12（ ）"]),
        ("1、关于圆周率：\n３．１４是近似值。\n答案：对", ["关于圆周率：\n３．１４是近似值。"]),
        ("1、圆周率\n答案：对\n解析：\n2.5 太小\n2、下一题\n答案：对", ["圆周率", "下一题"]),
        ("3.2 认识方向\n1．甲\n答案：对", ["甲"]),
        ("5.5 is what?\nA. a number\nB. a word\nANSWER: A", ["5.5 is what?"]),
        ("1．下列正确的有\n（1）地球是圆的\n（2）月亮发光\nA．（1）\nB．（2）\n答案：A",
         ["下列正确的有\n（1）地球是圆的\n（2）月亮发光"]),
        ("（1）甲\n答案：对\n（2）乙\n答案：错", ["甲", "乙"]),
    ],
)  # fmt: skip
def test_which_figures_are_numbers_of_questions(text: str, stems: list[str]) -> None:
    draft = parse(text)
    assert not draft.faults and [question.stem for question in draft.questions] == stems


@pytest.mark.parametrize(
    ("text", "stem", "options"),
    [
        ("1．A、B两地相距100千米，速度是？\nA．50\nB．60\n答案：A", "A、B两地相距100千米，速度是？", ("50", "60")),
        ("1．A、B两地相距100千米，速度是？\n答案：50千米", "A、B两地相距100千米，速度是？", ()),
        ("1．如图，A、B、C三点共线，AC=（ ）\nA．7\nB．1\n答案：A", "如图，A、B、C三点共线，AC=（ ）", ("7", "1")),
        ("1．如图，A、B、C三点共线，AC=？\n答案：7厘米", "如图，A、B、C三点共线，AC=？", ()),
        ("1．方案A、方案B、方案C哪个好？\n答案：都好", "方案A、方案B、方案C哪个好？", ()),
        ("1．x\nA．甲\nB．A、C、D都对\nC．丙\nD．丁\n答案：A", "x", ("甲", "A、C、D都对", "丙", "丁")),
        ("1．x\nA．甲 B．乙\nC．A、B都对 D．都不对\n答案：A", "x", ("甲", "乙", "A、B都对", "都不对")),
        ("1．x\nA．很长很长\nB．短 C．短的 D．最短\n答案：A", "x", ("很长很长", "短", "短的", "最短")),
        ("1. I.e. means what?\nA. that is\nB. for example\n答案：A", "I.e. means what?", ("that is", "for example")),
        ("1. Choose the best answer:\nA. x\nB. y\nAnswer: A", "Choose the best answer:", ("x", "y")),
        ("1．首都是（ ）A、上海 B、北京\n答案：A", "首都是（ ）", ("上海", "北京")),
        ("1．x\nA．甲\nB．乙\n答案：A\n解析：\nA．对\nB．错", "x", ("甲", "乙")),
    ],
)  # fmt: skip
def test_letters_may_be_words(text: str, stem: str, options: tuple[str, ...]) -> None:
    draft = parse(text)
    [question] = draft.questions
    assert not draft.faults and (question.stem, question.options) == (stem, options)


def test_a_verdict_may_say_why() -> None:
    [question] = parse("1．鲸是鱼。（ ）\n答案：错，鲸是哺乳动物。").questions
    assert (question.kind, question.right, question.reason) == (TRUTH, (1,), "鲸是哺乳动物。")


def test_a_sentence_with_a_bracket_is_no_question() -> None:
    assert not parse("明天开会（对）").questions[0].right
