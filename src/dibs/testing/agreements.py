"""Hypothesis strategies for agreements: every clause kind, with every parameter, in histories that pass the checks.

What a strategy here makes is valid by construction as far as one clause goes; the few histories in which clauses clash
are thrown away.  `any_text` is on purpose full of what YAML stumbles over.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from dibs.contract import model
from dibs.contract.check import check
from dibs.contract.clause_checks import NEVER_STATED_FIRST, STAGE_ORDER
from dibs.contract.fields import FIELDS, Choice, Field, Plain
from dibs.contract.terms import Terms
from dibs.quantities import Money

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FIRST_DAY, LAST_DAY = date(2019, 1, 1), date(2031, 1, 1)
PARTIES = ("aster", "borealis", "cinder", "delta", "on", "null-and-void", "42")
SKUS = ("h100", "gb200", "7")
CLASSES = tuple(f"class-{n}" for n in range(24))
CURRENCY = "USD"

Draw = Any
"""What `st.composite` hands in: draws one example of a strategy."""

days = st.dates(FIRST_DAY, LAST_DAY)
durations = st.one_of(
    st.integers(1, 400).map(lambda n: timedelta(days=n)),
    st.integers(1, 2000).map(lambda n: timedelta(hours=n)),
    st.integers(1, 9999).map(lambda n: timedelta(seconds=n)),
)
shares = st.integers(1, 10_000).map(lambda n: model.Share(Decimal(n) / 10_000))
sums = st.one_of(
    st.integers(1, 10**14).map(Decimal),
    st.integers(1, 999).map(lambda n: Decimal(n).scaleb(9)),
    st.integers(1, 10**9).map(lambda n: Decimal(n).scaleb(-2)),
).map(lambda amount: Money(amount, CURRENCY))
any_text = (
    st.text(st.characters(exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp", "Cn", "Co"), exclude_characters="\ufffd"), min_size=1, max_size=40)
    .map(lambda text: " ".join(text.split()))
    .filter(bool)
)
awkward = st.sampled_from(
    [
        "null",
        "~",
        "yes",
        "2025",
        "0.1",
        "a: b",
        "# no comment",
        "- item",
        "it's",
        '"quoted"',
        "{x}",
        "[y]",
        "a, b",
        "ends:",
        "%",
        "@at",
        "|",
        "é: ü",
        "back\\slash",
    ]
)
texts = st.one_of(awkward, any_text)
names = st.sampled_from(["models", "research", "api", "true", "1e3", "x.y", "A-1"])


@dataclass(slots=True)
class Names:
    """What an agreement under construction may speak of, and what is taken already."""

    parties: tuple[str, ...]
    hosts: tuple[model.Host, ...]
    clauses: list[str] = field(default_factory=list)
    used_classes: int = 0

    def next_classes(self, count: int) -> tuple[str, ...]:
        """Classes that no other clause speaks of, so that nothing clashes."""
        taken = tuple(CLASSES[(self.used_classes + n) % len(CLASSES)] for n in range(count))
        self.used_classes += count
        return taken


def optional(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Agreed or not."""
    return st.none() | strategy


def some(items: Sequence[Any], *, at_least: int = 0) -> st.SearchStrategy[tuple[Any, ...]]:
    """Some of the items, each once."""
    if not items:
        return st.just(())
    return st.lists(st.sampled_from(list(items)), min_size=min(at_least, len(items)), max_size=min(3, len(items)), unique=True).map(tuple)


def frozen(strategy: st.SearchStrategy[dict[Any, Any]]) -> st.SearchStrategy[MappingProxyType[Any, Any]]:
    """A mapping that nobody changes."""
    return strategy.map(MappingProxyType)


def two_parties(n: Names) -> st.SearchStrategy[tuple[str, ...]]:
    """Two different ones."""
    return st.permutations(n.parties).map(lambda order: tuple(order[:2]))


@st.composite
def periods(draw: Draw, earliest: date | None) -> dict[str, date | None]:
    """A half-open period of days, open at either end, that does not begin before `earliest`."""
    first = earliest or FIRST_DAY
    starts = draw(optional(st.dates(first, date(2033, 1, 1))))
    ends = draw(optional(st.dates((starts or first) + timedelta(days=500), date(2040, 1, 1))))
    return {"from_": starts, "until": ends}


