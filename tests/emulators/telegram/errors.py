"""Refusals in the words of the real server: they are what a bot's error handling reads."""

from typing import Any

TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current "
    "content and reply markup of the message"
)


class Refused(Exception):
    """A call that is not obeyed: HTTP status and error_code, description, and `parameters` where there are any."""

    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        super().__init__(f"{code} {description}")
        self.code, self.description, self.parameters = code, description, parameters

    def body(self) -> dict[str, Any]:
        """The JSON that the caller gets."""
        said = {"ok": False, "error_code": self.code, "description": self.description}
        return {**said, "parameters": self.parameters} if self.parameters else said


def bad(words: str, **parameters: Any) -> Refused:
    """400, with the server's prefix."""
    return Refused(400, f"Bad Request: {words}", **parameters)


def forbidden(words: str) -> Refused:
    """403, with the server's prefix."""
    return Refused(403, f"Forbidden: {words}")


def conflict(words: str) -> Refused:
    """409: two readers of one bot's updates."""
    return Refused(409, f"Conflict: {words}")


def too_many(seconds: int) -> Refused:
    """429: wait so many whole seconds."""
    return Refused(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)
