"""Made-up books: offer procedures with every kind of value that an entry can hold, for stores, audits and benchmarks.

Nothing here asks the procedure whether it would decide so; a store has to keep what it is given.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from dibs.contract.terms import CapacityRequest, Terms
from dibs.journal.entry import Entry
from dibs.procedure.commands import AdoptAgreement, AnyCommand, ProposeGrant, RecordSignal, Respond, ServeNotice, SubmitRequest, Wake
from dibs.procedure.events import (
    AgreementAdopted,
    AnyEvent,
    Because,
    CommandRefused,
    Granted,
    MarketOpened,
    OfferServed,
    RequestHeld,
    RequestSubmitted,
    RightDeclined,
    RightLapsed,
    SignalRecorded,
)
from dibs.quantities import DAY

if TYPE_CHECKING:
    from collections.abc import Iterator

BEGIN = 1_740_787_200
"""2025-03-01."""


def entries(count: int, *, agreement: str = "0" * 64, keyed: bool = False) -> Iterator[Entry]:
    """The first `count` entries of a book: an adoption, then needs that are offered, refused and placed elsewhere."""
    for seq, (command, events) in zip(range(count), _acts(agreement), strict=False):
        key = f"act-{seq} \N{GREEK SMALL LETTER ALPHA}" if keyed and seq % 2 else ""
        yield Entry(seq=seq, at=BEGIN + seq * 60, agreement=agreement, command=command, events=events, key=key)


def _acts(agreement: str) -> Iterator[tuple[AnyCommand, tuple[AnyEvent, ...]]]:
    yield AdoptAgreement(by="aster", digest=agreement), (AgreementAdopted(at=BEGIN, digest=agreement, boundaries=(BEGIN + 9 * DAY,)),)
    nth = 0
    while True:
        nth += 1
        yield from procedure(nth)
        yield (
            RecordSignal(by="aster", party="aster", signal="revenue", value=Decimal("12.50"), unit="USD", since=BEGIN, until=BEGIN + DAY),
            (SignalRecorded(at=BEGIN, party="aster", signal="revenue", value=Decimal("12.50"), unit="USD", since=BEGIN, until=BEGIN + DAY),),
        )


def procedure(nth: int) -> Iterator[tuple[AnyCommand, tuple[AnyEvent, ...]]]:
    """One need: asked for, offered, declined or left to lapse, and granted elsewhere."""
    at = BEGIN + nth * DAY
    request = CapacityRequest(
        id=f"r-{nth}",
        party="aster",
        workload_class="training",
        sku="h100",
        quantity=4000 + nth,
        regions=("us-west", "us-east"),
        start_earliest=at + 60 * DAY,
        start_latest=at + 120 * DAY,
        months=12,
        price_max=Decimal("2.75"),
    )
    terms = Terms(
        sku="h100",
        quantity=request.quantity,
        starts=request.start_earliest,
        ends=request.start_earliest + 365 * DAY,
        regions=request.regions,
        classes=("training",),
        price=Decimal("2.10"),
        payment='monthly, "in arrears"',
        prepayment=Decimal("0.1"),
        take_or_pay=Decimal("0.80"),
        service_level=Decimal("0.999"),
        delivery_tolerance=14 * DAY,
        address="capacity desk, 1 Harbour Row",
        signed=False,
        unusual=("cash only", "names ] and } and \\"),
    )
    yield (
        SubmitRequest(by="aster", request=request),
        (
            RequestSubmitted(at=at, request=request, clause="first-refusal", holder="borealis", case=f"training {nth}"),
            RequestHeld(at=at, request=request.id, clause="first-refusal", holder="borealis"),
        ),
    )
    yield (
        ServeNotice(by="aster", offer=f"o-{nth}", request=request.id, terms=terms),
        (
            OfferServed(
                at=at,
                offer=f"o-{nth}",
                request=request.id,
                clause="first-refusal",
                holder="borealis",
                terms=terms,
                respond_by=at + 30 * DAY,
                minimum_accept=400,
            ),
        ),
    )
    market = MarketOpened(at=at + 9 * DAY, request=request.id, quantity=request.quantity, until=at + 99 * DAY, ceiling=terms, offer=f"o-{nth}")
    if nth % 3:
        refusal = RightDeclined(at=at + 9 * DAY, offer=f"o-{nth}", request=request.id, reason="price")
        yield Respond(by="borealis", offer=f"o-{nth}", quantity=0, reason="price"), (refusal, market)
    else:
        yield Wake(by="clock"), (RightLapsed(at=at + 30 * DAY, offer=f"o-{nth}", request=request.id), market)
    richer = Because(code="richer", clause="first-refusal", need="at most 2.10", have="2.30")
    dearer = Terms(sku="h100", quantity=request.quantity, price=Decimal("2.30"))
    yield (
        ProposeGrant(by="aster", grant=f"g-{nth}", request=request.id, host="cinder-west", quantity=request.quantity, terms=dearer),
        (CommandRefused(at=at + 31 * DAY, command="ProposeGrant", subject=request.id, by="aster", because=(richer,)),),
    )
    granted = Granted(
        at=at + 40 * DAY,
        grant=f"g-{nth}",
        request=request.id,
        host="cinder-west",
        platform="cinder",
        operator="cinder",
        sku="h100",
        workload_class="training",
        quantity=request.quantity,
        starts=request.start_earliest,
        ends=request.start_earliest + 365 * DAY,
        price=Decimal("2.05"),
        from_market=request.quantity,
        richer_than=(Because(code="not_richer", clause="first-refusal", need="2.10", have="2.05"),),
    )
    cheaper = Terms(sku="h100", quantity=request.quantity, price=Decimal("2.05"))
    yield (
        ProposeGrant(by="aster", grant=f"g-{nth}", request=request.id, host="cinder-west", quantity=request.quantity, terms=cheaper),
        (granted,),
    )
