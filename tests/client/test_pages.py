"""What the two pages about clients and suppliers show is run as it stands there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from dibs.cli.main import cli
from dibs.connect.loading import read_suppliers
from dibs.connect.scripted import read_script
from dibs.service.access import Role
from dibs.testing.acts import BEGIN

ROOT = Path(__file__).resolve().parents[2]
CLIENT = (ROOT / "docs/how-to/client.md").read_text()
SUPPLIER = (ROOT / "docs/how-to/connect-a-supplier.md").read_text()


def blocks(page, kind):
    return re.findall(rf"^```{kind}\n(.*?)^```", page, re.DOTALL | re.MULTILINE)


@pytest.fixture
def spoken_to(server, monkeypatch):
    monkeypatch.setenv("DIBS_SERVER", server.url)
    monkeypatch.setenv("DIBS_TOKEN", server.token("aster"))
    monkeypatch.setenv("BOREALIS_TOKEN", server.token("borealis", Role.DESK))


@pytest.mark.usefixtures("spoken_to")
def test_the_python_of_the_client_page_runs():
    names = {}
    for block in blocks(CLIENT, "python"):
        exec(compile(block, "client.md", "exec"), names)  # noqa: S102 - it is our own page


@pytest.mark.usefixtures("spoken_to")
def test_the_commands_of_the_client_page_run():
    lines = [line for block in blocks(CLIENT, "sh") for line in block.splitlines() if line.startswith("dibs ")]
    assert len(lines) >= 5
    for line in lines:
        result = CliRunner().invoke(cli, shlex.split(line)[1:])
        assert result.exit_code == 0, f"{line}\n{result.output}"
        assert "refused" not in result.stdout, f"{line}\n{result.output}"


def test_the_files_of_the_supplier_page_are_read(tmp_path, monkeypatch):
    connections, script = blocks(SUPPLIER, "yaml")
    assert len(read_script(script, "borealis.yaml").rules) == 4
    (tmp_path / "borealis.yaml").write_text(script)
    monkeypatch.setenv("CINDER_TOKEN", "dibs_0123_secret")
    utc = ZoneInfo("UTC")
    made = read_suppliers(connections, "suppliers.yaml", parties=["borealis", "cinder"], folder=tmp_path, zone=utc, now=lambda: BEGIN)
    assert set(made) == {"borealis", "cinder"}


def test_a_file_of_rules_is_checked_like_any_other_file(tmp_path):
    file = tmp_path / "borealis.yaml"
    file.write_text(blocks(SUPPLIER, "yaml")[1])
    assert CliRunner().invoke(cli, ["check", str(file)]).exit_code == 0
    file.write_text(file.read_text().replace("answer: decline, reason", "answer: declin, reason"))
    found = CliRunner().invoke(cli, ["check", str(file), "--json"])
    assert (found.exit_code, "declin" in found.stdout) == (2, True)


def test_the_python_of_the_supplier_page_is_python():
    for block in blocks(SUPPLIER, "python"):
        names = {"MyStage": object}
        exec(compile(block, "connect-a-supplier.md", "exec"), names)  # noqa: S102 - it is our own page
