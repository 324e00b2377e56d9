"""Polls: votes and what bots hear of them. An anonymous poll tells nobody who voted."""

from tests.emulators.telegram import views
from tests.emulators.telegram.model import Bot, Poll, User
from tests.emulators.telegram.world import World


def vote(world: World, poll: Poll, voter: User, positions: list[int]) -> None:
    """A person votes or (no positions) takes the vote back. Raises PermissionError as their client would."""
    if poll.closed:
        raise PermissionError("the poll is closed")
    if poll.votes.get(voter.id) and not poll.settings["allows_revoting"]:
        raise PermissionError("the vote cannot be changed")
    if len(positions) > 1 and not poll.settings["allows_multiple_answers"]:
        raise PermissionError("only one answer is allowed")
    chosen = [poll.options[position] for position in positions]
    poll.votes[voter.id] = positions
    if isinstance(poll.owner, Bot):
        if not poll.settings["is_anonymous"]:
            answer = {
                "poll_id": poll.id,
                "user": views.user(voter),
                "option_ids": positions,
                "option_persistent_ids": [option["persistent_id"] for option in chosen],
            }
            poll.owner.met.add(voter.id)
            poll.owner.queue.push("poll_answer", answer, f"poll {poll.id}")
        poll.owner.queue.push("poll", views.poll(poll, poll.owner), f"poll {poll.id}")
    world.touch()


def close(world: World, poll: Poll) -> None:
    """No more votes; its bot hears of the final state."""
    if poll.closed:
        return
    poll.closed = True
    if isinstance(poll.owner, Bot):
        poll.owner.queue.push("poll", views.poll(poll, poll.owner), f"poll {poll.id}")
    world.touch()
