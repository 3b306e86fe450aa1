"""The seven laws, counted from the journal by code that shares nothing with what it judges.

`judge` reads plain rows, as `journal.jsonl` holds them, and the agreement as plain data, as any YAML loader gives it.
It asks no decision, replays no state and believes no summary: what a clause covers, until when a market is open, what
a ceiling allows and how much is promised at an instant it works out once more, in its own and simpler way.  Where the
events of a row say what the agreement says too (which platform a host is on, until when a window runs), the agreement
is believed.

It judges acts, not intentions: an offer that was refused wrongly is the re-decide audit's business.  Where the
agreement leaves something open (an ambiguous clause without a default reading), nothing is held against anybody.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

Row: TypeAlias = "Mapping[str, Any]"

LAWS = (
    "Covered capacity goes to an alternate only after the holder declined, lapsed or waived, and never on richer terms.",
    "A class with exclusive hosting never runs off its platform; own-build stays inside its consent.",
    "No accelerator is promised twice; what is granted never exceeds what was asked or what is deliverable.",
    "One offer has one outcome, whatever raced: answer, lapse, withdrawal, amendment, crash.",
    "Prices are frozen when they are granted, and what was used is counted once.",
    "Nothing acknowledged is lost: the journal has no gap, no step back in time and no word about things it never mentioned before.",
    "No party learns another's terms, not even that they exist.",
)
"""What must never happen, in the order of their numbers, which start at 1."""

_EVER = 1 << 60
_HOUR = 3_600
_UNITS = {"second": 1, "minute": 60, "hour": _HOUR, "day": 86_400, "week": 604_800}
_INABILITY = frozenset({"no_capacity", "wrong_hardware", "late"})
_OUTSIDE_FIRST = frozenset({"matching", "last_look"})
"""The rights in which an outside offer comes before the notice, and is named in it."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One breach of a law: the sequence number of the journal's entry that shows it, and what happened."""

    entry: int
    words: str


