"""What the service measures of itself, for Prometheus.

Labels are kinds, routes and outcomes: never a party, a name or an id, for whoever reads metrics is not always somebody
who may read the book.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest

from dibs.procedure.events import CommandRefused, CommandRepeated

if TYPE_CHECKING:
    from collections.abc import Callable

    from dibs.broker import Heard
    from dibs.service.office import Commit, Office

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_LATE = (0, 1, 2, 5, 10, 30, 60, 300, 3600, 86_400)


class Metrics:
    """The measures of one service, in a registry of their own."""

    def __init__(self, office: Office, *, waiting: Callable[[], dict[str, int]] = dict) -> None:
        """Begin to measure an office; `waiting` says how many messages of each kind wait to be sent."""
        self._office = office
        self._waiting = waiting
        self._registry = CollectorRegistry(auto_describe=False)
        registry = self._registry
        self._acts = Counter("dibs_acts", "Acts heard, by kind and by what came of them.", ("kind", "outcome"), registry=registry)
        self._group = Histogram("dibs_commit_acts", "Acts that shared a commit.", buckets=_SIZES, registry=registry)
        self._commit = Histogram("dibs_commit_seconds", "From hearing a group to having it kept.", buckets=_SECONDS, registry=registry)
        self._late = Histogram("dibs_wake_late_seconds", "From the instant something was due to its entry.", buckets=_LATE, registry=registry)
        self._requests = Counter("dibs_http_requests", "Requests, by route and status.", ("method", "route", "status"), registry=registry)
        self._took = Histogram("dibs_http_seconds", "From request to answer.", ("method", "route"), buckets=_SECONDS, registry=registry)
        self._sent = Counter("dibs_messages", "Messages sent out, by kind and by what came of it.", ("kind", "outcome"), registry=registry)
        self._entries = Gauge("dibs_journal_entries", "Entries of the book.", registry=registry)
        self._offers = Gauge("dibs_offers_open", "Offers that wait for an answer.", registry=registry)
        self._queue = Gauge("dibs_acts_waiting", "Acts that have come in and are not heard yet.", registry=registry)
        self._out = Gauge("dibs_messages_waiting", "Messages that wait to be sent, by kind.", ("kind",), registry=registry)
        self._writable = Gauge("dibs_book_writable", "1 if the book could be written at the last try.", registry=registry)
        office.observers.append(self)

    def committed(self, commit: Commit) -> None:
        """Count a group."""
        self._group.observe(len(commit.acts))
        self._commit.observe(commit.seconds)
        for act, heard in zip(commit.acts, commit.outcomes, strict=True):
            self._acts.labels(type(act.command).__name__, outcome(heard)).inc()

    def woke(self, late: int) -> None:
        """Count a wake."""
        self._late.observe(late)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(method, route, str(status)).inc()
        self._took.labels(method, route).observe(seconds)

    def sent(self, kind: str, result: str) -> None:
        """Count a message that was sent, or was tried to be."""
        self._sent.labels(kind, result).inc()

    def text(self) -> bytes:
        """Everything as it is now, in the text format of Prometheus."""
        office = self._office
        self._entries.set(office.store.size)
        self._offers.set(sum(offer.status == "open" for offer in office.state.offers.values()))
        self._queue.set(office.waiting)
        self._writable.set(office.failing is None)
        for kind, count in self._waiting().items():
            self._out.labels(kind).set(count)
        return generate_latest(self._registry)


def outcome(heard: Heard) -> str:
    """What came of an act, in one word."""
    if isinstance(heard, Exception):
        return "not_heard"
    if any(isinstance(event, CommandRefused) for event in heard):
        return "refused"
    return "repeated" if any(isinstance(event, CommandRepeated) for event in heard) else "done"
