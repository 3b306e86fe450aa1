"""Acts that the procedure accepts under an agreement like `examples/harbour`: needs of Aster that Borealis hears of first.

For tests and benchmarks of everything around the procedure; what the procedure itself decides has its own builders.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Literal, TypeAlias

from dibs.broker import Act
from dibs.contract.terms import CapacityRequest, Terms
from dibs.procedure.commands import AnyCommand, ConfirmDelivery, DeclareCapacity, ProposeGrant, Respond, ServeNotice, SubmitRequest, WaiveRight, Wake
from dibs.quantities import DAY, HOUR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dibs.quantities import Instant

Answer: TypeAlias = Literal["decline", "part", "full", "silence", "waive"]
ANSWERS: tuple[Answer, ...] = ("decline", "part", "full", "silence", "waive")
BEGIN = 1_740_787_200
"""2025-03-01: the first refusal of the example is in force."""
APART = 3 * DAY
"""From one need to the next in `life`: several are under way at any time."""
ROOM = 1_000_000_000
"""Accelerators that each host declares: never the reason why not."""


def opening(at: Instant = BEGIN) -> Iterator[Act]:
    """What the hosts declare before anything else."""
    for host, platform in (("cinder-west", "cinder"), ("borealis-east", "borealis")):
        yield Act(command=DeclareCapacity(by=platform, host=host, sku="h100", steps=((at, ROOM),), price=Decimal(2)), at=at, key=f"{host} {at}")


def need(nth: int, at: Instant, answer: Answer = "decline", *, quantity: int = 5000) -> Iterator[Act]:
    """One need from the request to the grant: asked for, offered, answered, delivered, and what is left granted to Cinder."""
    name = f"{nth:06}"
    starts = at + 90 * DAY
    terms = Terms(
        sku="h100",
        quantity=quantity,
        starts=starts,
        ends=starts + 12 * 730 * HOUR,
        regions=("us-east", "us-west"),
        classes=("training",),
        price=Decimal("2.10"),
        payment="monthly in arrears",
        take_or_pay=Decimal("0.8"),
        service_level=Decimal("0.999"),
        delivery_tolerance=14 * DAY,
        address="capacity desk, Borealis Cloud",
    )
    request = CapacityRequest(
        id=f"r-{name}",
        party="aster",
        workload_class="training",
        sku="h100",
        quantity=quantity,
        start_earliest=starts,
        start_latest=starts + 30 * DAY,
        months=12,
        price_max=Decimal("2.75"),
        purpose=f"run {name}",
    )
    left = quantity - {"part": quantity // 2, "full": quantity}.get(answer, 0)

    def act(command: AnyCommand, after: int) -> Act:
        return Act(command=command, at=at + after, key=f"{name}/{after}")

    yield act(SubmitRequest(by="aster", request=request), 0)
    if answer == "waive":
        yield act(WaiveRight(by="borealis", request=request.id, signed_by="general counsel"), 60)
    else:
        yield act(ServeNotice(by="aster", offer=f"o-{name}", request=request.id, terms=terms), 60)
        if answer == "silence":
            yield act(Wake(by="clock"), 31 * DAY)
        else:
            reason: Literal["price", "none"] = "price" if answer == "decline" else "none"
            yield act(Respond(by="borealis", offer=f"o-{name}", quantity=quantity - left, reason=reason), 5 * DAY)
    if left < quantity:
        yield act(ConfirmDelivery(by="borealis", grant=f"o-{name}@borealis-east", quantity=quantity - left), 31 * DAY)
    if left:
        yield act(ProposeGrant(by="aster", grant=f"g-{name}", request=request.id, host="cinder-west", quantity=left, terms=terms), 32 * DAY)


def life(needs: int, at: Instant = BEGIN) -> Iterator[Act]:
    """Capacity, then need upon need, each answered in another way; in the order of time."""
    yield from opening(at)
    stories = (need(nth, at + DAY + nth * APART, ANSWERS[nth % len(ANSWERS)]) for nth in range(needs))
    yield from sorted((act for story in stories for act in story), key=lambda act: act.at or 0)
