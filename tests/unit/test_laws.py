"""Each law is shown to bite by planting its violation in a journal, and to stay silent on a clean one.

The journals here are written by hand, row by row, as `journal.jsonl` holds them: no code of the procedure runs.
"""

import copy
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from dibs.laws import LAWS, LawReport, judge

HARBOUR = Path(__file__).parents[2] / "examples/harbour/agreement.yaml"
SPAN = {"starts": "2025-06-01", "ends": "2026-06-01"}


def seconds(day: str | int) -> int:
    return day if isinstance(day, int) else int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())


class Journal:
    """Rows of a journal, chained; days are written as days."""

    def __init__(self):
        self.rows = []

    def say(self, day, command, *events):
        """One entry: a command and what came of it.  An event takes effect when the entry is written, unless it says otherwise."""
        at = seconds(day)
        events = [{"at": at, **event} for event in events]
        for event in events:
            event["at"] = seconds(event["at"])
        previous = self.rows[-1]["leaf"] if self.rows else "0" * 64
        row = {
            "seq": len(self.rows),
            "at": datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "command": {"by": "aster", **command},
            "events": events,
        }
        self.rows.append({**row, "agreement": "a" * 64, "previous": previous, "leaf": f"{len(self.rows) + 1:064x}"})
        return self

    def declare(self, day, host, quantity, *, sku="h100", since="2025-01-01", **more):
        declared = {"type": "CapacityDeclared", "host": host, "sku": sku, "steps": [[seconds(since), quantity]]}
        return self.say(day, {"type": "DeclareCapacity"}, declared | more)

    def request(self, day, name="r1", quantity=5000, workload="training", held=True, **more):
        asked = {"id": name, "party": "aster", "workload_class": workload, "sku": "h100", "quantity": quantity, "months": 12} | more
        asked |= {"start_earliest": seconds("2025-06-01"), "start_latest": seconds("2026-06-01")}
        events = [{"type": "RequestSubmitted", "request": asked}]
        if held:
            events.append({"type": "RequestHeld", "request": name, "clause": "first-refusal", "holder": "borealis"})
        return self.say(day, {"type": "SubmitRequest"}, *events)

    def offer(self, day, respond_by, name="o1", request="r1", quantity=5000, *, terms=(), **more):
        bundle = {
            "sku": "h100",
            "quantity": quantity,
            "price": "2.10",
            "address": "the usual desk",
            **{t: seconds(d) for t, d in SPAN.items()},
            **dict(terms),
        }
        served = {"type": "OfferServed", "offer": name, "request": request, "clause": "first-refusal", "holder": "borealis"}
        served |= {"terms": bundle, "respond_by": seconds(respond_by), "minimum_accept": 500, **more}
        return self.say(day, {"type": "ServeNotice"}, served)

    def answer(self, day, kind, name="o1", request="r1", by="borealis", **more):
        return self.say(day, {"type": "Respond", "by": by, "offer": name}, {"type": kind, "offer": name, "request": request, **more})

    def decline(self, day, **more):
        return self.answer(day, "RightDeclined", **{"reason": "no_capacity", **more})

    def withdraw(self, day):
        event = {"type": "OfferWithdrawn", "offer": "o1", "request": "r1", "watch_until": seconds(day) + 30 * 86_400}
        return self.say(day, {"type": "WithdrawOffer"}, event)

    def lapse(self, day, name="o1", request="r1", at=None):
        return self.say(day, {"type": "Wake", "by": "clock"}, {"type": "RightLapsed", "offer": name, "request": request, "at": at or day})

    def grant(self, day, host="cinder-west", name="g1", request="r1", quantity=5000, *, price="2.00", terms=(), starts=None, ends=None, **more):
        of = {"borealis-east": ("borealis", "borealis"), "borealis-cinder": ("borealis", "cinder"), "cinder-west": ("cinder", "cinder")}
        of |= {"delta-south": ("delta", "delta"), "aster-yard": ("aster", "delta")}
        span = {"starts": seconds(starts or SPAN["starts"]), "ends": seconds(ends or SPAN["ends"])}
        command = {"type": "ProposeGrant", "terms": {"price": price, **span, **dict(terms)}}
        event = {"type": "Granted", "grant": name, "request": request, "host": host, "platform": of[host][0], "operator": of[host][1]}
        return self.say(day, command, event | {"sku": "h100", "workload_class": "training", "quantity": quantity, "price": price} | span | more)

    def use(self, day, host, workload, name="u1", *, starts="2025-06-01", ends="2025-06-02", hours=10):
        event = {"type": "UsageReported", "report": name, "host": host, "workload_class": workload, "accelerator_hours": hours}
        return self.say(day, {"type": "ReportUsage"}, event | {"starts": seconds(starts), "ends": seconds(ends)})


def after_refusal(**kwargs) -> Journal:
    """A need of 5,000 that the holder declined on 20 March 2025: free until 18 June, at 2.10 at most."""
    book = Journal().declare("2025-03-01", "cinder-west", 20_000).declare("2025-03-01", "borealis-east", 20_000)
    return book.request("2025-03-01", **kwargs).offer("2025-03-02", "2025-04-01").decline("2025-03-20")


@pytest.fixture(scope="module")
def harbour() -> dict:
    return YAML(typ="safe").load(HARBOUR.read_text())


def broken(reports: list[LawReport]) -> dict[int, list[int]]:
    """Which laws were broken, and by which entries."""
    return {r.law: [v.entry for v in r.violations] for r in reports if not r.holds}


def changed(agreement: dict, clause: str, **fields) -> dict:
    """The agreement with some fields of one clause changed."""
    text = copy.deepcopy(agreement)
    written = [*text["clauses"], *text["amendments"][0]["adds"]]
    next(c for c in written if c["id"] == clause).update(fields)
    return text


def words(reports: list[LawReport], law: int) -> str:
    return " / ".join(v.words for v in reports[law - 1].violations)


# A clean journal.


def clean() -> Journal:
    """Something of everything, as it should be."""
    book = Journal().declare("2025-02-01", "borealis-cinder", 100)
    book.rows += after_refusal().rows
    rechain(book)
    book.grant("2025-04-02").request("2025-04-03", "r2", 3000).offer("2025-04-04", "2025-05-04", "o2", "r2", 3000)
    book.answer("2025-04-10", "RightExercised", "o2", "r2", quantity=1000, remainder=2000, deliver_by=seconds("2025-06-01"))
    book.grant("2025-04-10", "borealis-east", "g2", "r2", 1000, price="2.10", offer="o2", to_holder=True).grant(
        "2025-04-12", "cinder-west", "g3", "r2", 2000
    )
    book.request("2025-05-05", "r3", 1000).offer("2025-05-06", "2025-06-05", "o3", "r3", 1000).lapse("2025-06-07", "o3", "r3", at="2025-06-05")
    book.grant("2025-09-01", "cinder-west", "g4", "r3", 1000, starts="2025-06-01")
    book.request("2025-09-02", "r4", 100, "api", held=False).grant("2025-09-03", "borealis-cinder", "g5", "r4", 100, workload_class="api")
    book.request("2025-09-04", "r5", 4000, "research", held=False, own_build=True)
    book.use("2025-09-05", "borealis-east", "api").use("2025-09-05", "aster-yard", "training", "u2")
    return book


def rechain(book: Journal) -> None:
    """Number and chain the rows again after some were put in by hand."""
    previous = "0" * 64
    for i, row in enumerate(book.rows):
        row.update(seq=i, previous=previous, leaf=f"{i + 1:064x}")
        previous = row["leaf"]


def test_a_clean_journal_breaks_no_law_and_every_law_was_counted_on_something(harbour):
    reports = judge(clean().rows, harbour)
    assert broken(reports) == {}, [r.violations for r in reports]
    assert [r.law for r in reports] == [1, 2, 3, 4, 5, 6, 7]
    assert [r.says for r in reports] == list(LAWS)
    assert all(r.checked > 0 for r in reports)


def test_an_empty_journal_breaks_no_law_and_counts_nothing(harbour):
    reports = judge([], harbour)
    assert [(r.checked, r.holds) for r in reports] == [(0, True)] * 7


# Violations, planted.  Each names the laws that must catch it, and nothing else may.


def asked(quantity=5000, **more) -> Journal:
    """A need with room for it everywhere, before anybody was asked."""
    book = Journal()
    for host in ("cinder-west", "borealis-east", "borealis-cinder", "delta-south", "aster-yard"):
        book.declare("2025-02-01", host, 20_000)
    return book.request("2025-03-01", quantity=quantity, **more)


