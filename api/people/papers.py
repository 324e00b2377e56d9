"""A school's or county's claim codes on paper, made beside the transactions: ordered in chat, handed out when ready."""

import asyncio
from collections.abc import Iterator, Sequence
from functools import partial

from api.attachments.making import MadeFile, hand_out, order_files
from api.communities.lookup import get_community_for
from api.context import Context
from api.i18n import gettext
from api.messaging.outbox import answer_person
from api.messaging.tree import Lines, T
from api.people.codes import LIFE, draw_claim_codes, keep_claim_codes
from api.people.slips import HTML, XLSX, Slip, codes_xlsx, slips_html, slips_of
from api.runtime import Runtime
from storage.attachments import Attachment, LeasedFile
from storage.communities import Community

CODES = "codes"
AT_ONCE = 250  # codes in a transaction: about 30 ms
NAME = 60  # characters of the place's name in that of a file: a disk takes 255 bytes
PER_FILE = 1000  # slips: a hundred sheets of paper, 3 MB


def order_codes(ctx: Context, place: Community, chat_id: int | None, language: str) -> None:
    """Order codes for everybody of a school or region without an account; the files are answered to `chat_id`."""
    place = get_community_for(ctx, place.pid, "people")
    order_files(ctx, CODES, place=place.pid, actor=ctx.me.id, chat=chat_id, language=language)


async def make_codes(runtime: Runtime, order: LeasedFile) -> None:
    """Draw the codes, put them on paper, let them work, hand the files out. They stand in the clear in the files only;
    made again after a crash they are new ones, and those on a lost paper are void.

    Raises Problem when who ordered them may not have them any more, or nobody needs one.
    """
    place, language, actor = order.ref["place"], order.ref["language"], order.ref["actor"]
    name, slips = await runtime.read(draw_slips, place, actor_id=actor)
    drawing, papers = draw_papers(slips, name, language), list[MadeFile]()
    # a second in a thread at most: who stops the service need not wait for all of them
    while (paper := await asyncio.to_thread(next, drawing, None)) is not None:
        papers.append(paper)
    await keep_codes(runtime, place, slips, actor_id=actor)
    await hand_out(runtime, order, papers, partial(_say, order, len(slips)))


def draw_slips(ctx: Context, place_pid: str) -> tuple[str, list[Slip]]:
    """The place's name, and slips for everybody there without an account; none works before `keep_codes`."""
    place = get_community_for(ctx, place_pid, "people")
    return place.name, slips_of(ctx, draw_claim_codes(ctx, place))


async def keep_codes(runtime: Runtime, place_pid: str, slips: Sequence[Slip], actor_id: int | None = None) -> None:
    """Let the codes of slips work, some hundred per transaction. Without `actor_id` it is the command line."""
    via = "cli" if actor_id is None else "chat"
    for start in range(0, len(slips), AT_ONCE):
        part = {one.person_id: one.code for one in slips[start : start + AT_ONCE]}
        await runtime.transact(
            keep_claim_codes, place_pid, part, actor_id=actor_id, via=via, system=actor_id is None
        )


def draw_papers(slips: Sequence[Slip], whose: str, language: str) -> Iterator[MadeFile]:
    """The list, then the slips to print; a county's slips in several files."""
    codes, paper = gettext(language, "Claim codes"), gettext(language, "Slips")
    yield MadeFile(f"{codes} {whose[:NAME]}.xlsx", XLSX, codes_xlsx(slips, language))
    for start in range(0, len(slips), PER_FILE):
        which = f" {start // PER_FILE + 1}" if len(slips) > PER_FILE else ""
        drawn = slips_html(slips[start : start + PER_FILE], language)
        yield MadeFile(f"{paper} {whose[:NAME]}{which}.html", HTML, drawn)


def _say(order: LeasedFile, count: int, ctx: Context, files: list[str]) -> None:
    say = Lines(
        T("Here are {n} codes, valid for {days} days: a list, and slips to print.", n=count, days=LIFE.days),
        T("Whoever holds a code can become that person: hand each to its owner only, then delete these files."),
    )
    answer_person(ctx, order.ref["actor"], order.ref["chat"], say, files=files)


def follow_codes(ctx: Context, row: Attachment) -> None:
    """Say so when ordered codes could not be made."""
    if row.state == "failed" and row.ref.get("maker") == CODES:
        say = T("I could not make the codes you asked for. Please send “codes” again.")
        answer_person(ctx, row.ref["actor"], row.ref["chat"], say)
