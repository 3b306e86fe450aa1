"""Commands run in this process, in an empty folder that has the examples beside it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from dibs.cli.main import cli

ROOT = Path(__file__).parents[3]


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """The folder in which commands run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    return tmp_path


@pytest.fixture
def dibs(desk):  # noqa: ARG001 - commands run there
    """Run a command: `dibs("check", "agreement.yaml")`."""

    def run(*words, **options):
        result = CliRunner().invoke(cli, list(words), **options)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


@pytest.fixture
def document(dibs):
    """Run a command with `--json`: exactly one document on standard output, nothing on standard error."""

    def run(*words, exit_code=0):
        result = dibs(*words, "--json")
        assert result.exit_code == exit_code, result.output
        assert not result.stderr
        return json.loads(result.stdout)

    return run