def offered(**more) -> Journal:
    return asked().offer("2025-03-02", "2025-04-01", **more)


def exercised(taken, remainder) -> Journal:
    return offered().answer("2025-03-10", "RightExercised", quantity=taken, remainder=remainder, deliver_by=seconds("2025-06-01"))


def twin(book: Journal, **change) -> Journal:
    """The journal with its last row said again, chained properly, with something changed in its event."""
    row = copy.deepcopy(book.rows[-1])
    row["events"][0].update(change)
    book.rows.append(row)
    rechain(book)
    return book


def edited(book: Journal, row: int, **change) -> Journal:
    """The journal with a field of one row overwritten, and not chained again."""
    book.rows[row].update(change)
    return book


def headless(book: Journal) -> Journal:
    """The journal without its first entry, which only declares capacity that the rest does not need."""
    del book.rows[0]
    return book


def ruled(answer: str, *, undetermined=True) -> Journal:
    """A person ruled on a need that the agreement left open, or had not left open."""
    book = asked(held=False)
    if undetermined:
        book.say("2025-03-02", {"type": "Wake"}, {"type": "RequestUndetermined", "request": "r1"})
    return book.say("2025-03-03", {"type": "Rule"}, {"type": "Ruled", "request": "r1", "answer": answer, "by": "aster", "why": "it is a pilot"})


def renewal(quantity=5000) -> Journal:
    """A year after an alternate was signed, its reservation is continued."""
    book = after_refusal().grant("2025-04-02").request("2026-05-01", "r2", quantity, held=False, renewal_of="g1")
    return book.grant("2026-05-02", name="g2", request="r2", quantity=quantity, starts="2026-06-01", ends="2027-06-01")


def defective() -> Journal:
    """A notice without regions was served."""
    event = {"type": "NoticeDefective", "offer": "o1", "request": "r1", "clause": "first-refusal", "holder": "borealis"}
    return asked().say("2025-03-02", {"type": "ServeNotice"}, event | {"terms": {"price": "2.10"}, "missing": ["regions"]})


def drifted() -> Journal:
    """Own-build was used for product work, and that was flagged."""
    book = asked().use("2025-06-04", "aster-yard", "product", "u2", starts="2025-06-02", ends="2025-06-04", hours=11)
    flag = {"type": "PurposeDrifted", "at": seconds("2025-06-04"), "clause": "own-build", "host": "aster-yard", "share": "0", "at_least": "0.5"}
    book.rows[-1]["events"].append(flag)
    return book


LATER = {"delivery_tolerance": 864_000}

