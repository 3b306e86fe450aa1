"""Commands that put questions to an agreement: decide, matrix, may-use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dibs.cli.frame import say
from dibs.cli.words import (
    DAY,
    Whole,
    agreement_argument,
    known_name,
    known_option,
    names_in_agreement,
    on_option,
    open_agreement,
    reading_option,
    today,
)

if TYPE_CHECKING:
    from datetime import date

    from rich.console import Console

    from dibs.cli.frame import Output
    from dibs.decisions.decision import Decision
    from dibs.decisions.licence import Permission

COLOURS = {"permitted": "green", "offer_first": "yellow", "refused": "red", "undetermined": "magenta"}
SHORT = {"permitted": "yes", "offer_first": "offer first", "refused": "no", "undetermined": "open"}


@agreement_argument
@click.option("--class", "workload_class", required=True, help="The class of work.", shell_complete=names_in_agreement("workload_classes"))
@click.option("--host", required=True, help="Where it would run.", shell_complete=names_in_agreement("hosts"))
@on_option(required=True)
@click.option("--quantity", type=Whole(), help="Accelerators (default: a lot of at least the minimum).")
@known_option
@reading_option
@click.option("--explain", is_flag=True, help="Say everything that mattered, in sentences.")
def decide(
    out: Output,
    *,
    agreement: str,
    workload_class: str,
    host: str,
    on: date,
    quantity: int | None,
    known: date | None,
    readings: tuple[tuple[str, str], ...],
    explain: bool,
) -> None:
    """May this work run there on that day?  With every clause that decided.

    The answer is permitted, offer_first (the holder of a right is asked first), refused or undetermined.
    """
    from dibs.decisions.decide import decide as answer

    loaded = open_agreement(agreement, readings)
    known_name(workload_class, loaded.workload_classes, "class of work", "`--class`")
    known_name(host, loaded.hosts, "host", "`--host`")
    decision = answer(loaded, workload_class=workload_class, host=host, on=on, known=known, quantity=quantity)

    def show(console: Console) -> None:
        if explain:
            from dibs.decisions.explain import sentences

            for said in sentences(decision):
                say(console, said)
        else:
            _show_answer(console, decision, f"{workload_class} on {host}")

    out.answer(decision.as_dict(), show)


def _show_answer(console: Console, decision: Decision | Permission, question: str) -> None:
    """The answer, why, until when, and what would change it."""
    colour = COLOURS[decision.answer]
    known = f", as known on {decision.known}" if decision.known else ""
    say(console, (str(decision.answer), f"bold {colour}"), f"  {question}, {decision.on}", (f"  (version {decision.version}{known})", "dim"))
    for reason in decision.reasons:
        where = f"  {reason.where}" if reason.where else ""
        say(console, (str(reason.code), colour), "  ", (reason.clause, "bold"), f"  {reason.text}", (where, "dim"), indent=2)
        numbers = [f"needs {reason.need}"] if reason.need else []
        numbers += [f"has {reason.have}"] if reason.have else []
        if numbers:
            say(console, "; ".join(numbers), indent=6)
    if not decision.reasons:
        say(console, "no clause speaks of it", indent=2)
    if decision.flips_on:
        say(console, f"the answer changes on {decision.flips_on}", indent=2)
    for change in decision.would_change_if:
        say(console, (str(change.answer), COLOURS[change.answer]), f" if {change.text}", indent=2)


@agreement_argument
@on_option()
@click.option("--quantity", type=Whole(), help="Accelerators (default: a lot of at least the minimum).")
@known_option
@reading_option
def matrix(out: Output, *, agreement: str, on: date | None, quantity: int | None, known: date | None, readings: tuple[tuple[str, str], ...]) -> None:
    """Every class of work on every host, on one day."""
    from dibs.decisions.compile import compile_agreement

    loaded = open_agreement(agreement, readings)
    day = on or today(loaded.time_zone)
    compiled = compile_agreement(loaded)
    cells = compiled.matrix(day, known, quantity=quantity)
    document = {
        "on": day.isoformat(),
        "known": known.isoformat() if known else None,
        "version": compiled.version(day, known),
        "cells": [cell.as_dict() for row in cells.values() for cell in row.values()],
    }

    def show(console: Console) -> None:
        from rich.table import Table
        from rich.text import Text

        table = Table(title=f"{loaded.title}, {day} (version {document['version']})", title_justify="left", header_style="bold")
        table.add_column("class")
        for host in loaded.hosts:
            table.add_column(host, overflow="fold")
        for workload_class, row in cells.items():
            table.add_row(workload_class, *(Text.assemble((SHORT[c.answer], COLOURS[c.answer]), ("\n" + _leading(c), "dim")) for c in row.values()))
        console.print(table)

    out.answer(document, show)


def _leading(decision: Decision) -> str:
    return decision.reasons[0].clause if decision.reasons else ""


@agreement_argument
@click.option("--party", required=True, help="Who would use it.", shell_complete=names_in_agreement("parties"))
@click.option("--subject", required=True, help="What would be used: models, research ...")
@click.option("--use", required=True, help="For what.")
@on_option(required=True)
@click.option("--developed", type=DAY, help="When the subject came to be, for a licence that reaches only what existed before a day.")
@known_option
@reading_option
def may_use(
    out: Output,
    *,
    agreement: str,
    party: str,
    subject: str,
    use: str,
    on: date,
    developed: date | None,
    known: date | None,
    readings: tuple[tuple[str, str], ...],
) -> None:
    """May this party use that subject of a licence, for this purpose, on that day?"""
    from dibs.decisions.licence import may_use as answer

    loaded = open_agreement(agreement, readings)
    known_name(party, loaded.parties, "party", "`--party`")
    permission = answer(loaded, party, subject, use, on, known=known, developed=developed)
    out.answer(permission.as_dict(), lambda console: _show_answer(console, permission, f"{party} uses {subject} for {use}"))
