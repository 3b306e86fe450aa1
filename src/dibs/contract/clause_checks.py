"""Each clause by itself: numbers that cannot be met, fields that contradict each other, fields that decide nothing."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from dibs.contract import model
from dibs.contract.fields import FIELDS, ListOf
from dibs.contract.inspection import Inspection, listing, values
from dibs.contract.reader import in_passing, like
from dibs.contract.readings import AS_WRITTEN, read_as
from dibs.contract.terms import Terms
from dibs.quantities import Money, render_duration, render_share

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, timedelta

    from dibs.contract.model import Amendment, Clause, Stage
    from dibs.contract.reader import Path

NEVER_STATED_FIRST = ("offeror", "open_until", "signed")
"""Terms that exist only where a third party has already offered."""
STAGE_ORDER: tuple[Stage, ...] = ("announced", "intent", "contracted", "financed", "under_construction", "energised", "in_service")
"""The stages that come one after the other; `paused`, `dropped` and `reassigned` leave that order."""
COUNTRY_LENGTH = 2

_MATCHING_ONLY = ("match_margin", "after_match", "outside_offer_stays_open")
_SIDES = {
    "pre_emption": ("grantor", "holder"),
    "consent": ("grantor", "grantee"),
    "licence": ("licensor", "licensee"),
    "commitment": ("payer", "payee"),
    "revenue_share": ("payer", "payee"),
    "most_favoured_customer": ("beneficiary", "obliged"),
    "first_shipment": ("developer", "holder"),
    "supply": ("supplier", "buyer"),
    "sub_supply": ("holder", "supplier"),
    "investment": ("investor", "recipient"),
}


def check_parties(inspection: Inspection) -> None:
    """Nobody competes with or controls himself, and every law has a country."""
    parties = inspection.agreement.parties
    for name, party in parties.items():
        if name in party.competitor_of:
            inspection.error("DIB056", f"`{name}` competes with itself", ("parties", name, "competitor_of", name, ""), "name another party")
        chain = [name]
        while (above := parties[chain[-1]].controlled_by) in parties and above not in chain:
            chain.append(str(above))
        if above == name == min(chain):
            inspection.error(
                "DIB056", f"{listing(chain)} control each other", ("parties", name, "controlled_by"), "say who controls whom in one direction"
            )
    for path, field, value in values(inspection.agreement, ()):
        if field.name == "jurisdiction" and value and not (len(value) == COUNTRY_LENGTH and value.isalpha() and value.isupper()):
            inspection.error("DIB094", f"`{value}` is no country code", path, "use the two capitals of ISO 3166, like `US` or `NO`")


def check_clause(inspection: Inspection, path: Path, clause: Clause, amendment: Amendment | None) -> None:
    """Everything about one clause, as written and under each of its readings."""
    seen = len(inspection.findings)
    _check_one(inspection, path, clause, amendment)
    own = {(f.code, f.message) for f in inspection.findings[seen:]}
    for name in clause.readings:
        at = (*path, "readings", name)
        read = read_as(clause, name)
        if read == clause:
            inspection.warning(
                "DIB049", f"the reading `{name}` of `{clause.id}` changes nothing", at, f"say under `sets` what it changes, or use `{AS_WRITTEN}`"
            )
        elif read is not None:
            probe = Inspection(inspection.agreement, inspection.broken, inspection.lost)
            _check_one(probe, path, read, amendment)
            for finding in probe.findings:
                if (finding.code, finding.message) not in own:
                    report = inspection.error if finding.severity == "error" else inspection.warning
                    report(finding.code, f"read as `{name}`, {finding.message}", at, finding.fix)


def _check_one(inspection: Inspection, path: Path, clause: Clause, amendment: Amendment | None) -> None:
    _check_period(inspection, path, clause, amendment)
    if amendment and amendment.binding and clause.from_ is None and "adds" in path:
        clause = dataclasses.replace(clause, from_=amendment.effective)
    _check_sides(inspection, path, clause)
    _check_required_lists(inspection, path, clause)
    _check_days(inspection, path, clause)
    match clause:
        case model.PreEmption():
            _check_pre_emption(inspection, path, clause)
        case model.Consent():
            _check_consent(inspection, path, clause)
        case model.Licence():
            _check_licence(inspection, path, clause)
        case model.Commitment():
            _check_commitment(inspection, path, clause)
        case model.RevenueShare():
            _check_revenue_share(inspection, path, clause)
        case model.Trigger():
            _check_trigger(inspection, path, clause)
        case model.FirstShipment():
            _check_head_start(inspection, path, clause)
        case model.Supply():
            _check_supply(inspection, path, clause)
        case model.SubSupply():
            _check_sub_supply(inspection, path, clause)
        case model.Investment():
            _check_investment(inspection, path, clause)
        case model.Programme():
            _check_programme(inspection, path, clause)
        case model.ExclusiveHosting():
            _check_exclusive(inspection, path, clause)
        case _:  # a most favoured customer has nothing more that could go wrong
            pass


def _check_period(inspection: Inspection, path: Path, clause: Clause, amendment: Amendment | None) -> None:
    starts = clause.from_ or (amendment.effective if amendment else None)
    restated = "replaces" in path
    if restated and amendment and starts:
        starts = max(starts, amendment.effective)
    if clause.until is not None and starts is not None and clause.until <= starts:
        since = f"begins on {starts}" + ("" if clause.from_ == starts else f", with the amendment `{amendment.id}`," if amendment else "")
        kind = "is empty" if clause.until == starts else "is reversed"
        inspection.error(
            "DIB042",
            f"the period of `{clause.id}` {kind}: it {since} and ends before {clause.until}",
            (*path, "until"),
            "let `until` be the first day out, after `from`",
        )
    if amendment and amendment.binding and not restated and clause.from_ is not None and clause.from_ < amendment.effective:
        inspection.warning(
            "DIB084",
            f"`{clause.id}` is in force from {clause.from_}, before its amendment takes effect on {amendment.effective}",
            (*path, "from_"),
            "leave `from` out if that is not meant",
        )


def _check_sides(inspection: Inspection, path: Path, clause: Clause) -> None:
    if clause.kind not in _SIDES:
        return
    one, other = _SIDES[clause.kind]
    if getattr(clause, one) == getattr(clause, other):
        inspection.error(
            "DIB055",
            f"`{getattr(clause, one)}` is both {one} and {other} of `{clause.id}`",
            (*path, other),
            "name two different parties",
            also=(*path, one),
        )


def _check_required_lists(inspection: Inspection, path: Path, clause: Clause) -> None:
    for field in FIELDS[type(clause)]:
        if field.required and isinstance(field.shape, ListOf) and not getattr(clause, field.name):
            inspection.error(
                "DIB070",
                f"`{clause.id}` names nothing under `{field.key}`, so it decides nothing",
                (*path, field.name),
                f"fill the list: {in_passing(field.says)}",
            )


def _check_days(inspection: Inspection, path: Path, clause: Clause) -> None:
    """Days within a clause that lie outside its period."""

    def outside(day: date, *, last_counts: bool) -> bool:
        late = clause.until is not None and (day > clause.until if last_counts else day >= clause.until)
        return late or (clause.from_ is not None and day < clause.from_)

    period = f"the period of `{clause.id}`"
    if isinstance(clause, model.Commitment):
        for day in clause.milestones:
            if outside(day, last_counts=True) or day == clause.from_:
                inspection.error(
                    "DIB065", f"the milestone of {day} lies outside {period}", (*path, "milestones", str(day), ""), "move the milestone or the period"
                )
    if isinstance(clause, model.Supply):
        for day in clause.steps:
            if outside(day, last_counts=False):
                inspection.error("DIB065", f"the step of {day} lies outside {period}", (*path, "steps", str(day), ""), "move the step or the period")
    if isinstance(clause, model.PreEmption):
        for index, day in enumerate(clause.holidays):
            if outside(day, last_counts=False):
                inspection.warning("DIB065", f"the holiday of {day} lies outside {period}", (*path, "holidays", index), "leave it out")
    if isinstance(clause, model.RevenueShare):
        for name in ("cap_counts_from", "deferred_until"):
            day = getattr(clause, name)
            if day is not None and (
                (clause.from_ is not None and day < clause.from_) or (name == "cap_counts_from" and outside(day, last_counts=False))
            ):
                inspection.error("DIB065", f"`{name}` ({day}) lies outside {period}", (*path, name), "move the day or the period")


def _without_effect(inspection: Inspection, path: Path, clause: Clause, name: str, why: str) -> None:
    key = name.rstrip("_")
    inspection.warning("DIB062", f"`{key}` decides nothing in `{clause.id}`: {why}", (*path, name), "leave it out, or change what makes it idle")


def _is_default(clause: Clause, name: str) -> bool:
    field = next(f for f in FIELDS[type(clause)] if f.name == name)
    return bool(getattr(clause, name) == field.default)


def _lifetime(clause: Clause) -> timedelta | None:
    return clause.until - clause.from_ if clause.until is not None and clause.from_ is not None else None


def _check_pre_emption(inspection: Inspection, path: Path, clause: model.PreEmption) -> None:
    life = _lifetime(clause)
    if not clause.respond_within:
        inspection.error(
            "DIB057",
            f"`{clause.holder}` has no time at all to answer: every offer lapses when it is served",
            (*path, "respond_within"),
            "give a window, like `30 days`",
        )
    elif life is not None and clause.respond_within > life:
        inspection.error(
            "DIB057",
            f"the window of {render_duration(clause.respond_within)} is longer than `{clause.id}` is in force ({render_duration(life)})",
            (*path, "respond_within"),
            "shorten the window, or lengthen the period",
        )
    _check_small_windows(inspection, path, clause)
    if not clause.free_market_for:
        inspection.error(
            "DIB058",
            "the market is never open: after a refusal the right is back at once, and nothing can be signed elsewhere",
            (*path, "free_market_for"),
            "give a time to sign, like `90 days`",
        )
    elif clause.free_market_for < clause.respond_within:
        inspection.warning(
            "DIB058",
            f"`{clause.holder}` may take {render_duration(clause.respond_within)} to answer, "
            f"then `{clause.grantor}` has only {render_duration(clause.free_market_for)} to sign",
            (*path, "free_market_for"),
            "lengthen `free_market_for`, or shorten `respond_within`",
            also=(*path, "respond_within"),
        )
    if not clause.reoffer_divisor:
        inspection.error("DIB059", "a window cannot be divided by nothing", (*path, "reoffer_divisor"), "write `1` for a window as long as the first")
    elif clause.respond_within and clause.reoffer_at_least > clause.respond_within:
        inspection.warning(
            "DIB059",
            f"a re-offer gives {render_duration(clause.reoffer_at_least)} or more, the first offer {render_duration(clause.respond_within)}",
            (*path, "reoffer_at_least"),
            "write a shorter `reoffer_at_least`",
            also=(*path, "respond_within"),
        )
    _check_strikes(inspection, path, clause)
    _check_right(inspection, path, clause)
    terms = tuple(Terms.__struct_fields__)
    for name in ("notice_requires", "immaterial_terms"):
        for index, term in enumerate(getattr(clause, name)):
            if term not in terms:
                inspection.error(
                    "DIB063", f"`{term}` is no term that a notice can state{like(term, terms)}", (*path, name, index), f"use one of {listing(terms)}"
                )
    _check_idle_hosts(inspection, path, clause, "exempt_hosts", clause.holder)


def _check_small_windows(inspection: Inspection, path: Path, clause: model.PreEmption) -> None:
    ordered = [*sorted(clause.respond_within_below.items()), (None, clause.respond_within)]
    for (below, window), (_, next_window) in pairwise(ordered):
        at = (*path, "respond_within_below", str(below))
        if not window:
            inspection.error(
                "DIB057", f"for less than {below} accelerators `{clause.holder}` has no time at all to answer", at, "give a window, like `24 hours`"
            )
        elif window > next_window:
            inspection.warning(
                "DIB060",
                f"a lot below {below} accelerators gives {render_duration(window)} to answer, a larger one only {render_duration(next_window)}",
                at,
                "let windows grow with the lot",
            )
        if below is not None and below <= clause.minimum_lot:
            inspection.warning(
                "DIB060",
                f"the window for lots below {below} is never used: lots below {clause.minimum_lot} open no case",
                (*at, ""),
                "leave it out, or lower `minimum_lot`",
                also=(*path, "minimum_lot"),
            )


def _check_strikes(inspection: Inspection, path: Path, clause: model.PreEmption) -> None:
    if not clause.strikes:
        inspection.error(
            "DIB093",
            f"with no strikes allowed `{clause.id}` is suspended before anybody defaults",
            (*path, "strikes"),
            "write `1` to suspend at the first default",
        )
    if not clause.strikes_within:
        inspection.error(
            "DIB093",
            "no default can happen within no time",
            (*path, "strikes_within"),
            "give the period in which defaults are counted, like `365 days`",
        )


def _check_right(inspection: Inspection, path: Path, clause: model.PreEmption) -> None:
    """What fits the right and what does not: a first offer knows no outside offer, a last look no second round."""
    third_party = clause.right in {"matching", "last_look"}
    if not third_party:
        for index, term in enumerate(clause.notice_requires):
            if term in NEVER_STATED_FIRST:
                inspection.error(
                    "DIB064",
                    f"under `{clause.right}` no third party has offered yet, so no notice can state `{term}` and no clock ever starts",
                    (*path, "notice_requires", index),
                    "leave the term out, or make the right `matching`",
                )
        for name in _MATCHING_ONLY:
            if not _is_default(clause, name):
                _without_effect(inspection, path, clause, name, f"under `{clause.right}` there is no outside offer to match")
    if clause.right == "last_look" and clause.after_match == "another_round":
        inspection.error(
            "DIB064", "a last look is the last: nobody bids after it", (*path, "after_match"), "write `ends`, or make the right `matching`"
        )
    if clause.right != "first_offer" and clause.quoted_by == "holder":
        _without_effect(inspection, path, clause, "quoted_by", "only in a first offer can the holder name the terms")
    if clause.partial == "none" and not _is_default(clause, "minimum_accept"):
        _without_effect(inspection, path, clause, "minimum_accept", "`partial: none` lets the holder take all or nothing")


def _check_idle_hosts(inspection: Inspection, path: Path, clause: Clause, name: str, platform: str) -> None:
    """An exemption for a host against which the clause never stands anyway."""
    for index, host_id in enumerate(getattr(clause, name)):
        host = inspection.agreement.hosts.get(host_id)
        if host is not None and host.platform == platform:
            inspection.warning(
                "DIB090",
                f"`{host_id}` needs no exemption: it is `{platform}`'s own platform, against which `{clause.id}` never stands",
                (*path, name, index),
                "leave it out",
                also=("hosts", host_id),
            )


def _check_exclusive(inspection: Inspection, path: Path, clause: model.ExclusiveHosting) -> None:
    if clause.tests == "platform" and clause.sub_supply != "refused":
        _check_idle_hosts(inspection, path, clause, "except_hosts", clause.platform)


def _check_consent(inspection: Inspection, path: Path, clause: model.Consent) -> None:
    hosts = inspection.agreement.hosts
    for permits, name in (("supplier", "suppliers"), ("order", "orders")):
        if clause.permits == permits and not getattr(clause, name):
            inspection.error(
                "DIB075", f"`{clause.id}` permits {'an' if permits == 'order' else 'a'} {permits} and names none", (*path, "permits"), f"add `{name}`"
            )
    if clause.orders and clause.permits != "order":
        _without_effect(inspection, path, clause, "orders", f"it permits `{clause.permits}`, not an order")
    for index, host_id in enumerate(clause.hosts):
        host = hosts.get(host_id)
        if host is None:
            continue
        if clause.permits == "own_build" and not host.own_build:
            inspection.error(
                "DIB074",
                f"`{host_id}` is not marked as own build, which `{clause.id}` permits",
                (*path, "hosts", index),
                "set `own_build: true` on the host",
                also=("hosts", host_id),
            )
        if clause.permits == "supplier" and clause.suppliers and not {host.platform, host.operator} & set(clause.suppliers):
            inspection.error(
                "DIB074",
                f"`{host_id}` belongs to none of the suppliers of `{clause.id}`",
                (*path, "hosts", index),
                "add its platform or operator to `suppliers`, or leave the host out",
                also=("hosts", host_id),
            )
    if clause.quantity_max == 0:
        inspection.error(
            "DIB071",
            f"`{clause.id}` permits a quantity of nothing",
            (*path, "quantity_max"),
            "write what is permitted, or leave it out for any quantity",
        )
    purpose = clause.purpose
    if purpose is None:
        return
    at = (*path, "purpose")
    if clause.classes and purpose.classes and not set(purpose.classes) & set(clause.classes):
        inspection.error(
            "DIB076",
            f"`{clause.id}` is meant for {listing(purpose.classes)} but permits only {listing(clause.classes)}",
            (*at, "classes"),
            "let the two lists share a class",
        )
    if not purpose.over:
        inspection.error("DIB076", "a share over no time cannot be measured", (*at, "over"), "give a window, like `90 days`")
    if not purpose.at_least:
        inspection.error(
            "DIB076", "a least share of nothing is always met", (*at, "at_least"), "write the share, like `50 %`, or leave the purpose out"
        )


def _check_licence(inspection: Inspection, path: Path, clause: model.Licence) -> None:
    for name, excluded in (("subjects", "excluded_subjects"), ("uses", "excluded_uses")):
        for index, word in enumerate(getattr(clause, excluded)):
            if word in getattr(clause, name):
                inspection.error(
                    "DIB077",
                    f"`{word}` is both licensed and excluded in `{clause.id}`",
                    (*path, excluded, index),
                    "keep one of the two",
                    also=(*path, name),
                )


def _check_commitment(inspection: Inspection, path: Path, clause: model.Commitment) -> None:
    ordered = sorted(clause.milestones.items())
    for (day, money), (next_day, next_money) in pairwise(ordered):
        if next_money.currency == money.currency and next_money < money:
            inspection.error(
                "DIB066",
                f"milestones add up: {next_money} by {next_day} is less than {money} by {day}",
                (*path, "milestones", str(next_day)),
                "write the least spend from the beginning to each day",
                also=(*path, "milestones", str(day)),
            )
    for day, money in ordered:
        if clause.amount is not None and money.currency == clause.amount.currency and money > clause.amount:
            inspection.error(
                "DIB066",
                f"the milestone of {day} asks for {money}, more than the whole amount of {clause.amount}",
                (*path, "milestones", str(day)),
                "lower the milestone, or raise the amount",
                also=(*path, "amount"),
            )
    if clause.amount is not None and not clause.amount.amount:
        inspection.error(
            "DIB071", f"`{clause.id}` commits to an amount of nothing", (*path, "amount"), "write the amount, or leave it out while it is unknown"
        )
    for index, host_id in enumerate(clause.eligible_hosts):
        host = inspection.agreement.hosts.get(host_id)
        if host is not None and host.platform != clause.payee:
            inspection.warning(
                "DIB074",
                f"`{host_id}` is `{host.platform}`'s platform, but `{clause.payee}` is paid under `{clause.id}`",
                (*path, "eligible_hosts", index),
                "check that charges of this host are meant to count",
                also=("hosts", host_id),
            )


def _check_revenue_share(inspection: Inspection, path: Path, clause: model.RevenueShare) -> None:
    for name, value in (("rate", clause.rate), ("cap", clause.cap.amount if clause.cap else None)):
        if value is not None and not value:
            inspection.error(
                "DIB071",
                f"`{clause.id}` never pays anything: its {name} is nothing",
                (*path, name),
                f"write the {name}, or leave it out while it is unknown",
            )
    if clause.cap is None and clause.cap_counts_from is not None:
        _without_effect(inspection, path, clause, "cap_counts_from", "there is no cap")
    if clause.cash_share == 1 and clause.deferred_until is not None:
        _without_effect(inspection, path, clause, "deferred_until", "nothing is deferred, because all of the share is paid at once")


def _check_trigger(inspection: Inspection, path: Path, clause: model.Trigger) -> None:
    thresholds = [name for name in ("at_least", "more_than") if getattr(clause, name) is not None]
    if clause.measure is None and clause.declared_by is None:
        inspection.error(
            "DIB067", f"`{clause.id}` can never fire: nothing is measured and nobody may declare it", path, "add `measure`, or `declared_by`"
        )
    if clause.measure is not None and not thresholds:
        inspection.error("DIB067", f"`{clause.id}` can never fire: its measure has no threshold", (*path, "measure"), "add `at_least` or `more_than`")
    if clause.measure is None and thresholds and clause.declared_by is not None:
        inspection.error("DIB067", f"`{thresholds[0]}` of `{clause.id}` has nothing to be compared with", (*path, thresholds[0]), "add `measure`")
    if len(thresholds) > 1:
        inspection.error(
            "DIB067", f"`{clause.id}` has two thresholds", (*path, "more_than"), "keep `at_least` or `more_than`", also=(*path, "at_least")
        )
    if clause.verified_by is not None and clause.declared_by is None:
        _without_effect(inspection, path, clause, "verified_by", "nobody declares what would be verified")
    measure = clause.measure
    if measure is not None and measure.aggregate == "cumulative" and measure.since is None:
        inspection.error("DIB068", "a cumulative figure needs a day to count from", (*path, "measure"), "add `since`")
    if measure is not None and measure.aggregate != "cumulative" and measure.since is not None:
        inspection.warning(
            "DIB062",
            f"`since` decides nothing: the measure is `{measure.aggregate}`",
            (*path, "measure", "since"),
            "leave it out, or make the measure `cumulative`",
        )


def _check_head_start(inspection: Inspection, path: Path, clause: model.FirstShipment) -> None:
    life = _lifetime(clause)
    if life is not None and clause.head_start > life:
        inspection.error(
            "DIB057",
            f"the head start of {render_duration(clause.head_start)} is longer than `{clause.id}` is in force ({render_duration(life)})",
            (*path, "head_start"),
            "shorten the head start, or lengthen the period",
        )


def _check_supply(inspection: Inspection, path: Path, clause: model.Supply) -> None:
    if not clause.steps and clause.power is None and clause.value is None:
        inspection.warning(
            "DIB072", f"`{clause.id}` does not say what is delivered", path, "add `steps`, or `power` or `value` where only that was published"
        )
    if clause.price is not None and clause.tiers:
        inspection.error(
            "DIB073",
            f"`{clause.id}` has a price and tiers, and nobody can say which counts",
            (*path, "tiers"),
            "keep one of the two",
            also=(*path, "price"),
        )
    host = inspection.agreement.hosts.get(clause.host or "")
    if host is not None and clause.sku is not None and host.skus and clause.sku not in host.skus:
        inspection.error(
            "DIB074",
            f"`{clause.host}` has no `{clause.sku}`",
            (*path, "sku"),
            "name an accelerator of that host, or add it there",
            also=("hosts", host.id),
        )


def _check_sub_supply(inspection: Inspection, path: Path, clause: model.SubSupply) -> None:
    for index, host_id in enumerate(clause.hosts):
        host = inspection.agreement.hosts.get(host_id)
        if host is not None and (host.platform, host.operator) != (clause.holder, clause.supplier):
            inspection.error(
                "DIB074",
                f"`{host_id}` is platform `{host.platform}` on machines of `{host.operator}`, not `{clause.holder}` on `{clause.supplier}`",
                (*path, "hosts", index),
                "name a host of that description",
                also=("hosts", host_id),
            )


def _check_investment(inspection: Inspection, path: Path, clause: model.Investment) -> None:
    if clause.amount is None:
        return
    if not clause.amount.amount:
        inspection.error(
            "DIB071", f"`{clause.id}` invests an amount of nothing", (*path, "amount"), "write the amount, or leave it out while it is unknown"
        )
    paid = _total(clause.tranches)
    if paid is not None and paid.currency == clause.amount.currency and paid > clause.amount:
        inspection.error(
            "DIB088",
            f"the tranches of `{clause.id}` add up to {paid}, more than {clause.amount}",
            (*path, "tranches"),
            "check the tranches or the amount",
            also=(*path, "amount"),
        )


def _total(sums: Mapping[date, Money] | Mapping[str, Money]) -> Money | None:
    """The sum, or nothing if there is none or they are in several currencies."""
    currencies = {money.currency for money in sums.values()}
    return Money(sum((m.amount for m in sums.values()), start=Decimal(0)), currencies.pop()) if len(currencies) == 1 else None


def _check_programme(inspection: Inspection, path: Path, clause: model.Programme) -> None:
    given = _total(
        {**{f"equity of {party}": m for party, m in clause.funding.items()}, **{f"loan of {party}": m for party, m in clause.loans.items()}}
    )
    for name, money in (("funded", clause.funded), ("funding" if clause.funding else "loans", given)):
        if money is not None and clause.potential is not None and money.currency == clause.potential.currency and money > clause.potential:
            inspection.error(
                "DIB085",
                f"`{clause.id}` has {money} already, more than the {clause.potential} intended in all",
                (*path, name),
                "check which is which",
                also=(*path, "potential"),
            )
    borne = sum(clause.overruns.values(), start=Decimal(0))
    if borne > 1:
        inspection.error(
            "DIB085", f"the overruns of `{clause.id}` are borne {render_share(borne)} in all", (*path, "overruns"), "let the shares add up to `100 %`"
        )
    for number, site in enumerate(clause.sites):
        for index, phase in enumerate(site.phases):
            _check_phase(inspection, (*path, "sites", number, "phases", index), phase)


def _check_phase(inspection: Inspection, path: Path, phase: model.Phase) -> None:
    _check_stages(inspection, (*path, "stages"), phase.id, phase.stages)
    for name in ("power", "accelerators"):
        whole = getattr(phase, name)
        parts = [getattr(b, name) for b in phase.buildings if getattr(b, name) is not None]
        if whole is not None and sum(parts) > whole:
            inspection.warning(
                "DIB087",
                f"the {name} of the buildings of `{phase.id}` adds up to {sum(parts)}, but the phase has {whole}",
                (*path, name),
                "check the sum",
            )
    for index, building in enumerate(phase.buildings):
        _check_stages(inspection, (*path, "buildings", index, "stages"), building.id, building.stages)


def _check_stages(inspection: Inspection, path: Path, name: str, stages: Mapping[date, Stage]) -> None:
    for (day, stage), (next_day, next_stage) in pairwise(sorted(stages.items())):
        if stage in STAGE_ORDER and next_stage in STAGE_ORDER and STAGE_ORDER.index(next_stage) < STAGE_ORDER.index(stage):
            inspection.error(
                "DIB086",
                f"`{name}` goes back from `{stage}` ({day}) to `{next_stage}` ({next_day})",
                (*path, str(next_day)),
                "order the stages, or say `paused`, `dropped` or `reassigned`",
                also=(*path, str(day)),
            )
