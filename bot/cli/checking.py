"""`gongfang check`: configuration, database, files, mail and each platform, a line each."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from api.messaging.tree import Node, T, Words
from bot.cli.output import REFUSED, AsJson, answering
from bot.cli.service import ConfigFile, opened

if TYPE_CHECKING:
    from api.config import Config
    from api.runtime import Runtime
    from bot.platforms.base import Finding

Line = tuple[str, bool, Node]
PATIENCE = 10  # seconds
STARTING = 60  # seconds a platform may take, with the import of its library


def check(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Exit code 0 when all is well, else 1, or 3 when it is the database. Nothing is made that is not there yet."""
    from api.config_sources import load_config

    with answering(as_json) as out:
        loaded = load_config(config)
        with opened(config, _instead(loaded), any_schema=True) as service:
            lines = [_configuration(config), *asyncio.run(_ask(service.runtime, _database_place(loaded)))]
        for name, well, say in lines:
            out.say(Words(f"{'✓' if well else '✗'} {name}: ") + say)
        found = [{"name": name, "ok": well, "detail": out.text(say)} for name, well, say in lines]
        bad = [name for name, well, _say in lines if not well]
        if bad and as_json:
            raise out.fail(3 if "database" in bad else REFUSED, "check.failed", ", ".join(bad), checks=found)
        if bad:
            raise out.fail(3 if "database" in bad else REFUSED, "check.failed", out.text(T("Not everything is well.")))
        out.result(checks=found)


def _configuration(config: Path | None) -> Line:
    """Which file was read: the folder one stands in decides."""
    from api.config_sources import FILE

    file = (config or Path(FILE)).absolute()
    if file.exists():
        return "configuration", True, Words(str(file))
    return "configuration", True, T("there is no {file}: the defaults hold", file=str(file))


def _database_place(loaded: "Config") -> str:
    """The file of SQLite, or the address of PostgreSQL without its password."""
    kind, _, rest = loaded.database.url.partition("://")
    return str(Path(rest[1:]).absolute()) if kind == "sqlite" else f"{kind}://{rest.rpartition('@')[2].partition('?')[0]}"


def _instead(loaded: "Config") -> dict[str, dict[str, str]]:
    """What stands in for a database and a folder that are not there: to look would make them."""
    missing: dict[str, dict[str, str]] = {}
    if loaded.database.url.startswith("sqlite:") and not Path(_database_place(loaded)).exists():
        missing["database"] = {"url": "sqlite:///:memory:"}
    if loaded.blobs.url.startswith("file:") and not Path(loaded.blobs.url.removeprefix("file:")).exists():
        missing["blobs"] = {"url": "memory:"}
    return missing


async def _ask(runtime: "Runtime", place: str) -> list[Line]:
    from api.health import check_service
    from bot.opening import open_platforms

    lines = [(found.name, found.well, found.say) for found in await check_service(runtime)]
    lines = [(name, well, Words(f"{place}: ") + say if name == "database" else say) for name, well, say in lines]
    lines.append(await _mail(runtime))
    for platform in open_platforms(runtime):
        try:
            async with asyncio.timeout(STARTING):
                lines += [_line(finding) for finding in await platform.check()]
        except Exception as error:
            # one platform that fails must not hide the others
            lines.append((platform.name, False, Words(f"{type(error).__name__}: {error}")))
        finally:
            await platform.close()
    return lines


def _line(finding: "Finding") -> Line:
    note = finding.note if isinstance(finding.note, Node) else Words(finding.note)
    return finding.subject, finding.well, note


async def _mail(runtime: "Runtime") -> Line:
    if not runtime.config.mail.url.get_secret_value():
        return "mail", True, T("off: [mail] url is empty")
    return "mail", *await asyncio.to_thread(_greet_mail_server, runtime.config.mail.url.get_secret_value())


def _greet_mail_server(url: str) -> tuple[bool, Node]:
    """Connect, sign in where the address says so, send nothing."""
    import smtplib
    from urllib.parse import unquote, urlsplit

    parts = urlsplit(url)
    kind = smtplib.SMTP_SSL if parts.scheme == "smtps" else smtplib.SMTP
    place = f"{parts.hostname}:{parts.port or (465 if parts.scheme == 'smtps' else 587)}"
    try:
        with kind(parts.hostname or "", int(place.rpartition(":")[2]), timeout=PATIENCE) as server:
            if server.ehlo()[0] == 250 and server.has_extn("starttls"):
                server.starttls()
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
    except (OSError, smtplib.SMTPException) as error:
        return False, T("{place} does not take mail: {error}", place=place, error=str(error))
    return True, T("{place} takes mail", place=place)
