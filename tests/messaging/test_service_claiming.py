"""What is sent next: answers before pushes, each guard asked once for all, and a bad row that ends alone."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection
from typing import Any

import pytest
from sqlalchemy import event, update

from api.context import Context
from api.messaging.delivering import Capacity, Outcome, claim_work, finish_works, return_work
from api.messaging.outbox import (
    BULK,
    acknowledge,
    deliver_to_chats,
    deliver_to_people,
    edit_message,
    say_in_chat,
    tell_person,
    write_message,
)
from api.messaging.tree import Words
from storage.engine import StorageUnavailable
from storage.inbox import find_or_add_chat
from storage.messaging import Delivery, Message
from storage.people import Person
from storage.reach import Reach
from tests.support.talk import Voice, World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


def fails(_ctx: Context, _people: Collection[int | None], *_arguments: Any) -> set[int | None]:
    raise KeyError("李老师")


def asks_wrongly(ctx: Context, people: Collection[int | None]) -> Collection[int | None]:
    """On PostgreSQL what comes after a failed statement fails as well, were it not for a savepoint."""
    ctx.session.connection().exec_driver_sql("INSERT INTO chats (pid) VALUES (NULL)")
    return people


def nothing_more(_ctx: Context, _person_id: int) -> None:
    pass


def unknown_node(ctx: Context, _person_id: int) -> None:
    ctx.session.execute(update(Message).values(tree=["no such node", "李老师"]))


def unknown_zone(ctx: Context, person_id: int) -> None:
    ctx.session.execute(update(Person).where(Person.id == person_id).values(zone="Asia/Nowhere"))


BROKEN: list[tuple[list[Any] | None, Callable[[Context, int], None], str]] = [
    (["fails", 1], nothing_more, "its guard failed: KeyError"),
    (["asks wrongly"], nothing_more, "its guard failed: IntegrityError"),
    (["gone since the upgrade"], nothing_more, "its guard failed: KeyError"),
    ([], unknown_node, "it cannot be read: KeyError"),
    ([], unknown_zone, "it cannot be read: ValueError"),
]


@pytest.mark.parametrize(("guard", "spoil", "reason"), BROKEN)
async def test_a_bad_delivery_ends_alone(
    world: World, guard: list[Any] | None, spoil: Callable[[Context, int], None], reason: str
) -> None:
    world.deliverers.guards = {"fails": fails, "asks wrongly": asks_wrongly}
    li, zhang = await world.teacher("李老师"), await world.teacher("张老师")
    assert li.person is not None and zhang.person is not None
    await world.run(tell_person, li.person.id, Words("坏"), guard=guard or None)
    await world.run(spoil, li.person.id)
    await world.run(tell_person, zhang.person.id, Words("好"))
    await world.deliverers.drain()
    zhang.expect("好")
    found = await world.run(lambda ctx: [(row.state, row.error) for row in ctx.session.query(Delivery)])
    assert ("dead", reason) in found and [state for state, _ in found].count("sent") == 1
    assert not li.sheets()


async def test_what_comes_after_a_bad_one_is_sent(world: World) -> None:
    world.deliverers.guards = {"fails": fails}
    li = await world.teacher("李老师")
    assert li.person is not None
    await world.run(tell_person, li.person.id, Words("坏"), guard=["fails"])
    await world.run(tell_person, li.person.id, Words("好"))
    await world.deliverers.drain()
    assert [sheet.text for sheet in li.sheets()] == ["好"]


async def test_a_database_that_is_away_ends_nothing(world: World) -> None:
    def away(*_: Any) -> set[int | None]:
        raise StorageUnavailable("away")

    li = await world.teacher("李老师")
    assert li.person is not None
    await world.run(tell_person, li.person.id, Words("好"), guard=["away"])
    with pytest.raises(StorageUnavailable):
        await world.run(claim_work, Reach(("paper",)), 9, {"away": away})
    assert len(await world.run(claim_work, Reach(("paper",)), 9, {"away": lambda _ctx, people: people})) == 1


async def a_push(world: World, number: int, **how: Any) -> list[Voice]:
    people = [await world.teacher(f"老师{n}") for n in range(number)]
    ids = [who.person.id for who in people if who.person is not None]
    await world.run(lambda ctx: deliver_to_people(ctx, write_message(ctx, Words("推送")), ids, BULK, **how))
    return people


async def test_answers_do_not_wait_behind_a_push(world: World) -> None:
    await a_push(world, 6)
    await world.run(lambda ctx: len(claim_work(ctx, Reach(()), 0, {})))  # only routes it
    world.pass_time(seconds=1)

    def press(ctx: Context) -> None:
        for native in ("a", "b"):
            chat = find_or_add_chat(ctx.session, "paper", "", native, "private", "", ctx.now)
            acknowledge(ctx, chat, native, None) if native == "a" else say_in_chat(ctx, chat, Words("答"))

    await world.run(press)
    works = await world.run(claim_work, Reach(("paper",)), 3, {})
    assert sorted(work.kind for work in works) == ["ack", "send", "send"]
    assert {"a", "b"} < {work.chat.native for work in works}, "and what is left of the room is for the push"
    assert len(await world.run(claim_work, Reach(("paper",)), 9, {})) == 5


async def test_the_answer_to_a_press_is_tried_again_as_long_as_somebody_waits_for_it(world: World) -> None:
    def press(ctx: Context) -> None:
        chat = find_or_add_chat(ctx.session, "paper", "", "a", "private", "", ctx.now)
        acknowledge(ctx, chat, "a", Words("看过了"))

    def try_it(ctx: Context) -> int:
        works = claim_work(ctx, Reach(("paper",)), 9, {})
        finish_works(ctx, [(work, Outcome(error="the database is away")) for work in works], {})
        return len(works)

    await world.run(press)
    tried = 0
    for _ in range(20):
        tried += await world.run(try_it)
        world.pass_time(seconds=1)
    assert tried == 3, "after nothing, two, and four seconds more"
    assert await world.run(lambda ctx: ctx.session.query(Delivery).one().state) == "expired"


async def test_what_is_for_one_person_overtakes_a_push(world: World) -> None:
    people = await a_push(world, 6)
    last = people[-1].person
    assert last is not None
    await world.run(tell_person, last.id, Words("只给你"))
    works = await world.run(claim_work, Reach(("paper",)), 80, {}, Capacity(2, {("paper", ""): 2}))
    assert [work.tree for work in works].count(Words("只给你")) == 1 and len(works) == 2
    assert len(await world.run(claim_work, Reach(("paper",)), 80, {}, Capacity(9, {("paper", ""): None}))) == 4


async def test_a_platform_that_answers_nothing_leaves_room_for_the_others(world: World) -> None:
    def ask(ctx: Context) -> None:
        for n in range(12):
            platform = "slow" if n < 8 else "paper"
            chat = find_or_add_chat(ctx.session, platform, "", f"{n}", "private", "", ctx.now)
            say_in_chat(ctx, chat, Words("答"))

    await world.run(ask)
    both, some = Reach(("slow", "paper")), {("slow", ""): None, ("paper", ""): None}
    first = await world.run(claim_work, both, 6, {}, Capacity(most=some, answers={("slow", ""): 3}))
    assert Counter(work.chat.platform for work in first) == {"slow": 3, "paper": 3}
    second = await world.run(claim_work, both, 6, {}, Capacity(most=some, answers={("slow", ""): 0}))
    assert [work.chat.platform for work in second] == ["paper"]


async def test_what_a_platform_might_take_and_has_not_to_send_is_for_the_others(world: World) -> None:
    await a_push(world, 3)
    most = {("telegram", str(n)): 30 for n in range(3)}
    works = await world.run(claim_work, Reach(("paper", "telegram")), 80, {}, Capacity(64, most))
    assert len(works) == 3


async def test_a_guard_is_asked_once_for_all(world: World) -> None:
    asked: list[tuple[int, tuple[Any, ...]]] = []

    def odd(_ctx: Context, people: Collection[int | None], *arguments: Any) -> set[int | None]:
        asked.append((len(people), arguments))
        return {who for who in people if who is not None and who % 2}

    await a_push(world, 6, guard=["odd", 7, "七"])
    works = await world.run(claim_work, Reach(("paper",)), 9, {"odd": odd})
    assert asked == [(6, (7, "七"))]
    assert len(works) == 3
    states = await world.run(lambda ctx: [(row.state, row.person_id % 2) for row in ctx.session.query(Delivery)])
    assert set(states) == {("ready", 1), ("skipped", 0)}


async def test_many_edits_ask_no_more_than_few(world: World) -> None:
    await a_push(world, 12)
    await world.deliverers.drain()
    message = await world.run(lambda ctx: ctx.session.query(Message).one().id)
    await world.run(lambda ctx: edit_message(ctx, ctx.session.get_one(Message, message), Words("改")))
    world.pass_time(seconds=10)
    counts: list[int] = []
    for limit in (2, 10):
        statements: list[str] = []

        def look(_c: Any, _cursor: Any, statement: str, *_: Any, into: list[str] = statements) -> None:
            into.append(statement)

        engine = world.runtime.database.engine
        event.listen(engine, "before_cursor_execute", look)
        works = await world.run(claim_work, Reach(("paper",)), limit, {})
        event.remove(engine, "before_cursor_execute", look)
        assert len(works) == limit and all(work.kind == "edit" and len(work.targets) == 1 for work in works)
        assert len({work.targets[0] for work in works}) == limit, "each its own"
        counts.append(len(statements))
    assert counts[0] == counts[1], counts


async def test_only_answers_ask_what_they_answer(world: World) -> None:
    counts = []
    for answers in (False, True):
        people = [await world.teacher(f"老师{n}") for n in range(3)]

        def say(ctx: Context, answers: bool = answers, people: list[Voice] = people) -> None:
            first = write_message(ctx, Words("问"))
            ids = [who.person.home_chat_id for who in people if who.person is not None]
            deliver_to_chats(ctx, first, [key for key in ids if key is not None], BULK)
            again = write_message(ctx, Words("答"), answers_id=first.id if answers else None)
            deliver_to_chats(ctx, again, [key for key in ids if key is not None], BULK)

        await world.run(say)
        works = await world.run(claim_work, Reach(("paper",)), 9, {})
        await world.run(finish_works, [(work, Outcome(sent=[f"{answers}{work.chat.native}"])) for work in works], {})
        for work in works:
            await world.run(return_work, work, begun=False)
        statements: list[str] = []

        def look(_c: Any, _cursor: Any, statement: str, *_: Any, into: list[str] = statements) -> None:
            into.append(statement)

        engine = world.runtime.database.engine
        event.listen(engine, "before_cursor_execute", look)
        works = await world.run(claim_work, Reach(("paper",)), 9, {})
        event.remove(engine, "before_cursor_execute", look)
        assert [work.reply_to for work in works] == [f"True{work.chat.native}" if answers else None for work in works]
        counts.append(len(statements))
        await world.run(lambda ctx: ctx.session.query(Delivery).update({"state": "sent"}))
    assert counts[1] == counts[0] + 2, counts
