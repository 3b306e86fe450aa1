"""Write the reference pages from the code that they describe; `--check` says which are out of date and changes nothing.

Each page is a function from code to text.  A page that is written by hand does not belong here.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import itertools
import re
import sys
import typing
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
from ruamel.yaml import YAML

from dibs.cli.main import cli
from dibs.contract import model
from dibs.contract.fields import FIELDS, Anything, Choice, Field, ListOf, MapOf, Plain, Record, Shape
from dibs.decisions.decision import ReasonCode
from dibs.procedure import commands, events
from dibs.procedure.transitions import START, diagram
from dibs.quantities import Money, render_duration, render_share
from dibs.service.openapi import PROBLEMS, answer_of, path_of, roles_of, tag_of
from dibs.service.operation import NoBody, Operation
from dibs.service.routes import OPERATIONS
from dibs.settle.tables import COLUMNS as MONEY
from dibs.simulate.tables import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"
PLAIN = {
    str: "text",
    bool: "true or false",
    int: "whole number",
    Decimal: "number",
    model.Share: "share",
    Money: "money",
    timedelta: "duration",
    date: "day",
}
SAYS_SO = "<!-- written by docs/generate.py: change the code, then `make docs` -->\n\n"


def sentence(thing: object) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())


def cell(text: str) -> str:
    """Text that may stand in a cell of a Markdown table."""
    return text.replace("|", "\\|").replace("\n", " ")


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(cell(value) for value in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def said_shape(shape: Shape) -> str:
    """A value's shape as a person writes it: `money`, `share`, `list of text`."""
    match shape:
        case Plain(of):
            return PLAIN[of]
        case Choice(words):
            return " or ".join(f"`{word}`" for word in words)
        case ListOf(item):
            return f"list of {said_shape(item)}"
        case MapOf(key, value):
            return f"{said_shape(key)}: {said_shape(value)}"
        case Record(cls):
            return cls.__name__
        case Anything():
            return "as the field it sets"


def said_default(field: Field) -> str:
    """A default as a person would write it."""
    if field.required:
        return "**required**"
    match field.default:
        case bool():
            return str(field.default).lower()
        case None | () | "":
            return "none"
        case timedelta():
            return render_duration(field.default)
        case Decimal():
            return render_share(field.default)
        case tuple():
            return ", ".join(str(item) for item in field.default)
        case _:
            return str(field.default) if field.default else "none"


def rows_of(kind: type, *, without: type | None = None) -> str:
    """One row a field of a record that people write."""
    skip = {field.name for field in FIELDS[without]} if without else set()
    rows = []
    for field in FIELDS[kind]:
        if field.name in skip:
            continue
        unit = f" ({field.unit})" if field.unit else ""
        names = f", naming a {field.refers}" if field.refers else ""
        rows.append((f"`{field.key}`", said_shape(field.shape) + unit + names, said_default(field), field.says, field.source))
    return table(("field", "value", "default", "meaning", "source"), rows)


def agreement_page() -> str:
    """Every record and clause kind of an agreement file."""
    out = [
        "# Agreement files\n",
        "Everything that an agreement can say. `source` names the rule (R), statement (S), ambiguity (C) or fact it was made from.\n",
    ]
    out.append(
        "Money is `250e9 USD`, a share `20 %`, a duration `30 days`, a day `2025-01-21`. Every period is half-open: `until` is the first day out.\n"
    )
    for record in (model.Agreement, model.Party, model.Host, model.Amendment, model.Reading):
        out += [f"## {record.__name__}\n", sentence(record) + "\n", rows_of(record)]
    out += ["## What every clause has\n", sentence(model.Clause) + "\n", rows_of(model.Clause)]
    for name, kind in model.CLAUSE_KINDS.items():
        out += [f"## `{name}`\n", sentence(kind) + "\n", rows_of(kind, without=model.Clause)]
    out.append("# Records inside clauses\n")
    for record in (model.Purpose, model.Measure, model.Site, model.Phase, model.Building):
        out += [f"## {record.__name__}\n", sentence(record) + "\n", rows_of(record)]
    return "\n".join(out)


def comments_of(enum: type) -> dict[str, str]:
    """The string that follows each member in the source of an enumeration."""
    body = ast.parse(inspect.getsource(enum)).body[0].body  # type: ignore[attr-defined]
    found: dict[str, str] = {}
    for node, after in itertools.pairwise(body):
        if isinstance(node, ast.Assign) and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            found[node.targets[0].id] = " ".join(str(after.value.value).split())  # type: ignore[attr-defined]
    return found


