"""The HTTP application: /v1 for programs, and whatever pages the faces add."""

from collections.abc import Sequence
from functools import partial

from fastapi import APIRouter, FastAPI

from api.attachments.routes import router_for as attachments
from api.attachments.spooling import Spool
from api.communities.member_routes import router as memberships
from api.communities.routes import router as communities
from api.http import PROBLEMS, install_problems
from api.journals.routes import router as journals
from api.letters.routes import router as letters
from api.limits import BodyLimit
from api.notices.routes import router as notices
from api.openapi import describe
from api.people.account_routes import router as own_accounts
from api.people.routes import router as people
from api.polls.routes import router as polls
from api.progress.routes import router as progress
from api.quizzes.routes import router as quizzes
from api.registry import HOLDERS
from api.relays.routes import router as relays
from api.reminders.routes import router as reminders
from api.resources.routes import router as resources
from api.rooms.routes import router as rooms
from api.runtime import Runtime
from api.topics.routes import router as topics

V1: tuple[APIRouter, ...] = (
    attachments(HOLDERS),
    communities,
    memberships,
    journals,
    own_accounts,
    people,
    notices,
    polls,
    progress,
    quizzes,
    reminders,
    resources,
    rooms,
    relays,
    topics,
    letters,
)


def create_app(runtime: Runtime, extra_routers: Sequence[APIRouter] = ()) -> FastAPI:
    """The application over a runtime; `extra_routers` are the pages and webhooks of the chat platforms.

    Routes are tried one after the other: what is called most comes first.
    """
    app = FastAPI(title="工坊 gongfang", version="1", openapi_url="/v1/openapi.json", docs_url=None, redoc_url=None)
    app.state.runtime = runtime
    app.state.spool = Spool()
    install_problems(app)
    app.add_middleware(BodyLimit)
    for router in extra_routers:
        app.include_router(router, include_in_schema=False)
    for router in V1:
        app.include_router(router, prefix="/v1", responses=PROBLEMS)
    # the way FastAPI documents for changing the description; its types know no such assignment
    app.openapi = partial(describe, app)  # type: ignore[method-assign]
    return app
