"""Finding a Chromium for the browser tests; `make browser` installs one the way the machine allows."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# root may not use the sandbox; the rest keeps the browser from calling home, which would look like our request
ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
MISSING = """No Chromium was found, so the browser tests cannot run. One of these helps:
  - make browser                          (tries the following two)
  - apt-get install chromium              (Debian, as root; Fedora: dnf install chromium)
  - .venv/bin/playwright install chromium --with-deps
  - CHROMIUM=/path/to/chrome make test    (any Chromium or Chrome)"""


class NoChromium(Exception):
    """There is no Chromium here; the message says what to install."""


@cache
def find_chromium() -> Path:
    """The first Chromium that really starts: $CHROMIUM, the system's, Playwright's own. Raises NoChromium."""
    for candidate in _candidates():
        if _starts(candidate):
            return candidate
    raise NoChromium(MISSING)


def _candidates() -> Iterator[Path]:
    if named := os.environ.get("CHROMIUM"):
        yield Path(named)
    for name in NAMES:
        if found := shutil.which(name):
            yield Path(found)
    # only now, because starting Playwright to ask it takes a second
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield Path(playwright.chromium.executable_path)


def _starts(path: Path) -> bool:
    """Whether it is a browser and not, say, Ubuntu's stand-in that only asks for a snap."""
    try:
        asked = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0 and "Chrom" in asked.stdout


if __name__ == "__main__":
    try:
        print(find_chromium())
    except NoChromium as missing:
        sys.exit(str(missing))
