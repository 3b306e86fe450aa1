"""Every command that a page shows does what the page says.

A ```console block holds `$ dibs ...` lines, each followed by what it prints; a line `...` stands for any number of lines.
The blocks of one page run one after the other in one folder that holds a copy of `examples/`.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DIBS = Path(sys.executable).with_name("dibs")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "examples").rglob("*.md"))]


def sessions(page: Path) -> list[tuple[str, list[str]]]:
    """(command, expected lines) in the order of the page."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"^```console\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            elif found:
                found[-1][1].append(line.rstrip())
    return [(command, expected) for command, expected in found if command.startswith("dibs ")]


def matches(expected: list[str], printed: list[str]) -> bool:
    """Whether the printed lines are the expected ones, `...` standing for any number of them."""
    if not expected:
        return not printed
    if expected[0] == "...":
        return any(matches(expected[1:], printed[skip:]) for skip in range(len(printed) + 1))
    return bool(printed) and expected[0] == printed[0] and matches(expected[1:], printed[1:])


@pytest.mark.slow
@pytest.mark.parametrize("page", [p for p in PAGES if sessions(p)], ids=lambda p: p.relative_to(ROOT).as_posix())
def test_the_commands_of_a_page_print_what_it_says(page, tmp_path):
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    env = {**os.environ, "COLUMNS": "120", "NO_COLOR": "1", "TERM": "dumb", "HOME": str(tmp_path)}
    for command, expected in sessions(page):
        line, _, target = command.partition(" > ")
        run = subprocess.run([DIBS, *shlex.split(line)[1:]], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        if target:
            (tmp_path / target).write_text(run.stdout)
        assert run.returncode in {0, 1}, f"$ {command}\n{run.stderr}"
        printed = [] if target else [text.rstrip() for text in run.stdout.splitlines()]
        if expected:
            assert matches(expected, printed), f"$ {command}\nexpected:\n" + "\n".join(expected) + "\nprinted:\n" + "\n".join(printed)


def test_the_readme_shows_commands():
    assert sessions(ROOT / "README.md")
