"""What all commands share: how they answer, how they fail, and where a typed word stands.

A command answers once: one JSON document with `--json`, prose for a person without.  It ends with 0 when it did what it
was asked (a refusal by a clause included), 1 when it failed, 2 when the input cannot be used.  Whatever is wrong with
the words typed is a finding like any other, with its code, its place in the line and its fix.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import json
import os
import re
import shlex
import sys
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import click

from dibs.errors import BadInput, Finding, Mark, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from rich.console import Console

DONE = 0
FAILED = 1
BAD_INPUT = 2

JSON = "--json"
LINE = "(command line)"
"""Stands for the file where the words typed are to blame; columns count from the `d` of `dibs`."""
PLAIN_WIDTH = 150
"""Columns of prose that goes to a file or a pipe."""


class Output:
    """Where a command's answer goes."""

    def __init__(self, *, as_json: bool) -> None:
        """One JSON document on standard output, or prose."""
        self.as_json = as_json

    def answer(self, document: object, show: Callable[[Console], None]) -> None:
        """Give the answer: the document, or what `show` writes."""
        if self.as_json:
            click.echo(json.dumps(document, ensure_ascii=False, indent=2))
        else:
            show(console(sys.stdout))

    @functools.cached_property
    def notes(self) -> Console:
        """Where progress and remarks go: standard error."""
        return console(sys.stderr)


def console(stream: Any) -> Console:
    """A console on a stream: colours only where somebody looks, and one fixed width where nobody does."""
    from rich.console import Console

    width = None if stream.isatty() or os.environ.get("COLUMNS") else PLAIN_WIDTH
    colours: Literal["auto"] | None = None if os.environ.get("NO_COLOR") else "auto"
    return Console(file=stream, width=width, color_system=colours, highlight=False, emoji=False, markup=False)


def say(console: Console, *parts: str | tuple[str, str], indent: int = 0) -> None:
    """Print a paragraph of plain and (words, style) parts: wrapped and indented where somebody looks, one line elsewhere."""
    from rich.padding import Padding
    from rich.text import Text

    if console.is_terminal:
        console.print(Padding(Text.assemble(*parts), (0, 0, 0, indent)))
    else:
        console.print(Text.assemble(" " * indent, *parts), soft_wrap=True)


def command(group: click.Group, name: str | None = None) -> Callable[[Callable[..., int | None]], click.Command]:
    """Make a function a command of `group`: it gets its `Output` first, then its arguments, and may return an exit code."""

    def decorate(function: Callable[..., int | None]) -> click.Command:
        @functools.wraps(function)
        def run(**arguments: Any) -> int | None:
            return function(Output(as_json=JSON in typed_words()), **arguments)

        wrapped = click.option(JSON, is_flag=True, expose_value=False, help="Print one JSON document and nothing else.")(run)
        return group.command(name, short_help=_first_sentence(function.__doc__ or ""))(wrapped)

    return decorate


def _first_sentence(text: str) -> str:
    """What a list of commands says of one: up to the first full stop, question mark or colon."""
    found = re.match(r"[^.?:]*[.?:]", " ".join(text.split()))
    return found[0].replace(":", ".") if found else text


class Family(click.Group):
    """A command that has sub-commands; they are listed in the order in which they were added."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """What one does first comes first."""
        return list(self.commands)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the sub-command, or say which ones there are."""
        word = args[0]
        if not ctx.resilient_parsing and not word.startswith("-") and self.get_command(ctx, word) is None:
            raise bad(
                "DIB183", f"`{word}` is no command of `{ctx.command_path}`{like(word, self.commands)}", f"see `{ctx.command_path} --help`", word
            )
        return super().resolve_command(ctx, args)


