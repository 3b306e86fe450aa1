"""What is in force, against a model that simply plays the amendments one after the other."""

import dataclasses
from datetime import date

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dibs.contract import amend, readings
from dibs.testing.agreements import agreements, days

USUAL = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
)
KNOWN = st.none() | days


def played(agreement, on, known):
    """Who is in force: begin with the first text, and do what each amendment says, in the order in which they take effect."""
    clauses = [(clause, clause.from_) for clause in agreement.clauses]
    for amendment in sorted(agreement.amendments, key=lambda a: a.effective):
        if not amendment.binding or amendment.effective > on or (known is not None and amendment.signed > known):
            continue
        gone = {*amendment.ends, *(c.id for c in amendment.replaces)}
        clauses = [(c, starts) for c, starts in clauses if c.id not in gone]
        clauses += [(c, max(c.from_ or amendment.effective, amendment.effective)) for c in amendment.replaces]
        clauses += [(c, c.from_ or amendment.effective) for c in amendment.adds]
    # A clause that is added may reach back behind its amendment: then it is in force before the amendment is.
    late = [
        (c, c.from_)
        for a in sorted(agreement.amendments, key=lambda a: a.effective)
        if a.binding and a.effective > on and (known is None or a.signed <= known)
        for c in a.adds
        if c.from_ is not None and c.from_ <= on
    ]
    out = []
    for clause, starts in [*clauses, *late]:
        if (starts is None or starts <= on) and (clause.until is None or on < clause.until):
            read = readings.resolve(clause)
            if read is not None:
                out.append(read)
    return out


@USUAL
@given(agreements(), days, KNOWN)
def test_in_force_is_what_playing_the_amendments_gives(agreement, on, known):
    assert sorted(c.id for c in amend.in_force(agreement, on, known)) == sorted(c.id for c in played(agreement, on, known))
    assert {c.id: c for c in amend.in_force(agreement, on, known)} == {c.id: c for c in played(agreement, on, known)}


@USUAL
@given(agreements(), days, KNOWN)
def test_no_clause_is_in_force_twice(agreement, on, known):
    ids = [c.id for c in amend.in_force(agreement, on, known)]
    assert len(ids) == len(set(ids))


@USUAL
@given(agreements(), days, days, KNOWN)
def test_a_difference_leads_from_one_day_to_the_other(agreement, one, other, known):
    found = amend.difference(agreement, one, other, known)
    before = {c.id: c for c in amend.in_force(agreement, one, known)}
    after = {c.id: c for c in amend.in_force(agreement, other, known)}
    for clause in found.ended:
        del before[clause.id]
    before |= {c.id: c.after for c in found.changed} | {c.id: c for c in found.added}
    assert before == after
    assert {c.id for c in found.unchanged} == set(after) - {c.id for c in found.added} - {c.id for c in found.changed}
    assert all(c.fields for c in found.changed)


@USUAL
@given(agreements(), days, KNOWN)
def test_the_version_at_a_day_is_the_one_whose_period_holds_it(agreement, on, known):
    holding = [v for v in amend.versions(agreement, known) if (v.starts is None or v.starts <= on) and (v.ends is None or on < v.ends)]
    assert [v.id for v in holding] == [amend.version_at(agreement, on, known)]


@USUAL
@given(agreements(), days)
def test_what_does_not_bind_changes_nothing(agreement, on):
    bare = dataclasses.replace(agreement, amendments=tuple(a for a in agreement.amendments if a.binding))
    assert amend.in_force(bare, on) == amend.in_force(agreement, on)
    assert amend.version_at(bare, on) == amend.version_at(agreement, on)


@USUAL
@given(agreements(), days)
def test_everything_is_known_on_the_last_day(agreement, on):
    assert amend.in_force(agreement, on, date(2100, 1, 1)) == amend.in_force(agreement, on)
