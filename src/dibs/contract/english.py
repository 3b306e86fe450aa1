"""An agreement in plain English: what the fields say, in sentences that both sides could sign.

Nothing is left out: a field that no sentence below mentions, and that is not at its default, is said with the words
that the model has for it.  So a new parameter is never silent here.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, assert_never

from dibs.contract import model
from dibs.contract.amend import Difference, dated_clauses, version_at
from dibs.contract.fields import FIELDS, Anything, Choice, Field, ListOf, MapOf, Plain, Record, Shape
from dibs.contract.readings import AS_WRITTEN
from dibs.quantities import Money, render_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dibs.contract.model import Agreement, Amendment, Clause

_ONE_DAY = timedelta(days=1)
_SCALES = ((Decimal(10) ** 12, "trillion"), (Decimal(10) ** 9, "billion"), (Decimal(10) ** 6, "million"))
_SURE = {
    "O": "official text",
    "F": "a filing",
    "P": "a press report",
    "E": "an estimate",
    "D": "derived from other facts",
    "W": "weak, one secondary source",
    "R": "recalled, not seen again",
}
_STAGES = {
    "announced": "announced only",
    "intent": "a letter of intent only",
    "contracted": "contracted",
    "financed": "financed",
    "under_construction": "under construction",
    "energised": "energised",
    "in_service": "in service",
    "paused": "paused",
    "dropped": "dropped",
    "reassigned": "reassigned",
}


# Values.


def day_in_words(day: date) -> str:
    """`21 January 2025`."""
    return f"{day.day} {day:%B %Y}"


def money_in_words(money: Money) -> str:
    """`USD 12 billion`; digits where it is not round."""
    for scale, name in _SCALES:
        scaled = money.amount / scale
        if scaled >= 1 and scaled == round(scaled, 3):
            return f"{money.currency} {scaled.normalize():f} {name}"
    return f"{money.currency} {money.amount:,f}"


def share_in_words(share: Decimal) -> str:
    """`20 per cent`."""
    return f"{(share * 100).normalize():f} per cent"


def listed(words: Iterable[str], last: str = "and") -> str:
    """`a, b and c`."""
    items = list(words)
    return f" {last} ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def _count(number: int, noun: str = "accelerators") -> str:
    return f"{number:,} {noun[:-1] if number == 1 else noun}"


def _words(value: Any, shape: Shape, refers: str, agreement: Agreement) -> str:
    """Any value of the model, in words."""
    match shape:
        case _ if value is None:
            return "nothing"
        case ListOf(item):
            return listed(_words(v, item, refers, agreement) for v in value) if value else "nothing"
        case MapOf(key, item):
            pairs = (f"{_words(k, key, refers, agreement)}: {_words(v, item, refers, agreement)}" for k, v in value.items())
            return "; ".join(pairs) if value else "nothing"
        case Record(cls):
            parts = (f"{f.key.replace('_', ' ')} {_words(getattr(value, f.name), f.shape, f.refers, agreement)}" for f in _stated(value))
            return ", ".join(parts) or cls.__name__.lower()
        case Choice():
            return str(value).replace("_", " ")
        case Plain():
            return share_in_words(value) if shape.of is model.Share else _plain(value, refers, agreement)
        case Anything():
            return str(value)


def _plain(value: Any, refers: str, agreement: Agreement) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case Money():
            return money_in_words(value)
        case date():
            return day_in_words(value)
        case timedelta():
            return render_duration(value)
        case int():
            return f"{value:,}"
        case Decimal():
            return f"{value:f}"
        case _:
            return agreement.parties[value].name if refers == "party" and value in agreement.parties else str(value)


def _stated(record: Any) -> list[Field]:
    """The fields of a record that say something: required ones, and others not at their default."""
    return [f for f in FIELDS[type(record)] if f.required or getattr(record, f.name) != f.default]


# Clauses.


class _Teller:
    """Says one clause.  Reading a field through `of` counts as having said it."""

    def __init__(self, clause: Clause, agreement: Agreement) -> None:
        self._clause = clause
        self._agreement = agreement
        self._fields = {f.name: f for f in FIELDS[type(clause)]}
        self._said = {"id", "says", "from_", "until"}
        self.sentences: list[str] = []

    def of(self, name: str) -> Any:
        """A field's value, which the sentence at hand says."""
        self._said.add(name)
        return getattr(self._clause, name)

    def party(self, name: str) -> str:
        """The name of the party in a field."""
        return self.name_of(self.of(name))

    def name_of(self, party: str | None) -> str:
        """The name that people use for a party."""
        return self._agreement.parties[party].name if party is not None and party in self._agreement.parties else str(party)

    def parties(self, name: str) -> str:
        """The names of the parties in a field."""
        return listed(self.name_of(p) for p in self.of(name))

    def list(self, name: str, last: str = "and") -> str:
        """The words in a field."""
        return listed((str(v).replace("_", " ") for v in self.of(name)), last)

    def say(self, sentence: str) -> None:
        """Add one sentence."""
        self.sentences.append(sentence)

    def departs(self, name: str) -> bool:
        """Whether a field departs from its default."""
        return bool(self.of(name) != self._fields[name].default)

    def unless_default(self, name: str, sentence: str) -> None:
        """Say something about a field only if it departs from its default."""
        if self.departs(name):
            self.say(sentence)

    def rest(self) -> None:
        """Say what no sentence has mentioned."""
        for name, field in self._fields.items():
            value = getattr(self._clause, name)
            if name in self._said or value == field.default:
                continue
            unit = f" {field.unit}" if field.unit else ""
            self.say(f"{field.says.rstrip('.')}: {_words(value, field.shape, field.refers, self._agreement)}{unit}.")


