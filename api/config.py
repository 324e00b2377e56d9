"""The one typed configuration. Where its values come from is in `config_sources.py`.

`config.example.toml` is generated from these classes and compared in a test.
"""

import re
from collections.abc import Iterator
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic.fields import FieldInfo

from api.times import DEFAULT_QUIET_HOURS, DEFAULT_ZONE, parse_quiet_hours, zone_of
from storage.matrixids import read_template

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
PASSWORD = re.compile(r"://[^:/@\s]*:([^@\s]+)@|[?&](?:secret_access_key|session_token)=([^&\s]+)")


class Section(BaseModel):
    """A table of config.toml. Unknown keys are refused: a typo must not silently mean the default."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class DatabaseSection(Section):
    """Where everything is kept."""

    url: str = Field("sqlite:///gongfang.db", description="sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME")

    @field_validator("url")
    @classmethod
    def _known(cls, value: str) -> str:
        allowed = "allowed: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"
        if not value.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
            raise ValueError(allowed)
        try:
            urlsplit(value).port  # noqa: B018  raises for a port that is no number
        except ValueError:
            raise ValueError(allowed) from None  # never with the value: it holds a password
        return value


class BlobsSection(Section):
    """Where the files that people send are kept."""

    url: str = Field("file:blobs", description="file:FOLDER, or s3://BUCKET/PREFIX?endpoint=...&region=...")

    @field_validator("url")
    @classmethod
    def _known(cls, value: str) -> str:
        if not value.startswith(("file:", "s3://", "memory:")):
            raise ValueError("allowed: file:FOLDER or s3://BUCKET/PREFIX")
        return value


class WebSection(Section):
    """The pages and the HTTP API."""

    host: str = Field("127.0.0.1", description="address to listen on; 0.0.0.0 for every interface")
    port: int = Field(8080, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    base_url: str = Field("", description="how people reach the pages, https://... ; empty: http://HOST:PORT")
    secret: SecretStr = Field(
        SecretStr(""), description="signs cookies and forms; empty: made once, kept beside the database"
    )

    @field_validator("base_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("allowed: http://... or https://...")
        return value.rstrip("/")

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the pages."""
        return self.host in LOOPBACK

    @model_validator(mode="after")
    def _reachable(self) -> "WebSection":
        if not self.base_url and self.port:
            self.base_url = self.address(self.port)
        return self

    def address(self, port: int) -> str:
        """Where a browser on this machine finds the pages."""
        everywhere = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "::1": "[::1]"}
        return f"http://{everywhere.get(self.host, self.host)}:{port}"


def bot_account(token: str) -> str:
    """The account of a Telegram bot: what stands before the colon of its token (Bot API, Authorizing your bot)."""
    return token.partition(":")[0]


class TelegramSection(Section):
    """The Telegram bot, or several."""

    token: SecretStr = Field(SecretStr(""), description="from @BotFather; empty: Telegram is off")
    more_tokens: list[SecretStr] = Field(
        [], description="of further bots that share the load: each person is served by the one they speak to"
    )
    api_base: str = Field("https://api.telegram.org", description="another Bot API server, where one is used")
    mode: Literal["polling", "webhook"] = Field("polling", description="polling | webhook (needs [web] base_url)")
    rate: int = Field(
        30, ge=1, le=1000,
        description="messages a second of each bot, in all processes; more than 30 cost Stars, for very large bots",
    )
    webhook_secret: SecretStr = Field(SecretStr(""), description="1-256 of A-Z a-z 0-9 _ - ; needed for webhook")

    @field_validator("more_tokens", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return _list_of(value)

    @property
    def tokens(self) -> list[str]:
        """Of all bots, the first one first; empty: Telegram is off."""
        given = [one.get_secret_value() for one in (self.token, *self.more_tokens)]
        return [one for one in given if one]

    @model_validator(mode="after")
    def _complete(self) -> "TelegramSection":
        if self.more_tokens and not self.token.get_secret_value():
            raise ValueError("more_tokens need token, the first bot's")
        accounts = [bot_account(one) for one in self.tokens]
        if len(accounts) != len(set(accounts)):
            raise ValueError("more_tokens: each token belongs to another bot")
        secret = self.webhook_secret.get_secret_value()
        if secret and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret):
            raise ValueError("webhook_secret: allowed are 1 to 256 of A-Z a-z 0-9 _ -")
        if self.mode == "webhook" and not secret:
            raise ValueError('mode = "webhook" needs webhook_secret too')
        return self


