"""What happens next: the offer procedure as five pure functions over one state machine."""

from dibs.procedure.procedure import apply, due, handle, outstanding, replay
from dibs.procedure.state import State

__all__ = ["State", "apply", "due", "handle", "outstanding", "replay"]
