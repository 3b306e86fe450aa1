"""A scenario folder: an agreement, and the world to play it in.

Everything wrong with any file of the folder is found in one reading.  The files are read with the reader of the
agreement, so that a fault has the same code and the same words wherever it stands.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from dibs.contract import check, load as agreements, model, readings, render
from dibs.contract.fields import FIELDS, fields_of
from dibs.contract.nodes import Node, Scalar, Table, compose
from dibs.contract.reader import Reader, like
from dibs.contract.terms import DeclineReason
from dibs.errors import BadInput, Findings, Mark
from dibs.simulate.demand import Need, Signal, read_demand, read_signals
from dibs.simulate.formats import ChangeOfHands, Desk, HostSupply, ProgrammeFile, ScenarioFile, SuppliersFile, Variant
from dibs.simulate.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from decimal import Decimal as Share

    from dibs.contract.model import Agreement, Clause
    from dibs.errors import Finding

R = TypeVar("R")

SCENARIO = "scenario/1"
SUPPLIERS = "suppliers/1"
PROGRAMME = "programme/1"
BYTES_MAX = 1_000_000_000
"""Bytes in one file of a scenario (bound is in)."""
HORIZON_MAX = timedelta(days=40 * 366)

STAGES: tuple[str, ...] = get_args(model.Stage)
COUNTS_FROM = STAGES.index("contracted")
LEAVING = ("paused", "dropped", "reassigned")
"""Stages in which a piece of supply has left the order of stages: what is still there is what the step says."""

_EVER = "1950-01-01"
"""The day under which a price stands that holds always."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A world to play, and the agreement to play it under."""

    folder: str
    file: ScenarioFile
    agreement: Agreement
    suppliers: SuppliersFile
    programme: ProgrammeFile | None = None
    needs: tuple[Need, ...] = ()
    signals: tuple[Signal, ...] = ()
    skipped: int = 0
    """Rows of the tables that were left out because something was wrong with them."""
    warnings: tuple[Finding, ...] = ()
    variant_name: str = ""
    """Which variant of the agreement this is; empty for the agreement as it stands."""

    def variant(self, name: str) -> Scenario:
        """The same world under a changed agreement.  Raises `BadInput` if there is no such variant, or it does not hold together."""
        if name not in self.file.variants:
            known = ", ".join(f"`{n}`" for n in self.file.variants) or "none"
            findings = Findings()
            findings.add(
                "DIB103", f"the scenario has no variant `{name}`{like(name, self.file.variants)}", Mark(self.folder), fix=f"take one of: {known}"
            )
            raise BadInput(findings.items)
        findings = Findings()
        changed = vary(self.agreement, name, self.file.variants[name], findings)
        findings.raise_if_any()
        return dataclasses.replace(self, agreement=changed, variant_name=name)

    def under(self, agreement: Agreement) -> Scenario:
        """The same world under another text, for readings that a command names."""
        return dataclasses.replace(self, agreement=as_text(agreement))


def load(folder: str | Path, *, skip_bad: bool = False) -> Scenario:
    """Read a scenario folder.  Raises `BadInput` with every finding of every file when it cannot be used."""
    scenario, findings = parse(folder, skip_bad=skip_bad)
    findings.raise_if_any()
    if scenario is None:  # pragma: no cover - a folder without scenario has a finding
        raise BadInput(findings.items)
    return scenario


def parse(folder: str | Path, *, skip_bad: bool = False) -> tuple[Scenario | None, Findings]:
    """Read a scenario folder.  Without a scenario, or with `findings.errors`, it is not to be played; warnings may come with one."""
    base = Path(folder)

    def read(name: str) -> bytes | None:
        path = base / name
        if not path.is_file():
            return None
        with path.open("rb") as stream:
            return stream.read(BYTES_MAX + 1)

    if not base.is_dir():
        findings = Findings()
        what = "is a file, not a folder" if base.exists() else "is not there"
        findings.add("DIB100", f"the scenario folder `{folder}` {what}", Mark(str(folder)), fix="name the folder that holds `scenario.yaml`")
        return None, findings
    return parse_files(read, str(folder), skip_bad=skip_bad)


