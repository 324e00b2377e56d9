"""The day as it is played: who does what next, drawn from the seed; what is sent to all, over /v1."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from random import Random

import httpx2

from api.times import utcnow
from benchmarks.day.acts import ACTS, ASKED, CONTENT, NOTICE, QUIZ, RESOURCE
from benchmarks.day.diary import Diary, Told
from benchmarks.day.schedule import Load, Phase
from benchmarks.day.town import COUNTY, Town
from benchmarks.day.voices import AtPage, InApp, OnPhone, Voice
from storage.base import new_pid
from tests.emulators.telegram import Emulator

SHARES = {"telegram": 0.88, "web": 0.08, "matrix": 0.04}  # of those who do something
ONCE = frozenset(("log", "resource opened", "quiz answered", "notice received"))  # a person does it once a day
# what is done by those only whom something reached: by what it says, and to what it belongs in its message
REACHED = {"resource opened": (RESOURCE, "推荐了一个资源"), "notice received": (NOTICE, "通知 · "),
           "quiz answered": (ASKED, "出了一份微测")}  # fmt: skip
BEGUN = {"push": "resource opened", "notice": "notice received", "quiz": "quiz answered"}
ADMINISTRATOR = 0
SLOWEST = 15.0  # messages a second: half of what Telegram permits, for a machine that has other things to do
MESSAGES = ("send", "edit")  # methods that the limits count
AHEAD = timedelta(seconds=20)  # hosts set the hour of their quizzes before


class Player:
    """`voices` are all who may do something; `address` is where /v1 is; `busy`: how many times as much as on a day
    of a county is done."""

    def __init__(self, town: Town, telegram: Emulator, voices: list[Voice], diary: Diary, address: str, seed: int,
                 busy: float) -> None:  # fmt: skip
        self.town, self.telegram, self.diary, self.address, self.seed = town, telegram, diary, address, seed
        self.busy = busy
        self.in_chat: dict[int, list[OnPhone]] = {}  # Telegram's chat, private or a group -> who is in it
        for voice in voices:
            if isinstance(voice, OnPhone):
                self.in_chat.setdefault(voice.phone.id, []).append(voice)
                self.in_chat.setdefault(voice.group.id, []).append(voice)
        self.everybody = {name: [v for v in voices if v.platform == name] for name in SHARES}
        self.free = {act: self._candidates(act) for act in ACTS}
        self.reached: dict[str, dict[int, float]] = {act: {} for act in REACHED}  # chat -> when
        self._looked = 0

    def _candidates(self, act: str) -> dict[str, list[Voice]]:
        chance, found = Random(f"{self.seed} {act}"), {}
        for platform, voices in self.everybody.items():
            fit = [v for v in voices if self._may(v, act)]
            chance.shuffle(fit)
            found[platform] = [] if act in REACHED and platform == "telegram" else fit
        return found

    def _may(self, voice: Voice, act: str) -> bool:
        if act == "host's figures":
            return self.town.is_host(voice.n) and voice.platform != "matrix"
        if isinstance(voice, InApp):
            return act not in REACHED and (act != "talk" or bool(voice.room))
        return voice.n != ADMINISTRATOR and not (act in ("log", "quiz answered") and self.town.is_host(voice.n))

    async def play(self, phase: Phase, scale: float) -> None:
        """A phase to its end: everything begun in it is finished."""
        self.diary.phase = phase.name
        began, since, refused = utcnow(), len(self.telegram.calls), self.telegram.limits.refused
        if phase.begins:
            await self.send_to_all(phase.begins)
            await self._until_told(phase.begins, 1)
        over = time.monotonic() + phase.seconds * scale
        async with asyncio.TaskGroup() as group:
            loads = [group.create_task(self._keep_doing(load, group)) for load in phase.loads]
            await asyncio.sleep(max(0.0, over - time.monotonic()))
            if phase.begins:
                await self._until_told(phase.begins, self._chats_of(phase.begins))
                self.diary.told[phase.begins] = self._told(phase.begins)
            for load in loads:
                load.cancel()
        sent = sum(name.startswith(MESSAGES) and status == 200 for name, status in self.telegram.calls[since:])
        self.diary.close(began, sent, self.telegram.limits.refused - refused)

    async def _keep_doing(self, load: Load, group: asyncio.TaskGroup) -> None:
        """Somebody begins it now and then, as people who know nothing of each other do."""
        chance = Random(f"{self.seed} {self.diary.phase} {load.act}")
        rate = self.busy * load.rate * self.town.size.teachers / COUNTY
        at = time.monotonic()
        while True:
            at += chance.expovariate(rate)
            await asyncio.sleep(max(0.0, at - time.monotonic()))
            if (voice := self._somebody(load.act, chance)) is not None:
                group.create_task(self._do(load.act, voice, Random(chance.random())))

    async def _do(self, act: str, voice: Voice, chance: Random) -> None:
        voice.busy = True
        phase = self.diary.phase
        self.diary.acts[phase, act] += 1
        try:
            await ACTS[act](voice, self.diary, chance)
        except (TimeoutError, AssertionError) as error:
            self.diary.unanswered.append(f"{phase}: {act} of {voice.n} on {voice.platform}: {error}")
        finally:
            voice.busy = False

    def _somebody(self, act: str, chance: Random) -> Voice | None:
        """Who does it: nobody who is at something else; on the platform that is drawn, or on Telegram."""
        self._look()
        drawn = chance.choices(list(SHARES), list(SHARES.values()))[0]
        for platform in (drawn, "telegram"):
            free = self.free[act][platform]
            for at in self._places(len(free), chance):
                if not free[at].busy:
                    return free.pop(at) if act in ONCE else free[at]
        return None

    def _places(self, number: int, chance: Random) -> Iterator[int]:
        for _ in range(min(number, 8)):
            yield chance.randrange(number)

    def _look(self) -> None:
        """Note whom what was sent to all has reached."""
        accepted = self.telegram.world.accepted
        for one in accepted[self._looked :]:
            text = str(one.parameters.get("text", "")) if one.method == "sendmessage" else ""
            for act, parts in REACHED.items():
                if all(part in text for part in parts):
                    self._reach(act, int(one.parameters["chat_id"]), one.at)
        self._looked = len(accepted)

    def _reach(self, act: str, chat: int, at: float) -> None:
        if chat not in self.reached[act]:
            self.reached[act][chat] = at
            self.free[act]["telegram"] += [voice for voice in self.in_chat.get(chat, ()) if self._may(voice, act)]

    def _chats_of(self, what: str) -> int:
        """How many chats of Telegram it goes to; who sends it to everybody is not told."""
        return len(self.town.groups) if what == "quiz" else len(self.town.phones) - 1

    def _told(self, what: str) -> Told:
        times = sorted(self.reached[BEGUN[what]].values()) or [0.0]
        taken = sum(
            one.method.startswith(MESSAGES) and times[0] <= one.at <= times[-1]
            for one in self.telegram.world.accepted
        )
        return Told(len(times), times[-1] - times[0], taken)

    async def _until_told(self, what: str, number: int) -> None:
        """Wait until it has reached so many chats of Telegram; that it did not is written down."""
        reached = self.reached[BEGUN[what]]
        try:
            async with asyncio.timeout(120 + number / SLOWEST):
                while len(reached) < number:
                    await asyncio.sleep(0.2)
                    self._look()
        except TimeoutError:
            self.diary.unanswered.append(f"{self.diary.phase}: {what} reached {len(reached)} of {number}")

    async def send_to_all(self, what: str) -> None:
        """The administrator pushes a resource or sends a notice to everybody; each host a quiz to the workshop."""
        began = time.monotonic()
        async with httpx2.AsyncClient(base_url=self.address, timeout=180) as http:
            if what == "notice":
                await self._post(http, ADMINISTRATOR, "notices", community=self.town.region, place="people",
                                 text=NOTICE)  # fmt: skip
            elif what == "push":
                one = await self._post(http, ADMINISTRATOR, "resources", community=self.town.region, title=RESOURCE,
                                       text=CONTENT)  # fmt: skip
                began = time.monotonic()
                await self._post(http, ADMINISTRATOR, "pushes", resource=one["pid"], community=self.town.region,
                                 place="people")  # fmt: skip
            else:
                places = list(enumerate(self.town.workshops))
                made = [await self._post(http, n, "quizzes", community=pid, text=QUIZ) for n, pid in places]
                began, at = time.monotonic(), (utcnow() + AHEAD).isoformat()
                for (n, pid), quiz in zip(places, made, strict=True):
                    await self._post(http, n, "quiz-pushes", quiz=quiz["pid"], community=pid, release_at=at)
        self.diary.queued[what] = time.monotonic() - began

    async def _post(self, http: httpx2.AsyncClient, n: int, path: str, **body: object) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self.town.tokens[n]}", "Idempotency-Key": new_pid()}
        answer = await http.post(f"/v1/{path}", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def wait_for_reminders(self, seconds: float = 180) -> None:
        """Wait until every reminder that was made has rung, wherever it can be seen."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.silent_reminders():
                    await asyncio.sleep(1)

    def silent_reminders(self) -> list[str]:
        """Reminders that did not ring on Telegram, or on a page or in an app that is open."""
        rung = [str(one.parameters.get("text", "")) for one in self.telegram.world.accepted]
        for voice in (*self.everybody["web"], *self.everybody["matrix"]):
            if isinstance(voice, AtPage):
                rung += [post.text for chat in voice.window.posts.values() for post in chat.values()]
            elif isinstance(voice, InApp):
                rung += voice.texts
        alarms = "\n".join(text for text in rung if "⏰ 提醒" in text)
        return [tag for tag in self.diary.reminders if tag not in alarms]