def sentence(clause: Clause, agreement: Agreement) -> str:
    """The clause in plain English, with every parameter that departs from its default and the period in which it is in force."""
    teller = _Teller(clause, agreement)
    match clause:
        case model.ExclusiveHosting():
            _exclusive_hosting(teller, clause)
        case model.PreEmption():
            _pre_emption(teller, clause)
        case model.Consent():
            _consent(teller, clause)
        case model.Licence():
            _licence(teller, clause)
        case model.Commitment():
            _commitment(teller, clause)
        case model.RevenueShare():
            _revenue_share(teller, clause)
        case model.Trigger():
            _trigger(teller, clause)
        case model.MostFavouredCustomer():
            _most_favoured_customer(teller, clause)
        case model.FirstShipment():
            _first_shipment(teller, clause)
        case model.Supply():
            _supply(teller, clause)
        case model.SubSupply():
            _sub_supply(teller, clause)
        case model.Investment():
            _investment(teller, clause)
        case model.Programme():
            _programme(teller, clause)
        case _:  # pragma: no cover - the kinds are closed
            raise AssertionError(clause)
    teller.say(_period(clause, agreement))
    _common(teller, clause, agreement)
    teller.rest()
    return " ".join(teller.sentences)


def _period(clause: Clause, agreement: Agreement) -> str:
    starts, ends = clause.from_, clause.until
    for amendment in agreement.amendments:
        if clause in amendment.replaces:
            starts = max(starts or amendment.effective, amendment.effective)
        elif starts is None and clause in amendment.adds:
            starts = amendment.effective
    begins = f"from {day_in_words(starts)}" if starts else ""
    until = f"up to and including {day_in_words(ends - _ONE_DAY)}" if ends else "without an end"
    return f"It is in force {begins} {until}.".replace("  ", " ")


def _common(teller: _Teller, clause: Clause, agreement: Agreement) -> None:
    """What every clause can have."""
    if teller.of("overrides"):
        teller.say(f"Where both speak, it outranks {listed(clause.overrides)}.")
    taken = teller.of("reading")
    for name, reading in teller.of("readings").items():
        fields = {f.name: f for f in FIELDS[type(clause)]}
        changes = "; ".join(
            f"{fields[k].key.replace('_', ' ')}: {_words(v, fields[k].shape, fields[k].refers, agreement)}"
            for k, v in reading.sets.items()
            if k in fields
        )
        effect = "it decides nothing" if not reading.applies else changes or "nothing changes"
        teller.say(f'It can be read as "{name}": {reading.says.rstrip(".")} ({effect}).')
    if taken is not None:
        teller.say("It is read as written." if taken == AS_WRITTEN else f'It is read as "{taken}".')
    elif clause.readings:
        teller.say("No reading has been agreed: where they differ, a person has to decide.")
    if teller.of("confidence") is not None:
        teller.say(f"Source: {_SURE[str(clause.confidence)]}.")
    if teller.of("facts"):
        teller.say(f"Facts: {listed(clause.facts)}.")
    if teller.of("note"):
        teller.say(f"Note: {clause.note.rstrip('.')}.")


