"""A mail server on this machine that keeps what it gets."""

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any


class Postbox:
    """A mail server that keeps what it gets, or answers with `refuse`."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.refuse: str | None = None

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.refuse:
            return self.refuse
        letter = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(letter, EmailMessage)
        assert envelope.rcpt_tos == [letter["To"].addresses[0].addr_spec]
        self.letters.append(letter)
        return "250 kept"
