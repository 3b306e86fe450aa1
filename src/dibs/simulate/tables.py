"""What a run leaves in its folder: the book, the agreement as played, `run.json`, and a table behind every picture.

Every figure is read from the journal and the scenario, so that whoever has the folder can make the tables again.
"""

from __future__ import annotations

import csv
import json
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, TypeAlias
from zoneinfo import ZoneInfo

from dibs import __version__
from dibs.contract import amend
from dibs.contract.load import load
from dibs.decisions.compile import compile_agreement
from dibs.journal.audit import state_digest
from dibs.journal.merkle import Frontier
from dibs.procedure.agreed import length
from dibs.quantities import DAY, HOUR, day_of, instant_of, iso
from dibs.simulate import history as histories
from dibs.simulate.chance import Chance
from dibs.simulate.supply import accelerators_of, programme_pieces, sku_of
from dibs.simulate.why import why_late
from dibs.store.folder import write_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dibs.contract.model import Agreement, Building, Phase, Site
    from dibs.quantities import Instant
    from dibs.simulate.demand import Need
    from dibs.simulate.history import GrantStory, History, NeedStory
    from dibs.simulate.run import Run
    from dibs.simulate.scenario import Scenario

Row: TypeAlias = "tuple[object, ...]"

COLUMNS: Mapping[str, Mapping[str, str]] = {
    "versions": {
        "version": "The amendment that makes it, or the agreement's id for the first text.",
        "signed": "The day from which it is known.",
        "effective": "The day from which it is in force.",
        "binding": "Whether it has legal effect.",
        "says": "The change in one sentence.",
        "adds": "Clauses that are new.",
        "ends": "Clauses that end.",
        "replaces": "Clauses that are restated.",
    },
    "clauses": {
        "clause": "The clause.",
        "kind": "Its kind.",
        "says": "The clause in one sentence.",
        "starts": "First day in force; empty if there never was a day without it.",
        "ends": "First day no longer in force; empty if it has no end.",
        "by": "The amendment that wrote it; empty for the first text.",
        "where": "File, line and column.",
        "confidence": "How sure the encoded fact is.",
    },
    "requests": {
        "request": "The need.",
        "asked_on": "The day on which it was asked.",
        "class": "The class of work.",
        "sku": "Which accelerator.",
        "quantity": "Accelerators sought.",
        "status": "Its status at the end of the run; `refused` if it was not even recorded.",
        "granted": "Accelerators promised.",
        "unmet": "Accelerators given up.",
        "clause": "The right that covered it, or the clause that denied it.",
        "hosts": "Where it was granted.",
        "launch": "The product that waited for it.",
        "start_latest": "The latest start asked for; a product waits longer.",
        "started_on": "The day on which everything granted was there.",
        "why": "Why something stayed unmet.",
    },
    "offers": {
        "offer": "The notice.",
        "request": "The need it offers.",
        "clause": "The right under which it was served.",
        "right": "Which right that is.",
        "holder": "Who was asked.",
        "quantity": "Accelerators offered.",
        "served_on": "When it was served.",
        "respond_by": "An answer at this instant is late.",
        "answered_on": "When it was answered, lapsed, was withdrawn or lost its effect.",
        "outcome": "What came of it; `open` if nothing has yet.",
        "exercised": "Accelerators the holder took.",
        "reason": "Why it declined.",
        "market_until": "Until when the need could go elsewhere.",
        "reoffer": "Whether it is a re-offer.",
        "got_by": "Whose platforms got what was offered, until the next notice for the same need.",
        "entry": "The entry of the journal.",
    },
    "grants": {
        "grant": "The grant.",
        "request": "The need it serves.",
        "offer": "The notice by which the holder took it; empty elsewhere.",
        "host": "Where.",
        "platform": "Under whose contract.",
        "operator": "On whose machines.",
        "class": "The class of work.",
        "sku": "Which accelerator.",
        "quantity": "Accelerators promised.",
        "starts": "First day.",
        "ends": "First day no longer promised.",
        "price": "Per accelerator-hour.",
        "delivered_on": "The day on which all of it was there.",
        "on_time": "Whether everything delivered came when it was due.",
        "entry": "The entry of the journal.",
    },
    "capacity": {
        "month": "The month; figures are of its first day.",
        "platform": "Under whose contract.",
        "operator": "On whose machines.",
        "host": "Where.",
        "class": "The class of work.",
        "active": "Accelerators that ran.",
    },
    "supply": {
        "host": "Where.",
        "platform": "Under whose contract.",
        "operator": "On whose machines.",
        "sku": "Which accelerator.",
        "from": "The day for which it is promised.",
        "quantity": "Accelerators in all from then on.",
        "stage": "How firm it is.",
        "facts": "Facts behind it.",
    },
    "demand": {
        "month": "The month; figures are of its first day.",
        "class": "The class of work.",
        "wanted": "Accelerators that should have run.",
        "served": "Accelerators that ran.",
        "unmet": "The difference, need by need.",
    },
    "matrix": {
        "version": "The version in force.",
        "on": "The day asked about.",
        "class": "The class of work.",
        "host": "Where.",
        "answer": "permitted, offer_first, refused or undetermined.",
        "code": "The reason that leads.",
        "clause": "The clause that decides.",
        "text": "What it says.",
        "where": "File, line and column.",
    },
    "build": {
        "site": "The site.",
        "phase": "The phase.",
        "building": "The building; empty for the phase itself.",
        "stage": "How far it has come.",
        "from": "From which day on.",
        "planned_finish": "When it was said to be finished.",
        "expected_finish": "When it is now expected, or was finished.",
        "power_mw": "Power in megawatts.",
        "accelerators": "Accelerators when full.",
        "cost": "What the phase costs, as known from this row's day on.",
        "final_cost": "What the phase came to, once that is known.",
        "facts": "Facts behind it.",
    },
    "launches": {
        "launch": "The product.",
        "class": "The class of work.",
        "wanted_by": "The last latest start of what it waits for.",
        "ready_on": "The day on which everything it waits for was there; empty if that never came.",
        "slip_days": "Days late; up to the end of the run if it never came.",
        "why": "What it waited for.",
    },
    "answers": {
        "holder": "Who was asked.",
        "asked": "Notices served.",
        "exercised": "Taken wholly.",
        "partly": "Taken in part.",
        "declined": "Declined, or answered on other terms.",
        "lapsed": "Not answered in time.",
        "waived": "Waived.",
        "withdrawn": "Taken back, or without effect.",
        "reasons": "Reasons to decline, with how often each was given.",
        "median_days": "Median time to answer, of those answered.",
        "window_days": "Median time it had.",
    },
    "signals": {
        "date": "When the figure is known.",
        "party": "Whose figure.",
        "signal": "Which figure.",
        "value": "The figure.",
        "unit": "Its unit.",
        "confidence": "How sure it is.",
        "source": "Where it comes from.",
    },
    "laws": {
        "law": "The number of the law.",
        "says": "What must never happen.",
        "checked": "On how many things it was checked.",
        "violations": "How often it was broken.",
        "first": "The entry of the journal and the words of the first time.",
    },
}
"""Every table with its columns, in order, and what each of them says."""