def _exclusive_hosting(t: _Teller, clause: model.ExclusiveHosting) -> None:
    where = "platform" if t.of("tests") == "platform" else "own machines"
    t.say(f"All {t.list('classes')} work runs on {t.party('platform')}'s {where} and nowhere else.")
    t.of("sub_supply")
    match clause.sub_supply:
        case "counts":
            if clause.tests == "platform":
                t.say("Machines of others count as the platform's when they are under its contract.")
        case "named":
            t.say("Machines of others under its contract count only if a sub-supply clause or a consent names them.")
        case "refused":
            t.say("Machines of others do not count, even under its contract.")
    t.unless_default("except_hosts", f"The following hosts are left alone: {t.list('except_hosts')}.")


def _pre_emption(t: _Teller, clause: model.PreEmption) -> None:
    grantor, holder, work = t.party("grantor"), t.party("holder"), f"{t.list('classes')} work"
    t.say(_right(t, clause, grantor, holder, work))
    power = f", or less than {clause.minimum_power:f} MW," if t.of("minimum_power") is not None else ""
    t.say(f"Needs of fewer than {_count(t.of('minimum_lot'))}{power} open no case.")
    silence = "is an acceptance" if t.of("silence") == "accept" else "lets the offer lapse"
    t.say(f"{holder} has {render_duration(t.of('respond_within'))} to answer from the service of a complete notice; silence {silence}.")
    least = share_in_words(t.of("minimum_accept"))
    t.say(f"It may take a part, of at least {least}." if t.of("partial") == "lots" else "It may take all or nothing.")
    if clause.partial == "none":
        t.unless_default("minimum_accept", f"(The smallest part, {least}, is then without effect.)")
    richer = (
        f"but a bundle that is richer for the supplier goes back to {holder} first" if t.of("reoffer_if_richer") else "on whatever terms it likes"
    )
    t.say(f"After a refusal or a lapse {grantor} may sign elsewhere for {render_duration(t.of('free_market_for'))}, {richer}.")
    _pre_emption_cases(t, clause, holder)
    _pre_emption_notice(t, clause, holder)
    _pre_emption_after(t, clause, grantor, holder)


def _right(t: _Teller, clause: model.PreEmption, grantor: str, holder: str, work: str) -> str:
    """Who moves first: what the right is, in one sentence."""
    t.of("right")
    match clause.right:
        case "first_offer" if t.of("quoted_by") == "holder":
            return (
                f"Before {grantor} takes new capacity for {work} from anyone else, it asks {holder} to name its terms "
                "(a right of first offer, quoted by the holder)."
            )
        case "first_offer":
            return (
                f"Before {grantor} takes new capacity for {work} from anyone else, it offers the order to {holder}, "
                f"on terms that {grantor} names (a right of first offer)."
            )
        case "matching":
            return (
                f"Before {grantor} takes new capacity for {work} on a third party's offer, it tells {holder} all terms, "
                f"and {holder} may take the order on the same terms (a right of first refusal by matching)."
            )
        case "last_look":
            return (
                f"Once the last and best outside offer for new capacity for {work} is in, {holder} may match it, "
                f"and nobody bids after that (a last look granted by {grantor})."
            )
        case "first_negotiation":
            return (
                f"Before {grantor} talks to anyone else about new capacity for {work}, it negotiates with {holder} alone; "
                "neither has to agree (a right of first negotiation)."
            )
        case _:
            assert_never(clause.right)


def _pre_emption_cases(t: _Teller, clause: model.PreEmption, holder: str) -> None:
    """Which needs open a case."""
    t.unless_default("exempt_renewals", "Renewals are offered like new needs.")
    bursts = f"Emergency needs shorter than {render_duration(clause.exempt_bursts_under)} open no case and are logged."
    t.unless_default("exempt_bursts_under", bursts if clause.exempt_bursts_under else "Emergency needs are offered like any other.")
    t.unless_default("exempt_hosts", f"Capacity on {t.list('exempt_hosts')} is outside the right.")
    t.unless_default("look_back", f"Needs of one purpose within {render_duration(clause.look_back)} are added up against the smallest lot.")
    t.unless_default("look_through", "Purchases through affiliates are not looked through.")
    t.unless_default("packages", f"In a package {holder} takes the whole or nothing.")


