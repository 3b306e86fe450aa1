"""The pages about money say the figures of the tables, and say so when a figure does not exist."""

from __future__ import annotations

import csv
import shutil
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from dibs.report import money
from dibs.report.folder import RunFolder
from dibs.report.palette import Palette
from dibs.report.timeline import Timeline

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def run(run_dir: Path) -> RunFolder:
    return RunFolder.read(run_dir)


@pytest.fixture(scope="module")
def axis(run: RunFolder) -> Timeline:
    return Timeline.of(run)


def with_rows(run: RunFolder, name: str, rows: list[dict[str, str]]) -> RunFolder:
    return replace(run, tables={**run.tables, name: tuple(rows)})


def owed(year: str, payer: str, payee: str, value: str, kind: str = "charge") -> dict[str, str]:
    return {"year": year, "payer": payer, "payee": payee, "kind": kind, "amount": value, "currency": "USD"}


def test_money_is_counted_when_it_is_owed_and_not_again_when_it_is_paid(run: RunFolder) -> None:
    rows = [owed("2025", "aster", "borealis", "30e9"), owed("2025", "aster", "borealis", "30e9", "payment")]
    view = money.flows(with_rows(run, "money_flows", rows), Palette.of(run))
    assert view
    assert [(year.year, year.total) for year in view.years] == [("2025", "30 bn")]
    assert view.caption == "Aster Labs owes 30 bn USD in 2025: Borealis Cloud gets 30 bn (100 %)."


def test_ribbons_are_as_wide_as_the_money_in_every_year_alike(run: RunFolder) -> None:
    rows = [owed("2025", "aster", "borealis", "10e9"), owed("2026", "aster", "borealis", "40e9")]
    view = money.flows(with_rows(run, "money_flows", rows), Palette.of(run))
    assert view

    def width(path: str) -> float:
        return float(path.split("V")[1].split("C", maxsplit=1)[0]) - float(path.split("100 ")[1].split("V", maxsplit=1)[0])

    assert [round(width(year.ribbons[0].path)) for year in view.years] == [round(money.TALLEST / 4), money.TALLEST]


def test_small_parties_are_drawn_as_one_and_named_as_others(run: RunFolder) -> None:
    view = money.flows(run, Palette.of(run))
    assert view
    assert [ink.name for ink in view.parties][-1] == "2 others"
    assert len(view.parties) == money.PARTIES_MAX + 1
    assert max(len(year.payees) for year in view.years) <= money.PARTIES_MAX + 1
    assert len({ink.letter for ink in view.parties}) == len(view.parties)
    assert "flows the other way, all of it from Heron Chips (900 million, mostly investment)" in view.caption


@pytest.mark.parametrize("wanted", [[10, 11, 12], [95, 96, 97], [50, 50, 50, 50], [5, 80], [8, 60, 61, 62]])
def test_labels_keep_apart_in_their_order_and_inside(wanted: list[float]) -> None:
    places = money._apart(wanted, 100)
    assert all(later - earlier >= money.LABEL - 1e-9 for earlier, later in pairwise(places))
    assert money.LABEL / 2 <= places[0] <= places[-1] <= 100 - money.LABEL / 2


def test_a_commitment_that_falls_short_says_on_which_day_and_by_how_much(run: RunFolder, axis: Timeline) -> None:
    view = money.burndown(run, axis)
    assert view
    short, unknown = view.commitments
    assert short.short_says == "falls short on 1 Feb 2028 by 3 bn"
    assert axis.day(short.short_x or 0).isoformat() == "2028-02-01"
    assert [(span.status, span.text) for span in short.spans] == [("on_track", "on track"), ("shortfall", "falls short on 1 Feb 2028")]
    assert "It falls short on 1 Feb 2028: what is reserved comes to 9 bn." in view.caption
    assert not unknown.known
    assert unknown.due_path == unknown.forecast_path == unknown.caption == ""


def test_what_was_missing_and_paid_for_is_said_with_the_credit_that_is_left(run: RunFolder, axis: Timeline) -> None:
    rows = [dict(row) for row in run.table("burndown") if row["status"] != "unknown"]
    for credit, said in (("3000000000.00", "all of it is credit"), ("1000000000.00", "1 bn of it is credit"), ("0.00", "no credit is left of it")):
        rows[-1] |= {"cumulative": "12000000000.00", "shortfalls": "3000000000.00", "credit": credit}
        view = money.burndown(with_rows(run, "burndown", rows), axis)
        assert view
        assert "It fell short on 1 Feb 2028. 3 bn of what counts was missing and paid for all the same" in view.caption
        assert said in view.caption
        assert view.commitments[0].short_says.startswith("fell short on 1 Feb 2028")
        assert "3 bn of it missing, paid for" in view.commitments[0].tail


def test_a_commitment_of_unknown_size_is_said_to_be_so(run: RunFolder, axis: Timeline) -> None:
    rows = [dict(row) for row in run.table("burndown") if row["status"] == "unknown"]
    view = money.burndown(with_rows(run, "burndown", rows), axis)
    assert view
    assert view.caption == "1 commitment, of a size that was never published."


def test_the_month_in_which_a_cap_bites_and_the_last_payment_are_those_of_the_table(run: RunFolder, run_dir: Path, axis: Timeline) -> None:
    view = money.shares(run, axis)
    assert view
    with (run_dir / "tables" / "share.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    first_cut = next(row["month"] for row in rows if float(row["cut"]))
    last_paid = [row["month"] for row in rows if float(row["paid"])][-1]
    (one,) = view.shares
    assert axis.day(one.bites or 0).isoformat() == first_cut == "2029-12-01"
    assert axis.day(one.last or 0).isoformat() == last_paid == "2029-11-01"
    assert "The cap leaves 3 bn from Oct 2025 on and bites in Dec 2029; the last payment under it is for Nov 2029." in view.caption
    assert one.left_tail == ("cap 3 bn", "nothing left")


def test_a_programme_that_builds_more_than_is_funded_says_so(run: RunFolder, axis: Timeline) -> None:
    view = money.funding(run, axis)
    assert view
    (one,) = view.programmes
    assert one.unfunded_path
    assert "From Jul 2028 on more is built than is funded, 30 bn in the end; 60 bn of the 100 bn intended is promised by nobody." in view.caption


def test_a_run_without_tables_of_money_has_no_pictures_of_it(run_dir: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(run_dir, tmp_path / "run")
    for name in ("money_flows", "burndown", "share", "funding"):
        (folder / "tables" / f"{name}.csv").unlink()
    run = RunFolder.read(folder)
    axis = Timeline.of(run)
    assert money.flows(run, Palette.of(run)) is None
    assert money.burndown(run, axis) is None
    assert money.shares(run, axis) is None
    assert money.funding(run, axis) is None
    assert money.pictures(None, None, None) == {}
