"""What is due next, with things put off, taken back and supposed on top."""

from hypothesis import given
from hypothesis import strategies as st

from dibs.procedure.supposing import Layer
from dibs.procedure.timers import RANK, SupposedTimers, Timers

KEYS = st.tuples(st.sampled_from(list(RANK)), st.sampled_from("abc"))
ACTS = st.lists(st.tuples(KEYS, st.none() | st.integers(0, 20)), max_size=40)


def run(timers, truth, acts):
    for (kind, name), instant in acts:
        if instant is None:
            timers.stop(kind, name)
            truth.pop((kind, name), None)
        else:
            timers.start(kind, name, instant)
            truth[kind, name] = instant


def first_of(truth):
    return min(((at, RANK[kind], kind, name) for (kind, name), at in truth.items()), default=None)


@given(ACTS)
def test_the_first_is_the_earliest_by_instant_rank_and_name(acts):
    timers, truth = Timers(), {}
    run(timers, truth, acts)
    assert timers.first() == first_of(truth)


@given(ACTS, ACTS)
def test_what_is_supposed_leaves_what_is_beneath_alone(acts, supposed):
    timers, truth = Timers(), {}
    run(timers, truth, acts)
    before, heap = dict(timers.at), list(timers._heap)
    above, what_if = SupposedTimers(timers), dict(truth)
    for act in supposed:
        run(above, what_if, [act])
        assert above.first() == first_of(what_if)
    assert (timers.at, timers._heap) == (before, heap)


@given(ACTS)
def test_everything_happens_once_in_order(acts):
    timers, truth = Timers(), {}
    run(timers, truth, acts)
    above, order = SupposedTimers(timers), []
    while (first := above.first()) is not None:
        order.append(first)
        above.stop(first[2], first[3])
    assert order == sorted((at, RANK[kind], kind, name) for (kind, name), at in truth.items())


@given(st.dictionaries(st.integers(0, 5), st.integers()), st.lists(st.tuples(st.integers(0, 5), st.none() | st.integers())))
def test_a_layer_reads_like_the_dictionary_it_stands_for(beneath, acts):
    layer, truth, kept = Layer(beneath), dict(beneath), dict(beneath)
    for key, value in acts:
        if value is None:
            assert layer.pop(key) == truth.pop(key, None)
        else:
            layer[key] = truth[key] = value
        assert {k: layer[k] for k in layer} == truth
        assert [layer.get(k, "no") for k in range(6)] == [truth.get(k, "no") for k in range(6)]
        assert [k in layer for k in range(6)] == [k in truth for k in range(6)]
    assert beneath == kept
