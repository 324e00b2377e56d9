"""Questions as teachers type them: what is read, and every fault by its line."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from api.quizzes.marks import typed_lines
from api.quizzes.parsing import parse
from api.quizzes.questions import (
    MULTIPLE,
    SHORT,
    SINGLE,
    TRUTH,
    Question,
    normal,
    read_choice,
    read_truth,
    render_questions,
)

EARTH = Question(SINGLE, "地球绕着谁转？", ("月亮", "太阳"), (1,), reason="一年转一圈。")
PLAIN = "1．地球绕着谁转？\nA．月亮\nB．太阳\n答案：B\n解析：一年转一圈。"


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        "1．地球绕着谁转？ A．月亮 B．太阳 答案：B 解析：一年转一圈。",
        "1.地球绕着谁转？A.月亮B.太阳\n答案:B\n解析:一年转一圈。",
        "1、地球绕着谁转？\nA、月亮　B、太阳\n【答案】B\n【解析】一年转一圈。",
        "（1）地球绕着谁转？\n(A) 月亮 (B) 太阳\n正确答案：Ｂ\n答案解析：一年转一圈。",
        "第1题：地球绕着谁转？\nＡ．月亮\nＢ．太阳\n答案：ｂ\n解析：一年转一圈。",
        "第十二题 地球绕着谁转？\na) 月亮\nb) 太阳\n答案：太阳\n解析：一年转一圈。",
        "\u200b１．\ufeff地球绕着谁转？\r\n\u200bＡ．月\u200b亮\r\nＢ．太阳\n\n答案：B. 太阳。\n解析：\n一年转一圈。",
        "一、单项选择题（每题 5 分）\n1. 地球绕着谁转？\nA. 月亮 B. 太阳\n答案：B\n解析：一年转一圈。",
        "1. 地球绕着谁转？\nA. 月亮\nB. 太阳\n解析：一年转一圈。\n答案：B",
        "地球绕着谁转？\nA. 月亮\nB) 太阳\nANSWER: B\n解析：一年转一圈。",
        "1、地球绕着谁转？\nA月亮  B太阳\n答案：B\n解析：一年转一圈。",
        "1. 地球绕着谁转？A 月亮 B 太阳 答案：B 解析：一年转一圈。",
        "１．地球绕着谁转？\nＡ月亮\nＢ太阳\n答案：B\n解析：一年转一圈。",
        "1 . 地球绕着谁转？\nA . 月亮\nB . 太阳\n答案 : B\n解析 : 一年转一圈。",
        "1．地球绕着谁转？\x0bA．月亮\x0bB．太阳\x0b答案：B\u2028解析：一年转一圈。",
        "1．地球绕着谁转？\nA．月亮\nB．太阳\n难度：易\n答案：B\n解析：一年转一圈。\n【知识点】地球",
        *[
            f"1．地球绕着谁转？\nA．月亮\nB．太阳\n{answer}\n解析：一年转一圈。"
            for answer in (
                "答案：B。",
                "答案：（B）",
                "答案：选B",
                "答案：B、太阳",
                "答案：B（太阳）",
                "答案:B:太阳;",
                "答案 B",
                "答案B",
                "答：B",
                "正确答案为：B",
                "答案是B",
                "（答案：B）",
                "（答案B）",
                "我的答案: A:月亮;\n正确答案: B:太阳;",
                "答案：【B】",
            )
        ],
        "1．地球绕着谁转？\nA．月亮\nB．太阳\n答案：B（解析：一年转一圈。）",
        "1．地球绕着谁转？\nA．月亮 B．太阳（答案：B）\n解析：一年转一圈。",
    ],
)
def test_one_question_in_many_hands(text: str) -> None:
    draft = parse(text)
    assert (draft.questions, draft.faults, draft.title) == ((EARTH,), (), "")


@pytest.mark.parametrize(
    ("text", "kind", "right", "accepted"),
    [
        ("1. x\nA. 一 B. 二 C. 三 D. 四\n答案：ABD", MULTIPLE, (0, 1, 3), ()),
        ("1. x\nA. 一 B. 二 C. 三\n答案：A、C", MULTIPLE, (0, 2), ()),
        ("1. x\nA. 一 B. 二 C. 三\n答案：Ｃ，Ａ", MULTIPLE, (0, 2), ()),
        ("1. x\nA. 一 B. 二 C. 三\n答案：A+C。", MULTIPLE, (0, 2), ()),
        ("1. x\nA. 一 B. 二 C. 三\n答案：A:一;C:三;", MULTIPLE, (0, 2), ()),
        ("1. x（多选）\nA. 一 B. 二\n答案：B", MULTIPLE, (1,), ()),
        *[
            (f"1. x（ ）\n答案：{word}", TRUTH, (0,), ())
            for word in (
                "对",
                "√",
                "正确",
                "T",
                "True",
                "✓。",
                "✔\ufe0f",
                "✅",
                "☑",
                "（√）",
                "（对）。",
                "对的",
                "是的",
                "没错",
                "T（对）",
                "对/√",
            )
        ],
        *[
            (f"1. x（ ）\n答案：{word}", TRUTH, (1,), ())
            for word in (
                "错",
                "×",
                "错误",
                "F",
                "false",
                "不对",
                "❌",
                "✖\ufe0f",
                "╳",
                "✕",
                "(×)",
                "错的",
                "F（错）",
            )
        ],
        ("1. x\nA. 对 B. 错\n答案：A", SINGLE, (0,), ()),
        ("1. x\n答案：北京", SHORT, (), ("北京",)),
        ("1. x\n答案：北京；北京市;BeiJing／京", SHORT, (), ("北京", "北京市", "BeiJing", "京")),
        ("1. x\n答案：1/2", SHORT, (), ("1/2",)),
        *[(f"1. x\n答案：北京{between}北京市", SHORT, (), ("北京", "北京市")) for between in "/或、，,|"],
        ("1. x\n答案：3/三", SHORT, (), ("3", "三")),
        ("1. x\n答案：60千米/时", SHORT, (), ("60千米/时",)),
        ("1. x\n答案：减轻作业负担、减轻校外培训负担", SHORT, (), ("减轻作业负担、减轻校外培训负担",)),
        ("1. x\n答案：红、黄、蓝；", SHORT, (), ("红、黄、蓝",)),
        ("1. x\n答案：Yes, I do.", SHORT, (), ("Yes, I do.",)),
        ("1. x\n答案：或许", SHORT, (), ("或许",)),
        ("1. x（ ）\n答案：√2", SHORT, (), ("√2",)),
        ("1. x（ ）\n答案：对称轴", SHORT, (), ("对称轴",)),
        ("1. x\n答案：䶮；𬭁", SHORT, (), ("䶮", "𬭁")),
    ],
)
def test_kinds_and_answers(text: str, kind: str, right: tuple[int, ...], accepted: tuple[str, ...]) -> None:
    draft = parse(text)
    assert not draft.faults
    [question] = draft.questions
    assert (question.kind, question.right, question.accepted) == (kind, right, accepted)


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("", [(1, "nothing")]),
        (" \n\u200b\n", [(1, "nothing")]),
        ("大家好，明天开会", [(1, "no_answer")]),
        ("1. x\nA. 一\nB. 二", [(1, "no_answer")]),
        ("1. x\nA. 一\nB. 二\n答案：", [(4, "no_answer")]),
        ("1. x\nA. 一\nB. 二\n答案：C", [(4, "answer_unknown")]),
        ("1. x\nA. 一\nB. 二\n答案：对", [(4, "answer_unknown")]),
        ("1. x\nA. 一\n答案：A", [(2, "one_option")]),
        ("1. x\nA. 一\nC. 二\n答案：A", [(3, "letter_missing")]),
        ("1. x\nA. 一\nA. 二\n答案：A", [(3, "letter_twice")]),
        ("1. x\nB. 一\nA. 二\n答案：A", [(3, "letter_order")]),
        ("1. x\nA. 一\nB.\n答案：A", [(3, "no_option")]),
        ("1. x\nA. 一\nB. 一\n答案：A", [(3, "option_twice")]),
        ("1. x\n答案：B", [(2, "no_options")]),
        ("1.\nA. 一\nB. 二\n答案：B", [(1, "no_stem")]),
        ("1. x\nA. 一 B. 二\n答案：B\n答案：A", [(4, "two_answers")]),
        ("1. x\n答案：；／", [(2, "no_answer")]),
        (f"1. {'长' * 501}\n答案：对", [(1, "too_long")]),
        (f"1. x\nA. {'长' * 201}\nB. 二\n答案：B", [(2, "too_long")]),
        (f"1. x\n答案：对\n解析：{'长' * 501}", [(3, "too_long")]),
        (f"1. x\n答案：{'长' * 101}", [(2, "too_long")]),
        ("1. x\n答案：" + "；".join(f"第{n}种" for n in range(11)), [(2, "accepted")]),
        (f"1. x\n答案：对\n标签：{'长' * 21}", [(3, "tags")]),
        (f"{'长' * 121}\n1. x\n答案：对", [(1, "title_too_long")]),
        ("\n".join(f"{n}. x\n答案：对" for n in range(1, 52)), [(101, "too_many")]),
        ("1. x（ ）\n答案：√×", [(2, "truth_unknown")]),
        ("1. x（ ）\n答案：对，错", [(2, "truth_unknown")]),
        ("1. 首都是____，长河是____。\n答案：北京；长江", [(2, "blanks")]),
        ("1. 首都是（ ），长河是（ ）。\n答案：北京 长江", [(2, "blanks")]),
        ("1. x\n答案：对\n因为\n2. y\n答案：错", [(3, "lost_line")]),
        ("1. x\n答案：对\n\n小明去上学。\n他迟到了。\n\n2. y\n答案：错", [(4, "lost_line")]),
        ("1. x\n答案：对\n解析：是\n阅读短文，回答2、3题。\n小明去上学。\n2. y\n答案：错", [(4, "lost_line")]),
        ("阅读短文，回答问题。\n小明去上学。\n1. y\n答案：错", [(1, "lost_line")]),
        ("1. x\n答案：对\n二、判断题\n都要写出理由\n2. y\n答案：错", [(4, "lost_line")]),
        ("1. x\n答案：对\n2.5 大于 2", [(3, "lost_line")]),
        ("1.3+4=？\nA.6\nB.7\n2.5+6=？\nA.10\nB.11\n答案：B", [(1, "no_answer")]),
        ("\x0b1. x\x0bA. 一\n答案：A", [(3, "one_option")]),
        ("1. x\n答案：对\n\n2. y\nA. 一\nB. 二\n答案：D\n3. z", [(7, "answer_unknown"), (8, "no_answer")]),
    ],
)
def test_every_fault_is_named_with_its_line(text: str, faults: list[tuple[int, str]]) -> None:
    assert [(fault.line, fault.code) for fault in parse(text).faults] == faults


def test_several_questions_a_title_and_lines_that_go_on() -> None:
    draft = parse(
        "第三单元小测\n\n1. 读下面的话，\n选出正确的一项。\nA. 很长的\n选项\nB. 短的\n答案：A\n解析：第一行\n第二行\n\n"
        "第三行\n标签：阅读 三年级\n2. 3.5 大于 3，对吗？A. 同学的回答不算。\n答案：对\n因为 3.5 = 3 + 0.5"
    )
    assert draft.title == "第三单元小测" and not draft.faults
    first, second = draft.questions
    assert first.stem == "读下面的话，\n选出正确的一项。" and first.options == ("很长的\n选项", "短的")
    assert first.reason == "第一行\n第二行\n第三行" and first.tags == ("阅读", "三年级")
    assert second.stem == "3.5 大于 3，对吗？A. 同学的回答不算。" and second.reason == "因为 3.5 = 3 + 0.5"
    assert [(q.first, q.last) for q in draft.questions] == [(3, 13), (14, 16)]


def test_an_explanation_may_speak_of_answers_and_emoji_stay_whole() -> None:
    draft = parse(
        "1. 一家人\U0001f468\u200d\U0001f469\u200d\U0001f467是几口？\nA. 三 B. 四\n"
        "答案：A 解析：有人说 答案：B，错在 A. 数漏 B. 数重。 标签：数数"
    )
    [question] = draft.questions
    assert not draft.faults and "\U0001f468\u200d\U0001f469\u200d\U0001f467" in question.stem
    assert question.reason == "有人说 答案：B，错在 A. 数漏 B. 数重。" and question.tags == ("数数",)


def test_aiken_needs_no_numbers_and_no_gaps() -> None:
    draft = parse("Who wrote it?\nA. Li Bai\nB. Du Fu\nANSWER: A\nIs it round?\nA) yes\nB) no\nAnswer: b\n")
    assert [(q.stem, q.right) for q in draft.questions] == [("Who wrote it?", (0,)), ("Is it round?", (1,))]
    assert not draft.faults and not draft.title


@pytest.mark.parametrize(
    ("given", "options", "expected"),
    [("abd", 4, (0, 1, 3)), ("Ｂ", 2, (1,)), ("a、c", 3, (0, 2)), ("E", 4, None), ("", 4, None), ("好", 4, None)],
)
def test_letters_that_are_typed(given: str, options: int, expected: tuple[int, ...] | None) -> None:
    assert read_choice(given, options) == expected


def test_words_are_compared_without_their_dress() -> None:
    assert normal(" Ｂei jing。") == normal("BEIJING") and normal("北京！") == normal("北\u200b京")
    assert read_truth("对。") == (0,) and read_truth("Ｆ") == (1,) and read_truth("大概") is None


@pytest.mark.parametrize(
    ("text", "stem", "kind", "right", "accepted"),
    [
        ("1. 地球绕着（B）转\nA月亮 B太阳", "地球绕着（ ）转", SINGLE, (1,), ()),
        ("1. 形声字有（ A、C ）。\nA. 江 B. 日 C. 河", "形声字有（ ）。", MULTIPLE, (0, 2), ()),
        ("1. 地球是圆的。（√）", "地球是圆的。（ ）", TRUTH, (0,), ()),
        ("1. 地球是方的。( 错 )", "地球是方的。（ ）", TRUTH, (1,), ()),
        ("1. 地球绕着（B）转\nA月亮 B太阳\n答案：B", "地球绕着（ ）转", SINGLE, (1,), ()),
        ("1. 首都是（北京市）。\n答案：北京；北京市", "首都是（ ）。", SHORT, (), ("北京", "北京市")),
        ("1. 图（A）里的（ ）\nA. 甲 B. 乙\n答案：B", "图（A）里的（ ）", SINGLE, (1,), ()),
    ],
)
def test_an_answer_in_the_blank_counts_and_is_not_shown(
    text: str, stem: str, kind: str, right: tuple[int, ...], accepted: tuple[str, ...]
) -> None:
    draft = parse(text)
    [question] = draft.questions
    assert not draft.faults
    assert (question.stem, question.kind, question.right, question.accepted) == (stem, kind, right, accepted)


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("1. 小明说（对），小红说（错）。", [(1, "no_answer")]),
        ("1. 首都是（北京）。", [(1, "no_answer")]),
        ("1. 地球绕着（C）转\nA. 月亮\nB. 太阳", [(1, "no_answer")]),
    ],
)
def test_a_blank_that_may_mean_something_else_answers_nothing(text: str, faults: list[tuple[int, str]]) -> None:
    assert [(fault.line, fault.code) for fault in parse(text).faults] == faults


@pytest.mark.parametrize(
    "text",
    [
        "1. 选A组 B组吗\n答案：对",
        "1. 已知 A 点 B 点都在圆上\n答案：对",
        "1. A B C三点共线\n答案：对",
        "1. A 是第一个字母\n答案：对",
        "1. 对吗\n答案：对\n解析：\nA 太小\nB 太大",
    ],
)
def test_letters_in_a_sentence_are_no_options(text: str) -> None:
    draft = parse(text)
    assert not draft.faults and [question.kind for question in draft.questions] == [TRUTH]


FRAGMENTS = st.sampled_from(
    ["1．", "2、", "（3）", "第4题 ", "12. ", "A．", "B. ", "C）", "(D) ", "Ａ．", "答案：", "ANSWER: ", "【解析】",
     "解析：", "标签：", "对", "×", "AB", "B", "苹果", "3.5", "x y", "；", "／",
     "（B）", "（√）", "A", "A苹果", " B苹果", "\nB 好", "？", " ", "　", "\n", "\n\n", "\u200b",
     "䶮", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "一、单选题", "多选", "\r\n", "\u2028", "\x85", "\x0b", "²",
     "1.5", "２．5", "（答案：", "（解析：", "）", "答案 ", "判断题", "难度：易",
     "A、", "、", "，", "或", "/", "____", "（ ）", "✔\ufe0f"]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=300), st.lists(FRAGMENTS, max_size=40).map("".join))
LINES = st.lists(
    st.one_of(
        st.builds("{}．{}".format, st.integers(1, 99), st.text("题目x 1.", min_size=1, max_size=9)),
        st.builds("{}. {}".format, st.sampled_from("ABCD"), st.text("选项B. 项", min_size=1, max_size=9)),
        st.builds("答案：{}".format, st.sampled_from(["A", "B", "AB", "对", "错", "北京；京", "x"])),
        st.builds("解析：{}".format, st.text("因为 A. B.答案：", max_size=12)),
        st.sampled_from(["", "接着说", "标签：a b"]),
    ),
    max_size=16,
).map("\n".join)


@settings(max_examples=400, deadline=None)
@given(TEXTS)
def test_nothing_makes_it_fail(text: str) -> None:
    draft = parse(text)
    lines = len(typed_lines(text))
    assert draft.questions or draft.faults
    assert all(1 <= fault.line <= lines for fault in draft.faults)


def test_a_second_answer_behind_a_stroke_is_named() -> None:
    assert [(one.code, one.line) for one in parse("1. q\n答案：甲/答案：乙").faults] == [("two_answers", 2)]


@example("0::\n答案:0\n0\n解析:0.")
@example("1. q\n答案：0/答案:0")
@settings(max_examples=600, deadline=None)
@given(st.one_of(TEXTS, LINES, st.tuples(LINES, LINES).map(lambda two: f"标题\n{two[0]}\n1. q\n答案：对\n{two[1]}")))
def test_what_was_read_is_written_so_that_it_reads_the_same(text: str) -> None:
    draft = parse(text)
    if draft.faults:
        # what is faulty is mended by leaving it out
        bad = {fault.line for fault in draft.faults}
        whole = [q for q in draft.questions if not any(q.first <= line <= q.last for line in bad)]
        if not whole or draft.faults[0].code == "title_too_long":
            return
        again = parse(render_questions("", whole))
        assert again.questions == tuple(whole) and not again.faults
        return
    again = parse(render_questions(draft.title, draft.questions))
    assert (again.title, again.questions, again.faults) == (draft.title, draft.questions, ())


def test_ten_thousand_characters_are_read_at_once() -> None:
    for text in ("A. " * 7000, "1. x " * 4000, "答案：" * 7000, "1. x\n" * 4000, "【" * 20_000, "\u200d" * 20_000):
        assert parse(text).faults


def test_more_options_than_there_are_letters_are_a_fault_like_any_other() -> None:
    options = "\n".join(f"{letter}. 第{n}项" for n, letter in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ" * 2))
    found = parse(f"1. 哪一项？\n{options}\n答案：？！")
    assert "answer_unknown" in [fault.code for fault in found.faults]