def _pre_emption_notice(t: _Teller, clause: model.PreEmption, holder: str) -> None:
    """What a notice states, when its clock runs, and what an answer is."""
    content = f"A notice is complete when it states {t.list('notice_requires')}."
    t.unless_default("notice_requires", content if clause.notice_requires else "A notice needs no particular content.")
    for below, window in sorted(t.of("respond_within_below").items()):
        t.say(f"For fewer than {_count(below)} it has {render_duration(window)}.")
    t.unless_default("holidays", f"The clock stands still on {listed(day_in_words(d) for d in clause.holidays)}.")
    causes = {"due_diligence": "agreed due diligence", "regulator": "an order of a regulator", "force_majeure": "force majeure"}
    t.unless_default("tolling", f"The clock stands still for {listed(causes[c] for c in clause.tolling)}.")
    t.unless_default("counter", "An answer on other terms keeps the offer open.")
    t.unless_default("immaterial_terms", f"An answer may change {t.list('immaterial_terms')} and still be an exercise.")
    t.unless_default("waiver", f"{holder} also waives by doing nothing with full knowledge.")
    t.unless_default("good_faith", "A notice counts even if it was made to be refused.")
    t.unless_default("barrier", "Notices are not kept to named staff, even while the two compete.")
    done = "have to be matched as they are" if clause.unusual_terms == "match" else "make a notice defective"
    t.unless_default("unusual_terms", f"Terms that only one firm can meet {done}.")


def _pre_emption_after(t: _Teller, clause: model.PreEmption, grantor: str, holder: str) -> None:
    """What follows an answer."""
    t.unless_default("tolerance", f"A term that is richer by no more than {share_in_words(clause.tolerance)} counts as equal.")
    done = "allowed" if clause.incomparable == "allow" else "refused"
    t.unless_default("incomparable", f"A bundle that is richer in some terms and poorer in others is {done}.")
    if any([t.departs("reoffer_divisor"), t.departs("reoffer_at_least")]):
        part = "the same time as the first" if clause.reoffer_divisor == 1 else f"1/{clause.reoffer_divisor} of the first time"
        t.say(f"A re-offer gives {part}, and never less than {render_duration(clause.reoffer_at_least)}.")
    t.unless_default("decline_requires_inability", f"Only inability (no capacity, wrong hardware, late) frees {grantor}; unwillingness does not.")
    t.unless_default("lasts", "The right ends with the first refusal.")
    t.unless_default("assignable", f"The right passes to whoever takes over {holder}'s business.")
    t.unless_default("sub_contracting", f"{holder} has to fulfil on its own machines.")
    t.unless_default("cure", f"An accepted lot that is more than {render_duration(clause.cure)} late puts {holder} in default.")
    if any([t.departs("strikes"), t.departs("strikes_within")]):
        t.say(f"{_count(clause.strikes, 'defaults')} within {render_duration(clause.strikes_within)} suspend the right.")
    t.unless_default("default_bars_exercise", f"{holder} may exercise even while in default.")
    t.unless_default("after_match", "A match opens another round.")
    t.unless_default("outside_offer_stays_open", f"The outside offer need not outlive {holder}'s window.")
    t.unless_default("match_margin", f"A rival wins only if it is better than {holder} by at least {share_in_words(clause.match_margin)}.")


def _consent(t: _Teller, clause: model.Consent) -> None:
    grantor, grantee, work = t.party("grantor"), t.party("grantee"), f"{t.list('classes')} work"
    t.of("permits")
    match clause.permits:
        case "own_build":
            t.say(f"{grantor} consents that {grantee} builds and uses capacity of its own for {work}.")
        case "platform_extension":
            t.say(f"{grantor} consents that {work} for {grantee} runs on {grantor}'s platform on machines of others.")
        case "supplier":
            t.say(f"{grantor} consents that {grantee} takes capacity for {work} from {t.parties('suppliers') or 'the suppliers named'}.")
        case "order":
            t.say(f"{grantor} consents to the following orders of {grantee} for {work}: {t.list('orders') or 'those named'}.")
    if clause.permits != "supplier":
        t.unless_default("suppliers", f"Suppliers: {t.parties('suppliers')}.")
    if clause.permits != "order":
        t.unless_default("orders", f"It covers the orders {t.list('orders')}.")
    t.unless_default("hosts", f"It covers {t.list('hosts')}.")
    t.unless_default("quantity_max", f"It covers at most {_count(clause.quantity_max)}." if clause.quantity_max is not None else "")
    purpose = t.of("purpose")
    if purpose is not None:
        least, over = share_in_words(purpose.at_least), render_duration(purpose.over)
        mainly = listed(c.replace("_", " ") for c in purpose.classes)
        t.say(f"The capacity is mainly for {mainly}: at least {least} of its accelerator-hours over any {over}.")
    t.unless_default("because", f"Reason given: {clause.because.rstrip('.')}.")


