"""Small agreements, made in one line: a test states what matters and the builders fill in the rest.

The cast is that of the tutorial: `aster` buys, `borealis` holds the right, `cinder` and `delta` are others.  Days may be
written as text.
"""

from __future__ import annotations

import dataclasses
import hashlib
from datetime import date, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from dibs.contract import model
from dibs.contract.terms import CapacityRequest, Terms
from dibs.decisions.compile import Compiled, compile_agreement
from dibs.quantities import HOUR, Instant, instant_of, parse_day, parse_instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

C = TypeVar("C", bound=model.Clause)

CLASSES = ("training", "research", "product", "api")
MONTH = 730 * HOUR


def day(text: str | date) -> date:
    """A day from its text."""
    return parse_day(text) if isinstance(text, str) else text


def at(text: str) -> Instant:
    """An instant from its text; a day is its first second in UTC."""
    return parse_instant(text)


def party(party_id: str, **fields: Any) -> model.Party:
    """A party; `name` is its id with a capital unless said otherwise."""
    return model.Party(id=party_id, **{"name": party_id.capitalize(), **fields})


def host(host_id: str, platform: str, operator: str = "", **fields: Any) -> model.Host:
    """A host; the platform's own machines unless an operator is named."""
    return model.Host(id=host_id, platform=platform, operator=operator or platform, **fields)


PARTIES = tuple(party(p) for p in ("aster", "borealis", "cinder", "delta"))
HOSTS = (
    host("borealis-east", "borealis"),
    host("borealis-cinder", "borealis", "cinder"),
    host("cinder-west", "cinder"),
    host("delta-south", "delta"),
    host("aster-yard", "aster", "delta", own_build=True),
)


def clause(kind: type[C], clause_id: str, **fields: Any) -> C:
    """A clause of any kind.  `from_`, `until` and days as text are taken; `says` is made up."""
    fields.setdefault("says", f"{clause_id} says so.")
    values: dict[str, Any] = {k: day(v) if k in {"from_", "until", "developed_before"} and v is not None else v for k, v in fields.items()}
    return kind(id=clause_id, **values)


def exclusive(clause_id: str = "exclusive", platform: str = "borealis", classes: Sequence[str] = CLASSES, **fields: Any) -> model.ExclusiveHosting:
    """Some classes run on one platform only."""
    return clause(model.ExclusiveHosting, clause_id, platform=platform, classes=tuple(classes), **fields)


def pre_emption(clause_id: str = "first-refusal", classes: Sequence[str] = CLASSES, **fields: Any) -> model.PreEmption:
    """`aster` asks `borealis` first, from 1000 accelerators on."""
    fields = {"right": "first_offer", "grantor": "aster", "holder": "borealis", **fields}
    return clause(model.PreEmption, clause_id, classes=tuple(classes), **fields)


def consent(clause_id: str = "consent", permits: str = "own_build", classes: Sequence[str] = CLASSES, **fields: Any) -> model.Consent:
    """`borealis` allows `aster` something."""
    fields = {"grantor": "borealis", "grantee": "aster", **fields}
    return clause(model.Consent, clause_id, permits=permits, classes=tuple(classes), **fields)


def purpose(classes: Sequence[str] = ("training", "research"), at_least: str = "0.5", over_days: int = 90) -> model.Purpose:
    """What a consent is mainly for."""
    return model.Purpose(classes=tuple(classes), at_least=model.Share(Decimal(at_least)), over=timedelta(days=over_days))


def sub_supply(clause_id: str = "sub-supply", supplier: str = "cinder", holder: str = "borealis", **fields: Any) -> model.SubSupply:
    """The holder's own supplier."""
    return clause(model.SubSupply, clause_id, holder=holder, supplier=supplier, **fields)


def licence(clause_id: str = "licence", subjects: Sequence[str] = ("models",), **fields: Any) -> model.Licence:
    """`aster` lets `borealis` use its models for anything."""
    fields = {"licensor": "aster", "licensee": "borealis", **fields}
    return clause(model.Licence, clause_id, subjects=tuple(subjects), **fields)


def trigger(clause_id: str = "trigger", ends: Sequence[str] = (), **fields: Any) -> model.Trigger:
    """Something that `aster` declares, and that ends clauses."""
    return clause(model.Trigger, clause_id, ends=tuple(ends), **{"declared_by": "aster", **fields})


