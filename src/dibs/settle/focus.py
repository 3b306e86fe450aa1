"""Charges in the form that cost tools read: FOCUS 1.2 and 1.4 Cost and Usage, FOCUS 1.4 Contract Commitment.

Told is what a buyer is billed for capacity: charges, take-or-pay, credits for late delivery, shortfalls of commitments,
prepayment spent, and what was reversed of them.  Revenue shares, investments and payments are no cloud costs and are not.
The sum of `BilledCost` is the sum of those entries, to the cent.  The platform, whose contract it is, bills and is the
provider; the operator, whose machines they are, is named as publisher (1.2) or host provider (1.4).
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from dibs.quantities import instant_of, iso
from dibs.settle.rounding import allocate, from_minor
from dibs.settle.statement import Behind, booked, bounds, month_of, owes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

    from dibs.settle.postings import Detail, Entry

Version: TypeAlias = Literal["1.2", "1.4"]
Row: TypeAlias = "dict[str, str]"

TOLD: Final = frozenset({"charge", "take_or_pay", "late_credit", "commitment_shortfall", "prepayment_use"})
"""Kinds of entries that are told."""
UNIT: Final = "Accelerator-Hours"
PRICE_DIGITS: Final = Decimal("1e-12")
"""Digits of a unit price that had to be worked back from an amount."""

COMMON: Final = (
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingAccountType",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "CapacityReservationId",
    "CapacityReservationStatus",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "CommitmentDiscountCategory",
    "CommitmentDiscountId",
    "CommitmentDiscountName",
    "CommitmentDiscountQuantity",
    "CommitmentDiscountStatus",
    "CommitmentDiscountType",
    "CommitmentDiscountUnit",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractedCost",
    "ContractedUnitPrice",
    "EffectiveCost",
    "InvoiceId",
    "InvoiceIssuerName",
    "ListCost",
    "ListUnitPrice",
    "PricingCategory",
    "PricingQuantity",
    "PricingUnit",
    "RegionId",
    "RegionName",
    "ResourceId",
    "ResourceName",
    "ResourceType",
    "ServiceCategory",
    "ServiceName",
    "ServiceSubcategory",
    "SkuId",
    "SkuMeter",
    "SkuPriceDetails",
    "SkuPriceId",
    "Tags",
)
OWN: Final = ("x_Clause", "x_Decision", "x_EntryId", "x_Operator", "x_WorkloadClass")
"""Our own columns, which the format allows under this prefix."""
COLUMNS: Mapping[Version, tuple[str, ...]] = {
    "1.2": (*COMMON, "ProviderName", "PublisherName", *OWN),
    "1.4": (*COMMON, "ContractApplied", "HostProviderName", "ServiceProviderName", *OWN),
}
COMMITMENT_COLUMNS: Final = (
    "BillingCurrency",
    "ContractCommitmentApplicability",
    "ContractCommitmentBenefitCategory",
    "ContractCommitmentCategory",
    "ContractCommitmentCost",
    "ContractCommitmentCreated",
    "ContractCommitmentDescription",
    "ContractCommitmentDiscountPercentage",
    "ContractCommitmentDurationType",
    "ContractCommitmentFulfillmentInterval",
    "ContractCommitmentId",
    "ContractCommitmentLastUpdated",
    "ContractCommitmentLifecycleStatus",
    "ContractCommitmentModel",
    "ContractCommitmentOfferCategory",
    "ContractCommitmentPaymentInterval",
    "ContractCommitmentPaymentModel",
    "ContractCommitmentPeriodEnd",
    "ContractCommitmentPeriodStart",
    "ContractCommitmentQuantity",
    "ContractCommitmentType",
    "ContractCommitmentUnit",
    "ContractId",
    "ContractPeriodEnd",
    "ContractPeriodStart",
    "InvoiceIssuerName",
    "ServiceProviderName",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """A least spend, as the export tells it: the whole amount is named, and so are both ends."""

    clause: str
    says: str
    payer: str
    payee: str
    amount: int
    currency: str
    starts: date
    ends: date
    """The first day that is out."""
    signed: date
    by_milestones: bool
    status: Literal["Proposed", "Pending", "Active", "Exhausted", "Expired", "Canceled", "Superseded"]
    classes: tuple[str, ...] = ()
    """Whose charges count; empty: all."""
    hosts: tuple[str, ...] = ()
    """Whose charges count; empty: all."""

    def counts(self, made: Entry, zone: ZoneInfo) -> bool:
        """Whether a charge draws this commitment down."""
        held = made.detail
        if held is None or made.counterparties != (self.payer, self.payee):
            return False
        eligible = (not self.classes or held.workload_class in self.classes) and (not self.hosts or held.host in self.hosts)
        return eligible and instant_of(self.starts, zone) <= made.valid_from < instant_of(self.ends, zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """The agreement under which all is billed."""

    id: str
    starts: date
    ends: date
    zone: ZoneInfo
    behind: Behind = field(default_factory=Behind)
    commitments: tuple[Commitment, ...] = ()


def cost_and_usage(entries: Iterable[Entry], contract: Contract, version: Version) -> Iterator[Row]:
    """The rows of Cost and Usage, in the order in which they were booked."""
    ordered = sorted((made for made in entries if made.status == "posted"), key=lambda made: (booked(made), made.id))
    originals = {made.id: made for made in ordered}
    for made in ordered:
        original = originals.get(made.reverses, made)
        if original.kind in TOLD:
            yield from _rows(made, original, contract, version)


def contract_commitments(contract: Contract) -> Iterator[Row]:
    """The rows of Contract Commitment, by clause."""
    for promise in sorted(contract.commitments, key=lambda promise: promise.clause):
        inclusions = [
            {"Dimension": dimension, "Operator": "In", "Values": list(values)}
            for dimension, values in (
                ("ServiceProviderName", (contract.behind.name(promise.payee),)),
                ("x_WorkloadClass", promise.classes),
                ("ResourceId", promise.hosts),
            )
            if values
        ]
        values = {
            "BillingCurrency": promise.currency,
            "ContractCommitmentApplicability": json.dumps({"InclusionOperator": "And", "Inclusions": inclusions}),
            "ContractCommitmentBenefitCategory": "Other",
            "ContractCommitmentCategory": "Spend",
            "ContractCommitmentCost": f"{from_minor(promise.amount, promise.currency):f}",
            "ContractCommitmentCreated": _instant(promise.signed, contract.zone),
            "ContractCommitmentDescription": promise.says,
            "ContractCommitmentDurationType": _duration(promise.starts, promise.ends),
            "ContractCommitmentFulfillmentInterval": "Custom" if promise.by_milestones else "Full Period",
            "ContractCommitmentId": promise.clause,
            "ContractCommitmentLastUpdated": _instant(promise.signed, contract.zone),
            "ContractCommitmentLifecycleStatus": promise.status,
            "ContractCommitmentModel": "Continuous",
            "ContractCommitmentOfferCategory": "Negotiated",
            "ContractCommitmentPaymentInterval": "Monthly",
            "ContractCommitmentPaymentModel": "No Upfront",
            "ContractCommitmentPeriodEnd": _instant(promise.ends, contract.zone),
            "ContractCommitmentPeriodStart": _instant(promise.starts, contract.zone),
            "ContractCommitmentType": "Take-or-pay",
            "ContractId": contract.id,
            "ContractPeriodEnd": _instant(contract.ends, contract.zone),
            "ContractPeriodStart": _instant(contract.starts, contract.zone),
            "InvoiceIssuerName": contract.behind.name(promise.payee),
            "ServiceProviderName": contract.behind.name(promise.payee),
        }
        yield {column: values.get(column, "") for column in COMMITMENT_COLUMNS}


def to_csv(rows: Iterable[Row], columns: Sequence[str]) -> str:
    """Rows under a header; nothing stands for null."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _rows(made: Entry, original: Entry, contract: Contract, version: Version) -> Iterator[Row]:
    """The rows of one entry: one, or two where some of what was reserved stood idle."""
    payer, payee = made.counterparties
    held = original.detail
    sign = -1 if made.reverses else 1
    for currency, amount in owes(made, payer, payee).items():
        common = _common(made, original, contract, version, currency)
        if original.kind in {"charge", "take_or_pay"} and held is not None and held.billed_hours > 0:
            for status, hours, share in _used_and_idle(held, amount):
                values = common | _usage(held, sign * hours, share, currency, status)
                if version == "1.4":
                    values["ContractApplied"] = _applied(original, contract, share, currency)
                yield _row(values, version)
        elif any(line.account.startswith(f"{payer}:prepaid:") for line in original.postings) and original.kind == "commitment_shortfall":
            yield _row(common | _purchase(original, amount, currency, sign), version)
        else:
            # A charge paid from a prepayment stays a cost, and only the bill is smaller; all others are costs as billed.
            cost = _money(amount, currency)
            values = {
                "BilledCost": cost,
                "EffectiveCost": "0" if original.kind == "prepayment_use" else cost,
                "ListCost": cost,
                "ContractedCost": cost,
            }
            category = "Credit" if original.kind == "late_credit" else "Adjustment"
            yield _row(common | values | {"ChargeCategory": category, "ChargeFrequency": "One-Time"}, version)


