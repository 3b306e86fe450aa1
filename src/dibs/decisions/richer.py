"""Is this bundle richer for its supplier than the one the holder turned down (R9, R14, R15).

The buyer here is the one who promised, so everything is seen from the supplier's side: a higher price, a longer term,
more paid whether taken or not, more paid in advance, a later or looser delivery, a lower service level, or more equity
makes a bundle richer.  Terms are compared one by one with their sign.  A bundle that is richer in some terms and poorer
in others is not comparable, and neither side has said what outweighs what.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from dibs.decisions.decision import Reason, ReasonCode
from dibs.quantities import iso

if TYPE_CHECKING:
    from dibs.contract.model import PreEmption
    from dibs.contract.terms import Terms


class Outcome(StrEnum):
    """How a bundle compares with the ceiling."""

    NOT_RICHER = "not_richer"
    RICHER = "richer"
    NOT_COMPARABLE = "not_comparable"


class Side(StrEnum):
    """How one term compares, seen from the supplier."""

    EQUAL = "equal"
    POORER = "poorer"
    RICHER = "richer"
    NEITHER = "not_comparable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One term of the two bundles, as a person would say it."""

    term: str
    ceiling: str
    bundle: str
    side: Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The outcome, every term that both bundles were compared by, and unusual terms that bar the bundle whatever else it says (R14)."""

    outcome: Outcome
    terms: tuple[Compared, ...]
    barred: tuple[str, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether the bundle may be signed with somebody else without asking the holder again."""
        return self.outcome is Outcome.NOT_RICHER and not self.barred

    def reasons(self, clause: PreEmption) -> tuple[Reason, ...]:
        """The terms that decided: those that are richer or not comparable, or all that are equal or poorer when none is."""
        code = ReasonCode(self.outcome)
        decisive = [t for t in self.terms if t.side in {Side.RICHER, Side.NEITHER}] if self.outcome is not Outcome.NOT_RICHER else self.terms
        if self.outcome is Outcome.NOT_COMPARABLE:
            decisive = [t for t in self.terms if t.side is not Side.EQUAL]
        out = [_reason(code, clause, f"{t.term} {t.ceiling}", f"{t.term} {t.bundle}") for t in decisive]
        out += [_reason(ReasonCode.NOT_COMPARABLE, clause, "no unusual terms", term) for term in self.barred]
        return tuple(out)


def _reason(code: ReasonCode, clause: PreEmption, need: str, have: str) -> Reason:
    return Reason(code=code, clause=clause.id, text=clause.says, where=clause.mark, need=need, have=have)


def compare(ceiling: Terms, bundle: Terms, clause: PreEmption) -> Comparison:
    """Compare what somebody else would get with what the holder turned down, term by term, within the clause's tolerance.

    Quantity is not compared: less is a remainder, and more is another need.  What a bundle does not state about
    prepayment, take-or-pay, tolerance, service level and warrants, it does not grant: it counts as nought.
    """
    found = [
        _amount("price", ceiling.price, bundle.price, clause, unit="per accelerator-hour"),
        _length(ceiling, bundle, clause),
        _delivery(ceiling, bundle, clause),
        _amount("take_or_pay", ceiling.take_or_pay or _NOUGHT, bundle.take_or_pay or _NOUGHT, clause, share=True),
        _amount("prepayment", ceiling.prepayment or _NOUGHT, bundle.prepayment or _NOUGHT, clause, share=True),
        _amount("delivery_tolerance", Decimal(ceiling.delivery_tolerance or 0), Decimal(bundle.delivery_tolerance or 0), clause, unit="seconds"),
        _amount("service_level", ceiling.service_level or _NOUGHT, bundle.service_level or _NOUGHT, clause, share=True, more_is_richer=False),
        _amount("warrants", ceiling.warrants or _NOUGHT, bundle.warrants or _NOUGHT, clause),
        _words("sku", ceiling.sku, bundle.sku),
        None if "payment" in clause.immaterial_terms else _words("payment", ceiling.payment, bundle.payment),
        _package(ceiling, bundle, clause),
        _unusual(ceiling, bundle, clause),
    ]
    terms = tuple(t for t in found if t is not None)
    richer = any(t.side is Side.RICHER for t in terms)
    poorer = any(t.side is Side.POORER for t in terms)
    apart = any(t.side is Side.NEITHER for t in terms)
    barred = _new_unusual(ceiling, bundle) if clause.unusual_terms == "refuse" else ()
    if richer and not poorer:
        outcome = Outcome.RICHER  # a term that cannot be compared does not make a richer bundle any poorer
    elif richer or apart:
        outcome = Outcome.NOT_COMPARABLE
    else:
        outcome = Outcome.NOT_RICHER
    return Comparison(outcome=outcome, terms=terms, barred=barred)


