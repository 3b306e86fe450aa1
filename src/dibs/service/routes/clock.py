"""The clock: what time it is here, and moving it on where a scenario is served as if it were live."""

from __future__ import annotations

from datetime import datetime

import msgspec

from dibs.service.access import EVERYBODY, RUNS
from dibs.service.clocks import SteeredClock
from dibs.service.operation import Call, NoBody, NoQuery, operation
from dibs.service.problems import Problem
from dibs.service.shapes import When, moment, when


class ClockView(msgspec.Struct, frozen=True, kw_only=True):
    """What time it is; `steered` says that this is a rehearsal, whose clock can be moved on."""

    now: datetime
    steered: bool


class NewTime(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """To when the clock is moved on; what falls due until then happens, each thing at its own instant."""

    to: When


@operation("GET", "/v1/clock", "What time it is", roles=EVERYBODY, side="any")
async def get_clock(call: Call[NoBody, NoQuery]) -> ClockView:
    """The service's own time, by which answers are in time or late."""
    clock = call.front.office.clock
    return ClockView(now=when(clock.now()), steered=isinstance(clock, SteeredClock))


@operation("POST", "/v1/clock", "Move the clock on", roles=RUNS, side="house")
async def move_clock(call: Call[NewTime, NoQuery]) -> ClockView:
    """Only where a scenario is rehearsed.  A clock does not go back."""
    clock = call.front.office.clock
    if not isinstance(clock, SteeredClock):
        raise Problem(
            "DIB311", 409, "a real clock", "this service runs on the machine's clock: only `dibs serve --scenario` has one that can be moved"
        )
    to = moment(call.body.to)
    if to < clock.now():
        raise Problem("DIB312", 409, "a clock does not go back", f"it is {when(clock.now()):%Y-%m-%dT%H:%M:%SZ} already: name a later instant")
    if not call.dry_run:
        clock.move_to(to)
        call.front.office.wake()
    return ClockView(now=when(clock.now()), steered=True)


OPERATIONS = (get_clock, move_clock)
