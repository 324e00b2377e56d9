"""The sample county, with accounts of its people on the platform under test: some may do much, others little."""

import os
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func

from api.context import Context
from api.people.codes import issue_claim_code
from api.sample.making import steps
from storage import sample
from storage.base import new_pid
from storage.communities import Community
from storage.messaging import Chat, Delivery, Incoming
from storage.people import Identity, Person
from storage.rooms import Room
from tests.fuzz.watching import Watch
from tests.fuzz.words import Vocabulary
from tests.support.clock import tick
from tests.support.talk import World

NUMBER = int(os.environ.get("GONGFANG_FUZZ") or 2_500)  # updates for each platform
LONGEST = 600 + NUMBER / 5  # seconds on a busy machine: a chat that is stuck ends the test
# the county's administrator and trainer, heads, hosts and cohosts, members, and who asked to join or never did
PEOPLE = (
    "YX-0001", "YX-0002", "YX-1001", "YX-1002", "YX-1003", "YX-2002", "YX-2003", "YX-2004", "YX-1004", "YX-1005",
    "YX-1006", "YX-2005", "YX-2009", "YX-1014", "YX-1011",
)  # fmt: skip
ROOMS = ("小学语文阅读教学工坊", "初中数学问题导学工坊", "云溪县实验小学", "云溪县")
# how a delivery may end that nobody of ours is to blame for
BLAMELESS = frozenset({"blocked", "no_chat", "no_account", "chat_gone", "expired"})
ENDS = frozenset({"ready", "sent", "dead", "unreachable", "expired", "superseded", "dropped", "cancelled", "skipped"})


@dataclass
class Figures:
    """What was tried, and what became of it."""

    seed: int
    tried: Counter[str] = field(default_factory=Counter)
    became: Counter[str] = field(default_factory=Counter)
    sent: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def add(self, other: "Figures") -> None:
        """Count another world's, too."""
        self.tried += other.tried
        self.became += other.became
        self.sent += other.sent
        self.seconds += other.seconds

    def __str__(self) -> str:
        kinds = ("tried", self.tried), ("inbox", self.became), ("outbox", self.sent)
        lines = [f"  {name}: {', '.join(f'{key} {n}' for key, n in found.most_common())}" for name, found in kinds]
        return "\n".join([f"seed {self.seed}: {sum(self.tried.values())} in {self.seconds:.0f} s", *lines])


async def fill(world: World, vocabulary: Vocabulary) -> None:
    """Make the county, and let people know a few codes."""
    for step in steps():
        await world.run(step)
    await world.settle()

    def codes(ctx: Context) -> list[str]:
        return [issue_claim_code(ctx, sample.person(ctx.session, f"YX-20{n}")).code for n in (10, 11, 12)]

    for code in await world.run(codes):
        vocabulary.learn(code)
    vocabulary.learned.extend(await world.run(lambda ctx: [c.pid for c in ctx.session.query(Community)]))


def bind(ctx: Context, platform: str, account: str, native: str, chat: str, number: str) -> None:
    """Give somebody of the sample county an account with a private chat, where they are at home from now on."""
    found = ctx.session.query(Chat).filter_by(platform=platform, account=account, native=chat).first()
    if found is None:
        found = Chat(pid=new_pid(), platform=platform, account=account, native=chat, kind="private", created_at=ctx.now)
        ctx.session.add(found)
    identity = ctx.session.query(Identity).filter_by(platform=platform, native=native).first()
    if identity is None:
        identity = Identity(pid=new_pid(), platform=platform, native=native, created_at=ctx.now)
        ctx.session.add(identity)
    ctx.session.flush()
    person: Person = sample.person(ctx.session, number)
    identity.person_id, identity.bound_at, identity.chat_id, identity.last_spoke_at = (
        person.id,
        ctx.now,
        found.id,
        ctx.now,
    )
    found.identity_id, person.home_chat_id = identity.id, found.id


def bind_room(ctx: Context, platform: str, account: str, native: str, name: str) -> None:
    """Let a chat be the room of a community."""
    chat = ctx.session.query(Chat).filter_by(platform=platform, account=account, native=native).first()
    if chat is None:
        chat = Chat(pid=new_pid(), platform=platform, account=account, native=native, kind="room", created_at=ctx.now)
        ctx.session.add(chat)
        ctx.session.flush()
    community = sample.community(ctx.session, name)
    ctx.session.add(Room(chat_id=chat.id, community_id=community.id, created_at=ctx.now))


async def let_time_pass(world: World) -> None:
    """Until nothing waits for a key, a poll or an answer any more."""
    for _ in range(3):
        world.pass_time(minutes=11)
        await tick(world)
    await world.settle()


async def check(world: World, watch: Watch, figures: Figures) -> None:
    """Nothing waits that is due, nothing is held, and what is lost says why."""
    figures.became = Counter(await world.run(_inbox))
    figures.sent = Counter(await world.run(_outbox))
    for state in figures.became:
        if state not in ("done", "dead"):
            watch.fault(f"rows of the inbox are {state}: {figures.became[state]}")
    for name in figures.sent:
        state, _, why = name.partition(" ")
        if state not in ENDS or (state in ("dead", "unreachable", "expired") and why not in BLAMELESS):
            watch.fault(f"deliveries ended as {name}: {await world.run(_example, state, why)}")
    for words in await world.run(_held):
        watch.fault(words)


def _inbox(ctx: Context) -> dict[str, int]:
    return dict(ctx.session.query(Incoming.state, func.count()).group_by(Incoming.state).all())  # type: ignore[arg-type]


def _outbox(ctx: Context) -> dict[str, int]:
    rows = ctx.session.query(Delivery.state, Delivery.reason, func.count()).group_by(Delivery.state, Delivery.reason)
    return {f"{state} {reason or ''}".strip(): n for state, reason, n in rows}


def _example(ctx: Context, state: str, why: str) -> list[tuple[str, Any]]:
    rows = ctx.session.query(Delivery).filter_by(state=state, reason=why or None).limit(3)
    return [(row.kind, row.error) for row in rows]


def _held(ctx: Context) -> list[str]:
    """Chats that somebody holds, or in which something is due and not done."""
    found = [f"{chat.platform} {chat.native!r} is held or due" for chat in ctx.session.query(Chat)
             if chat.in_next_at or chat.in_leased_until or chat.leased_until]  # fmt: skip
    due = ctx.session.query(Delivery).filter(Delivery.state == "ready", Delivery.not_before <= ctx.now)
    return found + [f"not sent: {row.kind} {_chat_of(ctx, row)} {row.guard} {row.error}" for row in due.limit(5)]


def _chat_of(ctx: Context, row: Delivery) -> str:
    chat = ctx.session.get(Chat, row.chat_id) if row.chat_id is not None else None
    return (
        f"{chat.platform} {chat.native!r} {chat.state} until {chat.blocked_until}, {chat.next_at}"
        if chat
        else "no chat"
    )


def dead_rows(ctx: Context) -> list[tuple[str, str | None, Any]]:
    """(event id, reason, raw) of what could not be read."""
    return [(row.event_id, row.reason, row.raw) for row in ctx.session.query(Incoming).filter_by(state="dead")]