def _licence(t: _Teller, clause: model.Licence) -> None:
    uses = f"for {t.list('uses')}" if t.of("uses") else "for any purpose"
    t.say(f"{t.party('licensee')} may use {t.party('licensor')}'s {t.list('subjects')} {uses}{', and nobody else may' if t.of('exclusive') else ''}.")
    t.unless_default("excluded_subjects", f"Not licensed: {t.list('excluded_subjects')}.")
    t.unless_default("excluded_uses", f"Not allowed: {t.list('excluded_uses', 'or')}.")
    before = t.of("developed_before")
    if before is not None:
        t.say(f"Only what existed before {day_in_words(before)} is licensed.")
    earlier = "ends it leaves what existed before licensed" if clause.after_trigger == "keeps_earlier" else "names it does not end it"
    t.unless_default("after_trigger", f"A trigger that {earlier}.")


def _commitment(t: _Teller, clause: model.Commitment) -> None:
    payer, payee, amount = t.party("payer"), t.party("payee"), t.of("amount")
    if amount is None:
        t.say(f"{payer} commits to a least spend with {payee}; the amount is not known, so nothing is asserted.")
    else:
        t.say(f"{payer} spends at least {money_in_words(amount)} with {payee} over the period.")
    for day, money in sorted(t.of("milestones").items()):
        t.say(f"By {day_in_words(day)} it has spent at least {money_in_words(money)}.")
    if t.of("shortfall") == "prepayment":
        t.say("A shortfall is paid and becomes a prepayment for later use.")
    else:
        t.say("A shortfall is paid and is gone.")
    t.unless_default("eligible_classes", f"Only charges for {t.list('eligible_classes')} work count.")
    t.unless_default("eligible_hosts", f"Only charges of {t.list('eligible_hosts')} count.")
    make_up = t.of("make_up_within")
    if make_up is not None:
        t.say(f"What was paid and not taken may still be taken within {render_duration(make_up)}.")
    t.unless_default("incremental_to", f"Spend under {listed(clause.incremental_to)} does not count.")


def _revenue_share(t: _Teller, clause: model.RevenueShare) -> None:
    payer, payee, rate, base = t.party("payer"), t.party("payee"), t.of("rate"), str(t.of("base")).replace("_", " ")
    if rate is None:
        t.say(f"{payer} pays {payee} a share of its {base}; the rate is not known, so nothing is charged.")
    else:
        t.say(f"{payer} pays {payee} {share_in_words(rate)} of its {base}.")
    t.unless_default("channels", f"Only the following channels count: {t.list('channels')}.")
    cap, counts_from = t.of("cap"), t.of("cap_counts_from")
    if cap is not None:
        t.say(f"No more than {money_in_words(cap)} is ever paid, counted from {day_in_words(counts_from) if counts_from else 'the first day'}.")
    elif counts_from is not None:
        t.say(f"Payments are counted from {day_in_words(counts_from)}, against no cap.")
    deferred = t.of("deferred_until")
    t.unless_default("cash_share", f"Of each share {share_in_words(clause.cash_share)} is paid at once and the rest is deferred.")
    if deferred is not None:
        t.say(f"Deferred amounts fall due on {day_in_words(deferred)}.")


def _trigger(t: _Teller, clause: model.Trigger) -> None:
    measure, at_least, more_than, declarer = t.of("measure"), t.of("at_least"), t.of("more_than"), t.of("declared_by")
    conditions = []
    if measure is not None:
        figure = f"{t.name_of(measure.party)}'s {measure.signal.replace('_', ' ')}"
        since = f" since {day_in_words(measure.since)}" if measure.since else ""
        how = {"cumulative": f"added up{since}", "annual": f"of a calendar year{since}", "latest": f"as last reported{since}"}[measure.aggregate]
        bounds = [f"is {money_in_words(at_least)} or more"] if at_least else []
        bounds += [f"is more than {money_in_words(more_than)}"] if more_than else []
        conditions.append(f"{figure}, {how}, {listed(bounds) or 'comes true'}")
    elif at_least or more_than:
        conditions.append(listed([f"{money_in_words(m)} is {'reached' if m is at_least else 'passed'}" for m in (at_least, more_than) if m]))
    if declarer is not None:
        conditions.append(f"{t.name_of(declarer)} has declared it")
    verifier = t.of("verified_by")
    if verifier is not None:
        conditions.append(f"{t.name_of(verifier)} has verified {'the declaration' if declarer else 'it'}")
    end = "the following end" if len(clause.ends) > 1 else "the following ends"
    t.say(f"As soon as {listed(conditions) or 'it has come true'}, {end}: {listed(t.of('ends'))}.")


