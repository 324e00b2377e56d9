"""A week of the county over /v1: every POST there is, in an order in which each does something."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from api.context import Context
from api.people.requests import request_binding
from storage.base import new_pid
from storage.communities import Community
from storage.messaging import Chat
from storage.people import Identity, Person
from storage.rooms import RoomAccount
from tests.http.sample import add_letters, add_rooms
from tests.support.classroom import LONG
from tests.support.clock import tick
from tests.support.county import County
from tests.support.talk import Voice

NOBODY = "222222222222"
QUIZ = "1. 太阳从东边升起。（ ）\n答案：对"
# what PATCH and PUT take; whoever may only read is refused before anything is looked for
CHANGES: dict[str, dict[str, Any]] = {
    "/v1/workshops/{pid}": {"name": "新名字"}, "/v1/communities/{pid}/memberships/{person}": {"accept": True},
    "/v1/journal-entries/{pid}": {"body": LONG}, "/v1/settings": {}, "/v1/bridge/{pid}": {"on": True},
    "/v1/excuses/{pid}": {"state": "withdrawn"},
    "/v1/regions/{pid}/holidays/{day}": {"works": True}, "/v1/resources/{pid}": {"title": "新标题"},
    "/v1/journal-entries/{pid}/feature": {}, "/v1/quizzes/{pid}": {"title": "新题目"},
    "/v1/polls/{pid}/vote": {"picked": [0]}, "/v1/communities/{pid}": {"picture": None},
    "/v1/communities/{pid}/rooms/policy": {"policy": "ask"}, "/v1/rooms/{pid}": {"manages": ["members"]},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """One POST. `of` is the name under which an earlier answer was kept; `keep` names this one's."""

    who: str
    path: str
    body: dict[str, Any] | bytes | None = None
    of: str = ""
    keep: str = ""


def steps(county: County, made: dict[str, Any]) -> list[Step | Callable[[], Any]]:
    """The steps; between them something happens that /v1 has no call for. `made` fills up with what was kept."""
    w, top, school = county.w, county.county.pid, county.second.pid

    async def strangers_ask() -> None:
        for name in ("小梅", "小兰"):
            stranger = await county.world.teacher(name, bound=False)
            made[name] = {"pid": await county.run(_ask, stranger, county.first.pid)}

    async def somebody_new() -> None:
        await county.run(_add_to_list, county)

    async def a_second_phone() -> None:
        made["phone"] = {"pid": await county.run(_add_account, county.li)}

    async def an_hour_passes() -> None:
        await tick(county.world)
        county.world.pass_time(hours=1)
        await tick(county.world)

    async def a_room() -> None:
        await county.world.room(county.workshop)

    async def strangers_come() -> None:
        county.world.runtime.config.matrix.homeserver = "https://matrix.example.org"
        accounts = await county.run(_add_strangers, county.workshop)
        made["one"], made["other"], made["group"] = [{"pid": pid} for pid in accounts]

    async def letters_die() -> None:
        people = [county.li.person, county.chen.person, county.li.person]
        pids = await county.run(lambda ctx: add_letters(ctx.session, people, ctx.now))
        made["letter"], made["junk"] = {"pid": pids[0]}, {"pid": pids[1]}

    due = (county.world.runtime.now() + timedelta(minutes=30)).isoformat()
    return [
        Step("zhou", "/workshops", {"parent": top, "name": "数学工坊", "policy": "open"}, keep="shop"),
        Step("zhou", "/workshops/{pid}/join-code", of="shop", keep="code"),
        Step("li", "/join", {"code": "{code.join_code}"}),
        Step("li", "/workshop-requests", {"parent": top, "name": "美术工坊"}, keep="wish"),
        Step("lin", "/workshop-requests/{pid}/decision", {"accept": True}, of="wish"),
        Step("chen", f"/communities/{w}/memberships"),
        Step("wang", f"/communities/{w}/invitations", {"person": county.li.pid}),
        Step("li", f"/communities/{w}/invitations/answer", {"accept": True}),
        Step("lin", "/appointments", {"person": county.chen.pid, "community": school, "office": "principal"}),
        Step("li", "/attachments", b"some words"),
        Step("li", "/journal-entries", {"body": LONG}),
        Step("li", f"/workshops/{w}/journal-entries", {"body": LONG}, keep="entry"),
        Step("li", f"/workshops/{w}/journal-entries", {"body": LONG, "draft": True}, keep="draft"),
        Step("li", "/journal-entries/{pid}/submission", of="draft"),
        Step("wang", f"/workshops/{w}/journal-entries/next"),
        Step("wang", "/journal-entries/{pid}/comments", {"body": "写得真好"}, of="entry"),
        Step("wang", "/journal-entries/{pid}/review", {"score": 5}, of="entry"),
        Step("lin", f"/people/{county.chen.pid}/claim-codes"),
        somebody_new,
        Step("lin", f"/schools/{school}/claim-codes"),
        strangers_ask,
        Step("lin", "/binding-requests/{pid}/approve", {}, of="小梅"),
        Step("lin", "/binding-requests/{pid}/decline", of="小兰"),
        a_second_phone,
        Step("li", "/accounts/{pid}/undo", of="phone"),
        Step("li", "/tokens", {"name": "表格", "scopes": ["read"]}),
        Step("wang", "/notices", {"community": w, "text": "周五交教案", "place": "people"}, keep="notice"),
        Step("wang", "/notices/{pid}/reminders", of="notice"),
        Step("li", "/notices/{pid}/receipts", of="notice"),
        Step("wang", "/notices/{pid}/withdrawal", of="notice"),
        Step("wang", f"/workshops/{w}/progress-sheets"),
        Step("li", "/reminders", {"matter": "交教案", "due": due}, keep="soon"),
        Step("li", "/reminders", {"matter": "浇花", "due": due}, keep="too"),
        an_hour_passes,
        Step("li", "/reminders/{pid}/snooze", {"by": "10"}, of="soon"),
        Step("li", "/reminders/{pid}/done", of="too"),
        Step("wang", f"/workshops/{w}/reminder-rules", {"needed": 2, "due_weekday": 4}, keep="rule"),
        Step("wang", "/reminder-rules/{pid}/pause", of="rule"),
        Step("wang", "/reminder-rules/{pid}/resume", of="rule"),
        Step("li", "/excuses", {"workshop": w, "since": "2026-12-01", "until": "2026-12-03", "reason": "外出"}),
        Step("wang", "/resources", {"community": w, "title": "识字课", "text": "字卡"}, keep="resource"),
        Step("wang", "/pushes", {"resource": "{resource.pid}", "community": w, "place": "people"}, keep="push"),
        Step("li", "/pushes/{pid}/openings", of="push"),
        Step("wang", "/pushes/{pid}/withdrawal", of="push"),
        Step("wang", "/quiz-drafts", {"text": QUIZ}),
        Step("wang", "/quizzes", {"community": w, "text": QUIZ}, keep="quiz"),
        Step("wang", "/quiz-pushes", {"quiz": "{quiz.pid}", "community": w, "place": "people"}, keep="asked"),
        Step("wang", "/quiz-pushes/{pid}/reminders", of="asked"),
        Step("li", "/quiz-pushes/{pid}/attempts", of="asked", keep="attempt"),
        Step("li", "/attempts/{pid}/answers", {"n": 1, "picked": [0]}, of="attempt"),
        Step("wang", "/quiz-pushes/{pid}/withdrawal", of="asked"),
        a_room,
        Step("wang", "/polls", {"community": w, "question": "周几？", "options": ["周二", "周三"]}, keep="poll"),
        Step("wang", "/polls/{pid}/closing", of="poll"),
        Step("wang", "/polls/{pid}/withdrawal", of="poll"),
        Step("wang", "/topics", {"community": w, "title": "古诗"}, keep="topic"),
        Step("wang", "/topics/{pid}/invitations", {"workshops": ["{shop.pid}"]}, of="topic"),
        Step("zhou", "/topics/{pid}/decision", {"workshop": "{shop.pid}", "accept": True}, of="topic"),
        Step("wang", "/topics/{pid}/closing", of="topic"),
        strangers_come,
        Step("lin", f"/communities/{top}/mirror", {"platform": "matrix"}),
        Step("lin", f"/communities/{w}/rooms", {"native": "{group.pid}", "platform": "telegram"}),
        Step("wang", f"/communities/{w}/rooms/look"),
        Step("wang", "/room-accounts/{pid}/answer", {"answer": "leave"}, of="one"),
        Step("wang", "/room-accounts/{pid}/vouch", {"person": county.chen.pid}, of="other"),
        letters_die,
        Step("lin", "/letters/{pid}/retry", of="letter"),
        Step("lin", "/letters/{pid}/drop", of="junk"),
        Step("lin", "/letters/retry", {"reason": "rejected"}),
        Step("lin", "/letters/drop", {"reason": "rejected"}),
        Step("zhou", "/workshops/{pid}/archive", of="shop"),
    ]  # fmt: skip


