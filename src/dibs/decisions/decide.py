"""One question put to an agreement: may this work run there?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dibs.decisions.compile import NO_FACTS, Compiled, compile_agreement

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from dibs.contract.model import Agreement, HostId, WorkloadClass
    from dibs.decisions.decision import Decision, Facts


def decide(
    agreement: Agreement | Compiled,
    *,
    workload_class: WorkloadClass,
    host: HostId,
    on: date,
    known: date | None = None,
    quantity: int | None = None,
    renewal: bool = False,
    burst_hours: int | None = None,
    order: str = "",
    power: Decimal | None = None,
    facts: Facts = NO_FACTS,
) -> Decision:
    """May this work run there: the whole answer.  For many questions compile once and ask `Compiled.decide`."""
    return compiled(agreement).decide(
        workload_class=workload_class,
        host=host,
        on=on,
        known=known,
        quantity=quantity,
        renewal=renewal,
        burst_hours=burst_hours,
        order=order,
        power=power,
        facts=facts,
    )


def compiled(agreement: Agreement | Compiled) -> Compiled:
    """The same, ready to answer."""
    return agreement if isinstance(agreement, Compiled) else compile_agreement(agreement)
