"""A small partnership with everything in it that somebody might want to know of somebody else.

    async with running(partnership()) as service:
        await live(service)

Five parties: `aster` keeps the book, `borealis` has the right to be asked first, `cinder` runs machines under a contract
of Borealis, `delta` is an alternate, and `ember` has nothing.  What each of them is not to know is in `Secrets`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dibs.contract.load import load
from dibs.decisions.compile import compile_agreement
from dibs.procedure.commands import DeclareCapacity
from dibs.service.access import Role
from dibs.testing.service import need, notice

if TYPE_CHECKING:
    import httpx2

    from dibs.decisions.compile import Compiled
    from dibs.testing.service import Service

PARTIES = {"house": "aster", "holder": "borealis", "sub-supplier": "cinder", "alternate": "delta", "anybody else": "ember"}
"""Who is who, as `docs/reference/who-may-see-what.md` calls them."""
JUNE = 1_748_822_400
"""2025-06-02: Borealis competes with Aster since yesterday, and is asked behind the barrier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """What is between some of the parties.  `knows` says who of the others learns of it."""

    between_holder: int = 1
    """Needs that only the house and the holder know of: so many, of this many accelerators more, at other prices and ids."""
    for_alternate: int = 1
    """What the alternate signs for: price and quantity."""
    behind_alternate: int = 1
    """What the holder was offered before the alternate signed."""
    for_sub_supplier: int = 1
    """What the sub-supplier carries."""
    of_the_house: int = 1
    """What the house tried and was refused, and whom it let in."""


def partnership(harbour: str) -> Compiled:
    """The harbour agreement with one party more, which has nothing to do with anything."""
    text = harbour.replace("  delta:    {name: Delta Systems}\n", "  delta:    {name: Delta Systems}\n  ember:    {name: Ember Works}\n", 1)
    return compile_agreement(load(text, "agreement.yaml"))


def otherwise_for(party: str) -> Secrets:
    """A world in which everything differs that a party is not to know of."""
    same = {
        "borealis": {"between_holder", "behind_alternate", "for_sub_supplier"},
        "cinder": {"for_sub_supplier"},
        "delta": {"for_alternate"},
        "ember": set(),
    }[party]
    return replace(Secrets(), **{name: 2 for name in Secrets.__slots__ if name not in same})


async def live(service: Service, secrets: Secrets | None = None) -> None:
    """Let it happen: needs, offers that are open, answered and behind the barrier, grants, refusals, people."""
    secrets = secrets or Secrets()
    house = service.client("aster")
    token = service.front.people.token("borealis", Role.OPERATOR, "the holder's desk", at=service.clock.now(), name="tok-of-the-holder")
    holder = service.bare({"authorization": f"Bearer {token}"})
    await _sub_supplied(house, holder, secrets.for_sub_supplier)
    await _to_the_alternate(service, house, holder, secrets)
    for nth in range(secrets.between_holder):
        size, key = 4000 + 100 * secrets.between_holder, f"{secrets.between_holder}-{nth}"
        await said(house.post("/v1/capacity-requests", json=need(id=f"need-held-{key}", quantity=size)))
        await said(house.post("/v1/offers", json={**notice(f"need-held-{key}", price=f"2.{secrets.between_holder}5"), "id": f"offer-held-{key}"}))
        await said(holder.post(f"/v1/offers/offer-held-{key}/responses", json={"quantity": size, "hosts": {"borealis-east": size}}))
    for _ in range(secrets.of_the_house):
        body = {"request": f"need-held-{secrets.between_holder}-0", "host": "cinder-west", "quantity": 10}
        await said(house.post("/v1/grants", json=body), outcome="refused")
    admin = service.client("aster", Role.ADMIN)
    for nth in range(secrets.of_the_house):
        (await admin.post("/v1/tokens", json={"role": "desk", "person": f"somebody {secrets.of_the_house} {nth}"})).raise_for_status()
    await service.move_to(JUNE)
    for nth in range(secrets.between_holder):
        key = f"{secrets.between_holder}-{nth}"
        late = {"start_earliest": "2025-10-01T00:00:00Z", "start_latest": "2026-01-01T00:00:00Z"}
        await said(house.post("/v1/capacity-requests", json=need(id=f"need-open-{key}", quantity=3000 + secrets.between_holder, **late)))
        await said(house.post("/v1/offers", json={**notice(f"need-open-{key}"), "id": f"offer-open-{key}"}))


async def _sub_supplied(house: httpx2.AsyncClient, holder: httpx2.AsyncClient, secret: int) -> None:
    """The holder takes a need and carries it on machines that the sub-supplier runs: which does not learn the price or the need."""
    await said(house.post("/v1/capacity-requests", json=need(id="need-sub", quantity=2000)))
    await said(house.post("/v1/offers", json={**notice("need-sub", price="3.05"), "id": "offer-sub"}))
    quantity = 2000 if secret == 1 else 1500
    await said(holder.post("/v1/offers/offer-sub/responses", json={"quantity": quantity, "hosts": {"borealis-cinder": quantity}}))


async def _to_the_alternate(service: Service, house: httpx2.AsyncClient, holder: httpx2.AsyncClient, secrets: Secrets) -> None:
    """The holder declines, and the alternate signs: it learns nothing of the offer, and the holder nothing of its terms."""
    wanted = {"sku": "gb200", "quantity": 5000 + 500 * secrets.behind_alternate}
    await said(house.post("/v1/capacity-requests", json=need(id=f"need-free-{secrets.behind_alternate}", **wanted)))
    offered = notice(f"need-free-{secrets.behind_alternate}", price=f"4.{secrets.behind_alternate}0", regions=["us-south"])
    await said(house.post("/v1/offers", json={**offered, "id": f"offer-free-{secrets.behind_alternate}"}))
    await said(holder.post(f"/v1/offers/offer-free-{secrets.behind_alternate}/responses", json={"quantity": 0, "reason": "no_capacity"}))
    signed = {"request": f"need-free-{secrets.behind_alternate}", "host": "delta-south", "id": "grant-free"}
    size, price = 3000 + 10 * secrets.for_alternate, f"3.{secrets.for_alternate}0"
    await said(house.post("/v1/grants", json={**signed, "quantity": size, "terms": {"price": price}}))
    if secrets.for_alternate != 1:
        steps = ((service.clock.now(), 90_000),)
        await service.office.act(DeclareCapacity(by="delta", host="delta-south", sku="gb200", steps=steps))


async def said(call: Any, *, outcome: str = "done") -> dict[str, Any]:
    """What was answered.  Raises `ValueError` unless that came of it."""
    answer: dict[str, Any] = (await call).raise_for_status().json()
    if answer["outcome"] != outcome:
        message = f"{answer['outcome']}, not {outcome}: {answer}"
        raise ValueError(message)
    return answer