_NOUGHT = Decimal(0)


def _amount(
    term: str,
    ceiling: Decimal | None,
    bundle: Decimal | None,
    clause: PreEmption,
    *,
    unit: str = "",
    share: bool = False,
    more_is_richer: bool = True,
) -> Compared | None:
    """A number with its sign.  The tolerance is a share of the ceiling; stated on one side only, it cannot be compared."""
    if ceiling is None and bundle is None:
        return None
    if ceiling is None or bundle is None:
        side = Side.NEITHER
    else:
        more, less = (Side.RICHER, Side.POORER) if more_is_richer else (Side.POORER, Side.RICHER)
        side = more if bundle > ceiling else less if bundle < ceiling else Side.EQUAL
        if side is Side.RICHER and abs(bundle - ceiling) <= abs(ceiling) * clause.tolerance:
            side = Side.EQUAL
    return Compared(term=term, ceiling=_number(ceiling, unit, share=share), bundle=_number(bundle, unit, share=share), side=side)


def _number(value: Decimal | None, unit: str, *, share: bool) -> str:
    if value is None:
        return "not stated"
    if share:
        return f"{(value * 100).normalize():f} %"
    return f"{value:f} {unit}".strip()


def _length(ceiling: Terms, bundle: Terms, clause: PreEmption) -> Compared | None:
    """How long it runs: longer is richer."""
    return _amount("length", _seconds(ceiling), _seconds(bundle), clause, unit="seconds")


def _seconds(terms: Terms) -> Decimal | None:
    return None if terms.starts is None or terms.ends is None else Decimal(terms.ends - terms.starts)


def _delivery(ceiling: Terms, bundle: Terms, clause: PreEmption) -> Compared | None:
    """When it is delivered: later is richer.  The tolerance is a share of how long the ceiling runs."""
    if ceiling.starts is None and bundle.starts is None:
        return None
    if ceiling.starts is None or bundle.starts is None:
        side = Side.NEITHER
    else:
        later = bundle.starts - ceiling.starts
        side = Side.RICHER if later > (_seconds(ceiling) or 0) * clause.tolerance and later > 0 else Side.POORER if later < 0 else Side.EQUAL
    said = [iso(t.starts) if t.starts is not None else "not stated" for t in (ceiling, bundle)]
    return Compared(term="starts", ceiling=said[0], bundle=said[1], side=side)


def _words(term: str, ceiling: str | None, bundle: str | None) -> Compared | None:
    """A term in words: equal or not comparable."""
    if ceiling is None and bundle is None:
        return None
    side = Side.EQUAL if ceiling == bundle else Side.NEITHER
    return Compared(term=term, ceiling=ceiling or "not stated", bundle=bundle or "not stated", side=side)


def _package(ceiling: Terms, bundle: Terms, clause: PreEmption) -> Compared | None:
    """Part of a larger purchase: the allocated price is compared, unless the clause lets the package only be taken whole (R15)."""
    if clause.packages == "allocate":
        return None
    return _words("package", ceiling.package, bundle.package)


def _unusual(ceiling: Terms, bundle: Terms, clause: PreEmption) -> Compared | None:
    """Terms that only one firm can meet: disregarded, or to be matched as they are, which leaves nothing to compare (R14)."""
    if clause.unusual_terms != "match" or not (ceiling.unusual or bundle.unusual):
        return None
    one, other = (", ".join(sorted(t.unusual or ())) or "none" for t in (ceiling, bundle))
    return Compared(term="unusual", ceiling=one, bundle=other, side=Side.EQUAL if one == other else Side.NEITHER)


def _new_unusual(ceiling: Terms, bundle: Terms) -> tuple[str, ...]:
    return tuple(t for t in bundle.unusual or () if t not in (ceiling.unusual or ()))
