"""What browsers send to the web chat, by chance: forms of our pages, forms that no page of ours has, and no forms."""

import asyncio
import re
from collections import Counter
from random import Random
from typing import Any
from urllib.parse import quote

import httpx2

from storage.messaging import Chat
from storage.people import Person
from storage.webchat import WebPost
from tests.fuzz.words import HOSTILE, Vocabulary
from tests.support.browser import SCRIPT, Browser, WebWorld

ODDS = (
    ("said", 42), ("pressed", 24), ("edited", 5), ("withdrawn", 3), ("replied", 4), ("read", 3), ("uploaded", 4),
    ("sent_file", 2), ("looked", 5), ("raw", 3), ("settings", 1), ("doors", 2), ("forged", 1), ("asked", 1),
)  # fmt: skip
BYTES = (
    b"", b"x", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0\x00\x10JFIF", b"GIF89a\x01\x00", b"%PDF-1.7\n%",
    b"PK\x03\x04" * 20, b"OggS\x00" * 9, b"RIFF\x00\x00\x00\x00WEBP", b"\x1aE\xdf\xa3", b"<svg onload=alert(1)>",
    b"MZ\x90" + b"\0" * 300, "名,分\n".encode("gbk"), b"\0" * 70_000, b"\x00\x00\x00 ftypmp42",
)  # fmt: skip
TYPES = ("text/plain", "image/png", "audio/ogg", "application/pdf", "x", "", "text/html; charset=utf-7", "video/mp4")
FORMS = (
    "multipart/form-data; boundary=x", "multipart/form-data", "application/x-www-form-urlencoded", "application/json",
    "x/y", "",
)  # fmt: skip
BODIES = (
    b"", b"--x", b"--x\r\n\r\n--x--", b"text=%ff%00&client=1", b"text=" + b"a" * 70_000, b"&" * 500, b"{}",
    b"\xff" * 99,
    b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\nhi\r\n--x--\r\n',
)  # fmt: skip
FORGED = (
    {"X-CSRF-Token": "x"}, {"Origin": "https://evil.example"}, {"Cookie": "gongfang=x"}, {"X-CSRF-Token": "é".encode()},
)  # fmt: skip
PATHS = (
    "/web", "/web/me", "/web/devices", "/web/code", "/web/chats/{x}", "/web/chats/{x}/before/{x}", "/c/{x}", "/j/{x}",
    "/o/{x}", "/link/{x}", "/web/messages/{x}/files/{x}", "/o/{x}/files/{x}", "/web/static/{x}/{x}", "/{x}",
    "/v1/{x}", "/web/events?after={x}x",
)  # fmt: skip
POSTS = (
    "/web/chats/{x}/messages", "/web/messages/{x}/edit", "/web/messages/{x}/press", "/web/messages/{x}/withdraw",
    "/web/chats/{x}/read", "/web/devices/{x}/revoke", "/c/{x}", "/j/{x}", "/o/{x}", "/link/{x}", "/web/code",
    "/web/me", "/web/chats/{x}/uploads",
)  # fmt: skip


