"""Errors are kinds with data. Each carries the words a person gets; HTTP makes RFC 9457 problem details of them."""

from typing import Any, ClassVar

from api.messaging.tree import Node, T

BIND_FIRST = T("Please bind your account first: open a private chat with me and send your claim code.")


class Problem(Exception):
    """An expected failure: what happened and what to do next, as a message tree.

    `code` is a stable slug for programs ("journal.too_short"); `data` are its machine-readable parts.
    """

    status: ClassVar[int] = 400
    kind: ClassVar[str] = "problem"

    def __init__(self, code: str, say: Node, **data: Any) -> None:
        super().__init__(code)
        self.code, self.say, self.data = code, say, data


class Invalid(Problem):
    """What was given cannot be used as it is."""

    status, kind = 422, "invalid"


class NotFound(Problem):
    """There is no such thing, or none that this person may know of."""

    status, kind = 404, "not-found"


class Forbidden(Problem):
    """The thing is there, but it takes other rights; `say` names who could do it."""

    status, kind = 403, "forbidden"


class Conflict(Problem):
    """The state of things does not allow it (now)."""

    status, kind = 409, "conflict"


class TooLarge(Problem):
    """A file or text beyond a limit; `say` names the limit."""

    status, kind = 413, "too-large"


class TooMany(Problem):
    """Too often; `data["retry_after"]` is in seconds."""

    status, kind = 429, "too-many"


def not_found(code: str = "not_found") -> NotFound:
    """The usual answer where a thing is missing or hidden."""
    return NotFound(
        code, T("That is not there any more, or it is not visible to you. Send “help” to see what you can do.")
    )
