"""Commands that put questions to an agreement: decide, matrix, may-use."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

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
    from collections.abc import Mapping
    from datetime import date

    from rich.console import Console

    from dibs.cli.frame import Output
    from dibs.decisions.decision import Decision
    from dibs.decisions.licence import Permission

Matrix: TypeAlias = "Mapping[str, Mapping[str, Decision]]"
COLOURS = {"permitted": "green", "offer_first": "yellow", "refused": "red", "undetermined": "magenta"}
SHORT = {"permitted": "yes", "offer_first": "ask first", "refused": "no", "undetermined": "open"}
CELL = max(map(len, SHORT.values())) + 2
"""Columns of an answer and the letter of its clause."""


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

    out.answer(document, lambda console: _show_matrix(console, cells, f"{loaded.title}, {day} (version {document['version']})"))


def _show_matrix(console: Console, cells: Matrix, title: str) -> None:
    """Hosts down, classes across, in as many tables as the width needs; a letter says which clause decides."""
    from rich.table import Table
    from rich.text import Text

    letters: dict[str, str] = {}
    says: dict[str, str] = {}
    for row in cells.values():
        for cell in row.values():
            for reason in cell.reasons[:1]:
                if reason.clause:
                    letters.setdefault(reason.clause, _letter(len(letters)))
                    says.setdefault(reason.clause, reason.text)
    say(console, (title, "bold"))
    for classes in _fitting(cells, console.width):
        table = Table(header_style="bold", show_edge=False, pad_edge=False)
        table.add_column("", no_wrap=True)
        for workload_class in classes:
            table.add_column(workload_class, min_width=CELL, overflow="fold")
        for host in cells[classes[0]]:
            answers = [cells[workload_class][host] for workload_class in classes]
            leading = [letters.get(cell.reasons[0].clause, "") if cell.reasons else "" for cell in answers]
            marked = zip(answers, leading, strict=True)
            table.add_row(host, *(Text.assemble((SHORT[cell.answer], COLOURS[cell.answer]), (f" {letter}", "dim")) for cell, letter in marked))
        console.print(table)
    for clause, letter in letters.items():
        say(console, f"{letter} ", (clause, "bold"), f"  {says[clause]}")


def _letter(place: int) -> str:
    """a, b ... z, aa, ab ..."""
    return (_letter(place // 26 - 1) if place >= 26 else "") + "abcdefghijklmnopqrstuvwxyz"[place % 26]


def _fitting(cells: Matrix, width: int) -> list[list[str]]:
    """The classes in groups whose columns fit beside the hosts."""
    left = max(len(host) for row in cells.values() for host in row)
    groups: list[list[str]] = []
    used = width
    for workload_class in cells:
        column = max(len(workload_class), CELL) + 3
        if not groups or used + column > width:
            groups.append([])
            used = left
        groups[-1].append(workload_class)
        used += column
    return groups


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