def _most_favoured_customer(t: _Teller, clause: model.MostFavouredCustomer) -> None:
    obliged, beneficiary = t.party("obliged"), t.party("beneficiary")
    t.say(f"{obliged} gives nobody better terms in a comparable contract than {beneficiary} has.")
    t.unless_default("classes", f"Contracts for {t.list('classes')} work are compared.")
    t.unless_default("skus", f"Comparable hardware: {t.list('skus')}.")
    above = clause.quantity_at_most
    t.unless_default("quantity_at_most", f"Contracts for more than {_count(above)} are not comparable." if above is not None else "")
    t.say(f"Otherwise {obliged} adjusts {beneficiary}'s terms." if t.of("remedy") == "adjust" else f"Otherwise {obliged} notifies {beneficiary}.")
    t.unless_default("audit", f"{beneficiary} may have this checked.")


def _first_shipment(t: _Teller, clause: model.FirstShipment) -> None:
    developer, holder = t.party("developer"), t.party("holder")
    release = (
        f"{holder} cannot support them and does not want to" if t.of("release") == "all" else f"{holder} cannot support them or does not want to"
    )
    t.say(f"{developer} ships {t.list('classes')} work on {holder}'s platform first, unless {release}.")
    t.unless_default("head_start", f"Nobody else ships within {render_duration(clause.head_start)} of that.")


def _supply(t: _Teller, clause: model.Supply) -> None:
    host, sku, through = t.of("host"), t.of("sku"), t.of("through")
    what = f"{sku} capacity" if sku else "capacity"
    at, via = f" at {host}" if host else "", f" through {t.name_of(through)}" if through else ""
    t.say(f"{t.party('supplier')} supplies {t.party('buyer')} with {what}{at}{via} ({_STAGES[t.of('stage')]}).")
    steps = sorted(t.of("steps").items())
    if steps:
        t.say(f"Deliverable: {listed(f'{_count(q)} from {day_in_words(d)}' for d, q in steps)}.")
    power, price, value = t.of("power"), t.of("price"), t.of("value")
    if power is not None:
        t.say(f"Power: {power:f} MW.")
    if price is not None:
        t.say(f"Price: {money_in_words(price)} per accelerator-hour.")
    tiers = sorted(t.of("tiers").items())
    if tiers:
        t.say(f"Price per accelerator-hour: {listed(f'{money_in_words(m)} from {q:,} on' for q, m in tiers)}.")
    if value is not None:
        t.say(f"Contract value: {money_in_words(value)}.")
    t.unless_default("take_or_pay", f"{share_in_words(clause.take_or_pay).capitalize()} is paid whether taken or not.")
    t.unless_default("delivery_tolerance", f"A step may be {render_duration(clause.delivery_tolerance)} late at no cost.")
    t.unless_default("cure", f"After another {render_duration(clause.cure)} it is a default.")
    t.unless_default("late_credit", f"Each day late is credited with {share_in_words(clause.late_credit)} of the day's charge.")


def _sub_supply(t: _Teller, clause: model.SubSupply) -> None:
    holder, supplier = t.party("holder"), t.party("supplier")
    if t.of("counts_as_holder"):
        t.say(f"Machines of {supplier} under {holder}'s contract count as {holder}'s.")
    else:
        t.say(f"Machines of {supplier} under {holder}'s contract do not count as {holder}'s.")
    t.unless_default("hosts", f"It covers {t.list('hosts')}.")
    t.unless_default("classes", f"It holds for {t.list('classes')} work.")
    quantity, value = t.of("quantity"), t.of("value")
    if quantity is not None:
        t.say(f"Reported quantity: {_count(quantity)}.")
    if value is not None:
        t.say(f"Reported contract value: {money_in_words(value)}.")
    del clause


