"""`gongfang token`: bearer tokens of the HTTP API (C1)."""

from typing import TYPE_CHECKING, Annotated

import typer

from api.messaging.tree import T, Words
from bot.cli.output import AsJson, _, answering
from bot.cli.service import ConfigFile, opened

if TYPE_CHECKING:
    from api.context import Context
    from api.people.tokens import ApiToken

app = typer.Typer()
Who = Annotated[str, typer.Argument(help=_("Public id, staff number or whole name of the person it acts as."),
                                    metavar="PERSON")]  # fmt: skip


@app.command("create", help=_("A new token that acts as a person; it is shown once."))
def create(
    person: Who,
    name: Annotated[str, typer.Option(help=_("What it is for."))] = "gongfang",
    scope: Annotated[list[str] | None, typer.Option(help=_("read or write; give it twice for both."))] = None,
    days: Annotated[int, typer.Option(min=1, max=3650, help=_("How long it works."))] = 365,
    config: ConfigFile = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Print the token's id (to revoke it) and the token itself."""
    from api.directory import one_person
    from api.people.tokens import create_token

    def make(ctx: "Context") -> "tuple[ApiToken, str]":
        return create_token(ctx, one_person(ctx, person), name, scope or ["read"], days)

    with answering(as_json) as out, opened(config) as service:
        token, secret = service.do(make)
        out.say(Words(secret))
        out.say(T("It is shown this once. To end it: gongfang token revoke {id}", id=token.pid))
        out.result(token=secret, id=token.pid, scopes=token.scopes, expires_at=token.expires_at)


@app.command("revoke", help=_("End a token at once."))
def revoke(
    token: Annotated[str, typer.Argument(help=_("The token's id."), metavar="ID")],
    config: ConfigFile = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """It stops working with the next request."""
    from api.people.tokens import revoke_token

    with answering(as_json) as out, opened(config) as service:
        ended = service.do(revoke_token, token)
        out.say(T("The token “{name}” has ended.", name=ended.name))
        out.result(id=ended.pid, revoked_at=ended.revoked_at)
