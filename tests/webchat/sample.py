"""Views to draw in tests: one conversation with everything that a post can hold."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from markupsafe import Markup

from bot.platforms.web.views import (
    Button,
    Chat,
    ChatGroup,
    ChatRow,
    Chip,
    Device,
    Face,
    Failure,
    File,
    Invite,
    Me,
    OneTimeLink,
    Option,
    Page,
    Photo,
    Post,
    Quoted,
    Setting,
)

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai
HOSTILE = "<img src=x onerror=alert(1)>\"'"
BOT = Face("bot", "工坊助手", "工")
LIN = Face("p-lin", "林晓雯", "晓雯")
ZHAO = Face("p-zhao", "赵䶮", "赵䶮")
PAGE = Page("zh_CN", "Asia/Shanghai", "csrf-token", Me("lin", LIN, True, "实验小学"), "41")
STRANGER = replace(PAGE, me=None)
VISITOR = replace(PAGE, me=Me("v1", Face("v1", "访客", "客"), False))

FULL = Post(
    id="post00000001", chat="chat00000001", seq=7, rev=2, side="mine", author=LIN, at=NOON, client="c-1",
    html=Markup("<p>今天<strong>听课</strong></p>"), edited=True, source=HOSTILE,
    quoted=Quoted("post00000000", HOSTILE, HOSTILE),
    photos=(Photo("/p/1", "/p/1?size=thumb", "板书.jpg", 600, 400), Photo("/p/2", "/p/2?size=thumb", HOSTILE)),
    files=(
        File("/f/1", "教案.docx", 384_000),
        File("/f/2", "语音", 9_000, "voice", "audio/ogg", 9),
        File("/f/3", "课.mp4", 9_000_000, "video", "video/mp4"),
        File("/f/4", HOSTILE, 1, pending=True),
        File("/f/5", "大.zip", 1, error="太大了"),
    ),
    buttons=((Button("提交", "s", style="primary"), Button("看看", url="https://example.org/")),
             (Button("收到", "ok", pressed=True, disabled=True),)),
    may_reply=True, may_edit=True, may_withdraw=True,
)  # fmt: skip
SAID = Post("post00000002", "chat00000001", 8, "other", ZHAO, NOON + timedelta(minutes=1), Markup("<p>好</p>"))
NEXT_DAY = replace(SAID, id="post00000003", seq=9, at=NOON + timedelta(days=1), side="bot", author=BOT)
GONE = replace(FULL, id="post00000004", seq=10, withdrawn=True, at=NOON + timedelta(days=1, minutes=1))
JOINED = replace(SAID, id="post00000005", seq=11, side="system", at=NOON + timedelta(days=1, minutes=2))

CHAT = Chat(
    "chat00000001", "workshop", Face("chat00000001", "数学工作坊", "坊"), "32 位成员",
    (FULL, SAID, NEXT_DAY, GONE, JOINED), older=7, first_unread=NEXT_DAY.id, chips=(Chip("日志", "日志"),),
)  # fmt: skip
SILENT = replace(CHAT, id="chat00000002", posts=(), older=None, chips=(), may_write=False, why_not="只有管理员能发言。")
ROW = ChatRow(CHAT.id, "workshop", CHAT.face, HOSTILE, NOON, 120, "workshop")
GROUPS = (
    ChatGroup("me", "", (ChatRow("chatbot00000", "bot", BOT, "", None, 0, "me"),)),
    ChatGroup("workshop", "工作坊", (ROW,)),
)
DEVICES = (
    Device("d1", "Chrome", "", NOON, NOON, True),
    Device("d2", HOSTILE, "清河县", NOON, NOON),
)
SETTINGS = (Setting("language", "语言", "界面的语言", (Option("zh_CN", "中文", True), Option("en", "English"))),)
INVITE = Invite("ABCD23456789", HOSTILE, ("实验小学", HOSTILE), Markup("<p>会记录什么</p>"), "1",
                "https://t.me/gongfang_bot?start=ABCD23456789")  # fmt: skip
LINK = OneTimeLink("token", "林晓雯", NOON)

PAGES: dict[str, tuple[str, Page, dict[str, object]]] = {
    "list": ("app.html", PAGE, {"pane": "empty.html", "title": "工坊", "groups": GROUPS}),
    "visiting": ("app.html", VISITOR, {"pane": "empty.html", "title": "工坊", "groups": GROUPS[:1]}),
    "chat": (
        "app.html",
        PAGE,
        {"pane": "chat.html", "title": HOSTILE, "groups": GROUPS, "chat": CHAT, "here": CHAT.id},
    ),
    "silent": ("chat.html", PAGE, {"chat": SILENT}),
    "older": ("posts.html", PAGE, {"chat": CHAT}),
    "post": ("post.html", PAGE, {"post": FULL, "alone": True}),
    "row": ("row.html", PAGE, {"one": ROW}),
    "me": ("me.html", PAGE, {"settings": SETTINGS}),
    "visitor": ("me.html", VISITOR, {"settings": ()}),
    "devices": ("devices.html", PAGE, {"devices": DEVICES}),
    "signin": ("signin.html", STRANGER, {"problem": ""}),
    "code": ("signin.html", VISITOR, {"problem": HOSTILE, "code": HOSTILE}),
    "claim": ("claim.html", STRANGER, {"invite": INVITE}),
    "confirm": ("confirm.html", PAGE, {"title": HOSTILE, "say": HOSTILE, "action": "/j/AB123456", "button": "加入"}),
    "link": ("link.html", STRANGER, {"link": LINK}),
    **{
        f"error-{status}": ("error.html", STRANGER, {"failure": Failure(status, HOSTILE, "K7Q2", 30)})
        for status in (400, 403, 404, 413, 429, 500, 503)
    },
}
