"""What people look like over HTTP."""

from datetime import datetime

from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, StrictBool, StrictInt

from api.context import Context
from api.http import Page, page_of
from api.people.codes import IssuedCode
from api.people.lookup import home_of
from api.people.service import PeoplePage, school_names
from api.people.slips import claim_url
from storage import accounts, claims
from storage.communities import Community
from storage.people import ApiToken, BindingRequest, Identity, Person, WebSession


class PlaceOut(BaseModel):
    """A school or region somebody is at home in."""

    pid: str
    name: str


class MeOut(BaseModel):
    """Who the token acts as."""

    pid: str
    name: str
    staff_no: str | None
    subject: str
    stage: str
    home: PlaceOut | None

    @classmethod
    def of(cls, ctx: Context, person: Person) -> "MeOut":
        home = home_of(ctx, person)
        place = PlaceOut(pid=home.pid, name=home.name) if home else None
        return cls(
            pid=person.pid, name=person.name, staff_no=person.staff_no, subject=person.subject, stage=person.stage,
            home=place,
        )  # fmt: skip


class PersonOut(BaseModel):
    """Somebody one may see. The staff number is there for their administrators only; of the members of a workshop the
    school is there for those who may moderate it."""

    pid: str
    name: str
    school: str
    subject: str
    stage: str
    staff_no: str | None = None


def people_page(limit: int, ctx: Context, found: PeoplePage) -> Page[PersonOut]:
    """One page of people; names of schools in one query."""
    people, after = page_of(found.people, limit, lambda person: str(person.id))
    schools = school_names(ctx, list(people)) if found.schools else {}
    items = [
        PersonOut(
            pid=p.pid, name=p.name, school=schools.get(p.school_id or 0, ""), subject=p.subject, stage=p.stage,
            staff_no=p.staff_no if found.numbers else None,
        ) for p in people
    ]  # fmt: skip
    return Page(items=items, next=after)


class CodeOut(BaseModel):
    """A claim code; shown once and never kept."""

    person: str
    name: str
    school: str
    code: str
    link: str
    expires_at: datetime

    @classmethod
    def of(cls, ctx: Context, issued: IssuedCode) -> "CodeOut":
        return cls(
            person=issued.person.pid, name=issued.person.name, school=issued.school, code=issued.code,
            link=claim_url(ctx, issued), expires_at=issued.expires_at,
        )  # fmt: skip


class CodesOut(BaseModel):
    """Claim codes for a school."""

    items: list[CodeOut]


def code_once(ctx: Context, issued: IssuedCode) -> JSONResponse:
    """Not as a model: those are kept for repeated requests, and secrets are not."""
    return JSONResponse(CodeOut.of(ctx, issued).model_dump(mode="json"), 201)


def codes_once(ctx: Context, issued: list[IssuedCode]) -> JSONResponse:
    """The same for many."""
    return JSONResponse(CodesOut(items=[CodeOut.of(ctx, one) for one in issued]).model_dump(mode="json"), 201)


class RequestOut(BaseModel):
    """An account that asks a school to be let in."""

    pid: str
    school: PlaceOut
    name: str
    staff_no: str
    platform: str
    account: str
    state: str
    person: str | None
    created_at: datetime

    @classmethod
    def of(cls, ctx: Context, request: BindingRequest) -> "RequestOut":
        school = ctx.session.get_one(Community, request.school_id)
        identity = ctx.session.get_one(Identity, request.identity_id)
        person = ctx.session.get(Person, request.person_id) if request.person_id else None
        return cls(
            pid=request.pid, school=PlaceOut(pid=school.pid, name=school.name), name=request.claimed_name,
            staff_no=request.claimed_staff_no, platform=identity.platform, account=identity.name, state=request.state,
            person=person.pid if person else None, created_at=request.created_at,
        )  # fmt: skip


def requests_page(limit: int, ctx: Context, requests: list[BindingRequest]) -> Page[RequestOut]:
    """One page of requests; their schools and accounts are fetched beforehand, in two queries."""
    items, after = page_of(requests, limit, lambda request: str(request.id))
    held = claims.load_requested(ctx.session, items)
    out = [RequestOut.of(ctx, request) for request in items]
    del held
    return Page(items=out, next=after)


class ApproveIn(BaseModel):
    """As whom: a person of that school's list, or none for a new person."""

    person: str | None = Field(None, max_length=12)


class AccountOut(BaseModel):
    """One chat account."""

    pid: str
    platform: str
    name: str
    bound_at: datetime | None
    last_spoke_at: datetime | None
    home: bool

    @classmethod
    def of(cls, ctx: Context, one: Identity) -> "AccountOut":
        home = one.chat_id is not None and ctx.me.home_chat_id == one.chat_id
        return cls(
            pid=one.pid, platform=one.platform, name=one.name, bound_at=one.bound_at, last_spoke_at=one.last_spoke_at,
            home=home,
        )  # fmt: skip


class DeviceOut(BaseModel):
    """One signed-in browser."""

    pid: str
    device: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, _ctx: Context, one: WebSession) -> "DeviceOut":
        return cls(
            pid=one.pid, device=one.device, created_at=one.created_at, seen_at=one.seen_at, expires_at=one.expires_at
        )


class SettingsOut(BaseModel):
    """How one is spoken to. `quiet_hours`: default, never or HH:MM-HH:MM; `zone` none: the service's. `relayed`: what
    one says in a room is carried to its other rooms."""

    language: str
    quiet_hours: str
    zone: str | None
    home: str | None
    relayed: bool

    @classmethod
    def of(cls, ctx: Context, person: Person) -> "SettingsOut":
        hours = {None: "default", "": "never"}.get(person.quiet_hours, person.quiet_hours or "")
        mine = accounts.identities_of(ctx.session, person.id) if person.home_chosen else []
        home = next((one.pid for one in mine if one.chat_id == person.home_chat_id), None)
        return cls(language=person.language, quiet_hours=hours, zone=person.zone, home=home, relayed=person.relayed)


class SettingsIn(BaseModel):
    """What is left out stays. `home`: an account's pid, none for wherever one spoke last."""

    language: str | None = Field(None, max_length=8)
    quiet_hours: str | None = Field(None, max_length=20, description="default | never | HH:MM-HH:MM")
    zone: str | None = Field(None, max_length=40)
    home: str | None = Field(None, max_length=12)
    relayed: StrictBool | None = None


class TokenOut(BaseModel):
    """A bearer token, without its secret."""

    pid: str
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, _ctx: Context, one: ApiToken) -> "TokenOut":
        return cls(
            pid=one.pid, name=one.name, scopes=one.scopes, created_at=one.created_at, expires_at=one.expires_at
        )


class TokenIn(BaseModel):
    """A token to make."""

    name: str = Field(min_length=1, max_length=80)
    scopes: list[str] = Field(["read"], max_length=2)
    days: StrictInt = Field(90, ge=1, le=365)


class NewTokenOut(TokenOut):
    """A new token with its secret; shown once and never kept."""

    secret: str


def token_once(ctx: Context, made: tuple[ApiToken, str]) -> JSONResponse:
    """The new token; not kept for repeated requests."""
    token, secret = made
    shown = NewTokenOut(**TokenOut.of(ctx, token).model_dump(), secret=secret)
    return JSONResponse(shown.model_dump(mode="json"), 201)
