"""What people type: our own commands and answers with all kinds of arguments, and what nobody should type."""

import re
from collections import deque
from random import Random

from bot.commands import FEATURES

HOSTILE = (
    "", " ", "\n", "\t\n ", "\x00", "a\x00b", "\ud800", "x\udfff", "\u200b\u200d\ufeff", "\u202eabc\u202c",
    "مرحبا بكم", "שלום", "👩‍👩‍👧‍👦🇨🇳", "e\u0301" * 40, "Z̸̡̢͎͝", "字" * 5000, "A" * 40_000, "\n" * 3000,
    "<b>&amp;</b><script>1</script>", "{name} {} {0} {n!r} %s %(x)d", "';--",
    "https://例子.测试/路径?a=1#" + "x" * 3000, "javascript:alert(1)", "‮⁦〱", "٣", "²", "①", "１２", "-0", "0x10",
    "1e309", "9" * 400, "NaN", "../../etc/passwd", "\\", "/", "!", "！", "//", "/@", "@", "／帮助", "`" * 99,
    "*_~|" * 50, "> 引用\n>> 再引用", "[x](http://x)", "﷽" * 300, "\r", "a\rb\r\nc", "\u2028\u2029", "\ufffe\uffff",
)  # fmt: skip
ANSWERS = (
    "是", "否", "好", "不", "确认", "确定", "发送", "跳过", "没有", "完成", "下一步", "返回", "全部", "所有人", "1",
    "2", "3", "4", "0", "12", "-1", "99999999999999999999", "1,2,3", "1-3", "AB", "A B C", "对", "错", "yes", "no",
    "skip", "done", "all", "今天", "明天", "明天下午3点", "下周一 9:00", "每周五 16:10", "每天早上7点", "2026-11-31",
    "2026-02-30 25:61", "12月31日", "30分钟后", "随时", "从不", "21:30-07:00", "00:00-00:00", "语文", "小学",
    "李老师", "云溪县实验小学", "小学语文阅读教学工坊", "YX-1004", "周明月、何思齐", "approval", "open",
    "https://example.org/a", "《秋天的雨》教学设计", "收到", "谢谢老师", "+1", "???", "。", "同意", "拒绝", "公开",
    "匿名", "单选", "多选", "正文", "标题\n正文\n第三行",
)  # fmt: skip
WORKS = (
    "今天的阅读课，先请孩子们闭眼听雨声，再读第一段，朗读一下子有了画面。下次把听雨的时间缩短一点。",
    "请各位老师注意：本周五下午 4:10 在多媒体教室开展校本研修，请带上导学单。收到请点按钮。",
    "阅读测验\n1．地球绕着谁转？\nA．月亮　B．太阳\n答案：B\n解析：一年转一圈。\n2. 判断：水往低处流。\n答案：对",
    "1. 下面哪些是质数？\nA. 2\nB. 3\nC. 4\n答案：AB\n2. 中国的首都是____。\n答案：北京|北京市",
    "What is round?\nA. the Earth\nB. a brick\nANSWER: A", "周五听课去哪个班？\n三（1）班\n三（2）班\n都可以",
    "1. 没有答案的题\nA. 甲\nB. 乙", "提醒我 明天下午3点 交教案", "提醒我每周五16点写日志",
    "姓名,学校,学科\n李梅,云溪县实验小学,语文", "9月1日-9月5日 病假", "http://example.org/lesson.pdf 听课记录",
    "加入 ABCD2345", "绑定 AB12-CD34-EF56", "AB12CD34EF56", "日志 写得不多，就一句。", "通知 明天开会", "资源 阅读",
    "测验 三年级", "邀请 何思齐",
)  # fmt: skip
GAPS = (" ", " ", "：", "", "\n", "  ")
KEY = re.compile(r"[A-Za-z0-9]{4}-[A-Za-z0-9]{4}-[A-Za-z0-9]{4}|\b[A-Z0-9]{8,12}\b|\b[a-z0-9]{12}\b")


class Vocabulary:
    """Texts by chance; codes and ids that the service said come back."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        commands = [command for feature in FEATURES for command in feature.commands]
        self.names = [command.name for command in commands]
        self.words = [word for command in commands for word in command.words + command.asides]
        talks = [talk for feature in FEATURES for _, talk in feature.dialogues]
        self.answers = [*ANSWERS, *sorted({answer for talk in talks for answer in talk.answers})]
        self.buttons = [name for feature in FEATURES for name, _ in feature.buttons] + ["d", "run", "vote", ""]
        self.learned: deque[str] = deque(maxlen=300)

    def learn(self, text: str) -> None:
        """Remember what looks like a code or an id."""
        self.learned.extend(KEY.findall(text)[:5])

    def text(self) -> str:
        """Something to say: mostly a command or an answer of ours."""
        pick = self.chance.random()
        if pick < 0.24:
            return self.command()
        if pick < 0.46:
            return self.command() + self.chance.choice(GAPS) + self.argument()
        if pick < 0.72:
            return self.chance.choice(self.answers)
        if pick < 0.82:
            return self.chance.choice(WORKS)
        if pick < 0.92:
            return self.chance.choice(HOSTILE)
        return self.mangled(self.chance.choice((*self.words, *WORKS)))

    def command(self) -> str:
        """A command by slash or by word."""
        if self.chance.random() < 0.3:
            return self.chance.choice(("/", "/", "!", "！", "／")) + self.chance.choice(self.names)
        return self.chance.choice(self.words)

    def argument(self) -> str:
        """What follows a command or a button's name."""
        pools = (self.answers, WORKS, HOSTILE, self.learned or ANSWERS, self.names)
        said = self.chance.choice(self.chance.choice(pools))
        return f"{said} {self.argument()}" if self.chance.random() < 0.15 else said

    def action(self) -> str:
        """The action of a button as no button of ours has it."""
        parts = [
            self.chance.choice((self.argument(), "x", "", *self.learned))
            for _ in range(self.chance.choice((0, 1, 1, 2, 3)))
        ]
        return ":".join([self.chance.choice(self.buttons), *parts])

    def mangled(self, text: str) -> str:
        """A text with something put in, taken out, or said several times."""
        at = self.chance.randint(0, len(text))
        match self.chance.randrange(5):
            case 0:
                return text[:at] + self.chance.choice(HOSTILE) + text[at:]
            case 1:
                return text[:at] + text[at + self.chance.randint(1, 5) :]
            case 2:
                return text * self.chance.randint(2, 60)
            case 3:
                return text[::-1]
            case _:
                return "".join(
                    chr(ord(letter) + self.chance.choice((0, 0, 0, 0x10000))) if letter < "\ud000" else letter
                    for letter in text
                )
