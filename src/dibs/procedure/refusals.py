"""Why a command is refused: the closed list, in order of precedence.

Where a clause refuses, the reason is a `ReasonCode` of the decision.  These are the procedure's own.  A refusal is a
fact like any other: it is recorded, and nothing else changes.
"""

from __future__ import annotations

from enum import StrEnum


class Refusal(StrEnum):
    """Of two reasons to refuse, the first of this list leads.  `again` says whether the same words may be accepted later."""

    NO_AGREEMENT = "no_agreement"
    """No agreement has been adopted yet."""
    OTHER_AGREEMENT = "other_agreement"
    """The text at hand is not the one that was adopted."""
    CLOCK_WENT_BACK = "clock_went_back"
    """Something later has happened already."""
    UNKNOWN_PARTY = "unknown_party"
    """The agreement names no such party."""
    UNKNOWN_HOST = "unknown_host"
    """The agreement names no such host."""
    UNKNOWN_CLASS = "unknown_class"
    """The agreement names no such class of work."""
    UNKNOWN_CLAUSE = "unknown_clause"
    """No such clause is in force."""
    UNKNOWN_REQUEST = "unknown_request"
    """No such request is on record."""
    UNKNOWN_OFFER = "unknown_offer"
    """No such offer is on record."""
    UNKNOWN_GRANT = "unknown_grant"
    """No such grant is on record."""
    NOT_ENTITLED = "not_entitled"
    """Somebody else has to say this."""
    ID_TAKEN = "id_taken"
    """The id is on record with other content."""
    NOT_POSITIVE = "not_positive"
    """A quantity, a price or a length of time that has to be more than nothing is not."""
    STEPS_OUT_OF_ORDER = "steps_out_of_order"
    """Steps have to come in order of time, with quantities that are not negative."""
    WRONG_HARDWARE = "wrong_hardware"
    """The host has no such accelerators."""
    WRONG_REGION = "wrong_region"
    """The host is in none of the regions that were asked for."""
    WRONG_UNIT = "wrong_unit"
    """The figure is in another unit than those before it, or than the clause that watches it."""
    TOO_LATE = "too_late"
    """The latest start, or the end, has passed."""
    OUTSIDE_THE_NEED = "outside_the_need"
    """It would start before or after the need, or end before it starts."""
    REQUEST_OVER = "request_over"
    """Nothing of the request is sought any more."""
    NOT_UNDETERMINED = "not_undetermined"
    """There is nothing that a person has to decide."""
    NOT_COVERED = "not_covered"
    """No right binds this need: nobody has to be asked."""
    OFFER_RUNNING = "offer_running"
    """The holder has been asked and has not answered."""
    OFFER_OVER = "offer_over"
    """The offer has its outcome already."""
    MARKET_OPEN = "market_open"
    """The need is free to go elsewhere: nobody has to be asked now."""
    NOTHING_LOOSE = "nothing_loose"
    """What is still sought may be covered elsewhere at once: nobody has to be asked."""
    NO_REBIDS = "no_rebids"
    """After a last look there is no second one: a richer offer comes too late."""
    NOTHING_TO_WAIVE = "nothing_to_waive"
    """Nothing of the need is held."""
    UNSIGNED = "unsigned"
    """A waiver has to be signed by somebody."""
    NO_COUNTER = "no_counter"
    """The holder named no terms of its own, or they are no longer to be had."""
    NOTHING_CHANGED = "nothing_changed"
    """The terms are the same, or differ only in what the clause calls immaterial."""
    TOLLING_NOT_AGREED = "tolling_not_agreed"
    """The clause does not stop the clock for this cause."""
    NOT_ASSIGNABLE = "not_assignable"
    """The right is personal."""
    HOLDER_IN_DEFAULT = "holder_in_default"
    """A holder that owes an accepted lot may not exercise (R23)."""
    MORE_THAN_OFFERED = "more_than_offered"
    """Nobody can take more than was offered."""
    LESS_THAN_ACCEPTABLE = "less_than_acceptable"
    """The part taken is too small, or no part may be taken."""
    MORE_THAN_NEEDED = "more_than_needed"
    """More than what is still sought and free to go there."""
    LESS_THAN_USEFUL = "less_than_useful"
    """Less than the need can use."""
    ABOVE_PRICE_MAXIMUM = "above_price_maximum"
    """The need's own limit on the price."""
    NOT_THE_HOLDERS = "not_the_holders"
    """The host is not on the holder's platform."""
    NOT_NAMED = "not_named"
    """The places named do not add up to what was taken."""
    SUB_CONTRACTING_REFUSED = "sub_contracting_refused"
    """The holder may not fulfil through others."""
    NO_ROOM = "no_room"
    """Not enough is deliverable and free over the whole period."""
    MUST_OFFER = "must_offer"
    """A right covers it, and its holder has not been asked, or has not answered."""
    WINDOW_CLOSED = "window_closed"
    """The time in which it could go elsewhere is over: the right has revived."""
    EVASION = "evasion"
    """The same need was withdrawn from the holder just before."""
    RENEWAL_ELSEWHERE = "renewal_elsewhere"
    """A renewal stays where it is."""
    BAD_FAITH = "bad_faith"
    """Richer terms than those of the notice: the notice was not meant to be accepted (R25)."""
    NOT_COMPARABLE = "not_comparable"
    """Richer in some terms and poorer in others than what the holder refused."""
    OTHER_OFFEROR = "other_offeror"
    """Only the third party whose offer was not matched may have it."""
    NO_PROMISE = "no_promise"
    """The grant is over, or was never of so much."""
    NOT_LESS = "not_less"
    """Less is there than was confirmed before."""
    NOT_MEASURED = "not_measured"
    """The figure that the trigger watches has not been reached."""
    NOT_DECLARED = "not_declared"
    """Nobody has declared it."""
    ALREADY_FIRED = "already_fired"
    """It has come true before."""
    NOT_A_READER = "not_a_reader"
    """The person was not named behind the barrier."""

    @property
    def again(self) -> bool:
        """Whether the same command may be accepted later, when things stand otherwise."""
        return self in _AGAIN


_AGAIN = frozenset(
    {
        Refusal.NO_AGREEMENT,
        Refusal.OTHER_AGREEMENT,
        Refusal.UNKNOWN_CLAUSE,
        Refusal.UNKNOWN_REQUEST,
        Refusal.UNKNOWN_OFFER,
        Refusal.UNKNOWN_GRANT,
        Refusal.OFFER_RUNNING,
        Refusal.MARKET_OPEN,
        Refusal.HOLDER_IN_DEFAULT,
        Refusal.MORE_THAN_NEEDED,
        Refusal.NO_ROOM,
        Refusal.MUST_OFFER,
        Refusal.WINDOW_CLOSED,
        Refusal.EVASION,
        Refusal.NOT_COMPARABLE,
        Refusal.OTHER_OFFEROR,
        Refusal.NOT_MEASURED,
        Refusal.NOT_DECLARED,
        Refusal.NOT_A_READER,
    }
)
