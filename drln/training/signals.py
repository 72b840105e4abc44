"""Stop on Ctrl-C or SIGTERM at a point where the work can be resumed, and not in the middle of a step."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)    # clusters and `docker stop` send the second
# A terminal sends Ctrl-C to a launcher and its children, and the launcher sends it to them again.
ECHO_SECONDS = 3.0


class Interruption:
    """In its `with` block, the first Ctrl-C or SIGTERM sets `requested`, and a later one interrupts at once.

    Python handles signals in the main thread alone; in another thread this does nothing.
    """

    def __init__(self) -> None:
        self.requested = False    # whether the work should stop
        self._asked_at = 0.0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._ask) for number in SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def of_any_process(self, accelerator: Any) -> bool:
        """Whether any process should stop. All processes call this together and get the same answer."""
        if accelerator.num_processes == 1:
            return self.requested
        if self.requested:
            accelerator.set_trigger()
        return bool(accelerator.check_trigger())

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.requested and time.monotonic() - self._asked_at > ECHO_SECONDS:
            raise KeyboardInterrupt("interrupted in the middle of a step; the last checkpoint is kept")
        if not self.requested:
            self.requested, self._asked_at = True, time.monotonic()