@dataclass(frozen=True, slots=True)
class LawReport:
    """One law over a whole journal: how many things it was checked on, and where it was broken."""

    law: int
    says: str
    checked: int
    violations: tuple[Violation, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether nothing broke it."""
        return not self.violations


def judge(entries: Iterable[Row], agreement: Row) -> list[LawReport]:
    """Count the seven laws over a journal.

    Args:
        entries: the journal's rows in their order, one dict a row: `seq`, `at` (ISO), `command`, `events`, `previous`,
            `leaf`; commands and events carry their name as `type`, and leave out what has its default.
        agreement: the agreement file as plain dicts, lists and strings.

    Returns:
        One report a law, in order.
    """
    court = _Court(_Agreement(agreement))
    for row in entries:
        court.hear(row)
    court.close()
    return [LawReport(n, LAWS[n - 1], court.checked[n], tuple(court.violations[n])) for n in range(1, 8)]


# What the agreement says.


@dataclass(frozen=True, slots=True)
class _Clause:
    """A clause for one period, half-open, in instants; `agreed` is when the text that holds it took effect."""

    id: str
    kind: str
    agreed: int
    starts: int
    ends: int
    says: Mapping[str, Any]


class _Agreement:
    """The agreement's clauses by when they are in force and by when that was known."""

    def __init__(self, text: Row) -> None:
        self.zone = ZoneInfo(str(text.get("time_zone", "UTC")))
        self.parties: Mapping[str, Mapping[str, Any]] = text.get("parties", {})
        self.hosts: Mapping[str, Mapping[str, Any]] = text.get("hosts", {})
        amendments = [a for a in text.get("amendments", ()) if a.get("binding", True)]
        self._signed = sorted({self.instant(a["signed"]) for a in amendments})
        self._known = [self._clauses(text, amendments, until) for until in (-_EVER, *self._signed)]

    def instant(self, day: date | str) -> int:
        """When a day begins in the agreement's zone."""
        return int(datetime.combine(date.fromisoformat(str(day)), time(), self.zone).timestamp())

    def _clauses(self, text: Row, amendments: list[Mapping[str, Any]], known: int) -> dict[str, list[_Clause]]:
        """Every clause by kind, as the amendments signed by `known` leave them."""
        written: list[tuple[Mapping[str, Any], int, Mapping[str, Any] | None]] = [(clause, 0, None) for clause in text.get("clauses", ())]
        gone: dict[str, list[tuple[int, int]]] = {}
        signed = [a for a in amendments if self.instant(a["signed"]) <= known]
        for order, amendment in enumerate(sorted(signed, key=lambda a: self.instant(a["effective"])), start=1):
            replaced = list(amendment.get("replaces", ()))
            for name in [*amendment.get("ends", ()), *(clause["id"] for clause in replaced)]:
                gone.setdefault(name, []).append((order, self.instant(amendment["effective"])))
            written += [(clause, order, amendment) for clause in [*replaced, *amendment.get("adds", ())]]
        by_kind: dict[str, list[_Clause]] = {}
        for clause, order, by in written:
            read = _as_read(clause)
            if read is None:
                continue
            agreed = self.instant(by["effective"]) if by else -_EVER
            starts = self.instant(read["from"]) if read.get("from") else agreed
            own_end = self.instant(read["until"]) if read.get("until") else _EVER
            ends = min([own_end, *(at for later, at in gone.get(read["id"], ()) if later > order)])
            if starts < ends:
                by_kind.setdefault(read["kind"], []).append(_Clause(read["id"], read["kind"], agreed, starts, ends, read))
        return by_kind

    def of_kind(self, kind: str, known: int) -> list[_Clause]:
        """The clauses of a kind, in force at whatever time, as known at an instant."""
        return self._known[bisect_right(self._signed, known)].get(kind, [])

    def buyers(self, party: str) -> set[str]:
        """A party and everybody whose purchases count as its controller's, upwards."""
        found = {party}
        while party := self.parties.get(party, {}).get("controlled_by") or "":
            if party in found:
                break
            found.add(party)
        return found

    def compete(self, one: str, other: str, at: int) -> bool:
        """Whether two parties compete at an instant."""
        for a, b in ((one, other), (other, one)):
            since = self.parties.get(a, {}).get("competitor_of", {}).get(b)
            if since is not None and self.instant(since) <= at:
                return True
        return False

    def named_in(self, words: str) -> set[str]:
        """Which parties a piece of text names, by id or by name."""
        return {
            party
            for party, about in self.parties.items()
            if any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", words, re.IGNORECASE) for name in (party, str(about.get("name", party))))
        }


def _as_read(clause: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """A clause in its default reading, or nothing if that reading, or the lack of one, leaves it silent."""
    readings, taken = clause.get("readings"), clause.get("reading")
    if not readings or taken == "as-written":
        return clause
    chosen = readings.get(taken)
    if chosen is None or chosen.get("applies", True) is False:
        return None
    return {**clause, **chosen.get("sets", {})}


def _share(text: object, otherwise: str = "0 %") -> Decimal:
    return Decimal(str(text or otherwise).removesuffix("%").strip()) / 100


def _seconds(text: object, otherwise: str) -> int:
    count, unit = str(text or otherwise).split()
    return int(count) * _UNITS[unit.removesuffix("s")]


def _instant(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def _shown(instant: int) -> str:
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# What was promised, and on which terms.


class _Steps:
    """A number that changes at instants: sums of half-open intervals."""

    def __init__(self) -> None:
        self._at = [-_EVER]
        self._level = [0]

    def add(self, starts: int, ends: int, quantity: int) -> None:
        """Add a quantity from `starts` until before `ends`."""
        if starts < ends:
            first = self._cut(starts)
            for i in range(first, self._cut(ends)):
                self._level[i] += quantity

    def _cut(self, at: int) -> int:
        i = bisect_left(self._at, at)
        if i == len(self._at) or self._at[i] != at:
            self._at.insert(i, at)
            self._level.insert(i, self._level[i - 1])
        return i

    def within(self, starts: int, ends: int) -> Iterator[tuple[int, int]]:
        """The instants in an interval from which on a level holds, and the level."""
        i = bisect_right(self._at, starts) - 1
        yield starts, self._level[i]
        for at, level in zip(self._at[i + 1 :], self._level[i + 1 :], strict=True):
            if at >= ends:
                return
            yield at, level


def _first_excess(promised: _Steps, declared: list[tuple[int, int]], starts: int, ends: int) -> tuple[int, int, int] | None:
    """The first instant in an interval at which more is promised than declared: (instant, promised, declared)."""
    days = [at for at, _ in declared]
    for begins, level in promised.within(starts, ends):
        # The level holds from here until the next change of either; a drop of what is declared may come in between.
        i = bisect_right(days, begins)
        least = declared[i - 1][1] if i else 0
        if level > least:
            return begins, level, least
    for at, least in declared:
        if starts < at < ends:
            level = next(promised.within(at, at + 1))[1]
            if level > least:
                return at, level, least
    return None


_MORE_IS_RICHER = ("price", "prepayment", "take_or_pay", "delivery_tolerance", "warrants")
"""Terms that are richer for the supplier the larger they are; unstated is nothing, except for a price."""


def _compare(bundle: Mapping[str, Any], ceiling: Mapping[str, Any], tolerance: Decimal) -> tuple[list[str], list[str]]:
    """In which terms a bundle is richer for its supplier than the ceiling, and in which poorer (R9).

    More money, more of it certain, a longer term, a later or looser delivery and a weaker service level are richer.
    """
    richer: list[str] = []
    poorer: list[str] = []

    def weigh(name: str, have: Decimal, most: Decimal, slack: Decimal = Decimal(0)) -> None:
        if have > most + abs(most) * slack:
            richer.append(f"{name} {abs(have):f} against {abs(most):f}")
        elif have < most:
            poorer.append(name)

    for name in _MORE_IS_RICHER:
        if name == "price" and (bundle.get(name) is None or ceiling.get(name) is None):
            continue
        weigh(name, Decimal(bundle.get(name) or 0), Decimal(ceiling.get(name) or 0), tolerance)
    weigh("service level", -Decimal(bundle.get("service_level") or 0), -Decimal(ceiling.get("service_level") or 0), tolerance)
    if None not in {bundle.get("starts"), bundle.get("ends"), ceiling.get("starts"), ceiling.get("ends")}:
        length = Decimal(ceiling["ends"] - ceiling["starts"])
        weigh("length", Decimal(bundle["ends"] - bundle["starts"]), length, tolerance)
        later = Decimal(bundle["starts"] - ceiling["starts"])
        weigh("start", later if later > length * tolerance else min(later, Decimal(0)), Decimal(0))
    return richer, poorer


# What the court remembers.


@dataclass(slots=True)
class _Freedom:
    """Why a need may go elsewhere, how much of it, until when, on which terms at most, and with whom only."""

    quantity: int
    until: int
    ceiling: Mapping[str, Any] | None = None
    only_with: str = ""
    used: int = 0


@dataclass(slots=True)
class _Need:
    """A request, what of it is promised, and what set it free."""

    asked: Mapping[str, Any]
    submitted: int
    entry: int
    """The entry that recorded it: of needs of one instant, the earlier entry came first."""
    open_offers: set[str] = field(default_factory=set)
    held_by: str = ""
    """The right that held it last."""
    hushed: bool = False
    """Whether it is held and the holder has neither answered nor lapsed."""
    undetermined: bool = False
    freed: dict[str, _Freedom] = field(default_factory=dict)
    """By the pre-emption clause that bound it."""
    ruled_free: bool = False
    promised: int = 0
    owed: int = 0
    """Quantity that a defaulted holder owes and that may be covered elsewhere, without ceiling."""
    given_up: bool = False


@dataclass(slots=True)
class _Offer:
    """A notice as it was served, or tried to be."""

    request: str
    clause: str
    holder: str
    terms: Mapping[str, Any]
    respond_by: int
    barrier: bool = False
    defective: bool = False
    matched: bool = False
    """Whether the holder has matched and an outsider may still beat it: then the deadline is the end of that round."""
    outcome: str = ""
    counter: Mapping[str, Any] | None = None


@dataclass(slots=True)
class _Promise:
    """A grant as it was made, and which consent and which freedom it used."""

    request: str
    host: str
    sku: str
    quantity: int
    starts: int
    ends: int
    price: str
    consent: str = ""
    freedoms: tuple[tuple[_Freedom, int], ...] = ()
    ended: bool = False


_OUTCOMES = {
    "RightExercised": "exercised",
    "RightDeclined": "declined",
    "RightCountered": "countered",
    "RightLapsed": "lapsed",
    "RightWaived": "waived",
    "OfferWithdrawn": "withdrawn",
    "OfferVoided": "void",
}
_SPOKEN = frozenset({"RightExercised", "RightDeclined", "RightCountered", "RightWaived"})
"""Outcomes that somebody has to say; silence gives an offer one too, at its deadline."""
_MAKES = {"RequestSubmitted": "request", "OfferServed": "offer", "NoticeDefective": "offer", "Granted": "grant"}
"""Which events bring a thing into the world; every other one speaks of things that are there."""


def _window(right: Mapping[str, Any], quantity: int, *, reoffer: bool) -> int:
    """How long a holder has at least, in seconds: by the size of the lot (R5), and less for a re-offer (R11)."""
    window = _seconds(right.get("respond_within"), "30 days")
    below = {int(most): str(shorter) for most, shorter in (right.get("respond_within_below") or {}).items() if quantity < int(most)}
    if below:
        window = _seconds(below[min(below)], "30 days")
    if reoffer:
        window = min(window, max(window // int(right.get("reoffer_divisor", 3)), _seconds(right.get("reoffer_at_least"), "3 days")))
    return window


def _ceiling(right: Mapping[str, Any], offer: _Offer) -> Mapping[str, Any] | None:
    """What nobody may get more than: the terms refused, or those the holder named where it was to quote; nothing if the clause wants no ceiling."""
    if not right.get("reoffer_if_richer", True) and not right.get("good_faith", True):
        return None
    if right.get("quoted_by") == "holder" and right.get("right") == "first_offer":
        return {**offer.terms, **offer.counter} if offer.counter else None
    return offer.terms


class _Court:
    """Hears one row after the other, checks each act against each law, and only then remembers it.

    The method that judges an event has the event's name: `Granted` is judged by `_granted`.
    """

    def __init__(self, agreement: _Agreement) -> None:
        self.agreement = agreement
        self.checked = dict.fromkeys(range(1, 8), 0)
        self.violations: dict[int, list[Violation]] = {n: [] for n in range(1, 8)}
        self._judges: dict[str, Callable[[Row], None] | None] = {}
        self._row: Row = {}
        self._seq = -1
        self._leaf = "0" * 64
        self._at = -_EVER
        self._needs: dict[str, _Need] = {}
        self._needs_by_purpose: dict[str, list[str]] = {}
        self._offers: dict[str, _Offer] = {}
        self._grants: dict[str, _Promise] = {}
        self._declared: dict[tuple[str, str], list[tuple[int, int]]] = {}
        self._asking: dict[tuple[str, str], str | None] = {}
        self._promised: dict[tuple[str, str], _Steps] = {}
        self._consented: dict[str, _Steps] = {}
        self._reports: set[str] = set()
        self._usage: dict[str, list[Row]] = {}
        self._ended: dict[str, list[int]] = {}
        self._suspended: dict[str, int] = {}
        self._defaults: dict[str, list[int]] = {}
        self._refused: set[str] = set()
        self._holders: dict[str, str] = {}
        self._watched: dict[tuple[str, str], int] = {}
        self._staff: set[tuple[str, str]] = set()
        self._drifted: set[tuple[str, str]] = set()

    def hear(self, row: Row) -> None:
        """Judge one row."""
        at, before = _instant(row["at"]), self._at
        self._row = row
        self._entry(row)
        for event in row["events"]:
            kind = event["type"]
            place = "before what stands in front of it" if event["at"] < before else "after its entry was written" if event["at"] > at else ""
            self._check(6, not place, place and f"`{kind}` takes effect at {_shown(event['at'])}, {place}")
            before = event["at"]
            self._mentions(event)
            if kind not in self._judges:
                self._judges[kind] = getattr(self, "_" + re.sub(r"(?<!^)(?=[A-Z])", "_", kind).lower(), None)
            judged = self._judges[kind]
            if judged:
                judged(event)
        for event in row["events"]:
            if event["type"] == "UsageReported":
                self._purpose_kept(event)
        self._at = at

    def close(self) -> None:
        """Judge what only the end shows: an offer whose deadline has passed has an outcome."""
        for name, offer in self._offers.items():
            self._check(
                4,
                bool(offer.outcome) or offer.defective or self._at <= offer.respond_by,
                f"offer `{name}` ran out at {_shown(offer.respond_by)} and has no outcome",
            )

    def _check(self, law: int, holds: bool, words: str) -> None:
        self.checked[law] += 1
        if not holds:
            self.violations[law].append(Violation(self._seq, words))

    # The row itself, and what it speaks of (law 6).

    def _entry(self, row: Row) -> None:
        before, self._seq = self._seq, row["seq"]
        self._check(
            6,
            row["seq"] == before + 1,
            f"entry {row['seq']} follows entry {before}" if before >= 0 else f"the journal begins with entry {row['seq']}, not with 0",
        )
        self._check(6, row["previous"] == self._leaf, f"entry {row['seq']} does not name the leaf of the entry before it")
        self._leaf = row["leaf"]
        said = row["command"]["type"]
        self._check(6, bool(row["events"]) or said == "Wake", f"`{said}` was heard and nothing came of it, neither yes nor no")

    def _mentions(self, event: Row) -> None:
        kind = event["type"]
        for what, known in (("request", self._needs), ("offer", self._offers), ("grant", self._grants)):
            name = event.get(what)
            if isinstance(name, str) and name and what != _MAKES.get(kind):
                self._check(6, name in known, f"`{kind}` speaks of {what} `{name}`, which the journal never mentioned before")

    # Needs.

    def _request_submitted(self, event: Row) -> None:
        asked = event["request"]
        self._check(4, asked["id"] not in self._needs, f"request `{asked['id']}` was submitted twice")
        self._needs[asked["id"]] = _Need(asked, event["at"], self._seq)
        self._needs_by_purpose.setdefault(_purpose(asked), []).append(asked["id"])

    def _request_held(self, event: Row) -> None:
        if need := self._needs.get(event["request"]):
            need.held_by, need.hushed = event["clause"], True

    def _request_undetermined(self, event: Row) -> None:
        if need := self._needs.get(event["request"]):
            need.undetermined = True

    def _ruled(self, event: Row) -> None:
        if need := self._needs.get(event["request"]):
            need.ruled_free = need.undetermined and event["answer"] == "permitted"

    def _request_denied(self, event: Row) -> None:
        self._give_up(event)

    def _request_cancelled(self, event: Row) -> None:
        self._give_up(event)

    def _give_up(self, event: Row) -> None:
        if need := self._needs.get(event["request"]):
            need.given_up = True

    # Capacity, triggers, suspensions: what the other judgements rest on.

    def _capacity_declared(self, event: Row) -> None:
        self._declared[event["host"], event["sku"]] = sorted((at, quantity) for at, quantity in event["steps"])
        self._asking[event["host"], event["sku"]] = event.get("price")

    def _trigger_fired(self, event: Row) -> None:
        for trigger in self.agreement.of_kind("trigger", event["at"]):
            if trigger.id == event["trigger"] and self._in_force(trigger, event["at"]):
                for ended in trigger.says.get("ends", ()):
                    self._ended.setdefault(ended, []).append(event["at"])

    def _right_suspended(self, event: Row) -> None:
        name, at = event["clause"], event["at"]
        clause = self._pre_emption(name, at)
        strikes, within = (int(clause.says.get("strikes", 3)), _seconds(clause.says.get("strikes_within"), "365 days")) if clause else (1, 0)
        counted = sum(at - within <= default for default in self._defaults.get(name, ()))
        self._check(1, counted >= strikes, f"`{name}` was suspended after {counted} defaults, and it takes {strikes}")
        self._suspended[name] = event["until"]

    def _purpose_drifted(self, event: Row) -> None:
        self._drifted.add((event["clause"], event["host"]))

    def _purpose_restored(self, event: Row) -> None:
        self._drifted.discard((event["clause"], event["host"]))

    # Offers and their outcomes (law 4), what sets a need free (law 1), what a notice tells (law 7).

    def _notice_defective(self, event: Row) -> None:
        before = self._offers.get(event["offer"])
        self._check(4, before is None or (before.defective and not before.outcome), f"offer `{event['offer']}` was served a second time")
        self._offers[event["offer"]] = _Offer(event["request"], event["clause"], event["holder"], event["terms"], 0, defective=True)

    def _offer_served(self, event: Row) -> None:
        name, need = event["offer"], self._needs.get(event["request"])
        before = self._offers.get(name)
        self._check(4, before is None or (before.defective and not before.outcome), f"offer `{name}` was served a second time")
        self._notice(event, need)
        offer = _Offer(event["request"], event["clause"], event["holder"], event["terms"], event["respond_by"], barrier=event.get("barrier", False))
        self._offers[name] = offer
        if need:
            need.open_offers.add(name)
            need.hushed = True
            need.freed.pop(offer.clause, None)

    def _notice(self, event: Row, need: _Need | None) -> None:
        """A notice goes to the clause's own holder, names no third party, and stands behind the barrier where there is one."""
        name, terms, holder = event["offer"], event["terms"], event["holder"]
        clause = self._pre_emption(event["clause"], event["at"])
        entitled = clause is not None and self._holder(clause) == holder
        self._check(7, entitled, f"offer `{name}` was served on `{holder}`, to whom `{event['clause']}` gives no right")
        told = [terms.get("address"), terms.get("payment"), terms.get("package"), *(terms.get("unusual") or ())]
        told += [words for reason in event.get("because", ()) for words in (reason.get("need"), reason.get("have"))]
        if event.get("right", "first_offer") not in _OUTSIDE_FIRST:
            told.append(terms.get("offeror"))
        insiders = {holder} | (self.agreement.buyers(need.asked["party"]) if need else set())
        if clause:
            window = _window(clause.says, int(terms.get("quantity") or 0), reoffer=event.get("reoffer", False))
            given = event["respond_by"] - event["at"]
            self._check(1, given >= window, f"offer `{name}` gives `{holder}` {given} seconds to answer, and `{clause.id}` gives it {window}")
        strangers = {party for words in told if words for party in self.agreement.named_in(words)} - insiders
        self._check(7, not strangers, f"offer `{name}` tells `{holder}` about {', '.join(f'`{s}`' for s in sorted(strangers))}")
        if entitled and clause and clause.says.get("barrier", True) and self.agreement.compete(holder, clause.says["grantor"], event["at"]):
            self._check(7, event.get("barrier", False), f"offer `{name}` went to a competitor with no information barrier")

    def _offer_tolled(self, event: Row) -> None:
        if offer := self._offers.get(event["offer"]):
            causes = self._term(offer.clause, "tolling", (), event["at"])
            agreed = offer.matched if event["cause"] == "another_round" else isinstance(causes, list | tuple) and event["cause"] in causes
            later = event["at"] < offer.respond_by <= event["respond_by"] and not offer.outcome
            self._check(
                4, agreed and later, f"the clock of offer `{event['offer']}` was stopped for `{event['cause']}`, which is not agreed or too late"
            )
            offer.respond_by = event["respond_by"]

    def _outcome(self, event: Row) -> _Offer | None:
        """Give an offer its outcome; the offer if this is its first."""
        name, offer = event["offer"], self._offers.get(event["offer"])
        if offer is None:
            return None
        outcome = _OUTCOMES[event["type"]]
        self._check(4, not offer.outcome, f"offer `{name}` was {offer.outcome}, and then {outcome}")
        said = self._row["command"]
        taken_up = said["type"] == "AcceptCounter" and offer.counter is not None  # the holder has spoken before
        spoken = event["type"] in _SPOKEN and not taken_up
        if spoken and event["at"] < offer.respond_by and (said.get("offer") == name or said["type"] == "WaiveRight"):
            self._check(7, said["by"] == offer.holder, f"`{said['by']}` answered offer `{name}`, which was made to `{offer.holder}`")
        if offer.outcome:
            return None
        offer.outcome = outcome
        if offer.defective:
            self._check(4, outcome in {"withdrawn", "void", "waived"}, f"offer `{name}` was {outcome} and never validly served")
            return None
        need = self._needs.get(offer.request)
        if need:
            need.open_offers.discard(name)
            need.hushed = bool(need.open_offers) or outcome in {"withdrawn", "void"}
        return offer

    def _free(self, offer: _Offer, at: int, quantity: int) -> None:
        """From now on `quantity` of the need may go elsewhere, for the clause's window, under the terms that were refused."""
        need = self._needs.get(offer.request)
        clause = self._pre_emption(offer.clause, at)
        self._refused.add(offer.clause)
        if need and clause:
            window = _seconds(clause.says.get("free_market_for"), "90 days")
            only_with = offer.terms.get("offeror") or "" if clause.says.get("right") in _OUTSIDE_FIRST else ""
            need.freed[offer.clause] = _Freedom(quantity, at + window, _ceiling(clause.says, offer), only_with)

    def _offered(self, offer: _Offer) -> int:
        need = self._needs.get(offer.request)
        return int(offer.terms.get("quantity") or (need.asked["quantity"] if need else 0))

    def _right_exercised(self, event: Row) -> None:
        offer = self._outcome(event)
        if offer is None:
            return
        name, taken, left, offered = event["offer"], event["quantity"], event["remainder"], self._offered(offer)
        at_deadline = offer.matched or self._term(offer.clause, "silence", "lapse", event["at"]) == "accept"
        self._check(
            4,
            event["at"] < offer.respond_by or (at_deadline and event["at"] == offer.respond_by),
            f"offer `{name}` was exercised at {_shown(event['at'])}; its deadline was {_shown(offer.respond_by)}",
        )
        self._check(
            3,
            taken > 0 and left >= 0 and taken + left == offered,
            f"offer `{name}` was for {offered}; {taken} taken and {left} left over are not that",
        )
        if left:
            self._free(offer, event["at"], left)

    def _right_declined(self, event: Row) -> None:
        offer = self._outcome(event)
        if offer and (event["reason"] in _INABILITY or not self._term(offer.clause, "decline_requires_inability", False, event["at"])):
            self._free(offer, event["at"], self._offered(offer))

    def _right_countered(self, event: Row) -> None:
        standing = self._offers.get(event["offer"])
        if standing:
            standing.counter = event["terms"]
            if self._term(standing.clause, "counter", "refusal", event["at"]) == "keeps_open":
                return
        offer = self._outcome(event)
        if offer:
            self._free(offer, event["at"], self._offered(offer))

    def _counter_accepted(self, event: Row) -> None:
        offer = self._offers.get(event["offer"])
        if offer:
            countered = offer.outcome == "countered" and 0 < event["quantity"] <= self._offered(offer)
            self._check(4, countered, f"a counter to offer `{event['offer']}` was accepted for {event['quantity']}, and none was made for so many")

    def _round_opened(self, event: Row) -> None:
        offer = self._offers.get(event["offer"])
        if offer:
            another = self._term(offer.clause, "after_match", "ends", event["at"]) == "another_round" and not offer.outcome
            self._check(
                4,
                another and event["at"] < offer.respond_by,
                f"another round was opened on offer `{event['offer']}`, which is not agreed or too late",
            )
            offer.matched, offer.respond_by = True, event["until"]

    def _right_lapsed(self, event: Row) -> None:
        offer = self._outcome(event)
        if offer:
            self._check(
                4,
                event["at"] == offer.respond_by,
                f"offer `{event['offer']}` lapsed at {_shown(event['at'])}; its deadline was {_shown(offer.respond_by)}",
            )
            self._free(offer, event["at"], self._offered(offer))

    def _right_waived(self, event: Row) -> None:
        need, at = self._needs.get(event["request"]), event["at"]
        offer = self._outcome(event) if event.get("offer") else None
        if need:
            need.hushed = bool(need.open_offers)
            for clause in self._rights_over(need, at, of_any_size=True):
                need.freed[clause.id] = _Freedom(need.asked["quantity"], at + _seconds(clause.says.get("free_market_for"), "90 days"))
        if offer:
            self._free(offer, at, self._offered(offer))

    def _offer_withdrawn(self, event: Row) -> None:
        offer = self._outcome(event)
        need = self._needs.get(event["request"])
        if offer and need and (clause := self._pre_emption(offer.clause, event["at"])):
            self._watched[clause.id, _purpose(need.asked)] = event["at"] + _seconds(clause.says.get("look_back"), "30 days")

    def _offer_voided(self, event: Row) -> None:
        self._outcome(event)

    def _right_ended(self, event: Row) -> None:
        if need := self._needs.get(event["request"]):
            binding = [clause.id for clause in self._rights_over(need, event["at"]) if clause.id == need.held_by]
            self._check(
                1, not binding, f"the right over request `{event['request']}` was said to have ended, and `{', '.join(binding)}` still binds it"
            )
            need.hushed = bool(need.open_offers)

    def _right_assigned(self, event: Row) -> None:
        clause = self._pre_emption(event["clause"], event["at"])
        passes = clause is not None and clause.says.get("assignable") == "with_business" and event["holder"] == self._holder(clause)
        self._check(7, passes, f"`{event['clause']}` was passed to `{event['to']}`, which is not agreed")
        self._holders[event["clause"]] = event["to"]
        # What waits for an answer waits for the new holder's.
        guarded = clause is not None and clause.says.get("barrier", True) and self.agreement.compete(event["to"], clause.says["grantor"], event["at"])
        for name, offer in self._offers.items():
            if offer.clause == event["clause"] and not offer.outcome:
                offer.holder = event["to"]
                offer.barrier = offer.barrier or event.get("barrier", False)
                self._check(7, offer.barrier or not guarded or offer.defective, f"offer `{name}` passed to a competitor with no information barrier")

    def _access_granted(self, event: Row) -> None:
        self._staff.add((event["holder"], event["person"]))

    def _notice_read(self, event: Row) -> None:
        offer = self._offers.get(event["offer"])
        if offer and event["allowed"]:
            named = (offer.holder, event["person"]) in self._staff or not offer.barrier
            self._check(7, named, f"`{event['person']}` read offer `{event['offer']}` and was not named by `{offer.holder}`")
            reader = self._row["command"]["by"]
            self._check(7, reader == offer.holder, f"`{reader}` read offer `{event['offer']}`, which was made to `{offer.holder}`")

    # Grants: laws 1, 2, 3, 5 and 7 at once.

    def _granted(self, event: Row) -> None:
        name, need, host = event["grant"], self._needs.get(event["request"]), self.agreement.hosts.get(event["host"])
        self._check(3, name not in self._grants, f"grant `{name}` was given twice")
        self._check(2, host is not None, f"grant `{name}` is on host `{event['host']}`, which the agreement does not name")
        if need is None or host is None or name in self._grants:
            return
        said, written = (event["platform"], event["operator"]), (host["platform"], host["operator"])
        self._check(2, said == written, f"grant `{name}` says {said} of host `{event['host']}`; the agreement says {written}")
        grant = _Promise(event["request"], event["host"], event["sku"], event["quantity"], event["starts"], event["ends"], event["price"])
        grant.freedoms = self._asked_first(event, need, host)
        self._hosted_rightly(event, grant)
        self._promised_once(event, need)
        self._price_frozen(event)
        self._grants[name] = grant

    def _asked_first(self, event: Row, need: _Need, host: Mapping[str, Any]) -> tuple[tuple[_Freedom, int], ...]:
        """Law 1, and law 7 where the holder has not answered yet.  Returns the freedoms that the grant used, and how much of each."""
        name, at = event["grant"], event["at"]
        used: list[tuple[_Freedom, int]] = []
        # What a holder in default owes may be covered at once, whatever else of the need is still being asked for.
        owed = need.owed >= event["quantity"]
        waiting = [self._offers[o].holder for o in sorted(need.open_offers) if self._offers[o].holder != host["platform"] and not owed]
        self._check(1, not waiting, f"grant `{name}` goes to `{host['platform']}` while `{', '.join(waiting)}` has not answered")
        covering = [clause for clause in self._rights_over(need, at) if not self._outside(clause, event, need, host)]
        self._check(
            7,
            not (covering and need.hushed and not owed),
            f"`{host['platform']}` heard of request `{event['request']}` before the holder had answered",
        )
        if not covering or need.ruled_free:
            return ()
        covers = min(need.owed, event["quantity"])
        need.owed -= covers
        quantity = event["quantity"] - covers
        beyond = self._beyond_consent(event, at)
        for clause in covering if quantity else ():
            freedom = need.freed.get(clause.id)
            if freedom is None and beyond:
                self._check(2, False, f"grant `{name}` goes beyond what {beyond}")
                continue
            words = "the holder never declined, lapsed or waived" if freedom is None else self._exceeds(event, quantity, freedom, clause)
            self._check(1, not words, f"grant `{name}` to `{host['platform']}` is covered by `{clause.id}`: {words}")
            if freedom:
                freedom.used += quantity
                used.append((freedom, quantity))
        return tuple(used)

    def _exceeds(self, event: Row, quantity: int, freedom: _Freedom, clause: _Clause) -> str:
        """In which way a grant goes beyond what a refusal set free, in words; empty if it does not."""
        if event["at"] >= freedom.until:
            return f"it was free until {_shown(freedom.until)}"
        if freedom.used + quantity > freedom.quantity:
            return f"{freedom.quantity} of it were free, and this makes {freedom.used + quantity}"
        if freedom.only_with and freedom.only_with not in {event["platform"], event["operator"]}:
            return f"the offer that the holder did not match was by `{freedom.only_with}`"
        if freedom.ceiling is None:
            return ""
        said = self._row["command"]
        bundle = {
            **(said.get("terms") or {} if said["type"] == "ProposeGrant" else {}),
            **{term: event[term] for term in ("price", "starts", "ends")},
        }
        richer, poorer = _compare(bundle, freedom.ceiling, _share(clause.says.get("tolerance")))
        if richer and not (poorer and clause.says.get("incomparable") == "allow"):
            return f"its terms are richer than those the holder refused ({', '.join(richer)})"
        return ""

    def _hosted_rightly(self, event: Row, grant: _Promise) -> None:
        """Law 2, for work that starts when the grant does; and how much of a consent the grant draws on."""
        workload, host, starts, request = event["workload_class"], event["host"], event["starts"], event["request"]
        consent = self._consent(workload, host, starts, request)
        beyond = self._beyond_consent(event, starts)
        bound = self._bound_elsewhere(workload, host, starts, starts + 1, None if beyond else consent)
        but = f", beyond what {beyond}" if beyond else ""
        self._check(2, not bound, f"grant `{event['grant']}` puts `{workload}` on `{host}`, and `{bound}` binds it to another platform{but}")
        if consent and not beyond and not grant.freedoms:
            grant.consent = consent.id
            self._consented.setdefault(consent.id, _Steps()).add(starts, event["ends"], event["quantity"])

    def _beyond_consent(self, event: Row, at: int) -> str:
        """Which consent would cover a grant if it were not for its quantity, in words; empty if none."""
        consent = self._consent(event["workload_class"], event["host"], at, event["request"])
        most = consent.says.get("quantity_max") if consent else None
        if consent is None or most is None:
            return ""
        drawn = self._consented.get(consent.id, _Steps()).within(event["starts"], event["ends"])
        total = max(level for _, level in drawn) + event["quantity"]
        return f"`{consent.id}` allows: {most}, and this makes {total}" if total > int(most) else ""

    def _promised_once(self, event: Row, need: _Need) -> None:
        """Law 3: against what the host declared, over the whole time of the grant, and against what was asked."""
        name, key = event["grant"], (event["host"], event["sku"])
        steps = self._promised.setdefault(key, _Steps())
        steps.add(event["starts"], event["ends"], event["quantity"])
        excess = _first_excess(steps, self._declared.get(key, []), event["starts"], event["ends"])
        when, promised, declared = excess or (0, 0, 0)
        self._check(
            3,
            excess is None,
            f"grant `{name}` makes {promised} {event['sku']} promised on `{event['host']}` at {_shown(when)}, and {declared} can be delivered",
        )
        need.promised += event["quantity"]
        self._check(
            3,
            need.promised <= need.asked["quantity"],
            f"grant `{name}` makes {need.promised} for request `{event['request']}`, which asked for {need.asked['quantity']}",
        )
        self._check(3, event["quantity"] > 0 and event["starts"] < event["ends"], f"grant `{name}` is of nothing, or for no time")

    def _price_frozen(self, event: Row) -> None:
        """Law 5: the price granted is the price that was offered, countered or proposed, or else what the host asks."""
        said, offer = self._row["command"], self._offers.get(event.get("offer") or "")
        if offer:
            agreed = (offer.counter if said["type"] == "AcceptCounter" and offer.counter else offer.terms).get("price")
        else:
            agreed = (said.get("terms") or {}).get("price") if said["type"] == "ProposeGrant" else None
        if agreed is None:
            agreed = self._asking.get((event["host"], event["sku"]))
        frozen = agreed is None or Decimal(agreed) == Decimal(event["price"])
        self._check(5, frozen and Decimal(event["price"]) >= 0, f"grant `{event['grant']}` is at {event['price']}, and {agreed} was agreed")

    def _equal_terms_owed(self, event: Row) -> None:
        """The one way in which a frozen price may change: down, because a clause owes its beneficiary equal terms (R33)."""
        grant = self._grants.get(event["grant"])
        if grant and event["adjusted"]:
            owing = [
                c for c in self.agreement.of_kind("most_favoured_customer", event["at"]) if c.id == event["clause"] and self._in_force(c, event["at"])
            ]
            agreed = any(c.says.get("remedy") == "adjust" for c in owing) and Decimal(event["price"]) < Decimal(grant.price)
            self._check(5, agreed, f"the price of grant `{event['grant']}` went from {grant.price} to {event['price']}, which no clause allows")
            grant.price = event["price"]

    def _grant_ended(self, event: Row) -> None:
        grant = self._grants.get(event["grant"])
        if grant is None:
            return
        self._check(3, not grant.ended, f"grant `{event['grant']}` ended twice")
        if grant.ended or event["at"] >= grant.ends:
            grant.ended = True
            return
        grant.ended = True
        rest = max(event["at"], grant.starts)
        self._promised[grant.host, grant.sku].add(rest, grant.ends, -grant.quantity)
        if grant.consent in self._consented:
            self._consented[grant.consent].add(rest, grant.ends, -grant.quantity)
        self._needs[grant.request].promised -= grant.quantity
        for freedom, quantity in grant.freedoms:
            freedom.used -= quantity

    def _holder_defaulted(self, event: Row) -> None:
        self._defaults.setdefault(event.get("clause", ""), []).append(event["at"])
        need, grant = self._needs.get(event["request"]), self._grants.get(event["grant"])
        if need and grant:
            owed = event["at"] >= grant.starts and event["quantity"] <= grant.quantity
            self._check(1, owed, f"the holder was put in default of {event['quantity']} on grant `{event['grant']}`, which it did not owe")
            need.owed += event["quantity"]
            need.promised -= event["quantity"]
            need.hushed = bool(need.open_offers)

    # Use: law 2 where the work really ran, law 5 for what will be charged.

    def _usage_reported(self, event: Row) -> None:
        self._check(5, event["report"] not in self._reports, f"usage report `{event['report']}` was counted twice")
        self._reports.add(event["report"])
        self._usage.setdefault(event["host"], []).append(event)
        workload, host, starts = event["workload_class"], event["host"], event["starts"]
        bound = self._bound_elsewhere(workload, host, starts, event["ends"], self._any_consent(workload, host, starts))
        noted = any(other["type"] == "BreachNoted" and other["clause"] == bound for other in self._row["events"])
        words = f"`{workload}` ran on `{host}` while `{bound}` bound it to another platform, and nobody noted the breach"
        self._check(2, not bound or noted, words)

    def _purpose_kept(self, event: Row) -> None:
        """Law 2: own-build that is used for its purpose less than agreed is flagged, and flagged only then (R29)."""
        host, at = event["host"], event["at"]
        watching = [c for c in self.agreement.of_kind("consent", at) if c.says.get("purpose") and self._in_force(c, at) and self._watches(c, host)]
        newest = max(report["ends"] for report in self._usage[host])
        for consent in watching:
            purpose = consent.says["purpose"]
            begins = newest - _seconds(purpose.get("over"), "90 days")
            kept = [report for report in self._usage[host] if report["ends"] > begins]
            hours: dict[bool, Fraction] = {True: Fraction(0), False: Fraction(0)}
            for report in kept:
                inside = Fraction(report["ends"] - max(report["starts"], begins), report["ends"] - report["starts"])
                hours[report["workload_class"] in purpose["classes"]] += report["accelerator_hours"] * inside
            total = hours[True] + hours[False]
            drifted = total > 0 and hours[True] < Fraction(_share(purpose["at_least"])) * total
            flagged = (consent.id, host) in self._drifted
            share = f"{float(hours[True] / total):.1%}" if total else "nothing"
            words = f"`{host}` was used to {share} for the purpose of `{consent.id}`, and that was {'not ' if drifted else ''}flagged"
            self._check(2, not total or drifted == flagged, words)
        longest = max((_seconds(c.says["purpose"].get("over"), "90 days") for c in watching), default=0)
        self._usage[host] = [report for report in self._usage[host] if report["ends"] > newest - longest or report["ends"] == newest]

    def _watches(self, consent: _Clause, host_id: str) -> bool:
        """Whether a consent to own-building speaks of a host's use: one it lists, else every own building of the grantee."""
        host = self.agreement.hosts.get(host_id, {})
        if consent.says["permits"] != "own_build":
            return False
        if consent.says.get("hosts"):
            return host_id in consent.says["hosts"]
        return bool(host.get("own_build")) and consent.says["grantee"] in self.agreement.buyers(host["platform"])

    def _product_launched(self, event: Row) -> None:
        workload, at = event["workload_class"], event["at"]
        bound = self._bound_elsewhere(workload, event["host"], at, at + 1, self._any_consent(workload, event["host"], at))
        self._check(
            2, not bound, f"`{event['launch']}` shipped on `{event['host']}` while `{bound}` bound `{event['workload_class']}` to another platform"
        )

    # What the agreement says of a need, a host and an instant, worked out anew.

    def _in_force(self, clause: _Clause, starts: int, ends: int | None = None) -> bool:
        """Whether a clause speaks at an instant, or during the whole of an interval."""
        last = starts if ends is None else ends - 1
        # A trigger ends the text that stood when it came true, not one that was agreed on later.
        fired = min((at for at in self._ended.get(clause.id, ()) if clause.agreed <= at), default=_EVER)
        return clause.starts <= starts and last < min(clause.ends, fired)

    def _pre_emption(self, name: str, at: int) -> _Clause | None:
        """A right by its id: as it is in force, or else as it was last."""
        periods = [clause for clause in self.agreement.of_kind("pre_emption", at) if clause.id == name and clause.starts <= at]
        return max(periods, key=lambda clause: clause.starts, default=None)

    def _holder(self, clause: _Clause) -> str:
        """Who holds a right now: whom it was given to, or whom it has passed to."""
        return self._holders.get(clause.id, str(clause.says["holder"]))

    def _term(self, name: str, term: str, otherwise: object, at: int) -> object:
        clause = self._pre_emption(name, at)
        return clause.says.get(term, otherwise) if clause else otherwise

    def _rights_over(self, need: _Need, at: int, *, of_any_size: bool = False) -> list[_Clause]:
        """The rights that bind a need at an instant, wherever it would go; with `of_any_size` those too for which it is too small by itself."""
        asked = need.asked
        buyers = self.agreement.buyers(asked["party"])
        rights: list[_Clause] = []
        # A class that is bound to one platform is covered by nothing: law 2 is about it (R28).
        if any(self._in_force(c, at) and asked["workload_class"] in c.says["classes"] for c in self.agreement.of_kind("exclusive_hosting", at)):
            return rights
        for clause in self.agreement.of_kind("pre_emption", at):
            says = clause.says
            if not self._in_force(clause, at) or asked["workload_class"] not in says["classes"] or at < self._suspended.get(clause.id, -_EVER):
                continue
            if says["grantor"] not in (buyers if says.get("look_through", True) else {asked["party"]}):
                continue
            if says.get("lasts") == "one_shot" and clause.id in self._refused:
                continue
            if of_any_size or self._together(need, clause, at) >= int(says.get("minimum_lot", 1000)):
                rights.append(clause)
        return rights

    def _together(self, need: _Need, clause: _Clause, at: int) -> int:
        """How much a need asks for together with those of the same purpose and grantor just before it (R16); counting ends at the minimum lot."""
        lot, since = int(clause.says.get("minimum_lot", 1000)), need.submitted - _seconds(clause.says.get("look_back"), "30 days")
        total = int(need.asked["quantity"])
        own, purpose = need.asked["id"], _purpose(need.asked)
        if at < self._watched.get((clause.id, purpose), -_EVER):
            return max(total, lot)  # a notice was withdrawn not long ago: nothing of its purpose is too small
        for name in reversed(self._needs_by_purpose[purpose]):
            other = self._needs[name]
            if total >= lot or other.submitted <= since:
                break
            if (
                name != own
                and other.entry < need.entry
                and not other.given_up
                and clause.says["grantor"] in self.agreement.buyers(other.asked["party"])
            ):
                total += int(other.asked["quantity"])
        return total

    def _outside(self, clause: _Clause, event: Row, need: _Need, host: Mapping[str, Any]) -> bool:
        """Whether a grant lies outside a right that binds its need: by host, by consent, as a renewal or as a burst (R2)."""
        says, asked, at = clause.says, need.asked, event["at"]
        if host["platform"] == self._holder(clause) and not self._sub_supply(event["host"], at, counts=False):
            return True
        if event["host"] in says.get("exempt_hosts", ()):
            return True
        renewed = self._grants.get(asked.get("renewal_of") or "")
        if renewed and says.get("exempt_renewals", True) and event["quantity"] <= renewed.quantity:
            return True
        if asked.get("burst") and event["ends"] - event["starts"] < _seconds(says.get("exempt_bursts_under"), "72 hours"):
            return True
        consent = self._consent(event["workload_class"], event["host"], at, event["request"])
        if consent is None or self._beyond_consent(event, at):
            return False
        towards = self._buyer(consent.says["grantee"]) == self._buyer(says["grantor"]) and consent.says["grantor"] in {
            says["holder"],
            self._holder(clause),
        }
        return towards and ((consent.id, event["host"]) not in self._drifted or renewed is not None)

    def _any_consent(self, workload: str, host_id: str, at: int) -> _Clause | None:
        """A consent that covers use, for which nobody says under which order it runs: any order that was consented to there will do."""
        asked = {grant.request for grant in self._grants.values() if grant.host == host_id} if self._orders_matter(at) else ()
        consents = (self._consent(workload, host_id, at, request) for request in ("", *sorted(asked)))
        return next((consent for consent in consents if consent), None)

    def _orders_matter(self, at: int) -> bool:
        return any(clause.says["permits"] == "order" for clause in self.agreement.of_kind("consent", at))

    def _buyer(self, party: str) -> str:
        """For whom a party buys in the end."""
        seen = set()
        while party not in seen:
            seen.add(party)
            party = self.agreement.parties.get(party, {}).get("controlled_by") or party
        return party

    def _consent(self, workload: str, host_id: str, at: int, request: str) -> _Clause | None:
        """The consent that covers a class on a host at an instant, if there is one."""
        host = self.agreement.hosts.get(host_id, {})
        for clause in self.agreement.of_kind("consent", at):
            says = clause.says
            if not self._in_force(clause, at) or workload not in says["classes"]:
                continue
            suppliers, own_contract = says.get("suppliers") or (), host.get("platform") == says["grantor"]
            if suppliers and not {host.get("platform"), host.get("operator")} & set(suppliers):
                continue
            if says["permits"] == "order" and request not in says.get("orders", ()):
                continue
            if says.get("hosts"):
                if host_id in says["hosts"]:
                    return clause
                continue
            described = {
                "own_build": self._own_building(clause, workload, host_id, at),
                "platform_extension": own_contract and host.get("operator") != says["grantor"],
                "supplier": host.get("platform") in suppliers or (own_contract and host.get("operator") in suppliers),
                "order": True,
            }
            if described[says["permits"]]:
                return clause
        return None

    def _own_building(self, consent: _Clause, workload: str, host_id: str, at: int) -> bool:
        """Whether a host is the grantee's own building: as the programme that lists it says, else by its own flag and platform."""
        listing = [
            clause.says
            for clause in self.agreement.of_kind("programme", at)
            if self._in_force(clause, at)
            and any(phase.get("host") == host_id for site in clause.says.get("sites", ()) for phase in site.get("phases", ()))
        ]
        if listing:
            intended = workload in (consent.says.get("purpose") or consent.says)["classes"]
            kinds = {says.get("counts_as", "by_purpose") for says in listing}
            return kinds == {"own_build"} or (kinds <= {"own_build", "by_purpose"} and intended)
        host = self.agreement.hosts.get(host_id, {})
        return bool(host.get("own_build")) and self._buyer(host["platform"]) == self._buyer(consent.says["grantee"])

    def _sub_supply(self, host_id: str, at: int, *, counts: bool) -> bool:
        """Whether a sub-supply clause names a host's machines, and says that they count as the holder's or that they do not."""
        host = self.agreement.hosts[host_id]
        for clause in self.agreement.of_kind("sub_supply", at):
            says = clause.says
            named = (
                says["holder"] == host["platform"] and says["supplier"] == host["operator"] and (not says.get("hosts") or host_id in says["hosts"])
            )
            if named and self._in_force(clause, at) and says.get("counts_as_holder", True) is counts:
                return True
        return False

    def _bound_elsewhere(self, workload: str, host_id: str, starts: int, ends: int, consent: _Clause | None) -> str:
        """The exclusive-hosting clause that keeps a class off a host during the whole of an interval, if there is one."""
        host = self.agreement.hosts.get(host_id)
        if host is None:
            return ""
        speaking = [
            c for c in self.agreement.of_kind("exclusive_hosting", starts) if self._in_force(c, starts, ends) and workload in c.says["classes"]
        ]
        for clause in speaking:
            says = clause.says
            home = says["platform"]
            if host_id in says.get("except_hosts", ()) or any(clause.id in other.says.get("overrides", ()) for other in speaking):
                continue
            if consent and consent.says["grantor"] == home:
                continue
            others_machines = (
                host["operator"] != home
                and {
                    "counts": False,
                    "named": not self._sub_supply(host_id, starts, counts=True),
                    "refused": True,
                }[says.get("sub_supply", "counts")]
            )
            if host[says.get("tests", "platform")] != home or others_machines:
                return clause.id
        return ""


def _purpose(asked: Mapping[str, Any]) -> str:
    """What a need is for: needs of one purpose are added up against the minimum lot (R16)."""
    return str(asked.get("purpose") or asked["workload_class"])
