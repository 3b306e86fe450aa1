"""One command being heard: what would follow from it, step by step.

`say` notes an event.  Whoever then looks at the state sees it made true, on a supposed state: the real one stays as it
is until somebody applies the events.  What nobody looks at is not worked out, so a command with one consequence costs
no supposing at all.
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

    __slots__ = ("_agreed", "_real", "_shown", "_state", "at", "command", "compiled", "events")

    def __init__(self, state: State, compiled: Compiled, command: AnyCommand, at: Instant) -> None:
        """Nothing said yet."""
        self.compiled = compiled
        self.command = command
        self.at = at
        self.events: list[AnyEvent] = []
        self._real = self._state = state
        self._shown = 0
        self._agreed: Agreed | None = None

    @property
    def state(self) -> State:
        """How things would stand after what was said so far.  Look, and do not keep it: the next look may be at another object."""
        if self._shown < len(self.events):
            if self._state is self._real:
                self._state = suppose(self._real)
            for event in self.events[self._shown :]:
                apply(self._state, event)
            self._shown = len(self.events)
        return self._state

    @property
    def agreed(self) -> Agreed:
        """The agreement as it stands now."""
        agreed = self._agreed
        if agreed is None or not agreed.still_holds(self.state, self.at):
            agreed = self._agreed = Agreed(self.compiled, self.state, self.at)
        return agreed

    def say(self, event: AnyEvent) -> None:
        """This happens."""
        self.events.append(event)

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
