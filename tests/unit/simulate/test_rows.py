"""Tables as CSV: what is read, what is refused, and where exactly."""

from __future__ import annotations

import pytest

from dibs.errors import Findings
from dibs.simulate import scenario, year
from dibs.simulate.rows import LISTED_MAX, Column, Trouble, decode, read_table, split_lines


def number(cell):
    return int(cell)


COLUMNS = (
    Column(name="name", says="A name.", read=str),
    Column(name="count", says="How many.", read=number),
    Column(name="note", says="What else.", read=str, required=False, default="none"),
)


def read(text, *, skip_bad=False):
    findings = Findings()
    lines = split_lines(text)
    trouble = Trouble("t.csv", findings, skip_bad=skip_bad, lines=lines)
    rows = [*read_table(lines, COLUMNS, trouble)]
    trouble.close()
    return rows, findings.items, trouble


def test_columns_may_stand_in_any_order_and_an_optional_one_may_be_absent():
    rows, findings, _ = read("count,name\n3,one\n4,two\n")
    assert [row.values for row in rows] == [{"name": "one", "count": 3, "note": "none"}, {"name": "two", "count": 4, "note": "none"}]
    assert findings == []


def test_an_empty_optional_cell_is_its_default_and_spaces_around_a_value_do_not_count():
    rows, _, _ = read("name,count,note\n one , 3 ,\n")
    assert rows[0].values == {"name": "one", "count": 3, "note": "none"}


def test_empty_lines_are_no_rows_and_windows_line_ends_are_line_ends():
    rows, findings, _ = read("name,count\r\none,1\r\n\r\ntwo,2\r\n")
    assert [row.line for row in rows] == [2, 4]
    assert findings == []


def test_a_cell_with_a_comma_or_a_line_break_stands_in_quotes():
    rows, findings, _ = read('name,count,note\n"a, b",1,"two\nlines"\nc,2,\n')
    assert [(row.line, row.values["name"], row.values["note"]) for row in rows] == [(2, "a, b", "two\nlines"), (4, "c", "none")]
    assert findings == []


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("name,count\na,x\n", 2, 3),
        ('name,count\n"a,b",x\n', 2, 7),
        ('name,note,count\na,"two\nlines",x\n', 3, 8),
        ("name,count\na,1\nb,1\nc,1.5\n", 4, 3),
    ],
)
def test_a_bad_cell_is_found_at_its_line_and_column(text, line, column):
    _, findings, _ = read(text)
    assert [(f.code, f.where.line, f.where.column) for f in findings] == [("DIB123", line, column)]


def test_every_bad_row_is_found_and_the_good_ones_are_read():
    rows, findings, trouble = read("name,count\na,1\nb,x\nc\nd,4\n,5\n")
    assert [row.values["name"] for row in rows] == ["a", "d"]
    assert [(f.code, f.where.line) for f in findings] == [("DIB123", 3), ("DIB122", 4), ("DIB123", 6)]
    assert trouble.bad_rows == 3


def test_two_faults_of_one_row_are_both_found_and_the_row_is_counted_once():
    _, findings, trouble = read("name,count\n,x\n")
    assert [f.where.column for f in findings] == [1, 2]
    assert trouble.bad_rows == 1


def test_after_so_many_findings_the_rest_is_counted():
    _, findings, trouble = read("name,count\n" + "a,x\n" * (LISTED_MAX + 7))
    assert len(findings) == LISTED_MAX + 1
    assert "7 more" in findings[-1].message
    assert trouble.bad_rows == LISTED_MAX + 7


def test_bad_rows_that_may_be_left_out_are_warnings():
    rows, findings, _ = read("name,count\na,x\nb,2\n", skip_bad=True)
    assert [row.values["name"] for row in rows] == ["b"]
    assert [f.severity for f in findings] == ["warning"]


def test_a_bad_header_cannot_be_skipped():
    rows, findings, _ = read("name,cuont\na,1\n", skip_bad=True)
    assert rows == []
    assert {f.severity for f in findings} == {"error"}
    assert sorted(f.where.column for f in findings) == [1, 6]


def test_a_cell_of_a_book_is_not_a_cell():
    _, findings, _ = read("name,count,note\na,1," + "x" * 20_000 + "\n")
    assert "longer than" in findings[0].message


@pytest.mark.parametrize(("raw", "line", "column"), [(b"name\n\xff\n", 2, 1), (b"name\nab\x00c\n", 2, 3)])
def test_what_is_no_text_is_found_at_its_place(raw, line, column):
    findings = Findings()
    assert decode(raw, "t.csv", findings) is None
    assert [(f.code, f.where.line, f.where.column) for f in findings.items] == [("DIB120", line, column)]


def test_a_byte_order_mark_is_left_out():
    assert decode("\ufeffname\n".encode(), "t.csv", Findings()) == "name\n"


def test_a_hundred_thousand_needs_are_read_with_every_fault_in_its_place():
    made = year.generate(100_000)
    lines = made.files["demand.csv"].splitlines()
    for row in (7, 50_000, 99_999):
        cells = lines[row].split(",")
        cells[4] = "many"
        lines[row] = ",".join(cells)
    text = "\n".join(lines).encode()
    found, findings = scenario.parse_files(lambda name: text if name == "demand.csv" else made.read(name), "", skip_bad=True)
    assert [(f.where.line, f.code) for f in findings.items] == [(8, "DIB123"), (50_001, "DIB123"), (100_000, "DIB123")]
    assert (len(found.needs), found.skipped) == (99_997, 3)
