"""The sample county: complete, in agreement with itself, and gone without a trace."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import func, select

from api.config import Config
from api.errors import Conflict
from api.people.service import create_admin
from api.runtime import Runtime
from api.sample.service import load_sample, sign_in_people, wipe_sample
from bot.cli.service import Service
from storage import schema
from storage.attachments import Attachment, AttachmentPayload
from storage.blobs import Blobs
from storage.communities import Community, Membership
from storage.engine import Database
from storage.people import Person
from storage.tallies import find_differences
from tests.support.databases import Databases

NOW = datetime.fromisoformat("2026-11-23T10:00:00+08:00")


@contextmanager
def a_service(url: str, now: datetime = NOW) -> Iterator[Service]:
    runtime = Runtime(Config(), Database(url), Blobs("memory:"), now=lambda: now)
    yield Service(runtime)
    runtime.database.close()


@pytest.fixture
def service(database_url: str) -> Iterator[Service]:
    with a_service(database_url) as made:
        yield made


def rows(service: Service) -> dict[str, int]:
    """How many rows each table has; empty ones are left out."""

    def count(ctx: Any) -> dict[str, int]:
        tables = schema.metadata.sorted_tables
        found = {table.name: ctx.session.execute(select(func.count()).select_from(table)).scalar() for table in tables}
        return {name: number for name, number in found.items() if number}

    return service.do(count)


def all_tallies(service: Service) -> set[Any]:
    table = schema.metadata.tables["tallies"]
    return set(map(tuple, service.do(lambda ctx: ctx.session.execute(select(table)).all())))


def test_what_is_in_it(service: Service) -> None:
    began = time.process_time()
    assert load_sample(service.do) == {"people": 32, "places": 5}
    assert time.process_time() - began < 10
    found = rows(service)
    at_least = {
        "communities": 5, "persons": 32, "memberships": 20, "journal_entries": 20, "resources": 7, "notices": 1,
        "receipts": 5, "pushes": 2, "openings": 5, "reminder_rules": 2, "web_posts": 5, "journal_comments": 5,
        "quizzes": 1, "questions": 4,
    }  # fmt: skip
    assert {name: found.get(name, 0) for name, least in at_least.items() if found.get(name, 0) < least} == {}

    def unmarked(ctx: Any) -> int:
        return sum(
            len(ctx.session.scalars(select(table.id).where(table.sample.is_(False))).all())
            for table in (Person, Community)
        )

    assert service.do(unmarked) == 0
    assert [person.name for _, person in service.do(sign_in_people)] == ["林晓岚", "沈雨桐", "顾文澜"]


def test_its_tallies_are_what_its_records_say(service: Service) -> None:
    load_sample(service.do)
    people = service.do(lambda ctx: ctx.session.scalars(select(Person.id)).all())
    assert all_tallies(service) and service.do(lambda ctx: find_differences(ctx.session, people)) == []


def test_it_is_the_same_every_time(service: Service, databases: Databases) -> None:
    load_sample(service.do)
    with databases.fresh("sqlite") as url, a_service(url) as other:
        load_sample(other.do)
        assert rows(other) == rows(service)
        assert all_tallies(other) == all_tallies(service)


@pytest.mark.parametrize(
    "now",
    ["2026-11-22T03:00:00+08:00", "2026-01-01T00:05:00+08:00", "2026-10-03T23:50:00+08:00", "2031-02-28T12:00+08:00"],
)
def test_it_can_be_made_at_any_time(now: str, databases: Databases) -> None:
    with databases.fresh("sqlite") as url, a_service(url, datetime.fromisoformat(now)) as service:
        assert load_sample(service.do)["people"] == 32


def test_it_goes_into_an_empty_database_only(service: Service) -> None:
    load_sample(service.do)
    with pytest.raises(Conflict, match=r"sample\.not_empty"):
        load_sample(service.do)


def test_wiping_leaves_nothing(service: Service) -> None:
    load_sample(service.do)
    assert wipe_sample(service.runtime, service.do) == 32
    assert rows(service) == {}
    assert load_sample(service.do)["people"] == 32, "what searching needs is gone too"
    with pytest.raises(Conflict, match=r"sample\.not_empty"):
        load_sample(service.do)
    wipe_sample(service.runtime, service.do)
    with pytest.raises(Conflict, match=r"sample\.none"):
        wipe_sample(service.runtime, service.do)


def test_wiping_leaves_real_people_of_other_places_alone(service: Service) -> None:
    load_sample(service.do)
    service.do(create_admin, "清河县", "齐安", "Q000")
    assert service.do(sign_in_people) == [], "no links into a database that is in use"
    wipe_sample(service.runtime, service.do)
    left = rows(service)
    assert (left["persons"], left["communities"], left["claim_codes"]) == (1, 1, 1)


def at_home(ctx: Any, person: Person, place: Community) -> None:
    person.school_id = place.id


def as_member(ctx: Any, person: Person, place: Community) -> None:
    ctx.session.add(Membership(person_id=person.id, community_id=place.id, since=ctx.now))


@pytest.mark.parametrize("sits", [at_home, as_member])
def test_wiping_refuses_while_real_people_sit_in_it(sits: Any, service: Service) -> None:
    load_sample(service.do)
    before = rows(service)

    def settle(ctx: Any) -> None:
        person = Person(name="齐安", created_at=ctx.now)
        ctx.session.add(person)
        ctx.session.flush()
        sits(ctx, person, ctx.session.scalars(select(Community).where(Community.name == "云溪县实验小学")).one())

    service.do(settle)
    with pytest.raises(Conflict) as refused:
        wipe_sample(service.runtime, service.do)
    assert "齐安" in str(refused.value.say)
    assert len(refused.value.data["people"]) == 1
    assert rows(service)["persons"] == before["persons"] + 1


def test_files_go_too(service: Service) -> None:
    load_sample(service.do)

    async def put() -> str:
        return await service.runtime.blobs.put(b"a photo")

    key = asyncio.run(put())

    def attach(ctx: Any) -> None:
        author = ctx.session.scalars(select(Person).limit(1)).one()
        about = {"kind": "photo", "name": "a.jpg", "mime": "image/jpeg", "size": 7, "created_at": ctx.now}
        ctx.session.add(Attachment(owner_id=author.id, state="stored", blob_key=key, **about))
        pending = Attachment(owner_id=author.id, state="pending", **about)
        ctx.session.add(pending)
        ctx.session.flush()
        ctx.session.add(AttachmentPayload(attachment_id=pending.id, data=b"a photo"))

    service.do(attach)
    wipe_sample(service.runtime, service.do)
    assert rows(service) == {}
    with pytest.raises(FileNotFoundError):
        asyncio.run(service.runtime.blobs.get(key))

