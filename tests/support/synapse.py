"""A real Matrix homeserver for the tests: Synapse, in its own virtual environment, on 127.0.0.1 and SQLite in memory.

Started once for each set of limits, gone when the tests are. No federation: it talks to nobody.
"""

import hashlib
import hmac
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from tests.support.memory import fast_folder

PYTHON = Path(__file__).parents[2] / ".venv" / "synapse" / "bin" / "python"
SERVER_NAME = "localhost"
SECRET = "known to the tests"
# The shell that holds the server ends it when our end of the pipe closes, so a killed test run leaves nothing behind.
KEEPER = '"$@" & server=$!; read -r _; kill -TERM $server; wait $server; rm -rf "$GONGFANG_SYNAPSE_DIR"'
SETTINGS = """
server_name: {name}
public_baseurl: http://127.0.0.1:{port}/
pid_file: {folder}/homeserver.pid
listeners:
  - {{port: {port}, type: http, tls: false, x_forwarded: true, bind_addresses: [127.0.0.1],
     resources: [{{names: [client], compress: false}}]}}
database: {{name: sqlite3, args: {{database: {folder}/homeserver.db}}}}
log_config: {folder}/log.yaml
media_store_path: {folder}/media
registration_shared_secret: {secret}
macaroon_secret_key: {secret}
form_secret: {secret}
signing_key_path: {folder}/signing.key
report_stats: false
trusted_key_servers: []
suppress_key_server_warning: true
federation_domain_whitelist: []
presence: {{enabled: false}}
max_upload_size: {upload}
bcrypt_rounds: 4
"""
NO_LIMIT = "{per_second: 100000, burst_count: 100000}"
LIFTED = "\n".join(
    [f"{name}: {NO_LIMIT}" for name in (
        "rc_message", "rc_registration", "rc_admin_redaction", "rc_joins_per_room", "rc_room_creation",
        "rc_media_create", "rc_third_party_invite", "rc_key_requests",
    )]
    + [f"rc_login: {{address: {NO_LIMIT}, account: {NO_LIMIT}, failed_attempts: {NO_LIMIT}}}"]
    + [f"rc_joins: {{local: {NO_LIMIT}, remote: {NO_LIMIT}}}"]
    + [f"rc_invites: {{per_room: {NO_LIMIT}, per_user: {NO_LIMIT}, per_issuer: {NO_LIMIT}}}"]
)  # fmt: skip
# of synapse/http/site.py: Processed request: ... 57B 200 "GET /path HTTP/1.1" "agent" [0 dbevts]
REQUEST = re.compile(r' \d+B (\d+)!? "(\w+) (\S+) HTTP')
LOG = """
version: 1
formatters: {{plain: {{format: '%(asctime)s %(name)s %(levelname)s %(message)s'}}}}
handlers:
  file: {{class: logging.FileHandler, formatter: plain, filename: {folder}/log}}
  requests: {{class: logging.FileHandler, formatter: plain, filename: {folder}/requests}}
loggers: {{synapse.access: {{level: {access}, handlers: [requests], propagate: false}}}}
root: {{level: WARNING, handlers: [file]}}
"""


@dataclass(frozen=True)
class Registered:
    """An account that was just made: nobody had to sign in."""

    user_id: str
    device_id: str
    token: str
    password: str


@dataclass(frozen=True)
class Synapse:
    """A running homeserver."""

    url: str
    folder: Path

    def requests(self, user_id: str) -> list[tuple[str, str, int]]:
        """(method, path, status) of everything that an account asked, when requests are written down."""
        lines = (self.folder / "requests").read_text().splitlines()
        found = [REQUEST.search(line) for line in lines if f"{{{user_id}}}" in line]
        return [(one[2], one[3], int(one[1])) for one in found if one is not None]

    def register(self, name: str, admin: bool = False, password: str = "", called: str = "") -> Registered:
        """Make an account, `called` so by others. This way has no limits and needs no client."""
        path, password = "/_synapse/admin/v1/register", password or f"{name}'s password"
        with httpx2.Client(base_url=self.url) as http:
            nonce = http.get(path).json()["nonce"]
            words = [nonce, name, password, "admin" if admin else "notadmin"]
            mac = hmac.new(SECRET.encode(), "\0".join(words).encode(), hashlib.sha1).hexdigest()
            fields = {"nonce": nonce, "username": name, "password": password, "admin": admin, "mac": mac}
            fields |= {"displayname": called} if called else {}
            made = http.post(path, json=fields).raise_for_status().json()
        return Registered(made["user_id"], made["device_id"], made["access_token"], password)


@contextmanager
def running_synapse(lifted: bool = True, upload: str = "50M", port: int = 0, more: str = "",
                    write_down: bool = False) -> Iterator[Synapse]:  # fmt: skip
    """A homeserver for as long as the block lasts: without limits, or with those it has when nobody touches them.

    `port` 0 takes a free one; `more` is added to its settings (YAML); `write_down`: every request (`requests`).
    """
    if not PYTHON.exists():
        raise RuntimeError("The Matrix homeserver of the tests is not installed: `.ci/setup synapse` installs it.")
    with fast_folder("gongfang-synapse-") as folder:
        port = port or _free_port()
        settings = SETTINGS.format(name=SERVER_NAME, port=port, folder=folder, secret=SECRET, upload=upload)
        (folder / "homeserver.yaml").write_text(f"{settings}{LIFTED if lifted else ''}\n{more}\n")
        (folder / "log.yaml").write_text(LOG.format(folder=folder, access="INFO" if write_down else "WARNING"))
        quiet = {"stdin": subprocess.DEVNULL, "capture_output": True, "check": True}
        subprocess.run([PYTHON.with_name("generate_signing_key"), "-o", folder / "signing.key"], **quiet)
        server = [PYTHON, "-m", "synapse.app.homeserver", "-c", folder / "homeserver.yaml"]
        with (folder / "output").open("wb") as output:
            keeper = subprocess.Popen(
                ["sh", "-c", KEEPER, "sh", *server], stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT,
                # a Ctrl-C is for the tests; they tell the server themselves
                start_new_session=True, env={**os.environ, "GONGFANG_SYNAPSE_DIR": str(folder)}, cwd=folder,
            )  # fmt: skip
        try:
            yield Synapse(_wait_until_ready(port, folder, keeper), folder)
        finally:
            keeper.communicate(timeout=60)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _wait_until_ready(port: int, folder: Path, keeper: "subprocess.Popen[bytes]") -> str:
    url, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 90
    while time.monotonic() < deadline and keeper.poll() is None:
        try:
            if httpx2.get(f"{url}/health").status_code == 200:
                return url
        except httpx2.TransportError:
            time.sleep(0.05)
    files = [folder / name for name in ("output", "log")]
    said = "\n".join(file.read_text(errors="replace") for file in files if file.exists())
    raise RuntimeError(f"Synapse did not start:\n{said[-3000:]}")
