"""Where may work run: the slow and obvious way.

One question, one day, straight from the text: no table, no intervals, nothing kept, and none of the code that it judges.
It reads the agreement from the first clause to the last amendment and asks each clause in turn.
"""

from __future__ import annotations

import dataclasses
from itertools import product

from dibs.contract.model import Consent, ExclusiveHosting, PreEmption, Programme, SubSupply, Trigger

PERMITTED, OFFER_FIRST, REFUSED, UNDETERMINED = "permitted", "offer_first", "refused", "undetermined"


@dataclasses.dataclass(frozen=True)
class Question:
    """Everything a question says; days and facts as `dibs` takes them."""

    workload_class: str
    host: str
    on: object
    quantity: int | None = None
    known: object = None
    renewal: bool = False
    burst: object = None
    order: str = ""
    power: object = None
    fired: dict = dataclasses.field(default_factory=dict)
    suspended: dict = dataclasses.field(default_factory=dict)
    drifted: frozenset = frozenset()


def decide(agreement, question):
    """(answer, the clauses that keep it from permitted)."""
    ways = all_ways_to_read(agreement)
    quantity = question.quantity
    if quantity is None:
        lots = [
            c.minimum_lot
            for way in ways
            for c in in_force(agreement, question, way)
            if isinstance(c, PreEmption) and question.workload_class in c.classes
        ]
        quantity = max(lots, default=1)
    heard = [(way, judge(agreement, question, quantity, in_force(agreement, question, way))) for way in ways]
    if len({answer for _, (answer, _) in heard}) == 1:
        return heard[0][1]
    return UNDETERMINED, frozenset(c for c in ways[0] if matters(c, heard))


def matters(clause_id, heard):
    """Whether reading this one clause otherwise, and all others alike, gives another answer."""
    return any(a != b and all(one[c] == other[c] for c in one if c != clause_id) for one, (a, _) in heard for other, (b, _) in heard)


# --- what is in force


def all_texts(agreement):
    return [*agreement.clauses, *(c for a in agreement.amendments for c in (*a.replaces, *a.adds))]


def all_ways_to_read(agreement):
    """Every combination of readings of the clauses that have readings and take none."""
    names = {}
    for clause in all_texts(agreement):
        if clause.readings and clause.reading is None:
            names.setdefault(clause.id, ["as-written"])
            names[clause.id] += [n for n in clause.readings if n not in names[clause.id]]
    return [dict(zip(names, choice, strict=True)) for choice in product(*names.values())]


def in_force(agreement, question, way, on=None, *, triggers=True):
    """The clauses on a day, amendment by amendment.

    An added text that says `from` counts from then on, even before its amendment takes effect; a restated one never does.
    """
    on = on or question.on
    texts = [[clause, None, None, None] for clause in agreement.clauses]
    for amendment in sorted(agreement.amendments, key=lambda a: a.effective):
        if not amendment.binding or (question.known is not None and amendment.signed > question.known):
            continue
        for text in texts:
            if text[2] is None and text[0].id in {*amendment.ends, *(c.id for c in amendment.replaces)}:
                text[2] = amendment.effective
        texts += [[clause, amendment.effective, None, amendment.effective] for clause in amendment.replaces]
        texts += [[clause, amendment.effective, None, None] for clause in amendment.adds]
    out = []
    for text, agreed, ended, earliest in texts:
        clause = as_read(text, way)
        if clause is None or (ended is not None and on >= ended) or (earliest is not None and on < earliest):
            continue
        starts, ends = clause.from_ or agreed, clause.until
        if (starts is None or starts <= on) and (ends is None or on < ends):
            out.append((clause, agreed))
    if triggers:
        return [c for c, agreed in out if not any(has_ended(agreement, question, way, c, agreed, t) for t in question.fired)]
    return [c for c, _ in out]


def as_read(clause, way):
    name = way.get(clause.id, "as-written") if clause.reading is None else clause.reading
    if name not in clause.readings:
        return clause
    reading = clause.readings[name]
    return dataclasses.replace(clause, **reading.sets) if reading.applies else None


