"""Questions to an agreement, as a script and as a person ask them."""

from pathlib import Path

import pytest

HARBOUR = "examples/harbour/agreement.yaml"

# The table that the design shows: class, host, day, more words; answer, clause that decides (or none).
TABLE = [
    ("training", "cinder-west", "2024-06-01", [], "refused", "exclusive-cloud"),
    ("training", "borealis-cinder", "2024-06-01", [], "permitted", "exclusive-cloud"),
    ("training", "cinder-west", "2025-03-01", ["--quantity", "5000"], "offer_first", "first-refusal"),
    ("training", "cinder-west", "2025-03-01", ["--quantity", "200"], "permitted", "first-refusal"),
    ("api", "cinder-west", "2025-03-01", [], "refused", "api-hosting"),
    ("training", "borealis-east", "2025-03-01", ["--quantity", "5000"], "permitted", ""),
    ("training", "aster-yard", "2025-03-01", [], "permitted", "own-build"),
    ("product", "aster-yard", "2025-03-01", ["--quantity", "5000"], "offer_first", "first-refusal"),
    ("training", "cinder-west", "2025-01-20", ["--known", "2025-01-25"], "refused", "exclusive-cloud"),
    ("api", "cinder-west", "2031-01-01", [], "permitted", ""),
]
KEYS = ["answer", "on", "known", "version", "class", "host", "reasons", "flips_on", "would_change_if"]
REASON_KEYS = ["code", "clause", "text", "where", "need", "have"]


def ask(workload_class, host, on, *more):
    return ["decide", HARBOUR, "--class", workload_class, "--host", host, "--on", on, *more]


@pytest.mark.statement("S01", "S02", "S03", "S10", "S13", "S19", "S42", "R1", "R2", "R28")
@pytest.mark.parametrize("row", TABLE, ids=lambda row: " ".join([*row[:3], *row[3]]))
def test_the_table_of_the_design_comes_out_row_by_row(row, document):
    workload_class, host, on, more, answer, clause = row
    decision = document(*ask(workload_class, host, on, *more))
    assert list(decision) == KEYS
    assert decision["answer"] == answer
    assert next((reason["clause"] for reason in decision["reasons"]), "") == clause
    assert all(list(reason) == REASON_KEYS for reason in decision["reasons"])
    assert (decision["class"], decision["host"], decision["on"]) == (workload_class, host, on)


def test_a_decision_says_where_the_clause_stands_which_numbers_were_compared_and_when_it_changes(document):
    decision = document(*ask("training", "cinder-west", "2025-03-01", "--quantity", "5000"))
    [reason] = decision["reasons"]
    line = int(reason["where"].removeprefix(f"{HARBOUR}:").split(":")[0])
    assert "id: first-refusal" in Path(HARBOUR).read_text().splitlines()[line - 1]
    assert "1000" in reason["need"]
    assert "5000" in reason["have"]
    assert decision["flips_on"] == "2031-01-01"
    assert decision["version"] == "first-call"
    assert {"kind", "to", "answer", "text"} == set(decision["would_change_if"][0])


def test_before_any_amendment_the_version_is_the_agreement_itself(document):
    assert document(*ask("training", "cinder-west", "2024-06-01"))["version"] == "harbour"


def test_what_was_not_yet_signed_is_not_known(document):
    decision = document(*ask("training", "cinder-west", "2025-03-01", "--known", "2025-01-19"))
    assert (decision["answer"], decision["version"], decision["known"]) == ("refused", "harbour", "2025-01-19")


def test_a_refusal_is_an_answer_and_ends_with_nought(dibs):
    result = dibs(*ask("api", "cinder-west", "2025-03-01"))
    assert result.exit_code == 0
    assert result.stdout.startswith("refused")
    assert "api-hosting" in result.stdout
    assert not result.stderr


def test_explained_a_decision_is_told_in_sentences(dibs):
    told = dibs(*ask("api", "cinder-west", "2025-03-01"), "--explain").stdout
    assert "Clause `api-hosting`" in told
    assert "The answer changes on 2031-01-01." in told


def test_the_matrix_has_every_class_on_every_host(document):
    found = document("matrix", HARBOUR, "--on", "2025-03-01")
    answers = {(cell["class"], cell["host"]): cell["answer"] for cell in found["cells"]}
    assert len(answers) == 4 * 5
    assert answers["api", "cinder-west"] == "refused"
    assert answers["training", "aster-yard"] == "permitted"
    assert found["version"] == "first-call"


def test_the_matrix_is_drawn_for_a_person(dibs):
    drawn = dibs("matrix", HARBOUR, "--on", "2025-03-01").stdout
    lines = {line.split("│")[0].strip(): [cell.strip() for cell in line.split("│")[1:]] for line in drawn.replace("┃", "│").splitlines()}
    assert lines[""] == ["training", "research", "product", "api"]
    assert lines["aster-yard"] == ["yes b", "yes b", "ask first a", "no c"]
    assert "c api-hosting  The API runs on Borealis's platform only." in drawn
    assert "\x1b[" not in drawn


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_a_matrix_of_any_size_is_cut_into_tables_that_fit(width, dibs):
    drawn = dibs("matrix", "examples/stargate/agreement.yaml", "--on", "2025-03-01", env={"COLUMNS": str(width)}).stdout
    rows = [line for line in drawn.splitlines() if "│" in line]
    assert all(len(line) <= width for line in rows)
    assert not any("…" in line for line in rows)
    assert sum("azure" in line.split("│")[0] for line in rows) > 3
