"""The page: read the folder, view each question, fill the template, write one file."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2

from dibs.report import building, capacity, force, headline, matrix, money, offers, proof, shortage, suppliers, verdicts, wording
from dibs.report.folder import RunFolder
from dibs.report.palette import Palette
from dibs.report.tables import Table
from dibs.report.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dibs.report.capacity import CapacityView
    from dibs.report.matrix import MatrixView
    from dibs.report.shortage import ShortageView

HERE = Path(__file__).parent


def build(run_dir: Path) -> Path:
    """Write `report.html` into the run folder and return its path.  Raises `DibsError` when the folder is not a run's."""
    run = RunFolder.read(run_dir)
    axis, palette = Timeline.of(run), Palette.of(run)
    shown = capacity.view(run, axis, palette)
    asked = offers.view(run, axis, palette)
    answers, missing = matrix.view(run, palette), shortage.view(run, axis)
    flows, drawn, shared, funded = money.flows(run, palette), money.burndown(run, axis), money.shares(run, axis), money.funding(run, axis)
    script = _lean((HERE / "report.js").read_text(encoding="utf-8"))
    text = (
        _environment()
        .get_template("report.html")
        .render(
            run=run,
            axis=axis,
            palette=palette,
            headline=headline.view(run, palette),
            capacity=shown,
            offers=asked,
            matrix=answers,
            force=force.view(run, axis, answers.sheets[answers.opening].version if answers else ""),
            building=building.view(run, axis, palette),
            shortage=missing,
            flows=flows,
            burndown=drawn,
            shares=shared,
            funding=funded,
            suppliers=suppliers.view(run, palette),
            verdicts=verdicts.view(run),
            proof=proof.view(run),
            requests=_rows(run, "requests", "request", [lane.request for lane in asked.lanes] if asked else []),
            grants=_rows(run, "grants", "grant", []),
            style=(HERE / "report.css").read_text(encoding="utf-8"),
            script=script,
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            data=picture_data(axis, shown, answers, missing, money.pictures(drawn, shared, funded)),
        )
    )
    path = run_dir / "report.html"
    path.write_text(_lean(text), encoding="utf-8")
    return path


def _rows(run: RunFolder, name: str, anchor: str, first: list[str]) -> Table | None:
    """A table that marks lead to, though no picture of its own belongs to it."""
    rows = run.table(name)
    return Table.of(name, rows, anchor=anchor, first=first) if rows else None


def _lean(text: str) -> str:
    """The same without indentation and empty lines, which no reader of the page sees and which are a tenth of it."""
    return "\n".join(line for line in (line.strip() for line in text.splitlines()) if line)


def _environment() -> jinja2.Environment:
    """Templates beside this file; everything is escaped, a name that is missing is a mistake and not an empty string."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "amount": wording.amount,
        "short": wording.short,
        "day": wording.day,
        "month": wording.month,
        "plain": wording.plain,
        "capital": wording.capital,
    }
    return environment


def picture_data(
    axis: Timeline, shown: CapacityView | None, answers: MatrixView | None, missing: ShortageView | None, booked: Mapping[str, object]
) -> str:
    """What the script needs to follow the cursor and to zoom, as JSON that no text inside can close the script element of."""
    data: dict[str, Any] = {
        "first": axis.first.isoformat(),
        "days": axis.days,
        "known": axis.known,
        "versions": [[mark.x, mark.id] for mark in axis.marks if mark.binding],
        "pictures": {},
    }
    if shown:
        for stack in shown.stacks:
            bands = [[band.ink.name, *band.values] for band in stack.bands]
            data["pictures"][f"capacity-{stack.by}"] = {
                "xs": shown.canvas.xs,
                "top": shown.canvas.top,
                "bands": bands,
                "line": shown.demand,
                "gap": shown.unmet,
            }
    if missing and missing.path:
        data["pictures"]["shortage"] = {"xs": missing.canvas.xs, "top": missing.canvas.top, "bands": [["missing", *missing.unmet]]}
    data["pictures"] |= booked
    if answers:
        data["whys"] = [[[row["answer"], row["code_words"], row["clause"], row["text"], row["where"]] for row in why.reasons] for why in answers.whys]
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")