def _common(made: Entry, original: Entry, contract: Contract, version: Version, currency: str) -> Row:
    """What all rows of an entry say."""
    payer, payee = made.counterparties
    zone, name = contract.zone, contract.behind.name
    month = month_of(booked(made), zone)
    starts, ends = bounds(month, zone)
    late = original is not made and month_of(booked(original), zone) < month
    held = original.detail
    platform, operator = (held.platform, held.operator) if held else (payee, payee)
    provider = (
        {"ProviderName": name(platform), "PublisherName": name(operator)}
        if version == "1.2"
        else {"ServiceProviderName": name(platform), "HostProviderName": name(operator)}
    )
    return provider | {
        "BillingAccountId": payer,
        "BillingAccountName": name(payer),
        "BillingAccountType": "Party",
        "BillingCurrency": currency,
        "BillingPeriodStart": iso(starts),
        "BillingPeriodEnd": iso(ends),
        "ChargeClass": "Correction" if late else "",
        "ChargeDescription": made.says,
        "ChargePeriodStart": iso(made.valid_from),
        "ChargePeriodEnd": iso(made.valid_to),
        "InvoiceId": f"{payer}--{payee}/{month:%Y-%m}",
        "InvoiceIssuerName": name(payee),
        "ServiceCategory": "Compute",
        "ServiceName": "Accelerator capacity",
        "ServiceSubcategory": "Other (Compute)",
        "Tags": json.dumps({"agreement": contract.id, "kind": original.kind}),
        "x_Clause": made.clause,
        "x_Decision": made.decision,
        "x_EntryId": made.id,
        "x_Operator": operator,
        "x_WorkloadClass": held.workload_class if held else "",
    }


