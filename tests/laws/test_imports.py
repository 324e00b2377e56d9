"""Who may import whom: the contracts of pyproject.toml, and what they cannot say."""

import ast
import subprocess
import sys

import pytest

from tests.laws.source import PRODUCT, ROOT, files, name, tree


def test_import_contracts_are_kept() -> None:
    command = "from importlinter.cli import lint_imports_command as check; check()"
    checked = subprocess.run(
        [sys.executable, "-c", command, "--no-logo", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if checked.returncode:
        pytest.fail(checked.stdout + checked.stderr, pytrace=False)


def test_every_package_has_an_init_file() -> None:
    """Without one the import contracts do not see the folder. Alembic reads its own folder itself."""
    folders = {path.parent for path in files(".py", folders=PRODUCT) if "migrations" not in path.parts}
    missing = [name(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()]
    if missing:
        pytest.fail(f"Add an __init__.py with a line about the package to: {', '.join(missing)}", pytrace=False)


def test_platform_folders_do_not_know_each_other() -> None:
    found = []
    for path in files(".py", folders=("bot/platforms",)):
        home = path.relative_to(ROOT / "bot" / "platforms").parts[0]
        for line, module in _imported(tree(path)):
            platform = module.removeprefix("bot.platforms.").split(".")[0]
            folder = (ROOT / "bot" / "platforms" / platform).is_dir()
            if module.startswith("bot.platforms.") and folder and platform != home and home != "__init__.py":
                found.append(f"{name(path)}:{line} imports {module}")
    if found:
        advice = "A platform may be missing or broken without the others noticing: put what both need beside base.py."
        pytest.fail("\n".join([advice, *found]), pytrace=False)


def test_capabilities_use_each_others_services_only() -> None:
    found = []
    for path in files(".py", folders=("api",)):
        parts = path.relative_to(ROOT).parts
        for line, module in _imported(tree(path)):
            there = module.split(".")
            foreign = len(parts) > 2 and len(there) > 2 and there[0] == "api" and there[1] != parts[1]
            if foreign and there[2] in ("routes", "jobs"):
                found.append(f"{name(path)}:{line} imports {module}")
    if found:
        advice = "Call the other capability's service; its routes and jobs are faces of that service."
        pytest.fail("\n".join([advice, *found]), pytrace=False)


def _imported(module: ast.Module) -> list[tuple[int, str]]:
    """Every imported thing as (line, dotted name); `from a import b` counts as a.b."""
    found = []
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found += [(node.lineno, f"{node.module}.{alias.name}") for alias in node.names]
    return found
