"""`gongfang person`: claim codes, everything that is stored about somebody, and forgetting them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.messaging.tree import T
from bot.cli.output import REFUSED, AsJson, _, answering
from bot.cli.service import ConfigFile, opened

if TYPE_CHECKING:
    from api.context import Context

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
    """Write claim-codes.xlsx and claim-codes.html (slips to print, with QR codes) into a folder."""
    from api.directory import one_community
    from api.people.codes import IssuedCode, issue_claim_codes
    from api.people.slips import codes_xlsx, slips_html

    def issue(ctx: "Context") -> tuple[list[IssuedCode], bytes, bytes]:
        issued = issue_claim_codes(ctx, one_community(ctx, school, ("school", "region")))
        language = ctx.config.bot.languages[0]
        return issued, codes_xlsx(ctx, issued, language), slips_html(ctx, issued, language)

    with answering(as_json) as out, opened(config) as service:
        folder = out_folder or Path()
        folder.mkdir(parents=True, exist_ok=True)
        issued, workbook, slips = service.do(issue)
        files = [_write(folder / "claim-codes.xlsx", workbook), _write(folder / "claim-codes.html", slips)]
        out.say(T("{count} codes: {table} and, to print, {slips}.", count=len(issued), table=str(files[0]),
                  slips=str(files[1])))  # fmt: skip
        out.say(T("They stand there in the clear: hand them over, then delete the files."))
        out.result(codes=[{"person": one.person.pid, "code": one.code, "expires_at": one.expires_at} for one in issued],
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
        file = _write(out_file or Path(f"{pid}.zip"), data)
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


def _write(file: Path, data: bytes) -> Path:
    """Write a file that holds secrets or personal data."""
    file.touch(mode=0o600)
    file.write_bytes(data)
    return file
