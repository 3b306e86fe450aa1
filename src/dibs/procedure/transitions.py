"""Which status follows which: the one table of the procedure.

Four things change status: a capacity request, an offer, what follows a refusal (the aftermath), and a reservation.
`TRANSITIONS` says everything: (thing, status, what happened) -> status.  What happened is the name of an event, with a
word added where the same event leads to two places (`Granted in part`, `Granted in full`).  What is not in the table
cannot happen: `move` asserts it, so a mistake of the procedure is loud.  The diagrams of the docs, the check
constraints of the databases and the stateful tests are made from this table.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Thing: TypeAlias = Literal["request", "offer", "aftermath", "reservation"]
"""What has a status."""

START: Mapping[Thing, str] = MappingProxyType({"request": "draft", "offer": "draft", "aftermath": "none", "reservation": "requested"})
"""The status of a thing that is not on record yet."""

STATUSES: Mapping[Thing, tuple[str, ...]] = MappingProxyType(
    {
        "request": ("draft", "submitted", "held", "offering", "partially_granted", "granted", "denied", "unfilled", "cancelled", "expired"),
        "offer": (
            "draft",
            "defective",
            "open",
            "exercised",
            "partially_exercised",
            "declined",
            "lapsed",
            "waived",
            "withdrawn",
            "countered",
            "void",
        ),
        "aftermath": ("none", "open_market", "reoffer_due", "placed_alternate", "expired", "holder_default"),
        "reservation": (
            "requested",
            "approved",
            "committed",
            "provisioning",
            "active",
            "partially_active",
            "delayed",
            "reclaiming",
            "declined",
            "failed",
            "ended",
            "cancelled",
        ),
    }
)
"""Every status there is, in the order in which a person would list them.