def parse_files(read: Callable[[str], bytes | None], folder: str, *, skip_bad: bool = False) -> tuple[Scenario | None, Findings]:
    """Read a scenario from whatever holds its files; `read` gives the bytes of a file, or nothing if there is none of that name."""
    findings = Findings()
    reading = _Reading(read, folder, findings)
    file = reading.record("scenario.yaml", SCENARIO, ScenarioFile)
    if file is None:
        return None, findings
    text = reading.text(file.agreement)
    agreement = None
    if text is not None:
        agreement, found = agreements.parse(text, reading.name(file.agreement))
        findings.items.extend(found.items)
    suppliers = reading.record(file.suppliers, SUPPLIERS, SuppliersFile)
    programme = reading.record(file.programme, PROGRAMME, ProgrammeFile, optional="programme" not in reading.stated)
    needs: Rows[Need] = Rows()
    signals: Rows[Signal] = Rows()
    if agreement is not None:
        _check_scenario(file, agreement, reading, findings)
        if suppliers is not None:
            _check_suppliers(file, suppliers, programme, agreement, reading, findings)
        if programme is not None:
            _check_programme(file, programme, agreement, reading, findings)
        raw = reading.bytes(file.demand)
        if raw is not None:
            needs = read_demand(raw, reading.name(file.demand), file, agreement, findings, skip_bad=skip_bad)
        raw = reading.bytes(file.signals, optional="signals" not in reading.stated)
        if raw is not None:
            signals = read_signals(raw, reading.name(file.signals), agreement, findings, skip_bad=skip_bad)
    findings.items.sort(key=lambda f: (f.where, f.code))
    if findings.errors or agreement is None or suppliers is None:
        return None, findings
    scenario = Scenario(
        folder=folder,
        file=file,
        agreement=agreement,
        suppliers=suppliers,
        programme=programme,
        needs=tuple(needs.items),
        signals=tuple(signals.items),
        skipped=needs.skipped + signals.skipped,
        warnings=tuple(findings.items),
    )
    return scenario, findings


class _Reading:
    """The files of one folder, and where everything in them stands."""

    def __init__(self, read: Callable[[str], bytes | None], folder: str, findings: Findings) -> None:
        self._read = read
        self._folder = folder
        self._findings = findings
        self.places: dict[str, dict[Any, Mark]] = {}
        self.stated: set[str] = set()
        self.sets: dict[str, Table] = {}
        """What each variant sets, unread: which type a value has only the clause knows."""

    def name(self, file: str) -> str:
        """The file's name as a finding gives it."""
        return str(Path(self._folder) / file)

    def bytes(self, file: str, *, optional: bool = False) -> bytes | None:
        """What a file holds; a file that is not there is a finding unless nobody said it would be."""
        raw = self._read(file)
        if raw is None:
            if not optional:
                self._findings.add(
                    "DIB100", f"the file `{file}` is not there", Mark(self.name(file)), fix="put it there, or name another in `scenario.yaml`"
                )
            return None
        if len(raw) > BYTES_MAX:
            self._findings.add("DIB100", f"the file has more than {BYTES_MAX} bytes", Mark(self.name(file)), fix="split the scenario")
            return None
        return raw

    def text(self, file: str, *, optional: bool = False) -> str | None:
        """What a file says; bytes that are no text are left for the reader of characters to find."""
        raw = self.bytes(file, optional=optional)
        return None if raw is None else raw.decode("utf-8-sig", errors="replace")

    def record(self, file: str, wanted: str, cls: type[R], *, optional: bool = False) -> R | None:
        """A YAML file of the folder as a record."""
        text = self.text(file, optional=optional)
        if text is None:
            return None
        root = compose(text, self.name(file), self._findings)
        if root is None or not self._is(root, wanted, self.name(file)):
            return None
        if cls is ScenarioFile:
            assert isinstance(root, Table)  # noqa: S101 - `_is` has seen it
            self.stated = {key.text for key, _ in root.pairs}
            root = self._without_sets(root)
        elif cls is SuppliersFile:
            root = _one_price(root)
        reader = Reader(self._findings)
        record: R | None = reader.record(root, cls, (), also_known=("dibs",))
        self.places[wanted] = reader.places
        return None if reader.broken else record

    def place(self, wanted: str, *path: str | int) -> Mark:
        """Where a value stands; the nearest thing around it if it has no place of its own."""
        places = self.places[wanted]
        for length in range(len(path), -1, -1):
            if path[:length] in places:
                return places[path[:length]]
        return Mark(wanted)  # pragma: no cover - every file has its own place

    def _is(self, root: Node, wanted: str, name: str) -> bool:
        what = wanted.split("/")[0]
        if not isinstance(root, Table):
            self._findings.add("DIB015", f"a {what} file is a mapping of keys to values", root.mark, fix=f"begin with `dibs: {wanted}`")
            return False
        header = root.get("dibs")
        said = header.text.strip() if isinstance(header, Scalar) else ""
        if said == wanted:
            return True
        if header is None:
            self._findings.add("DIB011", "the file does not say what it is", Mark(name), fix=f"begin with `dibs: {wanted}`")
        elif re.match(rf"^{what}/", said):
            self._findings.add(
                "DIB012", f"version `{said.split('/', 1)[1]}` of the {what} format is unknown", header.mark, fix=f"write `dibs: {wanted}`"
            )
        else:
            self._findings.add("DIB011", f"`{said}` is no {what} file{like(said, [wanted])}", header.mark, fix=f"write `dibs: {wanted}`")
        return False

    def _without_sets(self, root: Table) -> Table:
        """The scenario without what its variants set, which is kept aside."""
        pairs = []
        for key, value in root.pairs:
            if key.text == "variants" and isinstance(value, Table):
                value = Table(tuple((name, self._without_set(name.text, each)) for name, each in value.pairs), value.mark)  # noqa: PLW2901
            pairs.append((key, value))
        return Table(tuple(pairs), root.mark)

    def _without_set(self, name: str, variant: Node) -> Node:
        if not isinstance(variant, Table):
            return variant
        changes = variant.get("set")
        if not isinstance(changes, Table):
            return variant
        self.sets[name] = changes
        return Table(tuple(pair for pair in variant.pairs if pair[0].text != "set"), variant.mark)


