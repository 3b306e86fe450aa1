"""What no single line of a scenario's files shows: names that nobody knows, sums that do not come out, steps out of order."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, get_args

from dibs.contract import model, readings
from dibs.contract.fields import FIELDS, fields_of
from dibs.contract.reader import like
from dibs.contract.terms import DeclineReason
from dibs.errors import Findings, Mark
from dibs.simulate.files import PROGRAMME, SCENARIO, SUPPLIERS, Reading
from dibs.simulate.variants import vary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dibs.contract.model import Agreement
    from dibs.simulate.formats import Desk, HostSupply, ProgrammeFile, ScenarioFile, SuppliersFile

HORIZON_MAX = timedelta(days=40 * 366)
"""The longest time that is played (bound is in)."""
STAGES: tuple[str, ...] = get_args(model.Stage)
"""How far a piece of supply has come, from the first word to service, and then the ways of leaving that order."""
COUNTS_FROM = STAGES.index("contracted")
COUNTS_MAX = STAGES.index("in_service") + 1
LEAVING = ("paused", "dropped", "reassigned")
"""Stages in which a piece of supply has left the order of stages: what is still there is what the step says."""

_KINDS = {"party": "party", "host": "host", "class": "workload class", "sku": "accelerator", "clause": "clause"}


class Checks:
    """The checks of one folder; each finding goes to `findings` at its place."""

    def __init__(self, file: ScenarioFile, agreement: Agreement, reading: Reading, findings: Findings) -> None:
        """`reading` knows where everything stands and which files could not be read."""
        self._file = file
        self._agreement = agreement
        self._reading = reading
        self._findings = findings
        self._known: dict[str, tuple[str, ...]] = {
            "party": tuple(agreement.parties),
            "host": tuple(agreement.hosts),
            "class": tuple(agreement.workload_classes),
            "sku": tuple(sorted({sku for host in agreement.hosts.values() for sku in host.skus})),
            "clause": tuple(dict.fromkeys(clause.id for clause in readings.all_clauses(agreement))),
        }
        self._about = SCENARIO

    def _place(self, *path: str | int) -> Mark:
        return self._reading.place(self._about, *path)

    def _note(self, code: str, message: str, *path: str | int, fix: str, severity: str = "error") -> None:
        self._findings.add(code, message, self._place(*path), fix=fix, severity=severity)

    def scenario(self) -> None:
        """`scenario.yaml`: the horizon, the parts that have to add up, the triggers declared, the variants."""
        file, self._about = self._file, SCENARIO
        if SCENARIO in self._reading.broken:
            return
        self._names(file)
        if file.horizon.until <= file.horizon.from_:
            message = f"the horizon ends on {file.horizon.until}, before it begins"
            self._note("DIB102", message, "horizon", "until", fix="make `until` later than `from`")
        elif file.horizon.until - file.horizon.from_ > HORIZON_MAX:
            self._note("DIB102", "the horizon is longer than forty years", "horizon", "until", fix="play fewer years")
        for stage in file.counts_as_capacity:
            self._word(stage, STAGES[:COUNTS_MAX], "stage that can count as capacity", "counts_as_capacity", stage, "")
        for index, mix in enumerate(file.usage):
            self._sum(mix.classes, "the parts of the work", "usage", index, "classes")
        triggers = {clause.id for clause in readings.all_clauses(self._agreement) if isinstance(clause, model.Trigger)}
        for index, declaration in enumerate(file.declarations):
            at = ("declarations", index)
            if declaration.trigger in self._known["clause"] and declaration.trigger not in triggers:
                self._note("DIB130", f"`{declaration.trigger}` is no trigger", *at, "trigger", fix="name a trigger clause")
            elif declaration.verified_on is not None and declaration.verified_on < declaration.on:
                message = f"`{declaration.trigger}` is verified on {declaration.verified_on}, before it is declared"
                self._note("DIB130", message, *at, "verified_on", fix="verify it later, or declare it earlier")
        for name, variant in file.variants.items():
            vary(self._agreement, name, variant, self._reading.sets.get(name), self._findings)

    def suppliers(self, suppliers: SuppliersFile | None, programme: ProgrammeFile | None) -> None:
        """`suppliers.yaml`: what hosts can deliver at what price, and how parties answer."""
        self._about = SUPPLIERS
        if suppliers is None or SUPPLIERS in self._reading.broken:
            return
        self._names(suppliers)
        built = {phase.host for site in programme.sites for phase in site.phases if phase.host} if programme else set()
        for host, supply in suppliers.hosts.items():
            if host in self._agreement.hosts:
                self._host(host, supply, built=host in built)
        for host in sorted(built - set(suppliers.hosts)):
            fix = f"write `{host}: {{price: ...}}` under `hosts`: what an accelerator-hour there costs"
            self._note("DIB112", f"`{host}` is built by the programme and has no price", "hosts", fix=fix)
        holders = {clause.holder for clause in readings.all_clauses(self._agreement) if isinstance(clause, model.PreEmption)}
        for party, desk in suppliers.answers.items():
            if party in self._agreement.parties:
                if party not in holders:
                    message, fix = f"`{party}` is never asked: no clause gives it a right", "leave it out, or give it a right in the agreement"
                    self._note("DIB119", message, "answers", party, "", fix=fix, severity="warning")
                self._desk(party, desk)

    def programme(self, programme: ProgrammeFile | None) -> None:
        """`programme.yaml`: phases that become hosts have a size, and stages go forward."""
        self._about = PROGRAMME
        if programme is None or PROGRAMME in self._reading.broken:
            return
        self._names(programme)
        seen: set[str] = set()
        for s, site in enumerate(programme.sites):
            if site.id in seen:
                self._note("DIB118", f"the site `{site.id}` is there twice", "sites", s, "id", fix="give each site an id of its own")
            seen.add(site.id)
            for p, phase in enumerate(site.phases):
                at = ("sites", s, "phases", p)
                sized = phase.accelerators or phase.power or any(b.accelerators or b.power for b in phase.buildings)
                if phase.host and not sized:
                    message = f"`{site.id}` `{phase.id}` becomes `{phase.host}`, and nobody knows how large"
                    self._note("DIB117", message, *at, fix="add `accelerators`, or `power` in MW")
                if phase.host is not None and phase.host in self._agreement.hosts:
                    self._phase_skus(phase, at)
                self._stages(phase.stages, (*at, "stages"))
                for b, building in enumerate(phase.buildings):
                    self._stages(building.stages, (*at, "buildings", b, "stages"))

    def _names(self, record: Any) -> None:
        """Every name in a record that refers to something of the agreement."""

        def note(kind: str, name: str, path: tuple[str | int, ...]) -> None:
            known = self._known[kind]
            if name not in known:
                message = f"`{self._agreement.id}` knows no {_KINDS[kind]} `{name}`{like(name, known)}"
                self._note("DIB101", message, *path, fix=f"use one of {', '.join(f'`{n}`' for n in known)}")

        def walk(value: Any, path: tuple[str | int, ...], refers: str) -> None:
            if isinstance(value, str):
                if refers:
                    note(refers, value, path)
            elif isinstance(value, tuple):
                for index, each in enumerate(value):
                    walk(each, (*path, index), refers)
            elif isinstance(value, MappingProxyType):
                for key, each in value.items():
                    if refers and isinstance(key, str):
                        note(refers, key, (*path, key, ""))
                    walk(each, (*path, str(key)), "")
            elif dataclasses.is_dataclass(value) and not isinstance(value, Mark):
                for field in FIELDS.get(type(value)) or fields_of(type(value)):
                    walk(getattr(value, field.name), (*path, field.name), field.refers)

        walk(record, (), "")

    def _word(self, word: str, known: tuple[str, ...], what: str, *path: str | int) -> None:
        if word not in known:
            self._note("DIB110", f"`{word}` is no {what}{like(word, known)}", *path, fix=f"use one of {', '.join(f'`{w}`' for w in known)}")

    def _sum(self, shares: Mapping[str, Decimal], what: str, *path: str | int) -> None:
        total = sum(shares.values(), Decimal(0))
        if shares and total != 1:
            self._note("DIB107", f"{what} add up to {(total * 100).normalize():f} %", *path, fix="make them add up to 100 %")

    def _host(self, host: str, supply: HostSupply, *, built: bool) -> None:
        at = ("hosts", host)
        if supply.capacity and built:
            fix = "keep one of the two: the phases that name the host, or these steps"
            self._note("DIB114", f"`{host}` has capacity here and in the programme", *at, "capacity", fix=fix)
        if (supply.capacity or built) and not supply.price:
            self._note("DIB112", f"`{host}` has capacity and no price", *at, fix="write `price: 2.10 USD`, or a price for each day")
        for day, price in supply.price.items():
            if price.currency != self._agreement.currency:
                message = f"the price of `{host}` is in {price.currency}, the agreement in {self._agreement.currency}"
                self._note("DIB113", message, *at, "price", day.isoformat(), fix=f"write it in {self._agreement.currency}")
        if supply.slip is not None and not supply.slip.days:
            self._note("DIB115", f"`{host}` slips by no number of days", *at, "slip", "days", fix="write at least one number of days")
        self._host_sku(host, supply.sku, *at, "sku")
        self._steps(host, supply)

    def _host_sku(self, host: str, sku: str | None, *path: str | int) -> bool:
        """Whether a host has an accelerator; one that nobody has was noted as a name already."""
        skus = self._agreement.hosts[host].skus
        if sku and sku not in skus and sku in self._known["sku"]:
            self._note("DIB111", f"`{host}` has no `{sku}`", *path, fix=f"use {' or '.join(f'`{s}`' for s in skus)}")
        return not sku or sku in skus

    def _steps(self, host: str, supply: HostSupply) -> None:
        skus = self._agreement.hosts[host].skus
        last: dict[str, tuple[date, int]] = {}
        for index, step in enumerate(supply.capacity):
            at = ("hosts", host, "capacity", index)
            sku = step.sku or supply.sku or (skus[0] if len(skus) == 1 else "")
            if not sku:
                message = f"`{host}` has several accelerators, and this step does not say which"
                self._note("DIB111", message, *at, fix=f"add `sku`: {' or '.join(skus)}")
                continue
            if not self._host_sku(host, step.sku, *at, "sku") or sku not in skus:
                continue
            day, quantity = last.get(sku, (date.min, 0))
            if step.from_ <= day:
                fix = "write the steps of one accelerator in the order of their days"
                self._note("DIB108", f"the step of {step.from_} does not follow the one of {day}", *at, "from_", fix=fix)
            if step.stage in LEAVING and step.quantity > quantity:
                message = f"after it is {step.stage} `{host}` would have {step.quantity}, more than the {quantity} before"
                self._note("DIB109", message, *at, "quantity", fix="write what is left, often `0`")
            if step.known is not None and step.known > step.from_:
                message = f"the step of {step.from_} is known only on {step.known}, when it is there"
                self._note("DIB108", message, *at, "known", fix="know it earlier")
            last[sku] = (step.from_, step.quantity)

    def _desk(self, party: str, desk: Desk) -> None:
        at = ("answers", party)
        if not 1 <= len(desk.within) <= 2 or desk.within[0] > desk.within[-1]:
            fix = "write the shortest and the longest time, like `[1 days, 20 days]`"
            self._note("DIB115", f"`{party}` answers within no span of time", *at, "within", fix=fix)
        if desk.by == "chance":
            shares = {field.name: getattr(desk.exercise, field.name) for field in dataclasses.fields(desk.exercise)}
            self._sum(shares, f"the answers of `{party}`", *at, "exercise")
        self._sum(desk.reasons, f"the reasons of `{party}`", *at, "reasons")
        for reason in desk.reasons:
            self._word(reason, get_args(DeclineReason), "reason to decline", *at, "reasons", reason, "")
        for index, entry in enumerate(desk.script):
            where = (*at, "script", index)
            if SCENARIO not in self._reading.broken and not self._file.horizon.from_ <= entry.on < self._file.horizon.until:
                self._note("DIB116", f"{entry.on} is not among the days played", *where, "on", fix="write a day within the horizon")
            if entry.answer == "part" and not entry.quantity:
                self._note("DIB116", f"`{party}` takes a part, and nobody says how much", *where, fix="add `quantity`")
            if entry.answer not in {"part", "exercise", "counter"} and entry.quantity:
                self._note("DIB116", f"`{entry.answer}` takes nothing, so it has no quantity", *where, "quantity", fix="delete `quantity`")
            if entry.answer != "decline" and entry.reason != "none":
                self._note("DIB116", f"only a decline has a reason, and this is `{entry.answer}`", *where, "reason", fix="delete `reason`")

    def _phase_skus(self, phase: model.Phase, at: tuple[str | int, ...]) -> None:
        assert phase.host is not None, at  # noqa: S101 - the caller has seen it
        self._host_sku(phase.host, phase.sku, *at, "sku")
        for index, building in enumerate(phase.buildings):
            self._host_sku(phase.host, building.sku, *at, "buildings", index, "sku")
        each = phase.buildings and all(building.sku for building in phase.buildings)
        skus = self._agreement.hosts[phase.host].skus
        if not phase.sku and not each and len(skus) != 1:
            message = f"`{phase.host}` has {len(skus)} kinds of accelerator, and this phase does not say which"
            self._note("DIB111", message, *at, fix="add `sku`")

    def _stages(self, stages: Mapping[date, str], at: tuple[str | int, ...]) -> None:
        """Stages go forward in time, and from first word to service."""
        last: tuple[date, str] | None = None
        for day, stage in stages.items():
            if last is not None and day <= last[0]:
                self._note("DIB118", f"{day} does not follow {last[0]}", *at, day.isoformat(), "", fix="write the stages in the order of their days")
            elif last is not None and last[1] not in LEAVING and STAGES.index(stage) < STAGES.index(last[1]):
                fix = "write `paused` or `dropped` if it went backwards"
                self._note("DIB118", f"`{stage}` comes after `{last[1]}`", *at, day.isoformat(), fix=fix)
            last = (day, stage)