@dataclass(slots=True)
class _Book:
    """What the tables are made from."""

    scenario: Scenario
    agreement: Agreement
    history: History
    zone: ZoneInfo
    begins: Instant
    ends: Instant
    rows: Mapping[str, Need]
    """The demand by need."""

    def latest(self, name: str) -> Instant:
        """The latest start that the demand asks for; a product waits longer."""
        row = self.rows.get(name)
        return instant_of(row.start_latest, self.zone) if row else self.history.needs[name].asked.start_latest

    def day(self, at: Instant | None) -> str:
        """An instant as a day in the agreement's zone."""
        return "" if at is None else day_of(at, self.zone).isoformat()


def write(run: Run, out: str | Path) -> Path:
    """Write everything that a run leaves into the folder `out`, which is made if it is not there.

    The tables are made from the journal and the scenario; the report is somebody else's business.
    """
    folder = Path(out)
    tables = folder / "tables"
    tables.mkdir(parents=True, exist_ok=True)
    write_folder(run.store, folder)
    zone = ZoneInfo(run.scenario.agreement.time_zone)
    history = histories.read(run.entries, {run.scenario.agreement.digest: run.scenario.agreement, **_texts(run)})
    begins, ends = instant_of(run.scenario.file.horizon.from_, zone), instant_of(run.until, zone)
    book = _Book(run.scenario, run.scenario.agreement, history, zone, begins, ends, {need.request.id: need for need in run.scenario.needs})
    made: dict[str, Iterable[Row]] = {
        "versions": _versions(book),
        "clauses": _clauses(book),
        "requests": _requests(book),
        "offers": _offers(book),
        "grants": _grants(book),
        "capacity": _capacity(book),
        "supply": _supply(book),
        "demand": _demand(book),
        "matrix": _matrix(book),
        "build": _build(book),
        "launches": _launches(book),
        "answers": _answers(book),
        "signals": ((s.on, s.party, s.signal, f"{s.value:f}", s.unit, s.confidence, s.source) for s in run.scenario.signals),
        "laws": (
            (
                law.law,
                law.says,
                law.checked,
                len(law.violations),
                f"entry {law.violations[0].entry}: {law.violations[0].words}" if law.violations else "",
            )
            for law in run.laws
        ),
    }
    for name, rows in made.items():
        with (tables / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS[name])
            writer.writerows(rows)
    (folder / "run.json").write_text(json.dumps(_summary(run, book), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return folder


def _texts(run: Run) -> dict[str, Agreement]:
    """The agreements that the journal was played under, where amendments were adopted as they were signed."""
    known = run.scenario.agreement.digest
    return {digest: load(text, f"agreement {digest[:12]}") for digest, text in run.store.texts().items() if digest != known}


def _summary(run: Run, book: _Book) -> dict[str, Any]:
    """`run.json`: what was played, by whom, how large it was, and how to check it."""
    scenario, agreement, history = run.scenario, book.agreement, book.history
    launches = list(_launches(book))
    size, root = _head(run)
    return {
        "dibs": __version__,
        "scenario": {"id": scenario.file.id, "title": scenario.file.title, "note": scenario.file.note},
        "agreement": {"id": agreement.id, "title": agreement.title, "currency": agreement.currency, "digest": agreement.digest},
        "buyer": scenario.file.buyer,
        "seed": run.seed,
        "variant": run.variant,
        "horizon": {"from": scenario.file.horizon.from_.isoformat(), "until": run.until.isoformat()},
        "known_until": (scenario.file.known_until or run.until).isoformat(),
        "kilowatts_per_accelerator": float(scenario.file.kilowatts_per_accelerator),
        "parties": [{"id": party.id, "name": party.name, "role": party.role} for party in agreement.parties.values()],
        "hosts": [
            {
                "id": host.id,
                "platform": host.platform,
                "operator": host.operator,
                "regions": list(host.regions),
                "skus": list(host.skus),
                "own_build": host.own_build,
            }
            for host in agreement.hosts.values()
        ],
        "classes": dict(agreement.workload_classes),
        "versions": [version.id for version in amend.versions(agreement)],
        "totals": {
            "entries": history.entries,
            "requests": len(history.needs),
            "offers": len(history.offers),
            "grants": len(history.grants),
            "accelerators_asked": sum(need.asked.quantity for need in history.needs.values()),
            "accelerators_granted": sum(grant.granted.quantity for grant in history.grants.values()),
            "unmet_accelerator_hours": sum(_unmet_hours(book, name) for name in history.needs),
            "launches": len(launches),
            "launches_late": sum(1 for row in launches if row[4]),
            "commands_refused": dict(sorted(history.refused.items())),
            "breaches": history.breaches,
            "rows_skipped": scenario.skipped,
            "violations": sum(len(law.violations) for law in run.laws),
        },
        "unused_script": [
            {"party": party, "on": entry.on.isoformat(), "answer": entry.answer, "request": entry.request} for party, entry in run.unused
        ],
        "changes_hands": [
            {"on": c.on.isoformat(), "what": c.what, "from": c.from_, "to": c.to, "says": c.says, "facts": list(c.facts)}
            for c in (sorted(scenario.programme.changes_hands, key=lambda c: c.on) if scenario.programme else ())
        ],
        "head": {"size": size, "root": root, "state": state_digest(run.state).hex()},
        "timings": {name: round(seconds, 3) for name, seconds in run.timings.items()},
    }


def _head(run: Run) -> tuple[int, str]:
    """How many leaves the book has, and the root of its tree."""
    frontier = Frontier()
    for sealed, _ in run.store.sealed():
        frontier.append(sealed.leaf)
    return frontier.size, frontier.root().hex()


# What was agreed.


def _versions(book: _Book) -> Iterator[Row]:
    agreement = book.agreement
    first = next((version for version in amend.versions(agreement) if version.amendment is None), None)
    if first is not None:
        yield agreement.id, "", "", "true", agreement.title, " ".join(clause.id for clause in agreement.clauses), "", ""
    for amendment in sorted(agreement.amendments, key=lambda a: a.effective):
        yield (
            amendment.id,
            amendment.signed,
            amendment.effective,
            _truth(said=amendment.binding),
            amendment.says,
            " ".join(clause.id for clause in amendment.adds),
            " ".join(amendment.ends),
            " ".join(clause.id for clause in amendment.replaces),
        )


def _clauses(book: _Book) -> Iterator[Row]:
    for dated in amend.dated_clauses(book.agreement):
        clause = dated.clause
        yield clause.id, clause.kind, clause.says, dated.starts or "", dated.ends or "", dated.by, str(clause.mark), clause.confidence or ""


def _matrix(book: _Book) -> Iterator[Row]:
    """Every class on every host, on the first day of each version that is played."""
    compiled = compile_agreement(book.agreement)
    first, last = day_of(book.begins, book.zone), day_of(book.ends - 1, book.zone)
    for version in amend.versions(book.agreement):
        on = max(version.starts or first, first)
        if on > last or (version.ends is not None and version.ends <= first):
            continue
        for workload_class, hosts in compiled.matrix(on).items():
            for host, decision in hosts.items():
                reason = decision.reasons[0] if decision.reasons else None
                yield (
                    version.id,
                    on,
                    workload_class,
                    host,
                    str(decision.answer),
                    str(reason.code) if reason else "",
                    reason.clause if reason else "",
                    reason.text if reason else "",
                    str(reason.where) if reason and reason.where else "",
                )


# Needs, notices and grants.


def _requests(book: _Book) -> Iterator[Row]:
    for name, need in book.history.needs.items():
        asked, request = need.asked, book.history.state.requests.get(name)
        full = [book.history.grants[g].full_at for g in need.grants]
        started = max((at for at in full if at is not None), default=None) if full and None not in full else None
        yield (
            name,
            book.day(need.asked_at),
            asked.workload_class,
            asked.sku,
            asked.quantity,
            request.status if request else "refused",
            request.granted if request else 0,
            request.given_up if request else asked.quantity,
            need.clause,
            " ".join(dict.fromkeys(book.history.grants[g].granted.host for g in need.grants)),
            asked.launch,
            book.day(book.latest(name)),
            book.day(started),
            f"refused: {need.refused}" if need.refused else need.why,
        )


def _offers(book: _Book) -> Iterator[Row]:
    for name, story in book.history.offers.items():
        served, offer = story.served, book.history.state.offers[name]
        yield (
            name,
            served.request,
            served.clause,
            served.right,
            served.holder,
            served.terms.quantity or 0,
            iso(served.at),
            iso(offer.respond_by),
            iso(story.answered_at) if story.answered_at is not None else "",
            offer.status,
            offer.taken,
            offer.reason,
            iso(story.market_until) if story.market_until is not None else "",
            _truth(said=served.reoffer),
            " ".join(dict.fromkeys(book.history.grants[g].granted.platform for g in story.grants)),
            story.entry,
        )


def _grants(book: _Book) -> Iterator[Row]:
    for name, story in book.history.grants.items():
        event = story.granted
        yield (
            name,
            event.request,
            event.offer,
            event.host,
            event.platform,
            event.operator,
            event.workload_class,
            event.sku,
            event.quantity,
            book.day(event.starts),
            book.day(event.ends),
            f"{event.price:f}",
            book.day(story.full_at),
            "" if story.on_time is None else _truth(said=story.on_time),
            story.entry,
        )


def _answers(book: _Book) -> Iterator[Row]:
    """Each holder: how often it was asked, what it said, and how long it took."""
    for holder in dict.fromkeys(story.served.holder for story in book.history.offers.values()):
        mine = {name: story for name, story in book.history.offers.items() if story.served.holder == holder}
        offers = {name: book.history.state.offers[name] for name in mine}
        count = Counter(offer.status for offer in offers.values())
        reasons = Counter(
            "counter" if offer.status == "countered" else offer.reason or "none" for offer in offers.values() if offer.status in _REFUSED
        )
        answered = [
            (story.answered_at - story.served.at) / DAY
            for name, story in mine.items()
            if story.answered_at is not None and offers[name].status in _ANSWERED
        ]
        windows = [(offers[name].respond_by - story.served.at) / DAY for name, story in mine.items()]
        yield (
            holder,
            len(mine),
            count["exercised"],
            count["partially_exercised"],
            sum(count[status] for status in _REFUSED),
            count["lapsed"],
            count["waived"],
            count["withdrawn"] + count["void"],
            " ".join(f"{reason}:{number}" for reason, number in sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
            f"{median(answered):.1f}" if answered else "",
            f"{median(windows):.1f}",
        )


_REFUSED = ("declined", "countered")
_ANSWERED = ("exercised", "partially_exercised", "declined", "countered", "waived")


# What ran, what was wanted.


def _months(book: _Book) -> list[tuple[date, Instant]]:
    day = day_of(book.begins, book.zone)
    day = day if day.day == 1 else _next_month(day)
    out = []
    while (at := instant_of(day, book.zone)) < book.ends:
        out.append((day, at))
        day = _next_month(day)
    return out


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def _capacity(book: _Book) -> Iterator[Row]:
    months = _months(book)
    instants = [at for _, at in months]
    active: dict[tuple[str, str], list[int]] = {}
    for grant in book.history.grants.values():
        row = active.setdefault((grant.granted.host, grant.granted.workload_class), [0] * len(months))
        for index in _spanned(instants, grant):
            row[index] += grant.running(instants[index])
    for index, (month, _) in enumerate(months):
        for host in book.agreement.hosts.values():
            for workload_class in book.agreement.workload_classes:
                quantity = active.get((host.id, workload_class), [0] * len(months))[index]
                if quantity:
                    yield month, host.platform, host.operator, host.id, workload_class, quantity


def _spanned(instants: list[Instant], grant: GrantStory) -> range:
    """The months in which something of a grant ran."""
    if not grant.steps:
        return range(0)
    first = bisect_left(instants, grant.steps[0][0])
    last = bisect_left(instants, grant.ended_at) if grant.ended_at is not None else len(instants)
    return range(first, last)


def _wanted_from(book: _Book, name: str) -> Instant:
    """From when a need counts as wanted: its first delivery, or its latest start if that passes first."""
    need = book.history.needs[name]
    latest = book.latest(name)
    first = min((book.history.grants[g].steps[0][0] for g in need.grants if book.history.grants[g].steps), default=latest)
    return min(first, latest)


def _demand(book: _Book) -> Iterator[Row]:
    months = _months(book)
    instants = [at for _, at in months]
    wanted: dict[str, list[int]] = {}
    served: dict[str, list[int]] = {}
    unmet: dict[str, list[int]] = {}
    for name, need in book.history.needs.items():
        kind = need.asked.workload_class
        rows = [table.setdefault(kind, [0] * len(months)) for table in (wanted, served, unmet)]
        starts = _wanted_from(book, name)
        ends = starts + length(need.asked)
        running: dict[int, int] = {}
        for name_of_grant in need.grants:
            grant = book.history.grants[name_of_grant]
            for index in _spanned(instants, grant):
                running[index] = running.get(index, 0) + grant.running(instants[index])
        for index in _between(instants, starts, ends):
            running.setdefault(index, 0)
        for index, there in running.items():
            sought = max(need.asked.quantity if starts <= instants[index] < ends else 0, there)
            rows[0][index] += sought
            rows[1][index] += there
            rows[2][index] += sought - there
    for index, (month, _) in enumerate(months):
        for workload_class in book.agreement.workload_classes:
            if workload_class in wanted and wanted[workload_class][index]:
                yield month, workload_class, wanted[workload_class][index], served[workload_class][index], unmet[workload_class][index]


def _between(instants: list[Instant], starts: Instant, ends: Instant) -> range:
    return range(bisect_left(instants, starts), bisect_left(instants, ends))


def _unmet_hours(book: _Book, name: str) -> int:
    """Accelerator-hours that a need wanted within the days played and did not get."""
    need = book.history.needs[name]
    starts = max(_wanted_from(book, name), book.begins)
    ends = min(starts + length(need.asked), book.ends)
    if starts >= ends:
        return 0
    got = 0
    for grant in (book.history.grants[g] for g in need.grants):
        for index, (since, quantity) in enumerate(grant.steps):
            until = grant.steps[index + 1][0] if index + 1 < len(grant.steps) else book.ends
            got += quantity * max(0, min(until, ends) - max(since, starts))
    return max(need.asked.quantity * (ends - starts) - got, 0) // HOUR


def _launches(book: _Book) -> Iterator[Row]:
    launches: dict[str, list[NeedStory]] = {}
    for need in book.history.needs.values():
        if need.asked.launch:
            launches.setdefault(need.asked.launch, []).append(need)
    for launch, needs in launches.items():
        wanted_at = max(book.latest(need.asked.id) for need in needs)
        grants = [book.history.grants[g] for need in needs for g in need.grants]
        there = [grant.full_at for grant in grants]
        over = all(need.grants and need.asked.id not in book.history.state.live for need in needs)
        ready = max((at for at in there if at is not None), default=None) if over and None not in there else None
        slip = max(0, ((book.ends if ready is None else ready) - wanted_at) // DAY)
        why = why_late(needs, grants, wanted_at, book.zone) if slip else ""
        if slip and not why:
            why = next((need.why for need in needs if need.why), "") or _pending(needs, book)
        kinds = " ".join(dict.fromkeys(need.asked.workload_class for need in needs))
        yield launch, kinds, book.day(wanted_at), book.day(ready), slip, why


def _pending(needs: list[NeedStory], book: _Book) -> str:
    """Nothing has been given up and not everything is there: what is still awaited."""
    undelivered = [g for need in needs for g in need.grants if book.history.grants[g].full_at is None]
    if undelivered:
        event = book.history.grants[undelivered[0]].granted
        return f"{event.host} has not delivered what it promised for {book.day(event.starts)}"
    return "nobody has had room yet"


# What can be supplied, and what is built.


def _supply(book: _Book) -> Iterator[Row]:
    scenario = book.scenario
    built: dict[tuple[str, str], list[tuple[Instant, int, str, tuple[str, ...]]]] = {}
    for piece in programme_pieces(scenario, Chance(scenario.file.seed)):
        built.setdefault((piece.host, piece.sku), []).append((piece.planned, piece.quantity, piece.stage, piece.facts))
    for host in book.agreement.hosts.values():
        supply = scenario.suppliers.hosts.get(host.id)
        for step in supply.capacity if supply else ():
            sku = sku_of(scenario, host.id, step.sku, supply.sku if supply else None)
            yield host.id, host.platform, host.operator, sku, step.from_, step.quantity, step.stage, " ".join(step.facts)
        for (_, sku), pieces in sorted((key, rows) for key, rows in built.items() if key[0] == host.id):
            total = 0
            for planned, quantity, stage, facts in sorted(pieces):
                total += quantity
                yield host.id, host.platform, host.operator, sku, book.day(planned), total, stage, " ".join(facts)


def _build(book: _Book) -> Iterator[Row]:
    for site in book.scenario.programme.sites if book.scenario.programme else ():
        for phase in site.phases:
            yield from _stages(book, site, phase, None)
            for building in phase.buildings:
                yield from _stages(book, site, phase, building)


def _stages(book: _Book, site: Site, phase: Phase, building: Building | None) -> Iterator[Row]:
    unit = building or phase
    finished = next((day for day, stage in unit.stages.items() if stage in {"energised", "in_service"}), None)
    expected = finished or phase.expected_finish
    accelerators = accelerators_of(book.scenario, unit) or ""
    # A cost that is restated on a day without a new stage has a row of its own, in the stage of that day.
    days = sorted({*unit.stages, *(phase.restated if building is None else ())})
    for day in days:
        stage = next((stage for since, stage in sorted(unit.stages.items(), reverse=True) if since <= day), "announced")
        cost = next((cost for since, cost in sorted(phase.restated.items(), reverse=True) if since <= day), phase.cost)
        yield (
            site.id,
            phase.id,
            building.id if building else "",
            stage,
            day,
            phase.planned_finish or "",
            expected or "",
            f"{unit.power:f}" if unit.power is not None else "",
            accelerators,
            str(cost) if cost and building is None else "",
            str(phase.final_cost) if phase.final_cost and building is None else "",
            " ".join(unit.facts),
        )


def _truth(*, said: bool) -> str:
    return "true" if said else "false"