def codes_page() -> str:
    """Every finding code, and every reason a decision can give."""
    pages = sorted((ROOT / "src" / "dibs" / "explanations").glob("DIB*.md"))
    rows = [(f"`{page.stem}`", page.read_text().splitlines()[0].partition(":")[2].strip()) for page in pages]
    says = comments_of(ReasonCode)
    reasons = [(f"`{code.value}`", says.get(code.name, code.value.replace("_", " ") + ".")) for code in ReasonCode]
    return "\n".join(
        [
            "# Codes\n\n## Findings\n\n`dibs explain CODE` prints the whole page with an example and the way to mend it.\n",
            table(("code", "what is wrong"), rows),
            "## Reasons\n\nIn order of precedence: where two reasons refuse, the first of this list leads.\n",
            table(("reason", "meaning"), reasons),
        ]
    )


def procedure_page() -> str:
    """The state machine: its diagrams, commands and events."""
    out = ["# The procedure\n", "Drawn from the table in `src/dibs/procedure/transitions.py`; an event that the table does not allow is a bug.\n"]
    out += [f"## Statuses: {thing}\n\n```mermaid\n{diagram(thing)}```\n" for thing in START]
    for title, union in (("Commands", commands.AnyCommand), ("Events", events.AnyEvent)):
        rows = []
        for kind in typing.get_args(union):
            names = [field.name for field in msgspec.structs.fields(kind) if field.name not in {"by", "at", "because"}]
            rows.append((f"`{kind.__name__}`", sentence(kind), ", ".join(f"`{name}`" for name in names)))
        out += [f"## {title}\n", table(("name", "meaning", "carries"), rows)]
    return "\n".join(out)


