"""A call of a bot, however it was sent: GET or POST, in the URL, urlencoded, as JSON, as (chunked) multipart."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request

from tests.emulators.telegram.errors import Refused, bad
from tests.emulators.telegram.files import UPLOAD_LIMIT
from tests.emulators.telegram.model import Bot, StoredFile
from tests.emulators.telegram.world import World

BODY_LIMIT = UPLOAD_LIMIT + (1 << 20)
TRUE = {"true", "yes", "1"}


@dataclass(frozen=True)
class Upload:
    """A file inside a call."""

    name: str
    data: bytes
    mime: str


@dataclass
class Call:
    """One call: every argument is text, as the real server keeps them."""

    world: World
    bot: Bot
    method: str  # in lower case
    args: dict[str, str]
    uploads: dict[str, Upload] = field(default_factory=dict)
    description: str = ""  # said beside a result that is good

    def text(self, name: str, default: str = "") -> str:
        """An argument, or the default where it is missing."""
        return self.args.get(name, default)

    def required(self, name: str) -> str:
        """An argument that must not be empty."""
        if not (value := self.args.get(name, "")):
            raise bad(f'parameter "{name}" is required')
        return value

    def integer(self, name: str, default: int = 0, low: int = -(2**63), high: int = 2**63) -> int:
        """A number, put between the bounds; what is no number counts as 0, as it does there."""
        if not (value := self.args.get(name, "")):
            return default
        try:
            return max(low, min(high, int(value)))
        except ValueError:
            return max(low, min(high, 0))

    def flag(self, name: str, default: bool = False) -> bool:
        """A yes or no."""
        return self.args[name].lower() in TRUE if name in self.args else default

    def decoded(self, name: str, words: str, default: Any = None) -> Any:
        """An argument that is JSON; `words` say what could not be parsed."""
        if not (value := self.args.get(name, "")):
            return default
        try:
            return json.loads(value)
        except ValueError:
            raise bad(f"can't parse {words} JSON object") from None

    def upload(self, kind: str, value: str, about: dict[str, Any] | None = None) -> StoredFile:
        """The file that an argument names: attach://part, the part of its own name, or a file_id."""
        part = value.removeprefix("attach://") if value.startswith("attach://") else None
        if part is not None:
            if part not in self.uploads:
                raise bad("wrong file identifier/HTTP URL specified")
            given = self.uploads[part]
            return self.world.files.keep(kind, given.data, given.name, about)
        if value.startswith(("http://", "https://")):
            raise bad("failed to get HTTP URL content")  # an emulator goes nowhere
        return self.world.files.again(value, kind)


async def read_arguments(request: Request) -> tuple[dict[str, str], dict[str, Upload]]:
    """The arguments and files of a request. Raises Refused for what cannot be read or is too long."""
    args = dict(request.query_params)
    uploads: dict[str, Upload] = {}
    if int(request.headers.get("content-length", 0)) > BODY_LIMIT:
        raise Refused(413, "Request Entity Too Large")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        body = await _body(request)
        try:
            given = json.loads(body or b"{}")
        except ValueError:
            raise bad("can't parse JSON object") from None
        if not isinstance(given, dict):
            raise bad("expected a JSON object")
        args |= _as_text(given)
    elif kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
        async with request.form(max_files=100, max_fields=200, max_part_size=1 << 20) as form:
            for name, value in form.multi_items():
                if isinstance(value, UploadFile):
                    data = await value.read()
                    if len(data) > UPLOAD_LIMIT:
                        raise Refused(413, "Request Entity Too Large")
                    uploads[name] = Upload(value.filename or name, data, value.content_type or "")
                    args.setdefault(name, f"attach://{name}")
                else:
                    args[name] = value
    return args, uploads


async def _body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT:
            raise Refused(413, "Request Entity Too Large")
    return body


def _as_text(given: Mapping[str, Any]) -> dict[str, str]:
    told = {name: value for name, value in given.items() if value is not None}
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in told.items()}