class Browsers:
    """People with browsers, each with the chats they see. `answers` counts what they were told."""

    def __init__(self, chance: Random, vocabulary: Vocabulary, world: WebWorld) -> None:
        self.chance, self.vocabulary, self.world = chance, vocabulary, world
        self.kinds, self.weights = zip(*ODDS, strict=True)
        self.tried: Counter[str] = Counter()
        self.answers: Counter[int] = Counter()
        self.failures: list[str] = []
        self.people: list[tuple[Browser, str, list[str]]] = []  # (browser, chat with the bot, rooms)
        self.persons: list[Person | None] = []  # who sits at each
        self.buttons: list[tuple[str, str, str]] = []  # (chat, post, action)
        self.posts: list[str] = ["x"]
        self.uploads: list[str] = ["x"]
        self.number = 0

    async def open(self, persons: list[Person | None]) -> None:
        """Sign them in; whoever is nobody comes as a visitor."""
        self.persons = persons
        self.people = [await self._enter(person) for person in persons]

    async def _enter(self, person: Person | None) -> tuple[Browser, str, list[str]]:
        page = await self.world.browser(person)
        if person is None:
            await page.open("/web")
            await page.submit("/web/visit")
        own, *rooms = page.chats().values()
        return page, own, rooms

    async def come_back(self) -> None:
        """Whoever pressed a button that signs a browser out, or unties an account, signs in anew."""
        for n, (page, _, _) in enumerate(self.people):
            if (await page.http.get("/web/me")).status_code == 303:
                await page.http.aclose()
                self.people[n] = await self._enter(self.persons[n])

    async def look_around(self) -> None:
        """What there is to be pressed, answered and changed."""

        def look(ctx: Any) -> list[tuple[int, str, list[str]]]:
            rows = ctx.session.query(WebPost, Chat.pid).join(Chat, Chat.id == WebPost.chat_id)
            rows = rows.order_by(WebPost.id.desc()).limit(150)
            return [
                (chat, post.pid, [button[1] for line in post.buttons for button in line if button[1]])
                for post, chat in rows
            ]

        rows = await self.world.run(look)
        self.posts = [pid for _, pid, _ in rows] + ["x"]
        self.buttons = [(chat, pid, action) for chat, pid, actions in rows for action in actions][:120]

    async def send(self, number: int) -> None:
        """Several at a time, as people do."""
        await asyncio.gather(*[self._one() for _ in range(number)])

    async def _one(self) -> None:
        kind = self.chance.choices(self.kinds, self.weights)[0]
        self.tried[kind] += 1
        page, own, rooms = self.chance.choice(self.people)
        chat = own if not rooms or self.chance.random() < 0.75 else self.chance.choice(rooms)
        answer: httpx2.Response | None = await getattr(self, f"_{kind}")(page, chat)
        if answer is None:
            return
        self.answers[answer.status_code] += 1
        if answer.status_code >= 500:
            asked = f"{answer.request.method} {str(answer.request.url)[:300]}"
            self.failures.append(f"{kind} {asked}: {answer.status_code} {answer.text[:300]}")

    async def _post(self, page: Browser, path: str, **how: Any) -> httpx2.Response:
        return await page.http.post(
            path, headers={**SCRIPT, "X-CSRF-Token": page.csrf, **how.pop("headers", {})}, **how
        )

    def _client(self) -> str:
        self.number += 1
        return self.chance.choice(
            (f"c{self.number}", f"c{self.number}", f"c{self.number}", "again", "", "x" * 90, "a\x00b")
        )

    async def _said(self, page: Browser, chat: str) -> httpx2.Response:
        return await self._say(page, chat)

    async def _say(self, page: Browser, chat: str, **fields: Any) -> httpx2.Response:
        text = self.vocabulary.text()
        data = {"client": self._client(), "text": text.encode("utf-8", "replace").decode(), **fields}
        return await self._post(page, f"/web/chats/{chat}/messages", data=data)

    async def _replied(self, page: Browser, chat: str) -> httpx2.Response:
        return await self._say(page, chat, reply=self.chance.choice(self.posts))

    async def _sent_file(self, page: Browser, chat: str) -> httpx2.Response:
        return await self._say(
            page, chat, file=[self.chance.choice(self.uploads) for _ in range(self.chance.choice((1, 1, 3, 12)))]
        )

    async def _pressed(self, page: Browser, chat: str) -> httpx2.Response:
        post, action = self.chance.choice(self.posts), self.vocabulary.action()
        if self.buttons and self.chance.random() < 0.9:
            there, post, action = self.chance.choice(self.buttons)
            if self.chance.random() < 0.9:
                page = next((page for page, own, rooms in self.people if there in (own, *rooms)), page)
        if self.chance.random() < 0.1:
            action = self.vocabulary.mangled(action)
        value = action.encode("utf-8", "replace").decode()
        return await self._post(page, f"/web/messages/{post}/press", data={"value": value})

    async def _edited(self, page: Browser, chat: str) -> httpx2.Response:
        text = self.vocabulary.text().encode("utf-8", "replace").decode()
        return await self._post(page, f"/web/messages/{self.chance.choice(self.posts)}/edit", data={"text": text})

    async def _withdrawn(self, page: Browser, chat: str) -> httpx2.Response:
        return await self._post(page, f"/web/messages/{self.chance.choice(self.posts)}/withdraw")

    async def _read(self, page: Browser, chat: str) -> httpx2.Response:
        return await self._post(
            page, f"/web/chats/{chat}/read", data={"seq": self.chance.choice(("1", "9" * 9, "x", "-1", "9" * 99, "٣"))}
        )

    async def _uploaded(self, page: Browser, chat: str) -> httpx2.Response:
        name = self.vocabulary.argument()[:200].encode("utf-8", "replace").decode()
        file = (name, self.chance.choice(BYTES), self.chance.choice(TYPES))
        data = {"client": self._client(), "seconds": self.chance.choice(("", "5", "x", "-1"))}
        answer = await self._post(page, f"/web/chats/{chat}/uploads", data=data, files={"file": file})
        if answer.status_code == 200:
            self.uploads = [*self.uploads[-20:], answer.json()["id"]]
        return answer

    def _path(self, pattern: str) -> str:
        parts = (
            *self.posts[:5],
            "x",
            "%00",
            "%ff",
            "..",
            "9" * 300,
            quote(self.chance.choice(HOSTILE)[:200].encode("utf-8", "replace")) or "x",
        )
        return re.sub(r"\{x\}", lambda _: self.chance.choice(parts), pattern)

    async def _looked(self, page: Browser, chat: str) -> httpx2.Response | None:
        if self.chance.random() < 0.5:
            return await page.http.get(
                f"/web/chats/{chat}", headers=self.chance.choice(({}, SCRIPT, {"HX-Request": "true"}))
            )
        path = self._path(self.chance.choice(PATHS))
        if path.startswith("/web/events"):  # a stream that never ends: its cursor alone is of interest
            return await page.http.head(path)
        return await page.http.get(path)

    async def _doors(self, page: Browser, chat: str) -> httpx2.Response:
        fields = {"code": self.vocabulary.argument()[:300], "privacy_version": self.chance.choice(("1", "x", ""))}
        clean = {name: value.encode("utf-8", "replace").decode() for name, value in fields.items()}
        return await self._post(page, self._path(self.chance.choice(POSTS)), data=clean)

    async def _settings(self, page: Browser, chat: str) -> httpx2.Response:
        hours = self.chance.choice(("", "21:00-07:00", "x", "25:00-1", "never"))
        language, relayed = self.chance.choice(("zh_CN", "en", "x", "")), self.chance.choice(("yes", "no", "x"))
        wanted = {"language": language, "quiet_hours": hours, "relayed": relayed}
        return await self._post(page, "/web/me", data=wanted)

    async def _forged(self, page: Browser, chat: str) -> httpx2.Response:
        headers = self.chance.choice(FORGED)
        return await self._post(page, f"/web/chats/{chat}/messages", data={"text": "x"}, headers=headers)

    async def _raw(self, page: Browser, chat: str) -> httpx2.Response:
        boundary, body = self.chance.choice(FORMS), self.chance.choice(BODIES)
        pattern = self.chance.choice((f"/web/chats/{chat}/messages", f"/web/chats/{chat}/uploads", *POSTS))
        return await self._post(page, self._path(pattern), content=body, headers={"Content-Type": boundary})

    async def _asked(self, page: Browser, chat: str) -> httpx2.Response:
        kind = self.chance.choice(("PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"))
        return await page.http.request(
            kind, self._path(self.chance.choice(("/web/chats/{x}/messages", "/web", "/{x}")))
        )
