"""Every finding has a page and a bad example, and there is no page or example for what is never found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dibs import explanations

ROOT = Path(__file__).resolve().parents[2]
CODE = re.compile(r"\bDIB\d{3}\b")
RANGES = {
    "tests/agreements/bad": range(1, 100),
    "tests/scenarios/bad": range(100, 150),
    "tests/commands/bad": (*range(150, 200), *range(240, 250), *range(390, 400), 402, 403),
    "tests/money/bad": range(200, 220),
    "tests/service/bad": (*range(300, 390), *range(400, 402), *range(404, 420)),
}


def raised():
    """Every code that stands in the source."""
    codes = set()
    for path in sorted((ROOT / "src").rglob("*.py")):
        for line in path.read_text(encoding="utf-8").splitlines():
            quoted = re.findall(r"""["'](DIB\d{3})["']""", line)
            codes.update(quoted)
    return codes


def shown(folder):
    """Every code that an expectation in a folder of bad examples names."""
    return {code for path in sorted((ROOT / folder).rglob("*.yaml")) for code in CODE.findall(path.read_text(encoding="utf-8"))}


def test_every_code_that_is_raised_has_a_page():
    assert sorted(raised() - set(explanations.codes())) == []


def test_every_page_is_about_a_code_that_is_raised():
    assert sorted(set(explanations.codes()) - raised()) == []


@pytest.mark.parametrize("folder", [f for f in RANGES if (ROOT / f).is_dir()])
def test_every_code_has_a_bad_example(folder):
    codes = {code for code in raised() if int(code[3:]) in RANGES[folder]}
    assert sorted(codes - shown(folder)) == []


@pytest.mark.parametrize("code", explanations.codes())
def test_a_page_says_what_it_means_shows_it_and_mends_it(code):
    page = explanations.page(code)
    assert page.startswith(f"# {code}: {explanations.title(code)}\n")
    assert page.count("```") % 2 == 0
    assert "```" in page, "an example that shows it"
    assert "To mend it" in page


def test_what_has_no_page_is_not_made_up():
    for code in ("DIB999", "../quantities", "DIB"):
        with pytest.raises(KeyError):
            explanations.page(code)
