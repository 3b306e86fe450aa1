"""Every operation of the service, one file a subject; `OPERATIONS` is all of them in the order of the OpenAPI document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dibs.service.routes import (
    agreements,
    capacity,
    clock,
    decisions,
    events,
    grants,
    hosts,
    journal,
    money,
    needs,
    offers,
    people,
    placements,
    runs,
    signals,
    webhook_endpoints,
)

if TYPE_CHECKING:
    from dibs.service.operation import Operation

OPERATIONS: tuple[Operation, ...] = (
    *needs.OPERATIONS,
    *offers.OPERATIONS,
    *grants.OPERATIONS,
    *capacity.OPERATIONS,
    *placements.OPERATIONS,
    *agreements.OPERATIONS,
    *hosts.OPERATIONS,
    *signals.OPERATIONS,
    *decisions.OPERATIONS,
    *money.OPERATIONS,
    *journal.OPERATIONS,
    *runs.OPERATIONS,
    *events.OPERATIONS,
    *webhook_endpoints.OPERATIONS,
    *clock.OPERATIONS,
    *people.OPERATIONS,
)
