"""`python -m benchmarks [NAME...]`: run all measurements or some; prints ratios (docs/benchmarks.md keeps a run).

`county_day` takes a quarter of an hour and runs only when it is named.
"""

import sys
from importlib import import_module

NAMES = (
    "inbound", "steps", "webhook", "delivery", "senders", "queueing", "due", "history", "memory", "mirror", "process",
)  # fmt: skip


def main() -> None:
    """Run the named measurements (default: all) and print a table of their ratios."""
    rows = [row for name in sys.argv[1:] or NAMES for row in import_module(f"benchmarks.{name}").run()]
    print("\n| what | ratio | against |\n|---|---|---|")
    for what, unit, ratio in rows:
        print(f"| {what} | {ratio:.2f} | {unit} |")


main()
