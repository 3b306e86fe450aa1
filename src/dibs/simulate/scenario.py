"""A scenario folder: an agreement, and the world to play it in.

Everything wrong with any file of the folder is found in one reading.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from dibs.contract import load as agreements
from dibs.contract.reader import like
from dibs.errors import BadInput, Findings, Mark
from dibs.simulate.checks import Checks
from dibs.simulate.demand import Need, Signal, read_demand, read_signals
from dibs.simulate.files import BYTES_MAX, PROGRAMME, SCENARIO, SUPPLIERS, Reading
from dibs.simulate.formats import Horizon, ProgrammeFile, ScenarioFile, SuppliersFile
from dibs.simulate.rows import Rows
from dibs.simulate.variants import as_text, vary

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dibs.contract.model import Agreement
    from dibs.contract.nodes import Table
    from dibs.errors import Finding


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
    sets: Mapping[str, Table] = field(default_factory=lambda: MappingProxyType({}))
    """What each variant sets, as it is written."""
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
        changed = vary(self.agreement, name, self.file.variants[name], self.sets.get(name), findings)
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
    reading = Reading(read, folder, findings)
    file = reading.record("scenario.yaml", SCENARIO, ScenarioFile)
    if file is None:
        return None, findings
    if file.horizon is None:  # it could not be read, which was noted; the rest is read all the same
        file = dataclasses.replace(file, horizon=Horizon(from_=date.min, until=date.max))
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
        checks = Checks(file, agreement, reading, findings)
        checks.scenario()
        checks.suppliers(suppliers, programme)
        checks.programme(programme)
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
        sets=MappingProxyType(reading.sets),
        skipped=needs.skipped + signals.skipped,
        warnings=tuple(findings.items),
    )
    return scenario, findings
