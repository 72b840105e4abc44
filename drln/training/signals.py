"""Ctrl-C as a request: the work ends where it can be resumed, and not in the middle of a step."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)    # the second is how clusters and `docker stop` ask
# A launcher hands on the Ctrl-C that a terminal has sent to its children already: twice is once.
ECHO_SECONDS = 3.0


class Interruption:
    """While it is entered, the first Ctrl-C or SIGTERM sets `requested`; another one, later, interrupts at once.

    Outside the main thread, where Python takes no signals, it does nothing.
    """

    def __init__(self) -> None:
        self.requested = False
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
        """Whether one of the processes is to stop; they answer together, or one would wait for the others for ever."""
        if accelerator.num_processes == 1:
            return self.requested
        if self.requested:
            accelerator.set_trigger()
        return bool(accelerator.check_trigger())

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.requested and time.monotonic() - self._asked_at > ECHO_SECONDS:
            raise KeyboardInterrupt("interrupted in the middle of a step; the last checkpoint stands")
        if not self.requested:
            self.requested, self._asked_at = True, time.monotonic()
