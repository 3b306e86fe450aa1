"""Figures, usage and launches, and what comes true because of them."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from dibs.contract.model import Measure
from dibs.procedure.commands import AnnounceLaunch, DeclareAbility, DeclareTrigger, RecordSignal, ReportUsage, VerifyTrigger
from dibs.procedure.events import PurposeDrifted, TriggerFired
from dibs.quantities import DAY, Money
from dibs.testing.builders import amendment, at, compiled, consent, exclusive, first_shipment, pre_emption, purpose, request, trigger
from dibs.testing.desk import Desk

BILLION = Decimal(10) ** 9


# Own-building (R29).


def builder(**fields):
    d = Desk(compiled(pre_emption(), consent("own-build", classes=("training", "research"), purpose=purpose(**fields))))
    for host in ("aster-yard", "borealis-east", "cinder-west"):
        d.capacity(host, 50_000)
    return d


def ran(d, report, workload, hours, ends, *, host="aster-yard", days=30):
    return d.say(
        ReportUsage(
            by="aster", report=report, host=host, workload_class=workload, accelerator_hours=hours, starts=at(ends) - days * DAY, ends=at(ends)
        ),
        on=ends,
    )


@pytest.mark.statement("R29", "S14", "C08")
def test_the_intended_share_may_just_be_reached():
    d = builder()
    ran(d, "u1", "training", 500, "2025-04-01")
    ran(d, "u2", "product", 500, "2025-04-01")
    assert d.kinds == ["UsageReported"]
    ran(d, "u3", "product", 1, "2025-04-01")
    assert d.kinds == ["UsageReported", "PurposeDrifted"]
    drifted = d.happened(PurposeDrifted)[0]
    assert (drifted.clause, drifted.host, drifted.share, drifted.at_least) == ("own-build", "aster-yard", Decimal("0.4995"), Decimal("0.5"))


@pytest.mark.statement("R29", "S14", "C20")
def test_once_it_has_drifted_expansions_are_offered_first_until_it_is_restored():
    d = builder()
    ran(d, "u1", "product", 600, "2025-04-01")
    d.submit(request(own_build=True))
    assert d.request().status == "held"
    d.propose("g1", "aster-yard", 5000)
    assert d.refused == ["must_offer"]
    ran(d, "u2", "research", 900, "2025-04-02")
    assert d.kinds == ["UsageReported", "PurposeRestored"]
    d.propose("g2", "aster-yard", 5000)
    assert d.kinds == ["Granted"]


@pytest.mark.statement("R29")
def test_only_the_rolling_window_counts_and_reports_that_reach_into_it_in_proportion():
    d = builder(over_days=90)
    ran(d, "u1", "product", 1000, "2025-04-01", days=30)
    assert d.state.drifted
    # 90 days that end on 30 June begin on 1 April: of the first report nothing is left.
    ran(d, "u2", "training", 1, "2025-06-30", days=1)
    assert d.kinds == ["UsageReported", "PurposeRestored"]
    d = builder(over_days=90)
    ran(d, "u1", "product", 1000, "2025-04-01", days=30)
    # 90 days that end on 15 June begin on 17 March: half of the first report counts.
    ran(d, "u2", "training", 499, "2025-06-15", days=1)
    assert d.state.drifted
    ran(d, "u3", "training", 1, "2025-06-15", days=1)
    assert not d.state.drifted


@pytest.mark.statement("R29")
def test_a_site_is_judged_by_itself_and_others_are_not_tested():
    d = builder()
    ran(d, "u1", "product", 600, "2025-04-01", host="cinder-west")
    assert d.kinds == ["UsageReported"]
    assert d.state.usage == {}


@pytest.mark.statement("R28", "S19")
def test_work_that_ran_where_it_may_not_is_counted_and_put_on_record():
    d = Desk(compiled(exclusive(classes=("api",))))
    ran(d, "u1", "api", 10, "2025-04-01", host="cinder-west")
    assert d.kinds == ["UsageReported", "BreachNoted"]
    assert (d.said[1].clause, d.said[1].by) == ("exclusive", "cinder")


def test_a_report_counts_once():
    d = builder()
    ran(d, "u1", "training", 500, "2025-04-01")
    ran(d, "u1", "training", 500, "2025-04-01")
    assert d.kinds == ["CommandRepeated"]
    ran(d, "u1", "training", 501, "2025-04-01")
    assert d.refused == ["id_taken"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"host": "nowhere"}, "unknown_host"),
        ({"workload_class": "poetry"}, "unknown_class"),
        ({"accelerator_hours": -1}, "not_positive"),
        ({"ends": 5}, "not_positive"),
    ],
)
def test_a_report_that_makes_no_sense_is_refused(fields, code):
    d = builder()
    said = {"by": "aster", "report": "u", "host": "aster-yard", "workload_class": "training", "accelerator_hours": 1, "starts": 5, "ends": 6}
    d.say(ReportUsage(**{**said, **fields}))
    assert d.refused == [code]


# Triggers.


def watched(aggregate="cumulative", **fields):
    measure = Measure(party="aster", signal="profit", aggregate=aggregate, since=fields.pop("since", None))
    fields = {"at_least": Money(100 * BILLION, "USD"), "declared_by": None, **fields}
    d = Desk(compiled(exclusive(classes=("api",)), trigger("agi", ends=("exclusive",), measure=measure, **fields)))
    d.capacity("cinder-west", 9000)
    return d


def profit(d, since, until, billions, *, unit="USD", on=None):
    return d.say(
        RecordSignal(by="aster", party="aster", signal="profit", value=billions * BILLION, unit=unit, since=at(since), until=at(until)),
        on=on or until,
    )


@pytest.mark.statement("S31", "S32", "C15", "T10")
def test_a_measured_trigger_fires_by_itself_and_frees_what_it_ends():
    d = watched()
    d.submit(request(workload_class="api"))
    d.propose("g1", "cinder-west", 5000)
    assert d.refused[0] == "exclusive_elsewhere"
    profit(d, "2025-01-01", "2025-04-01", 60)
    assert d.kinds == ["SignalRecorded"]
    profit(d, "2025-04-01", "2025-07-01", 40)
    assert d.kinds == ["SignalRecorded", "TriggerFired"]
    assert d.happened(TriggerFired)[0].ends == ("exclusive",)
    d.propose("g2", "cinder-west", 5000, starts=d.now)
    assert d.kinds == ["Granted"]


@pytest.mark.statement("S32", "C15")
@pytest.mark.parametrize(
    ("fields", "figures", "fires"),
    [
        ({"aggregate": "annual"}, [("2025-01-01", "2025-07-01", 60), ("2026-01-01", "2026-07-01", 60)], False),
        ({"aggregate": "annual"}, [("2025-01-01", "2025-07-01", 60), ("2025-07-01", "2026-01-01", 40)], True),
        ({"aggregate": "latest"}, [("2025-01-01", "2025-07-01", 60), ("2025-07-01", "2026-01-01", 60)], False),
        ({"aggregate": "latest"}, [("2025-01-01", "2025-07-01", 60), ("2025-07-01", "2026-01-01", 100)], True),
        ({"since": date(2025, 1, 1)}, [("2024-10-01", "2025-07-01", 60), ("2025-07-01", "2026-01-01", 60)], False),
        ({"at_least": None, "more_than": Money(100 * BILLION, "USD")}, [("2025-01-01", "2025-07-01", 100)], False),
        ({"at_least": None, "more_than": Money(100 * BILLION, "USD")}, [("2025-01-01", "2025-07-01", 101)], True),
    ],
)
def test_what_is_measured_and_how_is_a_matter_of_the_clause(fields, figures, fires):
    d = watched(**fields)
    for since, until, billions in figures:
        profit(d, since, until, billions, on=None if until > "2025-03" else "2025-03-01")
    assert bool(d.happened(TriggerFired)) is fires


@pytest.mark.statement("S33", "S34")
def test_a_trigger_that_is_over_or_was_taken_out_does_not_fire():
    d = watched(until="2025-06-01")
    profit(d, "2025-01-01", "2025-06-01", 200)
    assert d.kinds[-1] == "SignalRecorded"
    measure = Measure(party="aster", signal="profit", aggregate="latest")
    clauses = (exclusive(), trigger("agi", ends=("exclusive",), measure=measure, declared_by=None, at_least=Money(BILLION, "USD")))
    d = Desk(compiled(*clauses, amendments=(amendment("no-trigger", "2025-05-01", ends=("agi",)),)))
    profit(d, "2025-01-01", "2025-05-01", 200)
    assert d.kinds[-1] == "SignalRecorded"


@pytest.mark.statement("T15")
def test_what_is_declared_has_no_effect_before_it_is_verified():
    d = Desk(compiled(exclusive(), trigger("agi", ends=("exclusive",), verified_by="panel")))
    d.say(DeclareTrigger(by="aster", trigger="agi"))
    assert d.kinds == ["TriggerDeclared"]
    d.say(DeclareTrigger(by="aster", trigger="agi"))
    assert d.kinds == ["CommandRepeated"]
    d.say(VerifyTrigger(by="panel", trigger="agi", confirmed=False))
    assert d.kinds == ["TriggerRejected"]
    d.say(VerifyTrigger(by="panel", trigger="agi", confirmed=True))
    assert d.refused == ["not_declared"]
    d.say(DeclareTrigger(by="aster", trigger="agi"))
    d.say(VerifyTrigger(by="panel", trigger="agi", confirmed=True))
    assert d.kinds == ["TriggerFired"]
    d.say(DeclareTrigger(by="aster", trigger="agi"))
    assert d.refused == ["already_fired"]


@pytest.mark.statement("T15", "S31")
def test_only_who_is_named_declares_and_verifies():
    d = Desk(compiled(exclusive(), trigger("agi", ends=("exclusive",), verified_by="panel")))
    d.say(DeclareTrigger(by="borealis", trigger="agi"))
    assert d.refused == ["not_entitled"]
    d.say(DeclareTrigger(by="aster", trigger="agi"))
    d.say(VerifyTrigger(by="aster", trigger="agi", confirmed=True))
    assert d.refused == ["not_entitled"]
    d.say(DeclareTrigger(by="aster", trigger="other"))
    assert d.refused == ["unknown_clause"]


@pytest.mark.statement("T10", "T15")
def test_a_declaration_that_the_figures_do_not_bear_out_is_refused():
    d = watched(declared_by="aster")
    d.say(DeclareTrigger(by="aster", trigger="agi"))
    assert d.refused == ["not_measured"]
    profit(d, "2025-01-01", "2025-04-01", 100)
    assert d.kinds == ["SignalRecorded"], "somebody has to declare it"
    d.say(DeclareTrigger(by="aster", trigger="agi"))
    assert d.kinds == ["TriggerDeclared", "TriggerFired"]


def test_a_figure_counts_once_for_its_period_and_in_one_unit():
    d = watched()
    profit(d, "2025-01-01", "2025-04-01", 60)
    profit(d, "2025-01-01", "2025-04-01", 60)
    assert d.kinds == ["CommandRepeated"]
    profit(d, "2025-01-01", "2025-04-01", 61)
    assert d.refused == ["id_taken"]
    profit(d, "2025-04-01", "2025-05-01", 1, unit="EUR")
    assert d.refused == ["wrong_unit"]


# First shipment (R34).


def shipping(**fields):
    return Desk(compiled(first_shipment(classes=("product",), **fields)))


def launch(d, host, name="chat", on=None, workload="product"):
    return d.say(AnnounceLaunch(by="aster", launch=name, workload_class=workload, host=host), on)


@pytest.mark.statement("R34")
def test_a_product_ships_on_the_holder_first():
    d = shipping()
    launch(d, "cinder-west")
    assert d.refused == ["ships_first_elsewhere"]
    launch(d, "borealis-east")
    launch(d, "cinder-west")
    assert d.kinds == ["ProductLaunched"]
    launch(d, "cinder-west")
    assert d.kinds == ["CommandRepeated"]


@pytest.mark.statement("R34")
def test_a_head_start_is_half_open():
    d = shipping(head_start=timedelta(days=120))
    launch(d, "borealis-east", on="2025-03-01")
    launch(d, "cinder-west", on="2025-06-28T23:59:59Z")
    assert d.refused == ["ships_first_elsewhere"]
    launch(d, "cinder-west", on="2025-06-29")
    assert d.kinds == ["ProductLaunched"]


@pytest.mark.statement("R34")
@pytest.mark.parametrize(
    ("release", "able", "willing", "free"),
    [
        ("all", False, False, True),
        ("all", False, True, False),
        ("all", True, False, False),
        ("any", False, True, True),
        ("any", True, False, True),
        ("any", True, True, False),
    ],
)
def test_the_release_condition_is_a_conjunction_or_a_disjunction_as_written(release, able, willing, free):
    d = shipping(release=release)
    d.say(DeclareAbility(by="borealis", launch="chat", able=able, willing=willing))
    launch(d, "cinder-west")
    assert d.kinds == (["ProductLaunched"] if free else ["CommandRefused"])


@pytest.mark.statement("R34")
def test_an_ability_is_for_one_product_and_only_the_holders_to_state():
    d = shipping()
    d.say(DeclareAbility(by="cinder", launch="chat", able=False, willing=False))
    assert d.refused == ["not_entitled"]
    d.say(DeclareAbility(by="borealis", launch="chat", able=False, willing=False))
    launch(d, "cinder-west", name="other")
    assert d.refused == ["ships_first_elsewhere"]
    launch(d, "cinder-west", workload="training")
    assert d.kinds == ["ProductLaunched"], "the clause speaks of products"


@pytest.mark.statement("R28", "R34", "S19")
def test_a_launch_obeys_hosting_too():
    d = Desk(compiled(exclusive(classes=("api",))))
    launch(d, "cinder-west", workload="api")
    assert d.refused == ["exclusive_elsewhere"]
    launch(d, "nowhere")
    assert d.refused == ["unknown_host"]
