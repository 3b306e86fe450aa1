"""Versions: which text counts, and what happens when clauses begin and end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dibs.contract.amend import timeline
from dibs.contract.model import PreEmption
from dibs.procedure.events import AgreementAdopted, RightResumed, VersionBegan
from dibs.procedure.needs import reconsider
from dibs.procedure.refusals import Refusal
from dibs.quantities import day_of, instant_of

if TYPE_CHECKING:
    from dibs.procedure.commands import AdoptAgreement
    from dibs.procedure.hearing import Hearing


def adopt(hearing: Hearing, command: AdoptAgreement) -> None:
    """From now on this text counts.  Its boundaries are when clauses begin or end, and when amendments become known."""
    agreement = hearing.compiled.agreement
    if command.digest != agreement.digest:
        hearing.refuse(command.digest, Refusal.OTHER_AGREEMENT, need=agreement.digest, have=command.digest)
    elif command.digest == hearing.state.digest:
        hearing.repeat(command.digest)
    else:
        zone = hearing.compiled.zone
        days = {day for d in timeline(agreement) for day in (d.starts, d.ends) if day is not None}
        days |= {day for a in agreement.amendments for day in (a.signed, a.effective)}
        boundaries = tuple(sorted(instant_of(day, zone) for day in days))
        later = tuple(b for b in boundaries if b > hearing.at)
        hearing.say(AgreementAdopted(at=hearing.at, digest=command.digest, boundaries=later))
        begin(hearing)


def begin(hearing: Hearing) -> None:
    """A boundary is crossed: say which version is in force, and reconsider every need that is still sought."""
    day = day_of(hearing.at, hearing.compiled.zone)
    hearing.say(VersionBegan(at=hearing.at, version=hearing.compiled.version(day, day)))
    reconsider(hearing, void=_void(hearing))


def _void(hearing: Hearing) -> frozenset[str]:
    """The rights that an amendment has ended and whose running windows it makes void (R27)."""
    agreement, day = hearing.compiled.agreement, hearing.agreed.day
    voiding = {a.id for a in agreement.amendments if a.running == "void"}
    if not voiding:
        return frozenset()
    over = {d.clause.id for d in timeline(agreement, day) if d.ended_by in voiding and d.ends is not None and d.ends <= day}
    return frozenset(over - {c.id for c in hearing.agreed.of_kind(PreEmption)})


def resume(hearing: Hearing, clause: str) -> None:
    """A suspension is over."""
    hearing.say(RightResumed(at=hearing.at, clause=clause))
    reconsider(hearing)
