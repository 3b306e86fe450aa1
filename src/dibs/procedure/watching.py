"""Watching: figures, usage and launches, and what comes true because of them."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from dibs.contract.model import Consent, FirstShipment, Trigger
from dibs.decisions.decision import Answer
from dibs.decisions.ship import may_ship
from dibs.procedure.agreed import because
from dibs.procedure.events import (
    AbilityDeclared,
    Because,
    BreachNoted,
    ProductLaunched,
    PurposeDrifted,
    PurposeRestored,
    SignalRecorded,
    TriggerDeclared,
    TriggerFired,
    TriggerRejected,
    UsageReported,
)
from dibs.procedure.needs import reconsider
from dibs.procedure.refusals import Refusal
from dibs.procedure.state import Usage
from dibs.quantities import day_of, instant_of

if TYPE_CHECKING:
    from dibs.contract.model import Host
    from dibs.procedure.commands import AnnounceLaunch, DeclareAbility, DeclareTrigger, RecordSignal, ReportUsage, VerifyTrigger
    from dibs.procedure.hearing import Hearing
    from dibs.procedure.state import Figure
    from dibs.quantities import Instant


# Usage, and what own-building is used for (R29).


def report(hearing: Hearing, command: ReportUsage) -> None:
    """Count what ran, once, and see whether own-building still keeps its purpose."""
    agreed, host = hearing.agreed, hearing.agreed.host(command.host)
    usage = Usage(command.starts, command.ends, command.workload_class, command.accelerator_hours)
    counted = hearing.state.reports.get(command.report)
    if counted is not None:
        if counted == usage:
            hearing.repeat(command.report)
        else:
            hearing.refuse(command.report, Refusal.ID_TAKEN)
        return
    if host is None:
        hearing.refuse(command.report, Refusal.UNKNOWN_HOST, have=command.host)
    elif command.workload_class not in agreed.compiled.agreement.workload_classes:
        hearing.refuse(command.report, Refusal.UNKNOWN_CLASS, have=command.workload_class)
    elif command.accelerator_hours < 0 or command.ends <= command.starts:
        hearing.refuse(command.report, Refusal.NOT_POSITIVE)
    else:
        tests = [c for c in agreed.of_kind(Consent) if c.purpose is not None and _is_own_building(hearing, c, host)]
        over = max((int(c.purpose.over.total_seconds()) for c in tests if c.purpose), default=0)
        hearing.say(
            UsageReported(
                at=hearing.at,
                report=command.report,
                host=command.host,
                workload_class=command.workload_class,
                accelerator_hours=command.accelerator_hours,
                starts=command.starts,
                ends=command.ends,
                watched_from=_newest(hearing, command.host, command.ends) - over if tests else 0,
            )
        )
        hosting = agreed.hosting(command.workload_class, command.host)
        if hosting.answer is Answer.REFUSED:
            reasons, clause = because(hosting), hosting.denying[0]
            what = "ran where it may not"
            hearing.say(BreachNoted(at=hearing.at, because=reasons, request="", clause=clause, by=host.platform, what=what))
        for consent in tests:
            _test_purpose(hearing, consent, command.host)


def _is_own_building(hearing: Hearing, consent: Consent, host: Host) -> bool:
    """Whether a consent to own-building speaks of a host: one it lists, else every own building of the grantee."""
    if consent.permits != "own_build":
        return False
    return host.id in consent.hosts if consent.hosts else host.own_build and consent.grantee in hearing.agreed.buyers(host.platform)


def _newest(hearing: Hearing, host: str, ends: Instant) -> Instant:
    return max((u.ends for u in hearing.state.usage.get(host, ())), default=ends)


def _test_purpose(hearing: Hearing, consent: Consent, host: str) -> None:
    """The intended share of accelerator-hours in the window that ends with the newest report; a report that reaches into it counts in proportion."""
    assert consent.purpose is not None  # noqa: S101 - that is why it is tested
    rows = hearing.state.usage[host]
    ends = max(u.ends for u in rows)
    begins = ends - int(consent.purpose.over.total_seconds())
    hours = {u: Fraction(u.accelerator_hours * (u.ends - max(u.starts, begins)), u.ends - u.starts) for u in rows if u.ends > begins}
    total = sum(hours.values())
    if not total:
        return
    intended = sum(h for u, h in hours.items() if u.workload_class in consent.purpose.classes)
    kept = intended >= Fraction(consent.purpose.at_least) * total
    share = Decimal(int(intended * 10_000 / total)) / 10_000
    drifted = (consent.id, host) in hearing.state.drifted
    if not kept and not drifted:
        least = Decimal(consent.purpose.at_least)
        reasons = (Because(code="purpose_not_kept", clause=consent.id, need=str(least), have=str(share)),)
        hearing.say(PurposeDrifted(at=hearing.at, because=reasons, clause=consent.id, host=host, share=share, at_least=least))
    elif kept and drifted:
        hearing.say(PurposeRestored(at=hearing.at, clause=consent.id, host=host, share=share))


# Figures and triggers.


def record(hearing: Hearing, command: RecordSignal) -> None:
    """Note a figure, once for each period, and see whether a trigger that watches it has come true."""
    agreed, key = hearing.agreed, (command.party, command.signal)
    subject = f"{command.party} {command.signal}"
    figures = hearing.state.signals.get(key, ())
    same_period = next((f for f in figures if (f.since, f.until) == (command.since, command.until)), None)
    if command.party not in agreed.compiled.agreement.parties:
        hearing.refuse(subject, Refusal.UNKNOWN_PARTY)
    elif command.until <= command.since:
        hearing.refuse(subject, Refusal.NOT_POSITIVE)
    elif same_period is not None:
        if (same_period.value, same_period.unit) == (command.value, command.unit):
            hearing.repeat(subject)
        else:
            hearing.refuse(subject, Refusal.ID_TAKEN, need=same_period.value, have=command.value)
    elif figures and figures[0].unit != command.unit:
        hearing.refuse(subject, Refusal.WRONG_UNIT, need=figures[0].unit, have=command.unit)
    else:
        hearing.say(
            SignalRecorded(
                at=hearing.at,
                party=command.party,
                signal=command.signal,
                value=command.value,
                unit=command.unit,
                since=command.since,
                until=command.until,
                source=command.source,
            )
        )
        for trigger in agreed.of_kind(Trigger):
            watched = trigger.measure and (trigger.measure.party, trigger.measure.signal) == key
            if watched and not (trigger.declared_by or trigger.verified_by) and trigger.id not in hearing.state.fired:
                reached = _reached(hearing, trigger)
                if reached:
                    _fire(hearing, trigger, reached)


def _reached(hearing: Hearing, trigger: Trigger) -> Because | None:
    """The comparison by which the measure has come to the trigger's threshold, if it has."""
    measure, threshold = trigger.measure, trigger.at_least or trigger.more_than
    if measure is None or threshold is None:
        return None
    figures = [f for f in hearing.state.signals.get((measure.party, measure.signal), ()) if f.unit == threshold.currency]
    zone = hearing.compiled.zone
    if measure.since is not None:
        figures = [f for f in figures if f.since >= instant_of(measure.since, zone)]
    if not figures:
        return None
    match measure.aggregate:
        case "cumulative":
            value = sum((f.value for f in figures), Decimal(0))
        case "annual":
            by_year: dict[int, Decimal] = {}
            for figure in figures:
                by_year[day_of(figure.until - 1, zone).year] = by_year.get(day_of(figure.until - 1, zone).year, Decimal(0)) + figure.value
            value = max(by_year.values())
        case "latest":
            value = max(figures, key=_recency).value
    enough = value >= threshold.amount if trigger.at_least is not None else value > threshold.amount
    word = "at least" if trigger.at_least is not None else "more than"
    return Because(code="measured", clause=trigger.id, need=f"{word} {threshold}", have=f"{value} {threshold.currency}") if enough else None


