"""Long work: start it, see how far it is, break it off, take what it left."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec
from starlette.responses import FileResponse

from dibs.service.access import EVERYBODY, PROVES, RUNS
from dibs.service.operation import Call, NoBody, NoQuery, operation
from dibs.service.problems import bad_body, not_found
from dibs.service.runs import Run
from dibs.service.shapes import Word, when


class NewRun(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """An `audit` of this book, or the play of a `scenario` that the server has."""

    kind: Literal["audit", "scenario"]
    scenario: Word = ""
    seed: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] | None = None
    until: date | None = None
    variant: Word = ""


class RunView(msgspec.Struct, frozen=True, kw_only=True):
    """How far it is: `progress` from 0 to 1, and `says` in words; `result` when it is done."""

    id: str
    kind: str
    about: str
    person: str
    status: Literal["running", "done", "failed", "cancelled"]
    says: str
    progress: float
    result: dict[str, Any]
    made_at: datetime
    ended_at: datetime | None
    link: str


class RunList(msgspec.Struct, frozen=True, kw_only=True):
    """The latest runs, newest first."""

    items: tuple[RunView, ...]


class ScenarioList(msgspec.Struct, frozen=True, kw_only=True):
    """The scenarios that the server can play."""

    items: tuple[str, ...]


def _view(run: Run) -> RunView:
    return RunView(
        id=run.id,
        kind=run.kind,
        about=run.about,
        person=run.person,
        status=run.status,
        says=run.says,
        progress=round(run.progress, 3),
        result=run.result,
        made_at=when(run.made_at),
        ended_at=when(run.ended_at) if run.ended_at is not None else None,
        link=f"/v1/runs/{run.id}",
    )


def _find(call: Call[Any, Any]) -> Run:
    run = call.front.runs.find(call.id)
    if run is None:
        raise not_found("run", call.id)
    return run


@operation("POST", "/v1/runs", "Start long work", roles=RUNS, side="house", status=202)
async def start_run(call: Call[NewRun, NoQuery]) -> RunView:
    """Begins it and answers at once; look at its link for how far it is."""
    body, runs = call.body, call.front.runs
    name = call.front.name(call, "run")
    known = runs.scenarios()
    if body.kind == "scenario" and body.scenario not in known:
        raise bad_body(f"the server has no scenario `{body.scenario}`: it has {', '.join(f'`{one}`' for one in known) or 'none'}")
    if call.dry_run:
        about = body.scenario or call.front.office.store.name
        return _view(Run(id=name, kind=body.kind, about=about, person=call.actor.person, made_at=call.front.office.now()))
    if body.kind == "audit":
        return _view(runs.audit(name, store=call.front.office.store, person=call.actor.person))
    options: list[str] = []
    for option, value in (("--seed", body.seed), ("--until", body.until), ("--variant", body.variant)):
        if value not in (None, ""):
            options += [f"{option}={value}"]
    return _view(runs.play(name, scenario=body.scenario, options=options, person=call.actor.person))


@operation("GET", "/v1/runs", "List long work", roles=EVERYBODY, side="house")
async def list_runs(call: Call[NoBody, NoQuery]) -> RunList:
    """The latest runs, newest first."""
    return RunList(items=tuple(_view(run) for run in call.front.runs.runs()))


@operation("GET", "/v1/runs/{id}", "How far a run is", roles=EVERYBODY, side="house")
async def get_run(call: Call[NoBody, NoQuery]) -> RunView:
    """Its progress, and what came of it once it is done."""
    return _view(_find(call))


@operation("POST", "/v1/runs/{id}/cancellation", "Break a run off", roles=RUNS, side="house", status=202)
async def cancel_run(call: Call[NoBody, NoQuery]) -> RunView:
    """Stops it; nothing changes if it has ended already."""
    run = _find(call)
    if not call.dry_run:
        call.front.runs.cancel(run)
    return _view(run)


@operation("GET", "/v1/runs/{id}/files/{name:path}", "A file that a run left", roles=PROVES, side="house")
async def run_file(call: Call[NoBody, NoQuery]) -> FileResponse:
    """The report, the journal, the tables: as `result.files` lists them."""
    place = call.front.runs.file(_find(call), call.path["name"])
    if place is None:
        raise not_found("file", call.path["name"])
    return FileResponse(place)


@operation("GET", "/v1/scenarios", "Scenarios that can be played", roles=EVERYBODY, side="house")
async def list_scenarios(call: Call[NoBody, NoQuery]) -> ScenarioList:
    """The names to start a run with."""
    return ScenarioList(items=call.front.runs.scenarios())


OPERATIONS = (start_run, list_runs, get_run, cancel_run, run_file, list_scenarios)
