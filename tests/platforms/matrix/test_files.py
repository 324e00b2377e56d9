"""Files on their way: piece by piece, in clear and encrypted, as the specification wants them."""

import hashlib
import os
import tracemalloc
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from api.attachments.service import store_bytes
from api.context import Context
from bot.inbound import File
from bot.platforms.base import Gone
from bot.platforms.matrix.sealing import Seal, opened
from storage.blobs import Blobs
from tests.support.matrix import MatrixWorld

LARGE = 18 * 2**20


async def in_pieces(data: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def all_of(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 100_000])
@pytest.mark.parametrize("piece", [1, 7, 16, 65_536])
async def test_pieces_of_any_size_make_the_file_that_others_read(size: int, piece: int) -> None:
    from nio.crypto.attachments import decrypt_attachment, encrypt_attachment

    data = os.urandom(min(size, 500) if piece == 1 else size)
    seal = Seal()
    sealed = await all_of(seal.close(in_pieces(data, piece)))
    how = seal.how()
    assert decrypt_attachment(sealed, how["key"]["k"], how["hashes"]["sha256"], how["iv"]) == data
    theirs, how = encrypt_attachment(data)
    assert await all_of(opened(in_pieces(theirs, piece), how)) == data


async def test_what_was_changed_on_its_way_is_no_file() -> None:
    seal = Seal()
    sealed = await all_of(seal.close(in_pieces(b"x" * 1000, 100)))
    for wrong in (sealed[:-1], sealed + b"x", bytes([sealed[0] ^ 1]) + sealed[1:]):
        with pytest.raises(Gone):
            await all_of(opened(in_pieces(wrong, 64), seal.how()))


@pytest.mark.parametrize("how", [
    {}, {"key": None}, {"key": {"k": "?"}, "iv": "AA", "hashes": {"sha256": ""}}, {"key": {"k": 1}},
    {"key": {"k": "AAAA"}, "iv": "AAAAAAAAAAAAAAAAAAAAAA", "hashes": {"sha256": "AAAA"}},
])  # fmt: skip
async def test_what_is_no_key_opens_nothing(how: dict[str, Any]) -> None:
    with pytest.raises(Gone):
        await all_of(opened(in_pieces(b"abc", 2), how))


@pytest.mark.parametrize("encrypted", [False, True], ids=["clear", "encrypted"])
async def test_a_large_file_is_never_whole_in_memory(world: MatrixWorld, encrypted: bool, tmp_path: Path) -> None:
    world.runtime.blobs = Blobs(f"file:{tmp_path}")
    data = os.urandom(LARGE)
    digest = hashlib.sha256(data).digest()
    pid = await world.run(_store, data)
    await world.fetchers.drain()
    del data
    tracemalloc.start()
    try:
        (content,) = await world.matrix.files.contents([pid], encrypted)
        up = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        ref = {"mxc": content["file"]["url"], "file": content["file"]} if encrypted else {"mxc": content["url"]}
        file, came = File("document", "大.bin", "application/octet-stream", LARGE, ref), hashlib.sha256()
        async for piece in world.matrix.fetch(file):
            came.update(piece)
        down = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert came.digest() == digest
    assert max(up, down) < 6 * 2**20, f"{up / 2**20:.1f} and {down / 2**20:.1f} MiB of {LARGE / 2**20:.0f}"
    if encrypted:
        kept = b"".join([piece async for piece in world.matrix.fetch(replace(file, ref={"mxc": ref["mxc"]}))])
        assert hashlib.sha256(kept).digest() != digest, "the homeserver cannot read it"


def _store(ctx: Context, data: bytes) -> str:
    return store_bytes(ctx, "大.bin", "application/octet-stream", data).pid