def _one_price(root: Node) -> Node:
    """The suppliers with a lone price written as one that holds from the first of all days."""
    assert isinstance(root, Table)  # noqa: S101 - `_is` has seen it
    out = []
    for key, value in root.pairs:
        if key.text == "hosts" and isinstance(value, Table):
            value = Table(tuple((name, _dated_price(each)) for name, each in value.pairs), value.mark)  # noqa: PLW2901
        out.append((key, value))
    return Table(tuple(out), root.mark)


def _dated_price(host: Node) -> Node:
    if not isinstance(host, Table):
        return host
    pairs = [
        (key, Table(((Scalar(_EVER, value.mark), value),), value.mark) if key.text == "price" and isinstance(value, Scalar) else value)
        for key, value in host.pairs
    ]
    return Table(tuple(pairs), host.mark)


# Checks that need more than one line, or the agreement.


def _check_names(record: Any, file: str, reading: _Reading, known: Mapping[str, Iterable[str]], agreement: Agreement, findings: Findings) -> None:
    """Every name in a record that refers to something of the agreement."""

    def note(kind: str, name: str, *path: str | int) -> None:
        if name not in known[kind]:
            findings.add(
                "DIB101",
                f"`{agreement.id}` knows no {_KINDS[kind]} `{name}`{like(name, known[kind])}",
                reading.place(file, *path),
                fix=f"use one of {', '.join(f'`{n}`' for n in known[kind])}",
            )

    def walk(value: Any, path: tuple[str | int, ...], refers: str) -> None:
        if isinstance(value, str):
            if refers:
                note(refers, value, *path)
        elif isinstance(value, tuple):
            for index, each in enumerate(value):
                walk(each, (*path, index), refers)
        elif isinstance(value, MappingProxyType):
            for key, each in value.items():
                at = (*path, str(key))
                if refers and isinstance(key, str):
                    note(refers, key, *at, "") if (*at, "") in reading.places[file] else note(refers, key, *at)
                walk(each, at, "")
        elif dataclasses.is_dataclass(value) and not isinstance(value, Mark):
            for field in FIELDS.get(type(value)) or fields_of(type(value)):
                walk(getattr(value, field.name), (*path, field.name), field.refers)

    walk(record, (), "")


_KINDS = {"party": "party", "host": "host", "class": "workload class", "sku": "accelerator", "clause": "clause"}


def _known(agreement: Agreement) -> dict[str, tuple[str, ...]]:
    """The names that the agreement gives, by what they name."""
    return {
        "party": tuple(agreement.parties),
        "host": tuple(agreement.hosts),
        "class": tuple(agreement.workload_classes),
        "sku": tuple(sorted({sku for host in agreement.hosts.values() for sku in host.skus})),
        "clause": tuple(dict.fromkeys(clause.id for clause in readings.all_clauses(agreement))),
    }


