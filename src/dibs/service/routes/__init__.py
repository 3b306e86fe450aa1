"""Every operation of the service, one file a subject; `OPERATIONS` is all of them in the order of the OpenAPI document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dibs.service.routes import grants, needs, offers, people

if TYPE_CHECKING:
    from dibs.service.operation import Operation

OPERATIONS: tuple[Operation, ...] = (*needs.OPERATIONS, *offers.OPERATIONS, *grants.OPERATIONS, *people.OPERATIONS)