def has_ended(agreement, question, way, *text_and_trigger):
    """Whether a trigger that came true has ended this text: it was in force that day, names it, and the text was agreed on by then."""
    clause, agreed, trigger_id = text_and_trigger
    day = question.fired[trigger_id]
    if question.on < day or (agreed is not None and agreed > day):
        return False
    then = in_force(agreement, question, way, day, triggers=False)
    return any(isinstance(t, Trigger) and t.id == trigger_id and clause.id in t.ends for t in then)


# --- what it says


def judge(agreement, question, quantity, clauses):
    host = agreement.hosts[question.host]
    clauses = [c for c in clauses if covers_class(c, question)]

    def top(party):
        while agreement.parties[party].controlled_by:
            party = agreement.parties[party].controlled_by
        return party

    def own_building(consent, among):
        listing = [p for p in among if isinstance(p, Programme) and host.id in listed(p)]
        if not listing:
            return host.own_build and top(host.platform) == top(consent.grantee)
        purpose = consent.purpose.classes if consent.purpose else consent.classes
        return all(p.counts_as == "own_build" or (p.counts_as == "by_purpose" and question.workload_class in purpose) for p in listing)

    def about(clause, among):
        """Whether a clause speaks of this host at all."""
        if isinstance(clause, ExclusiveHosting):
            return host.id not in clause.except_hosts
        if isinstance(clause, PreEmption):
            asleep = clause.id in question.suspended and question.on < question.suspended[clause.id]
            return stands_against(clause, host, among) and host.id not in clause.exempt_hosts and not asleep
        if isinstance(clause, SubSupply):
            return host.id in clause.hosts if clause.hosts else (host.platform, host.operator) == (clause.holder, clause.supplier)
        if isinstance(clause, Programme):
            return host.id in listed(clause)
        if clause.permits == "order" and question.order not in clause.orders:
            return False
        if clause.suppliers and host.platform not in clause.suppliers and host.operator not in clause.suppliers:
            return False
        if clause.hosts:
            return host.id in clause.hosts
        through_grantor = host.platform == clause.grantor and host.operator in clause.suppliers
        return {
            "own_build": own_building(clause, among),
            "platform_extension": host.platform == clause.grantor and host.operator != clause.grantor,
            "supplier": host.platform in clause.suppliers or through_grantor,
            "order": not clause.suppliers or host.platform in clause.suppliers or through_grantor,
        }[clause.permits]

    known = [c for c in clauses if isinstance(c, Programme) or (isinstance(c, SubSupply) and about(c, []))]
    speaking = [c for c in clauses if about(c, known)]
    silent, tangled = outranked(speaking)
    if tangled:
        return UNDETERMINED, frozenset(tangled)
    asleep_or_elsewhere = [c for c in clauses if not about(c, known)]
    clauses = [c for c in speaking if c.id not in silent] + [c for c in asleep_or_elsewhere if isinstance(c, PreEmption)]

    def consented(by, grantor=None):
        for c in clauses:
            if not isinstance(c, Consent) or c.grantor != by or (grantor is not None and top(c.grantee) != top(grantor)):
                continue
            # A programme that is outranked classifies nothing.
            if c.permits == "own_build" and not c.hosts and not own_building(c, clauses):
                continue
            if c.quantity_max is not None and quantity > c.quantity_max:
                continue
            if c.id in question.drifted and not question.renewal:
                continue
            return True
        return False

    kept, broken, doubtful = [], [], []
    for c in clauses:
        if not isinstance(c, ExclusiveHosting):
            continue
        verdict = exclusivity(c, host, [s for s in clauses if isinstance(s, SubSupply) and s.holder == c.platform])
        if verdict != "kept" and consented(c.platform):
            verdict = "kept" if host.platform == c.platform else "lifted"
        if verdict == "kept":
            kept.append(c)
        elif verdict == "broken":
            broken.append(c)
        elif verdict == "doubtful":
            doubtful += [s.id for s in clauses if isinstance(s, SubSupply) and s.holder == c.platform]
    for c in broken:
        if not any(irreconcilable(c, k) for k in kept):
            return REFUSED, frozenset(b.id for b in broken)
    if broken or doubtful:
        return UNDETERMINED, frozenset([c.id for c in broken] + [k.id for k in kept if any(irreconcilable(k, c) for c in broken)] + doubtful)
    if kept:
        return PERMITTED, frozenset()

    asked, unknown = [], []
    for c in clauses:
        if not isinstance(c, PreEmption) or not stands_against(c, host, clauses) or host.id in c.exempt_hosts:
            continue
        if c.id in question.suspended and question.on < question.suspended[c.id]:
            continue
        if (question.renewal and c.exempt_renewals) or (question.burst is not None and question.burst < c.exempt_bursts_under):
            continue
        if consented(c.holder, c.grantor):
            continue
        enough_power = c.minimum_power is not None and question.power is not None and question.power >= c.minimum_power
        chains = [s for s in clauses if isinstance(s, SubSupply) and s.holder == c.holder == host.platform]
        if (quantity >= c.minimum_lot or enough_power) and any(s.counts_as_holder for s in chains):
            unknown += [s.id for s in chains]
        elif quantity >= c.minimum_lot or enough_power:
            asked.append(c.id)
        elif c.minimum_power is not None and question.power is None:
            unknown.append(c.id)
    if asked:
        return OFFER_FIRST, frozenset(asked)
    if unknown:
        return UNDETERMINED, frozenset(unknown)
    return PERMITTED, frozenset()


