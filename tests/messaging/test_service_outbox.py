"""However deliverers fail and die: in order per chat and lane, nothing lost, nothing sent again once known sent; a chat
that was told to wait gets nothing but acks, whoever asks; what was changed or taken back is so in the end; and nothing
is claimed that its guard does not let through."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from api.context import Context
from api.messaging.delivering import Outcome, Work, claim_work
from api.messaging.outbox import acknowledge, delete_message, edit_message, say_in_chat
from api.messaging.tree import Words
from storage.inbox import find_or_add_chat
from storage.messaging import Message
from storage.reach import Reach
from tests.messaging.machine import Machine, run
from tests.support.databases import Databases
from tests.support.talk import finish_work

FATES = st.sampled_from(["sent", "sent", "lost answer", "died before", "transient", "retry after", "whole bot"])
NATIVES = ["c0", "c0/7", "c1"]  # a group, a topic of it that shares its limits, another chat
CHATS = st.sampled_from(NATIVES)
WAIT = 100.0  # seconds: longer than a lease


class Outbox(Machine):
    """Workers that lose answers, die, and come back after their lease."""

    def __init__(self) -> None:
        super().__init__()
        self.said: dict[tuple[str, int], list[int]] = defaultdict(list)  # committed, per chat and lane
        self.shown: dict[tuple[str, int], list[int]] = defaultdict(list)  # what an idempotent platform showed
        self.messages: dict[int, int] = {}  # what was said -> the row that says it
        self.wanted: dict[int, int] = {}  # what was said -> its last version
        self.visible: dict[int, int] = {}  # what the platform shows now, in which version
        self.guarded: list[int] = []
        self.fallen: set[int] = set()  # what its guard lets through no more
        self.deleted: set[int] = set()
        self.guards = {"stands": self.stands}
        self.settled: set[str] = set()  # deliveries whose success was committed
        self.works: list[Work] = []
        self.waits: dict[str, datetime] = {}  # group -> until when nothing is sent there
        self.pressed = 0

    @initialize()
    def begin(self) -> None:
        super().begin()
        for chat in NATIVES:
            self.do(_chat, chat)

    @rule(chat=CHATS, lane=st.sampled_from([0, 1]), count=st.integers(1, 3), guarded=st.booleans())
    def say(self, chat: str, lane: int, count: int, guarded: bool) -> None:
        for _ in range(count):
            self.number = number = self.number + 1
            self.said[chat, lane].append(number)
            guard = ["stands", number] if guarded else None
            self.guarded += [number] if guarded else []
            self.messages[number] = self.do(
                lambda ctx: say_in_chat(ctx, _chat(ctx, chat), _words(number, 0), lane=lane, guard=guard).id  # noqa: B023
            )
            self.wanted[number] = 0

    def stands(self, _ctx: Context, people: Collection[int | None], number: int) -> set[int | None]:
        return set() if number in self.fallen else set(people)

    @precondition(lambda self: self.guarded)
    @rule(data=st.data())
    def fall(self, data: st.DataObject) -> None:
        self.fallen.add(data.draw(st.sampled_from(self.guarded)))

    @precondition(lambda self: self.number > len(self.deleted))
    @rule(data=st.data(), last=st.booleans())
    def change(self, data: st.DataObject, last: bool) -> None:
        number = data.draw(st.sampled_from(sorted(self.messages.keys() - self.deleted)))
        if last:
            self.deleted.add(number)
            self.do(lambda ctx: delete_message(ctx, ctx.session.get_one(Message, self.messages[number])))
            return
        self.wanted[number] += 1
        text = _words(number, self.wanted[number])
        self.do(lambda ctx: edit_message(ctx, ctx.session.get_one(Message, self.messages[number]), text))

    @rule(chat=CHATS)
    def press(self, chat: str) -> None:
        """Where no other worker holds the chat, a press is answered at once."""
        self.pressed += 1
        self.do(lambda ctx: acknowledge(ctx, _chat(ctx, chat), str(self.pressed), None))
        works = self.do(claim_work, Reach(("p",)), 9, self.guards)
        for work in [work for work in works if work.kind == "ack"]:
            works.remove(work)
            following = self.do(finish_work, work, Outcome(sent=[]), self.guards)
            works += [following] if following is not None else []
        self.take(works)

    @rule(after=st.sampled_from([0, 3, 61]))
    def claim(self, after: int) -> None:
        self.clock += timedelta(seconds=after)
        self.take(self.do(claim_work, Reach(("p",)), 2, self.guards))

    def take(self, works: list[Work]) -> None:
        assert not self.settled & {work.pid for work in works}, "claimed again after it was known sent"
        for work in works:
            until = self.waits.get(_group(work.chat.native), self.clock)
            assert work.kind == "ack" or until <= self.clock, "claimed though its chat has to wait"
            assert work.kind != "send" or _read(work)[0] not in self.fallen, "its guard let it through no more"
            assert work.targets or work.kind not in ("edit", "delete"), "claimed before what it changes was sent"
        # in which order a database returns rows is its own affair, and would make an example differ from its repeat
        self.works += sorted(works, key=lambda work: work.chat.native)

    @precondition(lambda self: self.works)
    @rule(data=st.data(), fate=FATES)
    def send(self, data: st.DataObject, fate: str) -> None:
        work = self.works.pop(data.draw(st.integers(0, len(self.works) - 1)))
        if work.kind == "ack":
            fate = "sent"
        elif work.chat.until <= self.clock and (work.kind != "send" or _read(work)[0] in self.fallen):
            # nothing is under way for longer than its lease; what is said again after it shows nothing twice
            fate = "died before"
        elif fate in ("sent", "lost answer"):
            self.show(work)
        if fate not in ("lost answer", "died before"):
            self.report(work, fate)

    def report(self, work: Work, fate: str) -> None:
        outcomes = {
            "sent": Outcome(sent=[f"n-{work.pid}"]),
            "transient": Outcome(error="network", unsure=work.repeat),
            "retry after": Outcome(retry_after=WAIT, unsure=work.repeat),
            "whole bot": Outcome(retry_after=2.0, whole_bot=True, unsure=work.repeat),
        }
        if fate == "retry after":
            self.waits[_group(work.chat.native)] = self.clock + timedelta(seconds=WAIT)
        following = self.do(finish_work, work, outcomes[fate], self.guards)
        self.settled |= {work.pid} if fate == "sent" else set()
        self.take([following] if following is not None else [])

    def show(self, work: Work) -> None:
        number, version = _read(work)
        if work.kind == "send":
            place = next(place for place, numbers in self.said.items() if number in numbers)
            if number not in self.shown[place]:
                self.shown[place].append(number)
                self.visible[number] = version
        elif work.kind == "delete":
            self.visible.pop(number, None)
        elif number in self.visible:
            self.visible[number] = version

    @invariant()
    def in_order(self) -> None:
        for place, shown in self.shown.items():
            assert shown == [number for number in self.said[place] if number in shown]
            sure = [number for number in shown if number not in self.fallen | self.deleted]
            assert sure == self.sure(place)[: len(sure)], "one was left out"

    def sure(self, place: tuple[str, int]) -> list[int]:
        """What must be shown there in the end."""
        return [number for number in self.said[place] if number not in self.fallen | self.deleted]

    def rest(self) -> list[Work]:
        """What is left once every lease has run out and every pause is over."""
        self.clock += timedelta(seconds=700)
        return self.do(claim_work, Reach(("p",)), 5, self.guards)

    def finish(self) -> None:
        self.works = []
        while works := self.rest():
            self.take(works)
            while self.works:
                work = self.works.pop()
                if work.kind != "ack":
                    self.show(work)
                self.report(work, "sent")
        for place in self.said:
            assert set(self.sure(place)) <= set(self.shown[place])
        # where an answer was lost before its guard fell, nobody knows what there would be to change
        for number in self.messages.keys() - self.fallen:
            wanted = None if number in self.deleted else self.wanted[number]
            assert self.visible.get(number) == wanted, number


def _chat(ctx: Context, native: str) -> int:
    return find_or_add_chat(ctx.session, "p", "", native, "room", "", ctx.now)


def _words(number: int, version: int) -> Words:
    return Words(f"{number}.{version}")


def _read(work: Work) -> tuple[int, int]:
    """What a work says or changes, and its version."""
    assert isinstance(work.tree, Words)
    number, version = work.tree.text.split(".")
    return int(number), int(version)


def _group(native: str) -> str:
    return native.partition("/")[0]


def test_in_order_nothing_lost_nothing_doubled(databases: Databases, database_kind: str) -> None:
    run(Outbox, databases, database_kind)
