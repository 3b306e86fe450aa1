"""How a question is asked again: the rules that both clients share, without a connection."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dibs
from dibs.client.ask import Ask
from dibs.client.talk import Following, Lost, Pause, Reply, Retries, Send, asked_pause, talk
from dibs.client.wire import MeView

ME = Ask(method="GET", path="/v1/me", answer=MeView)
ACT = Ask(method="POST", path="/v1/grants/g-1/release", answer=MeView)
GOOD = Reply(status=200, headers={"content-type": "application/json"}, body=b'{"party":"a","name":"A","role":"desk","person":"p","house":true}')
BUSY = Reply(status=503, headers={}, body=b"")


def played(ask, outcomes, **retries):
    """What is sent and waited when this comes back, and what comes of it."""
    steps = talk(ask, server="https://dibs.test", retries=Retries(**retries), chance=random.Random(1))
    seen, heard, left = [], None, list(outcomes)
    while True:
        try:
            step = steps.send(heard)
        except StopIteration as done:
            return seen, done.value
        except (dibs.Problem, dibs.Unavailable) as error:
            return seen, error
        seen.append(step)
        heard = left.pop(0) if isinstance(step, Send) else None


def test_pauses_double_up_to_the_longest_and_leave_a_half_to_chance():
    seen, error = played(ME, [BUSY] * 8, attempts=8, pause=1.0, pause_max=5.0)
    pauses = [step.seconds for step in seen if isinstance(step, Pause)]
    longest = [1.0, 2.0, 4.0, 5.0, 5.0, 5.0, 5.0]
    assert all(most / 2 <= pause <= most for pause, most in zip(pauses, longest, strict=True))
    assert len(set(pauses)) == len(pauses)
    assert (error.code, error.retry) == ("DIB401", True)


@given(st.lists(st.sampled_from(["lost", "busy", "limited"]), max_size=10), st.integers(1, 6))
def test_a_write_keeps_its_key_and_is_never_sent_more_often_than_agreed(outcomes, attempts):
    replies = {"lost": Lost(says="reset"), "busy": BUSY, "limited": Reply(status=429, headers={"retry-after": "3"}, body=b"")}
    seen, came = played(ACT, [*(replies[one] for one in outcomes), GOOD], attempts=attempts, pause=0.0)
    sent = [step for step in seen if isinstance(step, Send)]
    assert len(sent) == min(attempts, len(outcomes) + 1)
    assert len({step.headers["idempotency-key"] for step in sent}) == 1
    assert isinstance(came, MeView) == (len(outcomes) < attempts)


def test_a_read_has_no_key_and_two_writes_have_two():
    (read, *_), _ = played(ME, [GOOD])
    assert "idempotency-key" not in read.headers
    keys = {played(ACT, [GOOD])[0][0].headers["idempotency-key"] for _ in range(20)}
    assert len(keys) == 20


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "Fri, 01 Mar 2025 00:00:30 GMT", "date": "Fri, 01 Mar 2025 00:00:10 GMT"}, 20.0),
        ({"retry-after": "Fri, 01 Mar 2025 00:00:00 GMT", "date": "Fri, 01 Mar 2025 00:00:10 GMT"}, 0.0),
        ({"retry-after": "Fri, 01 Mar 2025 00:00:30 GMT"}, 0.0),
        ({"retry-after": "soon"}, 0.0),
        ({"retry-after": "-5"}, 0.0),
        ({}, 0.0),
    ],
)
def test_the_pause_that_a_server_asks_for_is_read_in_both_its_forms(headers, seconds):
    assert asked_pause(Reply(status=503, headers=headers, body=b"")) == seconds


def test_a_server_that_asks_for_an_hour_is_not_waited_for():
    body = b'{"type":"/explain/DIB360","title":"t","status":429,"code":"DIB360","detail":"too often","retry":true}'
    seen, error = played(ME, [Reply(status=429, headers={"retry-after": "3600"}, body=body)])
    assert len(seen) == 1
    assert (error.code, error.status, error.retry) == ("DIB360", 429, True)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 415, 422, 500])
def test_what_will_not_change_is_not_asked_again(status):
    seen, error = played(ACT, [Reply(status=status, headers={}, body=b'{"status":%d,"code":"DIB999","detail":"no"}' % status)])
    assert len(seen) == 1
    assert error.status == status


@given(st.binary(max_size=200), st.integers(100, 599))
def test_whatever_comes_back_is_an_answer_or_raises_one_of_two(body, status):
    _, came = played(ME, [Reply(status=status, headers={"content-type": "application/json"}, body=body)] * 2, attempts=2, pause=0.0)
    assert isinstance(came, MeView | dibs.Problem | dibs.Unavailable)


def following(**options):
    given_ = {"cursor": "", "types": "", "start": "", **options}
    return Following(server="https://dibs.test", retries=Retries(attempts=3, pause=1.0), chance=random.Random(1), **given_)


def test_a_stream_begins_where_it_was_asked_and_goes_on_where_it_broke_off():
    stream = following(start="now", types="Granted")
    assert stream.parameters == {"types": "Granted", "start": "now"}
    event = '{"specversion":"1.0","id":"1","source":"s","type":"dibs.Granted","time":"2025-03-01T00:00:00Z","datacontenttype":"application/json",'
    event += '"data":{"type":"Granted","at":"2025-03-01T00:00:00Z","data":{}}}'
    heard = [stream.hear(line) for line in ("retry: 500", ": still here", "id: c1", "event: x", f"data: {event}", "")]
    assert [found[0] for found in heard if found] == ["c1"]
    assert stream.ended() == 0.5
    assert stream.parameters == {"types": "Granted"}
    assert stream.headers["last-event-id"] == "c1"
    assert [stream.hear(line) for line in (f"data: {event[:20]}",)] == [None]
    assert stream.broken(Lost(says="cut")) >= 0.5
    assert stream.hear("") is None  # what was cut off in the middle is not put together with what comes next


def test_a_stream_that_cannot_be_opened_is_given_up_in_the_end():
    stream = following()
    stream.broken(Lost(says="reset"))
    stream.broken(BUSY)
    with pytest.raises(dibs.Unavailable):
        stream.broken(Lost(says="reset"))
    with pytest.raises(dibs.Problem):
        following().broken(Reply(status=401, headers={}, body=b'{"status":401,"code":"DIB300","detail":"who?"}'))
