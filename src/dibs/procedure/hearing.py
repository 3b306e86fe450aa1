"""One command being heard: what would follow from it, step by step.

`say` notes an event and makes it true on a supposed state, so that the next step sees it; the real state stays as it
is until somebody applies the events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dibs.procedure.agreed import Agreed
from dibs.procedure.effects import apply
from dibs.procedure.events import Because, BreachNoted, CommandRefused, CommandRepeated
from dibs.procedure.state import State, suppose

if TYPE_CHECKING:
    from dibs.decisions.compile import Compiled
    from dibs.procedure.commands import AnyCommand
    from dibs.procedure.events import AnyEvent
    from dibs.procedure.refusals import Refusal
    from dibs.quantities import Instant


class Hearing:
    """The supposed state, the agreement, the instant that is being judged, and the events so far."""

    __slots__ = ("_agreed", "_seen", "at", "command", "compiled", "events", "state")

    def __init__(self, state: State, compiled: Compiled, command: AnyCommand, at: Instant) -> None:
        """Nothing said yet."""
        self.state = suppose(state)
        self.compiled = compiled
        self.command = command
        self.at = at
        self.events: list[AnyEvent] = []
        self._agreed: Agreed | None = None
        self._seen: tuple[object, ...] = ()

    @property
    def agreed(self) -> Agreed:
        """The agreement as it stands now."""
        state = self.state
        # These three are replaced as a whole when something comes true, so their identity tells whether anything has.
        seen = (self.at, id(state.fired), id(state.suspended), id(state.drifted))
        if self._agreed is None or seen != self._seen:
            self._agreed = Agreed(self.compiled, state, self.at)
            self._seen = seen
        return self._agreed

    def say(self, event: AnyEvent) -> None:
        """This happens."""
        self.events.append(event)
        apply(self.state, event)

    def refuse(self, subject: str, *reasons: Because | Refusal, need: object = "", have: object = "", clause: str = "") -> None:
        """The command is not allowed; `need` and `have` are the numbers compared."""
        why = tuple(r if isinstance(r, Because) else Because(code=str(r), clause=clause, need=str(need), have=str(have)) for r in reasons)
        self.say(CommandRefused(at=self.at, because=why, command=type(self.command).__name__, subject=subject, by=self.command.by))

    def repeat(self, subject: str) -> None:
        """The same was said before."""
        self.say(CommandRepeated(at=self.at, command=type(self.command).__name__, subject=subject, by=self.command.by))

    def breach(self, request: str, clause: str, what: Refusal) -> None:
        """Somebody tried what a clause forbids, and that is put on record besides the refusal."""
        because = (Because(code=str(what), clause=clause),)
        self.say(BreachNoted(at=self.at, because=because, request=request, clause=clause, by=self.command.by, what=str(what)))