def _investment(t: _Teller, clause: model.Investment) -> None:
    amount, stake = t.of("amount"), t.of("stake")
    sum_ = money_in_words(amount) if amount is not None else "an amount that is not known"
    t.say(f"{t.party('investor')} invests {sum_} in {t.party('recipient')} ({clause.instrument}; {_STAGES[t.of('stage')]}).")
    t.of("instrument")
    tranches = sorted(t.of("tranches").items())
    if tranches:
        t.say(f"Tranches: {listed(f'{money_in_words(m)} on {day_in_words(d)}' for d, m in tranches)}.")
    if stake is not None:
        t.say(f"The holding that results is {share_in_words(stake)}, as converted and diluted.")
    t.unless_default("conditions", f"Conditions: {clause.conditions.rstrip('.')}.")


def _programme(t: _Teller, clause: model.Programme) -> None:
    entity = t.of("entity")
    t.say(f"A building programme{f', held by {t.name_of(entity)}' if entity else ''}.")
    for role, parties in t.of("participants").items():
        t.say(f"{role.replace('_', ' ').capitalize()}: {listed(t.name_of(p) for p in parties)}.")
    funded, potential, years = t.of("funded"), t.of("potential"), t.of("over_years")
    if funded is not None:
        t.say(f"{money_in_words(funded)} is committed at once.")
    if potential is not None:
        t.say(f"{money_in_words(potential)} is intended in all.")
    if years is not None:
        t.say(f"The intention is for {_count(years, 'years')}.")
    if t.of("funding"):
        t.say(f"Funded by {listed(f'{t.name_of(p)} with {money_in_words(m)}' for p, m in clause.funding.items())}.")
    if t.of("loans"):
        t.say(f"Lent to by {listed(f'{t.name_of(p)} with {money_in_words(m)}' for p, m in clause.loans.items())}.")
    if t.of("draw_at"):
        drawn = listed(f"{share_in_words(share)} once it is {_STAGES.get(stage, stage)}" for stage, share in clause.draw_at.items())
        t.say(f"Of a building's cost has been drawn: {drawn}.")
    if t.of("overruns"):
        t.say(f"Cost overruns are borne by {listed(f'{t.name_of(p)} at {share_in_words(s)}' for p, s in clause.overruns.items())}.")
    t.say(
        {
            "own_build": "Its capacity counts as own build.",
            "alternate": "Its capacity counts as bought elsewhere.",
            "by_purpose": "Its capacity counts as own build where it is mainly used for the agreed purpose, else as bought elsewhere.",
        }[t.of("counts_as")]
    )
    for site in t.of("sites"):
        t.say(_site(site, t))


def _site(site: model.Site, t: _Teller) -> str:
    where = f" ({site.region}, {site.jurisdiction})" if site.region else f" ({site.jurisdiction})"
    operator = f", operated by {t.name_of(site.operator)}" if site.operator else ""
    phases = "; ".join(_phase(p) for p in site.phases)
    facts = f" [{', '.join(site.facts)}]" if site.facts else ""
    return f"Site {site.name}{where}{operator}{': ' + phases if phases else ''}.{facts}"


def _phase(phase: model.Phase) -> str:
    parts = [f"phase {phase.id}"]
    parts += [f"{phase.power:f} MW"] if phase.power is not None else []
    parts += [_count(phase.accelerators)] if phase.accelerators is not None else []
    parts += [f"of {phase.sku}"] if phase.sku else []
    parts += [f"cost {money_in_words(phase.cost)}"] if phase.cost else []
    parts += [f"from {day_in_words(day)} on {money_in_words(cost)}" for day, cost in phase.restated.items()]
    parts += [f"came to {money_in_words(phase.final_cost)}"] if phase.final_cost else []
    parts += [f"planned for {day_in_words(phase.planned_finish)}"] if phase.planned_finish else []
    parts += [f"expected on {day_in_words(phase.expected_finish)}"] if phase.expected_finish else []
    parts += [f"becoming {phase.host}"] if phase.host else []
    parts += _stages(phase.stages)
    parts += [_building(b) for b in phase.buildings]
    parts += [f"[{', '.join(phase.facts)}]"] if phase.facts else []
    return ", ".join(parts)


def _building(building: model.Building) -> str:
    parts = [f"building {building.id}"]
    parts += [f"{building.area:,f} square feet"] if building.area is not None else []
    parts += [f"{building.power:f} MW"] if building.power is not None else []
    parts += [_count(building.accelerators)] if building.accelerators is not None else []
    parts += [f"of {building.sku}"] if building.sku else []
    parts += _stages(building.stages)
    parts += [f"[{', '.join(building.facts)}]"] if building.facts else []
    return f"({', '.join(parts)})"


def _stages(stages: Mapping[date, model.Stage]) -> list[str]:
    return [f"{_STAGES[stage]} from {day_in_words(day)}" for day, stage in sorted(stages.items())]


