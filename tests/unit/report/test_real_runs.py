"""The report of what the simulator really leaves, and that the made-up run of the other tests has the same shape."""

from __future__ import annotations

import csv
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dibs.cli.money import settled_run
from dibs.report import build
from dibs.settle.tables import tables
from dibs.simulate.run import run
from dibs.simulate.scenario import load
from dibs.simulate.tables import COLUMNS, write

if TYPE_CHECKING:
    from datetime import date

EXAMPLES = Path(__file__).parents[3] / "examples"


class Links(HTMLParser):
    """Names, and the links that lead to them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.links: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        found = {key: value or "" for key, value in attrs}
        self.names.add(found.get("id", ""))
        if found.get("href", "").startswith("#"):
            self.links.add(found["href"][1:])


def report_of(example: str, folder: Path, *, variant: str | None = None, until: date | None = None) -> str:
    """The page of a run that was settled, as `dibs run` settles it."""
    left = write(run(load(EXAMPLES / example), variant=variant, until=until, judged=False), folder)
    settled = settled_run(str(left))
    for name, text in tables(settled.settlement, settled.zone).items():
        (left / "tables" / f"{name}.csv").write_text(text, encoding="utf-8", newline="")
    return build(left).read_text(encoding="utf-8")


@pytest.mark.parametrize(("example", "variant"), [("harbour", None), ("stargate", None), ("stargate", "exclusive")])
def test_every_mark_of_a_real_report_leads_to_its_row(example: str, variant: str | None, tmp_path: Path) -> None:
    text = report_of(example, tmp_path, variant=variant)
    page = Links(text)
    assert page.links <= page.names
    assert len(text.encode()) < 1_000_000
    assert "it was not settled" not in text
    assert ">None<" not in text


def test_a_run_that_stops_before_anything_happens_still_gives_a_report(tmp_path: Path) -> None:
    scenario = load(EXAMPLES / "stargate")
    text = report_of("stargate", tmp_path, until=scenario.file.horizon.from_.replace(day=scenario.file.horizon.from_.day + 1))
    assert "Nobody had to be asked first in this run." in text
    assert "in this run nobody gave it any" in text


def test_the_made_up_run_has_the_columns_of_a_real_one(run_dir: Path) -> None:
    for name, columns in COLUMNS.items():
        with (run_dir / "tables" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            assert next(csv.reader(file)) == list(columns), name
