"""However deliverers fail and die: in order per chat and lane, nothing lost, nothing sent again once known sent."""

from collections import defaultdict
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from api.context import Context
from api.messaging.delivering import Outcome, Work, claim_work, finish_work
from api.messaging.outbox import say_in_chat
from api.messaging.tree import Words
from storage.inbox import find_or_add_chat
from tests.messaging.machine import CHATS, Machine, run
from tests.support.databases import Databases

FATES = st.sampled_from(["sent", "sent", "lost answer", "died before", "transient", "retry after", "whole bot"])


class Outbox(Machine):
    """Workers that lose answers, die, and come back after their lease."""

    def __init__(self) -> None:
        super().__init__()
        self.said: dict[tuple[str, int], list[str]] = defaultdict(list)  # committed, per chat and lane
        self.shown: dict[tuple[str, int], list[str]] = defaultdict(list)  # what an idempotent platform shows
        self.settled: set[str] = set()  # deliveries whose success was committed
        self.works: list[Work] = []

    @rule(chat=CHATS, lane=st.sampled_from([0, 1]), count=st.integers(1, 3))
    def say(self, chat: str, lane: int, count: int) -> None:
        for _ in range(count):
            self.number += 1
            self.said[chat, lane].append(f"{lane}:{self.number}")

            def saying(ctx: Context) -> None:
                chat_id = find_or_add_chat(ctx.session, "p", "", chat, "private", "", ctx.now)
                say_in_chat(ctx, chat_id, Words(self.said[chat, lane][-1]), lane=lane)

            self.do(saying)

    @rule(after=st.sampled_from([0, 3, 61]))
    def claim(self, after: int) -> None:
        self.clock += timedelta(seconds=after)
        self.take(self.do(claim_work, ["p"], 2, {}))

    def take(self, works: list[Work]) -> None:
        assert not self.settled & {work.pid for work in works}, "claimed again after it was known sent"
        # in which order a database returns rows is its own affair, and would make an example differ from its repeat
        self.works += sorted(works, key=lambda work: work.chat.native)

    @precondition(lambda self: self.works)
    @rule(data=st.data(), fate=FATES)
    def send(self, data: st.DataObject, fate: str) -> None:
        work = self.works.pop(data.draw(st.integers(0, len(self.works) - 1)))
        if fate in ("sent", "lost answer"):
            self.show(work)
        if fate not in ("lost answer", "died before"):
            self.report(work, fate)

    def report(self, work: Work, fate: str) -> None:
        outcomes = {
            "sent": Outcome(sent=[f"n-{work.pid}"]),
            "transient": Outcome(error="network"),
            "retry after": Outcome(retry_after=3.0),
            "whole bot": Outcome(retry_after=2.0, whole_bot=True),
        }
        following = self.do(finish_work, work, outcomes[fate], {})
        self.settled |= {work.pid} if fate == "sent" else set()
        self.take([following] if following is not None else [])

    def show(self, work: Work) -> None:
        assert isinstance(work.tree, Words)
        shown = self.shown[work.chat.native, int(work.tree.text[0])]
        if work.tree.text not in shown:
            shown.append(work.tree.text)

    @invariant()
    def in_order(self) -> None:
        for key, shown in self.shown.items():
            assert shown == self.said[key][: len(shown)]

    def finish(self) -> None:
        self.works = []
        for _ in range(sum(map(len, self.said.values())) + 2):
            self.clock += timedelta(seconds=700)
            self.take(self.do(claim_work, ["p"], 5, {}))
            while self.works:
                work = self.works.pop()
                self.show(work)
                self.report(work, "sent")
        assert {k: v for k, v in self.shown.items() if v} == dict(self.said)


def test_in_order_nothing_lost_nothing_doubled(databases: Databases, database_kind: str) -> None:
    run(Outbox, databases, database_kind)
