"""Run calls that may hang on a slow network in their own threads, so that whoever waits for them can be stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future, wait
from typing import TypeVar

from drln import Progress

T = TypeVar("T")
POLL_SECONDS = 0.25    # between two checks on a call


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


def wait_for(future: Future[T], progress: Callable[[float], Progress]) -> Generator[Progress, None, T]:
    """Yield `progress(seconds waited)` until the call is done, then return its result.

    Raises:
        Exception: whatever the call raised.
    """
    began = time.monotonic()
    while not wait([future], POLL_SECONDS).done:
        yield progress(time.monotonic() - began)
    return future.result()