def _recency(figure: Figure) -> tuple[Instant, Instant]:
    return figure.until, figure.since


def _fire(hearing: Hearing, trigger: Trigger, reason: Because) -> None:
    hearing.say(TriggerFired(at=hearing.at, because=(reason,), trigger=trigger.id, ends=trigger.ends))
    reconsider(hearing)


def declare(hearing: Hearing, command: DeclareTrigger) -> None:
    """Declare that a trigger's condition has come true; where it is measured too, the figures have to bear that out."""
    trigger = hearing.agreed.clause(command.trigger, Trigger)
    if trigger is None:
        hearing.refuse(command.trigger, Refusal.UNKNOWN_CLAUSE)
    elif command.by != trigger.declared_by:
        hearing.refuse(command.trigger, Refusal.NOT_ENTITLED, need=trigger.declared_by or "nobody", have=command.by)
    elif command.trigger in hearing.state.fired:
        hearing.refuse(command.trigger, Refusal.ALREADY_FIRED)
    elif command.trigger in hearing.state.declared:
        hearing.repeat(command.trigger)
    elif trigger.measure is not None and _reached(hearing, trigger) is None:
        hearing.refuse(command.trigger, Refusal.NOT_MEASURED, need=trigger.at_least or trigger.more_than or "")
    else:
        hearing.say(TriggerDeclared(at=hearing.at, trigger=command.trigger, by=command.by))
        if not trigger.verified_by:
            _fire(hearing, trigger, Because(code="declared", clause=trigger.id, have=command.by))