def stands_against(right, host, clauses):
    """Never against the holder's own platform, unless its machines are agreed not to count as the holder's."""
    return host.platform != right.holder or any(isinstance(c, SubSupply) and c.holder == right.holder and not c.counts_as_holder for c in clauses)


def covers_class(clause, question):
    if isinstance(clause, Programme):
        return True
    if isinstance(clause, SubSupply):
        return not clause.classes or question.workload_class in clause.classes
    return isinstance(clause, ExclusiveHosting | PreEmption | Consent) and question.workload_class in clause.classes


def listed(programme):
    return {phase.host for site in programme.sites for phase in site.phases}


def exclusivity(clause, host, chains):
    """kept, broken, or doubtful: two clauses disagree whether the machines count."""
    if host.operator == clause.platform and (host.platform == clause.platform or clause.tests == "operator"):
        return "kept"
    if host.platform != clause.platform:
        return "broken"
    count = [c for c in chains if c.counts_as_holder]
    do_not = [c for c in chains if not c.counts_as_holder]
    if clause.sub_supply == "refused":
        return "broken"
    if count:
        return "doubtful" if do_not else "kept"
    return "kept" if clause.sub_supply == "counts" and clause.tests == "platform" and not do_not else "broken"


def irreconcilable(one, other):
    if one.platform == other.platform:
        return False
    if one.tests == other.tests:
        return True
    by_platform = one if one.tests == "platform" else other
    return by_platform.sub_supply == "refused"


def outranked(clauses):
    """Of all ways to call each clause heard, silent or neither that fit the edges, the one that leaves most as neither."""
    edges = [(a, b) for a, one in enumerate(clauses) for b, two in enumerate(clauses) if a != b and two.id in one.overrides]
    if not edges:
        return set(), set()
    involved = sorted({n for edge in edges for n in edge})
    fitting = []
    for labels in product(("heard", "silent", "neither"), repeat=len(involved)):
        label = dict(zip(involved, labels, strict=True))
        above = {n: [label[a] for a, b in edges if b == n] for n in involved}
        if all(
            (label[n] == "heard") == all(x == "silent" for x in above[n]) and (label[n] == "silent") == any(x == "heard" for x in above[n])
            for n in involved
        ):
            fitting.append(label)
    label = max(fitting, key=lambda found: sum(x == "neither" for x in found.values()))
    return {clauses[n].id for n in involved if label[n] == "silent"}, {clauses[n].id for n in involved if label[n] == "neither"}
