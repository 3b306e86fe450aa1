"""Every bad command says what is wrong, where in the line it stands, and how to mend it; and it ends with 2."""

import json
import re
import shlex
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[3]
BAD = {path.stem: path for path in sorted((ROOT / "tests/commands/bad").glob("*.yaml"))}
PAGES = {path.stem for path in (ROOT / "src/dibs/explanations").glob("DIB1[89]?.md")}


def read(path: Path) -> dict:
    return YAML(typ="safe").load(path.read_text())


def lay_out(desk: Path, files: dict[str, str]) -> None:
    """Write a case's files: text, `bytes:` in hexadecimal, or `size:` and a number."""
    for name, content in files.items():
        kind, _, rest = content.partition(":")
        made = {"bytes": lambda r=rest: bytes.fromhex(r), "size": lambda r=rest: b"#" * int(r)}.get(kind)
        (desk / name).parent.mkdir(parents=True, exist_ok=True)
        (desk / name).write_bytes(made() if made else content.encode())


@pytest.mark.parametrize("name", BAD)
def test_a_bad_command_ends_with_its_code_and_its_findings(name, dibs, desk):
    case = read(BAD[name])
    lay_out(desk, case.get("files", {}))
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
def test_a_bad_command_is_told_to_a_person_with_its_code_and_without_colours(name, dibs, desk):
    case = read(BAD[name])
    lay_out(desk, case.get("files", {}))
    result = dibs(*case["argv"])
    told = result.stdout if case["argv"][0] == "check" and len(case["argv"]) > 1 else result.stderr
    for code in case["codes"]:
        assert code in told
    assert "\x1b[" not in result.output


@pytest.mark.parametrize("name", [n for n in BAD if "blames" in read(BAD[n])])
def test_the_place_of_a_bad_word_is_where_it_stands_in_the_line(name, dibs, desk):
    case = read(BAD[name])
    lay_out(desk, case.get("files", {}))
    result = dibs(*case["argv"])
    column = int(re.search(r"\(command line\):1:(\d+): ", result.output)[1])
    assert shlex.join(["dibs", *case["argv"]])[column - 1 :].startswith(case["blames"])
    line, pointer = re.search(r"\n +\| (dibs .*)\n +\| ( *)\^", result.output).groups()
    assert line[len(pointer) :].startswith(case["blames"])


def test_every_code_of_the_command_line_has_a_page_and_a_bad_command():
    source = "".join(path.read_text() for path in (ROOT / "src/dibs/cli").glob("*.py"))
    raised = set(re.findall(r'"(DIB1[89]\d)"', source))
    shown = {code for path in BAD.values() for code in read(path)["codes"]}
    assert raised == PAGES
    assert raised <= shown


def test_there_are_many_bad_commands():
    assert len(BAD) >= 15
