"""`python -m tests.emulators.telegram` (`make emulator`): the emulator alone, with a page to play people on."""

import argparse
import asyncio
import contextlib

from tests.emulators.telegram import Emulator, Limits, World, add_person
from tests.emulators.telegram.null import start_null_server
from tests.emulators.telegram.page import Page

TOKEN = "7000000001:AAemulatedTokenOfNoUseAnywhereElse0"
# people of the sample county: the host of its reading workshop, and two members
CAST = [("沈雨桐", "shen_yutong"), ("何思齐", "he_siqi"), ("吕佳禾", "lv_jiahe")]


async def serve(port: int, limits: bool, username: str) -> None:
    """Run until interrupted."""
    world = World()
    bot = world.add_bot(username, "工坊", TOKEN)
    for name, nick in CAST:
        add_person(world, name, nick)
    async with Emulator(world, Limits(on=limits), port) as emulator:
        emulator.page = Page(world, bot)
        print(f"Telegram, emulated: {emulator.api_base}/ (open it to play people)\n")
        print("For config.toml:\n")
        print(f'[telegram]\ntoken = "{bot.token}"\napi_base = "{emulator.api_base}"\n', flush=True)
        await asyncio.Event().wait()


async def serve_nothing(port: int) -> None:
    """Run the null server until interrupted."""
    server, address = await start_null_server(port)
    print(address, flush=True)
    async with server:
        await server.serve_forever()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m tests.emulators.telegram", description=__doc__)
    parser.add_argument("--port", type=int, default=8081, help="8081; 0: any free one")
    parser.add_argument("--username", default="gongfang_bot", help="of the bot")
    parser.add_argument("--no-limits", action="store_true", help="without flood limits")
    parser.add_argument("--null", action="store_true", help="answer every call at once and do nothing (benchmarks)")
    chosen = parser.parse_args()
    alone = not chosen.null
    serving = serve(chosen.port, not chosen.no_limits, chosen.username) if alone else serve_nothing(chosen.port)
    with contextlib.suppress(KeyboardInterrupt):
        try:
            asyncio.run(serving)
        except OSError as error:
            raise SystemExit(f"Port {chosen.port} is not free ({error.strerror}); choose another: --port 0") from error


if __name__ == "__main__":
    main()
