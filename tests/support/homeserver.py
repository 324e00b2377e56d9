"""`python -m tests.support.homeserver` (`make homeserver`): a Matrix homeserver to try things out on."""

import argparse
import contextlib
import signal
import socket

from tests.support.synapse import PYTHON, Synapse, running_synapse

BOT = ("gongfang", "工坊")
# people of the sample county, who can be invited and sign in: a cohost of its reading workshop, and members
CAST = [("cheng", "程远舟"), ("zhou", "周明月"), ("tang", "唐书瑶")]
PASSWORD = "try-gongfang"  # of everybody: only this machine reaches the homeserver, and nothing on it lasts
# apps from before 2025 (Debian 12 has one) fetch files without saying who they are, and know rooms up to version 10
SETTINGS = "enable_authenticated_media: false\ndefault_room_version: '10'"


def serve(port: int, limits: bool) -> None:
    """Run until interrupted."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt), running_synapse(not limits, port=port, more=SETTINGS) as synapse:
        describe(synapse)
        signal.pause()


def describe(synapse: Synapse) -> None:
    """Make the accounts; say how people sign in and what gongfang is told."""
    bot = synapse.register(BOT[0], password=PASSWORD, called=BOT[1])
    print(f"Matrix, on this machine only: {synapse.url}\n")
    print("Sign in with any Matrix app that lets you choose the homeserver:\n")
    for name, called in CAST:
        print(f"  {called}  {synapse.register(name, password=PASSWORD, called=called).user_id}  password {PASSWORD}")
    print(f"\nInvite the bot: {bot.user_id}\n\nFor config.toml:\n")
    print(f'[matrix]\nhomeserver = "{synapse.url}"\nuser_id = "{bot.user_id}"\npassword = "{PASSWORD}"\n', flush=True)


def is_free(port: int) -> bool:
    """Whether the homeserver can have this port."""
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) != 0


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.homeserver", description=__doc__)
    parser.add_argument("--port", type=int, default=8008, help="8008; 0: any free one")
    parser.add_argument("--limits", action="store_true", help="with the limits of a homeserver that nobody touched")
    chosen = parser.parse_args()
    if not PYTHON.exists():
        raise SystemExit("Synapse is not installed: `.ci/setup synapse` installs it, and says what is in the way.")
    if chosen.port and not is_free(chosen.port):
        raise SystemExit(f"Port {chosen.port} is not free; choose another: --port 0")
    serve(chosen.port, chosen.limits)


if __name__ == "__main__":
    main()