class MatrixSection(Section):
    """The Matrix account."""

    homeserver: str = Field("", description="https://matrix.example.org; empty: Matrix is off")
    user_id: str = Field("", description="@gongfang:example.org")
    password: SecretStr = Field(SecretStr(""), description="to sign in once, or:")
    access_token: SecretStr = Field(SecretStr(""), description="a token made elsewhere")
    allowed_servers: list[str] = Field([], description="whose people may invite it; empty: its own")
    user_template: str = Field(
        "", description="whose account is whose: @{staff_no}:example.org; only where nobody can choose their name"
    )

    @field_validator("user_template")
    @classmethod
    def _names_accounts(cls, value: str) -> str:
        return read_template(value) if value else ""

    @field_validator("allowed_servers", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return _list_of(value)

    @model_validator(mode="after")
    def _complete(self) -> "MatrixSection":
        if self.homeserver and not self.homeserver.startswith(("http://", "https://")):
            raise ValueError("homeserver: allowed: https://...")
        if self.homeserver and not (self.user_id and (self.password.get_secret_value() or
                                                      self.access_token.get_secret_value())):  # fmt: skip
            raise ValueError("homeserver needs user_id, and password or access_token too")
        return self


class MailSection(Section):
    """E-mail to people whose page is closed."""

    url: SecretStr = Field(SecretStr(""), description="smtp://USER:PASSWORD@HOST:587, smtps://...; empty: no mail")
    sender: str = Field("", alias="from", description="address that reminders come from")

    @field_validator("url")
    @classmethod
    def _known(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not value.get_secret_value().startswith(("smtp://", "smtps://")):
            raise ValueError("allowed: smtp://... or smtps://...")
        return value

    @model_validator(mode="after")
    def _complete(self) -> "MailSection":
        if self.url.get_secret_value() and not self.sender:
            raise ValueError("url needs from too: the address that reminders come from")
        return self


class TimeSection(Section):
    """What o'clock it is here, and when people sleep."""

    zone: str = Field(DEFAULT_ZONE, description="IANA name of the zone that rules are in")
    quiet_hours: str = Field(
        DEFAULT_QUIET_HOURS, description="HH:MM-HH:MM, local; nothing of ours is sent then; empty: never quiet"
    )

    @field_validator("zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        zone_of(value)
        return value

    @field_validator("quiet_hours")
    @classmethod
    def _quiet(cls, value: str) -> str:
        if value:
            parse_quiet_hours(value)
        return value


class LogSection(Section):
    """What is logged."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="debug: every message and delivery; info: what failed or was slow; warning; error"
    )


class BotSection(Section):
    """How the bot speaks."""

    languages: list[Literal["zh_CN", "en"]] = Field(["zh_CN", "en"], min_length=1, description="first is the default")
    most_a_minute: int = Field(
        120, ge=0, le=100_000, description="so many messages of one account are read; faster ones are not; 0: all are"
    )

    @field_validator("languages", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return _list_of(value)


class RetentionSection(Section):
    """How long what is over is kept, in days. Records, audit, and all that people handed in are kept for good."""

    handled_days: int = Field(3, ge=2, le=36500, description="what arrived and was handled: so long repeats are known")
    said_days: int = Field(180, ge=31, le=36500, description="what the bot said, where nothing refers to it any more")
    dead_days: int = Field(365, ge=31, le=36500, description="what could not be handled or delivered, to be looked at")


def _list_of(value: Any) -> Any:
    # the environment has no lists
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


class Config(Section):
    """All of it. `api.config_sources.load_config` makes one of file, environment and command line."""

    database: DatabaseSection = Field(default_factory=DatabaseSection)
    blobs: BlobsSection = Field(default_factory=BlobsSection)
    web: WebSection = Field(default_factory=WebSection)
    telegram: TelegramSection = Field(default_factory=TelegramSection)
    matrix: MatrixSection = Field(default_factory=MatrixSection)
    mail: MailSection = Field(default_factory=MailSection)
    time: TimeSection = Field(default_factory=TimeSection)
    bot: BotSection = Field(default_factory=BotSection)
    log: LogSection = Field(default_factory=LogSection)
    retention: RetentionSection = Field(default_factory=RetentionSection)

    def platforms(self) -> list[str]:
        """The chat platforms that are turned on."""
        on = (("telegram", self.telegram.tokens), ("matrix", self.matrix.homeserver))
        return ["web", *[name for name, given in on if given]]

    def secrets(self) -> list[str]:
        """Every value that must never be shown, the passwords inside addresses included."""
        values = [value for name in type(self).model_fields for value in vars(getattr(self, name)).values()]
        each = [one for value in values for one in (value if isinstance(value, list) else [value])]
        found = [one.get_secret_value() for one in each if isinstance(one, SecretStr)]
        addresses = " ".join([self.database.url, self.blobs.url, self.mail.url.get_secret_value()])
        found += [value for groups in PASSWORD.findall(addresses) for value in groups]
        return [value for value in found if value]


def keys() -> Iterator[tuple[str, str, FieldInfo]]:
    """Every key as (table, key, its field), in the order of the file."""
    for table, section in Config.model_fields.items():
        assert section.annotation is not None
        for name, field in section.annotation.model_fields.items():
            yield table, field.alias or name, field
