"""Whole-document checks: what no single line shows.

First the names (does everything exist that is spoken of?), then each clause by itself (`clause_checks`), then the
history (`history_checks`: what is in force when, and does it fit together?).  The history is judged only if everything
could be read and is called by one name: a clause that is missing would make others look wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, available_timezones

from dibs.contract import clause_checks, history_checks
from dibs.contract.inspection import Inspection, values
from dibs.contract.reader import like
from dibs.contract.readings import AS_WRITTEN, all_clauses
from dibs.quantities import Money

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dibs.contract.fields import Field
    from dibs.contract.model import Agreement
    from dibs.contract.reader import Path
    from dibs.errors import Finding

CURRENCIES = frozenset(
    """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF
    DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW
    KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP
    PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD
    UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
    """.split()  # noqa: SIM905 - a table to be read, not a list to be typed
)
"""ISO 4217 codes of money that can be paid with."""

_BEFORE_HISTORY = frozenset({"DIB036", "DIB037", "DIB047"})
"""With two things under one id, or a reading that is not there, nobody can say what is in force."""

_NAME_CODES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "party": ("DIB031", "a party: add it under `parties`, or name one that is there"),
        "host": ("DIB032", "a host: add it under `hosts`, or name one that is there"),
        "class": ("DIB033", "a workload class: add it under `workload_classes`, or name one that is there"),
        "clause": ("DIB034", "a clause: name one that the agreement or an amendment has"),
        "sku": ("DIB035", "an accelerator that any host has: add it to the `skus` of a host, or name one that is there"),
    }
)


def check(agreement: Agreement, *, broken: frozenset[Path] = frozenset(), lost: frozenset[str] = frozenset()) -> list[Finding]:
    """Every finding about an agreement as a whole, in the order of their places.

    `broken` and `lost` are what the loader could not read: nothing is said about those a second time.
    """
    inspection = Inspection(agreement, broken, lost)
    _check_head(inspection)
    _check_names(inspection)
    _check_ids(inspection)
    _check_money(inspection)
    clause_checks.check_parties(inspection)
    for path, clause, amendment in inspection.clauses():
        if inspection.whole(path):
            clause_checks.check_clause(inspection, path, clause, amendment)
    if not broken and not {f.code for f in inspection.findings} & _BEFORE_HISTORY:
        history_checks.check_history(inspection)
    return sorted(inspection.findings, key=lambda f: (f.where, f.code))


def _check_head(inspection: Inspection) -> None:
    agreement = inspection.agreement
    if agreement.currency not in CURRENCIES:
        inspection.error(
            "DIB040",
            f"`{agreement.currency}` is no currency{like(agreement.currency, CURRENCIES)}",
            ("currency",),
            "use a code of ISO 4217, like `USD`",
        )
    try:
        ZoneInfo(agreement.time_zone)
    except (KeyError, ValueError, OSError):
        near = like(agreement.time_zone, available_timezones())
        inspection.error(
            "DIB039",
            f"`{agreement.time_zone}` is no time zone{near}",
            ("time_zone",),
            "use a name of the IANA database, like `America/New_York` or `UTC`",
        )


def _check_names(inspection: Inspection) -> None:
    """Whatever a field refers to has to exist, and every reading that is taken has to be there."""
    agreement = inspection.agreement
    known: dict[str, set[str]] = {
        "party": set(agreement.parties),
        "host": set(agreement.hosts),
        "class": set(agreement.workload_classes),
        "clause": {c.id for c in all_clauses(agreement)},
        "sku": {sku for host in agreement.hosts.values() for sku in host.skus},
    }
    for path, field, value in values(agreement, ()):
        if not field.refers:
            continue
        code, what = _NAME_CODES[field.refers]
        for at, name in _names(value, path, field):
            if name not in known[field.refers] and name not in inspection.lost:
                report = inspection.warning if field.refers == "sku" else inspection.error
                report(code, f"`{name}` is not {what.split(':')[0]}{like(name, known[field.refers])}", at, what.split(": ")[1])
    for path, clause, _ in inspection.clauses():
        if clause.reading is not None and clause.reading not in {AS_WRITTEN, *clause.readings}:
            inspection.error(
                "DIB047",
                f"`{clause.reading}` is no reading of `{clause.id}`{like(clause.reading, [AS_WRITTEN, *clause.readings])}",
                (*path, "reading"),
                f"name one of its readings, or `{AS_WRITTEN}`",
            )


def _names(value: Any, path: Path, field: Field) -> Iterator[tuple[Path, str]]:
    """The names in a field's value: itself, its items, its keys, or the items of its values."""
    if value is None:
        return
    if isinstance(value, str):
        if value:
            yield path, value
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _names(item, (*path, index), field)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if isinstance(item, tuple):
                yield from _names(item, (*path, key), field)
            else:
                yield (*path, key, ""), key


def _check_ids(inspection: Inspection) -> None:
    """One id, one thing; an amendment's id also names a version, so it may not be the agreement's."""
    agreement = inspection.agreement
    seen: dict[str, Path] = {}
    for path, clause, _ in inspection.clauses():
        if "replaces" in path:
            continue
        if clause.id and clause.id in seen:
            inspection.error(
                "DIB036",
                f"two clauses are called `{clause.id}`",
                (*path, "id"),
                "rename one, or restate the clause under `replaces`",
                also=(*seen[clause.id], "id"),
            )
        seen.setdefault(clause.id, path)
    versions: dict[str, Path] = {agreement.id: ("id",)}
    for number, amendment in enumerate(agreement.amendments):
        path = ("amendments", number, "id")
        if amendment.id and amendment.id in versions:
            owner = "the agreement" if amendment.id == agreement.id else "another amendment"
            inspection.error(
                "DIB037",
                f"`{amendment.id}` is already the id of {owner}, and ids name versions",
                path,
                "give the amendment an id of its own",
                also=versions[amendment.id],
            )
        versions.setdefault(amendment.id, path)
    for path, field, value in values(agreement, ()):
        if field.name not in {"sites", "phases", "buildings"}:
            continue
        ids: dict[str, int] = {}
        for index, item in enumerate(value):
            if item.id in ids:
                inspection.error(
                    "DIB038", f"`{item.id}` is listed twice", (*path, index, "id"), "give each its own id", also=(*path, ids[item.id], "id")
                )
            ids.setdefault(item.id, index)


def _check_money(inspection: Inspection) -> None:
    """All money of one agreement is in its currency: otherwise no sum, cap or comparison could be made."""
    currency = inspection.agreement.currency
    if currency not in CURRENCIES:
        return
    for path, _, value in values(inspection.agreement, ()):
        sums = [(path, value)] if isinstance(value, Money) else []
        if isinstance(value, Mapping):
            sums = [((*path, str(key)), item) for key, item in value.items() if isinstance(item, Money)]
        for at, money in sums:
            if money.currency not in CURRENCIES:
                inspection.error("DIB040", f"`{money.currency}` is no currency{like(money.currency, CURRENCIES)}", at, f"write `{currency}`")
            elif money.currency != currency:
                inspection.error(
                    "DIB041",
                    f"`{money}` is not in `{currency}`, the agreement's currency",
                    at,
                    f"write the amount in `{currency}`, at the rate that was agreed",
                    also=("currency",),
                )