def first_shipment(clause_id: str = "first-shipment", classes: Sequence[str] = CLASSES, **fields: Any) -> model.FirstShipment:
    """`aster` ships on `borealis` first."""
    return clause(model.FirstShipment, clause_id, classes=tuple(classes), **{"developer": "aster", "holder": "borealis", **fields})


def programme(clause_id: str = "programme", hosts: Sequence[str] = ("aster-yard",), **fields: Any) -> model.Programme:
    """A building programme with one site and a phase for each host."""
    site = model.Site(id="site", name="Site", phases=tuple(model.Phase(id=f"phase-{h}", host=h) for h in hosts))
    return clause(model.Programme, clause_id, sites=(site,), **fields)


def reading(name: str, *, applies: bool = True, **sets: Any) -> model.Reading:
    """Another way to read a clause."""
    return model.Reading(name=name, says=f"Read as {name}.", applies=applies, sets=MappingProxyType(sets))


def ambiguous(of: C, *readings: model.Reading, taken: str | None = None) -> C:
    """The clause with other readings; none of them is taken unless named."""
    return dataclasses.replace(of, readings=MappingProxyType({r.name: r for r in readings}), reading=taken)


def amendment(
    amendment_id: str,
    effective: str | date,
    *,
    signed: str | date | None = None,
    adds: Iterable[model.Clause] = (),
    ends: Iterable[str] = (),
    replaces: Iterable[model.Clause] = (),
    **fields: Any,
) -> model.Amendment:
    """A signed change; signed on the day it takes effect unless said otherwise."""
    fields.setdefault("says", f"{amendment_id} changes things.")
    return model.Amendment(
        id=amendment_id,
        effective=day(effective),
        signed=day(signed or effective),
        adds=tuple(adds),
        ends=tuple(ends),
        replaces=tuple(replaces),
        **fields,
    )


def agreement(
    *clauses: model.Clause,
    amendments: Iterable[model.Amendment] = (),
    parties: Iterable[model.Party] = PARTIES,
    hosts: Iterable[model.Host] = HOSTS,
    classes: Iterable[str] = CLASSES,
    **fields: Any,
) -> model.Agreement:
    """An agreement of these clauses.  Its digest stands for a text that it never had."""
    made = model.Agreement(
        **{"id": "deal", "title": "A deal", "currency": "USD", **fields},
        parties=MappingProxyType({p.id: p for p in parties}),
        hosts=MappingProxyType({h.id: h for h in hosts}),
        workload_classes=MappingProxyType({c: f"{c} work" for c in classes}),
        clauses=tuple(clauses),
        amendments=tuple(amendments),
    )
    return dataclasses.replace(made, digest=hashlib.sha256(repr(made).encode()).hexdigest())


def compiled(*clauses: model.Clause, **fields: Any) -> Compiled:
    """The same, ready to answer."""
    return compile_agreement(agreement(*clauses, **fields))


def terms(**fields: Any) -> Terms:
    """A complete bundle of terms for 5000 accelerators over a year, at 2.50 an hour; what is named replaces it."""
    starts = fields.pop("starts", instant_of(date(2025, 6, 1)))
    return Terms(
        **{
            "sku": "h100",
            "quantity": 5000,
            "starts": starts,
            "ends": None if starts is None else starts + 12 * MONTH,
            "regions": ("us-west",),
            "classes": ("training",),
            "price": Decimal("2.50"),
            "payment": "monthly in arrears",
            "take_or_pay": Decimal("0.6"),
            "service_level": Decimal("0.99"),
            "delivery_tolerance": 0,
            "address": "desk@borealis.example",
            **fields,
        }
    )


def request(request_id: str = "r1", **fields: Any) -> CapacityRequest:
    """A need of `aster` for 5000 accelerators over a year from June 2025."""
    return CapacityRequest(
        **{
            "id": request_id,
            "party": "aster",
            "workload_class": "training",
            "sku": "h100",
            "quantity": 5000,
            "start_earliest": at("2025-06-01"),
            "start_latest": at("2025-12-01"),
            "months": 12,
            **fields,
        }
    )
