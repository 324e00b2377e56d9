"""Making the sample county, through the operations that people use, as those people, at the times they would have."""

import tomllib
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from api.communities.joining import join_workshop
from api.communities.service import Wish, open_workshop
from api.communities.tree import add_community
from api.context import Context
from api.journals.reviewing import comment_entry, feature_entry, score_entry
from api.journals.service import start_entry
from api.journals.submitting import submit_entry
from api.notices.service import receive_notice, send_notice
from api.people.texts import PRIVACY_VERSION
from api.people.websessions import SignedIn, find_web_identity, web_identity
from api.quizzes.service import add_quiz
from api.records.service import record
from api.reminders.rules import RuleWish, create_rule
from api.reminders.service import create_reminder
from api.resources.pushes import open_push, push_resource
from api.resources.service import add_resource
from api.sample.county import COUNTY, GROUPS, REGION, SCHOOLS, TEACHERS, Group, Somebody
from api.times import is_workday, local_day, to_utc
from api.webchat.places import list_places
from api.webchat.posting import post_message
from storage import sample
from storage.communities import Appointment, Community
from storage.memberships import find_or_add_membership
from storage.people import Person, WebSession

WEEK: dict[str, Any] = tomllib.loads((Path(__file__).parent / "week.toml").read_text(encoding="utf-8"))
WORK: dict[str, Any] = {workshop["key"]: workshop for workshop in WEEK["workshops"]}
APPOINTED = timedelta(days=200)
OPENED = timedelta(days=60)
OPENERS = 4  # of each push


def steps() -> list[Callable[[Context], Any]]:
    """The making in parts, each for a transaction of its own, in order."""
    workshops = [part for group in GROUPS for part in (_open(group), _write(group), _share(group), _talk(group))]
    return [make_places, *workshops, make_notice, make_reminders, make_news]


def make_places(ctx: Context) -> None:
    """The county, its schools, everybody with an account on the web, and their offices."""
    then = _at(ctx, ctx.now - APPOINTED)
    region = add_community(then, kind="region", name=REGION, level="county", sample=True)
    schools = {
        key: add_community(then, kind="school", name=name, parent=region, sample=True) for key, name in SCHOOLS.items()
    }
    for one in (*COUNTY, *TEACHERS):
        person = _add_person(then, one, region, schools.get(one.school))
        if one.office:
            place = schools.get(one.school, region)
            since = local_day(then.now, ctx.zone())
            ctx.session.add(Appointment(person_id=person.id, community_id=place.id, office=one.office, since=since))
    ctx.session.flush()


def make_notice(ctx: Context) -> None:
    """A notice of a school, this morning, and who has said 收到."""
    author, school = sample.person(ctx.session, "YX-1002"), sample.community(ctx.session, SCHOOLS["primary"])
    sent = _as(ctx, author, ctx.now - timedelta(hours=1))
    notice = send_notice(sent, school.pid, WEEK["notice"])
    readers = [one for one in TEACHERS if one.school == "primary" and one.number != author.staff_no]
    for n, one in enumerate(readers[: WEEK["received"]]):
        reader = sample.person(ctx.session, one.number)
        receive_notice(_as(ctx, reader, sent.now + timedelta(minutes=3 + 4 * n)), notice.pid)


def make_reminders(ctx: Context) -> None:
    """What each workshop asks for every week, and one teacher's own reminder."""
    for group in GROUPS:
        workshop = sample.community(ctx.session, group.name)
        create_rule(_as(ctx, sample.person(ctx.session, group.host), ctx.now), workshop.pid, RuleWish())
    mine = _as(ctx, sample.person(ctx.session, "YX-1004"), ctx.now)
    create_reminder(mine, "把路线图照片发给沈老师", _workday(ctx, -1, 9))


def make_news(ctx: Context) -> None:
    """What is still to be sent is due since now: nobody has waited for it for days."""
    sample.send_from(ctx.session, ctx.now)


def _open(group: Group) -> Callable[[Context], None]:
    def make(ctx: Context) -> None:
        region = sample.community(ctx.session, REGION)
        host = sample.person(ctx.session, group.host)
        then = _as(ctx, host, ctx.now - OPENED)
        wish = Wish(group.name, group.subject, group.about, group.policy)
        workshop = open_workshop(then, region, wish, host)
        workshop.sample = True
        for number in (group.cohost, *group.members):
            person = sample.person(ctx.session, number)
            membership = find_or_add_membership(ctx.session, person.id, workshop.id, then.now)
            membership.status, membership.role = "active", "cohost" if number == group.cohost else "member"
            record(then, "workshop.joined", f"workshop:{workshop.pid}", workshop, person_id=person.id)
        for number in group.waiting:
            join_workshop(_as(ctx, sample.person(ctx.session, number), ctx.now - timedelta(hours=2)), workshop.pid)

    return make


