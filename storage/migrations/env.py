"""Alembic's environment: runs on the connection that `storage.schema` hands over."""

from typing import Any, Literal

from alembic import context

from storage.base import BigId, Json, UtcDateTime
from storage.schema import metadata


def render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Our own column types by their names, so that a revision reads like the tables."""
    if kind == "type":
        if item is Json:
            return "storage.base.Json"
        if item is BigId or (item.__class__ is BigId.__class__ and item._variant_mapping):
            return "storage.base.BigId"
        if isinstance(item, UtcDateTime):
            return "storage.base.UtcDateTime()"
    return False


# search indexes that a revision makes in SQL: no table knows them, so a comparison must not want them gone
BY_HAND = ("resource_search", "ix_resources_search")


def include_object(_item: Any, name: str | None, _kind: str, reflected: bool, _other: Any) -> bool:
    """What a comparison of tables and database looks at."""
    return not (reflected and (name or "").startswith(BY_HAND))


connection = context.config.attributes["connection"]
context.configure(
    connection=connection, target_metadata=metadata, render_as_batch=True, compare_type=True, render_item=render_item,
    include_object=include_object,
)  # fmt: skip
with context.begin_transaction():
    context.run_migrations()
