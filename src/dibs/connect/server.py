"""A supplier whose desk works with a dibs of its own: our notice becomes a need in its book, and its grants are the answer.

What happens there:

- `offer` records a need of the supplier's own under a name made of our notice's, so that repeating it is harmless even without the key.
  What the supplier's own book refuses is declined.
- Its desk grants what it takes, where and from whom it likes (its own rights and sub-suppliers are its own business),
  and gives up the rest.  Once nothing of the need is open, what was granted is the answer.
- `accept` finds the need of the notice, or records one for an order that nobody had to be asked about; deliveries that
  its desk confirms are the order's.
- `recall` gives the need up, or ends the grants where the supplier lets it.

It takes a token of the supplier's own party with the role `desk`, made for this purpose: whoever holds it may do there
what the supplier's desk may.  So it is best run where the supplier trusts it to be.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Literal

from dibs.client import Problem
from dibs.connect.supplier import Answer, Available, Description, Notice, Order, Standing
from dibs.errors import BadInput, Finding, Mark

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from dibs.client import AsyncClient
    from dibs.client.wire import GrantView, OutcomeView, RequestView
    from dibs.connect.supplier import About
    from dibs.contract.terms import DeclineReason
    from dibs.quantities import Instant

NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,100}$")
MONTH = 730 * 3600
"""Seconds in a month as needs count them."""
OVER: frozenset[str] = frozenset({"ended", "cancelled"})
"""A grant that stands so is no promise any more."""


class DibsSupplier:
    """A second dibs as the supplier."""

    def __init__(self, client: AsyncClient, *, party: str, hosts: Mapping[str, str] | None = None, gives_back: bool = True) -> None:
        """`party` is the supplier by our name; `hosts` are its hosts, by its names, and what we call them."""
        self._client = client
        self._party = party
        self._ours = dict(hosts or {})
        self._theirs = {ours: theirs for theirs, ours in self._ours.items()}
        self._gives_back = gives_back
        self._cursor = ""

    async def describe(self) -> Description:
        """Who answers, and how."""
        who = await self._client.me()
        says = f"The dibs of {who.name}, at {self._client.server}."
        return Description(name=who.name, party=self._party, says=says, gives_back=self._gives_back)

    async def availability(self, sku: str, *, starts: Instant, ends: Instant) -> tuple[Available, ...]:
        """What its book says is free; its prices are a matter of talks."""
        found = self._client.each(self._client.list_availability, sku=sku, from_=_when(starts), until=_when(ends))
        return tuple(
            [
                Available(
                    host=self._ours.get(item.host, item.host),
                    sku=item.sku,
                    steps=tuple((int(step.from_.timestamp()), step.free) for step in item.steps),
                )
                async for item in found
            ]
        )

    async def offer(self, notice: Notice, *, key: str) -> Standing:
        """Record the need in its book."""
        terms = notice.terms
        made = await self._ask(
            notice,
            workload_class=(terms.classes or ("",))[0],
            sku=terms.sku or "",
            quantity=terms.quantity or 0,
            minimum=notice.minimum,
            regions=terms.regions or (),
            starts=terms.starts or 0,
            ends=terms.ends or 0,
            price=terms.price,
            says=f"answer by {_when(notice.respond_by).isoformat()}",
            key=key,
        )
        return _declined(made) if made.outcome == "refused" else await self.status(notice)

    async def status(self, about: About) -> Standing:
        """How the need of a notice, or the grants for an order, stand there."""
        return await (self._notice(about) if isinstance(about, Notice) else self._order(about))

    async def accept(self, order: Order, *, key: str) -> Standing:
        """Find the need that the order comes of; record one if nobody had to be asked."""
        if order.offer and await self._find(order.offer, "offer") is not None:
            return await self._order(order)
        made = await self._ask(
            order,
            workload_class=order.workload_class,
            sku=order.sku,
            quantity=order.quantity,
            minimum=order.quantity,
            regions=order.regions,
            starts=order.starts,
            ends=order.ends,
            price=order.price,
            says=f"granted on {order.host}; deliver by {_when(order.deliver_by).isoformat()}",
            key=key,
        )
        return Standing(state="refused", says=_because(made)) if made.outcome == "refused" else await self._order(order)

    async def recall(self, about: About, *, key: str) -> Standing:
        """Give the need up, or end the grants."""
        before = await self.status(about)
        if before.state == "open":
            name = await self._need(about)
            await self._client.cancel_request(name, key=key)
            await self._release(await self._of(await self._client.get_request(name)), key)  # a part may have been granted already
        elif isinstance(about, Order) and before.state == "accepted" and self._gives_back:
            need = await self._client.get_request(await self._need(about))
            refused = await self._release(self._mine(about, await self._of(need)), key)
            if refused:
                return Standing(state="accepted", delivered=before.delivered, says=refused)
        return await self.status(about)

    async def _release(self, grants: list[GrantView], key: str) -> str:
        """End grants; why not, if its book refuses."""
        for grant in grants:
            if grant.status not in OVER:
                ended = await self._client.release_grant(grant.id, key=sha256(f"{key} {grant.id}".encode()).hexdigest())
                if ended.outcome == "refused":
                    return _because(ended)
        return ""

    async def news(self) -> None:
        """Wait until something has happened in its book."""
        start: Literal["now"] | None = None if self._cursor else "now"
        events = await self._client.list_events(cursor=self._cursor or None, start=start, wait=25)
        self._cursor = events.next

    async def close(self) -> None:
        """Let its connections go."""
        await self._client.close()

    # --- the need there

    async def _ask(
        self,
        about: About,
        *,
        workload_class: str,
        sku: str,
        quantity: int,
        minimum: int,
        regions: tuple[str, ...],
        starts: Instant,
        ends: Instant,
        price: Decimal | None,
        says: str,
        key: str,
    ) -> OutcomeView:
        hours = max(1, round((ends - starts) / 3600))
        made = await self._client.submit_request(
            id=_name(about),
            workload_class=workload_class,
            sku=sku,
            quantity=quantity,
            minimum_quantity=max(1, minimum),
            regions=regions,
            start_earliest=_when(starts),
            start_latest=_when(starts),
            months=hours // 730,
            hours=hours % 730,
            price_max=price,
            purpose=f"{about.id}: {says}",
            key=key,
        )
        if any(reason.code == "id_taken" for reason in made.reasons):
            what = f"`{_name(about)}` is on record there with other content"
            raise BadInput([Finding("DIB407", what, Mark(self._client.server), "give every notice and order an id of its own")])
        return made

    async def _find(self, name: str, kind: str) -> RequestView | None:
        try:
            return await self._client.get_request(_named(kind, name))
        except Problem as problem:
            if problem.status == 404:
                return None
            raise

    async def _notice(self, notice: Notice) -> Standing:
        need = await self._find(notice.id, "offer")
        if need is None:
            return Standing(state="unknown")
        if need.granted + need.given_up < need.quantity:
            return Standing(state="open", says=need.status)
        if not need.granted:
            return Standing(state="answered", answer=Answer(quantity=0, reason="no_capacity"), says=need.status)
        grants = await self._of(need)
        if all(grant.status in OVER for grant in grants):
            return Standing(state="recalled")
        named: dict[str, int] = {}
        for grant in grants:
            if grant.host in self._ours:
                named[self._ours[grant.host]] = named.get(self._ours[grant.host], 0) + grant.quantity
        complete = sum(named.values()) == need.granted
        return Standing(state="answered", answer=Answer(quantity=need.granted, hosts=tuple(sorted(named.items())) if complete else ()))

    async def _need(self, about: About) -> str:
        if isinstance(about, Order) and about.offer and await self._find(about.offer, "offer") is not None:
            return _named("offer", about.offer)
        return _name(about)

    async def _order(self, order: Order) -> Standing:
        name = await self._need(order)
        try:
            need = await self._client.get_request(name)
        except Problem as problem:
            if problem.status == 404:
                return Standing(state="unknown")
            raise
        mine = self._mine(order, await self._of(need))
        live = [grant for grant in mine if grant.status not in OVER]
        if mine and not live:
            return Standing(state="recalled", delivered=0)
        if sum(grant.quantity for grant in mine) >= order.quantity:
            # Of several grants some may be ended and some not yet, where a recall broke off: it stands until all of them are.
            says = "a part of it was ended there" if len(live) < len(mine) else ""
            return Standing(state="accepted", delivered=min(order.quantity, sum(grant.delivered for grant in live)), says=says)
        if need.granted + need.given_up < need.quantity:
            return Standing(state="open", says=need.status)
        return Standing(state="recalled" if not need.granted else "refused", says=f"{need.granted} of {order.quantity} were granted there")

    def _mine(self, order: Order, grants: list[GrantView]) -> list[GrantView]:
        """Those at the host of an order; all of them where its hosts are nobody's business."""
        return [grant for grant in grants if not self._theirs or grant.host == self._theirs.get(order.host, order.host)]

    async def _of(self, need: RequestView) -> list[GrantView]:
        return [grant async for grant in self._client.each(self._client.list_grants, request=need.id)]


def _name(about: About) -> str:
    """What a notice or an order is called there."""
    return _named("offer" if isinstance(about, Notice) else "order", about.id)


def _named(kind: str, name: str) -> str:
    return f"{kind}.{name}" if NAME.fullmatch(name) else f"{kind}.{sha256(name.encode()).hexdigest()[:32]}"


def _when(instant: Instant) -> datetime:
    return datetime.fromtimestamp(instant, UTC)


def _declined(made: OutcomeView) -> Standing:
    codes = {reason.code for reason in made.reasons}
    reason: DeclineReason = "no_capacity" if "no_capacity" in codes else "policy"
    return Standing(state="answered", answer=Answer(quantity=0, reason=reason), says=_because(made))


def _because(made: OutcomeView) -> str:
    return "; ".join(reason.text or reason.code for reason in made.reasons)