def _check_sum(shares: Mapping[str, Share], what: str, where: Mark, findings: Findings) -> None:
    total = sum(shares.values(), Decimal(0))
    if shares and total != 1:
        findings.add("DIB107", f"{what} add up to {(total * 100).normalize():f} %", where, fix="make them add up to 100 %")


def _check_scenario(file: ScenarioFile, agreement: Agreement, reading: _Reading, findings: Findings) -> None:
    place = _placer(reading, SCENARIO)
    _check_names(file, SCENARIO, reading, _known(agreement), agreement, findings)
    if file.horizon.until <= file.horizon.from_:
        findings.add(
            "DIB102", f"the horizon ends on {file.horizon.until}, before it begins", place("horizon", "until"), fix="make `until` later than `from`"
        )
    elif file.horizon.until - file.horizon.from_ > HORIZON_MAX:
        findings.add("DIB102", "the horizon is longer than forty years", place("horizon", "until"), fix="play fewer years")
    for stage in file.counts_as_capacity:
        if stage not in STAGES or stage in LEAVING:
            findings.add(
                "DIB110",
                f"`{stage}` is no stage that can count as capacity{like(stage, STAGES)}",
                place("counts_as_capacity", stage, ""),
                fix=f"use one of {', '.join(f'`{s}`' for s in STAGES if s not in LEAVING)}",
            )
    for index, mix in enumerate(file.usage):
        _check_sum(mix.classes, "the parts of the work", place("usage", index, "classes"), findings)
    clauses = {clause.id: clause for clause in readings.all_clauses(agreement)}
    triggers = {name for name, clause in clauses.items() if isinstance(clause, model.Trigger)}
    for index, declaration in enumerate(file.declarations):
        if declaration.trigger not in triggers:
            if declaration.trigger not in clauses:
                continue
            findings.add("DIB130", f"`{declaration.trigger}` is no trigger", place("declarations", index, "trigger"), fix="name a trigger clause")
        elif declaration.verified_on is not None and declaration.verified_on < declaration.on:
            findings.add(
                "DIB130",
                f"`{declaration.trigger}` is verified on {declaration.verified_on}, before it is declared",
                place("declarations", index, "verified_on"),
                fix="verify it later, or declare it earlier",
            )
    for name, variant in file.variants.items():
        # Read here, where the clauses are known: what a variant sets has the type of the clause's own field.
        changes = _changes(reading.sets.get(name), agreement, findings)
        if changes is not None:
            object.__setattr__(variant, "set_", changes)
            vary(agreement, name, variant, findings)


def _placer(reading: _Reading, file: str) -> Callable[..., Mark]:
    def place(*path: str | int) -> Mark:
        return reading.place(file, *path)

    return place


def _changes(table: Table | None, agreement: Agreement, findings: Findings) -> Mapping[str, Mapping[str, Any]] | None:
    """What a variant sets, read as each clause reads its fields; nothing if something is wrong with it."""
    out: dict[str, Mapping[str, Any]] = {}
    if table is None:
        return MappingProxyType(out)
    kinds: dict[str, type[Clause]] = {clause.id: type(clause) for clause in readings.all_clauses(agreement)}
    before = len(findings.errors)
    for clause, node in table.pairs:
        if clause.text not in kinds:
            findings.add(
                "DIB104",
                f"`{clause.text}` is no clause of `{agreement.id}`{like(clause.text, kinds)}",
                clause.mark,
                fix="name a clause of the agreement",
            )
            continue
        if not isinstance(node, Table):
            findings.add("DIB104", f"what is set in `{clause.text}` has to be a mapping of fields", node.mark, fix="write `{field: value}`")
            continue
        cls = kinds[clause.text]
        settable = {f.key: f for f in FIELDS[cls] if not f.identity}
        values: dict[str, Any] = {}
        reader = Reader(findings)
        for key, value in node.pairs:
            field = settable.get(key.text)
            if field is None:
                findings.add(
                    "DIB104",
                    f"the clause kind `{cls.kind}` has no field `{key.text}`{like(key.text, settable)}",
                    key.mark,
                    fix=f"set one of {', '.join(f'`{k}`' for k in settable)}",
                )
                continue
            values[field.name] = reader.field(value, field, (field.name,), cls)
        out[clause.text] = MappingProxyType(values)
    return None if len(findings.errors) > before else MappingProxyType(out)


