"""What is written about the program is true of the program."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
STATEMENTS = YAML(typ="safe", pure=True).load((ROOT / "tests/spec/statements.yaml").read_text())


@pytest.fixture(scope="module")
def generate():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs/generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def shown(generate):
    return generate.shown_by()


def test_the_reference_is_what_the_code_says():
    run = subprocess.run([sys.executable, ROOT / "docs/generate.py", "--check"], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr + "run `make docs`"


@pytest.mark.parametrize("statement", list(STATEMENTS))
def test_a_statement_has_a_test_or_a_reason_why_not(statement, shown):
    entry = STATEMENTS[statement]
    if "none" in entry:
        assert len(entry["none"]) > 10
    else:
        assert shown.get(statement), f"{statement} ({entry['title']}) is shown by no test"


@pytest.mark.parametrize("rule", [f"R{n}" for n in range(1, 35)])
def test_a_rule_has_a_test(rule, shown):
    assert shown.get(rule), f"no test shows {rule}"


def test_only_known_statements_are_named(shown):
    rules = {f"R{n}" for n in range(1, 35)} | {f"C{n:02}" for n in range(1, 23)} | {f"V{n}" for n in range(1, 4)}
    others = set(shown) - set(STATEMENTS) - rules
    assert all(re.fullmatch(r"[ATGKD]\d\d[a-z]?|M\d[a-z]?", one) for one in others), others


def test_links_between_pages_lead_somewhere():
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")]
    links = [(page, target) for page in pages for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())]
    inside = [(page, target) for page, target in links if not target.startswith(("http:", "https:", "mailto:"))]
    broken = [f"{page.relative_to(ROOT)} -> {target}" for page, target in inside if not (page.parent / target).exists()]
    assert not broken


def test_every_page_of_the_docs_is_reachable_from_the_index():
    index = (ROOT / "docs/README.md").read_text()
    pages = [p.relative_to(ROOT / "docs").as_posix() for p in (ROOT / "docs").rglob("*.md")]
    missing = [p for p in pages if p != "README.md" and not p.startswith("adr/") and p not in index]
    assert not missing