# Amendments, the whole, and what differs.


def amendment_sentence(amendment: Amendment, agreement: Agreement) -> str:
    """The amendment in one sentence: when, what it does, and what becomes of running offers."""
    signed = f"`{amendment.id}`, signed on {day_in_words(amendment.signed)}"
    what = [f"ends {listed(amendment.ends)}"] if amendment.ends else []
    what += [f"restates {listed(c.id for c in amendment.replaces)}"] if amendment.replaces else []
    what += [f"adds {listed(c.id for c in amendment.adds)}"] if amendment.adds else []
    done = listed(what) or "changes nothing"
    if not amendment.binding:
        would = f", though it says that it {done}" if what else ""
        return f"{signed}, does not bind and changes nothing{would}: {amendment.says}"
    ended = {c.id: c for c in (*agreement.clauses, *(c for a in agreement.amendments for c in (*a.replaces, *a.adds)))}
    rights = [c for c in (*amendment.ends, *(r.id for r in amendment.replaces)) if isinstance(ended.get(c), model.PreEmption)]
    running = ""
    if rights or amendment.running == "void":
        running = " Offers that are running are void." if amendment.running == "void" else " Offers that are running keep their time."
    return f"{signed}, in force from {day_in_words(amendment.effective)}, {done}: {amendment.says}{running}"


def plain_english(agreement: Agreement, on: date, known: date | None = None) -> str:
    """The whole agreement as it stands on a day, as far as it was signed by `known`."""
    rows = dated_clauses(agreement, known)
    version = version_at(agreement, on, known)
    as_known = f", as signed by {day_in_words(known)}" if known else ""
    lines = [
        agreement.title,
        "=" * len(agreement.title),
        "",
        f"As in force on {day_in_words(on)}{as_known} (version {version}). Days begin in the zone {agreement.time_zone}.",
        "",
        f"Between {listed(_party(p, agreement) for p in agreement.parties.values())}.",
        "",
    ]
    for number, row in enumerate((r for r in rows if r.covers(on)), start=1):
        lines += [f"{number}. {row.clause.id}", f"   {row.clause.says}", f"   {sentence(row.clause, agreement)}"]
        if row.ended_by and row.ends is not None:
            lines.append(f"   {_ended(row.clause, row.ended_by, agreement)}: {day_in_words(row.ends - _ONE_DAY)} is its last day.")
        lines.append("")
    if not any(r.covers(on) for r in rows):
        lines += ["No clause is in force on that day.", ""]
    amendments = [a for a in agreement.amendments if known is None or a.signed <= known]
    if amendments:
        lines += ["Amendments", "----------", *(f"- {amendment_sentence(a, agreement)}" for a in amendments), ""]
    return "\n".join(lines)


def _ended(clause: Clause, by: str, agreement: Agreement) -> str:
    amendment = next(a for a in agreement.amendments if a.id == by)
    return f"The amendment `{by}` {'restates' if any(c.id == clause.id for c in amendment.replaces) else 'ends'} it"


def _party(party: model.Party, agreement: Agreement) -> str:
    rivals = [f"{agreement.parties[p].name if p in agreement.parties else p} since {day_in_words(d)}" for p, d in party.competitor_of.items()]
    about = [party.role] if party.role else []
    about += [f"a competitor of {listed(rivals)}"] if rivals else []
    return f"{party.name} ({'; '.join(about)})" if about else party.name


def difference_in_words(difference: Difference, agreement: Agreement) -> str:
    """What differs, one line each: `+` what was added, `-` what ended, both for what reads otherwise, and what was left alone."""
    lines = [f"- {c.id}: {c.says}" for c in difference.ended]
    lines += [f"+ {c.id}: {c.says}" for c in difference.added]
    for changed in difference.changed:
        lines.append(f"  {changed.id} reads otherwise:")
        for change in changed.fields:
            for sign, clause, value in (("-", changed.before, change.before), ("+", changed.after, change.after)):
                field = next((f for f in FIELDS[type(clause)] if f.key == change.key), None)
                words = _words(value, field.shape, field.refers, agreement) if field else str(value)
                lines.append(f"{sign}   {change.key.replace('_', ' ')}: {words}")
    if not difference:
        lines.append("  nothing differs")
    if difference.unchanged:
        lines.append(f"  unchanged: {', '.join(c.id for c in difference.unchanged)}")
    return "\n".join(lines)
