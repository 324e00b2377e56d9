"""The declarative base, the column types every table uses, and public ids."""

from datetime import UTC, datetime
from secrets import choice
from typing import Annotated, Any, ClassVar

from sqlalchemy import JSON, BigInteger, DateTime, ForeignKey, Integer, MetaData, String, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column

PID_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
PID_LENGTH = 12


def new_pid() -> str:
    """A random public id: 12 characters that cannot be confused when read aloud (about 59 bits)."""
    return "".join([choice(PID_ALPHABET) for _ in range(PID_LENGTH)])


def keepable(text: str) -> str:
    """Text as every database keeps it: without NUL characters, halves of characters (lone surrogates) as "?"."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC datetimes on every database. SQLite keeps no zone, so it is taken off and put back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime reached the database: use api.times.utcnow() or attach a zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
BigId = BigInteger().with_variant(Integer, "sqlite")

Id = Annotated[int, mapped_column(BigId, primary_key=True)]
Pid = Annotated[str, mapped_column(String(PID_LENGTH), unique=True, default=new_pid)]
Text = Annotated[str, mapped_column(String)]


def ref(target: str, *, index: bool = True, **options: Any) -> Any:
    """A foreign key column to `table.id`, indexed unless another index already starts with it."""
    return mapped_column(BigId, ForeignKey(f"{target}.id"), index=index, **options)


def loose_ref(*, index: bool = False) -> Any:
    """An id of a table that itself refers to this one: no constraint, or neither table could be created first."""
    return mapped_column(BigId, index=index)


class Base(DeclarativeBase):
    """Parent of every table; names constraints so that migrations can speak of them."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: UtcDateTime, dict[str, Any]: Json, list[Any]: Json}
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
