"""A decision in sentences, for somebody who reads no tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dibs.decisions.decision import Answer, ReasonCode

if TYPE_CHECKING:
    from dibs.decisions.decision import Decision, Reason

ANSWERS = {
    Answer.PERMITTED: "is permitted",
    Answer.OFFER_FIRST: "has to be offered to the holder first",
    Answer.REFUSED: "is refused",
    Answer.UNDETERMINED: "is undetermined: a person has to rule",
}
WOULD = {
    Answer.PERMITTED: "would be permitted",
    Answer.OFFER_FIRST: "would have to be offered to the holder first",
    Answer.REFUSED: "would be refused",
    Answer.UNDETERMINED: "would be undetermined",
}
CODES = {
    ReasonCode.CONFLICT: "contradicts another clause, and neither outranks the other",
    ReasonCode.READING_OPEN: "can be read in more than one way, and it makes a difference here",
    ReasonCode.FACT_MISSING: "turns on a fact that nobody has stated",
    ReasonCode.UNKNOWN_HOST: "the host is not in the agreement",
    ReasonCode.UNKNOWN_CLASS: "the class of work is not in the agreement",
    ReasonCode.EXCLUSIVE_ELSEWHERE: "binds this work to another platform",
    ReasonCode.SUB_SUPPLY_REFUSED: "does not count these machines as the platform's own",
    ReasonCode.CONSENT_EXCEEDED: "is a consent, and this goes beyond it",
    ReasonCode.SHIPS_FIRST_ELSEWHERE: "gives another platform the first shipment",
    ReasonCode.MUST_OFFER: "gives its holder the first call",
    ReasonCode.LICENCE_ABSENT: "no licence in force covers this party",
    ReasonCode.LICENCE_EXCLUSIVE: "licenses this to another party alone",
    ReasonCode.SUBJECT_NOT_LICENSED: "does not license this subject",
    ReasonCode.USE_NOT_LICENSED: "does not license this use",
    ReasonCode.LICENCE_ENDED: "is not in force on this day",
    ReasonCode.NOTICE_INCOMPLETE: "needs more in a notice",
    ReasonCode.RICHER: "finds these terms richer than those refused",
    ReasonCode.NOT_COMPARABLE: "finds these terms not comparable with those refused",
    ReasonCode.ON_HOLDER_PLATFORM: "is kept: the work is on the holder's own platform",
    ReasonCode.SUB_SUPPLY_COUNTS: "is kept: these machines count as the holder's own",
    ReasonCode.CONSENTED: "consents to it",
    ReasonCode.UNDER_MINIMUM_LOT: "opens no case for so small a lot",
    ReasonCode.EXEMPT: "leaves this alone",
    ReasonCode.SUSPENDED: "is suspended",
    ReasonCode.OVERRIDDEN: "would have spoken and is outranked",
    ReasonCode.LICENSED: "licenses it",
    ReasonCode.COMPLETE: "finds the notice complete",
    ReasonCode.NOT_RICHER: "finds these terms no richer than those refused",
}
"""What a reason of each code says of its clause."""


def sentences(decision: Decision) -> list[str]:
    """The whole decision: the answer, each clause that mattered with its numbers, when it changes, and what would change it."""
    known = f", as known on {decision.known}" if decision.known else ""
    on = f"on {decision.on}{known}, under version `{decision.version}`"
    out = [f"`{decision.workload_class}` on `{decision.host}` {ANSWERS[decision.answer]} {on}."]
    out += [sentence(reason) for reason in decision.reasons] or ["No clause speaks of it."]
    if decision.flips_on:
        out.append(f"The answer changes on {decision.flips_on}.")
    out += [f"It {WOULD[change.answer]} if {change.text}." for change in decision.would_change_if]
    return out


def sentence(reason: Reason) -> str:
    """One reason with its place and its numbers."""
    said = CODES[reason.code]
    if not reason.clause:
        return reason.text
    where = f" ({reason.where})" if reason.where else ""
    numbers = f" It asks for {reason.need}; here: {reason.have}." if reason.need and reason.have else f" Here: {reason.have}." if reason.have else ""
    return f"Clause `{reason.clause}`{where} {said}: {reason.text}{numbers}"
