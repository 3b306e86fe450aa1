from __future__ import annotations

import csv
import json
import re
import shutil
from datetime import date
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from dibs.errors import DibsError
from dibs.report import build, building, capacity, force, headline, matrix, offers, proof, shortage, suppliers, verdicts
from dibs.report.folder import RunFolder
from dibs.report.palette import GREY, HUES, Palette
from dibs.report.tables import INLINE_MAX, ROWS_MAX, Table
from dibs.report.timeline import Timeline

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType


class Page(HTMLParser):
    """What a browser would see: ids, links to them, tags, and every address that could be loaded."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.anchors: set[str] = set()
        self.loads: list[str] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {key: value or "" for key, value in attrs}
        if "id" in found:
            self.ids.append(found["id"])
        if tag == "a" and found.get("href", "").startswith("#"):
            self.anchors.add(found["href"][1:])
        self.loads += [found[key] for key in ("src", "data", "poster", "srcset") if key in found]
        if tag == "link":
            self.loads.append(found["href"])
        if tag not in {"meta", "link", "input", "br", "img", "path"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == "path":
            return
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


@pytest.fixture(scope="module")
def run(run_dir: Path) -> RunFolder:
    return RunFolder.read(run_dir)


@pytest.fixture(scope="module")
def text(run_dir: Path) -> str:
    return build(run_dir).read_text(encoding="utf-8")


@pytest.fixture
def folder(run_dir: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return shutil.copytree(run_dir, tmp_path / "run")


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "tables" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_report_is_one_file_that_loads_nothing(text: str) -> None:
    page = Page(text)
    assert page.loads == ["data:,"]
    assert not page.wrong
    assert not page.open
    assert "http:" not in text
    assert "https:" not in text
    assert "@import" not in text
    assert "url(" not in text


def test_the_report_is_under_a_megabyte(run_dir: Path) -> None:
    assert build(run_dir).stat().st_size < 1_000_000


def test_the_same_run_gives_the_same_report(run_dir: Path, text: str) -> None:
    assert build(run_dir).read_text(encoding="utf-8") == text


def test_no_name_stands_twice_and_every_mark_leads_somewhere(text: str) -> None:
    page = Page(text)
    assert len(page.ids) == len(set(page.ids))
    assert page.anchors <= set(page.ids)
    assert len(page.anchors) > 50


def test_text_from_an_agreement_cannot_become_markup_or_script(folder: Path) -> None:
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    run["scenario"]["title"] = "</script><script>alert(1)</script>"
    run["parties"][1]["name"] = "<img src=x onerror=alert(1)>"
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
    spoiled = (folder / "tables" / "matrix.csv").read_text(encoding="utf-8").replace("nothing stands against that", "</script><b>")
    (folder / "tables" / "matrix.csv").write_text(spoiled, encoding="utf-8")
    text = build(folder).read_text(encoding="utf-8")
    assert "<img" not in text
    assert text.count("</script>") == 2
    assert "script-src 'sha256-" in text


@pytest.mark.parametrize(
    "name", ["capacity", "offers", "matrix", "clauses", "build", "laws", "launches", "money_flows", "burndown", "share", "funding"]
)
def test_a_missing_table_is_said_and_the_rest_is_shown(folder: Path, name: str) -> None:
    (folder / "tables" / f"{name}.csv").unlink()
    page = Page(build(folder).read_text(encoding="utf-8"))
    assert {
        "capacity",
        "offers",
        "matrix",
        "force",
        "building",
        "shortage",
        "flows",
        "commitments",
        "shares",
        "funding",
        "suppliers",
        "laws",
        "proof",
    } <= set(page.ids)
    assert not page.wrong


def test_a_run_of_which_nothing_is_left_but_its_name_still_gives_a_page(folder: Path) -> None:
    shutil.rmtree(folder / "tables")
    (folder / "journal.jsonl").unlink()
    text = build(folder).read_text(encoding="utf-8")
    assert text.count('class="nothing"') == 12
    assert "Nobody had to be asked first in this run." in text
    assert "None" not in re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)


def test_a_folder_that_no_run_left_is_refused_with_the_command_that_makes_one(tmp_path: Path) -> None:
    with pytest.raises(DibsError, match="dibs run SCENARIO --out"):
        build(tmp_path)
    (tmp_path / "run.json").write_text("{", encoding="utf-8")
    with pytest.raises(DibsError, match="is not JSON"):
        build(tmp_path)
    assert not (tmp_path / "report.html").exists()


def test_the_head_says_the_figures_of_the_tables(run: RunFolder, run_dir: Path) -> None:
    figures = {figure.what: f"{figure.number} {figure.unit}".strip() for figure in headline.view(run, Palette.of(run)).figures}
    assert figures["requests for capacity"] == str(len(rows(run_dir, "requests")))
    assert figures["times asked first"] == str(len(rows(run_dir, "offers")))
    assert figures["taken whole"] == str(sum(row["outcome"] == "exercised" for row in rows(run_dir, "offers")))
    assert figures["launches slipped"] == str(sum(row["slip_days"] != "0" for row in rows(run_dir, "launches")))
    assert 5 <= len(figures) <= 7


def test_every_way_of_splitting_stacks_up_to_the_same_total(run: RunFolder, run_dir: Path) -> None:
    shown = capacity.view(run, Timeline.of(run), Palette.of(run))
    assert shown
    months = shown.canvas.months
    expected = dict.fromkeys(months, 0)
    for row in rows(run_dir, "capacity"):
        expected[row["month"]] += int(row["active"])
    for stack in shown.stacks:
        assert [sum(column) for column in zip(*(band.values for band in stack.bands), strict=True)] == list(expected.values()), stack.by


def test_many_sites_are_drawn_as_a_dozen_and_one_rest(maker: ModuleType, tmp_path: Path) -> None:
    maker.make_run(tmp_path, needs=60)
    table = rows(tmp_path, "capacity")
    many = [{**row, "host": f"{row['host']}-{n % 4}"} for n, row in enumerate(table)]
    maker.write_table(tmp_path, "capacity", many)
    run = RunFolder.read(tmp_path)
    shown = capacity.view(run, Timeline.of(run), Palette.of(run))
    assert shown
    sites = next(stack for stack in shown.stacks if stack.by == "site").bands
    assert len(sites) == capacity.BANDS_MAX + 1
    assert sites[-1].ink.name.endswith("others")
    assert sum(sum(band.values) for band in sites) == sum(int(row["active"]) for row in table)


def test_colours_follow_the_parties_and_past_eight_they_are_grey(run: RunFolder) -> None:
    platforms = Palette.of(run).platforms
    assert [party for party in run.names if party in platforms] == list(platforms)
    fills = [ink.fill for ink in platforms.values()]
    assert fills[:8] == list(HUES)
    assert set(fills[8:]) == {GREY}
    letters = [ink.letter for ink in platforms.values()]
    assert len(letters) == len(set(letters))


def test_a_lane_shows_the_request_with_all_its_notices(run: RunFolder, run_dir: Path) -> None:
    shown = offers.view(run, Timeline.of(run), Palette.of(run))
    assert shown
    served = rows(run_dir, "offers")
    assert {bar.offer for lane in shown.lanes for bar in lane.bars} == {row["offer"] for row in served}
    first = next(row for row in served if row["outcome"] == "declined")
    lane = next(lane for lane in shown.lanes if lane.request == first["request"])
    (bar,) = lane.bars
    assert bar.start == (date.fromisoformat(first["served_on"][:10]) - date(2023, 1, 1)).days + 0.5
    assert bar.deadline - bar.start == 30
    assert bar.answered is not None
    assert bar.start < bar.answered < bar.deadline
    assert bar.market == bar.answered + 90
    assert lane.verdict == f"no: {first['reason'].replace('_', ' ')}"
    assert [ink.name for ink in lane.got] == [run.names[party] for party in first["got_by"].split()]


def test_lanes_are_blown_up_where_notices_fill_little_of_the_run(run: RunFolder) -> None:
    axis = Timeline.of(run)
    shown = offers.view(run, axis, Palette.of(run))
    assert shown
    assert shown.lens
    start, end = shown.lens
    assert end - start < axis.days / 2
    assert all(start <= bar.start and bar.deadline <= end for lane in shown.lanes for bar in lane.bars)


def test_five_hundred_notices_leave_a_bounded_page_with_lanes_from_every_month(maker: ModuleType, tmp_path: Path) -> None:
    maker.make_run(tmp_path, needs=900, right_until=date(2031, 1, 1))
    run = RunFolder.read(tmp_path)
    shown = offers.view(run, Timeline.of(run), Palette.of(run))
    assert shown
    assert len(shown.lanes) == offers.LANES_MAX
    assert shown.left_out == len(rows(tmp_path, "offers")) - offers.LANES_MAX
    months = {row["served_on"][:7] for row in rows(tmp_path, "offers")}
    assert {lane.bars[0].title.split(" on ")[1].split(";")[0].split(" ", 1)[1] for lane in shown.lanes} >= {
        offers.day(date.fromisoformat(f"{month}-01")).split(" ", 1)[1] for month in months
    }
    assert build(tmp_path).stat().st_size < 1_000_000
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert page.anchors <= set(page.ids)


def test_the_matrix_says_each_cell_of_the_table_and_flags_what_changed(run: RunFolder, run_dir: Path) -> None:
    shown = matrix.view(run, Palette.of(run))
    assert shown
    said = {
        (sheet.version, kind, row.host): cell.answer
        for sheet in shown.sheets
        for row in sheet.rows
        for kind, cell in zip(shown.classes, row.cells, strict=True)
        if cell
    }
    expected = {(row["version"], row["class"], row["host"]): row["answer"] for row in rows(run_dir, "matrix")}
    assert said == expected
    versions = [sheet.version for sheet in shown.sheets]
    for sheet in shown.sheets:
        for row in sheet.rows:
            for kind, cell in zip(shown.classes, row.cells, strict=True):
                place = versions.index(sheet.version)
                before = expected.get((versions[place - 1], kind, row.host)) if place else None
                assert cell
                assert cell.changed == bool(before and before != cell.answer)
                assert any(reason["version"] == sheet.version and reason["answer"] == cell.answer for reason in shown.whys[cell.why].reasons)


def test_a_version_says_what_is_new_reworded_and_ended(run: RunFolder) -> None:
    shown = force.view(run, Timeline.of(run))
    assert shown
    marks = {text.version: {(s.mark, s.clause) for s in text.changes} for text in shown.texts}
    assert marks["first-call"] == {("+", "api-hosting"), ("+", "first-refusal"), ("+", "own-build"), ("-", "exclusive-cloud")}
    assert marks["memo"] == set()
    assert ("-", "first-refusal") in marks["open"]
    assert ("~", "licence") in marks["open"]
    assert "not binding" in shown.caption
    faded = {lane.clause: [life.over for life in lane.lives] for _, lanes in shown.groups for lane in lanes}
    assert faded["first-refusal"] == [True]
    assert faded["licence"] == [True, False]
    assert faded["cloud-commitment"] == [False], "it ends in 2028, and only the years to mid 2026 are known"


def test_a_phase_shows_its_slip_and_how_it_left_the_plan(run: RunFolder, run_dir: Path) -> None:
    shown = building.view(run, Timeline.of(run), Palette.of(run))
    assert shown
    for lane in shown.lanes:
        last = max((row for row in rows(run_dir, "build") if (row["site"], row["phase"]) == (lane.site, lane.phase)), key=lambda row: row["from"])
        if last["expected_finish"]:
            slip = (date.fromisoformat(last["expected_finish"]) - date.fromisoformat(last["planned_finish"])).days
            assert lane.slip == slip
            assert lane.expected - lane.planned == slip  # type: ignore[operator]
        assert (lane.sign == "✕") == (last["stage"] == "dropped")
        assert (lane.sign == "⇄") == (last["stage"] == "reassigned")


def test_a_stage_ends_where_the_next_begins_or_at_the_finish_and_no_service_is_made_up(folder: Path, maker: ModuleType) -> None:
    plan = {"site": "quay", "planned_finish": "2027-03-01", "expected_finish": "", "power_mw": "", "accelerators": "", "cost": "", "facts": ""}
    maker.write_table(
        folder,
        "build",
        [
            {**plan, "phase": "one", "building": "", "stage": "contracted", "from": "2025-01-01"},
            {**plan, "phase": "one", "building": "", "stage": "under_construction", "from": "2025-06-01"},
            {**plan, "phase": "two", "building": "", "stage": "under_construction", "from": "2025-01-01"},
            {**plan, "phase": "two", "building": "a", "stage": "in_service", "from": "2026-01-01"},
            {**plan, "phase": "two", "building": "b", "stage": "in_service", "from": "2026-05-01"},
        ],
    )
    run = RunFolder.read(folder)
    axis = Timeline.of(run)
    shown = building.view(run, axis, Palette.of(run))
    assert shown
    one, two = (lane for lane in shown.lanes if not lane.building)
    assert [(axis.day(fill.start).isoformat(), axis.day(fill.end).isoformat(), fill.stage) for fill in one.fills] == [
        ("2025-01-01", "2025-06-01", "contracted"),
        ("2025-06-01", "2027-03-01", "under_construction"),
    ]
    assert one.end == "due Mar 2027"
    assert [(axis.day(fill.start).isoformat(), fill.stage) for fill in two.fills] == [
        ("2025-01-01", "under_construction"),
        ("2026-05-01", "in_service"),
    ]
    assert two.end == "in service May 2026"


def test_what_changed_hands_is_said_with_both_parties(folder: Path) -> None:
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    run["changes_hands"] = [
        {"on": "2026-03-24", "what": "quay one", "from": "aster", "to": "borealis", "says": "It is built for Borealis.", "facts": []}
    ]
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
    text = re.sub(r"<[^>]+>", " ", build(folder).read_text(encoding="utf-8"))
    assert re.search(r"24 Mar 2026\s+quay one:\s+A\s+Aster Labs →\s+B\s+Borealis Cloud. It is built for Borealis.", text)


def test_launches_are_counted_once_late_or_on_time(run: RunFolder, run_dir: Path) -> None:
    shown = shortage.view(run, Timeline.of(run))
    assert shown
    assert len(shown.launches) + shown.on_time + shown.left_out == len(rows(run_dir, "launches"))
    assert shown.hours == run.of("totals", "unmet_accelerator_hours")
    assert all(launch.ready is None or launch.ready > launch.wanted for launch in shown.launches)


def test_a_supplier_shows_what_it_said_and_what_it_delivered(run: RunFolder, run_dir: Path) -> None:
    shown = suppliers.view(run, Palette.of(run))
    assert shown
    holder = next(one for one in shown.suppliers if one.asked)
    assert holder.asked == len(rows(run_dir, "offers")) == sum(part.number for part in holder.parts)
    grants = rows(run_dir, "grants")
    assert sum(one.grants for one in shown.suppliers) == len(grants)
    assert sum(one.delivered for one in shown.suppliers) == sum(bool(row["delivered_on"]) for row in grants)


def test_a_broken_law_is_said_first_and_one_without_a_case_is_not_called_kept(folder: Path, maker: ModuleType) -> None:
    table: list[dict[str, Any]] = [dict(row) for row in rows(folder, "laws")]
    assert {verdict.state for verdict in verdicts.view(RunFolder.read(folder)).verdicts} == {"kept", "idle"}  # type: ignore[union-attr]
    table[2] |= {"violations": "2", "first": "entry 41: host cinder-west promised twice"}
    maker.write_table(folder, "laws", table)
    shown = verdicts.view(RunFolder.read(folder))
    assert shown
    assert shown.verdicts[2].state == "broken"
    assert shown.caption.startswith("1 law was broken")
    assert "host cinder-west promised twice" in build(folder).read_text(encoding="utf-8")


def test_the_ladder_follows_one_grant_down_with_the_hashes_of_its_entries(run: RunFolder, run_dir: Path) -> None:
    rungs = proof.view(run).rungs
    assert [rung.what for rung in rungs] == ["the agreement in force", "the notice", "the answer", "the grant", "the head"]
    leaves = {entry["seq"]: entry["leaf"] for entry in map(json.loads, (run_dir / "journal.jsonl").read_text(encoding="utf-8").splitlines())}
    entry = int(re.search(r"journal entry (\d+)", rungs[1].says)[1])  # type: ignore[index]
    assert rungs[1].digest == leaves[entry]
    assert rungs[4].digest == run.of("head", "root")


def test_a_long_table_is_cut_on_the_page_and_says_so() -> None:
    many: list[dict[str, object]] = [{"offer": f"O-{n}", "quantity": n} for n in range(ROWS_MAX + 50)]
    table = Table.of("offers", many, anchor="offer", first=[f"O-{ROWS_MAX + 49}"])
    assert len(table.rows) == ROWS_MAX
    assert table.total == ROWS_MAX + 50
    assert table.rows[0].anchor == f"offer-O-{ROWS_MAX + 49}"
    assert table.numeric == (False, True)


def test_a_large_csv_stays_beside_the_report() -> None:
    small = Table.of("laws", [{"law": 1}])
    large = Table.of("requests", [{"request": "x" * 40} for _ in range(INLINE_MAX // 40)])
    assert small.inline
    assert small.href.startswith("data:text/csv")
    assert not large.inline
    assert large.href == "tables/requests.csv"