PLANTED = {
    # 1: covered capacity, alternates, ceilings.
    "an alternate is signed for covered capacity and nobody was asked": ({1, 7}, lambda: asked().grant("2025-03-05")),
    "the request was never even held": ({1}, lambda: asked(held=False).grant("2025-03-05")),
    "an alternate is signed while the notice runs": ({1, 7}, lambda: offered().grant("2025-03-05")),
    "an alternate is signed after the notice was withdrawn": (
        {1, 7},
        lambda: offered().withdraw("2025-03-09").grant("2025-03-10"),
    ),
    "an alternate is signed one second after the market closed": ({1}, lambda: after_refusal().grant(seconds("2025-06-18") + 1, starts="2025-06-01")),
    "an alternate is signed in the instant the market closes": ({1}, lambda: after_refusal().grant("2025-06-18", starts="2025-06-01")),
    "an alternate gets a cent more an hour": ({1}, lambda: after_refusal().grant("2025-04-02", price="2.11")),
    "an alternate is paid whether or not the capacity is taken": ({1}, lambda: after_refusal().grant("2025-04-02", terms={"take_or_pay": "0.5"})),
    "an alternate is paid in advance": ({1}, lambda: after_refusal().grant("2025-04-02", terms={"prepayment": "0.2"})),
    "an alternate gets warrants": ({1}, lambda: after_refusal().grant("2025-04-02", terms={"warrants": "1000000"})),
    "an alternate may deliver later": ({1}, lambda: after_refusal().grant("2025-04-02", terms=LATER)),
    "an alternate gets a longer term": ({1}, lambda: after_refusal().grant("2025-04-02", ends="2027-06-01")),
    "an alternate is cheaper and longer, which cannot be compared": (
        {1},
        lambda: after_refusal().grant("2025-04-02", price="1.00", ends="2027-06-01"),
    ),
    "more goes elsewhere than the holder left": ({1}, lambda: exercised(1000, 4000).grant("2025-04-02", quantity=4500)),
    "the remainder goes elsewhere twice": (
        {1, 3},
        lambda: exercised(1000, 4000).grant("2025-04-02", quantity=4000).grant("2025-04-03", name="g2", quantity=4000),
    ),
    "a need of 600 is split from another of 600 (R16)": (
        {1},
        lambda: (
            asked(600, held=False)
            .grant("2025-03-01", quantity=600)
            .request("2025-03-15", "r2", 600, held=False)
            .grant("2025-03-16", name="g2", request="r2", quantity=600)
        ),
    ),
    "a small need follows a withdrawn notice for the same purpose": (
        {1},
        lambda: (
            offered().withdraw("2025-03-09").request("2025-04-05", "r2", 500, held=False).grant("2025-04-06", name="g2", request="r2", quantity=500)
        ),
    ),
    "an alternate promises less availability": ({1}, lambda: offered(terms={"service_level": "0.999"}).decline("2025-03-20").grant("2025-04-02")),
    "an alternate delivers later": ({1}, lambda: after_refusal().grant("2025-04-02", starts="2025-07-01", ends="2026-07-01")),
    "a person rules on what the agreement had settled": ({1}, lambda: ruled("permitted", undetermined=False).grant("2025-03-04")),
    "a person rules that the holder is asked first, and nobody asks": ({1}, lambda: ruled("offer_first").grant("2025-03-04")),
    "a renewal is larger than what it renews": ({1}, lambda: renewal(quantity=5001)),
    "a burst lasts three days": ({1}, lambda: asked(held=False, burst=True).grant("2025-03-05", starts="2025-06-01", ends="2025-06-04")),
    "two days are needed, and it is no emergency": ({1}, lambda: asked(held=False).grant("2025-03-05", starts="2025-06-01", ends="2025-06-03")),
    "own-build that drifted from its purpose is expanded without asking": (
        {1},
        lambda: drifted().request("2025-06-05", "r2", held=False).grant("2025-06-06", "aster-yard", "g2", "r2", starts="2025-07-01"),
    ),
    "a product goes to own-build, whose consent is for training and research": (
        {1},
        lambda: asked(workload="product", held=False).grant("2025-03-05", "aster-yard", workload_class="product"),
    ),
    "a right is suspended after two defaults, where it takes three": ({1}, lambda: defaulted(2)),
    "the holder is given a day less than was agreed": ({1}, lambda: asked().offer("2025-03-02", "2025-03-31")),
    "a re-offer gives the holder less than a third": (
        {1},
        lambda: after_refusal().offer("2025-04-02", seconds("2025-04-12") - 1, "o2", reoffer=True),
    ),
    "the right is said to have ended while it stands": (
        {1},
        lambda: asked().say("2025-03-05", {"type": "Wake"}, {"type": "RightEnded", "request": "r1", "quantity": 5000}),
    ),
    "the holder is put in default of more than it took": (
        {1},
        lambda: (
            asked(held=False)
            .grant("2025-03-05", "borealis-east", quantity=3000)
            .say("2025-08-01", {"type": "Wake"}, {"type": "HolderDefaulted", "grant": "g1", "request": "r1", "quantity": 3001, "strikes": 1})
        ),
    ),
    "the holder is put in default before it owed anything": (
        {1},
        lambda: (
            asked(held=False)
            .grant("2025-03-05", "borealis-east")
            .say("2025-03-06", {"type": "Wake"}, {"type": "HolderDefaulted", "grant": "g1", "request": "r1", "quantity": 5000, "strikes": 1})
        ),
    ),
    # 2: exclusive classes, hosts, consents.
    "the api is granted off its platform": ({2}, lambda: asked(workload="api", held=False).grant("2025-03-05", workload_class="api")),
    "the api runs off its platform": ({2}, lambda: asked().use("2025-06-03", "cinder-west", "api")),
    "the api is launched off its platform": (
        {2},
        lambda: asked().say(
            "2025-06-03",
            {"type": "AnnounceLaunch"},
            {"type": "ProductLaunched", "launch": "l1", "workload_class": "api", "host": "delta-south", "platform": "delta"},
        ),
    ),
    "training runs elsewhere while everything was exclusive": (
        {2},
        lambda: asked().use("2025-03-01", "cinder-west", "training", starts="2024-06-01", ends="2024-06-02"),
    ),
    "a grant says another platform than the agreement": ({2}, lambda: after_refusal().grant("2025-04-02", platform="borealis")),
    "own-build is used for something else and nobody says so": (
        {2},
        lambda: (
            asked()
            .use("2025-06-03", "aster-yard", "training")
            .use("2025-06-04", "aster-yard", "product", "u2", starts="2025-06-02", ends="2025-06-04", hours=11)
        ),
    ),
    "own-build is flagged while it keeps its purpose": (
        {2},
        lambda: drifted().use("2025-06-05", "aster-yard", "training", "u3", starts="2025-06-04", ends="2025-06-05", hours=90),
    ),
    "a grant is on a host that the agreement does not name": ({2}, lambda: twin(after_refusal().grant("2025-04-02"), grant="g2", host="atlantis")),
    # 3: promised once.
    "two grants promise the same accelerators": (
        {3},
        lambda: (
            Journal()
            .declare("2025-02-01", "borealis-east", 1000)
            .request("2025-03-01", quantity=800, held=False)
            .grant("2025-03-02", "borealis-east", quantity=400)
            .request("2025-03-03", "r2", 800, held=False)
            .grant("2025-03-04", "borealis-east", "g2", "r2", 700)
        ),
    ),
    "a grant begins before the capacity is there": (
        {3},
        lambda: (
            Journal()
            .declare("2025-02-01", "borealis-east", 5000, since="2025-07-01")
            .request("2025-03-01", held=False)
            .grant("2025-03-02", "borealis-east")
        ),
    ),
    "capacity ends in the middle of a grant": (
        {3},
        lambda: (
            Journal()
            .say(
                "2025-02-01",
                {"type": "DeclareCapacity"},
                {
                    "type": "CapacityDeclared",
                    "host": "borealis-east",
                    "sku": "h100",
                    "steps": [[seconds("2025-01-01"), 5000], [seconds("2025-12-01"), 4999], [seconds("2025-12-02"), 5000]],
                },
            )
            .request("2025-03-01", held=False)
            .grant("2025-03-02", "borealis-east")
        ),
    ),
    "a grant is made on capacity that was taken back": (
        {3},
        lambda: (
            asked(held=False)
            .grant("2025-03-02", "borealis-east", quantity=2000)
            .declare("2025-03-03", "borealis-east", 2000)
            .grant("2025-03-04", "borealis-east", "g2", quantity=1)
        ),
    ),
    "capacity of another kind of accelerator is promised": ({3}, lambda: asked(held=False).grant("2025-03-02", "borealis-east", sku="gb200")),
    "more is granted than was asked": (
        {3},
        lambda: asked(held=False).grant("2025-03-02", "borealis-east").grant("2025-03-03", "borealis-east", "g2", quantity=1),
    ),
    "a holder takes more than was offered": ({3}, lambda: exercised(6000, 0)),
    "part of a need vanishes between taken and left over": ({3}, lambda: exercised(1000, 3999)),
    "a grant is given twice": ({3}, lambda: twin(after_refusal().grant("2025-04-02"))),
    "a holder takes nothing and calls it exercising": ({3}, lambda: exercised(0, 5000)),
    "more is taken than was offered, and the rest is less than nothing": ({3}, lambda: exercised(6000, -1000)),
    "a grant is of nothing": ({3}, lambda: asked(held=False).grant("2025-03-02", "borealis-east", quantity=0)),
    "a grant is for no time": ({3}, lambda: asked(held=False).grant("2025-03-02", "borealis-east", starts="2025-06-01", ends="2025-06-01")),
    "a grant ends twice": (
        {3},
        lambda: twin(
            after_refusal().grant("2025-04-02").say("2025-07-01", {"type": "ReleaseGrant"}, {"type": "GrantEnded", "grant": "g1", "why": "released"})
        ),
    ),
    # 4: one outcome.
    "an offer is declined and then lapses": ({4}, lambda: offered().decline("2025-03-20").lapse("2025-04-01")),
    "an offer lapses and is then exercised": (
        {4},
        lambda: offered().lapse("2025-04-01").answer("2025-04-01", "RightExercised", quantity=5000, remainder=0, deliver_by=0),
    ),
    "an answer at the deadline counts": ({4}, lambda: offered().answer("2025-04-01", "RightExercised", quantity=5000, remainder=0, deliver_by=0)),
    "an offer lapses before its deadline": ({4}, lambda: offered().lapse("2025-03-31")),
    "an offer lapses when somebody looks": ({4}, lambda: offered().lapse("2025-04-05")),
    "an offer runs out and nothing is written down": ({4}, lambda: offered().declare("2025-04-02", "cinder-west", 30_000)),
    "an offer is served twice": ({4}, lambda: offered().offer("2025-03-05", "2025-04-05")),
    "an offer is withdrawn after it was accepted": ({4}, lambda: exercised(5000, 0).withdraw("2025-03-11")),
    "a request is submitted twice": ({4}, lambda: asked().request("2025-03-02")),
    "an offer that was answered is served again, with a defect": (
        {4},
        lambda: (
            offered()
            .decline("2025-03-20")
            .say(
                "2025-03-21",
                {"type": "ServeNotice"},
                {
                    "type": "NoticeDefective",
                    "offer": "o1",
                    "request": "r1",
                    "clause": "first-refusal",
                    "holder": "borealis",
                    "terms": {},
                    "missing": ["price"],
                },
            )
        ),
    ),
    "a notice that was withdrawn while defective is served again": (
        {4},
        lambda: defective().withdraw("2025-03-03").offer("2025-03-04", "2025-04-03"),
    ),
    "a defective notice lapses": ({4}, lambda: defective().lapse("2025-04-01")),
    "a counter is accepted that nobody made": (
        {4},
        lambda: offered().decline("2025-03-20").answer("2025-03-21", "CounterAccepted", by="aster", quantity=5000),
    ),
    "a counter is accepted for more than was offered": (
        {4},
        lambda: (
            offered()
            .answer("2025-03-05", "RightCountered", quantity=5000, terms={"price": "2.50"})
            .answer("2025-03-06", "CounterAccepted", by="aster", quantity=5001)
        ),
    ),
    "a clock is stopped for a cause that was not agreed": ({4}, lambda: tolled("2025-04-11")),
    "another round is opened where a match ends the contest": (
        {4},
        lambda: offered().answer("2025-03-20", "RoundOpened", quantity=5000, until=seconds("2025-04-10")),
    ),
    # 5: prices, and counting once.
    "a price is changed after the grant": (
        {5},
        lambda: (
            after_refusal()
            .grant("2025-04-02")
            .say(
                "2025-05-01",
                {"type": "Wake"},
                {
                    "type": "EqualTermsOwed",
                    "clause": "no-such",
                    "beneficiary": "aster",
                    "obliged": "cinder",
                    "grant": "g1",
                    "price": "1.00",
                    "adjusted": True,
                },
            )
        ),
    ),
    "the holder is granted at another price than it took": (
        {5},
        lambda: exercised(5000, 0).grant("2025-03-10", "borealis-east", price="2.20", offer="o1", to_holder=True),
    ),
    "a grant is at another price than was proposed": ({5}, lambda: after_refusal().grant("2025-04-02", terms={"price": "1.90"})),
    "a grant is at another price than the host asks, and none was proposed": (
        {5},
        lambda: (
            Journal()
            .declare("2025-02-01", "borealis-east", 9000, price="1.50")
            .request("2025-03-01", held=False)
            .grant("2025-03-02", "borealis-east", terms={"price": None}, price="1.60")
        ),
    ),
    "a grant is at less than no price": ({5}, lambda: asked(held=False).grant("2025-03-02", "borealis-east", price="-1")),
    "one usage report is counted twice": ({5}, lambda: twin(asked().use("2025-06-03", "borealis-east", "api"))),
    # 6: replayable.
    "the journal does not begin at the beginning": ({6}, lambda: headless(asked(held=False))),
    "an entry is missing": ({6}, lambda: edited(asked(), 5, seq=6)),
    "an entry does not name the one before": ({6}, lambda: edited(asked(), 3, previous="f" * 64)),
    "the clock goes back between entries": ({6}, lambda: asked().declare("2025-02-28", "cinder-west", 30_000)),
    "a lapse is written down after something later": (
        {6},
        lambda: offered().declare("2025-04-02", "cinder-west", 30_000).lapse("2025-04-03", at="2025-04-01"),
    ),
    "an event takes effect after its entry": ({6}, lambda: offered().lapse("2025-03-31", at="2025-04-01")),
    "a command is met with silence": ({6}, lambda: asked().say("2025-03-02", {"type": "ServeNotice"})),
    "a grant nobody gave is delivered": (
        {6},
        lambda: asked().say("2025-06-01", {"type": "ConfirmDelivery"}, {"type": "DeliveryConfirmed", "grant": "g9", "quantity": 1, "on_time": True}),
    ),
    "an offer nobody made is declined": ({6}, lambda: asked().decline("2025-03-20")),
    # 7: who learns what.
    "a notice goes to somebody with no right": ({7}, lambda: offered(holder="cinder")),
    "a notice tells the holder who else would deliver": ({7}, lambda: offered(terms={"offeror": "cinder"})),
    "a notice names a rival in its small print": ({7}, lambda: offered(terms={"payment": "as agreed with Cinder Compute"})),
    "somebody else answers for the holder": ({7}, lambda: offered().decline("2025-03-20", by="cinder")),
    "an unnamed person reads a notice behind the barrier": (
        {7},
        lambda: offered(barrier=True).say(
            "2025-03-03", {"type": "ReadNotice", "by": "borealis"}, {"type": "NoticeRead", "offer": "o1", "person": "mole", "allowed": True}
        ),
    ),
    "another party reads a notice": (
        {7},
        lambda: offered().say(
            "2025-03-03", {"type": "ReadNotice", "by": "cinder"}, {"type": "NoticeRead", "offer": "o1", "person": "mole", "allowed": True}
        ),
    ),
    "somebody else waives for the holder": (
        {7},
        lambda: offered().say(
            "2025-03-05", {"type": "WaiveRight", "by": "cinder"}, {"type": "RightWaived", "request": "r1", "offer": "o1", "signed_by": "C"}
        ),
    ),
    "a right is passed on that is personal": (
        {7},
        lambda: asked().say(
            "2025-03-02",
            {"type": "AssignRight", "by": "borealis"},
            {"type": "RightAssigned", "clause": "first-refusal", "holder": "borealis", "to": "delta"},
        ),
    ),
    "a competitor is served without a barrier": (
        {7},
        lambda: asked(quantity=100).request("2025-07-01", "r2", 5000).offer("2025-07-02", "2025-08-01", request="r2"),
    ),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_violation_is_caught_by_its_laws_and_no_other(planted, harbour):
    laws, plant = PLANTED[planted]
    reports = judge(plant().rows, harbour)
    assert set(broken(reports)) == laws, [r.violations for r in reports]
    for report in reports:
        for violation in report.violations:
            assert re.match(r"[a-z`]", violation.words), violation


def test_every_law_was_planted_at_least_three_times():
    assert {law: sum(law in laws for laws, _ in PLANTED.values()) >= 3 for law in range(1, 8)} == dict.fromkeys(range(1, 8), True)


# What looks like a violation and is none.

CHEAP_BUT_LONG = {"price": "1.00", "ends": "2027-06-01"}

LAWFUL = {
    "a cheaper alternate needs no new offer": lambda: after_refusal().grant("2025-04-02", price="0.50"),
    "the last second of the free market counts": lambda: after_refusal().grant(seconds("2025-06-18") - 1, starts="2025-06-01"),
    "an alternate may begin on the very terms that were refused": lambda: after_refusal().grant("2025-04-02", price="2.10"),
    "a need under the minimum lot opens no case": lambda: asked(999, held=False).grant("2025-03-05", quantity=999),
    "two small needs of different purposes are not added up": lambda: (
        asked(600, held=False, purpose="a")
        .grant("2025-03-01", quantity=600)
        .request("2025-03-15", "r2", 600, held=False, purpose="b")
        .grant("2025-03-16", name="g2", request="r2", quantity=600)
    ),
    "two small needs a look-back apart are not added up": lambda: (
        asked(600, held=False)
        .grant("2025-03-01", quantity=600)
        .request("2025-03-31", "r2", 600, held=False)
        .grant("2025-04-01", name="g2", request="r2", quantity=600)
    ),
    "training goes to own-build without asking": lambda: asked(held=False).grant("2025-03-05", "aster-yard"),
    "the holder's own platform is never covered": lambda: asked(held=False).grant("2025-03-05", "borealis-east"),
    "another's machines under the holder's contract are the holder's": lambda: asked(held=False).grant("2025-03-05", "borealis-cinder"),
    "the api may run on another's machines under the holder's contract": lambda: asked().use("2025-06-03", "borealis-cinder", "api"),
    "a written waiver frees the need": lambda: (
        asked()
        .say("2025-03-02", {"type": "WaiveRight", "by": "borealis"}, {"type": "RightWaived", "request": "r1", "signed_by": "Bo"})
        .grant("2025-03-03", price="99")
    ),
    "a need is waived a second time, after the first waiver has run out": lambda: (
        asked()
        .say("2025-03-02", {"type": "WaiveRight", "by": "borealis"}, {"type": "RightWaived", "request": "r1", "signed_by": "Bo"})
        .say("2025-07-02", {"type": "WaiveRight", "by": "borealis"}, {"type": "RightWaived", "request": "r1", "signed_by": "Bo"})
        .grant("2025-07-03")
    ),
    "a need that is small by itself was waived, and is watched later": lambda: (
        asked(500, held=False)
        .say("2025-03-02", {"type": "WaiveRight", "by": "borealis"}, {"type": "RightWaived", "request": "r1", "signed_by": "Bo"})
        .request("2025-03-03", "r2")
        .offer("2025-03-04", "2025-04-03", request="r2")
        .say(
            "2025-03-05", {"type": "WithdrawOffer"}, {"type": "OfferWithdrawn", "offer": "o1", "request": "r2", "watch_until": seconds("2025-04-04")}
        )
        .grant("2025-03-06", quantity=500)
    ),
    "a defaulted lot is covered elsewhere at any price": lambda: (
        exercised(5000, 0)
        .grant("2025-03-10", "borealis-east", price="2.10", offer="o1", to_holder=True)
        .say("2025-08-01", {"type": "Wake"}, {"type": "HolderDefaulted", "grant": "g1", "request": "r1", "quantity": 5000, "strikes": 1})
        .grant("2025-08-02", "cinder-west", "g2", price="9.90", starts="2025-08-02")
    ),
    "a renewal of the same size opens no case": renewal,
    "a burst of two days opens no case": lambda: asked(held=False, burst=True).grant("2025-03-05", starts="2025-06-01", ends="2025-06-03"),
    "a person ruled what the agreement left open": lambda: ruled("permitted").grant("2025-03-04"),
    "the clock wakes and nothing was due": lambda: asked().say("2025-03-02", {"type": "Wake", "by": "clock"}),
    "a holder that owes equal terms is told so, and the price stays": lambda: (
        asked(held=False)
        .grant("2025-03-05", "borealis-east")
        .say(
            "2025-05-01",
            {"type": "Wake"},
            {
                "type": "EqualTermsOwed",
                "clause": "x",
                "beneficiary": "aster",
                "obliged": "borealis",
                "grant": "g1",
                "price": "1.00",
                "adjusted": False,
            },
        )
    ),
    "capacity falls in the middle of a grant to exactly what is promised": lambda: (
        Journal()
        .say(
            "2025-02-01",
            {"type": "DeclareCapacity"},
            {
                "type": "CapacityDeclared",
                "host": "borealis-east",
                "sku": "h100",
                "steps": [[seconds("2025-01-01"), 9000], [seconds("2025-12-01"), 5000]],
            },
        )
        .request("2025-03-01", held=False)
        .grant("2025-03-02", "borealis-east")
    ),
    "nothing was exclusive before the agreement": lambda: asked().use("2025-03-02", "cinder-west", "api", starts="2022-06-01", ends="2022-06-02"),
    "a right that was suspended after three defaults binds nobody": lambda: defaulted(3).grant(
        "2026-01-05", request="r9", name="g9", starts="2026-02-01"
    ),
    "nothing is exclusive any more on the day after the term": lambda: asked().use(
        "2031-01-02", "cinder-west", "api", starts="2031-01-01", ends="2031-01-02"
    ),
    "capacity that was given back is promised again": lambda: (
        Journal()
        .declare("2025-02-01", "borealis-east", 1000)
        .request("2025-03-01", quantity=900, held=False)
        .grant("2025-03-02", "borealis-east", quantity=900)
        .say("2025-07-01", {"type": "ReleaseGrant"}, {"type": "GrantEnded", "grant": "g1", "why": "released"})
        .request("2025-07-02", "r2", 900, held=False)
        .grant("2025-07-02", "borealis-east", "g2", "r2", 900, starts="2025-07-02")
    ),
    "capacity follows on without a gap": lambda: (
        Journal()
        .declare("2025-02-01", "borealis-east", 1000)
        .request("2025-03-01", quantity=1000, held=False)
        .grant("2025-03-02", "borealis-east", quantity=1000)
        .request("2025-03-03", "r2", 1000, held=False)
        .grant("2025-03-04", "borealis-east", "g2", "r2", 1000, starts="2026-06-01", ends="2027-06-01")
    ),
    "a cured notice is served under its old name": lambda: defective().offer("2025-03-03", "2025-04-02").lapse("2025-04-02").grant("2025-04-03"),
    "a re-offer of richer terms is refused, and the richer terms may be signed": lambda: (
        after_refusal()
        .offer("2025-04-02", "2025-04-12", "o2", terms={"price": "3.00"}, reoffer=True)
        .decline("2025-04-05", name="o2")
        .grant("2025-04-06", price="3.00")
    ),
    "a refused command changes nothing and is on record": lambda: offered().say(
        "2025-03-03", {"type": "ProposeGrant"}, {"type": "CommandRefused", "command": "ProposeGrant", "subject": "g1", "by": "aster"}
    ),
    "work that ran off its platform is on record as a breach": lambda: asked().say(
        "2025-06-03",
        {"type": "ReportUsage"},
        *asked().use("2025-06-03", "cinder-west", "api").rows[-1]["events"],
        {"type": "BreachNoted", "request": "", "clause": "api-hosting", "by": "aster", "what": "exclusive_elsewhere"},
    ),
    "own-build that drifted is flagged until it keeps its purpose again": lambda: (
        drifted()
        .use("2025-06-05", "aster-yard", "research", "u3", starts="2025-06-04", ends="2025-06-05", hours=10)
        .say(
            "2025-06-06",
            {"type": "ReportUsage"},
            *asked().use("2025-06-06", "aster-yard", "training", "u4", starts="2025-06-05", ends="2025-06-06", hours=1).rows[-1]["events"],
            {"type": "PurposeRestored", "clause": "own-build", "host": "aster-yard", "share": "0.5"},
        )
    ),
    "use that lies further back than the window does not count for the purpose": lambda: drifted().say(
        "2025-09-06",
        {"type": "ReportUsage"},
        *asked().use("2025-09-06", "aster-yard", "training", "u4", starts="2025-09-05", ends="2025-09-06", hours=1).rows[-1]["events"],
        {"type": "PurposeRestored", "clause": "own-build", "host": "aster-yard", "share": "1"},
    ),
    "an offer lapses while somebody else is speaking": lambda: offered().say(
        "2025-04-05", {"type": "Respond", "by": "cinder", "offer": "o1"}, {"type": "RightLapsed", "offer": "o1", "request": "r1", "at": "2025-04-01"}
    ),
    "an offer in flight at the end of the journal has no outcome yet": lambda: offered().declare("2025-03-31", "cinder-west", 30_000),
    "a refusal for the price frees like any other": lambda: offered().decline("2025-03-20", reason="price").grant("2025-03-25"),
    "without a barrier anybody at the holder reads its notices": lambda: offered().say(
        "2025-03-03", {"type": "ReadNotice", "by": "borealis"}, {"type": "NoticeRead", "offer": "o1", "person": "mole", "allowed": True}
    ),
    "a need that was given up is not added to the next": lambda: (
        asked(600, held=False)
        .say("2025-03-02", {"type": "CancelRequest"}, {"type": "RequestCancelled", "request": "r1"})
        .request("2025-03-15", "r2", 600, held=False)
        .grant("2025-03-16", request="r2", quantity=600)
    ),
    "somebody else's need is not added to the grantor's": lambda: (
        asked(600, held=False, party="delta").request("2025-03-15", "r2", 600, held=False).grant("2025-03-16", request="r2", quantity=600)
    ),
    "the named staff of a holder read its notices": lambda: (
        offered(barrier=True)
        .say("2025-03-03", {"type": "GrantAccess", "by": "borealis"}, {"type": "AccessGranted", "holder": "borealis", "person": "ann"})
        .say("2025-03-03", {"type": "ReadNotice", "by": "borealis"}, {"type": "NoticeRead", "offer": "o1", "person": "ann", "allowed": True})
        .say("2025-03-03", {"type": "ReadNotice", "by": "borealis"}, {"type": "NoticeRead", "offer": "o1", "person": "mole", "allowed": False})
    ),
}


@pytest.mark.parametrize("lawful", LAWFUL)
def test_what_is_lawful_breaks_nothing(lawful, harbour):
    reports = judge(LAWFUL[lawful]().rows, harbour)
    assert broken(reports) == {}, [r.violations for r in reports]


# The same acts under other terms.  Each: clause, its changed fields, the acts, and the laws they break.


def matched(alternate: str) -> Journal:
    """Cinder's offer was shown to the holder, who did not match it; then somebody is signed."""
    return offered(terms={"offeror": "cinder"}, right="matching").decline("2025-03-20").grant("2025-03-25", alternate)


def passed_on() -> Journal:
    """The holder's business went to Delta, and with it the right."""
    event = {"type": "RightAssigned", "clause": "first-refusal", "holder": "borealis", "to": "delta"}
    return asked(held=False).say("2025-03-02", {"type": "AssignRight", "by": "borealis"}, event)


def passed_on_in_the_window(by: str) -> Journal:
    """The holder was asked, its business went to Delta, and then one of the two answers."""
    event = {"type": "RightAssigned", "clause": "first-refusal", "holder": "borealis", "to": "delta"}
    return offered().say("2025-03-10", {"type": "AssignRight", "by": "borealis"}, event).decline("2025-03-20", by=by).grant("2025-03-25")


def passed_to_a_competitor(**more: bool) -> Journal:
    """Delta was asked, and its business goes back to Borealis, which competes with Aster by now."""
    back = {"type": "RightAssigned", "clause": "first-refusal", "holder": "delta", "to": "borealis", **more}
    book = passed_on().request("2025-05-20", "r2").offer("2025-05-20", "2025-06-20", request="r2", holder="delta")
    return book.say("2025-06-10", {"type": "AssignRight", "by": "delta"}, back)


def another_round(exercised_on: str) -> Journal:
    """The holder matched, and until 10 April an outsider may beat it."""
    book = offered(terms={"offeror": "cinder"}, right="matching").answer("2025-03-20", "RoundOpened", quantity=5000, until=seconds("2025-04-10"))
    return book.say(
        exercised_on, {"type": "Wake"}, {"type": "RightExercised", "offer": "o1", "request": "r1", "quantity": 5000, "remainder": 0, "deliver_by": 0}
    )


def adjusted(price: str) -> Journal:
    """Borealis owes Aster equal terms, and its price was brought down, or up."""
    owed = {
        "type": "EqualTermsOwed",
        "clause": "equal-terms",
        "beneficiary": "aster",
        "obliged": "borealis",
        "grant": "g1",
        "price": price,
        "adjusted": True,
    }
    return asked(held=False).grant("2025-03-05", "borealis-east").say("2025-05-01", {"type": "Wake"}, owed)


def defaulted(times: int) -> Journal:
    """The holder was late beyond cure some times, and its right was suspended for that; then there is another need."""
    book = asked(quantity=100, held=False)
    for n in range(times):
        book.request("2025-03-05", f"d{n}", 100, held=False, purpose=f"p{n}").grant("2025-03-05", "borealis-east", f"h{n}", f"d{n}", 100)
    for n in range(times):
        late = {"type": "HolderDefaulted", "grant": f"h{n}", "request": f"d{n}", "quantity": 100, "strikes": n + 1, "clause": "first-refusal"}
        book.say(f"2025-08-0{n + 1}", {"type": "Wake"}, late)
    book.say("2025-08-09", {"type": "Wake"}, {"type": "RightSuspended", "clause": "first-refusal", "until": seconds("2026-08-01")})
    return book.request("2026-01-04", "r9", held=False)


def tolled(until: str) -> Journal:
    """The clock of the notice was stopped for a regulator."""
    return offered().say(
        "2025-03-05", {"type": "TollOffer"}, {"type": "OfferTolled", "offer": "o1", "cause": "regulator", "respond_by": seconds(until)}
    )


def twice_built(*, released=False) -> Journal:
    """Two needs go to own-build; the first may be given up before the second."""
    book = asked(held=False).grant("2025-03-05", "aster-yard")
    if released:
        book.say("2025-03-06", {"type": "ReleaseGrant"}, {"type": "GrantEnded", "grant": "g1", "why": "released"})
    return book.request("2025-03-07", "r2", 2000, held=False).grant("2025-03-08", "aster-yard", "g2", "r2", 2000)


def split(host: str) -> Journal:
    return asked(held=False).grant("2025-03-05", host)


OTHER_TERMS = {
    "a larger minimum lot frees the need": ("first-refusal", {"minimum_lot": 5001}, lambda: asked(held=False).grant("2025-03-05"), set()),
    "an exempt host is outside the right": ("first-refusal", {"exempt_hosts": ["cinder-west"]}, lambda: asked(held=False).grant("2025-03-05"), set()),
    "a shorter free market closes sooner": ("first-refusal", {"free_market_for": "10 days"}, lambda: after_refusal().grant("2025-04-02"), {1}),
    "within the tolerance a price is equal": (
        "first-refusal",
        {"tolerance": "5 %"},
        lambda: after_refusal().grant("2025-04-02", price="2.20"),
        set(),
    ),
    "beyond the tolerance it is richer": ("first-refusal", {"tolerance": "5 %"}, lambda: after_refusal().grant("2025-04-02", price="2.21"), {1}),
    "where the incomparable is allowed, cheaper and longer passes": (
        "first-refusal",
        {"incomparable": "allow"},
        lambda: after_refusal().grant("2025-04-02", **CHEAP_BUT_LONG),
        set(),
    ),
    "where the incomparable is allowed, richer in all does not": (
        "first-refusal",
        {"incomparable": "allow"},
        lambda: after_refusal().grant("2025-04-02", price="3.00"),
        {1},
    ),
    "without a re-offer rule there is a ceiling all the same": (
        "first-refusal",
        {"reoffer_if_richer": False},
        lambda: after_refusal().grant("2025-04-02", price="3.00"),
        {1},
    ),
    "without a re-offer rule and without good faith there is none": (
        "first-refusal",
        {"reoffer_if_richer": False, "good_faith": False},
        lambda: after_refusal().grant("2025-04-02", price="3.00"),
        set(),
    ),
    "where the holder is to quote, what it quoted is the ceiling": (
        "first-refusal",
        {"quoted_by": "holder"},
        lambda: offered().answer("2025-03-05", "RightCountered", quantity=5000, terms={"price": "2.50"}).grant("2025-04-02", price="2.50"),
        set(),
    ),
    "where the holder is to quote, more than it quoted is richer": (
        "first-refusal",
        {"quoted_by": "holder"},
        lambda: offered().answer("2025-03-05", "RightCountered", quantity=5000, terms={"price": "2.50"}).grant("2025-04-02", price="2.51"),
        {1},
    ),
    "where the holder is to quote and does not, there is no ceiling": (
        "first-refusal",
        {"quoted_by": "holder"},
        lambda: offered().lapse("2025-04-01").grant("2025-04-02", price="9.00"),
        set(),
    ),
    "where only inability frees, a refusal for the price does not": (
        "first-refusal",
        {"decline_requires_inability": True},
        lambda: offered().decline("2025-03-20", reason="price").grant("2025-03-25"),
        {1},
    ),
    "where only inability frees, having no capacity does": (
        "first-refusal",
        {"decline_requires_inability": True},
        lambda: offered().decline("2025-03-20").grant("2025-03-25"),
        set(),
    ),
    "a right that lasts once is spent by a refusal": (
        "first-refusal",
        {"lasts": "one_shot"},
        lambda: after_refusal().request("2025-04-01", "r2", 3000, held=False).grant("2025-04-02", name="g2", request="r2", quantity=3000),
        set(),
    ),
    "a window that runs on after its right has ended is respected": (
        "first-refusal",
        {"until": "2025-03-20"},
        lambda: offered().grant("2025-03-25"),
        {1},
    ),
    "a right that has ended binds nobody who was not asked": ("first-refusal", {"until": "2025-03-20"}, lambda: asked().grant("2025-03-25"), set()),
    "an unmatched offer may be signed": ("first-refusal", {"right": "matching"}, lambda: matched("cinder-west"), set()),
    "an unmatched offer frees nobody else": ("first-refusal", {"right": "matching"}, lambda: matched("delta-south"), {1}),
    "a right that passed to another is kept by its machines": (
        "first-refusal",
        {"assignable": "with_business"},
        lambda: passed_on().grant("2025-03-05", "delta-south"),
        set(),
    ),
    "a right that passed to another covers who held it": (
        "first-refusal",
        {"assignable": "with_business"},
        lambda: passed_on().grant("2025-03-05", "borealis-east"),
        {1},
    ),
    "whom a right has passed to answers the notice that was under way": (
        "first-refusal",
        {"assignable": "with_business"},
        lambda: passed_on_in_the_window("delta"),
        set(),
    ),
    "who held it answers no longer": ("first-refusal", {"assignable": "with_business"}, lambda: passed_on_in_the_window("borealis"), {7}),
    "a notice passes to a competitor behind the barrier": (
        "first-refusal",
        {"assignable": "with_business"},
        lambda: passed_to_a_competitor(barrier=True),
        set(),
    ),
    "a notice passes to a competitor in the open": ("first-refusal", {"assignable": "with_business"}, passed_to_a_competitor, {7}),
    "a match binds when the round it opened is over": (
        "first-refusal",
        {"right": "matching", "after_match": "another_round"},
        lambda: another_round("2025-04-10"),
        set(),
    ),
    "a match does not bind after the round it opened": (
        "first-refusal",
        {"right": "matching", "after_match": "another_round"},
        lambda: another_round("2025-04-11"),
        {4},
    ),
    "silence that accepts takes effect at the deadline": (
        "first-refusal",
        {"silence": "accept"},
        lambda: offered().answer("2025-04-01", "RightExercised", quantity=5000, remainder=0, deliver_by=0),
        set(),
    ),
    "a counter that keeps the offer open is no outcome": (
        "first-refusal",
        {"counter": "keeps_open"},
        lambda: offered().answer("2025-03-05", "RightCountered", quantity=5000, terms={"price": "2.50"}).lapse("2025-04-01"),
        set(),
    ),
    "a counter that is a refusal is the outcome": (
        "first-refusal",
        {},
        lambda: offered().answer("2025-03-05", "RightCountered", quantity=5000, terms={"price": "2.50"}).lapse("2025-04-01"),
        {4},
    ),
    "without a barrier clause a competitor may be served plainly": (
        "first-refusal",
        {"barrier": False},
        lambda: asked(100, held=False).request("2025-07-01", "r2", 5000).offer("2025-07-02", "2025-08-01", request="r2"),
        set(),
    ),
    "a consent towards somebody else covers nothing": ("own-build", {"grantee": "delta"}, lambda: split("aster-yard"), {1}),
    "a consent of somebody else covers nothing": ("own-build", {"grantor": "cinder"}, lambda: split("aster-yard"), {1}),
    "where renewals are not exempt the holder is asked again": ("first-refusal", {"exempt_renewals": False}, renewal, {1}),
    "where bursts are exempt up to a week, three days are": (
        "first-refusal",
        {"exempt_bursts_under": "1 week"},
        lambda: asked(held=False, burst=True).grant("2025-03-05", starts="2025-06-01", ends="2025-06-04"),
        set(),
    ),
    "a right that lasts once and was never refused still binds": (
        "first-refusal",
        {"lasts": "one_shot"},
        lambda: asked(held=False).grant("2025-03-05"),
        {1},
    ),
    "a class that no clause names is free": (
        "api-hosting",
        {"until": "2025-02-01"},
        lambda: asked(workload="api", held=False).grant("2025-03-05", workload_class="api"),
        set(),
    ),
    "another round is not opened on an offer that has its outcome": (
        "first-refusal",
        {"right": "matching", "after_match": "another_round"},
        lambda: offered().decline("2025-03-10").answer("2025-03-20", "RoundOpened", quantity=5000, until=seconds("2025-03-25")),
        {4},
    ),
    "a tolled deadline is the new deadline": ("first-refusal", {"tolling": ["regulator"]}, lambda: tolled("2025-04-11").lapse("2025-04-11"), set()),
    "a clock is stopped, and not set forward": ("first-refusal", {"tolling": ["regulator"]}, lambda: tolled("2025-03-20"), {4}),
    "a smaller lot may have a shorter window": (
        "first-refusal",
        {"respond_within_below": {6000: "5 days", 2000: "24 hours"}},
        lambda: asked().offer("2025-03-02", "2025-03-07"),
        set(),
    ),
    "and no shorter one than its own": (
        "first-refusal",
        {"respond_within_below": {6000: "5 days", 2000: "24 hours"}},
        lambda: asked().offer("2025-03-02", "2025-03-06"),
        {1},
    ),
    "a re-offer has three days at least": (
        "first-refusal",
        {"respond_within": "6 days"},
        lambda: asked().offer("2025-03-02", "2025-03-05", reoffer=True),
        set(),
    ),
    "defaults within the period are counted": ("first-refusal", {"strikes_within": "8 days"}, lambda: defaulted(3), set()),
    "defaults beyond the period are not counted": ("first-refusal", {"strikes_within": "7 days"}, lambda: defaulted(3), {1}),
    "a right that begins later does not bind yet": ("first-refusal", {"from": "2025-04-01"}, lambda: asked(held=False).grant("2025-03-05"), set()),
    "two grants together go beyond a consent": ("own-build", {"quantity_max": 6000}, twice_built, {2}),
    "what a consent allows is given back with the grant": ("own-build", {"quantity_max": 6000}, lambda: twice_built(released=True), set()),
    "a consent has a most": ("own-build", {"quantity_max": 4999}, lambda: split("aster-yard"), {2}),
    "within its most a consent holds": ("own-build", {"quantity_max": 5000}, lambda: split("aster-yard"), set()),
    "a consent for other hosts covers nothing here": ("own-build", {"hosts": ["delta-south"]}, lambda: split("aster-yard"), {1}),
    "a consent that has ended covers nothing": ("own-build", {"until": "2025-03-01"}, lambda: split("aster-yard"), {1}),
    "exclusivity by operator looks at the machines": (
        "api-hosting",
        {"tests": "operator"},
        lambda: asked().use("2025-06-03", "borealis-cinder", "api"),
        {2},
    ),
    "exclusivity that refuses sub-supply binds the machines too": (
        "api-hosting",
        {"sub_supply": "refused"},
        lambda: asked().use("2025-06-03", "borealis-cinder", "api"),
        {2},
    ),
    "exclusivity that asks for named sub-supply finds none": (
        "api-hosting",
        {"sub_supply": "named"},
        lambda: asked().use("2025-06-03", "borealis-cinder", "api"),
        {2},
    ),
    "an excepted host is left alone": (
        "api-hosting",
        {"except_hosts": ["cinder-west"]},
        lambda: asked().use("2025-06-03", "cinder-west", "api"),
        set(),
    ),
    "an ambiguous clause without a reading binds nobody": (
        "api-hosting",
        {"readings": {"narrow": {"says": "Only plain calls.", "classes": []}}},
        lambda: asked().use("2025-06-03", "cinder-west", "api"),
        set(),
    ),
    "read as written, it binds": (
        "api-hosting",
        {"readings": {"narrow": {"says": "Silent.", "applies": False}}, "reading": "as-written"},
        lambda: asked().use("2025-06-03", "cinder-west", "api"),
        {2},
    ),
    "read as silent, it does not": (
        "api-hosting",
        {"readings": {"silent": {"says": "Silent.", "applies": False}}, "reading": "silent"},
        lambda: asked().use("2025-06-03", "cinder-west", "api"),
        set(),
    ),
    "a reading's own fields are what counts": (
        "api-hosting",
        {"readings": {"wide": {"says": "All work.", "sets": {"classes": ["api", "product"]}}}, "reading": "wide"},
        lambda: asked().use("2025-06-03", "cinder-west", "product"),
        {2},
    ),
}


@pytest.mark.parametrize("case", OTHER_TERMS)
def test_other_terms_are_judged_by_those_terms(case, harbour):
    clause, fields, plant, laws = OTHER_TERMS[case]
    reports = judge(plant().rows, changed(harbour, clause, **fields))
    assert set(broken(reports)) == laws, [r.violations for r in reports]


def test_an_amendment_counts_from_its_effective_day_and_from_when_it_was_signed(harbour):
    """A grant of 21 January 2025 is lawful, one of 20 January was not; and had it been signed later, neither would be."""
    on_the_day = asked().rows[:5]
    book = Journal()
    book.rows = on_the_day
    rechain(book)
    # A need of 500 is under the minimum lot, so nothing but exclusivity can forbid it.
    early = copy.deepcopy(book).request("2025-02-03", quantity=500, held=False)
    assert broken(judge(copy.deepcopy(early).use("2025-02-04", "cinder-west", "training", starts="2025-01-20", ends="2025-01-21").rows, harbour)) == {
        2: [6]
    }
    assert (
        broken(judge(copy.deepcopy(early).use("2025-02-04", "cinder-west", "training", starts="2025-01-21", ends="2025-01-22").rows, harbour)) == {}
    )
    late = copy.deepcopy(harbour)
    late["amendments"][0]["signed"] = "2025-02-01"
    assert broken(judge(early.use("2025-02-04", "cinder-west", "training", starts="2025-01-21", ends="2025-01-22").rows, late)) == {2: [6]}


def test_an_amendment_that_is_signed_and_not_yet_effective_changes_nothing(harbour):
    text = changed(harbour, "exclusive-cloud", until="2025-01-01")
    text["amendments"][0]["signed"] = "2024-12-01"
    book = Journal().declare("2024-12-01", "cinder-west", 9000).request("2025-01-05", held=False)
    assert broken(judge(copy.deepcopy(book).grant("2025-01-10").rows, text)) == {}
    assert set(broken(judge(book.grant("2025-01-21").rows, text))) == {1}


def test_what_stands_on_machines_that_are_not_own_building_is_no_own_build(harbour):
    text = copy.deepcopy(harbour)
    text["hosts"]["aster-yard"]["own_build"] = False
    assert set(broken(judge(split("aster-yard").rows, text))) == {1}


@pytest.mark.parametrize(
    ("counts_as", "workload", "laws"),
    [
        ("own_build", "training", set()),
        ("own_build", "product", set()),
        ("alternate", "training", {1}),
        ("by_purpose", "training", set()),
        ("by_purpose", "product", {1}),
    ],
)
def test_what_a_programme_builds_counts_as_the_programme_says(counts_as, workload, laws, harbour):
    """A consent covers own-build; whether a programme's site is that, its own clause says (C20)."""
    text = changed(harbour, "own-build", classes=["training", "product"])
    site = {"id": "s", "name": "South", "phases": [{"id": "p", "host": "delta-south"}]}
    text["clauses"].append({"id": "yard", "kind": "programme", "says": "A site.", "counts_as": counts_as, "sites": [site], "from": "2025-01-01"})
    book = asked(workload=workload, held=False).grant("2025-03-05", "delta-south", workload_class=workload)
    assert set(broken(judge(book.rows, text))) == laws


@pytest.mark.parametrize(
    ("consent", "host", "laws"),
    [
        ({"permits": "supplier", "suppliers": ["cinder"]}, "cinder-west", set()),
        ({"permits": "supplier", "suppliers": ["delta"]}, "cinder-west", {1}),
        ({"permits": "order", "orders": ["r1"]}, "cinder-west", set()),
        ({"permits": "order", "orders": ["r9"]}, "cinder-west", {1}),
        ({"permits": "platform_extension", "hosts": ["cinder-west"]}, "cinder-west", set()),
        ({"permits": "platform_extension"}, "cinder-west", {1}),
    ],
)
def test_a_consent_covers_what_it_names(consent, host, laws, harbour):
    text = copy.deepcopy(harbour)
    clause = {
        "id": "yes",
        "kind": "consent",
        "says": "Go on.",
        "grantor": "borealis",
        "grantee": "aster",
        "classes": ["training"],
        "from": "2025-01-01",
    }
    text["clauses"].append(clause | consent)
    assert set(broken(judge(split(host).rows, text))) == laws


def test_what_an_affiliate_of_the_grantee_builds_is_own_build(harbour):
    text = copy.deepcopy(harbour)
    text["parties"]["yardco"] = {"name": "Yard Company", "controlled_by": "aster"}
    text["hosts"]["aster-yard"]["platform"] = "yardco"
    book = asked(held=False).grant("2025-03-05", "aster-yard", platform="yardco")
    assert broken(judge(book.rows, text)) == {}
    text["parties"]["yardco"] = {"name": "Yard Company"}
    assert set(broken(judge(book.rows, text))) == {1}


@pytest.mark.parametrize(
    ("clause", "laws"),
    [
        ({}, set()),
        ({"hosts": ["borealis-cinder"]}, set()),
        ({"hosts": ["borealis-east"]}, {2}),
        ({"supplier": "delta"}, {2}),
        ({"holder": "delta"}, {2}),
        ({"until": "2025-01-01"}, {2}),
        ({"counts_as_holder": False}, {2}),
    ],
)
def test_where_sub_supply_has_to_be_named_the_clause_that_names_it_is_read_exactly(clause, laws, harbour):
    text = changed(harbour, "api-hosting", sub_supply="named")
    named = {
        "id": "lease",
        "kind": "sub_supply",
        "says": "Cinder leases to Borealis.",
        "holder": "borealis",
        "supplier": "cinder",
        "from": "2024-01-01",
    }
    text["clauses"].append(named | clause)
    assert set(broken(judge(asked().use("2025-06-03", "borealis-cinder", "api").rows, text))) == laws


def test_an_exclusivity_that_another_outranks_is_silent(harbour):
    text = copy.deepcopy(harbour)
    other = {
        "id": "cinder-api",
        "kind": "exclusive_hosting",
        "says": "Cinder hosts the API.",
        "platform": "cinder",
        "classes": ["api"],
        "from": "2025-05-01",
    }
    text["clauses"].append(other)
    book = asked().use("2025-06-03", "cinder-west", "api")
    assert set(broken(judge(book.rows, text))) == {2}
    other["overrides"] = ["api-hosting"]
    assert broken(judge(book.rows, text)) == {}


def test_the_end_of_one_right_is_not_the_end_of_another(harbour):
    text = changed(harbour, "first-refusal", until="2025-03-03")
    other = next(c for c in text["amendments"][0]["adds"] if c["id"] == "first-refusal")
    text["clauses"].append({**other, "id": "second", "from": "2025-03-04", "until": "2026-01-01"})
    ended = {"type": "RightEnded", "request": "r1", "quantity": 5000}
    book = asked().say("2025-03-05", {"type": "Wake"}, ended)
    assert broken(judge(copy.deepcopy(book).rows, text)) == {}
    assert set(broken(judge(book.grant("2025-03-06").rows, text))) == {1}


def test_a_trigger_ends_the_text_that_stood_and_not_one_agreed_on_later_until_another_fires(harbour):
    text = copy.deepcopy(harbour)
    text["clauses"][-1]["ends"] = ["first-refusal"]
    text["clauses"].append({"id": "declared", "kind": "trigger", "says": "And once more.", "declared_by": "aster", "ends": ["first-refusal"]})
    again = next(c for c in text["amendments"][0]["adds"] if c["id"] == "first-refusal")
    text["amendments"].append({"id": "once-more", "says": "Again.", "signed": "2025-04-01", "effective": "2025-04-01", "replaces": [dict(again)]})
    first = {"type": "TriggerFired", "trigger": "profit-trigger", "ends": ["first-refusal"]}
    second = {"type": "TriggerFired", "trigger": "declared", "ends": ["first-refusal"]}
    book = asked(held=False).say("2025-03-02", {"type": "RecordSignal"}, first)
    assert broken(judge(copy.deepcopy(book).grant("2025-03-05").rows, text)) == {}
    book.request("2025-04-02", "r2", held=False)
    assert set(broken(judge(copy.deepcopy(book).grant("2025-04-05", request="r2").rows, text))) == {1}
    book.say("2025-04-03", {"type": "DeclareTrigger"}, second)
    assert broken(judge(book.grant("2025-04-05", request="r2").rows, text)) == {}


def test_a_trigger_that_is_not_in_force_ends_nothing(harbour):
    text = copy.deepcopy(harbour)
    trigger = next(c for c in text["clauses"] if c["id"] == "profit-trigger")
    trigger |= {"ends": ["api-hosting"], "until": "2025-05-01"}
    fired = {"type": "TriggerFired", "trigger": "profit-trigger", "ends": ["api-hosting"]}
    book = asked().say("2025-05-01", {"type": "RecordSignal"}, fired).use("2025-06-03", "cinder-west", "api")
    assert set(broken(judge(book.rows, text))) == {2}


def test_a_paper_that_does_not_bind_changes_nothing(harbour):
    text = copy.deepcopy(harbour)
    text["amendments"].append(
        {"id": "memo", "says": "A plan.", "signed": "2025-02-01", "effective": "2025-02-01", "binding": False, "ends": ["api-hosting"]}
    )
    book = asked().use("2025-06-03", "cinder-west", "api")
    assert set(broken(judge(book.rows, text))) == {2}
    text["amendments"][-1]["binding"] = True
    assert broken(judge(book.rows, text)) == {}


def test_a_fired_trigger_ends_its_clauses_and_an_unfired_one_does_not(harbour):
    text = copy.deepcopy(harbour)
    next(c for c in text["clauses"] if c["id"] == "profit-trigger")["ends"] = ["licence", "api-hosting"]
    before = asked().use("2025-06-03", "cinder-west", "api")
    fired = asked().say(
        "2025-05-01", {"type": "RecordSignal"}, {"type": "TriggerFired", "trigger": "profit-trigger", "ends": ["licence", "api-hosting"]}
    )
    assert set(broken(judge(before.rows, text))) == {2}
    assert broken(judge(fired.use("2025-06-03", "cinder-west", "api").rows, text)) == {}


def test_a_purchase_through_an_affiliate_is_the_grantors(harbour):
    text = copy.deepcopy(harbour)
    text["parties"]["yardco"] = {"name": "Yard Company", "controlled_by": "aster"}
    book = asked(held=False, party="yardco").grant("2025-03-05")
    assert set(broken(judge(book.rows, text))) == {1}
    text["parties"]["yardco"] = {"name": "Yard Company"}
    assert broken(judge(book.rows, text)) == {}


@pytest.mark.parametrize(("price", "remedy", "laws"), [("1.90", "adjust", set()), ("2.10", "adjust", {5}), ("1.90", "notify", {5})])
def test_a_frozen_price_changes_only_downwards_and_where_equal_terms_are_owed(price, remedy, laws, harbour):
    text = copy.deepcopy(harbour)
    clause = {"id": "equal-terms", "kind": "most_favoured_customer", "says": "Borealis charges Aster no more than others.", "from": "2025-01-01"}
    text["clauses"].append({**clause, "beneficiary": "aster", "obliged": "borealis", "remedy": remedy})
    assert set(broken(judge(adjusted(price).rows, text))) == laws


@pytest.mark.statement("R28")
def test_a_class_that_is_bound_to_a_platform_is_covered_by_no_right(harbour):
    """Law 2 is about it, and law 1 does not count it a second time."""
    text = changed(harbour, "first-refusal", classes=["training", "research", "product", "api"])
    book = asked(workload="api", held=False).grant("2025-03-05", workload_class="api")
    assert set(broken(judge(book.rows, text))) == {2}


def test_machines_that_do_not_count_as_the_holders_are_an_alternates(harbour):
    text = copy.deepcopy(harbour)
    clause = {
        "id": "lease",
        "kind": "sub_supply",
        "says": "Cinder leases to Borealis.",
        "holder": "borealis",
        "supplier": "cinder",
        "from": "2024-01-01",
    }
    text["clauses"].append(clause)
    book = asked(held=False).grant("2025-03-05", "borealis-cinder")
    assert broken(judge(book.rows, text)) == {}
    clause["counts_as_holder"] = False
    assert set(broken(judge(book.rows, text))) == {1}


def test_a_violation_names_the_entry_that_shows_it(harbour):
    book = asked().grant("2025-03-05")
    reports = judge(book.rows, harbour)
    assert broken(reports) == {1: [6], 7: [6]}
    assert "first-refusal" in words(reports, 1)


def test_the_judge_imports_nothing_of_dibs():
    source = (Path(__file__).parents[2] / "src/dibs/laws.py").read_text()
    assert not re.search(r"(?:import|from)\s+dibs|from\s+\.", source)