def _check_suppliers(
    file: ScenarioFile, suppliers: SuppliersFile, programme: ProgrammeFile | None, agreement: Agreement, reading: _Reading, findings: Findings
) -> None:
    place = _placer(reading, SUPPLIERS)
    _check_names(suppliers, SUPPLIERS, reading, _known(agreement), agreement, findings)
    built = {phase.host for site in programme.sites for phase in site.phases if phase.host} if programme else set()
    for host, supply in suppliers.hosts.items():
        if host in agreement.hosts:
            _check_host(host, supply, agreement, place, findings, built=host in built)
    for host in sorted(built - set(suppliers.hosts)):
        findings.add(
            "DIB112",
            f"`{host}` is built by the programme and has no price",
            place("hosts"),
            fix=f"write `{host}: {{price: ...}}` under `hosts`: what an accelerator-hour there costs",
        )
    holders = {clause.holder for clause in readings.all_clauses(agreement) if isinstance(clause, model.PreEmption)}
    for party, desk in suppliers.answers.items():
        if party in agreement.parties:
            if party not in holders:
                findings.add(
                    "DIB119",
                    f"`{party}` is never asked: no clause gives it a right",
                    place("answers", party),
                    fix="leave it out, or give it a right in the agreement",
                    severity="warning",
                )
            _check_desk(file, party, desk, place, findings)


def _check_host(host: str, supply: HostSupply, agreement: Agreement, place: Callable[..., Mark], findings: Findings, *, built: bool) -> None:
    skus = agreement.hosts[host].skus
    if supply.capacity and built:
        findings.add(
            "DIB114",
            f"`{host}` has capacity here and in the programme",
            place("hosts", host, "capacity"),
            fix="keep one of the two: the phases that name the host, or these steps",
        )
    if (supply.capacity or built) and not supply.price:
        findings.add("DIB112", f"`{host}` has capacity and no price", place("hosts", host), fix="write `price: 2.10 USD`, or a price for each day")
    for day, price in supply.price.items():
        if price.currency != agreement.currency:
            findings.add(
                "DIB113",
                f"the price of `{host}` is in {price.currency}, the agreement in {agreement.currency}",
                place("hosts", host, "price", day.isoformat()),
                fix=f"write it in {agreement.currency}",
            )
    if supply.slip is not None and not supply.slip.days:
        findings.add("DIB115", f"`{host}` slips by no number of days", place("hosts", host, "slip", "days"), fix="write at least one number of days")
    last: dict[str, tuple[date, int]] = {}
    for index, step in enumerate(supply.capacity):
        at = ("hosts", host, "capacity", index)
        sku = step.sku or supply.sku or (skus[0] if len(skus) == 1 else "")
        if not sku:
            findings.add(
                "DIB111", f"`{host}` has several accelerators, and this step does not say which", place(*at), fix=f"add `sku`: {' or '.join(skus)}"
            )
            continue
        if sku not in skus:
            findings.add(
                "DIB111",
                f"`{host}` has no `{sku}`{like(sku, skus)}",
                place(*at, "sku") if step.sku else place("hosts", host, "sku"),
                fix=f"use {' or '.join(f'`{s}`' for s in skus) or 'a host that lists its skus'}",
            )
            continue
        day, quantity = last.get(sku, (date.min, 0))
        if step.from_ <= day:
            findings.add(
                "DIB108",
                f"the step of {step.from_} does not follow the one of {day}",
                place(*at, "from_"),
                fix="write the steps of one accelerator in the order of their days",
            )
        if step.stage in LEAVING and step.quantity > quantity:
            findings.add(
                "DIB109",
                f"after it is {step.stage} `{host}` would have {step.quantity}, more than the {quantity} before",
                place(*at, "quantity"),
                fix="write what is left, often `0`",
            )
        if step.known is not None and step.known > step.from_:
            findings.add(
                "DIB108", f"the step of {step.from_} is known only on {step.known}, when it is there", place(*at, "known"), fix="know it earlier"
            )
        last[sku] = (step.from_, step.quantity)


