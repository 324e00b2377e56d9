"""Somebody on Matrix whose client encrypts, in a process of its own: nio's AsyncClient, told what to do line by line.

The bot uses nio's Olm machine too, but neither its client nor its store. `python -m tests.support.sealed URL USER
DEVICE TOKEN FOLDER` reads {"do": ..., ...} from its input and answers each with one line.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.support.synapse import Registered, Synapse

ROOT = Path(__file__).parents[2]
LONGEST_LINE = 2**24  # all that was said in a room


class Sealed:
    """Our end of such a client."""

    def __init__(self, process: "asyncio.subprocess.Process", account: Registered) -> None:
        self.process, self.user_id = process, account.user_id

    async def do(self, what: str, **how: Any) -> Any:
        """Let the client do something; its answer."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": what, **how}).encode() + b"\n")
        line = await asyncio.wait_for(self.process.stdout.readline(), 60)
        assert line, "the client ended: see its output"
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer["ok"]

    async def read(self, room: str) -> list[dict[str, Any]]:
        """Everything that was said in a room and could be decrypted, oldest first."""
        await self.do("sync")
        return list(await self.do("read", room=room))


@asynccontextmanager
async def a_sealed_client(synapse: Synapse, account: Registered, folder: Path) -> AsyncIterator[Sealed]:
    """A client of an account, for as long as the block lasts; it keeps its keys in `folder`."""
    folder.mkdir(exist_ok=True)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.sealed", synapse.url, account.user_id, account.device_id, account.token,
        str(folder), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=ROOT, limit=LONGEST_LINE,
    )  # fmt: skip
    try:
        yield Sealed(process, account)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


class Client:
    """The far end."""

    def __init__(self, url: str, user: str, device: str, token: str, folder: str) -> None:
        from nio import AsyncClient, AsyncClientConfig, Event

        self.nio = AsyncClient(url, user, device, folder, AsyncClientConfig(encryption_enabled=True))
        self.nio.restore_login(user, device, token)
        self.said: dict[str, list[dict[str, Any]]] = {}
        self.nio.add_event_callback(self._hear, Event)  # type: ignore[arg-type]

    async def _hear(self, room: Any, event: Any) -> None:
        content = event.source.get("content", {})
        said = {"event": event.event_id, "sender": event.sender, "type": event.source.get("type"), "content": content}
        self.said.setdefault(room.room_id, []).append({**said, "sealed": not event.decrypted})

    async def sync(self) -> bool:
        """Read what is new, and do what that asks of a client."""
        await self.nio.sync(timeout=300, full_state=self.nio.next_batch is None or not self.nio.rooms)
        if self.nio.should_upload_keys:
            await self.nio.keys_upload()
        if self.nio.should_query_keys:
            await self.nio.keys_query()
        await self.nio.send_to_device_messages()
        return True

    async def make_room(self, invite: list[str], direct: bool = True, version: str = "11") -> str:
        """An encrypted room."""
        how = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
        made = await self.nio.room_create(invite=invite, is_direct=direct, initial_state=[how], room_version=version)
        await self.sync()
        return str(made.room_id)  # type: ignore[union-attr]

    async def join(self, room: str) -> bool:
        """Accept an invitation."""
        await self.nio.join(room)
        return await self.sync()

    async def send(self, room: str, content: dict[str, Any], kind: str = "m.room.message") -> str:
        """Say something, so that every device there can read it."""
        sent = await self.nio.room_send(room, kind, content, ignore_unverified_devices=True)
        return str(sent.event_id)  # type: ignore[union-attr]

    async def send_file(self, room: str, name: str, mime: str, data: str) -> str:
        """Send an encrypted file (`data` in latin-1)."""
        from io import BytesIO

        plain = data.encode("latin-1")
        put, how = await self.nio.upload(BytesIO(plain), mime, name, encrypt=True, filesize=len(plain))
        file = {**(how or {}), "url": put.content_uri}  # type: ignore[union-attr]
        info = {"mimetype": mime, "size": len(plain)}
        return await self.send(room, {"msgtype": "m.file", "body": name, "filename": name, "file": file, "info": info})

    async def open_file(self, content: dict[str, Any]) -> str:
        """The bytes of an encrypted file, in latin-1."""
        from nio.crypto.attachments import decrypt_attachment

        file = content["file"]
        got = await self.nio.download(file["url"])
        plain = decrypt_attachment(got.body, file["key"]["k"], file["hashes"]["sha256"], file["iv"])  # type: ignore
        return bytes(plain).decode("latin-1")

    async def hide_key(self, room: str, hide: str) -> bool:
        """The next key of a room is not told to one user, as if the message with it came late."""
        from nio import ToDeviceMessage

        olm = self.nio.olm
        assert olm is not None
        olm.outbound_group_sessions.pop(room, None)
        self.held: list[Any] = []
        share = olm.share_group_session_parallel

        def without(*args: Any, **named: Any) -> Any:
            for shared, messages in share(*args, **named):
                held = messages["messages"].pop(hide, {})
                self.held += [ToDeviceMessage("m.room.encrypted", hide, device, what) for device, what in held.items()]
                yield shared, messages

        olm.share_group_session_parallel = without  # type: ignore[method-assign]
        self.shown_again = lambda: setattr(olm, "share_group_session_parallel", share)
        return True

    async def give_key(self) -> bool:
        """Now the key that was held back is sent."""
        self.shown_again()
        for message in self.held:
            await self.nio.to_device(message)
        return True

    async def read(self, room: str) -> list[dict[str, Any]]:
        """What was heard in a room."""
        return self.said.get(room, [])


async def main() -> None:
    """Do what the input says."""
    client, loop = Client(*sys.argv[1:]), asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        asked = json.loads(line)
        try:
            answer = {"ok": await getattr(client, asked.pop("do"))(**asked)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)
    await client.nio.close()


if __name__ == "__main__":
    asyncio.run(main())
