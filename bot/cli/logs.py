"""Logs: on stderr, readable in a terminal and JSON lines elsewhere; never with a secret in them."""

import io
import logging
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

HIDDEN = "***"
# these tell every start, stop or request; what matters of it we log ourselves
CHATTY = ("uvicorn", "alembic")


def configure_logs(
    secrets: Sequence[str], *, quiet: bool = False, terminal: bool | None = None, level: str = "info"
) -> None:
    """Send our own and the libraries' logs to stderr in one form. `quiet`: warnings and errors only (commands).

    `level` is the least that is shown, by its name. What libraries tell at debug may hold people's words: never shown.
    """
    readable = sys.stderr.isatty() if terminal is None else terminal
    least = logging.WARNING if quiet else logging.getLevelNamesMapping()[level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper("iso" if not readable else "%H:%M:%S", utc=not readable),
    ]
    finish: list[Processor] = [
        structlog.processors.format_exc_info,
        Redactor(secrets),
        structlog.dev.ConsoleRenderer() if readable else structlog.processors.JSONRenderer(ensure_ascii=False),
    ]
    stream = Steadfast(sys.stderr)
    structlog.configure(
        [*shared, *finish], structlog.make_filtering_bound_logger(least), dict,
        structlog.PrintLoggerFactory(cast(TextIO, stream)), cache_logger_on_first_use=False,
    )  # fmt: skip
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *finish]
        )
    )
    logging.basicConfig(level=max(least, logging.INFO), handlers=[handler], force=True)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


class Steadfast(io.TextIOBase):
    """A stream that loses lines rather than raising: a full disk under the log must not stop a worker."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write what can be written."""
        with suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, if that is possible."""
        with suppress(OSError, ValueError):
            self._stream.flush()


class Redactor:
    """Takes the configuration's secrets out of everything that is logged, tracebacks included."""

    def __init__(self, secrets: Sequence[str]) -> None:
        # the longest first: one may contain another
        self._secrets = sorted({secret for secret in secrets if len(secret) >= 4}, key=len, reverse=True)

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {key: self._clean(value) for key, value in event.items()}

    def _clean(self, value: Any) -> Any:
        if isinstance(value, (bool, int, float, type(None))):
            return value
        text = value if isinstance(value, str) else str(value)
        found = False
        for secret in self._secrets:
            if secret in text:
                text, found = text.replace(secret, HIDDEN), True
        return text if found else value
