"""One person at an open page, over HTTP: what the scripts of the page do, with the ids they make and their patience."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape
from random import Random
from typing import Any

import httpx2

from storage.base import new_pid
from tests.support.browser import SCRIPT, Drawn, posts_in

BOT = "工坊助手"
PATIENCE = 180.0  # seconds: nothing may take longer, killed or not
BLINK = (0.05, 0.3)  # seconds between two tries
AGAIN = 0.2  # of what was answered is sent once more, as if the answer had been lost
BETWEEN = httpx2.Timeout(40.0)


@dataclass(frozen=True, slots=True)
class Said:
    """A message of this page: the id the page gave it, where, what."""

    client: str
    chat: str
    text: str
    files: int


class Page:
    """`posts` is what the page shows, kept up to date by its live events alone."""

    def __init__(self, address: str, name: str, chance: Random) -> None:
        self.name, self.chance = name, chance
        headers = {"Accept": "text/html,*/*", "Accept-Language": "zh-CN"}
        self.http = httpx2.AsyncClient(base_url=address, headers=headers, timeout=BETWEEN)
        self.csrf = self.cursor = ""
        self.chats: dict[str, str] = {}  # name -> id
        self.posts: dict[str, dict[str, Drawn]] = {}  # chat -> post -> as drawn
        self.said: list[Said] = []
        self.refused = 0  # answers 503
        self.heard = 0  # live events
        self.news = asyncio.Condition()

    async def enter(self, code: str) -> None:
        """Sign in by a claim code, and open every chat."""
        page = (await self.ask("GET", f"/c/{code}")).text
        fields = dict(re.findall(r'name="(csrf|privacy_version)" value="([^"]+)"', page))
        answer = await self.ask("POST", f"/c/{code}", data=fields)
        assert answer.status_code == 303, answer.text
        await self.reload()

    async def reload(self) -> None:
        """Draw the page anew: the list, then every chat from its beginning."""
        html = (await self.ask("GET", "/web")).text
        rows = re.findall(r'<li class="row" id="c-(\w+)".*?<span class="name">(.*?)</span>', html, re.DOTALL)
        assert rows, html[:2000]
        self.chats = {unescape(name): pid for pid, name in rows}
        self.csrf = _found(r'name="csrf-token" content="([^"]+)"', html)
        self.cursor = _found(r'data-cursor="([^"]*)"', html)
        self.posts = {pid: await self._whole_chat(pid) for pid in self.chats.values()}

    async def _whole_chat(self, pid: str) -> dict[str, Drawn]:
        html = (await self.ask("GET", f"/web/chats/{pid}")).text
        posts = posts_in(html)
        while older := re.search(rf'hx-get="(/web/chats/{pid}/before/\d+)"', html):
            html = (await self.ask("GET", older[1], headers=SCRIPT)).text
            posts = posts_in(html) + posts
        return {post.pid: post for post in posts}

    async def ask(self, method: str, path: str, **how: Any) -> httpx2.Response:
        """Ask until there is an answer: a broken connection or a 503 says nothing about what was done."""
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    answer = await self.http.request(method, path, **how)
                except httpx2.TransportError:
                    await self.blink()
                    continue
                if answer.status_code != 503:
                    assert answer.status_code < 500, f"{method} {path}: {answer.status_code} {answer.text}"
                    return answer
                self.refused += 1
                assert answer.headers["retry-after"] and answer.headers["content-type"] != "text/plain"
                await self.blink()

    async def blink(self) -> None:
        """Wait a little."""
        await asyncio.sleep(self.chance.uniform(*BLINK))

    async def send(self, path: str, **how: Any) -> httpx2.Response:
        """Post as the scripts do; now and then once more, because the answer did not come."""
        how["headers"] = {**SCRIPT, "X-CSRF-Token": self.csrf}
        answer = await self.ask("POST", path, **how)
        return await self.ask("POST", path, **how) if self.chance.random() < AGAIN else answer

    async def say(self, text: str, chat: str = BOT, files: Sequence[str] = ()) -> Drawn:
        """Say something; the post as it is shown."""
        said = Said(new_pid(), self.chats[chat], text, len(files))
        self.said.append(said)
        fields = {"client": said.client, "text": text, "file": list(files)}
        answer = await self.send(f"/web/chats/{said.chat}/messages", data=fields)
        assert answer.status_code == 200, answer.text
        return posts_in(answer.text)[0]

    async def upload(self, name: str, data: bytes, mime: str, chat: str = BOT) -> str:
        """Send a file up; its id."""
        fields = {"client": new_pid()}
        answer = await self.send(
            f"/web/chats/{self.chats[chat]}/uploads", data=fields, files={"file": (name, data, mime)}
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    async def press(self, post: Drawn, label: str) -> None:
        """Press a button, again where no answer came: the first press may have counted."""
        value = next(value for text, value in post.buttons if label in text)
        headers = {**SCRIPT, "X-CSRF-Token": self.csrf}
        answer = await self.ask("POST", f"/web/messages/{post.pid}/press", data={"value": value}, headers=headers)
        # what the first press did took the button away
        assert answer.status_code in (204, 409), answer.text

    async def hears(self, *parts: str, chat: str = BOT, button: str = "", after: int = 0) -> Drawn:
        """Wait for a message of the bot with all parts (and a button); the newest."""

        def fits(post: Drawn) -> bool:
            shown = post.side == "bot" and post.seq > after and all(part in post.text for part in parts)
            return shown and (not button or any(button in text for text, _ in post.buttons))

        def newest() -> Drawn | None:
            return max(filter(fits, self.posts[self.chats[chat]].values()), key=lambda post: post.seq, default=None)

        try:
            async with asyncio.timeout(PATIENCE), self.news:
                await self.news.wait_for(lambda: newest() is not None)
        except TimeoutError:
            shown = [post.text for post in list(self.posts[self.chats[chat]].values())[-8:]]
            raise AssertionError(f"{self.name} waited for {parts} {button!r} after {after}; sees {shown}") from None
        found = newest()
        assert found is not None
        return found

    async def listen(self) -> None:
        """Follow the live events until cancelled, from where they stopped."""
        while True:
            try:
                async with self.http.stream("GET", "/web/events", params={"after": self.cursor}) as answer:
                    if answer.status_code == 200:
                        await self._follow(answer)
            except httpx2.TransportError:
                pass
            await self.blink()

    async def _follow(self, answer: httpx2.Response) -> None:
        fields: dict[str, list[str]] = {}
        async for line in answer.aiter_lines():
            if line:
                name, _, value = line.partition(": ")
                fields.setdefault(name, []).append(value)
                continue
            if "event" in fields:
                await self._hear(fields["event"][0], "\n".join(fields.get("data", [])))
                self.cursor = fields.get("id", [self.cursor])[0]
            fields = {}

    async def _hear(self, name: str, data: str) -> None:
        assert name != "signedout", self.name
        self.heard += 1
        if name == "reset":
            await self.reload()
        for post in posts_in(data) if name == "post" else []:
            chat = self.posts.setdefault(_found(r'data-chat="(\w+)"', post.html), {})
            if post.pid not in chat or chat[post.pid].rev <= post.rev:
                chat[post.pid] = post
        if name == "remove":
            for chat in self.posts.values():
                chat.pop(data.removeprefix("p-"), None)
        async with self.news:
            self.news.notify_all()


def _found(pattern: str, html: str) -> str:
    found = re.search(pattern, html)
    assert found, html[:500]
    return unescape(found[1])
