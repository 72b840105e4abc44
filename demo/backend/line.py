"""The line of those who want the device: one computes at a time, in the order in which they came.

Knows neither the device nor the work.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from typing import TypeVar

from drln import Progress
from drln.progress import Work

T = TypeVar("T")
SURE = 0.03            # of the work done, from which on its time left is known
POLL_SECONDS = 0.25    # between two looks at the line


class _Ticket:
    """A place in the line, and the seconds that its work still takes, where they are known."""

    seconds: float | None = None


class Line:
    """Whoever computes, and those who wait."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._tickets: list[_Ticket] = []

    def in_turn(
        self, steps: Generator[Progress, None, T], estimate: Callable[[], float] | None = None
    ) -> Generator[Progress, None, T]:
        """Wait for a turn, then take the steps; yield `Progress` all the while.

        Args:
            steps: closed if the caller stops, also while it waits.
            estimate: gives the seconds that the steps will take, for those who come later. Asked only if it must wait.
        """
        ticket = _Ticket()
        with self._changed:
            self._tickets.append(ticket)
        try:
            if self._before(ticket) and estimate:
                ticket.seconds = estimate()
            while before := self._before(ticket):
                jobs = "1 job" if len(before) == 1 else f"{len(before)} jobs"
                known = [other.seconds for other in before if other.seconds is not None]
                wait = sum(known) if len(known) == len(before) else None
                yield Progress(f"Waiting for {jobs} before yours", 0.0, wait)
                with self._changed:
                    self._changed.wait_for(lambda: ticket is self._tickets[0], POLL_SECONDS)
            work = Work(steps)
            for step in work:
                if step.fraction > SURE:
                    ticket.seconds = step.seconds_left
                yield step
            return work.result
        finally:
            steps.close()
            with self._changed:
                self._tickets.remove(ticket)
                self._changed.notify_all()

    def _before(self, ticket: _Ticket) -> list[_Ticket]:
        with self._changed:
            return self._tickets[: self._tickets.index(ticket)]
