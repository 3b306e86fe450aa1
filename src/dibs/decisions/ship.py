"""May this product ship there now: the first-shipment clauses (R34).

That is a question at launch and not at placement: capacity may be bought anywhere, and yet the product has to be on the
holder's platform first.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from dibs.contract.model import FirstShipment
from dibs.decisions.compile import NO_FACTS, Compiled, compile_agreement
from dibs.decisions.decision import Answer, Change, Decision, Facts, Reason, ReasonCode
from dibs.quantities import day_of, iso, render_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from dibs.contract.model import Agreement, Clause, HostId, PartyId, WorkloadClass
    from dibs.decisions.history import Row
    from dibs.quantities import Instant

NOBODY: Mapping[PartyId, tuple[bool, bool]] = MappingProxyType({})
NEVER_SHIPPED: Mapping[PartyId, Instant] = MappingProxyType({})


def may_ship(
    agreement: Agreement | Compiled,
    *,
    workload_class: WorkloadClass,
    host: HostId,
    at: Instant,
    known: date | None = None,
    shipped: Mapping[PartyId, Instant] = NEVER_SHIPPED,
    declared: Mapping[PartyId, tuple[bool, bool]] = NOBODY,
    facts: Facts = NO_FACTS,
) -> Decision:
    """May a product of this class ship on that host's platform at this instant?

    `shipped` says since when it has been out on each platform, `declared` what each holder said of itself: whether it
    is able and whether it is willing to support it.  A holder that has said nothing counts as able and willing.
    Anybody else may ship at the instant at which the head start is over, not before.
    """
    compiled = agreement if isinstance(agreement, Compiled) else compile_agreement(agreement)
    on = day_of(at, compiled.zone)
    table = compiled.under(known=known, facts=facts)
    place = compiled.agreement.hosts.get(host)

    def speaks(clause: Clause) -> bool:
        return isinstance(clause, FirstShipment) and workload_class in clause.classes

    def decision(answer: Answer, reasons: Iterable[Reason], changes: Iterable[Change] = ()) -> Decision:
        return Decision(
            answer=answer,
            on=on,
            known=known,
            version=table.version(on),
            workload_class=workload_class,
            host=host,
            reasons=tuple(reasons),
            would_change_if=tuple(changes),
        )

    if place is None or workload_class not in compiled.agreement.workload_classes:
        return decision(Answer.UNDETERMINED, table.answer(workload_class, host, on).reasons)
    platform = place.platform

    def hear(rows: Iterable[Row]) -> tuple[Answer, list[Reason], list[Change]]:
        refused: list[Reason] = []
        free: list[Reason] = []
        changes: list[Change] = []
        for row in rows:
            clause = row.clause
            if isinstance(clause, FirstShipment) and speaks(clause) and row.starts <= on.toordinal() < row.ends:
                reason = _first(clause, platform, at, shipped.get(clause.holder), declared.get(clause.holder, (True, True)))
                (refused if reason.code is ReasonCode.SHIPS_FIRST_ELSEWHERE else free).append(reason)
                if reason.code is ReasonCode.SHIPS_FIRST_ELSEWHERE:
                    changes += _ways_out(clause, shipped.get(clause.holder))
        return (Answer.REFUSED, refused, changes if len(refused) == 1 else []) if refused else (Answer.PERMITTED, free, [])

    heard = [(reads, hear(rows)) for reads, rows in table.worlds.of(speaks)]
    if not heard:
        return decision(Answer.UNDETERMINED, table.worlds.ambiguous(speaks))
    if len({answer for _, (answer, _, _) in heard}) > 1:
        return decision(Answer.UNDETERMINED, table.worlds.differing([(reads, answer) for reads, (answer, _, _) in heard]))
    return decision(*heard[0][1])


def _first(clause: FirstShipment, platform: PartyId, at: Instant, shipped: Instant | None, declared: tuple[bool, bool]) -> Reason:
    """What one clause says of another platform's launch."""
    able, willing = declared
    head_start = int(clause.head_start.total_seconds())

    def says(code: ReasonCode, need: str, have: str) -> Reason:
        return Reason(code=code, clause=clause.id, text=clause.says, where=clause.mark, need=need, have=have)

    if platform == clause.holder:
        return says(ReasonCode.ON_HOLDER_PLATFORM, f"platform {clause.holder}", f"platform {platform}")
    released = not able and not willing if clause.release == "all" else not able or not willing
    if released:
        need = "unable and unwilling" if clause.release == "all" else "unable or unwilling"
        return says(ReasonCode.EXEMPT, f"{clause.holder} {need}", f"{clause.holder} {_said(able=able, willing=willing)}")
    after = f" for {render_duration(clause.head_start)}" if head_start else ""
    need = f"out on {clause.holder}'s platform first{after}"
    if shipped is None:
        return says(ReasonCode.SHIPS_FIRST_ELSEWHERE, need, f"not out there; {clause.holder} {_said(able=able, willing=willing)}")
    if at < shipped + head_start:
        return says(ReasonCode.SHIPS_FIRST_ELSEWHERE, need, f"out there since {iso(shipped)}, free at {iso(shipped + head_start)}")
    return says(ReasonCode.EXEMPT, need, f"out there since {iso(shipped)}")


def _said(*, able: bool, willing: bool) -> str:
    return f"is {'able' if able else 'unable'} and {'willing' if willing else 'unwilling'}"


def _ways_out(clause: FirstShipment, shipped: Instant | None) -> list[Change]:
    """What would let the product out: the holder's own launch, or its word that it cannot and will not."""
    head_start = int(clause.head_start.total_seconds())
    if shipped is not None:
        free = iso(shipped + head_start)
        return [Change(kind="instant", to=free, answer=Answer.PERMITTED, text=f"it is {free} or later")]
    after = f" and {render_duration(clause.head_start)} pass" if head_start else ""
    word = "neither can nor will support it" if clause.release == "all" else "cannot or will not support it"
    return [
        Change(kind="launch", to=clause.holder, answer=Answer.PERMITTED, text=f"it ships on the platform of `{clause.holder}` first{after}"),
        Change(kind="release", to=clause.holder, answer=Answer.PERMITTED, text=f"`{clause.holder}` says that it {word}"),
    ]
