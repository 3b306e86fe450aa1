"""What is asked and what is offered: a need for capacity, and a bundle of terms.

Instants are whole seconds (UTC), half-open; quantities are accelerators; prices are exact decimals per
accelerator-hour in the agreement's currency.
"""

from __future__ import annotations

from decimal import Decimal  # noqa: TC003 - msgspec reads it at run time
from typing import Literal

import msgspec

DeclineReason = Literal["no_capacity", "wrong_hardware", "late", "price", "discipline", "policy", "counter", "none"]


class Terms(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A bundle of terms: what a notice states, what an alternate gets, what a ceiling keeps.  `None` means not stated."""

    sku: str | None = None
    quantity: int | None = None
    starts: int | None = None
    ends: int | None = None
    regions: tuple[str, ...] | None = None
    classes: tuple[str, ...] | None = None
    price: Decimal | None = None
    """Per accelerator-hour, in the agreement's currency."""
    payment: str | None = None
    """Profile in words: `monthly in arrears`, `prepaid`."""
    prepayment: Decimal | None = None
    """Part paid in advance, 0 to 1."""
    take_or_pay: Decimal | None = None
    """Part paid whether taken or not, 0 to 1."""
    service_level: Decimal | None = None
    """Promised availability, 0 to 1."""
    delivery_tolerance: int | None = None
    """Seconds of delay at no cost."""
    warrants: Decimal | None = None
    """Value of equity or warrants granted to the supplier, in the agreement's currency."""
    address: str | None = None
    """Where the answer goes."""
    offeror: str | None = None
    """In a matching right: the third party whose offer it is."""
    open_until: int | None = None
    """In a matching right: until when the outside offer stands."""
    signed: bool | None = None
    """In a matching right: whether the outside offer is a signed writing."""
    unusual: tuple[str, ...] | None = None
    """Terms outside this list, in words; see R14."""
    package: str | None = None
    """The larger purchase this is a part of; `price` is then the allocated price (R15)."""


class CapacityRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A need for new capacity, before anybody is asked."""

    id: str
    party: str
    """The buyer, as the agreement names it; an affiliate is looked through (R17)."""
    workload_class: str
    sku: str
    quantity: int
    minimum_quantity: int = 1
    """Less than this is no use: a remainder below it goes unfilled."""
    regions: tuple[str, ...] = ()
    start_earliest: int
    start_latest: int
    months: int
    """Length in months of 730 hours."""
    hours: int = 0
    """And so many hours more: a burst of two days is 0 months and 48 hours."""
    price_max: Decimal | None = None
    priority: int = 0
    launch: str = ""
    """A product whose date slips if this is late."""
    purpose: str = ""
    """Needs of one purpose are added up against the minimum lot (R16); empty means the class."""
    own_build: bool = False
    renewal_of: str = ""
    """The reservation that this continues (R2)."""
    burst: bool = False
    """An emergency need (R2)."""
    front_door: Literal["", "holder_service", "direct"] = ""
    """Which of the two front doors an `api` request came through; both obey the same hosting rule (S22)."""