def commands_of(group: click.Group, path: str = "dibs") -> Iterator[tuple[str, click.Command]]:
    """All leaf commands, in the order of their names."""
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            yield from commands_of(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def cli_page() -> str:
    """Every command with its arguments and options."""
    out = [
        "# Command line\n",
        "Results go to standard output, progress and prose to standard error. Exit 0: done (a refusal included); 1: failed; 2: bad input.\n",
    ]
    for path, command in commands_of(cli):
        arguments = " ".join(p.make_metavar(click.Context(command)) for p in command.params if isinstance(p, click.Argument))
        out += [
            f"## `{path} {arguments}`".replace(" `", "`").replace("##`", "## `") + "\n",
            inspect.cleandoc(command.help or "").replace("\b\n", "") + "\n",
        ]
        rows = [(", ".join(f"`{o}`" for o in p.opts), p.help or "") for p in command.params if isinstance(p, click.Option) and not p.hidden]
        if rows:
            out.append(table(("option", "meaning"), rows))
    return "\n".join(out)


def tables_page() -> str:
    """Every table that a run leaves, column by column."""
    out = ["# Tables of a run\n", "`dibs run SCENARIO --out DIR` leaves these under `DIR/tables/`. Days are ISO; quantities are accelerators.\n"]
    for name, columns in {**COLUMNS, **MONEY}.items():
        out += [f"## `{name}.csv`\n", table(("column", "meaning"), [(f"`{column}`", says) for column, says in columns.items()])]
    return "\n".join(out)


REST = """\
`dibs serve` answers under the address that it prints; `/openapi.json` there (or `dibs schema openapi`) says the same to programs, as OpenAPI 3.1.
Everything is JSON in UTF-8. Every request but those to the documents shows a token: `Authorization: Bearer TOKEN`.

A write takes an `Idempotency-Key`, under which a repeat does nothing twice, and `?dry_run=true`, which keeps nothing and says what would come of it.
A list takes `limit` (1 to 1000) and `cursor`, the `next` of the part before.
A refusal by a clause is an answer (`outcome: refused`, with its reasons), not an error.
"""


def rest_page() -> str:
    """Every operation of the service, by subject."""
    out = [
        "# REST\n",
        REST,
        "## Errors\n\nA problem as RFC 9457 says it: `code` is stable, `type` leads to the page that explains it, and nothing was done.\n",
        table(("status", "meaning"), [(str(status), text) for status, (_, text) in PROBLEMS.items()]),
    ]
    subjects: dict[str, list[Operation]] = defaultdict(list)
    for operation in OPERATIONS:
        subjects[tag_of(operation)].append(operation)
    for subject, some in subjects.items():
        out.append(f"## {subject}\n")
        for one in some:
            out += [f"### `{one.method} {path_of(one)}`\n", f"{one.summary}. {' '.join(one.description.split())}\n", roles_of(one) + "\n"]
            if names := [f"`{field.encode_name}`" for field in msgspec.structs.fields(one.query)]:
                out.append(f"Parameters: {', '.join(names)}.\n")
            if one.body is not NoBody:
                fields = msgspec.structs.fields(one.body)
                takes = ", ".join(f"`{field.encode_name}`" for field in fields if field.required)
                may = ", ".join(f"`{field.encode_name}`" for field in fields if not field.required)
                out.append(". ".join(part for part in (takes and f"Takes {takes}", may and f"May take {may}") if part) + ".\n")
            answers = [answer_of(one).__name__] if answer_of(one) is not None else []
            status = f"{one.status} or 200" if one.writes and one.status != 200 else str(one.status)
            out.append(f"Answers {status}: {' or '.join([*(f'`{name}`' for name in answers), *one.media]) or 'a file'}.\n")
    return "\n".join(out)


def shown_by() -> Mapping[str, list[str]]:
    """Statement or rule -> the tests that carry its mark, and the YAML cases that name it, as `file: name`."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        where = path.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.FunctionDef | ast.ClassDef):
                continue
            for mark in node.decorator_list:
                if isinstance(mark, ast.Call) and ast.unparse(mark.func).endswith("mark.statement"):
                    for argument in mark.args:
                        found[ast.literal_eval(argument)].append(f"{where}: {node.name}")
    reader = YAML(typ="safe", pure=True)
    for path in sorted((ROOT / "tests" / "tables").rglob("*.yaml")):
        where = path.relative_to(ROOT).as_posix()
        for name, ids in named_cases(reader.load(path.read_text())):
            for one in ids:
                found[one].append(f"{where}: {name}")
    return found


def named_cases(data: object) -> Iterator[tuple[str, list[str]]]:
    """Every mapping with `statements`, and its name."""
    if isinstance(data, dict):
        ids = [str(one) for one in data.get("statements", ())]
        if ids:
            yield str(data.get("name", data.get("title", "the whole file"))), ids
        for value in data.values():
            yield from named_cases(value)
    elif isinstance(data, list):
        for value in data:
            yield from named_cases(value)


def statements_page() -> str:
    """Every public statement, and the test that shows what dibs makes of it."""
    listed = YAML(typ="safe", pure=True).load((ROOT / "tests" / "spec" / "statements.yaml").read_text())
    shown = shown_by()
    rows = []
    for one, entry in listed.items():
        tests = "; ".join(sorted(set(shown.get(one, [])))[:4])
        more = len(set(shown.get(one, []))) - 4
        rows.append((one, entry["title"], entry.get("none") or tests + (f"; and {more} more" if more > 0 else "")))
    rules = [(rule, "; ".join(sorted(set(shown[rule]))[:4])) for rule in (f"R{n}" for n in range(1, 35))]
    return "\n".join(
        [
            "# Statements and rules, and where each is shown\n",
            "What was publicly claimed about the partnership of the example, and which test shows what dibs makes of it; or why nothing follows.\n",
            table(("id", "statement", "shown by, or why nothing follows"), rows),
            "## Rules of the offer procedure\n",
            table(("rule", "shown by"), rules),
        ]
    )


PAGES: Mapping[str, Callable[[], str]] = {
    "agreement.md": agreement_page,
    "codes.md": codes_page,
    "procedure.md": procedure_page,
    "command-line.md": cli_page,
    "rest.md": rest_page,
    "tables.md": tables_page,
    "statements.md": statements_page,
}


def main() -> int:
    """Write what changed, or with `--check` name it and fail."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = []
    for name, page in PAGES.items():
        path, text = REFERENCE / name, SAYS_SO + re.sub(r"\n{3,}", "\n\n", page()).rstrip() + "\n"
        if path.exists() and path.read_text() == text:
            continue
        stale.append(name)
        if not check:
            REFERENCE.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    print(("out of date: " if check else "written: ") + (", ".join(stale) or "nothing"), file=sys.stderr)
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
