"""The journal: its entries, whether anything in it was altered, and the proof of one grant to take away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from dibs.errors import BadInput
from dibs.journal.checkpoint import VerifyingKey
from dibs.journal.proof import Bundle, verify_bundle
from dibs.procedure import events as e
from dibs.service.access import RUNS
from dibs.service.problems import bad_body
from dibs.service.routes.grants import get_grant
from dibs.service.routes.journal import journal_entries, journal_head, journal_proof
from dibs.service.routes.runs import list_runs, start_run
from dibs.service.shapes import when
from dibs.web.forms import Done, fill
from dibs.web.page import Visit, go, show
from dibs.web.words import COMMANDS, said, wanted

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.responses import Response

    from dibs.journal.proof import Proven


@dataclass(slots=True)
class Rung:
    """One entry of a proof."""

    seq: int
    at: datetime
    wanted: str
    came: list[str]
    path: tuple[str, ...]


SHOWN = 50
"""Entries on one page."""


async def journal(visit: Visit) -> Response:
    """The newest entries first, the signed head, and the last look for changes."""
    return await _page(visit, None)


async def act(visit: Visit) -> Response:
    """Read the whole book again."""
    if visit.form.get("do") != "verify":
        raise bad_body("the journal can be verified, and nothing else can be done with it")
    body, faults = fill(start_run.body, {"kind": "audit"})
    if faults:
        return await _page(visit, Done("verify", faults=faults))
    await visit.ask(start_run, body=body)
    return go("/journal")


async def _page(visit: Visit, done: Done | None) -> Response:
    size = visit.front.office.store.size
    last = int(visit.asked("before")) if visit.asked("before").isdecimal() and len(visit.asked("before")) < 16 else size
    last = max(0, min(last, size))
    first = max(0, last - SHOWN)
    found = await visit.ask(journal_entries, first=first, limit=max(1, last - first))
    head = await visit.ask(journal_head) if size else None
    audits = [run for run in (await visit.ask(list_runs)).items if run.kind == "audit"]
    return show(
        visit,
        "journal.html",
        found=found,
        first=first,
        last=last,
        head=head,
        audit=audits[0] if audits else None,
        done=done,
        runs=visit.actor.role in RUNS,
        grants=[event.data["grant"] for entry in found.items for event in entry.events if event.type == e.Granted.__name__],
    )


async def proof(visit: Visit) -> Response:
    """The proof of one grant, checked here as a stranger would check it."""
    name = visit.path["id"]
    grant = await visit.ask(get_grant, path={"id": name})
    text = bytes((await visit.ask(journal_proof, grant=name, disclose=visit.asked("disclose"))).body)
    head = await visit.ask(journal_head)
    proven, wrong = _checked(text, head.keys)
    rungs = _rungs(visit, proven, msgspec.json.decode(text, type=Bundle)) if proven is not None else []
    return show(
        visit, "proof-page.html", grant=grant, proven=proven, wrong=wrong, rungs=rungs, head=head, size=len(text), disclose=visit.asked("disclose")
    )


def _rungs(visit: Visit, proven: Proven, bundle: Bundle) -> list[Rung]:
    """One rung an entry: what was wanted, what came of it, and its place in the tree."""
    paths = {int(msgspec.json.decode(entry.leaf)["seq"]): entry.path for entry in bundle.entries}
    out: list[Rung] = []
    for step in proven.steps:
        if not out or out[-1].seq != step.seq:
            out.append(Rung(step.seq, when(step.at), "", [], paths.get(step.seq, ())))
        if step.what in COMMANDS:
            out[-1].wanted = wanted(step.what, str(step.values.get("by", "")), visit.names)
        else:
            out[-1].came.append(said(step.what, step.values, visit.names))
    return out


def _checked(text: bytes, keys: tuple[str, ...]) -> tuple[Proven | None, str]:
    wrong = "the book has no public key"
    for key in keys:
        try:
            return verify_bundle(text, VerifyingKey.parse(key)), ""
        except BadInput as error:
            wrong = error.findings[0].message
    return None, wrong


async def proof_file(visit: Visit) -> Response:
    """The file itself."""
    answer: Response = await visit.ask(journal_proof, grant=visit.path["id"], disclose=visit.asked("disclose"))
    return answer