def within(period: dict[str, date | None]) -> st.SearchStrategy[date]:
    """Days inside a period."""
    first, last = period["from_"] or FIRST_DAY, period["until"] or date(2041, 1, 1)
    return st.dates(max(first, FIRST_DAY) + timedelta(days=1), max(last - timedelta(days=1), max(first, FIRST_DAY) + timedelta(days=1)))


def plain_fields(cls: type, *, without: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    """Some of a record's flags, choices, counts, shares and durations at other values than their defaults."""
    by_type: dict[Any, st.SearchStrategy[Any]] = {
        bool: st.booleans(),
        int: st.integers(1, 10**6),
        Decimal: st.integers(1, 10**6).map(lambda n: Decimal(n) / 10),
        model.Share: shares,
        timedelta: durations,
        str: texts,
    }
    strategies = {}
    for each in FIELDS[cls]:
        if each.required or each.identity or each.refers or each.name in without:
            continue
        if isinstance(each.shape, Choice):
            strategies[each.name] = st.sampled_from(each.shape.words)
        elif isinstance(each.shape, Plain) and each.shape.of in by_type:
            strategies[each.name] = by_type[each.shape.of]
    return st.fixed_dictionaries({}, optional=strategies) if strategies else st.just({})


_COMMON = ("from_", "until", "overrides", "readings", "reading", "facts", "says")


@st.composite
def exclusive_hosting(draw: Draw, n: Names, period: dict[str, date | None]) -> dict[str, Any]:
    """One class each, bound to one platform."""
    del period
    plain: dict[str, Any] = draw(plain_fields(model.ExclusiveHosting, without=_COMMON))
    return plain | {"platform": draw(st.sampled_from(n.parties)), "classes": n.next_classes(1), "except_hosts": draw(some([h.id for h in n.hosts]))}


@st.composite
def pre_emption(draw: Draw, n: Names, period: dict[str, date | None]) -> dict[str, Any]:
    """Every right with every parameter of R1-R34."""
    plain: dict[str, Any] = draw(plain_fields(model.PreEmption, without=(*_COMMON, "right", "respond_within", "after_match")))
    grantor, holder = draw(two_parties(n))
    right = draw(st.sampled_from(["first_offer", "matching", "last_look", "first_negotiation"]))
    terms = [t for t in Terms.__struct_fields__ if right in {"matching", "last_look"} or t not in NEVER_STATED_FIRST]
    return plain | {
        "right": right,
        "grantor": grantor,
        "holder": holder,
        "classes": n.next_classes(draw(st.integers(1, 2))),
        "respond_within": timedelta(days=draw(st.integers(1, 400))),
        "respond_within_below": draw(frozen(st.dictionaries(st.integers(1, 10**5), durations, max_size=2))),
        "exempt_hosts": draw(some([h.id for h in n.hosts])),
        "notice_requires": draw(some(terms)),
        "immaterial_terms": draw(some(terms)),
        "holidays": draw(st.lists(within(period), max_size=2, unique=True).map(tuple)),
        "tolling": draw(some(("due_diligence", "regulator", "force_majeure"))),
        "after_match": "ends" if right == "last_look" else draw(st.sampled_from(["ends", "another_round"])),
    }


@st.composite
def consent(draw: Draw, n: Names, period: dict[str, date | None]) -> dict[str, Any]:
    """Each thing that can be permitted."""
    del period
    grantor, grantee = draw(two_parties(n))
    permits = draw(st.sampled_from(["own_build", "platform_extension", "supplier", "order"]))
    classes = draw(some(CLASSES, at_least=1))
    hosts = [h for h in n.hosts if h.own_build or permits != "own_build"] if permits != "supplier" else []
    purpose = st.builds(model.Purpose, classes=st.just(classes[:1]), at_least=shares, over=durations)
    return {
        "grantor": grantor,
        "grantee": grantee,
        "permits": permits,
        "classes": classes,
        "hosts": draw(some([h.id for h in hosts])),
        "suppliers": draw(some(n.parties, at_least=1)) if permits == "supplier" else draw(some(n.parties)),
        "orders": draw(some(("order-1", "2024"), at_least=1)) if permits == "order" else (),
        "quantity_max": draw(optional(st.integers(1, 10**6))),
        "purpose": draw(optional(purpose)),
        "because": draw(st.just("") | texts),
    }


@st.composite
def licence(draw: Draw, n: Names, period: dict[str, date | None]) -> dict[str, Any]:
    """Subjects that nobody else is licensed, and uses."""
    plain: dict[str, Any] = draw(plain_fields(model.Licence, without=_COMMON))
    licensor, licensee = draw(two_parties(n))
    uses = draw(st.lists(names, max_size=2, unique=True).map(tuple))
    return plain | {
        "licensor": licensor,
        "licensee": licensee,
        "subjects": n.next_classes(draw(st.integers(1, 2))),
        "uses": uses,
        "excluded_subjects": draw(some(("secrets", "weights"))),
        "excluded_uses": draw(some([u for u in ("resale", "0") if u not in uses])),
        "developed_before": draw(optional(within(period))),
    }


@st.composite
def commitment(draw: Draw, n: Names, period: dict[str, date | None]) -> dict[str, Any]:
    """Milestones that add up to no more than the amount."""
    plain: dict[str, Any] = draw(plain_fields(model.Commitment, without=_COMMON))
    payer, payee = draw(two_parties(n))
    amount = draw(optional(sums))
    marked = sorted(draw(st.lists(within(period), max_size=3, unique=True)))
    total = amount.amount if amount else Decimal(10**9)
    milestones = {
        day: Money((total * (i + 1) / (len(marked) + 1)).quantize(Decimal("0.01"), rounding="ROUND_DOWN"), CURRENCY) for i, day in enumerate(marked)
    }
    return plain | {
        "payer": payer,
        "payee": payee,
        "amount": amount,
        "milestones": MappingProxyType(milestones),
        "eligible_classes": draw(some(CLASSES)),
        "eligible_hosts": draw(some([h.id for h in n.hosts])),
    }


@st.composite
def revenue_share(draw: Draw, n: Names, period: dict[str, date | None]) -> dict[str, Any]:
    """With rate and cap known or not."""
    payer, payee = draw(two_parties(n))
    return {
        "payer": payer,
        "payee": payee,
        "base": draw(texts),
        "channels": draw(st.lists(names, max_size=2, unique=True).map(tuple)),
        "rate": draw(optional(shares)),
        "cap": draw(optional(sums)),
        "cap_counts_from": draw(optional(within(period))),
        "cash_share": draw(shares),
        "deferred_until": draw(optional(within(period))),
    }


@st.composite
def trigger(draw: Draw, n: Names, period: dict[str, date | None]) -> dict[str, Any]:
    """Measured, declared, or both; ends clauses that are there already."""
    del period
    cumulative = st.builds(model.Measure, party=st.sampled_from(n.parties), signal=texts, aggregate=st.just("cumulative"), since=days)
    other = st.builds(model.Measure, party=st.sampled_from(n.parties), signal=texts, aggregate=st.sampled_from(["annual", "latest"]))
    measure = draw(optional(cumulative | other))
    threshold = draw(st.sampled_from(["at_least", "more_than"]))
    return {
        "measure": measure,
        "declared_by": draw(st.sampled_from(n.parties)) if measure is None else draw(optional(st.sampled_from(n.parties))),
        "verified_by": draw(optional(texts)),
        "ends": draw(some(n.clauses, at_least=1)),
        **({threshold: draw(sums)} if measure else {}),
    }


@st.composite
def most_favoured_customer(draw: Draw, n: Names, period: dict[str, date | None]) -> dict[str, Any]:
    """Equal terms."""
    del period
    plain: dict[str, Any] = draw(plain_fields(model.MostFavouredCustomer, without=_COMMON))
    beneficiary, obliged = draw(two_parties(n))
    return plain | {"beneficiary": beneficiary, "obliged": obliged, "classes": draw(some(CLASSES)), "skus": draw(some(SKUS))}


@st.composite
def first_shipment(draw: Draw, n: Names, period: dict[str, date | None]) -> dict[str, Any]:
    """A head start that is over before the clause is."""
    del period
    developer, holder = draw(two_parties(n))
    return {
        "developer": developer,
        "holder": holder,
        "classes": draw(some(CLASSES, at_least=1)),
        "release": draw(st.sampled_from(["all", "any"])),
        "head_start": timedelta(days=draw(st.integers(0, 400))),
    }


@st.composite
def supply(draw: Draw, n: Names, period: dict[str, date | None]) -> dict[str, Any]:
    """Steps, power or value; a price or tiers."""
    plain: dict[str, Any] = draw(plain_fields(model.Supply, without=_COMMON))
    supplier, buyer = draw(two_parties(n))
    host = draw(optional(st.sampled_from(n.hosts))) if n.hosts else None
    price = draw(optional(sums))
    return plain | {
        "supplier": supplier,
        "buyer": buyer,
        "host": host.id if host else None,
        "sku": draw(optional(st.sampled_from(host.skus))) if host and host.skus else None,
        "steps": draw(frozen(st.dictionaries(within(period), st.integers(0, 10**6), max_size=3))),
        "price": price,
        "tiers": MappingProxyType({}) if price else draw(frozen(st.dictionaries(st.integers(0, 10**6), sums, max_size=3))),
        "value": draw(optional(sums)),
        "through": draw(optional(st.sampled_from(n.parties))),
    }


@st.composite
def sub_supply(draw: Draw, n: Names, period: dict[str, date | None]) -> dict[str, Any]:
    """Machines of others that count, or do not."""
    del period
    plain: dict[str, Any] = draw(plain_fields(model.SubSupply, without=_COMMON))
    holder, supplier = draw(two_parties(n))
    hosts = [h.id for h in n.hosts if (h.platform, h.operator) == (holder, supplier)]
    return plain | {"holder": holder, "supplier": supplier, "hosts": draw(some(hosts)), "classes": draw(some(CLASSES)), "value": draw(optional(sums))}


@st.composite
def investment(draw: Draw, n: Names, period: dict[str, date | None]) -> dict[str, Any]:
    """Tranches of no more than the amount."""
    del period
    plain: dict[str, Any] = draw(plain_fields(model.Investment, without=_COMMON))
    investor, recipient = draw(two_parties(n))
    tranches = draw(st.dictionaries(days, sums, max_size=3))
    paid = sum((m.amount for m in tranches.values()), start=Decimal(0))
    amount = draw(st.sampled_from([None, Money(min(paid + 1, Decimal(10) ** 15), CURRENCY)]))
    return plain | {"investor": investor, "recipient": recipient, "amount": amount, "tranches": MappingProxyType(tranches)}


@st.composite
def stages(draw: Draw) -> MappingProxyType[date, model.Stage]:
    """Stages in their order."""
    chosen = sorted(draw(st.sets(st.sampled_from(STAGE_ORDER), max_size=3)), key=STAGE_ORDER.index)
    at = sorted(draw(st.sets(days, min_size=len(chosen), max_size=len(chosen))))
    return MappingProxyType(dict(zip(at, chosen, strict=True)))


@st.composite
def programme(draw: Draw, n: Names, period: dict[str, date | None]) -> dict[str, Any]:
    """Sites, phases and buildings."""
    del period
    counts = optional(st.integers(0, 10**6))
    powers = optional(st.integers(0, 10**5).map(lambda p: Decimal(p) / 10))
    known = [s for h in n.hosts for s in h.skus]
    skus = optional(st.sampled_from(known)) if known else st.none()

    def build(index: int) -> st.SearchStrategy[model.Building]:
        return st.builds(
            model.Building, id=st.just(f"b{index}"), area=powers, power=powers, accelerators=counts, sku=skus, stages=stages(), facts=facts
        )

    def phase(index: int) -> st.SearchStrategy[model.Phase]:
        return st.builds(
            model.Phase,
            id=st.just(f"p{index}"),
            planned_finish=optional(days),
            expected_finish=optional(days),
            power=powers,
            accelerators=counts,
            sku=skus,
            cost=optional(sums),
            restated=st.dictionaries(days, sums, max_size=2),
            final_cost=optional(sums),
            stages=stages(),
            buildings=several(build),
            host=optional(st.sampled_from([h.id for h in n.hosts])) if n.hosts else st.none(),
            facts=facts,
        )

    def site(index: int) -> st.SearchStrategy[model.Site]:
        return st.builds(
            model.Site,
            id=st.just(f"s{index}"),
            name=texts,
            region=st.just("") | texts,
            jurisdiction=st.sampled_from(["US", "NO", "GB"]),
            operator=optional(st.sampled_from(n.parties)),
            phases=several(phase),
            facts=facts,
        )

    bearers = draw(some(n.parties))
    return {
        "entity": draw(optional(st.sampled_from(n.parties))),
        "participants": draw(frozen(st.dictionaries(st.sampled_from(["operator", "equity_funder"]), some(n.parties, at_least=1), max_size=2))),
        "funded": draw(optional(sums)),
        "over_years": draw(optional(st.integers(1, 40))),
        "funding": draw(frozen(st.dictionaries(st.sampled_from(n.parties), sums, max_size=2))),
        "loans": draw(frozen(st.dictionaries(st.sampled_from(n.parties), sums, max_size=2))),
        "overruns": MappingProxyType({b: model.Share(Decimal(1) / 4) for b in bearers}),
        "counts_as": draw(st.sampled_from(["own_build", "alternate", "by_purpose"])),
        "sites": draw(several(site)),
    }


facts = st.lists(st.sampled_from(["A10", "K02", "S1"]), max_size=2, unique=True).map(tuple)


def several(make: Callable[[int], st.SearchStrategy[Any]]) -> st.SearchStrategy[tuple[Any, ...]]:
    """None to two things, each with its own id."""
    return st.integers(0, 2).flatmap(lambda count: st.tuples(*(make(i) for i in range(count))))


_KINDS: dict[str, Callable[[Names, dict[str, date | None]], st.SearchStrategy[dict[str, Any]]]] = {
    "exclusive_hosting": exclusive_hosting,
    "pre_emption": pre_emption,
    "consent": consent,
    "licence": licence,
    "commitment": commitment,
    "revenue_share": revenue_share,
    "trigger": trigger,
    "most_favoured_customer": most_favoured_customer,
    "first_shipment": first_shipment,
    "supply": supply,
    "sub_supply": sub_supply,
    "investment": investment,
    "programme": programme,
}


@st.composite
def readings(draw: Draw, cls: type[model.Clause]) -> dict[str, Any]:
    """Other ways to read a clause, and perhaps the one that is taken."""
    names_ = draw(some(("strict", "wide", "1")))
    out = {}
    for name in names_:
        silent = draw(st.booleans())
        settable: list[Field] = [
            f for f in FIELDS[cls] if f.name in {"note", "confidence", "cure", "release", "remedy", "counter", "shortfall", "instrument"}
        ]
        chosen = draw(st.sampled_from(settable))
        value = draw(st.sampled_from(chosen.shape.words) if isinstance(chosen.shape, Choice) else durations if chosen.name == "cure" else texts)
        out[name] = model.Reading(name=name, says=draw(texts), applies=not silent, sets=MappingProxyType({} if silent else {chosen.name: value}))
    taken = draw(st.sampled_from([None, "as-written", *names_])) if names_ else None
    return {"readings": MappingProxyType(out), "reading": taken}


@st.composite
def clauses(draw: Draw, n: Names, clause_id: str, *, kind: str | None = None, earliest: date | None = None) -> model.Clause:
    """One clause of a kind (default: any) that passes the checks of one clause."""
    possible = [k for k in _KINDS if k != "trigger" or n.clauses]
    cls = model.CLAUSE_KINDS[kind or draw(st.sampled_from(possible))]
    period = draw(periods(earliest))
    own = draw(_KINDS[cls.kind](n, period))
    common = {
        "id": clause_id,
        "says": draw(texts),
        "overrides": draw(some([c for c in n.clauses if c != clause_id])) if draw(st.booleans()) else (),
        "confidence": draw(optional(st.sampled_from(list("OFPEDWR")))),
        "facts": draw(facts),
        "note": draw(st.just("") | texts),
        **draw(readings(cls)),
        **period,
    }
    return cls(**(own | common))


@st.composite
def histories(draw: Draw, *, amendments_max: int = 3) -> model.Agreement:
    """An agreement with its amendments, which may still clash."""
    parties = draw(st.lists(st.sampled_from(PARTIES), min_size=2, max_size=4, unique=True))
    hosts = {}
    for index in range(draw(st.integers(0, 4))):
        hosts[f"host-{index}"] = model.Host(
            id=f"host-{index}",
            platform=draw(st.sampled_from(parties)),
            operator=draw(st.sampled_from(parties)),
            regions=draw(some(("us-east", "eu"))),
            skus=draw(some(SKUS)),
            own_build=draw(st.booleans()),
            jurisdiction=draw(st.sampled_from(["", "US"])),
        )
    n = Names(tuple(parties), tuple(hosts.values()))
    first = []
    for index in range(draw(st.integers(0, 5))):
        first.append(draw(clauses(n, f"c{index}")))
        n.clauses.append(f"c{index}")
    agreement = model.Agreement(
        id=draw(st.sampled_from(["harbour", "2025", "null"])),
        title=draw(texts),
        currency=CURRENCY,
        time_zone=draw(st.sampled_from(["UTC", "America/New_York"])),
        parties=MappingProxyType({p: draw(_party(p, parties)) for p in parties}),
        hosts=MappingProxyType(hosts),
        workload_classes=draw(
            st.sampled_from([MappingProxyType(dict.fromkeys(CLASSES, "")), MappingProxyType({c: f"Work of {c}: all" for c in CLASSES})])
        ),
        clauses=tuple(first),
        note=draw(st.just("") | texts),
    )
    return dataclasses.replace(agreement, amendments=draw(_amendments(n, agreement.clauses, amendments_max)))


def _party(party: str, parties: list[str]) -> st.SearchStrategy[model.Party]:
    others = [p for p in parties if p != party]
    return st.builds(
        model.Party,
        id=st.just(party),
        name=texts,
        role=st.just("") | texts,
        competitor_of=frozen(st.dictionaries(st.sampled_from(others), days, max_size=1)),
        facts=facts,
    )


def _reaching_back(clause: model.Clause, back: bool) -> model.Clause:
    """The clause with a first day before its amendment's, which only an added one really reaches back to."""
    return dataclasses.replace(clause, from_=FIRST_DAY) if back else clause


@st.composite
def _amendments(draw: Draw, n: Names, first: tuple[model.Clause, ...], at_most: int) -> tuple[model.Amendment, ...]:
    live = {c.id: c for c in first}
    out = []
    for number, effective in enumerate(sorted(draw(st.lists(days, max_size=at_most)))):
        binding = draw(st.sampled_from([True, True, False]))
        open_ = [i for i, c in live.items() if c.until is None or effective < c.until]
        touched = draw(some(open_))
        restated = [i for i in touched if draw(st.booleans())]
        ends = tuple(i for i in touched if i not in restated)
        replaces = tuple(_reaching_back(draw(clauses(n, i, kind=live[i].kind, earliest=effective)), draw(st.booleans())) for i in restated)
        adds = []
        for index in range(draw(st.integers(0, 2))):
            adds.append(_reaching_back(draw(clauses(n, f"a{number}-{index}", earliest=effective)), draw(st.sampled_from([False, False, True]))))
            n.clauses.append(f"a{number}-{index}")
        if binding:
            live = {i: c for i, c in live.items() if i not in ends} | {c.id: c for c in (*replaces, *adds)}
        out.append(
            model.Amendment(
                id=f"M{number}",
                says=draw(texts),
                signed=draw(days),
                effective=effective,
                binding=binding,
                ends=ends,
                replaces=replaces,
                adds=tuple(adds),
                running=draw(st.sampled_from(["continue", "void"])),
                confidence=draw(optional(st.sampled_from(list("OFPEDWR")))),
                facts=draw(facts),
                note=draw(st.just("") | texts),
            )
        )
    return tuple(out)


def agreements(*, amendments_max: int = 3) -> st.SearchStrategy[model.Agreement]:
    """Agreements that every check lets through, with warnings perhaps."""
    return histories(amendments_max=amendments_max).filter(lambda a: not any(f.severity == "error" for f in check(a)))