def _write(group: Group) -> Callable[[Context], None]:
    """The week's logs, oldest first, and what the host and the cohost said about them."""

    def make(ctx: Context) -> None:
        workshop = sample.community(ctx.session, group.name)
        judges = [sample.person(ctx.session, number) for number in (group.host, group.cohost)]
        for n, log in enumerate(WORK[group.key]["logs"]):
            at = _workday(ctx, log["days"], log["hour"], 5 + 7 * n % 50)
            mine = _as(ctx, sample.person(ctx.session, log["number"]), at)
            entry = submit_entry(mine, start_entry(mine, workshop.pid, log["text"]).pid)
            judge = _as(ctx, judges[n % 2], min(at + timedelta(hours=15), ctx.now))
            if text := log.get("comment"):
                comment_entry(judge, entry.pid, text)
            if score := log.get("score"):
                score_entry(judge, entry.pid, score)
            if log.get("featured"):
                feature_entry(judge, entry.pid)

    return make


def _share(group: Group) -> Callable[[Context], None]:
    """The workshop's bank, its first thing pushed to everybody, and a quiz that waits to be."""

    def make(ctx: Context) -> None:
        workshop = sample.community(ctx.session, group.name)
        found = []
        for n, thing in enumerate(WORK[group.key]["things"]):
            author = _as(ctx, sample.person(ctx.session, thing["number"]), _workday(ctx, 5 - n, 11, 20))
            found.append(add_resource(author, workshop.pid, thing["title"], thing["kind"], text=thing["text"],
                                      tags=thing["tags"]))  # fmt: skip
        host = _as(ctx, sample.person(ctx.session, group.host), ctx.now - timedelta(minutes=40))
        if quiz := WORK[group.key].get("quiz"):
            add_quiz(host, workshop.pid, quiz, tags=["朗读", "三年级"])
        push = push_resource(host, found[0].pid, workshop.pid)
        for n, number in enumerate(group.members[:OPENERS]):
            reader = _as(ctx, sample.person(ctx.session, number), host.now + timedelta(minutes=2 + 5 * n))
            open_push(reader, push.pid)

    return make


def _talk(group: Group) -> Callable[[Context], None]:
    """A few words in the workshop's room."""

    def make(ctx: Context) -> None:
        workshop = sample.community(ctx.session, group.name)
        said = WORK[group.key]["talk"]
        for n, words in enumerate(said):
            person = sample.person(ctx.session, words["number"])
            mine = _as(ctx, person, ctx.now - timedelta(minutes=3 * (len(said) - n)))
            account = find_web_identity(mine, person)
            assert account is not None
            seat = SignedIn(WebSession(), account, person)
            room = next(place for place in list_places(mine, seat)
                        if place.community is not None and place.community.id == workshop.id)  # fmt: skip
            post_message(mine, seat, room.chat.pid, f"sample-{n}", words["text"])

    return make


def _add_person(ctx: Context, one: Somebody, region: Community, school: Community | None) -> Person:
    person = Person(
        name=one.name, staff_no=one.number, subject=one.subject, stage=one.stage, region_id=region.id,
        school_id=school.id if school else None, language="zh_CN", privacy_version=PRIVACY_VERSION, sample=True,
        created_at=ctx.now,
    )  # fmt: skip
    ctx.session.add(person)
    ctx.session.flush()
    web_identity(ctx, person)
    return person


def _as(ctx: Context, person: Person, now: datetime) -> Context:
    """The same transaction with somebody acting at some moment, with the rights they have."""
    return replace(ctx, actor=person, now=now, system=False, via="web")


def _at(ctx: Context, now: datetime) -> Context:
    return replace(ctx, now=now)


def _workday(ctx: Context, back: int, hour: int, minute: int = 0) -> datetime:
    """A time of the `back`-th working day before today (-1: the next one), UTC."""
    day: date = local_day(ctx.now, ctx.zone())
    step = timedelta(days=1 if back < 0 else -1)
    left = abs(back)
    while left:
        day += step
        left -= is_workday(day)
    return to_utc(datetime.combine(day, time(hour, minute)), ctx.zone())