class Program(Family):
    """The whole command line: whatever goes wrong in it becomes findings and an exit code."""

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any) -> NoReturn:  # type: ignore[override]
        """Run one command and exit.  `--json` may stand anywhere in the line."""
        words = list(sys.argv[1:] if args is None else args)
        output = Output(as_json=JSON in words)
        extra = {**extra, "standalone_mode": False, "obj": words}
        try:
            code = super().main([word for word in words if word != JSON], prog_name or "dibs", **extra)
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message(), err=True)
            code = BAD_INPUT
        except click.UsageError as error:
            code = _report(output, [_usage(error, words)], words)
        except BadInput as error:
            code = _report(output, [_placed(finding, words) for finding in error.findings], words)
        except Unavailable as error:
            failure = {"failed": {"code": error.code, "message": str(error), "retry": error.retry}}
            output.answer(failure, lambda _, said=f"{error.code}: {error}": output.notes.print(said, style="red"))  # type: ignore[misc]
            code = FAILED
        except click.Abort:
            output.notes.print("stopped", style="yellow")
            code = FAILED
        sys.exit(code or DONE)


def like(word: str, known: Iterable[str]) -> str:
    """`: did you mean ...?`, if something known is close enough to what was written."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f": did you mean `{near[0]}`?" if near else ""


def bad(code: str, message: str, fix: str, word: str = "") -> BadInput:
    """One finding about a word of the command line (or about a word that is missing there), to be raised."""
    return BadInput([Finding(code, message, place(word, typed_words()), fix)])


def cannot_write(path: Path, error: OSError) -> Unavailable:
    """The failure that leaves nothing half-written, to be raised."""
    reason = (error.strerror or str(error)).lower()
    return Unavailable(f"`{path}` cannot be written: {reason}: name a place that is yours and has room", code="DIB193", retry=True)


def typed_words() -> list[str]:
    """The words of the command that is running, as they were typed after `dibs`."""
    context = click.get_current_context(silent=True)
    return list(context.find_root().obj or ()) if context else []


def place(word: str, words: Sequence[str]) -> Mark:
    """Where a word stands in the line as typed; its end, if the word is not there."""
    column = len("dibs ") + 1
    for typed in words:
        written = shlex.quote(typed)
        if word and word == typed:
            return Mark(LINE, 1, column)
        if word and typed.endswith(f"={word}"):
            return Mark(LINE, 1, column + written.index("=") + 1)
        column += len(written) + 1
    return Mark(LINE, 1, column)


def _placed(finding: Finding, words: Sequence[str]) -> Finding:
    """A finding about an option, which other layers name by its words, with its place in the line as typed."""
    option, _, value = finding.where.file.partition(" ")
    return dataclasses.replace(finding, where=place(value, words)) if option.startswith("--") else finding


def _usage(error: click.UsageError, words: Sequence[str]) -> Finding:
    """What click found wrong with the words, as a finding."""
    path = error.ctx.command_path if error.ctx else "dibs"
    see = f"see `{path} --help`"
    match error:
        case click.NoSuchOption(option_name=name):
            known = [option for parameter in error.ctx.command.params for option in parameter.opts] if error.ctx else []
            return Finding("DIB184", f"`{path}` has no option `{name}`{like(name, known)}", place(name, words), see)
        case click.MissingParameter(param=click.Parameter() as parameter):
            name = parameter.opts[0] if isinstance(parameter, click.Option) else parameter.human_readable_name
            return Finding("DIB185", f"`{path}` needs `{name}`", place("", words), f"add it; {see}")
        case click.BadOptionUsage(option_name=name):
            return Finding("DIB185", f"`{name}` needs a value", place("", words), f"write the value after it; {see}")
        case click.BadParameter(param=click.Parameter() as parameter):
            return Finding("DIB186", f"`{parameter.opts[0]}`: {_sentence(error.message)}", place("", words), see)
        case _:
            word = next((w for w in words if f"({w})" in error.message or f" {w})" in error.message or f"({w} " in error.message), "")
            return Finding("DIB187", _sentence(error.message), place(word, words), see)


def _sentence(message: str) -> str:
    """A message of click in the form of ours: lower case at first, user text in backticks, no full stop."""
    return (message[:1].lower() + message[1:]).rstrip(".").replace("'", "`").replace('"', "`")


def _report(output: Output, findings: Sequence[Finding], words: Sequence[str]) -> int:
    """Say what is wrong with the input: the document on standard output, or prose on standard error."""
    from dibs.cli.findings import show_findings

    document = {"findings": [finding.as_dict() for finding in findings]}
    output.answer(document, lambda _: show_findings(output.notes, findings, words))
    return BAD_INPUT
