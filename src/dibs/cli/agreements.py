"""Commands about the text of an agreement: check, show, diff, schema."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dibs.cli.frame import BAD_INPUT, DONE, Output, bad, like, say, typed_words
from dibs.cli.words import DAY, agreement_argument, known_option, on_option, open_agreement, read_text, reading_option, today

if TYPE_CHECKING:
    from datetime import date

    from rich.console import Console

    from dibs.contract.amend import Changed, Dated, FieldChange
    from dibs.contract.model import Agreement, Clause
    from dibs.errors import Finding


@click.argument("files", nargs=-1, required=True, type=click.Path(), metavar="FILE...")
def check(out: Output, files: tuple[str, ...]) -> int:
    """Check agreement files and scenario folders: every finding at once.

    Ends with 2 if anything is wrong that keeps a file from being used; warnings alone end with 0.
    """
    from dibs.cli.findings import show_findings
    from dibs.errors import BadInput

    findings: list[Finding] = []
    for file in files:
        try:
            findings += _findings_in(file)
        except BadInput as error:
            findings += error.findings
    errors = sum(finding.severity == "error" for finding in findings)

    def show(console: Console) -> None:
        show_findings(console, findings, typed_words())
        if not findings:
            console.print(f"{len(files)} checked, nothing found", style="green")

    out.answer({"findings": [finding.as_dict() for finding in findings]}, show)
    return BAD_INPUT if errors else DONE


def _findings_in(path: str) -> list[Finding]:
    """What is wrong with an agreement file, a file with a supplier's rules, or a scenario folder (named by itself or by its `scenario.yaml`)."""
    if Path(path).is_dir() or Path(path).name == "scenario.yaml":
        from dibs.simulate.scenario import parse as parse_scenario

        _, found = parse_scenario(path if Path(path).is_dir() else str(Path(path).parent))
        return list(found.items)
    text = read_text(path)
    if re.search(r"^dibs:\s*supplier/", text, re.MULTILINE):
        from dibs.connect.scripted import parse_script

        return list(parse_script(text, path)[1].items)
    from dibs.contract.load import parse

    return list(parse(text, path)[1].items)


@agreement_argument
@on_option()
@known_option
@reading_option
@click.option("--yaml", "as_yaml", is_flag=True, help="As a file again; with --on, as one text without amendments, of what is in force on that day.")
def show(out: Output, *, agreement: str, on: date | None, known: date | None, readings: tuple[tuple[str, str], ...], as_yaml: bool) -> None:
    """Show an agreement in plain English, as it stands on a day."""
    from dibs.contract.amend import dated_clauses, version_at
    from dibs.contract.render import plain_english, to_yaml

    loaded = open_agreement(agreement, readings)
    day = on or today(loaded.time_zone)
    rows = [row for row in dated_clauses(loaded, known) if row.covers(day)]
    document = {
        "agreement": loaded.id,
        "title": loaded.title,
        "on": day.isoformat(),
        "known": known.isoformat() if known else None,
        "version": version_at(loaded, day, known),
        "clauses": [_clause_document(row, loaded) for row in rows],
    }
    if as_yaml:
        text = to_yaml(_consolidated(loaded, rows) if on else loaded)
        out.answer({**document, "yaml": text}, lambda console: console.print(text, end="", soft_wrap=True))
        return
    out.answer(document, lambda console: _show_english(console, plain_english(loaded, day, known)))


def _show_english(console: Console, text: str) -> None:
    """The text with its headings marked; a terminal wraps it at words."""
    for line in text.splitlines():
        heading = line[:1].isdigit() or (line and set(line) <= {"=", "-"})
        say(console, (line.strip(), "bold" if heading else ""), indent=len(line) - len(line.lstrip()))


def _consolidated(agreement: Agreement, rows: list[Dated]) -> Agreement:
    """The agreement as one text without amendments: these clauses, each with the days on which it is in force."""
    clauses = tuple(dataclasses.replace(row.clause, from_=row.starts, until=row.ends) for row in rows)
    return dataclasses.replace(agreement, clauses=clauses, amendments=())


