"""`gongfang letters`: what could not be delivered or handled, why; trying it again, dropping it."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.messaging.tree import Plural, T, Words
from bot.cli.output import MISUSED, REFUSED, AsJson, Output, _, answering
from bot.cli.service import ConfigFile, Service, opened

if TYPE_CHECKING:
    from datetime import datetime

    from api.letters.arrivals import ArrivalRow
    from api.letters.service import Changed, LetterRow

app = typer.Typer()
Reason = Annotated[str | None, typer.Option(help=_("Those that were lost for this reason (`list` shows them)."))]
On = Annotated[str | None, typer.Option("--platform", help=_("Those of a platform: web, telegram, matrix."))]
Place = Annotated[str | None, typer.Option(help=_("Those of a region, school or workshop and all below it: public id, "
                                                   "code or name."))]  # fmt: skip
Ids = Annotated[list[str] | None, typer.Option("--id", help=_("This one; may be given several times."))]
Everything = Annotated[bool, typer.Option("--all", help=_("All of them."))]
Inbox = Annotated[bool, typer.Option("--inbox", help=_("What arrived and could not be handled."))]


@app.command("list", help=_("What could not be delivered, or with --inbox not handled, and why; newest first."))
def list_(
    reason: Reason = None, platform: On = None, place: Place = None, inbox: Inbox = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help=_("How many are shown."))] = 50,
    config: ConfigFile = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """What they say is not shown."""
    with answering(as_json) as out, opened(config) as service:
        if inbox:
            _only(out, "--inbox", **{"--reason": reason, "--place": place})
            _list_inbox(out, service, platform, limit)
            return
        from api.letters.service import count_letters, list_letters
        from api.messaging.reasons import explain

        pid = _place(service, place)
        counted = service.do(count_letters, pid, platform)
        found = service.do(list_letters, pid, reason, platform, limit)[:limit]
        for one in counted:
            heading = T("{reason}: {n}, of which {could} could arrive now", reason=one.reason, n=one.n,
                        could=one.retriable)  # fmt: skip
            out.say(heading)
            out.say(Words("  " + out.text(explain(one.reason))))
        heads = [T("Letter"), T("Reason"), T("Platform"), T("To"), T("Since"), T("Error")]
        out.table(heads, [_line(out, letter) for letter in found])
        if not counted:
            out.say(T("There are no dead letters."))
        out.result(reasons=[one._asdict() for one in counted], letters=[_as_json(letter) for letter in found])


@app.command("retry", help=_("Send what was not delivered after all, or with --inbox handle what could not be read."))
def retry(
    id: Ids = None, reason: Reason = None, platform: On = None, place: Place = None, every: Everything = False,
    inbox: Inbox = False, config: ConfigFile = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """What is too late, or could not arrive now, is left. Twice changes nothing."""
    from api.letters.service import retry_letter, retry_letters

    with answering(as_json) as out, opened(config) as service:
        _need_one(out, id, reason, platform, place, every)
        if inbox:
            _only(out, "--inbox", **{"--reason": reason, "--place": place})
            _retry_inbox(out, service, id, platform)
            return
        n, left = _change(service, retry_letter, retry_letters, id, reason, platform, place)
        out.say(Plural("{n} letter is on its way.", "{n} letters are on their way.", n))
        if left:
            out.say(Plural("{n} is left: it is too late, or could not arrive now (`list` says what to do).",
                           "{n} are left: they are too late, or could not arrive now (`list` says what to do).",
                           left))  # fmt: skip
        out.result(retried=n, left=left)


@app.command("drop", help=_("Do not try them again, and list them no more."))
def drop(
    id: Ids = None, reason: Reason = None, platform: On = None, place: Place = None, every: Everything = False,
    config: ConfigFile = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """For good."""
    from api.letters.service import drop_letter, drop_letters

    with answering(as_json) as out, opened(config) as service:
        _need_one(out, id, reason, platform, place, every)
        n, _left = _change(service, drop_letter, drop_letters, id, reason, platform, place)
        out.say(Plural("{n} letter was dropped.", "{n} letters were dropped.", n))
        out.result(dropped=n)


def _need_one(out: Output, id: Sequence[str] | None, reason: str | None, platform: str | None, place: str | None,
              every: bool) -> None:  # fmt: skip
    if not (id or reason or platform or place or every):
        say = T("Say which: --id, --reason, --platform, --place, or --all.")
        raise out.fail(MISUSED, "letters.which", out.text(say))
    if id:
        _only(out, "--id", **{"--reason": reason, "--platform": platform, "--place": place, "--all": every or None})


def _only(out: Output, option: str, **others: Any) -> None:
    """What would be left out of account is refused: somebody means less by it than would be done."""
    given = [name for name, value in others.items() if value is not None]
    if given:
        say = T("{option} goes without {other}.", option=option, other=", ".join(given))
        raise out.fail(MISUSED, "letters.which", out.text(say))


def _change(service: Service, one: Callable[..., Any], many: "Callable[..., Changed]", ids: Sequence[str] | None,
            reason: str | None, platform: str | None, place: str | None) -> tuple[int, int]:  # fmt: skip
    """(how many were changed, how many are left). In several transactions: the service goes on meanwhile."""
    from api.messaging.reasons import REASONS

    if ids:
        for pid in dict.fromkeys(ids):
            service.do(one, pid)
        return len(set(ids)), 0
    at, n, left = _place(service, place), 0, 0
    for each in [reason] if reason else REASONS:
        for changed in _batches(service, many, each, at, platform):
            n, last = n + changed.n, changed.left
        left += last
    return n, left


def _batches(service: Service, many: "Callable[..., Changed]", *which: Any) -> "Iterator[Changed]":
    changed = service.do(many, *which)
    yield changed
    while changed.next is not None:
        changed = service.do(many, *which, changed.next)
        yield changed


def _list_inbox(out: Output, service: Service, platform: str | None, limit: int) -> None:
    from api.letters.arrivals import KINDS, list_arrivals

    found: list[ArrivalRow] = service.do(list_arrivals, limit, platform)
    heads = [T("Number"), T("Reason"), T("Platform"), T("Since"), T("Again?"), T("Error")]
    out.table(heads, [
        [str(one.id), out.text(KINDS[one.kind]), one.platform, _moment(out, one.received_at),
         "✓" if one.retriable else "", one.reason] for one in found
    ])  # fmt: skip
    if not found:
        out.say(T("Everything that arrived was handled."))
    out.result(arrivals=[one._asdict() for one in found])


def _retry_inbox(out: Output, service: Service, ids: Sequence[str] | None, platform: str | None) -> None:
    from api.letters.arrivals import retry_arrivals

    handled = service.do(retry_arrivals, ids, platform)
    n = handled.n
    while handled.next is not None:
        handled = service.do(retry_arrivals, ids, platform, handled.next)
        n += handled.n
    if ids and not n:
        say = T("None of these can be handled again: `list --inbox` shows which can.")
        raise out.fail(REFUSED, "arrivals.none", out.text(say))
    out.say(Plural("{n} message is handled again as soon as the service runs.",
                   "{n} messages are handled again as soon as the service runs.", n))  # fmt: skip
    out.result(retried=n)


def _place(service: Service, place: str | None) -> str | None:
    from api.directory import one_community

    return service.do(lambda ctx: one_community(ctx, place).pid) if place is not None else None


def _line(out: Output, letter: "LetterRow") -> list[str]:
    to = letter.name or letter.place or ""
    return [letter.pid, letter.reason, letter.platform or "", to, _moment(out, letter.created_at), letter.error or ""]


def _moment(out: Output, at: "datetime") -> str:
    return f"{at.astimezone(out.reader.zone):%Y-%m-%d %H:%M}"


def _as_json(letter: "LetterRow") -> dict[str, Any]:
    return {key: value for key, value in letter._asdict().items() if key != "id"}
