"""The database goes away while a file is fetched: the file is kept as soon as it is back, and its bytes stay."""

from typing import Any

import pytest

from api.attachments.fetching import settle_file
from api.attachments.service import keep_bytes
from storage.attachments import Attachment
from storage.engine import StorageUnavailable
from tests.support.talk import a_world


@pytest.mark.parametrize("committed", [False, True], ids=["before the commit", "before its answer"])
async def test_a_fetched_file_is_not_fetched_for_nothing(
    committed: bool, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.workers.RETRY_SECONDS", 0.01)
    async with a_world(database_url) as world:
        li = await world.teacher("李老师")
        file = await world.run(keep_bytes, "a.txt", "text/plain", b"abc", actor=li)
        transact, failures = world.runtime.transact, [1, 1]

        async def away(operation: Any, *args: Any, **named: Any) -> Any:
            if operation is not settle_file or not failures:
                return await transact(operation, *args, **named)
            failures.pop()
            if committed:
                await transact(operation, *args, **named)
            raise StorageUnavailable("away")

        monkeypatch.setattr(type(world.runtime), "transact", lambda _self, *args, **named: away(*args, **named))
        await world.fetchers.drain()
        assert not failures
        row = await transact(lambda ctx: ctx.session.get_one(Attachment, file.id))
        assert (row.state, row.attempts) == ("stored", 1)
        assert await world.runtime.blobs.get(row.blob_key) == b"abc"
