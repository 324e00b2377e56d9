"""One's own accounts, devices, settings and tokens over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.security import HTTPAuthorizationCredentials
from pydantic import BaseModel

from api.context import Context
from api.http import Caller, Unauthorized, bearer
from api.people.binding import list_accounts, unbind_account, undo_binding
from api.people.settings import choose_home_account, set_language, set_quiet_hours, set_relayed, set_zone
from api.people.shapes import (
    AccountOut,
    DeviceOut,
    NewTokenOut,
    SettingsIn,
    SettingsOut,
    TokenIn,
    TokenOut,
    token_once,
)
from api.people.tokens import SCOPES, create_token, list_tokens, revoke_token
from api.people.websessions import list_devices, revoke_device
from api.tokens import use_token
from storage.people import Person

router = APIRouter(tags=["accounts"])
Secret = Annotated[HTTPAuthorizationCredentials, Depends(bearer)]


class AccountsOut(BaseModel):
    """All accounts; there are never many."""

    items: list[AccountOut]


class DevicesOut(BaseModel):
    """All devices; there are never many."""

    items: list[DeviceOut]


class TokensOut(BaseModel):
    """All tokens that work; there are never many."""

    items: list[TokenOut]


@router.get("/accounts")
async def accounts(call: Caller) -> AccountsOut:
    """Your accounts, last used first."""
    return await call(list_accounts, shape=lambda ctx, all: AccountsOut(items=[AccountOut.of(ctx, one) for one in all]))


@router.delete("/accounts/{pid}", status_code=204)
async def unbind(call: Caller, pid: str) -> None:
    """Unbind one of your accounts; it is told."""
    await call(unbind_account, pid, shape=_nothing)


@router.post("/accounts/{pid}/undo", status_code=204, response_model=None)
async def undo(call: Caller, pid: str) -> Any:
    """Take a binding of the last 7 days back."""
    return await call(undo_binding, pid, shape=_nothing, status=204)


@router.get("/devices")
async def devices(call: Caller) -> DevicesOut:
    """The browsers signed in as you."""
    return await call(list_devices, shape=lambda ctx, all: DevicesOut(items=[DeviceOut.of(ctx, one) for one in all]))


@router.delete("/devices/{pid}", status_code=204)
async def sign_out(call: Caller, pid: str) -> None:
    """Sign a browser out."""
    await call(revoke_device, pid, shape=_nothing)


@router.get("/settings")
async def settings(call: Caller) -> SettingsOut:
    """How you are spoken to."""
    return await call(lambda ctx: ctx.me, shape=SettingsOut.of)


@router.patch("/settings")
async def change_settings(call: Caller, body: SettingsIn) -> SettingsOut:
    """Change language, quiet hours, zone, where personal messages go, whether what you say is carried to other rooms;
    what is left out stays."""
    return await call(_change, body, shape=SettingsOut.of)


@router.get("/tokens")
async def tokens(call: Caller) -> TokensOut:
    """Your tokens that work."""
    return await call(list_tokens, shape=lambda ctx, all: TokensOut(items=[TokenOut.of(ctx, one) for one in all]))


@router.post("/tokens", status_code=201, response_model=NewTokenOut)
async def make_token(call: Caller, secret: Secret, body: TokenIn) -> Any:
    """A new token for yourself, with no other scopes than this one and ending with it, at most a year long. Its secret
    is shown once; your chats are told."""

    def make(ctx: Context) -> Any:
        used = use_token(ctx, secret.credentials)
        if used is None:  # ended since this request began
            raise Unauthorized
        return create_token(ctx, used.person, body.name, body.scopes, body.days, made_with=used.token_id)

    return await call(make, shape=token_once, status=201, needs=[scope for scope in body.scopes if scope in SCOPES])


@router.delete("/tokens/{pid}", status_code=204)
async def end_token(call: Caller, pid: str) -> None:
    """End one of your tokens at once, with those that were made with it."""
    await call(revoke_token, pid, shape=_nothing)


def _change(ctx: Context, body: SettingsIn) -> Person:
    given = body.model_fields_set
    if body.language is not None:
        set_language(ctx, body.language)
    if body.quiet_hours is not None:
        set_quiet_hours(ctx, body.quiet_hours)
    if body.relayed is not None:
        set_relayed(ctx, body.relayed)
    if "zone" in given:
        set_zone(ctx, body.zone)
    if "home" in given:
        choose_home_account(ctx, body.home)
    return ctx.me


def _nothing(_ctx: Context, _result: Any) -> None:
    return None
