"""Run every benchmark of this folder and print one table: `python -m bench [--json] [NAME ...]`."""

from __future__ import annotations

import dataclasses
import importlib
import json
import platform
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.measure import Row

HERE = Path(__file__).parent


def main(arguments: list[str]) -> int:
    """Run those that are named, or all."""
    as_json = "--json" in arguments
    wanted = [a for a in arguments if not a.startswith("-")]
    names = [path.stem.removeprefix("bench_") for path in sorted(HERE.glob("bench_*.py"))]
    unknown = [name for name in wanted if name not in names]
    if unknown:
        print(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(names)}", file=sys.stderr)
        return 2
    rows: dict[str, list[Row]] = {}
    for name in wanted or names:
        started = time.perf_counter()
        print(f"{name} ...", end=" ", file=sys.stderr, flush=True)
        rows[name] = list(importlib.import_module(f"bench.bench_{name}").measure())
        print(f"{time.perf_counter() - started:.0f} s", file=sys.stderr)
    if as_json:
        document = {name: [dataclasses.asdict(row) | {"ratio": row.ratio, "met": row.met} for row in found] for name, found in rows.items()}
        print(json.dumps(document, indent=2))
    else:
        print(f"Python {platform.python_version()}, {platform.machine()}; candidates of a row take turns in one process, so trust the ratios\n")
        print(table(rows))
    return 0


def table(rows: dict[str, list[Row]]) -> str:
    """All rows as aligned text."""
    head = ("", "dibs", "peer", "", "ratio", "aim", "")
    lines: list[tuple[str, ...]] = [head]
    for name, found in rows.items():
        lines.append((name, *[""] * 6))
        for row in found:
            peer = number(row.peer, row.unit) if row.peer is not None else ""
            ratio = f"{row.ratio:,.1f} x" if row.ratio is not None and row.ratio < 10 else f"{row.ratio:,.0f} x" if row.ratio is not None else ""
            aim = "" if row.aim is None else f"{row.aim:g} x" if row.ratio is not None else number(row.aim, row.unit)
            met = {True: "met", False: "missed", None: ""}[row.met]
            lines.append((f"  {row.what}", number(row.ours, row.unit), peer, row.peer_name, ratio, aim, met))
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    text = [
        "  ".join(cell.ljust(w) if n in {0, 3, 6} else cell.rjust(w) for n, (cell, w) in enumerate(zip(line, widths, strict=True))).rstrip()
        for line in lines
    ]
    notes = [f"  {row.what}: {row.note}" for found in rows.values() for row in found if row.note]
    return "\n".join([*text, *(["", "notes", *notes] if notes else [])])


def number(value: float, unit: str) -> str:
    """A figure with its unit, as many digits as mean something."""
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