def _used_and_idle(held: Detail, amount: int) -> list[tuple[str, Decimal, int]]:
    """(status, hours, amount) of what ran and of what was paid for and stood idle; together the whole, to the minor unit."""
    used = held.billed_hours if held.used_hours is None else min(held.used_hours, held.billed_hours)
    parts = [("Used", used), ("Unused", held.billed_hours - used)]
    parts = [(status, hours) for status, hours in parts if hours > 0]
    scale = Decimal(10) ** max(0, *(-int(hours.as_tuple().exponent) for _, hours in parts))
    shares = allocate(amount, [int(hours * scale) for _, hours in parts])
    return [(status, hours, share) for (status, hours), share in zip(parts, shares, strict=True)]


def _usage(held: Detail, hours: Decimal, amount: int, currency: str, status: str) -> Row:
    """Capacity that was held: what the reservation is, and what an hour of it costs."""
    cost = from_minor(amount, currency)
    with localcontext() as exact:
        exact.prec = 60
        price = held.price
        if abs(price * hours - cost) >= from_minor(1, currency):
            price = abs(cost / hours).quantize(PRICE_DIGITS, ROUND_HALF_EVEN)
        contracted, listed = price * hours, held.list_price * hours
    return {
        "BilledCost": _number(cost),
        "CapacityReservationId": held.grant,
        "CapacityReservationStatus": status,
        "ChargeCategory": "Usage",
        "ChargeFrequency": "Usage-Based",
        "ConsumedQuantity": _number(hours if status == "Used" else Decimal(0)),
        "ConsumedUnit": UNIT,
        "ContractedCost": _number(contracted),
        "ContractedUnitPrice": _number(price),
        "EffectiveCost": _number(cost),
        "ListCost": _number(listed),
        "ListUnitPrice": _number(held.list_price),
        "PricingCategory": "Committed",
        "PricingQuantity": _number(hours),
        "PricingUnit": UNIT,
        "RegionId": held.region,
        "RegionName": held.region,
        "ResourceId": held.host,
        "ResourceName": "",
        "ResourceType": "Host",
        "SkuId": f"{held.platform}/{held.sku}",
        "SkuMeter": UNIT,
        "SkuPriceDetails": json.dumps({"x_Accelerator": held.sku}),
        "SkuPriceId": f"{held.platform}/{held.sku}/{held.grant}",
    }


def _purchase(original: Entry, amount: int, currency: str, sign: int) -> Row:
    """A shortfall that becomes a prepayment: what it buys is taken later, and is a cost only then."""
    cost = _money(amount, currency)
    return {
        "BilledCost": cost,
        "ChargeCategory": "Purchase",
        "ChargeFrequency": "One-Time",
        "ContractedCost": cost,
        "ContractedUnitPrice": _money(sign * amount, currency),
        "EffectiveCost": "0",
        "ListCost": cost,
        "ListUnitPrice": _money(sign * amount, currency),
        "PricingCategory": "Committed",
        "PricingQuantity": str(sign),
        "PricingUnit": "Commitments",
        "SkuId": original.clause,
        "SkuMeter": original.kind,
        "SkuPriceId": original.clause,
    }


def _applied(original: Entry, contract: Contract, amount: int, currency: str) -> str:
    """Which commitments a charge draws down, and by how much."""
    elements = [
        f'{{"ContractId": {json.dumps(contract.id)}, "ContractCommitmentId": {json.dumps(promise.clause)}, '
        f'"ContractCommitmentAppliedCost": {_money(amount, currency)}}}'
        for promise in contract.commitments
        if promise.counts(original, contract.zone)
    ]
    return f'{{"Elements": [{", ".join(elements)}]}}' if elements else ""


def _row(values: Row, version: Version) -> Row:
    return {column: values.get(column, "") for column in COLUMNS[version]}


def _money(minor: int, currency: str) -> str:
    return _number(from_minor(minor, currency))


def _number(value: Decimal) -> str:
    """Digits and at most one point: no exponent, no plus sign, no minus before nought."""
    return f"{value:f}" if value else "0"


def _instant(day: date, zone: ZoneInfo) -> str:
    return iso(instant_of(day, zone))


def _duration(starts: date, ends: date) -> str:
    """`36 Months` if it is whole months, else days."""
    months = (ends.year - starts.year) * 12 + ends.month - starts.month
    return f"{months} Months" if months and starts.day == ends.day else f"{(ends - starts).days} Days"