def filled(step: Step, made: dict[str, Any]) -> tuple[str, Any]:
    """(path, body) with what earlier steps made."""
    path = step.path.format(**made[step.of]) if step.of else step.path
    body = step.body
    if isinstance(body, dict):
        kept = {f"{{{name}.{key}}}": value for name, answer in made.items() for key, value in answer.items()}
        body = {key: _put(value, kept) for key, value in body.items()}
    return path, body


def _put(value: Any, kept: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_put(one, kept) for one in value]
    return kept.get(value, value) if isinstance(value, str) else value


def _ask(ctx: Context, stranger: Voice, school: str) -> str:
    identity = ctx.session.query(Identity).filter_by(native=stranger.native).one()
    return request_binding(ctx, identity, school, stranger.name).pid


def _add_strangers(ctx: Context, workshop: Community) -> tuple[str, str, str]:
    """Two strangers in a group, and a group that nobody bound yet."""
    add_rooms(ctx.session, workshop, ctx.now)
    one, other = ctx.session.query(RoomAccount.pid).order_by(RoomAccount.id).limit(2)
    for native in ("7000", "7001"):
        ctx.session.add(Identity(pid=new_pid(), platform="telegram", native=native, created_at=ctx.now))
    group = Chat(platform="telegram", native=new_pid(), kind="room", created_at=ctx.now)
    ctx.session.add(group)
    ctx.session.flush()
    return one[0], other[0], group.native


def _add_account(ctx: Context, voice: Voice) -> str:
    assert voice.person is not None
    account = Identity(
        pid=new_pid(), platform="paper", native=new_pid(), name=voice.name, person_id=voice.person.id,
        created_at=ctx.now, bound_at=ctx.now,
    )  # fmt: skip
    ctx.session.add(account)
    return account.pid


def _add_to_list(ctx: Context, county: County) -> None:
    there = {"school_id": county.second.id, "region_id": county.county.id}
    ctx.session.add(Person(pid=new_pid(), name="新来的", created_at=ctx.now, **there))
