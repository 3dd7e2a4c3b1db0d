"""What time does to cases: wakes and leases, reminders, escalations, the morning's list."""

from consumers.timers.moves import Due, due, move
from consumers.timers.worker import Timers

__all__ = ["Due", "Timers", "due", "move"]
