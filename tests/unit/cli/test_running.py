"""The main job from the command line."""

import errno
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dibs.laws import LawReport, Violation

DIBS = str(Path(sys.executable).parent / "dibs")
HARBOUR = "examples/harbour"


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    """One run of the tutorial's example, as a process of its own: what it printed, and what it left."""
    folder = tmp_path_factory.mktemp("run")
    example = Path(__file__).parents[3] / HARBOUR
    run = subprocess.run([DIBS, "run", str(example), "--out", "left", "--json"], cwd=folder, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert not run.stderr
    return json.loads(run.stdout), folder / "left"


def test_a_run_leaves_report_journal_and_tables(once):
    document, left = once
    assert document["report"] == "left/report.html"
    assert {"report.html", "journal.jsonl", "agreement.yaml", "run.json", "tables"} <= {path.name for path in left.iterdir()}
    assert not left.with_name("left.partial").exists()
    assert document["entries"] == len((left / "journal.jsonl").read_bytes().splitlines())


def test_a_run_tells_its_headline_figures_and_the_seven_laws(once):
    document, _ = once
    assert "times asked first" in {figure["what"] for figure in document["figures"]}
    assert [law["law"] for law in document["laws"]] == [1, 2, 3, 4, 5, 6, 7]
    assert all(law["checked"] and not law["violations"] for law in document["laws"])


def test_the_same_seed_gives_the_same_journal_and_another_seed_another(once, document, desk):
    first = (once[1] / "journal.jsonl").read_bytes()
    seed = once[0]["seed"]
    document("run", HARBOUR, "--out", "again", "--seed", str(seed))
    document("run", HARBOUR, "--out", "other", "--seed", str(seed + 1))
    assert (desk / "again/journal.jsonl").read_bytes() == first
    assert (desk / "other/journal.jsonl").read_bytes() != first


def test_what_a_run_left_can_be_audited(once, document):
    book = str(once[1])
    assert document("audit", "verify", book)["findings"] == []
    assert document("audit", "re-decide", book)["first"] is None


def test_a_run_is_told_to_a_person(dibs):
    result = dibs("run", f"{HARBOUR}/scenario.yaml")
    assert result.exit_code == 0
    assert "times asked first" in result.stdout
    assert "of 7 laws broken" in result.stdout
    assert result.stdout.endswith("report: out/harbour/report.html\n")


def test_a_run_ends_on_the_day_that_was_asked_for(document):
    assert document("run", HARBOUR, "--until", "2025-03-01")["until"] == "2025-03-01"


def test_a_run_replaces_what_a_run_left_and_nothing_else(desk, document):
    document("run", HARBOUR, "--out", "left", "--until", "2024-09-01")
    short = (desk / "left/journal.jsonl").stat().st_size
    (desk / "left/notes.txt").write_text("mine")
    document("run", HARBOUR, "--out", "left", "--until", "2025-09-01")
    assert (desk / "left/journal.jsonl").stat().st_size > short
    assert (desk / "left/notes.txt").read_text() == "mine"


def test_a_folder_with_other_things_is_left_alone(desk, document):
    (desk / "mine").mkdir()
    (desk / "mine/notes.txt").write_text("mine")
    assert [f["code"] for f in document("run", HARBOUR, "--out", "mine", exit_code=2)["findings"]] == ["DIB192"]
    assert [path.name for path in (desk / "mine").iterdir()] == ["notes.txt"]


def test_when_the_disk_is_full_what_was_there_stays_and_nothing_half_written_is_left(desk, document, monkeypatch):
    document("run", HARBOUR, "--out", "left", "--until", "2024-09-01")
    before = {path.name: path.read_bytes() for path in (desk / "left").iterdir() if path.is_file()}

    def full(_folder):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("dibs.report.build", full)
    failed = document("run", HARBOUR, "--out", "left", exit_code=1)["failed"]
    assert (failed["code"], failed["retry"]) == ("DIB193", True)
    assert {path.name: path.read_bytes() for path in (desk / "left").iterdir() if path.is_file()} == before
    assert not (desk / "left.partial").exists()


def test_a_broken_law_fails_the_run_and_is_shown(dibs, monkeypatch):
    broken = [LawReport(3, "No accelerator is promised twice.", 9, (Violation(17, "grant `g` makes 9 promised, and 8 can be delivered"),))]
    monkeypatch.setattr("dibs.simulate.run.judge", lambda *_: broken)
    result = dibs("run", HARBOUR, "--until", "2024-09-01")
    assert result.exit_code == 1
    assert "law 3 is broken by entry 17: grant `g` makes 9 promised" in result.stdout


@pytest.mark.parametrize(
    ("words", "code"), [(["--variant", "no-such"], "DIB103"), (["--until", "1999-01-01"], "DIB102"), (["--seed", "-1"], "DIB186")]
)
def test_what_the_scenario_does_not_have_is_bad_input_and_nothing_is_written(words, code, desk, document):
    assert [f["code"] for f in document("run", HARBOUR, "--out", "left", *words, exit_code=2)["findings"]] == [code]
    assert not (desk / "left").exists()


def test_every_finding_of_a_bad_scenario_is_told_at_once(desk, document):
    (desk / "bad").mkdir()
    (desk / "bad/scenario.yaml").write_text("dibs: scenario/1\nid: bad\n")
    found = document("run", "bad", exit_code=2)["findings"]
    assert len(found) > 3
    assert not (desk / "out").exists()


def test_a_run_takes_readings_like_any_other_question(desk, document):
    copy = desk / "copy"
    copy.mkdir()
    for path in (desk / HARBOUR).iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    text = (copy / "agreement.yaml").read_text()
    readings = "        readings: {silent: {says: Nobody is asked., applies: false}}\n        reading: as-written\n"
    (copy / "agreement.yaml").write_text(text.replace("        right: first_offer\n", f"        right: first_offer\n{readings}"))

    def asked(*words):
        found = document("run", "copy", "--until", "2025-06-01", *words)
        return next(figure["figure"] for figure in found["figures"] if figure["what"] == "times asked first")

    assert int(asked()) > 0
    assert asked("--reading", "first-refusal=silent") == "0"


def test_rows_that_cannot_be_used_are_left_out_on_request_and_counted(desk, dibs, document):
    copy = desk / "copy"
    copy.mkdir()
    for path in (desk / HARBOUR).iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    with (copy / "demand.csv").open("a") as file:
        file.write("oops,2025-01-01,training\n")
    assert dibs("run", "copy").exit_code == 2
    assert document("run", "copy", "--skip-bad", "--until", "2024-09-01")["skipped"] == 1
    assert "1 rows were left out" in dibs("run", "copy", "--skip-bad", "--until", "2024-09-01").stderr


def test_a_bar_moves_on_standard_error_while_somebody_looks(desk):
    terminal, end = pty.openpty()
    run = subprocess.run([DIBS, "run", HARBOUR, "--out", "left"], cwd=desk, stdout=subprocess.PIPE, stderr=end, text=True, check=False)
    os.close(end)
    shown = b""
    while True:
        try:
            more = os.read(terminal, 65536)
        except OSError:
            break
        if not more:
            break
        shown += more
    os.close(terminal)
    assert run.returncode == 0
    assert re.search(rb"entries", shown)
    assert "\x1b[" not in run.stdout