A reservation is `committed`, `provisioning`, `reclaiming` or `declined` only towards an engine that says so; the
procedure itself never brings it there, so the table has no way to these.
"""

_STILL_OUT = ("NoticeDefective", "OfferServed", "RightExercised", "RightLapsed", "RightWaived", "RightCountered", "MarketOpened")
BACK = ("OfferWithdrawn", "OfferVoided", "RightDeclined without effect", "ReofferDue", "RightRevived", "RightEnded")
"""What brings a need back from where it was out; while a holder in default still owes some of it, it stays out."""
_BACK_IN_PART = tuple(f"{event}, and cover is due" for event in BACK)
_OUTCOME = {
    "RightExercised in full": "exercised",
    "RightExercised in part": "partially_exercised",
    "RightDeclined": "declined",
    "RightCountered": "countered",
    "RightLapsed": "lapsed",
    "RightWaived": "waived",
    "OfferWithdrawn": "withdrawn",
    "OfferVoided": "void",
}
LEFT: Mapping[str, str] = MappingProxyType(
    {"part granted": "partially_granted", "rest offered": "offering", "rest held": "held", "rest free": "submitted", "nothing left": "unfilled"}
)
"""What is left of a need of which some was lost, and the status that this makes."""


def _lost(event: str, *left: str) -> Mapping[str, str]:
    return {f"{event}: {what}": LEFT[what] for what in left}


_GIVEN_UP = {"RequestCancelled": "expired", "RequestExpired": "expired", "RequestUnfilled": "expired"}

_REQUEST: Mapping[str, Mapping[str, str]] = {
    "draft": {"RequestSubmitted": "submitted"},
    "submitted": {
        "RequestHeld": "held",
        "RequestUndetermined": "submitted",
        "DoubtEnded": "submitted",
        "Ruled": "submitted",
        "RequestDenied": "denied",
        "Granted in part": "partially_granted",
        "Granted in full": "granted",
        "RequestCancelled": "cancelled",
        "RequestExpired": "expired",
    },
    "held": {
        "NoticeDefective": "held",
        "OfferServed": "offering",
        "RightWaived": "held",
        "OfferWithdrawn": "held",
        "OfferVoided": "held",
        "ReofferDue": "held",
        "MarketOpened": "offering",
        "RightEnded": "submitted",
        "RequestUndetermined": "held",
        "DoubtEnded": "held",
        "Ruled": "held",
        "Granted in part": "partially_granted",
        "Granted in full": "granted",
        "RequestCancelled": "cancelled",
        "RequestExpired": "expired",
    },
    "offering": {
        **dict.fromkeys(_STILL_OUT, "offering"),
        **dict.fromkeys(BACK, "held"),
        "RightEnded": "submitted",
        **dict.fromkeys(_BACK_IN_PART, "offering"),
        "RightDeclined": "offering",
        "RequestHeld": "offering",
        "RequestUndetermined": "offering",
        "DoubtEnded": "offering",
        "Ruled": "offering",
        "RequestDenied": "denied",
        "Granted in part": "partially_granted",
        "Granted in full": "granted",
        **_lost("RequestUnfilled", "rest offered", "rest held", "rest free", "nothing left"),
        "RequestCancelled": "cancelled",
        "RequestExpired": "expired",
    },
    "partially_granted": {
        **dict.fromkeys((*_STILL_OUT, *BACK, *_BACK_IN_PART, "RightDeclined", "RequestHeld"), "partially_granted"),
        "RequestUndetermined": "partially_granted",
        "DoubtEnded": "partially_granted",
        "Ruled": "partially_granted",
        "RequestDenied": "partially_granted",
        "Granted in part": "partially_granted",
        "Granted in full": "granted",
        **_lost("RequestUnfilled", "part granted"),
        "RequestCancelled": "cancelled",
        **_lost("HolderDefaulted", *LEFT),
    },
    "granted": _lost("HolderDefaulted", "part granted", "rest offered", "nothing left"),
    "cancelled": dict.fromkeys(_lost("HolderDefaulted", "part granted", "nothing left"), "cancelled"),
    "denied": {},
    "unfilled": {},
    "expired": {},
}

_OFFER: Mapping[str, Mapping[str, str]] = {
    "draft": {"NoticeDefective": "defective", "OfferServed": "open"},
    "defective": {
        "NoticeDefective": "defective",
        "OfferServed": "open",
        "RightWaived": "waived",
        "OfferWithdrawn": "withdrawn",
        "OfferVoided": "void",
    },
    "open": {
        **_OUTCOME,
        "RightDeclined without effect": "declined",
        "RightCountered, and the window runs on": "open",
        "RoundOpened": "open",
        "OfferTolled": "open",
        "AnswerLate": "open",
        "NoticeRead": "open",
    },
    "lapsed": {"AnswerLate": "lapsed", "NoticeRead": "lapsed"},
    "countered": {"CounterAccepted": "countered", "NoticeRead": "countered"},
    **{over: {"NoticeRead": over} for over in ("exercised", "partially_exercised", "declined", "waived", "withdrawn", "void")},
}

_AFTERMATH: Mapping[str, Mapping[str, str]] = {
    "none": {"MarketOpened": "open_market", "ReofferDue": "reoffer_due", "HolderDefaulted": "holder_default"},
    "open_market": {
        "Granted in part": "open_market",
        "Granted in full": "placed_alternate",
        "CounterAccepted in part": "open_market",
        "CounterAccepted in full": "none",
        "ReofferDue": "reoffer_due",
        "RightRevived": "expired",
        "RightEnded": "none",
        **_GIVEN_UP,
    },
    "reoffer_due": {"OfferServed": "none", "Granted in full": "none", "MarketOpened": "open_market", "RightEnded": "none", **_GIVEN_UP},
    "expired": {"OfferServed": "none", "MarketOpened": "open_market", "RightEnded": "none", "HolderDefaulted": "holder_default", **_GIVEN_UP},
    "placed_alternate": {"HolderDefaulted": "holder_default"},
    "holder_default": {"HolderDefaulted": "holder_default", "Granted in part": "holder_default", "Granted in full": "placed_alternate", **_GIVEN_UP},
}

_RESERVATION: Mapping[str, Mapping[str, str]] = {
    "requested": {"Granted": "approved"},
    "approved": {
        "DeliveryConfirmed in part": "partially_active",
        "DeliveryConfirmed in full": "active",
        "GrantDelayed": "delayed",
        "GrantEnded: released": "cancelled",
        "GrantEnded: ended": "failed",
    },
    "delayed": {
        "DeliveryConfirmed in part": "partially_active",
        "DeliveryConfirmed in full": "active",
        "HolderDefaulted": "delayed",
        "GrantEnded: released": "cancelled",
        "GrantEnded: default": "failed",
        "GrantEnded: ended": "failed",
    },
    "partially_active": {
        "DeliveryConfirmed in part": "partially_active",
        "DeliveryConfirmed in full": "active",
        "GrantDelayed": "partially_active",
        "HolderDefaulted": "active",
        "GrantEnded: released": "ended",
        "GrantEnded: ended": "ended",
    },
    "active": {"GrantEnded: released": "ended", "GrantEnded: ended": "ended"},
    "failed": {},
    "ended": {},
    "cancelled": {},
}

_TABLES: Mapping[Thing, Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {"request": _REQUEST, "offer": _OFFER, "aftermath": _AFTERMATH, "reservation": _RESERVATION}
)

TRANSITIONS: Mapping[tuple[Thing, str, str], str] = MappingProxyType(
    {(thing, status, happened): then for thing, table in _TABLES.items() for status, ways in table.items() for happened, then in ways.items()}
)
"""(thing, status, what happened) -> status."""


def move(thing: Thing, status: str, happened: str) -> str:
    """The status that follows; what the table does not know cannot happen."""
    then = TRANSITIONS.get((thing, status, happened))
    assert then is not None, f"`{happened}` happened to a {thing} that was {status}"  # noqa: S101 - a bug, loud
    return then


def reachable(thing: Thing) -> tuple[str, ...]:
    """The statuses that a thing can come to, in the order of `STATUSES`."""
    found = {START[thing]}
    while more := {then for (of, status, _), then in TRANSITIONS.items() if of == thing and status in found} - found:
        found |= more
    return tuple(status for status in STATUSES[thing] if status in found)


def final(thing: Thing) -> tuple[str, ...]:
    """The statuses that a thing never leaves."""
    leaves = {status for (of, status, _), then in TRANSITIONS.items() if of == thing and then != status}
    return tuple(status for status in reachable(thing) if status not in leaves)


def diagram(thing: Thing) -> str:
    """The table of one thing as Mermaid text; ways between the same two statuses share an arrow, and what changes nothing is left out."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for (of, status, happened), then in TRANSITIONS.items():
        if of == thing and status != then:
            arrows.setdefault((status, then), []).append(happened.replace(":", ","))
    lines = ["stateDiagram-v2", f"    [*] --> {START[thing]}"]
    lines += [f"    {status} --> {then}: {' / '.join(sorted(events))}" for (status, then), events in arrows.items()]
    lines += [f"    {status} --> [*]" for status in final(thing)]
    return "\n".join(lines) + "\n"
