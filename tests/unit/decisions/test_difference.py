"""The exact difference of two tables."""

from __future__ import annotations

from datetime import date

from dibs.contract.readings import take
from dibs.decisions.compile import compile_agreement
from dibs.decisions.decision import Facts
from dibs.decisions.difference import difference
from dibs.testing import builders as make

HOSTS = [make.host("there", "cinder")]


def boxes(before, after):
    return [
        (b.workload_class, b.host, str(b.from_), str(b.until), b.least, b.below, str(b.before), str(b.after), b.denying_before, b.denying_after)
        for b in difference(before, after)
    ]


def test_a_table_does_not_differ_from_itself():
    table = make.compiled(make.pre_emption(), make.exclusive("bound", classes=["api"])).now
    assert difference(table, table) == ()


def test_what_an_amendment_changed_is_one_box_for_each_way_in_which_the_answer_differs():
    compiled = make.compiled(
        make.exclusive("bound", classes=["api"], until="2031-01-01"),
        amendments=[make.amendment("opening", "2025-01-21", ends=["bound"], adds=[make.pre_emption("right", ["api"], until="2030-01-01")])],
        hosts=HOSTS,
        classes=["api", "research"],
    )
    before = compiled.under(known=date(2025, 1, 20))
    assert boxes(before, compiled.now) == [
        ("api", "there", "2025-01-21", "2030-01-01", 0, 1000, "refused", "permitted", ("bound",), ()),
        ("api", "there", "2025-01-21", "2030-01-01", 1000, None, "refused", "offer_first", ("bound",), ("right",)),
        ("api", "there", "2030-01-01", "2031-01-01", 0, None, "refused", "permitted", ("bound",), ()),
    ]


def test_another_clause_behind_the_same_answer_is_a_difference_too():
    compiled = make.compiled(
        make.exclusive("old"),
        amendments=[make.amendment("again", "2025-01-01", ends=["old"], adds=[make.exclusive("new")])],
        hosts=HOSTS,
        classes=["api"],
    )
    before = compiled.under(known=date(2024, 12, 31))
    assert boxes(before, compiled.now) == [("api", "there", "2025-01-01", "None", 0, None, "refused", "refused", ("old",), ("new",))]


def test_readings_and_facts_differ_in_the_same_way():
    clause = make.ambiguous(make.exclusive("bound", classes=["api"]), make.reading("silent", applies=False))
    agreement = make.agreement(clause, make.trigger(ends=["bound"]), hosts=HOSTS, classes=["api"])
    one, other = (compile_agreement(take(agreement, {"bound": name})) for name in ("as-written", "silent"))
    assert boxes(one.now, other.now) == [("api", "there", "None", "None", 0, None, "refused", "permitted", ("bound",), ())]
    fired = one.under(facts=Facts(fired={"trigger": date(2026, 1, 1)}))
    assert boxes(one.now, fired) == [("api", "there", "2026-01-01", "None", 0, None, "refused", "permitted", ("bound",), ())]


def test_hosts_and_classes_that_only_one_table_knows_are_left_out():
    one = make.compiled(make.exclusive(), hosts=[*HOSTS, make.host("more", "delta")], classes=["api", "training"]).now
    other = make.compiled(hosts=HOSTS, classes=["api"]).now
    assert {(b.workload_class, b.host) for b in difference(one, other)} == {("api", "there")}
