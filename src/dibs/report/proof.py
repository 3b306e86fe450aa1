"""Is it true?  What to run to see for oneself, and one grant followed from the agreement to the head of the journal."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from dibs.report.folder import number, parse_day
from dibs.report.wording import amount, day, plain

if TYPE_CHECKING:
    from pathlib import Path

    from dibs.report.folder import RunFolder

SOURCES = (
    ("What happened?", "run.json, requests.csv, offers.csv, grants.csv, demand.csv, launches.csv, laws.csv"),
    ("Capacity and demand", "capacity.csv, demand.csv, versions.csv"),
    ("Who was asked", "offers.csv, requests.csv"),
    ("Where may what run", "matrix.csv"),
    ("What is in force", "clauses.csv, versions.csv"),
    ("Build-out", "build.csv"),
    ("Shortage and launches", "demand.csv, launches.csv"),
    ("Suppliers", "answers.csv, grants.csv"),
    ("The seven laws", "laws.csv"),
)


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of the proof ladder."""

    what: str
    says: str
    digest: str


@dataclass(frozen=True, slots=True)
class ProofView:
    """Everything the template draws."""

    caption: str
    rungs: tuple[Rung, ...]
    commands: tuple[tuple[str, str], ...]
    facts: tuple[tuple[str, str], ...]
    sources: tuple[tuple[str, str], ...]


def view(run: RunFolder) -> ProofView:
    """What can be said about the journal; a run without one says so."""
    size = _size(run)
    root = str(run.of("head", "root") or run.of("journal", "root") or run.of("head"))
    rungs, grant = _ladder(run, root, size)
    facts = [
        ("entries in the journal", amount(size)),
        ("head of the journal (Merkle root)", root),
        ("digest of the agreement (SHA-256)", str(run.of("agreement", "digest"))),
    ]
    facts += [
        ("seed", str(run.of("seed"))),
        ("variant", str(run.of("variant")) or "the scenario as written"),
        ("made with", f"dibs {run.of('dibs')}".strip()),
    ]
    facts += [
        (f"time to {plain(name).removeprefix('to ')}", f"{value:g} s" if isinstance(value, int | float) else str(value))
        for name, value in run.of("timings", default={}).items()
    ]
    proved = grant or "GRANT"
    commands = (
        ("dibs audit verify .", "re-reads every stored value: nothing was altered"),
        ("dibs audit replay .", "plays the journal again: the same state comes out"),
        ("dibs audit re-decide .", "asks every question again: the same answers come out"),
        (f"dibs audit prove . --grant {proved} --out proof.json", "writes the proof of one grant as one file"),
        ("dibs audit verify-bundle proof.json --key KEY", "checks that file anywhere, with nothing but itself and the book's public key"),
    )
    caption = (
        f"Every figure on this page comes from a journal of {amount(size)} entries that can be checked without trusting this page"
        if size
        else "No journal came with this run"
    )
    return ProofView(f"{caption}.", rungs, commands, tuple(fact for fact in facts if fact[1]), SOURCES)


def _size(run: RunFolder) -> int:
    return int(run.of("head", "size", default=0) or run.of("totals", "entries", default=0) or 0)


def _ladder(run: RunFolder, root: str, size: int) -> tuple[tuple[Rung, ...], str]:
    """The steps, and the grant they lead to: one that went to somebody else after the holder had said no, or the first that followed any offer."""
    offers = {row["offer"]: row for row in run.table("offers")}
    by_request = {row["request"]: row for row in offers.values()}
    granted = [row for row in run.table("grants") if row["request"] in by_request]
    if not granted:
        return (), ""
    grant = next((row for row in granted if row["platform"] != by_request[row["request"]]["holder"]), granted[0])
    offer = offers.get(grant["offer"]) or by_request[grant["request"]]
    leaves = _leaves(run.path / "journal.jsonl", {number(offer["entry"]), number(grant["entry"])})
    served = parse_day(offer["served_on"])
    version = run.version_at(served) if served else None
    answered = parse_day(offer["answered_on"])
    names = run.names
    holder = names.get(offer["holder"], offer["holder"])
    rungs = [Rung("the agreement in force", f"version {version.id if version else ''}, clause {offer['clause']}", str(run.of("agreement", "digest")))]
    if served:
        rungs.append(
            Rung(
                "the notice",
                f"{offer['offer']}, served on {holder} on {day(served)}, journal entry {offer['entry']}",
                leaves.get(number(offer["entry"]), ""),
            )
        )
    said = (
        f"{plain(offer['outcome'])}"
        + (f" on {day(answered)}" if answered else "")
        + (f" ({plain(offer['reason'])})" if offer["reason"] not in {"", "none"} else "")
    )
    rungs.append(Rung("the answer", said, ""))
    who, size_granted = names.get(grant["platform"], grant["platform"]), amount(number(grant["quantity"]))
    granted_says = f"{grant['grant']}: {size_granted} accelerators from {who}, journal entry {grant['entry']}"
    rungs.append(Rung("the grant", granted_says, leaves.get(number(grant["entry"]), "")))
    rungs.append(Rung("the head", f"over all {amount(size)} entries", root))
    return tuple(rungs), grant["grant"]


def _leaves(journal: Path, wanted: set[int]) -> dict[int, str]:
    """The leaf hashes of a few entries; entry n stands in line n or, where entries count from one, in the line before."""
    if not journal.exists():
        return {}
    out = {}
    with journal.open(encoding="utf-8") as lines:
        for n, text in enumerate(islice(lines, max(wanted) + 1)):
            if n in wanted or n + 1 in wanted:
                entry = json.loads(text)
                out[int(entry["seq"])] = str(entry["leaf"])
    return out
