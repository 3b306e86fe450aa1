"""Every bad command says what is wrong, where in the line it stands, and how to mend it; and it ends with 2."""

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from dibs.cli.main import cli

ROOT = Path(__file__).parents[3]
BAD = {path.stem: path for path in sorted((ROOT / "tests/commands/bad").glob("*.yaml"))}
PAGES = {path.stem for pattern in ("DIB1[89]?.md", "DIB24?.md") for path in (ROOT / "src/dibs/explanations").glob(pattern)}


def read(path: Path) -> dict:
    return YAML(typ="safe").load(path.read_text())


@pytest.fixture(scope="module")
def left(tmp_path_factory):
    """A run of the tutorial's example, for cases that need one."""
    folder = tmp_path_factory.mktemp("run") / "left"
    assert CliRunner().invoke(cli, ["run", str(ROOT / "examples" / "harbour"), "--out", str(folder), "--json"]).exit_code == 0
    return folder


def lay_out(desk: Path, case: dict, left: Path) -> None:
    """Copy the run that a case asks for, and write its files: text, `bytes:` in hexadecimal, or `size:` and a number."""
    if "run" in case:
        shutil.copytree(left, desk / case["run"])
    for name, content in case.get("files", {}).items():
        kind, _, rest = content.partition(":")
        made = {"bytes": lambda r=rest: bytes.fromhex(r), "size": lambda r=rest: b"#" * int(r)}.get(kind)
        (desk / name).parent.mkdir(parents=True, exist_ok=True)
        (desk / name).write_bytes(made() if made else content.encode())


@pytest.mark.parametrize("name", BAD)
def test_a_bad_command_ends_with_its_code_and_its_findings(name, dibs, desk, left):
    case = read(BAD[name])
    lay_out(desk, case, left)
    result = dibs(case["argv"][0], "--json", *case["argv"][1:])
    found = json.loads(result.stdout)
    assert result.exit_code == case["exit"]
    assert not result.stderr
    if case["exit"] == 2:
        assert [finding["code"] for finding in found["findings"]] == case["codes"]
        assert all(finding["fix"] and not finding["message"][0].isupper() for finding in found["findings"])
    else:
        assert [found["failed"]["code"]] == case["codes"]
    for part in case.get("message", ()):
        assert part in result.stdout


@pytest.mark.parametrize("name", BAD)
def test_a_bad_command_is_told_to_a_person_with_its_code_and_without_colours(name, dibs, desk, left):
    case = read(BAD[name])
    lay_out(desk, case, left)
    result = dibs(*case["argv"])
    told = result.stdout if case["argv"][0] == "check" and len(case["argv"]) > 1 else result.stderr
    for code in case["codes"]:
        assert code in told
    assert "\x1b[" not in result.output


@pytest.mark.parametrize("name", [n for n in BAD if "blames" in read(BAD[n])])
def test_the_place_of_a_bad_word_is_where_it_stands_in_the_line(name, dibs, desk, left):
    case = read(BAD[name])
    lay_out(desk, case, left)
    result = dibs(*case["argv"])
    column = int(re.search(r"\(command line\):1:(\d+): ", result.output)[1])
    assert shlex.join(["dibs", *case["argv"]])[column - 1 :].startswith(case["blames"])
    line, pointer = re.search(r"\n +\| (dibs .*)\n +\| ( *)\^", result.output).groups()
    assert line[len(pointer) :].startswith(case["blames"])


def test_every_code_of_the_command_line_has_a_page_and_a_bad_command():
    source = "".join(path.read_text() for path in (ROOT / "src/dibs/cli").glob("*.py"))
    raised = set(re.findall(r'"(DIB(?:1[89]|24)\d)"', source))
    shown = {code for path in BAD.values() for code in read(path)["codes"]}
    assert raised == PAGES
    assert raised <= shown


def test_there_are_many_bad_commands():
    assert len(BAD) >= 15
