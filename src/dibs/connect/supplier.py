"""What a supplier that is asked by program has to promise.

The broker asks through `Supplier`; whoever writes another one runs `dibs.testing.suppliers.SupplierConformance` on it
and names it under the entry point group `dibs.suppliers`.  The six verbs are about two things: a *notice*, which asks
the holder of a right whether it takes a need, and an *order*, which tells it what was granted to it and is to be delivered.

What every supplier promises:

- **Keys.** `offer`, `accept` and `recall` are done once for each key, however often they are said; a repeat is answered
  as things stand then.  Whoever loses an answer says it again under the same key.
- **One answer.** Once `status` says `answered`, the answer is final: it changes no more, whatever the supplier's desk does.
- **State, not memory.** `status` and `recall` take the whole notice or order, so that neither side has to have kept it.
  Of what it never heard a supplier says `unknown`.
- **Recall.** A notice that is recalled before it was answered is answered no more: its status is `recalled`, or
  `answered` with nothing taken.  A notice recalled after the answer stays answered.  An order that is recalled is either
  given back (`recalled`) or stands (`accepted`, or `delivered` in part): the supplier says which, and says so again.
- **Failing.** What cannot be reached raises `Unavailable` and says whether a retry can help; every call is broken off
  after the dispatcher's timeout, and whether it was heard is then unknown.  A refusal is a value, not an error.
- **Silence.** Nobody else's deadline is the supplier's business: one that answers late is recorded as late by the broker.
"""

from __future__ import annotations

from decimal import Decimal  # noqa: TC003 - msgspec reads it at run time
from typing import Literal, Protocol, TypeAlias, runtime_checkable

import msgspec

from dibs.contract.terms import DeclineReason, Terms  # noqa: TC001 - msgspec reads these at run time
from dibs.quantities import Instant  # noqa: TC001 - msgspec reads it at run time


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """A need that the holder of a right is asked about.  An answer at `respond_by` is late."""

    id: str
    holder: str
    terms: Terms
    """Complete: sku, quantity, starts, ends and classes are stated."""
    served_at: Instant
    respond_by: Instant
    minimum: int = 0
    """Less than this cannot be taken, unless it is nothing."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What was granted on a host and is to be delivered, half-open from `starts` to `ends`."""

    id: str
    operator: str
    host: str
    sku: str
    workload_class: str
    quantity: int
    starts: Instant
    ends: Instant
    price: Decimal
    promised_at: Instant
    deliver_by: Instant
    offer: str = ""
    """The notice that it comes of; empty if nobody had to be asked."""
    regions: tuple[str, ...] = ()


About: TypeAlias = Notice | Order


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the holder takes: all, a part, or nothing with a reason; other `terms` than offered make a counter."""

    quantity: int
    reason: DeclineReason = "none"
    terms: Terms | None = None
    hosts: tuple[tuple[str, int], ...] = ()
    """Where it will deliver, by our names; empty: wherever it has room."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a notice or an order stands at the supplier.

    A notice is `unknown`, `open`, `answered` or `recalled`; an order `unknown`, `open` (heard, not confirmed),
    `accepted`, `refused` or `recalled`.
    """

    state: Literal["unknown", "open", "answered", "accepted", "refused", "recalled"]
    answer: Answer | None = None
    """There is one if it is `answered`."""
    delivered: int = 0
    """How much of an order is there, in all."""
    says: str = ""
    """What a person should know."""


class Available(msgspec.Struct, frozen=True, kw_only=True):
    """How much of one sku a host can still give, from each instant on: (instant, quantity) in order of time."""

    host: str
    sku: str
    steps: tuple[tuple[Instant, int], ...]
    price: Decimal | None = None
    """Per accelerator-hour, in the agreement's currency; nothing if it is a matter of talks."""


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers, and how."""

    name: str
    """What people call it."""
    party: str
    """For whom it speaks, by our name."""
    says: str = ""
    """What it speaks to, in one sentence."""
    gives_back: bool = False
    """Whether an order that was accepted may be recalled."""


class Supplier(Protocol):
    """A supplier that is asked by program.  What each verb promises stands at the top of this file."""

    async def describe(self) -> Description:
        """Who answers, and how."""

    async def availability(self, sku: str, *, starts: Instant, ends: Instant) -> tuple[Available, ...]:
        """What it could give in a period, host by host; a view, not a promise."""

    async def offer(self, notice: Notice, *, key: str) -> Standing:
        """Ask whether it takes a need.  It may answer at once; else `status` says when it has."""

    async def status(self, about: About) -> Standing:
        """How a notice or an order stands.  Changes nothing."""

    async def accept(self, order: Order, *, key: str) -> Standing:
        """Tell it what was granted to it, to be delivered."""

    async def recall(self, about: About, *, key: str) -> Standing:
        """Take a notice or an order back, as far as it goes."""

    async def close(self) -> None:
        """Let its connections go."""


@runtime_checkable
class TellsNews(Protocol):
    """A supplier that can say when it is worth asking again; nobody has to."""

    async def news(self) -> None:
        """Wait until something may have changed; a little too often is better than too late."""
