"""Run a call that may hang in a thread of its own, so that whoever waits for it need not wait for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def call_in_thread(call: Callable[[], T]) -> Future[T]:
    """Start a call in a thread; the program does not wait for it at exit."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:    # raised again where the future is read
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future
