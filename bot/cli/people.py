"""`gongfang person`: claim codes, everything that is stored about somebody, and forgetting them."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.messaging.tree import Plural, T
from bot.cli.output import REFUSED, AsJson, Output, _, answering
from bot.cli.service import ConfigFile, opened

if TYPE_CHECKING:
    from api.attachments.making import MadeFile
    from api.context import Context
    from api.runtime import Runtime

app = typer.Typer()
Who = Annotated[str, typer.Argument(help=_("Public id, staff number or whole name."), metavar="PERSON")]
Into = Annotated[Path | None, typer.Option("--out", "-o", help=_("Where to write it."))]
Yes = Annotated[bool, typer.Option("--yes", help=_("Do not ask again."))]


@app.command("claim-code", help=_("A new claim code for one person; older ones stop working."))
def claim_code(person: Who, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Print the code, its link and until when it works."""
    from api.directory import one_person
    from api.people.codes import IssuedCode, issue_claim_code
    from api.people.slips import claim_url

    def issue(ctx: "Context") -> tuple[IssuedCode, str]:
        issued = issue_claim_code(ctx, one_person(ctx, person))
        return issued, claim_url(ctx, issued)

    with answering(as_json) as out, opened(config) as service:
        issued, link = service.do(issue)
        out.say(T("{name}: {code} (until {day})", name=issued.person.name, code=issued.code, day=issued.expires_at))
        out.say(T("Or open {link}", link=link))
        out.result(person=issued.person.pid, code=issued.code, link=link, expires_at=issued.expires_at)


@app.command("claim-codes", help=_("Claim codes for everybody of a school without an account: table and slips."))
def claim_codes(
    school: Annotated[str, typer.Option(help=_("Public id, code or name of the school (or region)."))],
    out_folder: Into = None, config: ConfigFile = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Write a list and slips to print, with QR codes, named after the school, into a folder."""
    from api.directory import one_community
    from api.people.papers import draw_papers, draw_slips, keep_codes
    from api.people.slips import Slip

    def draw(ctx: "Context") -> tuple[str, str, list[Slip]]:
        place = one_community(ctx, school, ("school", "region"))
        return place.pid, *draw_slips(ctx, place.pid)

    async def make(runtime: "Runtime") -> tuple[list[Slip], list[Path]]:
        # on the disk before they work: older codes must not be void while the new ones stand nowhere
        pid, name, slips = await runtime.read(draw, via="cli", system=True)
        papers = list(draw_papers(slips, name, runtime.config.bot.languages[0]))
        with _written(out, out_folder or Path(), papers) as files:
            await keep_codes(runtime, pid, slips)
        return slips, files

    with answering(as_json) as out, opened(config) as service:
        slips, files = asyncio.run(make(service.runtime))
        out.say(Plural("One code: {files}", "{n} codes: {files}", len(slips), files=", ".join(map(str, files))))
        out.say(T("They stand there in the clear: hand them over, then delete the files."))
        out.say(T("Codes given out to these people before that were not used do not work any more."))
        out.result(codes=[{"person": one.pid, "code": one.code, "expires_at": one.expires_at} for one in slips],
                   files=files)  # fmt: skip


@app.command("export", help=_("Everything that is stored about a person, as a zip of JSON."))
def export(person: Who, out_file: Into = None, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Write PERSON-ID.zip, or the file of --out, readable by its owner only."""
    from api.directory import one_person
    from api.privacy import export_person

    def collect(ctx: "Context") -> tuple[str, bytes]:
        found = one_person(ctx, person)
        return found.pid, export_person(ctx, found)

    with answering(as_json) as out, opened(config) as service:
        pid, data = service.do(collect)
        file = out_file or Path(f"{pid}.zip")
        _write(out, file, data)
        out.say(T("Everything about {person} is in {file}.", person=person, file=str(file)))
        out.result(person=pid, file=file)


@app.command("erase", help=_("Forget a person: name, accounts, words. Counted figures stay without a name."))
def erase(person: Who, yes: Yes = False, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Erase after asking; with --json only together with --yes."""
    from api.directory import one_person
    from api.privacy import erase_person

    with answering(as_json) as out, opened(config) as service:
        found = service.do(one_person, person)
        question = T("Erase {name} for good? This cannot be undone.", name=found.name)
        if not yes and (as_json or not _sure(out.text(question))):
            raise out.fail(REFUSED, "erase.not_confirmed", out.text(T("Nothing was erased. Confirm with --yes.")))
        service.do(lambda ctx: erase_person(ctx, one_person(ctx, found.pid)))
        out.say(T("Erased."))
        out.result(person=found.pid)


def _sure(question: str) -> bool:
    try:
        return typer.confirm(question)
    except typer.Abort:
        return False


@contextmanager
def _written(out: Output, folder: Path, papers: "Sequence[MadeFile]") -> Iterator[list[Path]]:
    """Files beside those that are there already; gone again when what they are written for fails."""
    from api.attachments.service import clean_name

    files = [folder / clean_name(paper.name, "document") for paper in papers]
    there = ", ".join(str(file) for file in files if file.exists())
    if there:
        say = T("{files}: there already. Hand these codes over and delete the files, or write elsewhere with --out.",
                files=there)  # fmt: skip
        raise out.fail(REFUSED, "file.exists", out.text(say))
    begun: list[Path] = []
    try:
        for file, paper in zip(files, papers, strict=True):
            begun.append(file)
            _write(out, file, paper.data)
        yield files
    except BaseException:
        for file in begun:
            with suppress(OSError):
                file.unlink()
        raise


def _write(out: Output, file: Path, data: bytes) -> None:
    """Write a file that holds secrets or personal data, and the folders it lies in."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_bytes(data)
    except OSError as error:
        say = T("{file} cannot be written: {error}", file=str(file), error=error.strerror or str(error))
        raise out.fail(REFUSED, "file.unwritable", out.text(say)) from error
