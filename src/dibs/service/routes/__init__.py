"""Every operation of the service, one file a subject; `OPERATIONS` is all of them in the order of the OpenAPI document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dibs.service.routes import events, grants, journal, money, needs, offers, people, runs

if TYPE_CHECKING:
    from dibs.service.operation import Operation

OPERATIONS: tuple[Operation, ...] = (
    *needs.OPERATIONS,
    *offers.OPERATIONS,
    *grants.OPERATIONS,
    *money.OPERATIONS,
    *journal.OPERATIONS,
    *runs.OPERATIONS,
    *events.OPERATIONS,
    *people.OPERATIONS,
)