def verify(hearing: Hearing, command: VerifyTrigger) -> None:
    """The named verifier confirms or rejects a declaration; a trigger with a verifier and no declarer is verified as it stands."""
    trigger = hearing.agreed.clause(command.trigger, Trigger)
    if trigger is None:
        hearing.refuse(command.trigger, Refusal.UNKNOWN_CLAUSE)
    elif command.by != trigger.verified_by:
        hearing.refuse(command.trigger, Refusal.NOT_ENTITLED, need=trigger.verified_by or "nobody", have=command.by)
    elif command.trigger in hearing.state.fired:
        hearing.refuse(command.trigger, Refusal.ALREADY_FIRED)
    elif trigger.declared_by and command.trigger not in hearing.state.declared:
        hearing.refuse(command.trigger, Refusal.NOT_DECLARED)
    elif not trigger.declared_by and trigger.measure is not None and _reached(hearing, trigger) is None:
        hearing.refuse(command.trigger, Refusal.NOT_MEASURED, need=trigger.at_least or trigger.more_than or "")
    elif command.confirmed:
        _fire(hearing, trigger, Because(code="verified", clause=trigger.id, have=command.by))
    else:
        hearing.say(TriggerRejected(at=hearing.at, because=(Because(code="rejected", clause=trigger.id, have=command.by),), trigger=command.trigger))


# First shipment (R34).


def launch(hearing: Hearing, command: AnnounceLaunch) -> None:
    """Ship a product, if hosting and first shipment let it."""
    agreed, host = hearing.agreed, hearing.agreed.host(command.host)
    if host is None:
        hearing.refuse(command.launch, Refusal.UNKNOWN_HOST, have=command.host)
        return
    if command.workload_class not in agreed.compiled.agreement.workload_classes:
        hearing.refuse(command.launch, Refusal.UNKNOWN_CLASS, have=command.workload_class)
        return
    if (command.launch, host.platform) in hearing.state.launches:
        hearing.repeat(command.launch)
        return
    hosting = agreed.hosting(command.workload_class, command.host)
    if hosting.answer is Answer.REFUSED:
        hearing.refuse(command.launch, *because(hosting))
        return
    bound = [c for c in agreed.of_kind(FirstShipment) if command.workload_class in c.classes and agreed.acts_for(command.by, c.developer)]
    if bound:
        first = may_ship(
            agreed.compiled,
            workload_class=command.workload_class,
            host=command.host,
            at=hearing.at,
            known=agreed.day,
            shipped={platform: at for (name, platform), at in hearing.state.launches.items() if name == command.launch},
            declared={holder: said for (name, holder), said in hearing.state.abilities.items() if name == command.launch},
            facts=agreed.facts,
        )
        if first.answer is not Answer.PERMITTED:
            hearing.refuse(command.launch, *(Because(code=str(r.code), clause=r.clause, need=r.need, have=r.have) for r in first.reasons))
            return
    hearing.say(
        ProductLaunched(at=hearing.at, launch=command.launch, workload_class=command.workload_class, host=command.host, platform=host.platform)
    )


def state_ability(hearing: Hearing, command: DeclareAbility) -> None:
    """A first-shipment holder says whether it can and wants to support a product."""
    if not any(c.holder == command.by for c in hearing.agreed.of_kind(FirstShipment)):
        hearing.refuse(command.launch, Refusal.NOT_ENTITLED, have=command.by)
    elif hearing.state.abilities.get((command.launch, command.by)) == (command.able, command.willing):
        hearing.repeat(command.launch)
    else:
        hearing.say(AbilityDeclared(at=hearing.at, launch=command.launch, holder=command.by, able=command.able, willing=command.willing))
