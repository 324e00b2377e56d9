"""Whatever adapters repeat and whenever handlers die: every event is handled once, in order within its chat."""

from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from api.context import Context
from api.messaging import receiving
from api.messaging.receiving import Arrival, LeasedRow
from storage.inbox import FINISH
from storage.messaging import Incoming
from storage.reach import Reach
from tests.messaging.machine import CHATS, Machine, run
from tests.support.databases import Databases
from tests.support.talk import World, a_world


class Inbox(Machine):
    """Adapters that repeat themselves, handlers that lose their leases."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived: dict[str, list[str]] = defaultdict(list)
        self.handled: dict[str, list[str]] = defaultdict(list)
        self.rows: list[LeasedRow] = []

    @rule(chat=CHATS, count=st.integers(1, 3), repeated=st.booleans())
    def arrive(self, chat: str, count: int, repeated: bool) -> None:
        events = self.arrived[chat][-1:] if repeated else []
        for _ in range(count):
            self.number += 1
            events.append(f"{chat}-{self.number}")
        arrivals = [Arrival(event, chat, "private", {"text": event}) for event in events]
        new = self.do(receiving.receive, "p", "", arrivals, ("offset", str(self.number)))
        assert new == count
        self.arrived[chat] += events[-count:]
        assert self.do(receiving.cursor, "p", "", "offset") == str(self.number)

    @rule(chats=st.lists(CHATS, min_size=1, max_size=4), repeated=st.booleans())
    def arrive_together(self, chats: list[str], repeated: bool) -> None:
        """One by one from a webhook: those of known chats in one commit, each other chat's in one of its own."""
        arrivals, new = list[Arrival](), list[Arrival]()
        for chat in chats:
            self.number += 1
            before = self.arrived[chat][-1:] if repeated and not any(one.chat == chat for one in arrivals) else []
            arrivals += [Arrival(event, chat, "private", {"text": event}) for event in before]
            new.append(Arrival(f"{chat}-{self.number}", chat, "private", {"text": f"{chat}-{self.number}"}))
            arrivals.append(new[-1])
        stored = self.do(receiving.receive_together, "p", "", arrivals)
        for chat in dict.fromkeys(chats):
            left = [one for one, done in zip(arrivals, stored, strict=True) if one.chat == chat and not done]
            assert left in ([], [one for one in arrivals if one.chat == chat]), "a chat is known or it is not"
            self.do(receiving.receive, "p", "", left)
        for one in new:
            self.arrived[one.chat].append(one.event_id)

    @rule(after=st.sampled_from([31, 0]))
    def lease(self, after: int) -> None:
        self.clock += timedelta(seconds=after)
        # in which order a database returns rows is its own affair, and would make an example differ from its repeat
        self.rows += sorted(self.do(receiving.lease_rows, Reach(("p",)), 2), key=lambda row: row.event_id)

    @precondition(lambda self: self.rows)
    @rule(data=st.data(), dies=st.sampled_from([False, False, True]))
    def handle(self, data: st.DataObject, dies: bool) -> None:
        row = self.rows.pop(data.draw(st.integers(0, len(self.rows) - 1)))
        if not dies:
            self.handle_row(row)

    def handle_row(self, row: LeasedRow) -> bool:
        def handling(ctx: Context) -> tuple[bool, LeasedRow | None]:
            if not receiving.hold_row(ctx, row):
                return False, None
            return True, receiving.finish_row(ctx, row)

        done, following = self.do(handling)
        if done:
            self.handled[row.event_id.split("-")[0]].append(row.event_id)
        self.rows += [following] if following is not None else []
        return done

    @invariant()
    def in_order_and_once(self) -> None:
        for chat, handled in self.handled.items():
            assert handled == self.arrived[chat][: len(handled)]

    def finish(self) -> None:
        self.rows = []
        self.clock += timedelta(seconds=60)
        self.rows += self.do(receiving.lease_rows, Reach(("p",)), 10)
        while self.rows:
            assert self.handle_row(self.rows.pop())
        assert dict(self.handled) == dict(self.arrived)


def test_every_event_is_handled_once_and_in_order(databases: Databases, database_kind: str) -> None:
    run(Inbox, databases, database_kind)


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


async def test_the_next_row_is_found_as_the_last_one_is_marked(world: World) -> None:
    """In the one statement: SQLite once looked through everything that had ever arrived, and found nothing."""
    arrivals = [Arrival(f"{chat}-{n}", chat, "private", {}) for chat, n in ("a0", "a1", "b0", "a2")]
    await world.run(receiving.receive, "paper", "", arrivals)

    def finish(ctx: Context, event_id: str) -> str | None:
        row = ctx.session.query(Incoming.id).filter(Incoming.event_id == event_id).scalar()
        done = {"row": row, "now_state": "done", "why": None, "at": ctx.now}
        following = ctx.session.execute(FINISH, done).scalar_one()
        return ctx.session.get_one(Incoming, following).event_id if following is not None else None

    assert [await world.run(finish, event) for event in ("a-0", "a-1", "b-0", "a-2")] == ["a-1", "a-2", None, None]
