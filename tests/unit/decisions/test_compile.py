"""The compiled table: what the tables of cases cannot say."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

import dibs.decisions.compile as compiling
from dibs.contract.load import load
from dibs.decisions import history
from dibs.decisions.compile import compile_agreement
from dibs.decisions.decide import decide
from dibs.decisions.decision import Answer, Facts, ReasonCode
from dibs.testing import builders as make

DAY = date(2025, 1, 1)
HARBOUR = Path(__file__).resolve().parents[3] / "examples/harbour/agreement.yaml"


@pytest.fixture(scope="module")
def harbour():
    return compile_agreement(load(HARBOUR.read_text(), "agreement.yaml"))


def codes(decision):
    return [str(r.code) for r in decision.reasons]


def test_two_holders_are_both_asked_and_both_have_to_waive():
    compiled = make.compiled(make.pre_emption("one"), make.pre_emption("two", holder="delta", minimum_lot=100))
    decision = compiled.decide(workload_class="training", host="cinder-west", on=DAY, quantity=5000)
    assert [r.clause for r in decision.reasons] == ["one", "two"]
    assert {(c.kind, c.to): c.answer for c in decision.would_change_if if c.kind == "waiver"} == {("waiver", "borealis, delta"): Answer.PERMITTED}
    assert compiled.answer("training", "cinder-west", DAY, 500).denying == ("two",)


def test_two_exclusivities_that_no_host_can_obey_are_undetermined_where_one_is_kept():
    compiled = make.compiled(make.exclusive("ours"), make.exclusive("theirs", "cinder"))
    decision = compiled.decide(workload_class="api", host="borealis-east", on=DAY)
    assert (decision.answer, codes(decision)) == (Answer.UNDETERMINED, ["conflict", "conflict"])
    assert {r.clause: (r.need, r.have) for r in decision.reasons} == {
        "theirs": ("platform cinder", "`ours` needs platform borealis"),
        "ours": ("platform borealis", "`theirs` needs platform cinder"),
    }


def test_where_neither_is_kept_it_is_refused_whoever_is_right():
    compiled = make.compiled(make.exclusive("ours"), make.exclusive("theirs", "cinder"))
    assert compiled.decide(workload_class="api", host="delta-south", on=DAY).answer is Answer.REFUSED


def test_a_third_clause_that_refuses_settles_a_conflict_of_two():
    compiled = make.compiled(
        make.exclusive("ours"), make.exclusive("theirs", "cinder"), make.exclusive("machines", "delta", tests="operator", sub_supply="named")
    )
    verdict = compiled.answer("api", "borealis-east", DAY)
    assert (verdict.answer, set(verdict.denying)) == (Answer.REFUSED, {"theirs", "machines"})


def test_a_platform_that_bears_no_machines_but_its_own_contradicts_one_that_wants_anothers():
    compiled = make.compiled(make.exclusive("contract", sub_supply="refused"), make.exclusive("machines", "cinder", tests="operator"))
    assert compiled.answer("api", "borealis-cinder", DAY).answer is Answer.UNDETERMINED
    assert compiled.answer("api", "borealis-east", DAY).answer is Answer.UNDETERMINED
    assert compiled.answer("api", "cinder-west", DAY).answer is Answer.UNDETERMINED
    assert compiled.answer("api", "delta-south", DAY).answer is Answer.REFUSED


def test_a_programme_makes_the_same_host_own_building_for_one_class_and_not_for_another():
    own = make.consent("own", purpose=make.purpose(["training"]))
    compiled = make.compiled(own, make.programme(hosts=("aster-yard", "delta-south"), counts_as="by_purpose"), make.pre_emption())
    found = {c: str(compiled.answer(c, "delta-south", DAY, 5000).answer) for c in ("training", "api")}
    assert found == {"training": "permitted", "api": "offer_first"}


def test_two_clauses_that_disagree_whether_machines_count_are_in_conflict():
    compiled = make.compiled(make.exclusive("bound"), make.sub_supply("yes"), make.sub_supply("no", counts_as_holder=False))
    decision = compiled.decide(workload_class="api", host="borealis-cinder", on=DAY)
    assert (decision.answer, [r.clause for r in decision.reasons]) == (Answer.UNDETERMINED, ["yes", "no"])


def test_and_then_nobody_can_say_whether_the_holder_is_asked():
    compiled = make.compiled(make.pre_emption("right"), make.sub_supply("yes"), make.sub_supply("no", counts_as_holder=False))
    large = compiled.decide(workload_class="api", host="borealis-cinder", on=DAY, quantity=1000)
    assert (large.answer, [r.clause for r in large.reasons]) == (Answer.UNDETERMINED, ["yes", "no"])
    assert compiled.decide(workload_class="api", host="borealis-cinder", on=DAY, quantity=999).answer is Answer.PERMITTED


def test_rights_that_stand_are_named_in_the_order_of_the_agreement():
    not_its_own = make.sub_supply(counts_as_holder=False)
    compiled = make.compiled(make.pre_emption("one"), make.pre_emption("two", holder="delta"), make.pre_emption("three"), not_its_own)
    assert compiled.answer("api", "borealis-cinder", DAY, 5000).denying == ("one", "two", "three")


def test_clauses_that_outrank_each_other_are_in_conflict():
    compiled = make.compiled(make.exclusive("one", overrides=("two",)), make.exclusive("two", "cinder", overrides=("one",)))
    decision = compiled.decide(workload_class="api", host="borealis-east", on=DAY)
    assert (decision.answer, [r.clause for r in decision.reasons]) == (Answer.UNDETERMINED, ["one", "two"])


def test_a_trigger_that_has_fired_and_can_be_read_to_end_one_clause_or_another_leaves_both_undetermined():
    trigger = make.ambiguous(make.trigger(ends=["one"]), make.reading("the-other", ends=("two",)))
    compiled = make.compiled(make.exclusive("one", classes=["api"]), make.exclusive("two", classes=["training"]), trigger)
    fired = Facts(fired={"trigger": DAY})
    for workload_class in ("api", "training"):
        decision = compiled.decide(workload_class=workload_class, host="cinder-west", on=DAY, facts=fired)
        assert (decision.answer, [r.clause for r in decision.reasons]) == (Answer.UNDETERMINED, ["trigger"])
    assert compiled.decide(workload_class="api", host="cinder-west", on=DAY - timedelta(days=1), facts=fired).answer is Answer.REFUSED
    assert compiled.decide(workload_class="api", host="cinder-west", on=DAY).answer is Answer.REFUSED


def test_more_readings_than_the_limit_are_not_worked_out(monkeypatch):
    monkeypatch.setattr(history, "READINGS_MAX", 8)
    clauses = [make.ambiguous(make.exclusive(f"k{n}"), make.reading("silent", applies=False)) for n in range(3)]
    at_the_limit = make.compiled(*clauses).decide(workload_class="api", host="cinder-west", on=DAY)
    assert [r.have.count("gives") for r in at_the_limit.reasons] == [2, 2, 2]
    clauses.append(make.ambiguous(make.exclusive("k3"), make.reading("silent", applies=False)))
    beyond = make.compiled(*clauses).decide(workload_class="api", host="cinder-west", on=DAY)
    assert (beyond.answer, codes(beyond)) == (Answer.UNDETERMINED, ["reading_open"] * 4)
    assert {r.have for r in beyond.reasons} == {"more than that"}


def test_a_clause_that_is_open_and_changes_nothing_here_is_not_blamed():
    quiet = make.ambiguous(make.exclusive("quiet", "cinder", ["api"], overrides=("loud",)), make.reading("silent", applies=False), taken="silent")
    loud = make.ambiguous(make.exclusive("loud"), make.reading("api-only", classes=("api",)))
    small = make.ambiguous(make.pre_emption("right"), make.reading("small", minimum_lot=10))
    decision = make.compiled(quiet, loud, small).decide(workload_class="training", host="cinder-west", on=DAY, quantity=5000)
    assert [r.clause for r in decision.reasons] == ["loud"]


def test_only_so_many_tables_are_kept(monkeypatch):
    monkeypatch.setattr(compiling, "TABLES_MAX", 3)
    compiled = make.compiled(make.pre_emption())
    first = compiled.under(facts=Facts(suspended={"first-refusal": DAY}))
    assert compiled.under(facts=Facts(suspended={"first-refusal": DAY})) is first
    for n in range(1, 4):
        compiled.under(facts=Facts(suspended={"first-refusal": DAY + timedelta(days=n)}))
    assert len(compiled._tables) == 3
    assert compiled.under(facts=Facts(suspended={"first-refusal": DAY})) is not first


def test_bursts_of_every_length_share_two_tables():
    compiled = make.compiled(make.pre_emption())
    assert len({id(compiled.under(burst_hours=hours)) for hours in range(200)}) == 2


def test_days_with_the_same_knowledge_share_a_table(harbour):
    assert harbour.under(known=date(2025, 1, 20)) is harbour.now
    assert harbour.under(known=date(2025, 1, 19)) is harbour.under(known=date(2020, 1, 1)) is not harbour.now


def test_hosts_of_which_all_clauses_say_the_same_share_their_answers(harbour):
    table = make.compiled(make.pre_emption(), hosts=[make.host("one", "cinder"), make.host("two", "cinder")]).now
    assert table.cell("training", "one") is table.cell("training", "two")
    assert harbour.now.cell("training", "cinder-west") is not harbour.now.cell("training", "delta-south")


def test_a_verdict_is_prebuilt():
    compiled = make.compiled(make.pre_emption())
    assert compiled.answer("training", "cinder-west", DAY, 5000) is compiled.answer("training", "cinder-west", DAY, 6000)
    verdict = compiled.answer("training", "cinder-west", DAY, 5000)
    assert (verdict.answer, verdict.denying, verdict.mask) == (Answer.OFFER_FIRST, ("first-refusal",), 1)
    assert [r.have for r in verdict.reasons_at(5000)] == ["5000 accelerators"]
    assert [r.have for r in verdict.reasons_at(1)] == ["1 accelerator"]
    assert [r.have for r in verdict.reasons_at(None)] == ["a lot of at least the minimum"]


def test_the_bits_of_a_mask_count_clauses_in_the_order_of_the_text(harbour):
    assert harbour.clause_ids[:2] == ("exclusive-cloud", "licence")
    assert harbour.answer("training", "cinder-west", date(2025, 3, 1)).mask == 1 << harbour.clause_ids.index("first-refusal")


def test_a_decision_is_json_of_exactly_these_keys(harbour):
    decision = harbour.decide(workload_class="training", host="cinder-west", on=date(2025, 3, 1), quantity=200, known=date(2025, 2, 1))
    document = decision.as_dict()
    assert list(document) == ["answer", "on", "known", "version", "class", "host", "reasons", "flips_on", "would_change_if"]
    assert document["reasons"] == [
        {
            "code": "under_minimum_lot",
            "clause": "first-refusal",
            "text": "Before Aster takes new capacity elsewhere it offers it to Borealis.",
            "where": "agreement.yaml:64:9",
            "need": "1000 accelerators",
            "have": "200 accelerators",
        }
    ]
    assert document["would_change_if"] == [
        {"kind": "quantity", "to": "1000", "answer": "offer_first", "text": "the need is for 1000 accelerators or more"}
    ]
    assert (document["known"], document["version"], document["flips_on"]) == ("2025-02-01", "first-call", None)


def test_nothing_is_no_need(harbour):
    with pytest.raises(ValueError, match="at least one accelerator, not for 0"):
        harbour.decide(workload_class="training", host="cinder-west", on=DAY, quantity=0)


def test_an_agreement_can_be_asked_without_compiling_it_first():
    agreement = make.agreement(make.pre_emption())
    question = {"workload_class": "training", "host": "cinder-west", "on": DAY, "quantity": 5000}
    assert decide(agreement, **question) == compile_agreement(agreement).decide(**question)


def test_the_matrix_is_every_class_on_every_host(harbour):
    matrix = harbour.matrix(date(2025, 3, 1))
    assert list(matrix) == ["training", "research", "product", "api"]
    assert {h: str(d.answer) for h, d in matrix["api"].items()} == {
        "borealis-east": "permitted",
        "borealis-cinder": "permitted",
        "cinder-west": "refused",
        "delta-south": "refused",
        "aster-yard": "refused",
    }
    assert {h: str(d.answer) for h, d in matrix["training"].items()} == {
        "borealis-east": "permitted",
        "borealis-cinder": "permitted",
        "cinder-west": "offer_first",
        "delta-south": "offer_first",
        "aster-yard": "permitted",
    }
    assert {str(d.answer) for d in harbour.matrix(date(2025, 3, 1), quantity=10)["training"].values()} == {"permitted"}
    assert {str(d.answer) for d in harbour.matrix(date(2025, 3, 1), date(2025, 1, 1))["training"].values()} == {"permitted", "refused"}


def test_the_clauses_in_force_leave_out_what_a_trigger_has_ended(harbour):
    fired = Facts(fired={"profit-trigger": date(2027, 1, 1)})
    before = [c.id for c in harbour.in_force(date(2026, 12, 31), facts=fired)]
    after = [c.id for c in harbour.in_force(date(2027, 1, 1), facts=fired)]
    assert [c for c in before if c not in after] == ["licence"]
    assert [c.id for c in harbour.in_force(date(2025, 3, 1), known=date(2025, 1, 1))] == [
        "exclusive-cloud",
        "licence",
        "share-to-borealis",
        "profit-trigger",
    ]


def test_the_right_that_covers_a_class(harbour):
    on = date(2025, 3, 1)
    assert harbour.pre_emption("training", None, on).id == "first-refusal"
    assert harbour.pre_emption("training", "cinder-west", on).id == "first-refusal"
    assert harbour.pre_emption("training", "borealis-cinder", on) is None
    assert harbour.pre_emption("api", None, on) is None
    assert harbour.pre_emption("training", None, date(2025, 1, 20)) is None
    assert harbour.pre_emption("training", None, on, known=date(2025, 1, 1)) is None
    asleep = Facts(suspended={"first-refusal": date(2025, 3, 2)})
    assert harbour.pre_emption("training", None, on, asleep) is None
    assert harbour.pre_emption("training", None, date(2025, 3, 2), asleep) is not None


def test_a_class_that_exclusivity_binds_is_covered_by_nothing():
    compiled = make.compiled(make.exclusive(classes=["training"], except_hosts=("delta-south",)), make.pre_emption(exempt_hosts=("aster-yard",)))
    assert compiled.pre_emptions("training", None, DAY) == ()
    assert [c.id for c in compiled.pre_emptions("training", "delta-south", DAY)] == ["first-refusal"]
    assert compiled.pre_emptions("research", "aster-yard", DAY) == ()


def test_a_clause_is_found_while_it_is_in_force(harbour):
    assert harbour.clause("exclusive-cloud", date(2025, 1, 20)).platform == "borealis"
    assert harbour.clause("exclusive-cloud", date(2025, 1, 21)) is None


def test_the_boundaries_are_the_days_on_which_clauses_begin_and_end(harbour):
    assert harbour.boundaries() == tuple(map(date.fromisoformat, ["2023-01-01", "2025-01-21", "2025-02-01", "2028-02-01", "2031-01-01"]))
    assert harbour.boundaries(known=date(2025, 1, 1)) == (date(2023, 1, 1), date(2031, 1, 1))


def test_the_version_in_force_is_the_last_amendment_that_binds(harbour):
    assert [harbour.version(date(2025, 1, d)) for d in (20, 21)] == ["harbour", "first-call"]
    assert harbour.version(date(2025, 1, 21), known=date(2025, 1, 19)) == "harbour"


@pytest.mark.statement("R24")
def test_whoever_competes_competes_both_ways(harbour):
    assert harbour.compete("aster", "borealis", date(2025, 6, 1))
    assert harbour.compete("borealis", "aster", date(2025, 6, 1))
    assert not harbour.compete("borealis", "aster", date(2025, 5, 31))
    assert not harbour.compete("borealis", "nobody", date(2025, 6, 1))


def test_asking_about_unknown_names_leaves_nothing_behind(harbour):
    for n in range(10):
        assert harbour.answer("training", f"host-{n}", DAY).reasons[0].code is ReasonCode.UNKNOWN_HOST
        harbour.decide(workload_class=f"class-{n}", host="cinder-west", on=DAY)
    assert not any("host-0" in row for row in harbour.now._cells.values())
    assert "class-0" not in harbour.now._cells
    assert not any("class-0" in key for key in harbour.now._explained)


def test_numpy_is_not_loaded_by_single_answers():
    code = "import sys, dibs.decisions.decide, dibs.decisions.licence, dibs.decisions.ship; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
