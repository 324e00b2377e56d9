"""The worker that sends mails: claim, commit, send in a thread, commit. No transaction is open across the network."""

import asyncio
import smtplib
import ssl
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import make_msgid
from ipaddress import ip_address
from urllib.parse import SplitResult, unquote, urlsplit

import structlog

from api.config import MailSection
from api.mail.service import Post, claim_mails, finish_mail, renew_mail
from api.runtime import Runtime, StorageUnavailable

log = structlog.get_logger()

LOOK_EVERY = 30.0
NETWORK_SECONDS = 30.0


@dataclass(slots=True)
class Mailer:
    """The mail worker of one process; for a service that has a `[mail] url`."""

    runtime: Runtime

    async def run(self) -> None:
        """Send what is due until cancelled."""
        waiter = self.runtime.signals.waiter("mail")
        while True:
            try:
                sent = await self.send_due()
            except StorageUnavailable as error:
                log.warning("the database is away; mails wait", error=str(error))
                sent = 0
            if not sent:
                await waiter.wait(LOOK_EVERY)

    async def send_due(self) -> int:
        """Send one batch of what is due now; returns how many it was."""
        posts: list[Post] = await self.runtime.transact(claim_mails, via="clock", system=True)
        for claimed in posts:
            post = await self.runtime.transact(renew_mail, claimed, via="clock", system=True)
            if post is not None:
                error, lasting = await self._send(post)
                await self.runtime.transact(finish_mail, post, error, lasting, via="clock", system=True)
        return len(posts)

    async def _send(self, post: Post) -> tuple[str | None, bool]:
        try:
            await asyncio.to_thread(send_mail, self.runtime.config.mail, post)
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            return f"refused: {codes}", all(code >= 500 for code in codes)
        except (smtplib.SMTPException, OSError, ValueError) as error:
            return f"{type(error).__name__}: {error}", False
        return None, False


def send_mail(settings: MailSection, post: Post) -> None:
    """Send one mail through the server of `settings.url`; blocks. Raises what smtplib raises.

    smtps:// is TLS from the start; smtp:// turns to TLS when the server offers it. A password never goes out in the
    clear, except to this machine.
    """
    url = urlsplit(settings.url.get_secret_value())
    with _connect(url) as server:
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))
        server.send_message(_message(settings, post))


def _connect(url: SplitResult) -> smtplib.SMTP:
    host, tls = url.hostname or "localhost", ssl.create_default_context()
    if url.scheme == "smtps":
        return smtplib.SMTP_SSL(host, url.port or 465, timeout=NETWORK_SECONDS, context=tls)
    if url.scheme != "smtp":
        raise ValueError("[mail] url begins with smtp:// or smtps://")
    server = smtplib.SMTP(host, url.port or 587, timeout=NETWORK_SECONDS)
    server.ehlo()
    if server.has_extn("starttls"):
        server.starttls(context=tls)
        server.ehlo()
    elif url.username and not _is_here(host):
        server.close()
        raise ValueError("the mail server offers no TLS: the password was not sent")
    return server


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _message(settings: MailSection, post: Post) -> EmailMessage:
    message = EmailMessage()
    # addr_spec is parsed: an address with a line break or a second recipient in it is refused here
    message["From"] = Address("工坊", addr_spec=settings.sender)
    message["To"] = Address(addr_spec=post.to)
    message["Subject"] = post.subject
    message["Message-ID"] = make_msgid(domain=settings.sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(post.text)
    return message
