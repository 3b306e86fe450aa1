"""What `import dibs` promises, and what it costs."""

import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path

import pytest

import dibs
from dibs.journal import snapshot

ROOT = Path(__file__).parents[2]
HARBOUR = ROOT / "examples/harbour/agreement.yaml"


def loaded_by(code: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after running this, beyond those it starts with."""
    script = f"import sys; before = set(sys.modules); {code}; print(*sorted(set(sys.modules) - before))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_importing_dibs_imports_nothing_else():
    assert loaded_by("import dibs") - loaded_by("import typing") == {"__future__", "dibs"}


def test_a_decision_needs_neither_numpy_nor_the_command_line():
    asked = f"dibs.decide(dibs.load({str(HARBOUR)!r}), workload_class='api', host='cinder-west', on=date(2025, 3, 1))"
    assert not loaded_by(f"import dibs; from datetime import date; {asked}") & {"numpy", "click", "rich", "cryptography", "jinja2", "sqlite3"}


def test_the_command_line_starts_without_what_its_commands_need():
    assert not loaded_by("import dibs.cli.main") & {"numpy", "rich", "cryptography", "jinja2", "ruamel.yaml", "sqlite3", "dibs.contract.model"}


def test_few_names_are_promised_and_each_is_there():
    assert len(dibs.__all__) <= 15
    assert all(getattr(dibs, name) is not None for name in dibs.__all__)
    assert dir(dibs) == sorted(dibs.__all__)
    with pytest.raises(AttributeError):
        _ = dibs.everything


def test_the_version_is_that_of_the_package():
    assert dibs.__version__ == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert dibs.__version__ == snapshot.VERSION, "a snapshot serves only the version that made it"


def test_the_example_of_the_design_runs():
    agreement = dibs.load(HARBOUR)
    assert dibs.decide(agreement, workload_class="api", host="cinder-west", on=date(2025, 3, 1)).answer is dibs.Answer.REFUSED


def test_the_other_example_runs():
    played = dibs.run(dibs.load_scenario(ROOT / "examples/harbour"), seed=7)
    assert all(law.holds for law in played.laws)


def test_a_bad_file_raises_with_all_its_findings_and_checking_returns_them(tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text("dibs: agreement/1\nid: x\n")
    with pytest.raises(dibs.BadInput) as raised:
        dibs.load(bad)
    assert list(raised.value.findings) == sorted(dibs.check(bad), key=lambda f: (f.where, f.code))
    assert len(raised.value.findings) > 1
