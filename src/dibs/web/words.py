"""What happened and what is to be done, said as people say it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dibs.report.wording import amount, listed, plain, readable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dibs.service.shapes import EventView, IntentView

STANDS = {
    "submitted": "free to go wherever the clauses allow",
    "held": "the holder has to be asked first",
    "offering": "offered to the holder, or free to go elsewhere for a while",
    "granted": "all of it is promised",
    "partially_granted": "a part of it is promised",
    "denied": "no host may take it",
    "unfilled": "no capacity was found in time",
    "expired": "over",
    "cancelled": "given up",
    "open": "waiting for the answer",
    "exercised": "taken in full",
    "partially_exercised": "taken in part",
    "declined": "declined",
    "countered": "answered on other terms",
    "lapsed": "nobody answered in time",
    "waived": "waived for this need",
    "withdrawn": "taken back",
    "void": "lost its effect",
    "defective": "incomplete: no clock runs",
    "approved": "promised, not there yet",
    "active": "delivered",
    "partially_active": "delivered in part",
    "delayed": "late",
    "failed": "not delivered: in default",
    "ended": "over",
}
"""How a status is said; one that is not here is said as it is written."""

REASONS = {
    "no_capacity": "no capacity",
    "wrong_hardware": "not this hardware",
    "late": "not in time",
    "price": "not at this price",
    "discipline": "against our discipline of spending",
    "policy": "against our policy",
}
"""Why a holder declines, as its clerk chooses it."""

SAYS: dict[str, tuple[str, ...]] = {
    "AgreementAdopted": ("The agreement was adopted",),
    "VersionBegan": ("Version {version} came into force",),
    "CommandRefused": ("{by} wanted to {command}", ": refused"),
    "CommandRepeated": ("{by} said the same again", ": nothing changed"),
    "CapacityDeclared": ("Capacity of {host} was declared", " ({sku})"),
    "RequestSubmitted": ("The need went on record",),
    "RequestHeld": ("{holder} has to be asked first", "; nobody else is asked before it has answered"),
    "RequestUndetermined": ("The agreement does not say: a person has to rule",),
    "DoubtEnded": ("The clauses changed and now say it: nobody has to rule any more",),
    "Ruled": ("{by} ruled: {answer}", " - {why}"),
    "RequestDenied": ("No host may take it",),
    "RequestUnfilled": ("{quantity} accelerators found no capacity in time",),
    "RequestCancelled": ("The need was given up",),
    "RequestExpired": ("The latest start passed", "; {quantity} accelerators were not found"),
    "NoticeDefective": ("The notice was incomplete: no clock runs", "; it lacks {missing}"),
    "OfferServed": ("{holder} was asked", " and answers before {respond_by}"),
    "OfferTolled": ("The clock stood still for {cause}", "; answer before {respond_by}"),
    "AnswerLate": ("An answer of {by} came too late and binds nobody",),
    "RightExercised": ("{quantity} accelerators were taken", "; {remainder!} fall through to others"),
    "RightDeclined": ("The holder declined", ": {reason}"),
    "RightCountered": ("The holder answered on terms of its own", " for {quantity} accelerators"),
    "CounterAccepted": ("{quantity} accelerators were agreed on the holder's terms",),
    "RoundOpened": ("The holder matched {quantity} accelerators", "; until {until} the outsider may beat that"),
    "RightLapsed": ("Nobody answered in time: the right lapsed for this need",),
    "RightWaived": ("The right was waived for this need", ", signed by {signed_by}"),
    "OfferWithdrawn": ("The offer was taken back", "; the same need elsewhere counts as evasion until {watch_until}"),
    "OfferVoided": ("The offer lost its effect", ": {why}"),
    "MarketOpened": ("{quantity} accelerators are free to go elsewhere", " until {until}"),
    "ReofferDue": ("These terms are richer than what was refused", ": the holder has to be asked again about {quantity} accelerators"),
    "RightRevived": ("The time to go elsewhere ended unsigned", ": {quantity} accelerators have to be offered again"),
    "RightEnded": ("The right over this need ended", ": {quantity} accelerators are free, without a ceiling"),
    "RightSpent": ("The right was for one occasion and is spent",),
    "RightAssigned": ("{holder} passed its right to {to}",),
    "Granted": ("{quantity} accelerators are promised on {host}", " by {platform}", " at {price} an hour"),
    "DeliveryConfirmed": ("{quantity} accelerators are there", ", {on_time}"),
    "GrantDelayed": ("The start passed undelivered",),
    "HolderDefaulted": ("{holder} is in default over {quantity} accelerators", "; they may be bought elsewhere at once"),
    "RightSuspended": ("The right sleeps until {until}",),
    "RightResumed": ("The right binds again",),
    "GrantEnded": ("The reservation ended", ": {why}"),
    "UsageReported": ("Use was reported: {accelerator_hours} accelerator-hours on {host}",),
    "PurposeDrifted": ("{host} is used for its purpose less than agreed",),
    "PurposeRestored": ("{host} is used for its purpose as agreed again",),
    "SignalRecorded": ("A figure was recorded: {signal} of {party}, {value} {unit}",),
    "TriggerDeclared": ("{by} declared that {trigger} has come true",),
    "TriggerRejected": ("{trigger} was not confirmed",),
    "TriggerFired": ("{trigger} came true", "; it ends {ends}"),
    "ProductLaunched": ("{launch} shipped on {platform}",),
    "AbilityDeclared": ("{holder} said whether it can and wants to ship {launch}",),
    "BreachNoted": ("{by} did what a clause forbids", ": {what}"),
    "EqualTermsOwed": ("{beneficiary} is owed equal terms by {obliged}", ": {price} an hour"),
    "AccessGranted": ("{person} may read offers behind the barrier",),
    "NoticeRead": ("{person} asked to read the offer", ": {allowed}"),
}
"""An event as a sentence in pieces: a piece with a name that is not there to be seen, or empty, is left out; `!` also if it is 0."""

PARTIES = frozenset({"holder", "by", "platform", "operator", "party", "to", "beneficiary", "obliged"})
INSTANTS = frozenset({"respond_by", "until", "watch_until", "deliver_by"})
COMMANDS = {
    "SubmitRequest": "ask for capacity",
    "CancelRequest": "give the need up",
    "ServeNotice": "serve a notice",
    "Respond": "answer",
    "ProposeGrant": "sign for capacity",
    "ConfirmDelivery": "confirm a delivery",
    "ReleaseGrant": "end a reservation",
    "Rule": "rule",
    "ReadNotice": "read the offer",
    "WithdrawOffer": "take the offer back",
    "WaiveRight": "waive the right",
    "AcceptCounter": "take the holder's own terms",
    "ChangeTerms": "change the terms",
    "TollOffer": "stop the clock",
}


def instant(moment: datetime) -> str:
    """`21 Jan 2025, 14:05 UTC`."""
    moment = moment.astimezone(UTC)
    return f"{moment.day} {moment:%b %Y, %H:%M} UTC"


def happened(event: EventView, names: Mapping[str, str]) -> str:
    """An event in one sentence, as far as its reader may see it."""
    return said(event.type, event.data, names)


def said(kind: str, data: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """The same of an event's values."""
    pieces = SAYS.get(kind)
    if pieces is None:
        return in_words(kind)
    filled = [text for piece in pieces if (text := _filled(piece, data, names)) is not None]
    return "".join(filled).removeprefix("; ") or in_words(kind)


