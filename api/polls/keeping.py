"""What is stored of a person's open polls and votes: handed out, and forgotten."""

from typing import Any

from api.broadcasts import end_message
from api.context import Context
from api.polls.service import refresh_poll
from api.polls.texts import WITHDRAWN
from api.quizzes.service import picked_of
from storage import polls
from storage.erasing import blank_copies
from storage.messaging import Message
from storage.people import Person


def export_polls(ctx: Context, person: Person) -> dict[str, Any]:
    """Every poll a person asked, and what they chose in others'."""
    return {
        "polls": [
            {"pid": poll.pid, "question": poll.question, "options": poll.options, "multiple": poll.multiple,
             "release_at": poll.release_at.isoformat()}
            for poll in polls.all_of_author(ctx.session, person.id)
        ],
        "votes": [
            {"poll": poll.pid, "question": poll.question, "at": vote.at.isoformat(),
             "picked": [poll.options[n] for n in picked_of(vote.picked) if n < len(poll.options)]}
            for poll, vote in polls.all_votes_of(ctx.session, person.id)
        ],
    }  # fmt: skip


def erase_polls(ctx: Context, person: Person) -> None:
    """Forget a person's votes, and their name wherever they stood; what they asked goes everywhere it was asked."""
    voted = polls.all_votes_of(ctx.session, person.id)
    for poll, _ in voted:
        polls.set_vote(ctx.session, poll.id, person.id, 0, ctx.now)
    for poll in polls.all_of_author(ctx.session, person.id):
        poll.question, poll.options = "", []
        poll.withdrawn_at, poll.settled_at = poll.withdrawn_at or ctx.now, poll.settled_at or ctx.now
        said = [key for key in (poll.room_message_id, poll.status_message_id) if key is not None]
        blank_copies(ctx.session, said)
        for key in said:
            end_message(ctx, ctx.session.get_one(Message, key), WITHDRAWN)
    for poll, _ in voted:
        if poll.author_id != person.id and poll.released_at is not None and poll.withdrawn_at is None:
            refresh_poll(ctx, poll)
    ctx.session.flush()
