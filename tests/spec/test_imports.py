"""What the package imports is what it says it needs: a plain installation has nothing else."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def needed(requirements):
    """The names, as packages are compared, of a list of requirements."""
    return {re.match(r"[A-Za-z0-9._-]+", text)[0].lower().replace("_", "-") for text in requirements}


def imported(path):
    """The top-level packages that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_everything_imported_is_a_dependency_that_is_declared():
    declared = needed(PROJECT["dependencies"]) | needed(text for extra in PROJECT["optional-dependencies"].values() for text in extra)
    belongs = metadata.packages_distributions()
    strangers = {}
    for path in sorted((ROOT / "src").rglob("*.py")):
        for name in imported(path):
            if name == "dibs" or name in sys.stdlib_module_names:
                continue
            packages = {package.lower().replace("_", "-") for package in belongs.get(name, [name])}
            if not packages & declared:
                strangers.setdefault(name, path.relative_to(ROOT).as_posix())
    assert strangers == {}
