"""What all commands share."""

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from dibs.cli.frame import place
from dibs.cli.main import cli
from dibs.errors import Unavailable

DIBS = str(Path(sys.executable).parent / "dibs")
HARBOUR = str(Path(__file__).parents[3] / "examples/harbour/agreement.yaml")


def leaves(group, path=()):
    for name, command in group.commands.items():
        yield from leaves(command, (*path, name)) if isinstance(command, click.Group) else [((*path, name), command)]


COMMANDS = dict(leaves(cli))


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_takes_json_and_explains_itself_and_its_options(path, dibs):
    command = COMMANDS[path]
    assert any("--json" in parameter.opts for parameter in command.params)
    assert len(command.help.splitlines()[0]) > 20
    assert all(parameter.help for parameter in command.params if isinstance(parameter, click.Option))
    assert dibs(*path, "--help").exit_code == 0


@pytest.mark.parametrize("at", range(5))
def test_json_may_be_asked_for_anywhere_in_the_line(at, dibs):
    words = ["audit", "verify", "no-such-book", "--key", "k"]
    words.insert(at, "--json")
    assert "findings" in json.loads(dibs(*words).stdout)


def test_the_version_is_told(dibs):
    assert dibs("--version").stdout == "dibs 0.1.0\n"


def test_without_a_command_the_help_is_shown_and_nothing_was_done(dibs):
    result = dibs()
    assert result.exit_code == 2
    assert "decide" in result.stderr


def test_what_does_not_answer_is_a_failure_that_says_whether_to_try_again(dibs, monkeypatch):
    def fail(*_):
        raise Unavailable("the disk is full: make room", code="DIB159", retry=True)

    monkeypatch.setattr("dibs.cli.agreements.open_agreement", fail)
    result = dibs("show", HARBOUR, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {"failed": {"code": "DIB159", "message": "the disk is full: make room", "retry": True}}
    assert "DIB159" in dibs("show", HARBOUR).stderr


def test_an_interrupt_is_no_traceback(dibs, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("dibs.cli.agreements.open_agreement", interrupt)
    result = dibs("show", HARBOUR)
    assert result.exit_code == 1
    assert "stopped" in result.stderr


@pytest.mark.parametrize(("word", "column"), [("a b", 12), ("x", 23), ("gone", 25), ("", 25)])
def test_a_word_is_found_where_the_shell_would_have_it(word, column):
    assert place(word, ["check", "a b", "--on=x"]).column == column


@pytest.mark.parametrize("colour", [{"FORCE_COLOR": "1"}, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, {}], ids=["asked for", "refused", "nobody looks"])
def test_colours_are_shown_only_to_somebody_who_looks(colour):
    clean = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR", "TERM"}}
    run = subprocess.run(
        [DIBS, "decide", HARBOUR, "--class", "api", "--host", "cinder-west", "--on", "2025-03-01"],
        capture_output=True,
        text=True,
        check=True,
        env={**clean, **colour, "TERM": "xterm-256color"},
    )
    assert ("\x1b[" in run.stdout) == (colour == {"FORCE_COLOR": "1"})


def complete(*words: str) -> list[str]:
    """What the shell would be told after these words, the last of them unfinished."""
    env = {**os.environ, "_DIBS_COMPLETE": "bash_complete", "COMP_WORDS": " ".join(["dibs", *words]), "COMP_CWORD": str(len(words))}
    run = subprocess.run([DIBS], capture_output=True, text=True, check=False, env=env)
    return [line.partition(",")[2] for line in run.stdout.splitlines() if line]


def test_the_shell_completes_commands_and_options():
    assert {"decide", "diff"} <= set(complete("d"))
    assert complete("decide", HARBOUR, "--cl") == ["--class"]


def test_the_shell_completes_names_from_the_agreement_on_the_line():
    assert complete("decide", HARBOUR, "--host", "bor") == ["borealis-east", "borealis-cinder"]
    assert complete("decide", HARBOUR, "--class", "a") == ["api"]
    assert complete("decide", "no-such-file", "--class", "a") == []


def test_the_shell_completes_what_can_be_explained():
    assert complete("explain", "must") == ["must_offer"]