def _check_desk(file: ScenarioFile, party: str, desk: Desk, place: Callable[..., Mark], findings: Findings) -> None:
    at = ("answers", party)
    if not 1 <= len(desk.within) <= 2 or desk.within[0] > desk.within[-1]:
        findings.add(
            "DIB115",
            f"`{party}` answers within no span of time",
            place(*at, "within"),
            fix="write the shortest and the longest time, like `[1 days, 20 days]`",
        )
    if desk.by == "chance":
        shares = {field.name: getattr(desk.exercise, field.name) for field in dataclasses.fields(desk.exercise)}
        _check_sum(shares, f"the answers of `{party}`", place(*at, "exercise"), findings)
    _check_sum(desk.reasons, f"the reasons of `{party}`", place(*at, "reasons"), findings)
    for reason in desk.reasons:
        if reason not in get_args(DeclineReason):
            findings.add(
                "DIB110",
                f"`{reason}` is no reason to decline{like(reason, get_args(DeclineReason))}",
                place(*at, "reasons", reason, ""),
                fix=f"use one of {', '.join(f'`{r}`' for r in get_args(DeclineReason))}",
            )
    for index, entry in enumerate(desk.script):
        where = (*at, "script", index)
        if not file.horizon.from_ <= entry.on < file.horizon.until:
            findings.add("DIB116", f"{entry.on} is not among the days played", place(*where, "on"), fix="write a day within the horizon")
        if entry.answer == "part" and not entry.quantity:
            findings.add("DIB116", f"`{party}` takes a part, and nobody says how much", place(*where), fix="add `quantity`")
        if entry.answer not in {"part", "exercise", "counter"} and entry.quantity:
            findings.add("DIB116", f"`{entry.answer}` takes nothing, so it has no quantity", place(*where, "quantity"), fix="delete `quantity`")
        if entry.answer != "decline" and entry.reason != "none":
            findings.add("DIB116", f"only a decline has a reason, and this is `{entry.answer}`", place(*where, "reason"), fix="delete `reason`")


def _check_programme(file: ScenarioFile, programme: ProgrammeFile, agreement: Agreement, reading: _Reading, findings: Findings) -> None:
    place = _placer(reading, PROGRAMME)
    _check_names(programme, PROGRAMME, reading, _known(agreement), agreement, findings)
    seen: dict[str, int] = {}
    for s, site in enumerate(programme.sites):
        if site.id in seen:
            findings.add("DIB118", f"the site `{site.id}` is there twice", place("sites", s, "id"), fix="give each site an id of its own")
        seen[site.id] = s
        for p, phase in enumerate(site.phases):
            at = ("sites", s, "phases", p)
            sized = phase.accelerators or phase.power or any(b.accelerators or b.power for b in phase.buildings)
            if phase.host and not sized:
                findings.add(
                    "DIB117",
                    f"`{site.id}` `{phase.id}` becomes `{phase.host}`, and nobody knows how large",
                    place(*at),
                    fix="add `accelerators`, or `power` in MW",
                )
            if phase.host in agreement.hosts:
                skus = agreement.hosts[phase.host].skus
                for sku, where in [(phase.sku, at), *((b.sku, (*at, "buildings", i)) for i, b in enumerate(phase.buildings))]:
                    if sku and sku not in skus:
                        findings.add("DIB111", f"`{phase.host}` has no `{sku}`", place(*where, "sku"), fix=f"use {' or '.join(skus)}")
                if not phase.sku and len(skus) != 1 and not all(b.sku for b in phase.buildings):
                    findings.add("DIB111", f"`{phase.host}` has not one accelerator, and this phase does not say which", place(*at), fix="add `sku`")
            _check_stages(phase.stages, (*at, "stages"), place, findings)
            for b, building in enumerate(phase.buildings):
                _check_stages(building.stages, (*at, "buildings", b, "stages"), place, findings)
    del file


def _check_stages(stages: Mapping[date, str], at: tuple[str | int, ...], place: Callable[..., Mark], findings: Findings) -> None:
    """Stages go forward in time, and from first word to service."""
    last: tuple[date, str] | None = None
    for day, stage in stages.items():
        if last is not None:
            backwards = STAGES.index(stage) < STAGES.index(last[1]) and last[1] not in LEAVING
            if day <= last[0]:
                findings.add(
                    "DIB118", f"{day} does not follow {last[0]}", place(*at, day.isoformat(), ""), fix="write the stages in the order of their days"
                )
            elif backwards:
                findings.add(
                    "DIB118",
                    f"`{stage}` comes after `{last[1]}`",
                    place(*at, day.isoformat()),
                    fix="write `paused` or `dropped` if it went backwards",
                )
        last = (day, stage)