def wanted(command: str, by: str, names: Mapping[str, str]) -> str:
    """A command in one sentence: `Aster Labs wanted to ask for capacity`."""
    return f"{names.get(by, by)} wanted to {COMMANDS.get(command, in_words(command).lower())}"


def line_of(place: str) -> str:
    """The line in `file:line:column`; empty where there is none."""
    parts = place.rsplit(":", 2)
    return parts[1] if len(parts) == 3 and parts[1].isdecimal() else ""


def _filled(piece: str, data: Mapping[str, Any], names: Mapping[str, str]) -> str | None:
    """A piece with its values in it; nothing if one of them is missing."""
    out = []
    for part in piece.split("{"):
        name, closing, rest = part.partition("}")
        if not closing:
            out.append(part)
            continue
        value = data.get(name.removesuffix("!"))
        if value is None or isinstance(value, dict) or value in ("", [], ()) or (name.endswith("!") and not value):
            return None
        out += [_value(name.removesuffix("!"), value, names), rest]
    return "".join(out)


def _value(name: str, value: Any, names: Mapping[str, str]) -> str:
    if name in PARTIES:
        return names.get(value, value)
    if name in INSTANTS:
        return instant(datetime.fromtimestamp(value, UTC))
    if name == "on_time":
        return "in time" if value else "late"
    if name == "allowed":
        return "allowed" if value else "not allowed"
    if name == "command":
        return COMMANDS.get(value, plain(value))
    if isinstance(value, list | tuple):
        return listed([plain(str(one)) for one in value])
    if isinstance(value, int):
        return amount(value)
    return plain(str(value)) if name in {"reason", "answer", "cause", "why"} else str(value)


def todo(intent: IntentView, holder: str) -> str:
    """What is to be done, as a heading: what the service says of it, with the holder by name where it is asked."""
    says = intent.says.replace("the holder", holder or "the holder") if intent.do == "AskHolder" else intent.says
    return says[:1].upper() + says[1:]


def stands(status: str) -> str:
    """How something stands."""
    return STANDS.get(status, plain(status))


def length(months: int, hours: int = 0) -> str:
    """`12 months`, `48 hours`."""
    said = [f"{months} {'month' if months == 1 else 'months'}"] if months else []
    said += [f"{hours} {'hour' if hours == 1 else 'hours'}"] if hours else []
    return " and ".join(said)


def left(seconds: float) -> str:
    """Time until something: `29 days`, `5 hours`, `12 minutes`; `over` when it has passed."""
    if seconds <= 0:
        return "over"
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= 2 * size or (size == 60):
            number = max(1, int(seconds // size))
            return f"{number} {name if number == 1 else name + 's'}"
    raise AssertionError(seconds)


def in_words(kind: str) -> str:
    """A kind of event or command as words: `OfferServed` is `Offer served`."""
    return "".join(f" {letter.lower()}" if letter.isupper() and place else letter for place, letter in enumerate(kind))


def compared(value: str) -> str:
    """A number or a word that a reason compares, as people say it."""
    return readable(REASONS.get(value, value))
