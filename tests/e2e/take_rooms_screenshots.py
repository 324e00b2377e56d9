"""Take the pictures of docs/*/county-on-matrix.md and docs/*/telegram-group.md: `make screenshots`."""

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.e2e.take_platform_screenshots import of_page, smaller
from tests.e2e.take_screenshots import TO, afternoon
from tests.support.nheko import Nheko, a_nheko, missing
from tests.support.product import AWAKE
from tests.support.rooms_walk import county_on_matrix, group_on_telegram
from tests.support.three import Matrix, three_platforms


async def main() -> int:
    """Take all of them; 1 when a program for those of Matrix is missing."""
    if lacking := missing():
        print(f"The pictures of Matrix lack {', '.join(lacking)} (apt-get install nheko xvfb xdotool)", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        AWAKE["GONGFANG_TIME__ZONE"] = afternoon()
        async with three_platforms(folder) as three:
            cheng = three.cheng
            async with a_nheko(cheng.account, str(cheng.http.base_url).rstrip("/"), folder / "nheko") as nheko:
                await county_on_matrix(three, lambda what, of: keep(what, of, nheko))
                await group_on_telegram(three, lambda what, of: keep(what, of, nheko))
    return 0


async def keep(what: str, of: Any, nheko: Nheko) -> None:
    """The picture of one moment."""
    path = TO / f"{what}.png"
    if isinstance(of, Matrix):
        await nheko.picture(of.room, path)
    else:
        await of_page(of.telegram.page if what.startswith("telegram") else of.page, path)
    smaller(path)
    print(f"{path.name:28} {path.stat().st_size // 1000:4} kB")


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
