"""Random agreements about where work may run: few names and few days, so that everything meets everything."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from dibs.testing import builders as make

FIRST = date(2025, 1, 1)
SPAN = 24
"""Days on which things happen."""
CLASSES = ("training", "api")
PARTIES = (make.party("aster"), make.party("borealis"), make.party("cinder"), make.party("yard", controlled_by="aster"))
SUPPLIERS = ("borealis", "cinder")
holders = st.sampled_from(["borealis", "borealis", "borealis", "cinder"])
HOSTS = (
    make.host("b", "borealis"),
    make.host("bc", "borealis", "cinder"),
    make.host("c", "cinder"),
    make.host("cb", "cinder", "borealis"),
    make.host("own", "aster", "cinder", own_build=True),
    make.host("yard", "yard", "yard", own_build=True),
    make.host("ac", "aster", "cinder"),
)
HOST_IDS = tuple(h.id for h in HOSTS)
LOTS = (1, 100, 1000)
KINDS = ("exclusive", "exclusive", "pre_emption", "pre_emption", "consent", "consent", "sub_supply", "programme")
LOOSENING = ("consent", "consent", "consent", "programme", "sub_supply")
QUANTITIES = (None, 1, 99, 100, 101, 999, 1000, 5000)

days = st.integers(0, SPAN).map(lambda n: FIRST + timedelta(days=n))
some_classes = st.lists(st.sampled_from(CLASSES), min_size=1, unique=True).map(tuple)
some_hosts = st.just(()) | st.lists(st.sampled_from(HOST_IDS), max_size=3, unique=True).map(tuple)


@st.composite
def periods(draw):
    """Not agreed, or a period of at least a day."""
    starts = draw(st.none() | st.none() | days)
    ends = draw(st.none() | st.none() | days)
    if starts is not None and ends is not None and starts >= ends:
        ends = None
    return {"from_": starts, "until": ends}


@st.composite
def hosting_clauses(draw, clause_id, *, others=(), kinds=KINDS):
    """One clause of a kind that matters to where work runs."""
    fields = draw(periods()) | {
        "overrides": draw(st.just(()) | st.lists(st.sampled_from(others), max_size=2, unique=True).map(tuple)) if others else ()
    }
    kind = draw(st.sampled_from(kinds))
    if kind == "exclusive":
        clause = make.exclusive(
            clause_id,
            draw(holders),
            draw(some_classes),
            tests=draw(st.sampled_from(["platform", "platform", "operator"])),
            sub_supply=draw(st.sampled_from(["counts", "named", "refused"])),
            except_hosts=draw(some_hosts),
            **fields,
        )
        sets = st.fixed_dictionaries(
            {}, optional={"classes": some_classes, "tests": st.sampled_from(["platform", "operator"]), "until": days, "except_hosts": some_hosts}
        )
    elif kind == "pre_emption":
        clause = make.pre_emption(
            clause_id,
            draw(some_classes),
            holder=draw(holders),
            grantor=draw(st.sampled_from(["aster", "aster", "yard"])),
            minimum_lot=draw(st.sampled_from(LOTS)),
            minimum_power=draw(st.sampled_from([None, None, None, Decimal(1)])),
            exempt_renewals=draw(st.booleans()),
            exempt_bursts_under=timedelta(hours=draw(st.sampled_from([24, 72]))),
            exempt_hosts=draw(some_hosts),
            **fields,
        )
        sets = st.fixed_dictionaries({}, optional={"classes": some_classes, "minimum_lot": st.sampled_from(LOTS), "from_": days})
    elif kind == "consent":
        permits = draw(st.sampled_from(["own_build", "platform_extension", "supplier", "order"]))
        clause = make.consent(
            clause_id,
            permits,
            draw(some_classes),
            grantor=draw(holders),
            grantee=draw(st.sampled_from(["aster", "aster", "aster", "yard", "cinder"])),
            hosts=draw(some_hosts),
            suppliers=draw(st.lists(st.sampled_from(SUPPLIERS), min_size=permits == "supplier", max_size=2, unique=True).map(tuple)),
            orders=("order-1",) if permits == "order" else (),
            quantity_max=draw(st.sampled_from([None, None, 100, 1000])),
            purpose=draw(st.sampled_from([None, make.purpose(("training",))])),
            **fields,
        )
        sets = st.fixed_dictionaries({}, optional={"classes": some_classes, "quantity_max": st.sampled_from([None, 100])})
    elif kind == "sub_supply":
        clause = make.sub_supply(
            clause_id,
            draw(st.sampled_from(["cinder", "cinder", "borealis"])),
            draw(holders),
            hosts=draw(some_hosts),
            classes=draw(st.just(()) | some_classes),
            counts_as_holder=draw(st.booleans()),
            **fields,
        )
        sets = st.fixed_dictionaries({}, optional={"counts_as_holder": st.booleans()})
    else:
        counts_as = st.sampled_from(["own_build", "alternate", "by_purpose"])
        clause = make.programme(clause_id, draw(some_hosts), counts_as=draw(counts_as), **fields)
        sets = st.fixed_dictionaries({}, optional={"counts_as": counts_as})
    return draw(maybe_ambiguous(clause, sets))


@st.composite
def maybe_ambiguous(draw, clause, sets):
    """The clause, one time in five with another reading, which is taken or left open."""
    if draw(st.integers(0, 4)):
        return clause
    other = make.reading("other", applies=False) if draw(st.booleans()) else make.reading("other", **draw(sets))
    starts, ends = other.sets.get("from_", clause.from_), other.sets.get("until", clause.until)
    if starts is not None and ends is not None and starts >= ends:
        return clause
    return make.ambiguous(clause, other, taken=draw(st.sampled_from([None, None, "other", "as-written"])))


@st.composite
def triggers(draw, clause_id, ends):
    """A trigger that ends some clauses, perhaps others under another reading."""
    trigger = make.trigger(clause_id, draw(st.lists(st.sampled_from(ends), min_size=1, max_size=2, unique=True).map(tuple)), **draw(periods()))
    sets = st.fixed_dictionaries({"ends": st.lists(st.sampled_from(ends), min_size=1, max_size=2, unique=True).map(tuple)})
    return draw(maybe_ambiguous(trigger, sets))


@st.composite
def tight_agreements(draw):
    """One clause that binds all work all the time, and others that loosen it."""
    binding = st.one_of(
        st.builds(
            lambda tests, sub: make.exclusive("k0", classes=CLASSES, tests=tests, sub_supply=sub),
            st.sampled_from(["platform", "platform", "operator"]),
            st.sampled_from(["counts", "named", "refused"]),
        ),
        st.builds(lambda lot: make.pre_emption("k0", CLASSES, minimum_lot=lot), st.sampled_from(LOTS)),
    )
    loosening = [draw(hosting_clauses(f"k{n}", kinds=LOOSENING)) for n in range(1, draw(st.integers(2, 5)))]
    return make.agreement(draw(binding), *loosening, parties=PARTIES, hosts=HOSTS, classes=CLASSES)


@st.composite
def mixed_agreements(draw):
    """A first text of a few clauses and up to three amendments that end, restate and add."""
    ids = [f"k{n}" for n in range(draw(st.integers(1, 4)))]
    clauses = [draw(hosting_clauses(i, others=tuple(o for o in ids if o != i))) for i in ids]
    if draw(st.booleans()):
        clauses.append(draw(triggers("trigger", ids)))
    live, amendments = list(ids), []
    effective = sorted(draw(st.lists(days, max_size=3, unique=True)))
    for n, day in enumerate(effective):
        gone = draw(st.lists(st.sampled_from(live), max_size=2, unique=True)) if live else []
        restated = [i for i in gone if draw(st.booleans())]
        binding = draw(st.integers(0, 5)) > 0
        added = [f"m{n}"] if draw(st.booleans()) else []
        amendments.append(
            make.amendment(
                f"amendment-{n}",
                day,
                signed=draw(days),
                binding=binding,
                ends=[i for i in gone if i not in restated],
                replaces=[draw(hosting_clauses(i, others=tuple(o for o in ids if o != i))) for i in restated],
                adds=[draw(hosting_clauses(i, others=tuple(ids))) for i in added],
            )
        )
        if binding:
            live = [i for i in live if i not in gone or i in restated] + added
    return make.agreement(*clauses, amendments=amendments, parties=PARTIES, hosts=HOSTS, classes=CLASSES)


def agreements():
    """Agreements of either make."""
    return st.one_of(mixed_agreements(), mixed_agreements(), tight_agreements())


@st.composite
def circumstances(draw):
    """What a question may say besides class, host, day and quantity; mostly nothing."""
    return {
        "known": draw(st.none() | st.none() | days),
        "renewal": draw(st.integers(0, 4)) == 0,
        "burst": draw(st.sampled_from([None, None, None, 1, 24, 71, 72])),
        "order": draw(st.sampled_from(["", "", "order-1", "order-2"])),
        "power": draw(st.sampled_from([None, None, Decimal("0.5"), Decimal(2)])),
        "fired": draw(st.just({}) | st.fixed_dictionaries({"trigger": days})),
        "suspended": draw(st.just({}) | st.dictionaries(st.sampled_from(["k0", "k1", "k2"]), days, max_size=2)),
        "drifted": draw(st.just(frozenset()) | st.frozensets(st.sampled_from(["k0", "k1", "k2"]), max_size=2)),
    }
