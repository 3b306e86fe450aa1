"""Triggers on money: on which day each way of reading one is reached, on one and the same path of figures.

A figure counts from the instant at which it was given.  A cumulative measure sums figures, an annual one sums those whose
period ends in a calendar year, and the latest is the last one given; the same rules decide in the procedure, which also
knows declarations and verifications.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from dibs.contract.amend import timeline
from dibs.contract.model import Trigger
from dibs.contract.readings import AS_WRITTEN, read_as
from dibs.procedure.events import SignalRecorded, TriggerFired
from dibs.settle.rounding import minor, whole
from dibs.settle.rows import TriggerRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dibs.contract.model import Measure
    from dibs.quantities import Instant
    from dibs.settle.materials import Materials


def path(measure: Measure, figures: Iterable[SignalRecorded], materials: Materials) -> Iterator[tuple[Instant, Decimal]]:
    """(when it was known, what the measure then stood at), figure by figure; a period stated again replaces what was stated."""
    since = None if measure.since is None else materials.instant(measure.since)
    heard: dict[tuple[Instant, Instant], SignalRecorded] = {}
    for figure in figures:
        if (figure.party, figure.signal) != (measure.party, measure.signal):
            continue
        if measure.aggregate == "cumulative" and since is not None and figure.since < since:
            continue
        heard[figure.since, figure.until] = figure
        match measure.aggregate:
            case "cumulative":
                yield figure.at, sum((f.value for f in heard.values()), Decimal(0))
            case "annual":
                years: dict[int, Decimal] = {}
                for f in heard.values():
                    year = materials.day(f.until - 1).year
                    years[year] = years.get(year, Decimal(0)) + f.value
                yield figure.at, max(years.values())
            case "latest":
                yield figure.at, max(heard.values(), key=lambda f: (f.until, f.at)).value


def reached(trigger: Trigger, figures: Iterable[SignalRecorded], materials: Materials) -> tuple[Instant | None, Decimal | None]:
    """(when the measure is first known to be enough, the highest it came to)."""
    threshold = trigger.at_least or trigger.more_than
    if trigger.measure is None or threshold is None:
        return None, None
    when, highest = None, None
    for at, value in path(trigger.measure, figures, materials):
        highest = value if highest is None else max(highest, value)
        enough = value >= threshold.amount if trigger.at_least is not None else value > threshold.amount
        if enough and when is None:
            when = at
    return when, highest


def rows(materials: Materials, known: Instant) -> tuple[TriggerRow, ...]:
    """Every trigger on money under each of its readings, on the figures known at an instant."""
    figures = [event for _, event in materials.of(SignalRecorded) if event.at <= known]
    fired = {event.trigger: event.at for _, event in materials.of(TriggerFired) if event.at <= known}
    out = []
    for row in timeline(materials.agreement, materials.day(known)):
        written = row.clause
        if not isinstance(written, Trigger):
            continue
        for name in (AS_WRITTEN, *written.readings):
            trigger = read_as(written, name)
            says = written.says if name == AS_WRITTEN else written.readings[name].says
            when = highest = None
            measured, waits = "", ""
            if isinstance(trigger, Trigger) and trigger.measure is not None:
                when, highest = reached(trigger, figures, materials)
                since = f" since {trigger.measure.since.isoformat()}" if trigger.measure.since else ""
                measured = f"{trigger.measure.signal} of {trigger.measure.party}, {trigger.measure.aggregate}{since}"
            if isinstance(trigger, Trigger):
                wants = [f"a declaration by {trigger.declared_by}"] if trigger.declared_by else []
                waits = " and ".join(wants + ([f"verification by {trigger.verified_by}"] if trigger.verified_by else []))
            day = None if when is None else materials.day(when)
            taken = name == (written.reading or AS_WRITTEN)
            at = fired.get(written.id) if taken else None
            out.append(
                TriggerRow(
                    clause=written.id,
                    by=row.by,
                    reading=name,
                    says=says,
                    measured=measured,
                    reached_on=day,
                    reached_in_force=day is not None and row.covers(day),
                    waits_for=waits,
                    fired_on=materials.day(at) if at is not None and row.covers(materials.day(at)) else None,
                    highest=None if highest is None else whole(minor(highest, materials.agreement.currency)),
                    ends=trigger.ends if isinstance(trigger, Trigger) else (),
                )
            )
    return tuple(out)
