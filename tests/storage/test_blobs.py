"""Files in their store: kept, read in pieces, and what is said when the store cannot do its work."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile

import httpx2
import pytest
from moto.server import ThreadedMotoServer

from storage.blobs import Blobs
from storage.engine import StorageUnavailable


@pytest.fixture
def s3() -> Iterator[str]:
    """The address of a bucket in a store that speaks S3."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/s3/aws4_request"}
        httpx2.put(f"http://{host}:{port}/gongfang", headers=signed).raise_for_status()
        yield (
            f"s3://gongfang/files?endpoint=http://{host}:{port}&allow_http=true&virtual_hosted_style_request=false"
            "&region=us-east-1&aws_access_key_id=key&aws_secret_access_key=secret"
        )
    finally:
        server.stop()


@pytest.mark.parametrize("store", ["file", "memory", "s3"])
async def test_kept_read_and_removed(store: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    blobs = Blobs({"file": f"file:{tmp_path}", "memory": "memory:"}.get(store) or request.getfixturevalue("s3"))
    key = await blobs.put(b"0123456789")
    assert await blobs.get(key) == b"0123456789"
    assert b"".join([piece async for piece in blobs.stream(key, 2, 5)]) == b"234"
    await blobs.delete(key)
    await blobs.delete(key)
    with pytest.raises(FileNotFoundError):
        await blobs.get(key)
    with pytest.raises(FileNotFoundError):
        assert [piece async for piece in blobs.stream(key)]


@pytest.mark.parametrize("store", ["file", "memory", "s3"])
async def test_files_are_kept_in_parts(store: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    blobs = Blobs({"file": f"file:{tmp_path}", "memory": "memory:"}.get(store) or request.getfixturevalue("s3"))
    data = bytes(range(256)) * 45_000  # two parts of S3 and a piece
    for buffering in (0, -1):
        with TemporaryFile(buffering=buffering) as file:
            file.write(data)  # its end is where writing left it: all of it is kept
            key = await blobs.put(file)
        pieces = [piece async for piece in blobs.stream(key)]
        assert b"".join(pieces) == data
        if store == "file":
            assert max(map(len, pieces)) < 2**20, "readers do not have all of it in memory"


async def test_a_store_that_cannot_write_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "blobs"
    blobs = Blobs(f"file:{folder}")
    folder.rmdir()
    folder.write_text("no folder any more")
    with pytest.raises(StorageUnavailable):
        await blobs.put(b"something")
