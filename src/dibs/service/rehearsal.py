"""A scenario as if it were live: its book up to a chosen day, and a clock that stands there until somebody moves it on."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from dibs.quantities import instant_of
from dibs.service.clocks import SteeredClock
from dibs.simulate.run import run

if TYPE_CHECKING:
    from datetime import date

    from dibs.simulate.run import Progress
    from dibs.simulate.scenario import Scenario
    from dibs.store.sqlite import SqliteStore


def rehearse(store: SqliteStore, scenario: Scenario, *, on: date | None = None, progress: Progress | None = None) -> SteeredClock:
    """Fill an empty book with everything that happens in a scenario before the day `on` (default: its last), and say what time it is there.

    Entry for entry it is the book that `dibs run --until` would leave.  A book that holds a rehearsal already is left as
    it is, and its clock stands where it stood.  Raises `BadInput` (DIB102) for a day outside the scenario.
    """
    if not store.size:
        played = run(scenario, until=on, progress=progress, judged=False)
        store.take_over(played.store.sealed(), played.store.texts())
        on = played.until
    last = store.read((store.size - 1,))[0].at
    return SteeredClock(last if on is None else max(last, instant_of(on, ZoneInfo(scenario.agreement.time_zone))))