def _clause_document(row: Dated, agreement: Agreement) -> dict[str, Any]:
    from dibs.contract.render import sentence

    clause = row.clause
    return {
        **_brief(clause),
        "means": sentence(clause, agreement),
        "starts": row.starts.isoformat() if row.starts else None,
        "ends": row.ends.isoformat() if row.ends else None,
        "by": row.by or None,
        "confidence": clause.confidence,
        "facts": list(clause.facts),
    }


def _brief(clause: Clause) -> dict[str, Any]:
    return {"id": clause.id, "kind": clause.kind, "says": clause.says, "where": str(clause.mark)}


@agreement_argument
@click.option("--from", "from_", type=DAY, required=True, help="The day before the change.")
@click.option("--to", type=DAY, required=True, help="The day after it.")
@known_option
@reading_option
def diff(out: Output, *, agreement: str, from_: date, to: date, known: date | None, readings: tuple[tuple[str, str], ...]) -> None:
    """Show what differs between two days, clause by clause, and what was left alone."""
    from dibs.contract.amend import difference, version_at
    from dibs.contract.render import difference_in_words

    loaded = open_agreement(agreement, readings)
    found = difference(loaded, from_, to, known)
    versions = [version_at(loaded, from_, known), version_at(loaded, to, known)]
    document = {
        "from": from_.isoformat(),
        "to": to.isoformat(),
        "known": known.isoformat() if known else None,
        "versions": versions,
        "added": [_brief(clause) for clause in found.added],
        "ended": [_brief(clause) for clause in found.ended],
        "changed": [{**_brief(change.after), "fields": [_field_document(change, field) for field in change.fields]} for change in found.changed],
        "unchanged": [_brief(clause) for clause in found.unchanged],
    }

    def show(console: Console) -> None:
        from rich.text import Text

        console.print(Text(f"{from_} (version {versions[0]}) to {to} (version {versions[1]})", "bold"))
        for line in difference_in_words(found, loaded).splitlines():
            console.print(Text(line, {"-": "red", "+": "green"}.get(line[:1], "")), soft_wrap=not console.is_terminal)

    out.answer(document, show)


def _field_document(change: Changed, field: FieldChange) -> dict[str, Any]:
    return {"field": field.key, "before": _plain(field.before, change.before, field.key), "after": _plain(field.after, change.after, field.key)}


def _plain(value: Any, clause: Clause, key: str) -> Any:
    """A field's value as a file writes it, in JSON's own types."""
    from dibs.contract.fields import FIELDS
    from dibs.contract.render import as_written

    field = next((f for f in FIELDS[type(clause)] if f.key == key), None)
    return as_written(value, field.shape) if field else value


def _schema_names(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    return [name for name in ("agreement", "scenario", "suppliers", "programme", "supplier", "openapi") if name.startswith(incomplete)]


@click.argument("name", shell_complete=_schema_names)
def schema(out: Output, name: str) -> None:
    """Print the JSON Schema of a kind of file: agreement, scenario, suppliers, programme, supplier; or the service's own document: openapi.

    Editors complete and check with it: dibs schema agreement > agreement.schema.json
    """
    import json

    from dibs.contract.schema import schema as agreement_schema
    from dibs.simulate.schemas import FILES
    from dibs.simulate.schemas import schema as scenario_schema

    known = ["agreement", *FILES, "supplier", "openapi"]
    if name not in known:
        raise bad("DIB191", f"there is no schema `{name}`{like(name, known)}", f"take one of: {', '.join(known)}", name)
    if name == "openapi":
        from dibs.service.openapi import document as openapi
        from dibs.service.routes import OPERATIONS

        document = openapi(OPERATIONS)
    elif name == "supplier":
        from dibs.connect.scripted import Script
        from dibs.contract.schema import document as schema_of

        document = schema_of(Script, name)
    else:
        document = agreement_schema(name) if name == "agreement" else scenario_schema(name)
    out.answer(document, lambda console: console.print(json.dumps(document, ensure_ascii=False, indent=2), soft_wrap=True))