# Variants.


def vary(agreement: Agreement, name: str, variant: Variant, findings: Findings) -> Agreement:
    """The agreement as a variant has it; whatever does not hold together is noted at the variant's place."""
    clauses = {clause.id for clause in readings.all_clauses(agreement)}
    amendments = {amendment.id for amendment in agreement.amendments}
    where = variant.mark
    before = len(findings.errors)
    for gone in variant.without:
        if gone not in clauses | amendments:
            findings.add(
                "DIB103",
                f"variant `{name}` leaves out `{gone}`, which `{agreement.id}` does not have{like(gone, clauses | amendments)}",
                where,
                fix="name a clause or an amendment",
            )
    try:
        changed = readings.take(agreement, dict(variant.readings))
    except BadInput as error:
        for finding in error.findings:
            findings.add("DIB105", f"variant `{name}`: {finding.message}", where, fix=finding.fix)
        changed = agreement
    if len(findings.errors) > before:
        return agreement
    changed = _set(_leave_out(changed, frozenset(variant.without)), variant.set_)
    for finding in check.check(changed):
        if finding.severity == "error":
            findings.add("DIB106", f"under variant `{name}` the agreement does not hold together: {finding.message}", where, fix=finding.fix)
    return agreement if len(findings.errors) > before else as_text(changed)


def _leave_out(agreement: Agreement, gone: frozenset[str]) -> Agreement:
    """The agreement without some clauses and amendments, and without mention of what is then nowhere."""
    if not gone:
        return agreement
    amendments = tuple(a for a in agreement.amendments if a.id not in gone)
    left = {c.id for c in (*agreement.clauses, *(c for a in amendments for c in (*a.replaces, *a.adds)))} - gone

    def kept(clauses: tuple[Clause, ...]) -> tuple[Clause, ...]:
        out = []
        for clause in clauses:
            if clause.id not in left:
                continue
            changes: dict[str, Any] = {}
            for field in FIELDS[type(clause)]:
                if field.refers == "clause":
                    changes[field.name] = tuple(c for c in getattr(clause, field.name) if c in left)
            out.append(dataclasses.replace(clause, **changes))
        return tuple(out)

    live = {c.id for c in agreement.clauses} & left
    rebuilt = []
    for amendment in sorted(amendments, key=lambda a: a.effective):
        # What an amendment restates may have been added by one that is now left out: then it is new.
        restated = tuple(c for c in amendment.replaces if c.id in live)
        news = tuple(c for c in amendment.replaces if c.id not in live)
        changed = dataclasses.replace(
            amendment,
            ends=tuple(c for c in amendment.ends if c in live),
            replaces=kept(restated),
            adds=kept((*news, *amendment.adds)),
        )
        live = (live - set(changed.ends)) | {c.id for c in changed.adds}
        rebuilt.append(changed)
    order = {a.id: index for index, a in enumerate(amendments)}
    rebuilt.sort(key=lambda a: order[a.id])
    return dataclasses.replace(agreement, clauses=kept(agreement.clauses), amendments=tuple(rebuilt))


def _set(agreement: Agreement, changes: Mapping[str, Mapping[str, Any]]) -> Agreement:
    """The agreement with some fields of some clauses saying something else, wherever the clause is written."""
    if not changes:
        return agreement

    def one(clause: Clause) -> Clause:
        return dataclasses.replace(clause, **changes[clause.id]) if clause.id in changes else clause

    return dataclasses.replace(
        agreement,
        clauses=tuple(map(one, agreement.clauses)),
        amendments=tuple(dataclasses.replace(a, replaces=tuple(map(one, a.replaces)), adds=tuple(map(one, a.adds))) for a in agreement.amendments),
    )


def as_text(agreement: Agreement) -> Agreement:
    """The same agreement with a text and a digest of its own: what was changed is what is journalled."""
    return agreements.load(render.to_yaml(agreement), f"{agreement.id}.yaml")


def hands(scenario: Scenario) -> tuple[ChangeOfHands, ...]:
    """What went to somebody else, in the order of days."""
    return tuple(sorted(scenario.programme.changes_hands, key=lambda c: c.on)) if scenario.programme else ()
